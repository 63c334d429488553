/* The sections psk: pre-shared keys of IKEv1 by the address of the peer. */
#include "config/read.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "config/fault.h"
#include "config/field.h"
#include "config/psk_file.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

static const struct field psk_fields[] = {
	FIELD_TEXT_OF("secret_file", struct config_psk, file, 1),
	FIELD_TEXT_OF("peer_id", struct config_psk, peer_id, 1),
};

/* "192.0.2.1", "192.0.2.0/24", "2001:db8::/32"; false: none of these. */
static bool
read_prefix(const char *text, struct address *a, uint32_t *prefix)
{
	char host[INET6_ADDRSTRLEN], *end = NULL;
	const char *slash = strchr(text, '/');
	size_t n = slash != NULL ? (size_t)(slash - text) : strlen(text);
	unsigned long bits;

	if (n >= sizeof(host))
		return false;
	memcpy(host, text, n);
	host[n] = '\0';
	memset(a, 0, sizeof(*a));
	if (inet_pton(AF_INET, host, a->b) == 1)
		a->family = 4;
	else if (inet_pton(AF_INET6, host, a->b) == 1)
		a->family = 6;
	else
		return false;
	*prefix = 8 * address_len_bytes(a);
	if (slash == NULL)
		return true;
	if (slash[1] < '0' || slash[1] > '9')
		return false;
	bits = strtoul(slash + 1, &end, 10);
	if (*end != '\0' || bits > *prefix)
		return false;
	*prefix = (uint32_t)bits;
	return true;
}

/* Bits behind the prefix are a typing error more often than not. */
static bool
has_host_bits(const struct address *a, uint32_t prefix)
{
	for (uint32_t i = prefix; i < 8 * address_len_bytes(a); i++)
		if ((a->b[i / 8] & 0x80 >> i % 8) != 0)
			return true;
	return false;
}

bool
prefix_read(const char *text, struct address *a, uint32_t *prefix)
{
	return read_prefix(text, a, prefix) && !has_host_bits(a, *prefix);
}

static int
read_one(cfg_t *s, struct config_psk *psk, struct config_error *err)
{
	const char *title = cfg_title(s);

	if (!read_prefix(title, &psk->remote, &psk->prefix))
		return config_fail(err, tree_line(s),
		    "psk '%.64s': write the address of the peer, or a prefix such as "
		    "192.0.2.0/24",
		    title);
	if (has_host_bits(&psk->remote, psk->prefix))
		return config_fail(err, tree_line(s),
		    "psk '%.64s' has bits behind its prefix: write them as 0, or a "
		    "longer "
		    "prefix",
		    title);
	if (fields_read(s, psk_fields, COUNT_OF(psk_fields), psk, err) < 0)
		return -1;
	if (psk->file[0] == '\0')
		return config_fail(err, tree_line(s),
		    "psk '%.64s' without key: write secret_file = \"FILE\"", title);
	return 0;
}

int
read_psks(cfg_t *root, struct config *c, struct config_error *err)
{
	for (unsigned int i = 0; i < cfg_size(root, "psk"); i++) {
		cfg_t *s = cfg_getnsec(root, "psk", i);

		if (i == CONFIG_MAX_PSKS)
			return config_fail(err, tree_line(s),
			    "too many psk: write at most %d, with shorter prefixes",
			    CONFIG_MAX_PSKS);
		if (read_one(s, &c->psk[i], err) < 0)
			return -1;
		for (unsigned int k = 0; k < i; k++)
			if (c->psk[k].prefix == c->psk[i].prefix &&
			    address_equal(&c->psk[k].remote, &c->psk[i].remote))
				return config_fail(err, tree_line(s),
				    "psk '%.64s' is given twice: keep one of them",
				    cfg_title(s));
		c->n_psk = i + 1;
	}
	return 0;
}

int
check_psks(cfg_t *root, const struct config *c, struct config_error *err)
{
	for (uint32_t i = 0; i < c->n_psk; i++) {
		cfg_t *s = cfg_getnsec(root, "psk", i);
		struct secret key = { 0 };
		const char *why = psk_file_read(c->psk[i].file, &key);

		secret_wipe(&key);
		if (why != NULL)
			return config_fail(err, tree_value(s, "secret_file", 0)->line,
			    "secret_file: cannot take the key from %s: %s",
			    c->psk[i].file, why);
	}
	return 0;
}
