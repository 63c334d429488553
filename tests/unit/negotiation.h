/* One of the recorded negotiations of the vectors, ready for the key derivation. */
#ifndef AUTHIPD_TESTS_NEGOTIATION_H
#define AUTHIPD_TESTS_NEGOTIATION_H

#include "crypto/dh.h"
#include "ike/chain.h"
#include "ike/keys.h"
#include "tests/unit/vectors.h"

struct negotiation {
	json_t *all; /* owned */
	const json_t *v;
	struct dialect d;
	struct keys_input in;
	struct hex icookie, rcookie, secret;
	struct hex ni, nr, ni_qm, nr_qm; /* whole payloads */
	struct secret z;
};

void negotiation_load(struct negotiation *n, size_t index);
void negotiation_free(struct negotiation *n);
/* The shared secret anew, in the form that the dialect asks for. */
void negotiation_agree(struct negotiation *n);
/* The i-th message whose label begins so, or NULL. */
const json_t *negotiation_message(
    const struct negotiation *n, const char *label, size_t i);
/* Keys of encrypted messages; k and mk keep what they point into. */
void negotiation_keys(const struct negotiation *n, const struct main_keys *mk,
    uint8_t *cipher_key, struct message_keys *k);
/* The chain over all messages whose label begins so. */
void negotiation_chain(
    const struct negotiation *n, const char *label, bool main, struct chain *c);

#endif
