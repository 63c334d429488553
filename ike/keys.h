/*
 * Key derivation of AuthIP (MS-AIPS 3.1.7.4; spec authip.md 3.4 to 3.8) with every reading
 * of it that the dialect knows. Pure functions of their arguments.
 */
#ifndef AUTHIPD_IKE_KEYS_H
#define AUTHIPD_IKE_KEYS_H

#include "config/dialect.h"
#include "crypto/cipher.h"
#include "crypto/hash.h"
#include "crypto/secret.h"

/* A key or digest as long as a hash. */
struct key {
	uint8_t n;
	uint8_t b[HASH_MAX_BYTES];
};

static inline struct span
key_span(const struct key *k)
{
	return span_of(k->b, k->n);
}

/* What all derivations of one main mode share. */
struct keys_input {
	enum cipher_id cipher;
	enum hash_id hash;
	const uint8_t *icookie;
	const uint8_t *rcookie;
	struct span z;	/* Diffie-Hellman secret, empty without DH */
	struct span ni; /* whole Nonce payloads, generic header included */
	struct span nr;
};

struct main_keys {
	struct key skeyid;
	struct key d;
	struct key a;
	struct key e;
};

/* SKEYID with the main-mode secret, or SKEYID_em with that of extended mode. */
bool keys_skeyid(const struct dialect *d, const struct keys_input *in, struct span secret,
    struct key *out);
/* SKEYID, _d, _a, _e. secret is empty for anonymous (A3). */
bool keys_main(const struct dialect *d, const struct keys_input *in, struct span secret,
    struct main_keys *out);
/*
 * The main-mode cipher key: leading bytes of SKEYID_e, with parity for DES and 3DES.
 * out holds CIPHER_MAX_KEY_BYTES. False: a weak key (A12).
 */
bool keys_cipher_key(enum cipher_id cipher, const struct key *e, uint8_t *out);
/* Length of the ICV; versions are the MS NT5 numbers of both ends, 0 = none (A32). */
size_t keys_icv_len_bytes(const struct dialect *d, enum hash_id hash, uint32_t own_version,
    uint32_t peer_version);

/* What one direction of an IPsec SA pair adds. */
struct ipsec_input {
	uint32_t message_id;
	uint32_t spi; /* of the receiver, host order (A9) */
	struct span z; /* PFS secret or empty (A8) */
	struct span ni; /* whole Nonce payloads of the quick mode */
	struct span nr;
	const struct key *skeyid_d;
	const struct key *skeyid_em; /* NULL without extended mode (A10) */
};

/*
 * Keys of that direction; cipher CIPHER_NULL yields an empty cipher key. That of GCM and
 * GMAC ends with the salt (A11).
 */
bool keys_ipsec(const struct dialect *d, const struct keys_input *mm,
    const struct ipsec_input *qm, enum cipher_id cipher, enum hash_id integrity,
    struct secret *cipher_key, struct secret *integrity_key);

#endif
