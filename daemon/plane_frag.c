/*
 * Large datagrams. The kernel has cut them before they reach the TUN, and ESP protects
 * whole packets (RFC 4303 3.3.4): put them together, seal, and cut the result. The
 * receiving kernel puts it together before its raw socket sees it.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "daemon/octets.h"
#include "daemon/plane.h"

#define FRAG_TIMEOUT_MS 2000
#define IPV4_HEADER_BYTES 20
#define IPV6_HEADER_BYTES 40
#define IPV6_FRAGMENT_BYTES 8
#define MORE_FRAGMENTS 0x2000
#define OFFSET_MASK 0x1fff

/* A fragment, taken apart. */
struct piece {
	uint32_t id;
	uint8_t protocol;
	size_t front_n; /* header, without the IPv6 fragment header */
	size_t data_at;
	size_t offset; /* of the data in the datagram */
	bool more;
};

/* IPv6: only fragments as a host makes them, the fragment header right behind the IP header. */
static bool
piece_parse(struct span raw, struct piece *f)
{
	const uint8_t *h = raw.p + IPV6_HEADER_BYTES;

	if (raw.p[0] >> 4 == 4) {
		f->id = be16(raw.p + 4);
		f->protocol = raw.p[9];
		f->front_n = f->data_at = (size_t)(raw.p[0] & 15) * 4;
		f->offset = (size_t)(be16(raw.p + 6) & OFFSET_MASK) * 8;
		f->more = (be16(raw.p + 6) & MORE_FRAGMENTS) != 0;
	} else {
		if (raw.p[6] != IPPROTO_FRAGMENT ||
		    raw.n < IPV6_HEADER_BYTES + IPV6_FRAGMENT_BYTES)
			return false;
		f->id = (uint32_t)be16(h + 4) << 16 | be16(h + 6);
		f->protocol = h[0];
		f->front_n = IPV6_HEADER_BYTES;
		f->data_at = IPV6_HEADER_BYTES + IPV6_FRAGMENT_BYTES;
		f->offset = (size_t)(be16(h + 2) & ~7u);
		f->more = (h[3] & 1) != 0;
	}
	return raw.n > f->data_at && (!f->more || (raw.n - f->data_at) % 8 == 0);
}

void
plane_frag_drop(struct frag_slot *s)
{
	free(s->b);
	s->b = NULL;
}

static bool
slot_is_for(const struct frag_slot *s, uint32_t class_id, const struct piece *f, struct span raw)
{
	size_t at = raw.p[0] >> 4 == 4 ? 12 : 8, n = raw.p[0] >> 4 == 4 ? 8 : 32;

	return s->b != NULL && s->class_id == class_id && s->id == f->id &&
	    s->b[0] >> 4 == raw.p[0] >> 4 && memcmp(s->b + at, raw.p + at, n) == 0;
}

static struct frag_slot *
slot_begin(struct plane *p, uint32_t class_id, const struct piece *f, struct span raw)
{
	struct frag_slot *s = &p->frag[0];

	/* The first free or timed-out one, else the oldest. */
	for (size_t i = 0; i < FRAG_SLOTS; i++)
		if (p->frag[i].b == NULL || p->frag[i].since_ms < s->since_ms)
			s = &p->frag[i];
	if (s->b != NULL) {
		p->count[PC_FRAGMENT]++;
		plane_frag_drop(s);
	}
	if ((s->b = malloc(PACKET_MAX_BYTES)) == NULL)
		return NULL;
	s->class_id = class_id;
	s->id = f->id;
	s->since_ms = p->now_ms;
	s->front_n = s->n = f->front_n;
	memcpy(s->b, raw.p, f->front_n);
	s->b[raw.p[0] >> 4 == 4 ? 9 : 6] = f->protocol;
	return s;
}

