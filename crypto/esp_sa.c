/* Making and using the expanded keys of one direction of an IPsec SA. */
#include "crypto/esp_sa.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/cipher_evp.h"
#include "crypto/hash_evp.h"
#include "crypto/random.h"

#define IV_POOL_BYTES 512

/* One for all SAs: random bytes are dear in small portions. */
static uint8_t iv_pool[IV_POOL_BYTES];
static size_t iv_left;

const char *
esp_error_name(enum esp_error e)
{
	static const char *const name[] = {
		[ESP_OK] = "ok",
		[ESP_ERR_SHORT] = "short",
		[ESP_ERR_MALFORMED] = "malformed",
		[ESP_ERR_SPI] = "spi",
		[ESP_ERR_ICV] = "icv",
		[ESP_ERR_FRAGMENT] = "fragment",
		[ESP_ERR_SPACE] = "space",
		[ESP_ERR_SEQUENCE] = "sequence",
		[ESP_ERR_CRYPTO] = "crypto",
		[ESP_ERR_DUMMY] = "dummy",
	};

	return (size_t)e < sizeof(name) / sizeof(name[0]) ? name[e] : "unknown";
}

/* Truncated lengths: RFC 2403, RFC 2404, RFC 4868. */
static size_t
esp_icv_len_bytes(enum hash_id id)
{
	switch (id) {
	case HASH_MD5:
	case HASH_SHA1:
		return 12;
	case HASH_SHA256:
		return 16;
	case HASH_SHA384:
		return 24;
	case HASH_NONE:
		break;
	}
	return 0;
}

static bool
esp_params_valid(const struct esp_params *p)
{
	if (p->protocol != 50 && p->protocol != 51)
		return false;
	if (p->spi < 256)
		return false;
	if (cipher_has_integrity(p->cipher) != (p->integrity == HASH_NONE))
		return false;
	if (p->integrity != HASH_NONE && esp_icv_len_bytes(p->integrity) == 0)
		return false;
	if (p->integrity_key.n != hash_len_bytes(p->integrity))
		return false;
	if (p->protocol == 51 && cipher_encrypts(p->cipher))
		return false;
	if (p->cipher == CIPHER_DES)
		return false;
	return p->cipher_key.n == cipher_keymat_len_bytes(p->cipher);
}

/* The cipher's part of an SA, or GMAC's. */
static bool
esp_sa_set_cipher(struct esp_sa *sa, const struct esp_params *p)
{
	size_t key_n = cipher_key_len_bytes(p->cipher);

	if (p->cipher == CIPHER_NULL)
		return true;
	memcpy(sa->cipher_key, p->cipher_key.p, key_n);
	if (cipher_has_integrity(p->cipher)) {
		memcpy(sa->salt, p->cipher_key.p + key_n, CIPHER_SALT_BYTES);
		sa->iv_n = ESP_GCM_IV_BYTES;
		sa->icv_n = ESP_GCM_TAG_BYTES;
	} else {
		sa->iv_n = sa->align_n = cipher_block_len_bytes(p->cipher);
	}
	return cipher_evp(p->cipher) != NULL &&
	       (sa->cipher_ctx = EVP_CIPHER_CTX_new()) != NULL;
}

struct esp_sa *
esp_sa_new(const struct esp_params *p)
{
	struct esp_sa *sa;

	if (!esp_params_valid(p) || (sa = calloc(1, sizeof(*sa))) == NULL)
		return NULL;
	sa->protocol = p->protocol;
	sa->spi = p->spi;
	sa->spi_be[0] = (uint8_t)(p->spi >> 24);
	sa->spi_be[1] = (uint8_t)(p->spi >> 16);
	sa->spi_be[2] = (uint8_t)(p->spi >> 8);
	sa->spi_be[3] = (uint8_t)p->spi;
	sa->cipher = p->cipher;
	sa->integrity = p->integrity;
	sa->icv_n = esp_icv_len_bytes(p->integrity);
	sa->align_n = 4;
	sa->cipher_direction = -1;
	if ((p->integrity == HASH_NONE || (sa->mac = hash_evp_hmac_new(p->integrity,
					       p->integrity_key)) != NULL) &&
	    esp_sa_set_cipher(sa, p))
		return sa;
	esp_sa_free(sa);
	return NULL;
}

void
esp_sa_free(struct esp_sa *sa)
{
	if (sa == NULL)
		return;
	EVP_MAC_CTX_free(sa->mac);
	EVP_CIPHER_CTX_free(sa->cipher_ctx);
	secret_wipe_bytes(sa, sizeof(*sa));
	free(sa);
}

size_t
esp_overhead_max_bytes(const struct esp_sa *sa)
{
	if (sa->protocol == 51)
		return ah_header_bytes(sa, 6);
	return 8 + sa->iv_n + (sa->align_n - 1) + 2 + sa->icv_n;
}

bool
esp_sa_icv(struct esp_sa *sa, const uint8_t *iv, const struct span *part, size_t n_part,
    uint8_t *icv)
{
	uint8_t full[HASH_MAX_BYTES];
	size_t n = 0;
	bool ok;

	if (sa->mac == NULL)
		return esp_gcm_mac(sa, iv, part, n_part, icv);
	ok = EVP_MAC_init(sa->mac, NULL, 0, NULL) == 1;
	for (size_t i = 0; ok && i < n_part; i++)
		ok = part[i].n == 0 ||
		     EVP_MAC_update(sa->mac, part[i].p, part[i].n) == 1;
	ok =
	    ok && EVP_MAC_final(sa->mac, full, &n, sizeof(full)) == 1 && n >= sa->icv_n;
	if (ok)
		memcpy(icv, full, sa->icv_n);
	return ok;
}

bool
esp_sa_crypt(struct esp_sa *sa, bool encrypt, const uint8_t *iv, const uint8_t *in,
    size_t n, uint8_t *out)
{
	int out_n = 0;

	if (n > INT32_MAX)
		return false;
	if (sa->cipher_direction != encrypt) {
		if (EVP_CipherInit_ex2(sa->cipher_ctx, cipher_evp(sa->cipher),
			sa->cipher_key, iv, encrypt, NULL) != 1 ||
		    EVP_CIPHER_CTX_set_padding(sa->cipher_ctx, 0) != 1)
			return false;
		sa->cipher_direction = encrypt;
	} else if (EVP_CipherInit_ex2(sa->cipher_ctx, NULL, NULL, iv, -1, NULL) != 1) {
		return false;
	}
	return EVP_CipherUpdate(sa->cipher_ctx, out, &out_n, in, (int)n) == 1 &&
	       (size_t)out_n == n;
}

bool
esp_sa_next_iv(struct esp_sa *sa, uint8_t *iv)
{
	if (cipher_has_integrity(sa->cipher)) {
		uint64_t v = sa->iv_next++;

		for (int i = ESP_GCM_IV_BYTES - 1; i >= 0; i--, v >>= 8)
			iv[i] = (uint8_t)v;
		return true;
	}
	if (iv_left < sa->iv_n) {
		if (!crypto_random(iv_pool, sizeof(iv_pool)))
			return false;
		iv_left = sizeof(iv_pool);
	}
	iv_left -= sa->iv_n;
	memcpy(iv, iv_pool + iv_left, sa->iv_n);
	return true;
}
