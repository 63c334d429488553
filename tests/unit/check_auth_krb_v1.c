/* Kerberos in main mode of IKEv1, with tickets of a real KDC. */
#include <stdio.h>
#include <string.h>

#include "daemon/auth_krb_mit.h"
#include "ike/auth_part.h"
#include "tests/unit/krb_two.h"

static uint8_t part_buf[2][AUTH_MAX_TOKEN_BYTES];

static struct span
parts(int which, enum auth_part_kind k1, struct span d1, enum auth_part_kind k2,
    struct span d2)
{
	struct writer w;

	writer_init(&w, part_buf[which], sizeof(part_buf[which]));
	if (d1.n > 0)
		auth_part_write(&w, k1, d1);
	if (d2.n > 0)
		auth_part_write(&w, k2, d2);
	ck_assert(writer_ok(&w));
	return span_of(part_buf[which], w.n);
}

static struct span
part_of(const struct engine_auth_reply *r, enum auth_part_kind kind)
{
	static struct auth_part_list list;

	ck_assert_msg(r->status != AUTH_FAILED, "%s", r->text);
	ck_assert(auth_parts_read(r->token, &list));
	return auth_part_data(&list, kind);
}

/* Both contexts are complete; b has the wrapped hash of a as its last question. */
static void
v1_start(void)
{
	struct krb_ticket *t;

	two.ka = krb_open(&two.ca);
	two.kb = krb_open(&two.cb);
	ck_assert_ptr_nonnull(two.a = krb_v1_dialogue_new(two.ka, true, HASH_SHA1));
	ck_assert_ptr_nonnull(two.b = krb_v1_dialogue_new(two.kb, false, HASH_SHA1));
	t = krb_ticket_fetch(two.ka, "host/b.test", -1, &two.ra);
	ck_assert_msg(t != NULL, "%s", two.ra.text);
	ck_assert(krb_v1_take_ticket(two.a, t));
	auth_dialogue_step(two.a, SPAN_NONE, &two.ra);
	auth_dialogue_step(two.b,
	    parts(0, AUTH_PART_GSS, part_of(&two.ra, AUTH_PART_GSS), AUTH_PART_GSS,
		SPAN_NONE),
	    &two.rb);
	ck_assert_str_eq(two.rb.peer_name, "host/a.test@TEST");
	auth_dialogue_step(two.a,
	    parts(0, AUTH_PART_GSS, part_of(&two.rb, AUTH_PART_GSS), AUTH_PART_GSS,
		SPAN_NONE),
	    &two.ra);
	ck_assert_str_eq(two.ra.peer_name, "host/b.test@TEST");
	ck_assert_uint_eq(two.ra.token.n, 0);
}

static bool
v1_sign(struct auth_dialogue *d, const char *hash, struct engine_auth_reply *r)
{
	auth_dialogue_step(d,
	    parts(1, AUTH_PART_HASH, span_of(hash, 20), AUTH_PART_HASH, SPAN_NONE), r);
	return r->status != AUTH_FAILED;
}

static bool
v1_verify(struct auth_dialogue *d, const char *hash,
    const struct engine_auth_reply *peer, struct engine_auth_reply *r)
{
	auth_dialogue_step(d,
	    parts(0, AUTH_PART_HASH, span_of(hash, 20), AUTH_PART_SIGNATURE,
		part_of(peer, AUTH_PART_SIGNATURE)),
	    r);
	return r->status != AUTH_FAILED;
}

#define HASH_OF_I "HASH_I has 20 bytes!"
#define HASH_OF_R "HASH_R has 20 bytes!"

START_TEST(v1_both_sides_succeed)
{
	two_begin("a", "b");
	v1_start();
	ck_assert_msg(v1_sign(two.a, HASH_OF_I, &two.ra), "%s", two.ra.text);
	ck_assert_msg(v1_verify(two.b, HASH_OF_I, &two.ra, &two.rb), "%s", two.rb.text);
	ck_assert_int_eq(two.rb.status, AUTH_CONTINUE);
	ck_assert_msg(v1_sign(two.b, HASH_OF_R, &two.rb), "%s", two.rb.text);
	ck_assert_int_eq(two.rb.status, AUTH_DONE);
	ck_assert_msg(v1_verify(two.a, HASH_OF_R, &two.rb, &two.ra), "%s", two.ra.text);
	ck_assert_int_eq(two.ra.status, AUTH_DONE);
	ck_assert_str_eq(two.ra.peer_name, "host/b.test@TEST");
	ck_assert_uint_eq(two.ra.secret.n + two.rb.secret.n, 0);
	two_end();
}
END_TEST

/* A hash of another message, a changed one, our own back, and signing before verifying. */
START_TEST(v1_hashes_that_are_wrong)
{
	static struct engine_auth_reply mine;

	two_begin("a", "b");
	v1_start();
	ck_assert(v1_sign(two.a, HASH_OF_I, &two.ra));
	if (_i == 0) {
		ck_assert(!v1_verify(two.b, HASH_OF_R, &two.ra, &two.rb));
		two_expect(&two.rb, SEC_E_MESSAGE_ALTERED, "hash of host/a.test@TEST is wrong", "");
	} else if (_i == 1) {
		((uint8_t *)two.ra.token.p)[two.ra.token.n - 1] ^= 1;
		ck_assert(!v1_verify(two.b, HASH_OF_I, &two.ra, &two.rb));
	} else if (_i == 2) {
		mine = two.ra;
		ck_assert(!v1_verify(two.a, HASH_OF_I, &mine, &two.ra)); /* reflected */
	} else {
		ck_assert(!v1_sign(two.b, HASH_OF_R, &two.rb));
		two_expect(&two.rb, SEC_E_INVALID_TOKEN, "no hash of ours is due", "");
	}
	two_end();
}
END_TEST

/* Steps before the tokens are there, tokens of another kind, and a dialogue without ticket. */
START_TEST(v1_tokens_out_of_place)
{
	two_begin("a", "b");
	two.ka = krb_open(&two.ca);
	two.kb = krb_open(&two.cb);
	ck_assert_ptr_nonnull(two.b = krb_v1_dialogue_new(two.kb, false, HASH_SHA1));
	ck_assert(!v1_sign(two.b, HASH_OF_R, &two.rb));
	two_expect(&two.rb, SEC_E_INVALID_TOKEN, "it is none, or out of place", "");
	auth_dialogue_free(two.b);
	ck_assert_ptr_nonnull(two.b = krb_v1_dialogue_new(two.kb, false, HASH_SHA1));
	auth_dialogue_step(two.b, span_of("\7\0\1x", 4), &two.rb);
	ck_assert_int_eq(two.rb.status, AUTH_FAILED);
	ck_assert_ptr_nonnull(two.a = krb_v1_dialogue_new(two.ka, true, HASH_SHA1));
	auth_dialogue_step(two.a, SPAN_NONE, &two.ra);
	two_expect(&two.ra, SEC_E_INVALID_TOKEN, "a step that cannot be", "");
	ck_assert(!krb_v1_take_ticket(two.b, NULL));
	two_end();
}
END_TEST

TCase *
krb_v1_cases(void)
{
	TCase *t = tcase_create("v1");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, v1_both_sides_succeed);
	tcase_add_loop_test(t, v1_hashes_that_are_wrong, 0, 4);
	tcase_add_test(t, v1_tokens_out_of_place);
	return t;
}
