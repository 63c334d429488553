/*
 * Diffie-Hellman groups by their IANA number. Key pairs are made from random bytes that
 * the caller supplies, so that the engine stays a function of its inputs.
 */
#ifndef AUTHIPD_CRYPTO_DH_H
#define AUTHIPD_CRYPTO_DH_H

#include <stdbool.h>

#include "crypto/secret.h"

enum dh_group {
	DH_NONE = 0,
	DH_MODP768 = 1, /* only for test vectors: no policy may name it */
	DH_MODP1024 = 2,
	DH_MODP2048 = 14,
	DH_ECP256 = 19,
	DH_ECP384 = 20,
};

#define DH_PUBLIC_MAX_BYTES 256
#define DH_PRIVATE_MAX_BYTES 96

struct dh; /* owned key pair */

/* "ecp256", "modp1024", ...; "unknown". */
const char *dh_name(enum dh_group g);
/* Length of a KE payload body of this group, 0 for an unsupported group. */
size_t dh_public_len_bytes(enum dh_group g);
/* How many random bytes dh_new() wants. */
size_t dh_private_len_bytes(enum dh_group g);
/*
 * Makes a key pair from random bytes (dh_private_len_bytes() of them): MODP uses them as
 * a short exponent where that is safe (RFC 3526 8), ECP reduces them into [1, n-1].
 * Also accepts a full private value of another length (vectors). NULL on failure.
 */
struct dh *dh_new(enum dh_group g, struct span random);
void dh_free(struct dh *dh);
enum dh_group dh_group_of(const struct dh *dh);
/* Public value: MODP left-padded to the modulus, ECP x | y without the 0x04. */
struct span dh_public(const struct dh *dh);
/*
 * Shared secret. Checks the peer's value first: exact length, 1 < y < p-1 (MODP), on the
 * curve and not infinity (ECP). with_y: x | y instead of x (dialect knob ecdh_form, A7).
 */
bool dh_shared(const struct dh *dh, struct span peer_public, bool with_y, struct secret *z);

#endif
