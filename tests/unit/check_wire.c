/* Unit tests of the wire format: the runner and what the tests share. */
#include "tests/unit/check_wire.h"
#include "tests/unit/run_suite.h"

#include <stdlib.h>
#include <string.h>

struct span
wire_exact(struct span s)
{
	uint8_t *copy = malloc(s.n);

	require(copy != NULL || s.n == 0, "no memory");
	if (s.n > 0)
		memcpy(copy, s.p, s.n);
	return span_of(copy, s.n);
}

struct isakmp_header
wire_header(enum ike_exchange exchange, uint8_t flags)
{
	struct isakmp_header h = {
		.icookie = { 1, 2, 3, 4, 5, 6, 7, 8 },
		.rcookie = { 17, 18, 19, 20, 21, 22, 23, 24 },
		.exchange = (uint8_t)exchange,
		.flags = flags,
		.message_id = 0xa1b2c3d4,
	};

	return h;
}

void
wire_payload(struct builder *b, unsigned type, size_t n, uint8_t fill)
{
	build_payload(b, (enum ike_payload_type)type);
	while (n-- > 0)
		writer_u8(&b->w, fill);
	build_end(b);
}

void
wire_suite(int i, struct message_keys *k)
{
	static const struct {
		enum cipher_id cipher;
		enum hash_id hash;
		size_t icv_n;
	} suites[WIRE_SUITE_COUNT] = {
		{ CIPHER_AES128, HASH_SHA1, 12 },
		{ CIPHER_AES256, HASH_SHA256, 16 },
		{ CIPHER_3DES, HASH_MD5, 12 },
		{ CIPHER_AES192, HASH_SHA384, 24 },
	};
	static const uint8_t key[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

	k->cipher = suites[i].cipher;
	k->cipher_key = span_of(key, cipher_key_len_bytes(k->cipher));
	k->hash = suites[i].hash;
	k->integrity_key = span_of(key + 1, hash_len_bytes(k->hash));
	k->icv_len_bytes = suites[i].icv_n;
}

struct span
wire_iv(const struct message_keys *k)
{
	static const uint8_t iv[CIPHER_MAX_BLOCK_BYTES] = "initialisation!";

	return span_of(iv, cipher_block_len_bytes(k->cipher));
}

enum ike_err
wire_open(
    struct span datagram, bool lenient, const struct message_keys *k, bool strict_pad)
{
	struct span copy = wire_exact(datagram);
	uint8_t *plain = malloc(datagram.n + 1);
	struct message m;
	enum ike_err e = message_parse(copy, lenient, &m);

	if (e == IKE_OK)
		e = message_open(&m, k, strict_pad, plain, datagram.n);
	free(plain);
	free((void *)copy.p);
	return e;
}

int
main(void)
{
	Suite *s = suite_create("wire");

	wire_cursor_tests(s);
	wire_message_tests(s);
	wire_builder_tests(s);
	wire_sealed_tests(s);
	wire_trailer_tests(s);
	wire_payload_tests(s);
	wire_name_tests(s);
	wire_sa_tests(s);
	wire_attribute_tests(s);
	wire_proposal_tests(s);
	wire_quick_tests(s);
	wire_rules_tests(s);
	wire_vector_tests(s);
	return run_suite(s);
}
