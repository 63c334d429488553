/*
 * A message: ISAKMP header, Crypto payload, payload chain (MS-AIPS 2.2; spec authip.md 2).
 * Parsing only answers "is it well formed?"; rules.h says "is it allowed?".
 */
#ifndef AUTHIPD_IKE_MESSAGE_H
#define AUTHIPD_IKE_MESSAGE_H

#include "crypto/cipher.h"
#include "crypto/hash.h"
#include "ike/cursor.h"
#include "ike/errors.h"
#include "ike/names.h"

#define ISAKMP_HEADER_BYTES 28
#define ISAKMP_FLAG_ENCRYPTED 0x01
#define COOKIE_BYTES 8
#define MESSAGE_MAX_PAYLOADS 64
#define MESSAGE_MAX_BYTES 65507
#define MESSAGE_MAX_ICV_BYTES 24

struct isakmp_header {
	uint8_t icookie[COOKIE_BYTES];
	uint8_t rcookie[COOKIE_BYTES];
	uint8_t next_payload;
	uint8_t version;
	uint8_t exchange;
	uint8_t flags;
	uint32_t message_id;
	uint32_t length;
};

struct payload {
	uint8_t type;
	struct span body;  /* without the generic payload header */
	struct span whole; /* with it */
};

struct message {
	struct isakmp_header h;
	struct span raw; /* the whole message, h.length bytes (borrowed) */
	bool has_crypto; /* false only for a DOS_COOKIE or a fragment */
	uint32_t seq;
	struct span crypto;	/* Crypto payload with header, seq and IV */
	struct span iv;		/* E=1: block-sized; E=0: empty or the 8-byte field */
	struct span ciphertext; /* E=1 only, ICV excluded: set by message_open() */
	struct span chain;	/* the payload chain in clear: what Auth1..4 cover */
	struct payload payload[MESSAGE_MAX_PAYLOADS];
	size_t n_payload;
};

/* Header only; checks length against the datagram, version and exchange type. */
enum ike_err isakmp_header_parse(struct span datagram, bool lenient_trailer,
    struct isakmp_header *h);
void isakmp_header_write(struct writer *w, const struct isakmp_header *h);

/*
 * Parses a datagram. E=0: the whole chain. E=1: header and start of the Crypto payload
 * only; call message_open() once the keys are known. m borrows datagram.
 */
enum ike_err message_parse(struct span datagram, bool lenient_trailer, struct message *m);

/* Keys that protect encrypted messages of one main mode. */
struct message_keys {
	enum cipher_id cipher;
	struct span cipher_key;
	enum hash_id hash;
	struct span integrity_key;
	size_t icv_len_bytes;
};

/*
 * Verifies the ICV, decrypts into plain (cap >= message length) and parses the chain.
 * Nothing but the ICV result is learnt from a message that fails (MS-AIPS 2.2.3.2.1).
 */
enum ike_err message_open(struct message *m, const struct message_keys *k, bool strict_pad,
    uint8_t *plain, size_t cap);

/* The i-th payload of a type (from 0), or NULL. */
const struct payload *message_find(const struct message *m, enum ike_payload_type type,
    size_t i);
/* The i-th payload of a type in a well-formed chain, header included; empty if none. */
struct span chain_find(struct span chain, uint8_t first, enum ike_payload_type type, size_t i);
/* The chain in m->chain, which it must fill; padded: but for what is behind it. */
enum ike_err message_parse_chain(struct message *m, uint8_t type, bool padded);
size_t message_count(const struct message *m, enum ike_payload_type type);

/*
 * Builder. build_begin() writes header and, for E=0, the empty Crypto payload; then
 * payload bodies in wire order; then build_finish(). For E=1 the chain is collected and
 * sealed by build_finish(). chain() is what was written, for the hash chains.
 */
struct builder {
	struct writer w;
	struct isakmp_header h;
	bool with_crypto; /* false: DOS_COOKIE */
	uint32_t seq;
	size_t next_at;	   /* where the type of the next payload goes */
	size_t body_at;	   /* open payload, 0 = none */
	uint8_t first;	   /* type of the first payload */
	size_t chain_at;
	uint8_t buf[MESSAGE_MAX_BYTES + 1];
	uint8_t sealed[MESSAGE_MAX_BYTES + 1];
	size_t chain_n; /* set by build_finish() */
	size_t out_n;
};

void build_begin(struct builder *b, const struct isakmp_header *h, uint32_t seq);
void build_begin_bare(struct builder *b, const struct isakmp_header *h);
/* Opens a payload; write its body with writer_*(&b->w, ...); then build_end(). */
void build_payload(struct builder *b, enum ike_payload_type type);
void build_end(struct builder *b);
/* keys NULL for E=0. iv: cipher_block_len_bytes() random bytes for E=1. */
enum ike_err build_finish(struct builder *b, const struct message_keys *keys, struct span iv,
    struct span *out);
/* The payload chain of the finished message, in clear. */
struct span build_chain(const struct builder *b);

#endif
