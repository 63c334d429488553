/* The cryptography that no negotiation can do without, as bare as libcrypto has it. */
#ifndef AUTHIPD_TESTS_BENCH_FLOOR_H
#define AUTHIPD_TESTS_BENCH_FLOOR_H

#include "daemon/auth_tls.h"

struct floor;

struct floor *floor_new(void);
void floor_free(struct floor *f);
/* ECDH on P-256: each side makes a key pair and derives. Adds CPU seconds per side. */
void floor_ecdh(struct floor *f, double *side_s);
/* TLS 1.2 with certificates of both sides: [0] is the client. Same certificates. */
void floor_tls(const struct auth_tls *tls, double *side_s);

#endif
