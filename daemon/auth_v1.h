/*
 * Signatures in main mode of IKEv1 (RFC 2409 5.1, RFC 4754): certificates of this host, and
 * verification of the peer's by the rules of auth_tls.h. See struct action_auth.
 */
#ifndef AUTHIPD_DAEMON_AUTH_V1_H
#define AUTHIPD_DAEMON_AUTH_V1_H

#include "daemon/auth_tls_ssl.h"

/* Everything that a peer has to say about itself. */
struct v1_peer {
	struct span id;		 /* whole body of the ID payload */
	const char *target_name; /* who it must be; empty: anybody trusted */
	X509 *leaf;		 /* owned */
	STACK_OF(X509) * others; /* owned */
	EVP_PKEY *key;		 /* leaf's */
};

/* tls must outlive it; NULL: out of memory. */
struct auth_dialogue *v1_dialogue_new(const struct auth_tls *tls,
    enum auth_method method, enum hash_id hash, bool initiator, uint32_t credential);

/* Which keys a method takes; false: *why is what it wants. */
bool v1_key_fits(enum auth_method method, EVP_PKEY *key, const char **why);
/* What RSA or ECDSA makes of a hash; the number of bytes, 0: the library refused. */
size_t v1_sign(
    enum auth_method method, EVP_PKEY *key, struct span hash, uint8_t *out, size_t cap);
bool v1_verify(
    enum auth_method method, EVP_PKEY *key, struct span hash, struct span sig);

/* The body of a CERT payload joins the peer's certificates; false: *out says why not. */
bool v1_peer_add_cert(
    struct v1_peer *p, struct span cert, struct engine_auth_reply *out);
void v1_peer_clear(struct v1_peer *p);
/* Chain, revocation, names, usages, key and identity; false: *out says what is wrong. */
bool v1_peer_check(struct v1_peer *p, const struct auth_tls *tls,
    enum auth_method method, struct engine_auth_reply *out);

/* Does the certificate vouch for this identity? text is the identity, for people. */
bool v1_id_fits(X509 *cert, struct span id, char *text, size_t cap);
/* Our identity: the subject, or the first DNS name of a certificate without one. */
size_t v1_id_own(X509 *cert, uint8_t *out, size_t cap);

#endif
