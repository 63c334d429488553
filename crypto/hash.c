/* Hash and HMAC. Algorithms are fetched from libcrypto once per process. */
#include "crypto/hash.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "crypto/hash_evp.h"
#include "crypto/secret.h"

/* X(id, bytes, name, libcrypto name) */
#define HASHES(X)                                   \
	X(HASH_MD5, 16, "md5", "MD5")               \
	X(HASH_SHA1, 20, "sha1", "SHA1")            \
	X(HASH_SHA256, 32, "sha256", "SHA2-256")    \
	X(HASH_SHA384, 48, "sha384", "SHA2-384")

static EVP_MD *hash_md[HASH_SHA384 + 1];
static EVP_MAC *hash_mac;

size_t
hash_len_bytes(enum hash_id id)
{
	switch (id) {
#define X(id, bytes, name, evp) \
	case id:                \
		return bytes;
		HASHES(X)
#undef X
	case HASH_NONE:
		break;
	}
	return 0;
}

const char *
hash_name(enum hash_id id)
{
	switch (id) {
#define X(id, bytes, name, evp) \
	case id:                \
		return name;
		HASHES(X)
#undef X
	case HASH_NONE:
		return "none";
	}
	return "unknown";
}

static const char *
hash_evp_name(enum hash_id id)
{
	switch (id) {
#define X(id, bytes, name, evp) \
	case id:                \
		return evp;
		HASHES(X)
#undef X
	case HASH_NONE:
		break;
	}
	return NULL;
}

const EVP_MD *
hash_evp_md(enum hash_id id)
{
	const char *name = hash_evp_name(id);

	if (name == NULL)
		return NULL;
	if (hash_md[id] == NULL)
		hash_md[id] = EVP_MD_fetch(NULL, name, NULL);
	return hash_md[id];
}

EVP_MAC_CTX *
hash_evp_hmac_new(enum hash_id id, struct span key)
{
	const char *name = hash_evp_name(id);
	OSSL_PARAM params[2];
	EVP_MAC_CTX *ctx;

	if (name == NULL)
		return NULL;
	if (hash_mac == NULL && (hash_mac = EVP_MAC_fetch(NULL, "HMAC", NULL)) == NULL)
		return NULL;
	params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)name, 0);
	params[1] = OSSL_PARAM_construct_end();
	if ((ctx = EVP_MAC_CTX_new(hash_mac)) == NULL)
		return NULL;
	/* A NULL key means "keep the old one" to libcrypto: an empty key needs an address. */
	if (EVP_MAC_init(ctx, key.p != NULL ? key.p : (const uint8_t *)"", key.n, params) !=
	    1) {
		EVP_MAC_CTX_free(ctx);
		return NULL;
	}
	return ctx;
}

bool
hash_digest(enum hash_id id, const struct span *part, size_t n_part, uint8_t *out)
{
	const EVP_MD *md = hash_evp_md(id);
	EVP_MD_CTX *ctx;
	bool ok;

	if (md == NULL || (ctx = EVP_MD_CTX_new()) == NULL)
		return false;
	ok = EVP_DigestInit_ex2(ctx, md, NULL) == 1;
	for (size_t i = 0; ok && i < n_part; i++)
		ok = part[i].n == 0 || EVP_DigestUpdate(ctx, part[i].p, part[i].n) == 1;
	ok = ok && EVP_DigestFinal_ex(ctx, out, NULL) == 1;
	EVP_MD_CTX_free(ctx);
	return ok;
}

bool
hash_hmac(enum hash_id id, struct span key, const struct span *part, size_t n_part,
    uint8_t *out)
{
	EVP_MAC_CTX *ctx = hash_evp_hmac_new(id, key);
	size_t n = 0;
	bool ok = ctx != NULL;

	for (size_t i = 0; ok && i < n_part; i++)
		ok = part[i].n == 0 || EVP_MAC_update(ctx, part[i].p, part[i].n) == 1;
	ok = ok && EVP_MAC_final(ctx, out, &n, hash_len_bytes(id)) == 1 &&
	    n == hash_len_bytes(id);
	EVP_MAC_CTX_free(ctx);
	return ok;
}
