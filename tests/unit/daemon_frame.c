/* Frames of the registration protocol against the tables of doc/api-protocol.md. */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/api_frame.h"
#include "tests/unit/check_daemon.h"

#define WSAEINVAL 10022
#define WSAENOTSOCK 10038
#define WSAEAFNOSUPPORT 10047

static struct api_request request;
static uint32_t error;

/* header as a client writes it, with body_n bytes of zeroes behind it */
static size_t
make(uint8_t *b, uint16_t verb, size_t body_n)
{
	memset(b, 0, 16 + body_n);
	memcpy(b, "AIP1", 4);
	b[4] = (uint8_t)verb;
	b[5] = (uint8_t)(verb >> 8);
	b[8] = 0x78;
	b[9] = 0x56;
	b[10] = 0x34;
	b[11] = 0x12;
	b[12] = (uint8_t)(16 + body_n);
	return 16 + body_n;
}

/* From a buffer of exactly n bytes. */
static enum api_verdict
parse(const uint8_t *b, size_t n, bool hello, bool fd)
{
	uint8_t *exact = malloc(n + 1);
	enum api_verdict v;

	ck_assert_ptr_nonnull(exact);
	memcpy(exact + 1, b, n);
	v = api_frame_parse(span_of(exact + 1, n), hello, fd, &request, &error);
	free(exact);
	return v;
}

START_TEST(good_requests)
{
	uint8_t b[128];
	size_t n = make(b, 1, 8);

	ck_assert_int_eq(parse(b, n, false, false), API_GOOD);
	ck_assert_int_eq(parse(b, n, true, false), API_GOOD);
	ck_assert_uint_eq(request.verb, 1);
	ck_assert_uint_eq(request.id, 0x12345678);
	n = make(b, 2, 8);
	for (uint8_t flags = 0; flags < 3; flags++) {
		b[16] = flags;
		ck_assert_int_eq(parse(b, n, true, true), API_GOOD);
		ck_assert_uint_eq(request.security_flags, flags);
		ck_assert_uint_eq(request.ipsec_flags, 0);
	}
	n = make(b, 2, 40); /* what is behind it is for a later protocol */
	memset(b + 24, 0xff, 32);
	ck_assert_int_eq(parse(b, n, true, true), API_GOOD);
}
END_TEST

/* The peer in SOCK_QUERY and SOCK_IDENTITY: a family of 2 bytes, a port, an address. */
START_TEST(peers)
{
	static const uint8_t addr[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
		15, 16 };
	uint16_t verb = (uint16_t)_i;
	uint8_t b[64];
	size_t n = make(b, verb, 20);

	b[18] = 0x1f;
	b[19] = 0x90;
	memcpy(b + 20, addr, 16);
	b[16] = b[17] = 0;
	ck_assert_int_eq(parse(b, n, true, true), API_GOOD);
	ck_assert_uint_eq(request.peer.addr.family, 0);
	b[16] = 4;
	ck_assert_int_eq(parse(b, n, true, true), API_GOOD);
	ck_assert_uint_eq(request.peer.addr.family, 4);
	ck_assert_uint_eq(request.peer.port, 8080);
	ck_assert_mem_eq(request.peer.addr.b, addr, 4);
	ck_assert_uint_eq(request.peer.addr.b[4], 0); /* IPv4 ends there */
	b[16] = 6;
	ck_assert_int_eq(parse(b, n, true, true), API_GOOD);
	ck_assert_mem_eq(request.peer.addr.b, addr, 16);
	for (unsigned family = 1; family < 65536; family += family < 300 ? 1 : 251) {
		b[16] = (uint8_t)family;
		b[17] = (uint8_t)(family >> 8);
		ck_assert_int_eq(parse(b, n, true, true),
		    family == 4 || family == 6 ? API_GOOD : API_REFUSE);
		if (family != 4 && family != 6)
			ck_assert_uint_eq(error, WSAEAFNOSUPPORT);
	}
}
END_TEST

