/* The key log: lines that Wireshark takes, wiped as soon as they were handed over. */
#include "config.h"

#include "daemon/keylog.h"

#include "daemon/ctl_server.h"
#include "daemon/negotiator.h"
#include "ike/text.h"

#define LINE_BYTES 1024

/* Wireshark's names. */
struct keylog_cipher {
	enum cipher_id id;
	const char *name;
};
static const struct keylog_cipher ciphers[] = {
	{ CIPHER_NULL, "NULL" },
	{ CIPHER_3DES, "TripleDES-CBC [RFC2451]" },
	{ CIPHER_AES128, "AES-CBC [RFC3602]" },
	{ CIPHER_AES192, "AES-CBC [RFC3602]" },
	{ CIPHER_AES256, "AES-CBC [RFC3602]" },
};

struct keylog_hash {
	enum hash_id id;
	const char *name;
};
static const struct keylog_hash hashes[] = {
	{ HASH_SHA1, "HMAC-SHA-1-96 [RFC2404]" },
	{ HASH_SHA256, "HMAC-SHA-256-128 [RFC4868]" },
	{ HASH_SHA384, "HMAC-SHA-384-192 [RFC4868]" },
};

static const char *
cipher_word(enum cipher_id id)
{
	for (size_t i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++)
		if (ciphers[i].id == id)
			return ciphers[i].name;
	return NULL;
}

static const char *
hash_word(enum hash_id id)
{
	for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++)
		if (hashes[i].id == id)
			return hashes[i].name;
	return NULL;
}

static bool
keylog_is_wanted(const struct negotiator *n)
{
	return n->config->key_log != 0 && ctl_server_has_keylog(n->ctl);
}

void
keylog_main_mode(struct negotiator *n, const struct action_event *e)
{
	char line[LINE_BYTES];
	struct secret key;
	struct text t;

	if (!keylog_is_wanted(n) || !engine_mm_key(n->engine, e->mm_id, &key))
		return;
	text_init(&t, line, sizeof(line));
	text_hex(&t, span_of(e->icookie, sizeof(e->icookie)));
	text_str(&t, ",");
	text_hex(&t, secret_span(&key));
	ctl_server_keylog(n->ctl, "ikev1_decryption_table", line);
	secret_wipe(&key);
	secret_wipe_bytes(line, sizeof(line));
}

static void
text_quoted_key(struct text *t, const struct secret *key)
{
	text_str(t, key->n > 0 ? "\"0x" : "\"");
	text_hex(t, secret_span(key));
	text_str(t, "\"");
}

/* What Wireshark calls an SA: addresses as on the wire, SPI, algorithms and keys. */
static void
text_esp_sa(
    struct text *t, const struct action_sa_add *a, const char *cipher, const char *hash)
{
	const struct endpoint *local = &a->selector.local,
			      *remote = &a->selector.remote;
	uint8_t spi[4] = { (uint8_t)(a->spi >> 24), (uint8_t)(a->spi >> 16),
		(uint8_t)(a->spi >> 8), (uint8_t)a->spi };

	if (a->nat.local.port != 0) {
		local = &a->nat.local;
		remote = &a->nat.remote;
	}
	text_str(t, local->addr.family == 4 ? "\"IPv4\",\"" : "\"IPv6\",\"");
	text_address(t, a->inbound ? &remote->addr : &local->addr);
	text_str(t, "\",\"");
	text_address(t, a->inbound ? &local->addr : &remote->addr);
	text_str(t, "\",\"0x");
	text_hex(t, span_of(spi, sizeof(spi)));
	text_str(t, "\",\"");
	text_str(t, cipher);
	text_str(t, "\",");
	text_quoted_key(t, &a->cipher_key);
	text_str(t, ",\"");
	text_str(t, hash);
	text_str(t, "\",");
	text_quoted_key(t, &a->integrity_key);
}

void
keylog_sa(struct negotiator *n, const struct action_sa_add *a)
{
	const char *cipher = cipher_word(a->cipher), *hash = hash_word(a->integrity);
	char line[LINE_BYTES];
	struct text t;

	if (a->protocol != 50 || cipher == NULL || hash == NULL || !keylog_is_wanted(n))
		return;
	text_init(&t, line, sizeof(line));
	text_esp_sa(&t, a, cipher, hash);
	ctl_server_keylog(n->ctl, "esp_sa", line);
	secret_wipe_bytes(line, sizeof(line));
}
