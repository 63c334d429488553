/* The section tls: what a peer's certificate must be. */
#include "config/read.h"

#include <string.h>

#include "config/fault.h"
#include "config/field.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

/* A list of texts in struct config_tls. */
struct text_list {
	const char *name;
	size_t text_at, count_at; /* offsets */
	size_t cap;		  /* of one text */
	uint32_t max;
	/* Fills out (of cap bytes) from what was written; NULL, or what to write. */
	const char *(*take)(const char *text, char *out, size_t cap);
};

static const struct {
	const char *name;
	const char *oid;
} eku_table[] = {
	{ "serverAuth", "1.3.6.1.5.5.7.3.1" },
	{ "clientAuth", "1.3.6.1.5.5.7.3.2" },
	{ "ipsecIKE", "1.3.6.1.5.5.7.3.17" },
	{ "ipsecIntermediate", "1.3.6.1.5.5.8.2.2" },
};

/* Numbers without leading zeros, at least two, first 0 to 2, second below 40 or after 2. */
static bool
is_oid(const char *p)
{
	bool is_wide = p[0] == '2';
	int n;

	if (p[0] < '0' || p[0] > '2' || p[1] != '.')
		return false;
	for (n = 1; *p != '\0'; n++) {
		size_t digits = strspn(p, "0123456789");

		if (digits == 0 || (p[0] == '0' && digits > 1))
			return false;
		if (n == 2 && !is_wide && (digits > 2 || (digits == 2 && p[0] > '3')))
			return false;
		p += digits;
		if (p[0] == '.' && p[1] == '\0')
			return false;
		p += *p == '.';
	}
	return true;
}

static const char *
take_text(const char *text, char *out, size_t cap)
{
	size_t n = strlen(text);

	if (n == 0)
		return "it is empty";
	if (n >= cap)
		return "it is too long: write at most 255 characters";
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return "it has a control character or line break";
	memcpy(out, text, n + 1);
	return NULL;
}

/* Names in certificates are compared in ASCII form. */
static const char *
take_pattern(const char *text, char *out, size_t cap)
{
	for (const char *p = text; *p != '\0'; p++)
		if ((unsigned char)*p >= 0x80)
			return "it is not ASCII: write DNS names as xn--..., and other "
			       "characters of a subject as authipctl(8) shows them";
	return take_text(text, out, cap);
}

static const char *
take_eku(const char *text, char *out, size_t cap)
{
	for (size_t i = 0; i < COUNT_OF(eku_table); i++)
		if (strcmp(text, eku_table[i].name) == 0)
			text = eku_table[i].oid;
	if (strlen(text) >= cap || !is_oid(text))
		return "write serverAuth, clientAuth, ipsecIKE, ipsecIntermediate or "
		       "numbers such as 1.3.6.1.5.5.8.2.2";
	memcpy(out, text, strlen(text) + 1);
	return NULL;
}

#define TEXT_LIST(name, member, take)                                         \
	{                                                                     \
		name, offsetof(struct config_tls, member),                    \
		    offsetof(struct config_tls, n_##member),                  \
		    sizeof(((struct config_tls *)0)->member[0]),              \
		    COUNT_OF(((struct config_tls *)0)->member), take          \
	}

static const struct text_list list_table[] = {
	TEXT_LIST("crl", crl, take_text),
	TEXT_LIST("peer_names", peer_name, take_pattern),
	TEXT_LIST("eku", eku, take_eku),
};

static int
read_list(cfg_t *section, const struct text_list *l, struct config_tls *tls,
    struct config_error *err)
{
	char *base = (char *)tls;
	const struct config_value *v;
	const char *fault;
	uint32_t n;

	for (n = 0; (v = tree_value(section, l->name, n)) != NULL; n++) {
		if (n == l->max)
			return config_fail(err, v->line,
			    "%s has too many entries: write at most %u", l->name,
			    l->max);
		fault = l->take(v->text, base + l->text_at + n * l->cap, l->cap);
		if (fault != NULL)
			return config_fail(err, v->line, "%s '%.40s': %s", l->name,
			    v->text, fault);
	}
	if (n == 0 && tree_has(section, l->name))
		return config_fail(err, tree_line(section),
		    "%s is an empty list: write what is wanted, or remove the line for "
		    "no such rule",
		    l->name);
	memcpy(base + l->count_at, &n, sizeof(n));
	return 0;
}

static int
read_strict(cfg_t *section, struct config_tls *tls, struct config_error *err)
{
	static const struct field strict[] = { { "crl_strict", FIELD_BOOL,
	    offsetof(struct config_tls, crl_strict), 0, 1 } };

	if (fields_read(section, strict, COUNT_OF(strict), tls, err) < 0)
		return -1;
	if (tls->crl_strict != 0 && tls->n_crl == 0)
		return config_fail(err, tree_value(section, "crl_strict", 0)->line,
		    "crl_strict without crl would refuse every peer: write crl = { "
		    "\"FILE\" }, too");
	return 0;
}

int
read_tls(cfg_t *root, struct config_tls *tls, struct config_error *err)
{
	cfg_t *section = tree_section(root, "tls");

	if (section == NULL)
		return 0;
	for (size_t i = 0; i < COUNT_OF(list_table); i++)
		if (read_list(section, &list_table[i], tls, err) < 0)
			return -1;
	return read_strict(section, tls, err);
}
