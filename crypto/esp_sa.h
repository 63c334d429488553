/* An IPsec SA with expanded keys: what esp.c and ah.c share. */
#ifndef AUTHIPD_CRYPTO_ESP_SA_H
#define AUTHIPD_CRYPTO_ESP_SA_H

#include <openssl/evp.h>

#include "crypto/esp.h"
#include "crypto/ip_packet.h"

#define ESP_GCM_IV_BYTES 8
#define ESP_GCM_TAG_BYTES 16

struct esp_sa {
	uint8_t protocol;
	uint8_t spi_be[4];
	uint32_t spi;
	enum cipher_id cipher;
	size_t iv_n;	/* 0 without a cipher; of GMAC it stands before the ICV of AH */
	size_t align_n; /* of the encrypted part: block, at least 4 */
	size_t icv_n;
	enum hash_id integrity;
	EVP_MAC_CTX *mac;	    /* NULL for GCM and GMAC */
	EVP_CIPHER_CTX *cipher_ctx; /* NULL for CIPHER_NULL; direction set per call */
	int cipher_direction; /* -1 not yet keyed, else the enc flag it was keyed for */
	uint8_t cipher_key[CIPHER_MAX_KEY_BYTES];
	uint8_t salt[CIPHER_SALT_BYTES]; /* of GCM and GMAC */
	uint64_t iv_next;		 /* of GCM and GMAC */
};

/* ICV over the parts, truncated to icv_n; not for GCM. iv counts for GMAC alone. */
bool esp_sa_icv(struct esp_sa *sa, const uint8_t *iv, const struct span *part,
    size_t n_part, uint8_t *icv);
/* CBC in place or from in to out. */
bool esp_sa_crypt(struct esp_sa *sa, bool encrypt, const uint8_t *iv, const uint8_t *in,
    size_t n, uint8_t *out);
/* A fresh IV of iv_n bytes: unpredictable for CBC, never used before for GCM and GMAC. */
bool esp_sa_next_iv(struct esp_sa *sa, uint8_t *iv);

bool esp_gcm_mac(struct esp_sa *sa, const uint8_t *iv, const struct span *part,
    size_t n_part, uint8_t *icv);
/* Encrypts text in place; header and text are authenticated. */
bool esp_gcm_seal(struct esp_sa *sa, struct span header, const uint8_t *iv,
    uint8_t *text, size_t n, uint8_t *icv);
/* ESP_ERR_ICV: authentic it was not, and out is wiped. */
enum esp_error esp_gcm_open(struct esp_sa *sa, struct span header, const uint8_t *iv,
    struct span text, const uint8_t *icv, uint8_t *out);

enum esp_error ah_seal(struct esp_sa *sa, uint32_t seq, const uint8_t *in, size_t n,
    uint8_t *out, size_t cap, size_t *out_n);
enum esp_error ah_open(struct esp_sa *sa, const struct ip_packet *ip, const uint8_t *in,
    uint8_t *out, size_t cap, size_t *out_n);
/* Bytes of an AH header for this SA and IP version (IPv6 aligns to 8). */
size_t ah_header_bytes(const struct esp_sa *sa, uint8_t version);

#endif
