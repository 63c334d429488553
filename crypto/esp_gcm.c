/*
 * AES in Galois/Counter mode for ESP and AH (RFC 4106, RFC 4543). The nonce is the salt of
 * the SA and the IV of the packet, which is a counter: no two packets of a key share it.
 */
#include <string.h>

#include "crypto/cipher_evp.h"
#include "crypto/esp_sa.h"

#define GCM_NONCE_BYTES (CIPHER_SALT_BYTES + ESP_GCM_IV_BYTES)

static bool
gcm_begin(struct esp_sa *sa, bool encrypt, const uint8_t *iv)
{
	uint8_t nonce[GCM_NONCE_BYTES];
	bool is_keyed = sa->cipher_direction == encrypt;

	memcpy(nonce, sa->salt, CIPHER_SALT_BYTES);
	memcpy(nonce + CIPHER_SALT_BYTES, iv, ESP_GCM_IV_BYTES);
	if (EVP_CipherInit_ex2(sa->cipher_ctx, is_keyed ? NULL : cipher_evp(sa->cipher),
		is_keyed ? NULL : sa->cipher_key, nonce, encrypt, NULL) != 1)
		return false;
	sa->cipher_direction = encrypt;
	return true;
}

/* Only authenticated, where out is NULL; else from in to out. */
static bool
gcm_update(struct esp_sa *sa, struct span in, uint8_t *out)
{
	int n = 0;

	return in.n == 0 ||
	       (in.n <= INT32_MAX &&
		   EVP_CipherUpdate(sa->cipher_ctx, out, &n, in.p, (int)in.n) == 1 &&
		   (size_t)n == in.n);
}

static bool
gcm_tag(struct esp_sa *sa, uint8_t *tag)
{
	uint8_t none[ESP_GCM_TAG_BYTES];
	int n = 0;

	return EVP_CipherFinal_ex(sa->cipher_ctx, none, &n) == 1 && n == 0 &&
	       EVP_CIPHER_CTX_ctrl(
		   sa->cipher_ctx, EVP_CTRL_AEAD_GET_TAG, ESP_GCM_TAG_BYTES, tag) == 1;
}

bool
esp_gcm_mac(struct esp_sa *sa, const uint8_t *iv, const struct span *part,
    size_t n_part, uint8_t *icv)
{
	bool ok = gcm_begin(sa, true, iv);

	for (size_t i = 0; ok && i < n_part; i++)
		ok = gcm_update(sa, part[i], NULL);
	return ok && gcm_tag(sa, icv);
}

bool
esp_gcm_seal(struct esp_sa *sa, struct span header, const uint8_t *iv, uint8_t *text,
    size_t n, uint8_t *icv)
{
	return gcm_begin(sa, true, iv) && gcm_update(sa, header, NULL) &&
	       gcm_update(sa, span_of(text, n), text) && gcm_tag(sa, icv);
}

enum esp_error
esp_gcm_open(struct esp_sa *sa, struct span header, const uint8_t *iv, struct span text,
    const uint8_t *icv, uint8_t *out)
{
	uint8_t tag[ESP_GCM_TAG_BYTES], none[ESP_GCM_TAG_BYTES];
	int n = 0;

	memcpy(tag, icv, sizeof(tag));
	if (!gcm_begin(sa, false, iv) || !gcm_update(sa, header, NULL) ||
	    !gcm_update(sa, text, out) ||
	    EVP_CIPHER_CTX_ctrl(
		sa->cipher_ctx, EVP_CTRL_AEAD_SET_TAG, sizeof(tag), tag) != 1) {
		secret_wipe_bytes(out, text.n);
		return ESP_ERR_CRYPTO;
	}
	if (EVP_CipherFinal_ex(sa->cipher_ctx, none, &n) == 1)
		return ESP_OK;
	secret_wipe_bytes(out, text.n);
	return ESP_ERR_ICV;
}
