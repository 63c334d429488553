/*
 * What a TLS handshake yields as session key. MS-AIPS does not say which of the keys it means
 * (A14): the readings, by the values of the knob gss_secret_tls.
 */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/kdf.h>

#include "daemon/auth_tls_secret.h"

/* PRF(master secret, label, randoms); 128 bytes: MSK and EMSK of RFC 5216. */
#define EAP_LABEL "client EAP encryption"
#define EAP_BYTES 128
/* The document names no label (A14): a private one (RFC 5705), 48 bytes as master. */
#define EXPORTER_LABEL "EXPERIMENTAL AuthIP"
#define EXPORTER_BYTES 48
#define KEY_BLOCK_MAX_BYTES 256
#define RANDOM_BYTES 32

/* n bytes of the exporter without context (RFC 5705). */
static void
export_secret(SSL *ssl, struct secret *s, const char *label, size_t n)
{
	s->n = n;
	if (SSL_export_keying_material(ssl, s->b, n, label, strlen(label), NULL, 0, 0) != 1)
		secret_wipe(s);
}

/* The key block of TLS 1.2 (RFC 5246 6.3). */
static bool
key_block(SSL *ssl, const EVP_MD *md, struct secret *master, uint8_t *out, size_t n)
{
	uint8_t seed[2 * RANDOM_BYTES];
	OSSL_PARAM param[] = {
		OSSL_PARAM_construct_utf8_string(
		    OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t)EVP_MD_get0_name(md), 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, master->b, master->n),
		OSSL_PARAM_construct_octet_string(
		    OSSL_KDF_PARAM_SEED, (void *)(uintptr_t)"key expansion", 13),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, seed, sizeof(seed)),
		OSSL_PARAM_construct_end(),
	};
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS1-PRF", NULL);
	EVP_KDF_CTX *ctx = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
	bool ok = SSL_get_server_random(ssl, seed, RANDOM_BYTES) == RANDOM_BYTES &&
		  SSL_get_client_random(ssl, seed + RANDOM_BYTES, RANDOM_BYTES) ==
		      RANDOM_BYTES &&
		  ctx != NULL && EVP_KDF_derive(ctx, out, n, param) == 1;

	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return ok;
}

/* Keys of the record layer: two MAC keys (none with AEAD), then those of the ciphers. */
static void
write_keys(SSL *ssl, struct secret *master, struct secret *client, struct secret *server)
{
	const SSL_CIPHER *suite = SSL_get_current_cipher(ssl);
	const EVP_CIPHER *cipher = EVP_get_cipherbynid(SSL_CIPHER_get_cipher_nid(suite));
	const EVP_MD *mac = EVP_get_digestbynid(SSL_CIPHER_get_digest_nid(suite));
	size_t mac_n = mac != NULL ? (size_t)EVP_MD_get_size(mac) : 0;
	size_t key_n = cipher != NULL ? (size_t)EVP_CIPHER_get_key_length(cipher) : 0;
	uint8_t block[KEY_BLOCK_MAX_BYTES];
	size_t n = 2 * (mac_n + key_n);

	if (key_n == 0 || n > sizeof(block) ||
	    !key_block(ssl, SSL_CIPHER_get_handshake_digest(suite), master, block, n))
		return;
	secret_set(client, span_of(block + 2 * mac_n, key_n));
	secret_set(server, span_of(block + 2 * mac_n + key_n, key_n));
	secret_wipe_bytes(block, sizeof(block));
}

void
auth_tls_secrets(SSL *ssl, struct secret form[AUTH_SECRET_FORMS])
{
	struct secret *master = &form[GSS_SECRET_TLS_MASTER];

	master->n =
	    SSL_SESSION_get_master_key(SSL_get_session(ssl), master->b, sizeof(master->b));
	export_secret(ssl, &form[GSS_SECRET_TLS_EAP], EAP_LABEL, EAP_BYTES);
	export_secret(
	    ssl, &form[GSS_SECRET_TLS_EXPORTER], EXPORTER_LABEL, EXPORTER_BYTES);
	write_keys(ssl, master, &form[GSS_SECRET_TLS_CLIENT_WRITE],
	    &form[GSS_SECRET_TLS_SERVER_WRITE]);
}
