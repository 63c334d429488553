/* Text building. */
#include "ike/text.h"

#include <string.h>

void
text_init(struct text *t, char *buf, size_t cap)
{
	t->p = buf;
	t->cap = cap;
	t->n = 0;
	if (cap > 0)
		buf[0] = '\0';
}

static void
text_bytes(struct text *t, const char *s, size_t n)
{
	if (t->cap == 0)
		return;
	if (n > t->cap - 1 - t->n)
		n = t->cap - 1 - t->n;
	memcpy(t->p + t->n, s, n);
	t->n += n;
	t->p[t->n] = '\0';
}

void
text_str(struct text *t, const char *s)
{
	text_bytes(t, s, strlen(s));
}

void
text_u32(struct text *t, uint32_t v)
{
	char digit[10];
	size_t n = sizeof(digit);

	do {
		digit[--n] = (char)('0' + v % 10);
		v /= 10;
	} while (v != 0);
	text_bytes(t, digit + n, sizeof(digit) - n);
}

void
text_hex(struct text *t, struct span s)
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < s.n; i++) {
		char two[2] = { hex[s.p[i] >> 4], hex[s.p[i] & 15] };

		text_bytes(t, two, 2);
	}
}

static void
text_hex16(struct text *t, uint16_t v)
{
	static const char hex[] = "0123456789abcdef";
	int shift = 12;

	while (shift > 0 && v >> shift == 0)
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		text_bytes(t, &hex[v >> shift & 15], 1);
}

/* The longest run of two or more zero groups, to be written as "::". */
static void
longest_zero_run(const uint16_t *group, int *start, int *len)
{
	*start = -1;
	*len = 1;
	for (int i = 0; i < 8;) {
		int j = i;

		while (j < 8 && group[j] == 0)
			j++;
		if (j - i > *len) {
			*start = i;
			*len = j - i;
		}
		i = j == i ? i + 1 : j;
	}
}

static void
text_ipv6(struct text *t, const uint8_t *b)
{
	uint16_t group[8];
	int start, len;

	for (int i = 0; i < 8; i++)
		group[i] = (uint16_t)(b[2 * i] << 8 | b[2 * i + 1]);
	longest_zero_run(group, &start, &len);
	for (int i = 0; i < 8; i++) {
		if (i == start) {
			text_str(t, "::");
			i += len - 1;
			continue;
		}
		text_hex16(t, group[i]);
		if (i < 7 && i + 1 != start)
			text_str(t, ":");
	}
}

void
text_address(struct text *t, const struct address *a)
{
	if (a->family == 6) {
		text_ipv6(t, a->b);
	} else if (a->family == 4) {
		for (int i = 0; i < 4; i++) {
			text_u32(t, a->b[i]);
			if (i < 3)
				text_str(t, ".");
		}
	} else {
		text_str(t, "none");
	}
}

void
text_endpoint(struct text *t, const struct endpoint *e)
{
	if (e->addr.family == 6)
		text_str(t, "[");
	text_address(t, &e->addr);
	text_str(t, e->addr.family == 6 ? "]:" : ":");
	if (e->port == 0)
		text_str(t, "any");
	else
		text_u32(t, e->port);
}

void
text_flow(struct text *t, const struct flow *f)
{
	if (f->protocol == 6)
		text_str(t, "tcp ");
	else if (f->protocol == 17)
		text_str(t, "udp ");
	else {
		text_str(t, "protocol ");
		text_u32(t, f->protocol);
		text_str(t, " ");
	}
	text_endpoint(t, &f->local);
	text_str(t, " -> ");
	text_endpoint(t, &f->remote);
}
