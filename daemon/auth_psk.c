/* Pre-shared keys: which one a peer has, and SKEYID from it (RFC 2409 5). */
#include "daemon/auth_psk.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/psk_file.h"
#include "config/target.h"
#include "daemon/auth_status.h"
#include "ike/auth_part.h"

/* Two nonces (RFC 2409 5: 8 to 256 bytes each). */
#define NONCES_MIN_BYTES 16
#define NONCES_MAX_BYTES 512

struct entry {
	struct config_psk config;
	struct secret key;
};

struct auth_psk {
	uint32_t n;
	struct entry entry[CONFIG_MAX_PSKS];
	struct writer w; /* over token: what the last answer says */
	uint8_t token[8 + CONFIG_NAME_MAX];
};

struct auth_psk *
auth_psk_new(const struct config *c, char *err, size_t cap)
{
	struct auth_psk *psk = calloc(1, sizeof(*psk));

	if (psk == NULL) {
		snprintf(err, cap, "out of memory");
		return NULL;
	}
	for (uint32_t i = 0; i < c->n_psk && i < CONFIG_MAX_PSKS; i++) {
		const char *why = psk_file_read(c->psk[i].file, &psk->entry[i].key);

		if (why != NULL) {
			snprintf(err, cap, "cannot take a pre-shared key from %s: %s",
			    c->psk[i].file, why);
			auth_psk_free(psk);
			return NULL;
		}
		psk->entry[i].config = c->psk[i];
		psk->n = i + 1;
	}
	return psk;
}

void
auth_psk_free(struct auth_psk *psk)
{
	if (psk == NULL)
		return;
	secret_wipe_bytes(psk, sizeof(*psk));
	free(psk);
}

uint32_t
auth_psk_count(const struct auth_psk *psk)
{
	return psk->n;
}

static bool
covers(const struct config_psk *c, const struct address *a)
{
	if (c->remote.family != a->family)
		return false;
	for (uint32_t i = 0; i < c->prefix; i++)
		if (((c->remote.b[i / 8] ^ a->b[i / 8]) & 0x80 >> i % 8) != 0)
			return false;
	return true;
}

/* The longest prefix; NULL: none. */
static const struct entry *
find(const struct auth_psk *psk, const struct address *remote)
{
	const struct entry *best = NULL;

	for (uint32_t i = 0; i < psk->n; i++)
		if (covers(&psk->entry[i].config, remote) &&
		    (best == NULL || psk->entry[i].config.prefix > best->config.prefix))
			best = &psk->entry[i];
	return best;
}

/*
 * The peer's ID as a part: an address, user@name, or a name (RFC 2407 4.6.2). The text is
 * ours: it fits.
 */
static void
write_peer_id(struct auth_psk *psk, const char *text)
{
	uint8_t id[4 + CONFIG_NAME_MAX] = { 0 };
	size_t n = strlen(text);

	if (n == 0)
		return;
	if (inet_pton(AF_INET, text, id + 4) == 1) {
		id[0] = 1;
		n = 4;
	} else if (inet_pton(AF_INET6, text, id + 4) == 1) {
		id[0] = 5;
		n = 16;
	} else {
		id[0] = strchr(text, '@') != NULL ? 3 : 2;
		memcpy(id + 4, text, n);
	}
	auth_part_write(&psk->w, AUTH_PART_ID, span_of(id, 4 + n));
}

static void
address_text(const struct address *a, char out[INET6_ADDRSTRLEN])
{
	if (inet_ntop(a->family == 4 ? AF_INET : AF_INET6, a->b, out,
		INET6_ADDRSTRLEN) == NULL)
		strcpy(out, "?");
}

void
auth_psk_answer(struct auth_psk *psk, const struct proto_auth_ask *ask,
    struct span token, struct engine_auth_reply *out)
{
	enum hash_id hash = (enum hash_id)ask->hash;
	char peer[INET6_ADDRSTRLEN];
	struct auth_part_list parts;
	const struct entry *e;
	struct span nonces;

	memset(out, 0, sizeof(*out));
	nonces = auth_parts_read(token, &parts) ?
		     auth_part_data(&parts, AUTH_PART_NONCES) :
		     SPAN_NONE;
	address_text(&ask->remote.addr, peer);
	if (nonces.n < NONCES_MIN_BYTES || nonces.n > NONCES_MAX_BYTES ||
	    hash_len_bytes(hash) == 0) {
		auth_fail(out, SEC_E_INVALID_TOKEN,
		    "no nonces, or no hash, to make keys with for %s", peer);
	} else if (target_is_demanded(ask->target_name)) {
		auth_fail(out, SEC_E_WRONG_PRINCIPAL,
		    "a pre-shared key does not tell whether %s is %.100s: take "
		    "certificates "
		    "or kerberos",
		    peer, ask->target_name);
		out->wrong_target = true;
	} else if ((e = find(psk, &ask->remote.addr)) == NULL) {
		auth_fail(out, SEC_E_NO_CREDENTIALS,
		    "no pre-shared key for %s: write psk \"%s\" { secret_file = FILE }",
		    peer, peer);
	} else if (!hash_hmac(hash, secret_span(&e->key), &nonces, 1, out->secret.b)) {
		auth_fail(out, SEC_E_INTERNAL_ERROR, "SKEYID: the library refused");
	} else {
		writer_init(&psk->w, psk->token, sizeof(psk->token));
		write_peer_id(psk, e->config.peer_id);
		out->token = span_of(psk->token, writer_ok(&psk->w) ? psk->w.n : 0);
		out->secret.n = hash_len_bytes(hash);
		out->status = AUTH_DONE;
		address_text(&e->config.remote, peer);
		snprintf(out->peer_name, sizeof(out->peer_name), "psk %s/%u", peer,
		    e->config.prefix);
	}
}