START_TEST(every_header_bit_counts)
{
	uint8_t b[64];
	size_t n = make(b, 2, 8);

	for (size_t bit = 0; bit < 128; bit++) {
		bool verb = bit / 8 == 4 || bit / 8 == 5,
		     id = bit / 8 >= 8 && bit / 8 < 12;

		b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (!verb && !id)
			ck_assert_int_eq(parse(b, n, true, true), API_BREAK);
		else if (verb)
			ck_assert_int_eq(parse(b, n, true, true), API_REFUSE);
		else
			ck_assert_int_eq(parse(b, n, true, true), API_GOOD);
		b[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}
END_TEST

/* Every length, with a header that tells it and with one that does not. */
START_TEST(every_length)
{
	uint8_t b[128];

	for (uint16_t verb = 0; verb < 8; verb++)
		for (size_t n = 0; n <= 64; n++) {
			size_t need = verb == 1 || verb == 2 ? 24 : 36;
			bool known =
			    (verb >= 1 && verb <= 4) || verb == AIP_API_SOCK_PRECONNECT;
			bool fd = verb >= 2;

			make(b, verb, 100);
			memset(b + 16, 0, sizeof(b) - 16);
			b[12] = (uint8_t)n;
			if (n < 16) {
				ck_assert_int_eq(parse(b, n, true, fd), API_BREAK);
				continue;
			}
			ck_assert_int_eq(parse(b, n, true, fd),
			    known && n >= need ? API_GOOD : API_REFUSE);
			if (!known || n < need)
				ck_assert_uint_eq(error, WSAEINVAL);
			b[12]++;
			ck_assert_int_eq(parse(b, n, true, fd), API_BREAK);
			b[12] = (uint8_t)(n - 1);
			ck_assert_int_eq(parse(b, n, true, fd), API_BREAK);
		}
}
END_TEST

START_TEST(hello_comes_first)
{
	uint8_t b[64];

	for (uint16_t verb = 0; verb < 300; verb++) {
		size_t n = make(b, verb, 8);

		ck_assert_int_eq(
		    parse(b, n, false, verb == 2), verb == 1 ? API_GOOD : API_BREAK);
	}
}
END_TEST

START_TEST(descriptor_where_it_belongs)
{
	uint8_t b[64];
	size_t n = make(b, 1, 8);

	ck_assert_int_eq(parse(b, n, false, true), API_REFUSE);
	ck_assert_uint_eq(error, WSAEINVAL);
	for (uint16_t verb = 2; verb <= 4; verb++) {
		n = make(b, verb, 20);
		ck_assert_int_eq(parse(b, n, true, false), API_REFUSE);
		ck_assert_uint_eq(error, WSAENOTSOCK);
	}
}
END_TEST

/* Keys of policies, for those who send them. */
START_TEST(keys_of_policies)
{
	uint8_t b[128];
	size_t n = make(b, 2, 40);

	for (size_t i = 0; i < 32; i++)
		b[24 + i] = (uint8_t)(i + 1);
	ck_assert_int_eq(parse(b, n, true, true), API_GOOD);
	ck_assert_mem_eq(request.policy_key, b + 24, 32);
	n = make(b, 2, 39);
	b[24] = 1;
	ck_assert_int_eq(parse(b, n, true, true), API_GOOD);
	ck_assert_uint_eq(request.policy_key[0][0], 0);
}
END_TEST

START_TEST(every_flag)
{
	uint8_t b[64];
	size_t n = make(b, 2, 8);

	for (int bit = 0; bit < 64; bit++) {
		b[16 + bit / 8] = (uint8_t)(1 << bit % 8);
		if (bit < 2 || (bit >= 32 && bit < 36)) {
			ck_assert_int_eq(parse(b, n, true, true), API_GOOD);
		} else {
			ck_assert_int_eq(parse(b, n, true, true), API_REFUSE);
			ck_assert_uint_eq(error, WSAEINVAL);
		}
		b[16 + bit / 8] = 0;
	}
	b[16] = 3; /* both exclude each other */
	ck_assert_int_eq(parse(b, n, true, true), API_REFUSE);
	ck_assert_uint_eq(error, WSAEINVAL);
}
END_TEST

/* Length of the answers, header included. */
static const struct {
	uint16_t verb;
	size_t n;
} answers[] = { { 1, 32 }, { 2, 32 }, { 3, 48 },
	{ 4, 16 + sizeof(struct aip_api_identity_reply) }, { 0, 20 }, { 0xfffe, 20 },
	{ 0xffff, 20 } };

START_TEST(answers_have_their_length)
{
	struct api_request r = { .verb = answers[_i].verb, .id = 0x12345678 };
	static const uint8_t zero[API_REPLY_MAX_BYTES];
	uint8_t out[API_REPLY_MAX_BYTES], body[API_REPLY_MAX_BYTES];
	size_t n = answers[_i].n;

	memset(body, 0xee, sizeof(body));
	for (int ok = 0; ok < 2; ok++) {
		memset(out, 0xff, sizeof(out));
		ck_assert_uint_eq(
		    api_frame_reply(&r, ok ? 0 : WSAEINVAL, body, n - 16, out), n);
		ck_assert_mem_eq(out, "AIP1", 4);
		ck_assert_uint_eq(out[4] | out[5] << 8, r.verb);
		ck_assert_uint_eq(out[6] | out[7] << 8, 1);
		ck_assert_mem_eq(out + 8, "\x78\x56\x34\x12", 4);
		ck_assert_uint_eq(out[12] | out[13] << 8, n);
		ck_assert_mem_eq(out + 14, zero, 2);
		if (ok) {
			ck_assert_mem_eq(out + 16, body, n - 16);
			continue;
		}
		ck_assert_mem_eq(out + 16, "\x26\x27\0\0", 4);
		ck_assert_mem_eq(out + 20, zero, n - 20);
	}
}
END_TEST

START_TEST(names_of_messages)
{
	size_t known = 0;

	for (uint32_t type = 0; type < 65536; type++)
		known += strcmp(proto_name((uint16_t)type), "unknown") != 0;
#define ONE(number, id, name, from, to) +1
	ck_assert_uint_eq(known, 0 PROTO_MESSAGES(ONE));
#undef ONE
	ck_assert_str_eq(proto_name(PROTO_SECURE_ASK), "secure-ask");
}
END_TEST

START_TEST(bodies_have_their_length)
{
	uint8_t out[4] = { 0 };

	ck_assert(!proto_body(span_of("abcde", 3), out, 4));
	ck_assert(!proto_body(span_of("abcde", 5), out, 4));
	ck_assert_uint_eq(out[0], 0);
	ck_assert(proto_body(span_of("abcde", 4), out, 4));
	ck_assert_mem_eq(out, "abcd", 4);
}
END_TEST

/* A byte other than 0 and 1 is no bool: what reads it as one may use it as an index. */
START_TEST(bools_of_an_sa)
{
	static const size_t at[] = {
		offsetof(struct action_sa_add, inbound),
		offsetof(struct action_sa_add, guaranteed_encryption),
		offsetof(struct action_sa_add, peer_boundary),
		offsetof(struct action_sa_add, nat.keepalive),
		offsetof(struct action_sa_add, nat.peer_moves),
	};
	uint8_t body[sizeof(struct action_sa_add)] = { 0 };
	struct action_sa_add a;

	ck_assert(proto_sa_add(span_of(body, sizeof(body)), &a));
	ck_assert(!proto_sa_add(span_of(body, sizeof(body) - 1), &a));
	body[at[_i]] = 1;
	ck_assert(proto_sa_add(span_of(body, sizeof(body)), &a));
	for (int value = 2; value < 256; value++) {
		body[at[_i]] = (uint8_t)value;
		ck_assert(!proto_sa_add(span_of(body, sizeof(body)), &a));
	}
}
END_TEST

void
daemon_frame_tests(Suite *s)
{
	TCase *t = tcase_create("frame");

	tcase_add_test(t, good_requests);
	tcase_add_loop_test(t, peers, 3, 5);
	tcase_add_test(t, every_header_bit_counts);
	tcase_add_test(t, every_length);
	tcase_add_test(t, hello_comes_first);
	tcase_add_test(t, descriptor_where_it_belongs);
	tcase_add_test(t, keys_of_policies);
	tcase_add_test(t, every_flag);
	tcase_add_loop_test(t, answers_have_their_length, 0, 7);
	tcase_add_test(t, names_of_messages);
	tcase_add_test(t, bodies_have_their_length);
	tcase_add_loop_test(t, bools_of_an_sa, 0, 5);
	suite_add_tcase(s, t);
}
