/*
 * ESP and AH in transport mode as pure functions on whole IP packets (IPv4 and IPv6):
 * RFC 4303, RFC 4302, with NULL/AES-CBC/3DES and HMAC-SHA1-96 / HMAC-SHA2-256-128 /
 * HMAC-MD5-96, AES-GCM (RFC 4106) and AES-GMAC (RFC 4543). No ESP without integrity exists
 * here.
 */
#ifndef AUTHIPD_CRYPTO_ESP_H
#define AUTHIPD_CRYPTO_ESP_H

#include "crypto/cipher.h"
#include "crypto/hash.h"
#include "crypto/secret.h"

enum esp_error {
	ESP_OK = 0,
	ESP_ERR_SHORT,	   /* packet shorter than its own headers say */
	ESP_ERR_MALFORMED, /* header chain, length or padding wrong */
	ESP_ERR_SPI,	   /* not this SA */
	ESP_ERR_ICV,	   /* integrity check failed */
	ESP_ERR_FRAGMENT,  /* an IP fragment: reassemble first */
	ESP_ERR_SPACE,	   /* output buffer too small */
	ESP_ERR_SEQUENCE,  /* sequence number space used up */
	ESP_ERR_CRYPTO,	   /* libcrypto refused */
	ESP_ERR_DUMMY,	   /* next header 59: authentic, to be dropped silently */
};

const char *esp_error_name(enum esp_error e);

struct esp_params {
	uint8_t protocol; /* 50 ESP, 51 AH */
	uint32_t spi;
	enum cipher_id cipher;	/* CIPHER_NULL or GMAC for AH */
	struct span cipher_key; /* cipher_keymat_len_bytes() */
	enum hash_id integrity; /* HASH_NONE for GCM and GMAC, and for these alone */
	struct span integrity_key;
};

struct esp_sa; /* owned: keys expanded once, one direction */

/* Expands the keys. NULL: bad parameters (no integrity, key length) or no memory. */
struct esp_sa *esp_sa_new(const struct esp_params *p);
void esp_sa_free(struct esp_sa *sa);
/* Bytes that esp_seal() adds to a packet at most (header, IV, padding, trailer, ICV). */
size_t esp_overhead_max_bytes(const struct esp_sa *sa);
/*
 * Protects an IP packet: in[0..n) is a whole IPv4/IPv6 packet, out receives a whole packet
 * of the same family with protocol 50/51. seq is what goes on the wire (1..2^32-1).
 * IPv4 options and IPv6 hop-by-hop/routing headers stay in front, as RFC 4303 3.1.1 draws.
 */
enum esp_error esp_seal(struct esp_sa *sa, uint32_t seq, const uint8_t *in, size_t n,
    uint8_t *out, size_t cap, size_t *out_n);
/*
 * Reads SPI and sequence number of a protected packet without any key: for the look-up of
 * the SA and the replay check. protocol receives 50 or 51.
 */
enum esp_error esp_peek(
    const uint8_t *in, size_t n, uint8_t *protocol, uint32_t *spi, uint32_t *seq);
/*
 * Verifies and unwraps: the reverse of esp_seal(). When the ICV does not hold, out has
 * nothing of the packet.
 */
enum esp_error esp_open(struct esp_sa *sa, const uint8_t *in, size_t n, uint8_t *out,
    size_t cap, size_t *out_n);

#endif
