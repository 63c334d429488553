/* What the tests of the wire format share. */
#ifndef AUTHIPD_TESTS_CHECK_WIRE_H
#define AUTHIPD_TESTS_CHECK_WIRE_H

#include <check.h>

#include "ike/message.h"

/* Like ck_assert_msg(), without its cost when it holds: for loops of many thousand turns. */
#define require(condition, ...)                    \
	do {                                       \
		if (!(condition))                  \
			ck_abort_msg(__VA_ARGS__); \
	} while (0)

/*
 * A copy of s in memory of exactly its length, so that a sanitizer sees every read beyond
 * it; the caller frees it with free((void *)copy.p).
 */
struct span wire_exact(struct span s);
/* A main-mode header with fixed cookies. */
struct isakmp_header wire_header(enum ike_exchange exchange, uint8_t flags);
/* Adds a payload of n bytes, each `fill`. */
void wire_payload(struct builder *b, unsigned type, size_t n, uint8_t fill);

/* Keys of four suites: AES-128/SHA-1, AES-256/SHA-256, 3DES/MD5, AES-192/SHA-384. */
#define WIRE_SUITE_COUNT 4
void wire_suite(int i, struct message_keys *k);
/* An IV for the cipher of k. */
struct span wire_iv(const struct message_keys *k);

/* Parses and opens, with buffers of exactly the message's length. */
enum ike_err wire_open(
    struct span datagram, bool lenient, const struct message_keys *k, bool strict_pad);

void wire_cursor_tests(Suite *s);
void wire_message_tests(Suite *s);
void wire_builder_tests(Suite *s);
void wire_sealed_tests(Suite *s);
void wire_trailer_tests(Suite *s);
void wire_payload_tests(Suite *s);
void wire_name_tests(Suite *s);
void wire_sa_tests(Suite *s);
void wire_attribute_tests(Suite *s);
void wire_proposal_tests(Suite *s);
void wire_quick_tests(Suite *s);
void wire_rules_tests(Suite *s);
void wire_vector_tests(Suite *s);

#endif