static void
slot_finish(struct plane *p, struct frag_slot *s)
{
	uint8_t *whole = s->b;

	s->b = NULL;
	if (whole[0] >> 4 == 4) {
		put16(whole + 2, s->n);
		put16(whole + 6, 0);
	} else {
		put16(whole + 4, s->n - IPV6_HEADER_BYTES);
	}
	plane_out_packet(p, s->class_id, span_of(whole, s->n));
	free(whole);
}

/* The kernel sends the fragments of a datagram in order; anything else is given up. */
void
plane_frag_out(struct plane *p, uint32_t class_id, struct span raw)
{
	struct frag_slot *s = NULL;
	struct piece f;

	if (!piece_parse(raw, &f)) {
		p->count[PC_FRAGMENT]++;
		return;
	}
	for (size_t i = 0; i < FRAG_SLOTS && s == NULL; i++) {
		if (p->frag[i].b != NULL && p->now_ms - p->frag[i].since_ms > FRAG_TIMEOUT_MS)
			plane_frag_drop(&p->frag[i]);
		if (slot_is_for(&p->frag[i], class_id, &f, raw))
			s = &p->frag[i];
	}
	if (s == NULL && f.offset == 0)
		s = slot_begin(p, class_id, &f, raw);
	if (s == NULL || s->n - s->front_n != f.offset ||
	    s->n + raw.n - f.data_at > PACKET_MAX_BYTES - 1) {
		p->count[PC_FRAGMENT]++;
		if (s != NULL)
			plane_frag_drop(s);
		return;
	}
	memcpy(s->b + s->n, raw.p + f.data_at, raw.n - f.data_at);
	s->n += raw.n - f.data_at;
	if (!f.more)
		slot_finish(p, s);
}

/* ---- cutting ---- */

/* Writes one fragment of raw's data [at, at + n) to out; its length. */
static size_t
cut_one(struct span raw, size_t front_n, uint32_t id, size_t at, size_t n, uint8_t *out)
{
	bool more = front_n + at + n < raw.n;
	size_t head = front_n;

	memcpy(out, raw.p, front_n);
	if (raw.p[0] >> 4 == 4) {
		put16(out + 2, front_n + n);
		put16(out + 4, id & 0xffff);
		put16(out + 6, at / 8 | (more ? MORE_FRAGMENTS : 0));
		put16(out + 10, 0); /* the kernel fills it in */
	} else {
		uint8_t *h = out + front_n;

		head += IPV6_FRAGMENT_BYTES;
		out[6] = IPPROTO_FRAGMENT;
		put16(out + 4, IPV6_FRAGMENT_BYTES + n);
		h[0] = raw.p[6];
		h[1] = 0;
		put16(h + 2, at | (more ? 1 : 0));
		put16(h + 4, id >> 16);
		put16(h + 6, id & 0xffff);
	}
	memcpy(out + head, raw.p + front_n + at, n);
	return head + n;
}

/* raw is longer than the path takes: in pieces. 0 or -errno of the first that failed. */
int
plane_frag_send(struct plane *p, struct span raw, uint32_t mtu)
{
	bool v4 = raw.p[0] >> 4 == 4;
	size_t front_n = v4 ? (size_t)(raw.p[0] & 15) * 4 : IPV6_HEADER_BYTES;
	size_t room = (mtu - front_n - (v4 ? 0 : IPV6_FRAGMENT_BYTES)) & ~(size_t)7;
	uint32_t id = ++p->frag_id;
	uint8_t out[2048];

	if (mtu > OUTER_MTU_MAX_BYTES || mtu < front_n + 64)
		return -EMSGSIZE;
	if (v4 && (id & 0xffff) == 0)
		id = ++p->frag_id;
	for (size_t at = 0; front_n + at < raw.n; at += room) {
		size_t n = raw.n - front_n - at < room ? raw.n - front_n - at : room;
		int r = plane_raw_send(p, span_of(out, cut_one(raw, front_n, id, at, n, out)));

		if (r != 0)
			return r;
	}
	return 0;
}
