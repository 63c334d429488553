/* The kernel's names of algorithms. */
#include "daemon/xfrm_algo.h"

#define ESP 50
#define AH 51

/* X(cipher, name) */
#define CIPHER_NAMES(X)                    \
	X(CIPHER_NULL, "ecb(cipher_null)") \
	X(CIPHER_3DES, "cbc(des3_ede)")    \
	X(CIPHER_AES128, "cbc(aes)")       \
	X(CIPHER_AES192, "cbc(aes)")       \
	X(CIPHER_AES256, "cbc(aes)")

/* X(integrity, name, bits of the ICV) */
#define AUTH_NAMES(X)                  \
	X(HASH_MD5, "hmac(md5)", 96)   \
	X(HASH_SHA1, "hmac(sha1)", 96) \
	X(HASH_SHA256, "hmac(sha256)", 128)

/* X(cipher, name): ESP only; AH of the kernel knows keyed hashes alone */
#define AEAD_NAMES(X)                              \
	X(CIPHER_AES128_GCM, "rfc4106(gcm(aes))")  \
	X(CIPHER_AES192_GCM, "rfc4106(gcm(aes))")  \
	X(CIPHER_AES256_GCM, "rfc4106(gcm(aes))")  \
	X(CIPHER_AES128_GMAC, "rfc4543(gcm(aes))") \
	X(CIPHER_AES192_GMAC, "rfc4543(gcm(aes))") \
	X(CIPHER_AES256_GMAC, "rfc4543(gcm(aes))")

#define AEAD_ICV_BITS 128

static bool
find_auth(enum hash_id integrity, struct xfrm_algo_names *out)
{
	static const struct {
		enum hash_id id;
		const char *name;
		uint32_t icv_bits;
	} table[] = {
#define X(id, name, bits) { id, name, bits },
		AUTH_NAMES(X)
#undef X
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].id == integrity) {
			out->auth = table[i].name;
			out->icv_bits = table[i].icv_bits;
			out->auth_key_n = hash_len_bytes(integrity);
			return true;
		}
	return false;
}

struct cipher_name_row {
	enum cipher_id id;
	const char *name;
};

static const char *
find_cipher(const struct cipher_name_row *table, size_t n, enum cipher_id id)
{
	for (size_t i = 0; i < n; i++)
		if (table[i].id == id)
			return table[i].name;
	return NULL;
}

bool
xfrm_algo_find(uint8_t protocol, enum cipher_id cipher, enum hash_id integrity,
    struct xfrm_algo_names *out)
{
	static const struct cipher_name_row ciphers[] = {
#define X(id, name) { id, name },
		CIPHER_NAMES(X)
	}, aeads[] = {
		AEAD_NAMES(X)
#undef X
	};

	*out =
	    (struct xfrm_algo_names){ .cipher_key_n = cipher_keymat_len_bytes(cipher) };
	if (protocol == AH)
		return cipher == CIPHER_NULL && find_auth(integrity, out);
	if (protocol != ESP)
		return false;
	if (cipher_has_integrity(cipher)) {
		out->aead =
		    find_cipher(aeads, sizeof(aeads) / sizeof(aeads[0]), cipher);
		out->icv_bits = AEAD_ICV_BITS;
		return out->aead != NULL && integrity == HASH_NONE;
	}
	out->cipher =
	    find_cipher(ciphers, sizeof(ciphers) / sizeof(ciphers[0]), cipher);
	return out->cipher != NULL && find_auth(integrity, out);
}
