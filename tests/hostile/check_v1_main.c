/* IKEv1: main modes with one thing in them that should not be, or that somebody else does. */
#include <string.h>

#include "tests/hostile/check_v1.h"

static const struct dialect dialect = DIALECT_DEFAULT;

static void
use_method(enum auth_method method)
{
	v1_prepare();
	for (size_t i = 0; i < SIM_HOSTS; i++)
		v1_net.host[i].policy.mm_auth[0] = (struct auth_entry){ method, true };
}

static void
expect_connection(void)
{
	ck_assert(sim_run_results(&v1_net, INITIATOR, 1, 30000));
	sim_run(&v1_net, 1000);
	v1_expect_unharmed();
}

/* ---- messages 2, 3 and 4, which are in clear ---- */

/* The payload of this type, with its header; NULL: there is none. */
static uint8_t *
find(uint8_t *p, size_t n, uint8_t wanted)
{
	uint8_t type = p[16];

	for (size_t at = 28; type != 0 && at + 4 <= n;) {
		if (type == wanted)
			return p + at;
		type = p[at];
		at += (size_t)(p[at + 2] << 8 | p[at + 3]);
	}
	return NULL;
}

static void
add_to_u16(uint8_t *p, int by)
{
	int v = (p[0] << 8 | p[1]) + by;

	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* A nonce is 8 to 256 bytes long (RFC 2409 5). */
START_TEST(short_nonce)
{
	struct dialect odd = DIALECT_DEFAULT;

	odd.nonce_len = 7;
	v1_prepare();
	sim_start(&v1_net, _i == INITIATOR ? &odd : &dialect,
	    _i == RESPONDER ? &odd : &dialect);
	sim_acquire(&v1_net, INITIATOR, 1, 4, 80);
	ck_assert(sim_run_results(&v1_net, INITIATOR, 1, 300000));
	ck_assert_int_ne(v1_net.host[INITIATOR].result.error, IKE_OK);
	ck_assert_uint_ge(
	    engine_error_count(v1_net.host[1 - _i].engine, IKE_ERR_NONCE), 1);
	for (size_t i = 0; i < SIM_HOSTS; i++)
		ck_assert_uint_eq(engine_event_count(v1_net.host[i].engine,
				      EVENT_MM_ESTABLISHED),
		    0);
	sim_free(&v1_net);
}
END_TEST

/* Our own nonce comes back, once: the answer that is right is waited for. */
static bool
reflect_nonce(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	static uint8_t own[64];
	int *times = ctx;
	uint8_t *nonce = find(p, *n, PAYLOAD_NONCE);

	if ((p[19] & 1) != 0 || p[18] != EXCHANGE_IDENTITY || nonce == NULL)
		return true;
	if (from == INITIATOR)
		memcpy(own, nonce + 4, 32);
	else if ((*times)++ == 0)
		memcpy(nonce + 4, own, 32);
	return true;
}

START_TEST(nonce_is_reflected)
{
	int times = 0;

	v1_start();
	v1_net.tap = reflect_nonce;
	v1_net.tap_ctx = &times;
	sim_acquire(&v1_net, INITIATOR, 1, 4, 80);
	expect_connection();
	ck_assert_int_ge(times, 2);
	ck_assert_uint_eq(
	    engine_error_count(v1_net.host[INITIATOR].engine, IKE_ERR_KE), 1);
	sim_free(&v1_net);
}
END_TEST

/* Message 2 without a cookie of the responder, once. */
static bool
clear_cookie(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	int *times = ctx;

	(void)n;
	if (from == RESPONDER && p[16] == PAYLOAD_SA && (*times)++ == 0)
		memset(p + COOKIE_BYTES, 0, COOKIE_BYTES);
	return true;
}

START_TEST(answer_without_a_cookie)
{
	int times = 0;

	v1_start();
	v1_net.tap = clear_cookie;
	v1_net.tap_ctx = &times;
	sim_acquire(&v1_net, INITIATOR, 1, 4, 80);
	expect_connection();
	ck_assert_int_ge(times, 2);
	sim_free(&v1_net);
}
END_TEST

/* The draft of GSS-API has a byte for the encoding in front of a token. */
static bool
insert_encoding(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	size_t *who = ctx;
	uint8_t *gss = find(p, *n, PAYLOAD_GSS);

	if (from != *who || (p[19] & 1) != 0 || gss == NULL)
		return true;
	memmove(gss + 5, gss + 4, *n - (size_t)(gss + 4 - p));
	gss[4] = 1;
	++*n;
	add_to_u16(gss + 2, 1);
	add_to_u16(p + 26, 1);
	return true;
}

START_TEST(token_with_its_encoding)
{
	size_t who = (size_t)_i;

	use_method(AUTH_V1_KERBEROS);
	sim_start(&v1_net, &dialect, &dialect);
	v1_net.tap = insert_encoding;
	v1_net.tap_ctx = &who;
	sim_acquire(&v1_net, INITIATOR, 1, 4, 80);
	expect_connection();
	sim_free(&v1_net);
}
END_TEST

/* Names of authorities count for X.509, in no other encoding. */
static bool
change_encoding(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	uint8_t *request = find(p, *n, PAYLOAD_CERTREQ);

	if (from == RESPONDER && (p[19] & 1) == 0 && request != NULL)
		request[4] = *(uint8_t *)ctx;
	return true;
}

START_TEST(requests_for_other_certificates)
{
	uint8_t encoding = _i == 0 ? 4 : 1;

	use_method(AUTH_V1_RSA);
	sim_start(&v1_net, &dialect, &dialect);
	v1_net.tap = change_encoding;
	v1_net.tap_ctx = &encoding;
	sim_acquire(&v1_net, INITIATOR, 1, 4, 80);
	expect_connection();
	ck_assert_uint_eq(v1_net.host[INITIATOR].wanted[0] != '\0', _i == 0);
	sim_free(&v1_net);
}
END_TEST

/* ---- message 5 ---- */

static bool
lose_message_5(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	(void)ctx;
	(void)n;
	return from != INITIATOR || p[18] != EXCHANGE_IDENTITY || (p[19] & 1) == 0;
}

/*
 * What cannot be read is told once in clear, however much of it there is; and not where the
 * answer would be longer (H81), or that is switched off.
 */
START_TEST(message_5_cannot_be_read)
{
	struct dialect d = DIALECT_DEFAULT;
	uint8_t b[28 + 64] = { 0 };
	const struct mm_sa *mm;
	size_t sent;

	d.send_clear_status = _i == 1 ? SEND_CLEAR_STATUS_OFF : SEND_CLEAR_STATUS_ON;
	v1_prepare();
	sim_start(&v1_net, &d, &d);
	v1_net.tap = lose_message_5;
	sim_acquire(&v1_net, INITIATOR, 1, 4, 80);
	sim_run(&v1_net, 100);
	mm = v1_mm(RESPONDER);
	ck_assert_int_eq(mm->v1->step, V1_RESP_KE_SENT);
	memcpy(b, mm->icookie, COOKIE_BYTES);
	memcpy(b + COOKIE_BYTES, mm->rcookie, COOKIE_BYTES);
	b[16] = PAYLOAD_ID;
	b[17] = 0x10;
	b[18] = EXCHANGE_IDENTITY;
	b[19] = ISAKMP_FLAG_ENCRYPTED;
	sent = v1_net.host[RESPONDER].n_sent;
	for (uint8_t i = 0; i < 64; i++) { /* no number of blocks, and none at all */
		uint8_t n = _i == 2 ? i : 63 - i;

		b[27] = (uint8_t)(28 + n);
		if (n % 16 != 0 || n == 0)
			v1_expect_drop(RESPONDER, span_of(b, b[27]), IKE_ERR_DECRYPT);
	}
	b[27] = sizeof(b);
	for (uint8_t i = 0; i < 20; i++) {
		b[40] = i;
		v1_expect_drop(RESPONDER, SPAN_ARRAY(b), IKE_ERR_DECRYPT);
	}
	ck_assert_uint_eq(v1_net.host[RESPONDER].n_sent, sent + (_i == 0));
	v1_net.tap = NULL;
	expect_connection();
	sim_free(&v1_net);
}
END_TEST

/* Another one while auth looks at the first: the first counts. */
START_TEST(message_5_twice)
{
	struct engine *e;
	struct mm_sa *mm;
	struct span wire;
	struct v1_iv iv;

	use_method(AUTH_V1_RSA);
	v1_net.host[RESPONDER].auth_delay_ms = 200;
	sim_start(&v1_net, &dialect, &dialect);
	sim_acquire(&v1_net, INITIATOR, 1, 4, 80);
	for (int i = 0; i < 2000; i++) {
		sim_run(&v1_net, 1);
		if (sim_count_mm(&v1_net, RESPONDER) == 1 &&
		    v1_mm(RESPONDER)->v1->step == V1_RESP_VERIFIES)
			break;
	}
	e = v1_net.host[INITIATOR].engine;
	mm = v1_mm(INITIATOR);
	iv = mm->v1->iv;
	v1_begin(e, mm, EXCHANGE_IDENTITY, 0);
	v1_write(e, PAYLOAD_ID, blob_span(&mm->v1->own_id));
	v1_write(e, PAYLOAD_SIG, span_of("another one", 11));
	ck_assert(v1_finish(e, &wire) && v1_seal(e, mm, &iv, &wire));
	v1_expect_drop(RESPONDER, wire, IKE_ERR_STATE);
	expect_connection();
	sim_free(&v1_net);
}
END_TEST

TCase *
v1_main_cases(void)
{
	TCase *t = tcase_create("main mode");

	tcase_add_loop_test(t, short_nonce, 0, 2);
	tcase_add_test(t, nonce_is_reflected);
	tcase_add_test(t, answer_without_a_cookie);
	tcase_add_loop_test(t, token_with_its_encoding, 0, 2);
	tcase_add_loop_test(t, requests_for_other_certificates, 0, 2);
	tcase_add_loop_test(t, message_5_cannot_be_read, 0, 3);
	tcase_add_test(t, message_5_twice);
	return t;
}
