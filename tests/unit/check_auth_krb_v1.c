/* Kerberos in main mode of IKEv1, with tickets of a real KDC. */
#include <stdio.h>
#include <string.h>

#include "daemon/auth_krb_mit.h"
#include "ike/auth_part.h"
#include "tests/unit/check_auth_krb.h"

static struct config ca, cb;
static struct auth_krb *ka, *kb;
static struct auth_dialogue *a, *b;
static struct engine_auth_reply ra, rb;

static void
begin(void)
{
	krb_config(&ca, "a");
	krb_config(&cb, "b");
}

static void
end(void)
{
	auth_dialogue_free(a);
	auth_dialogue_free(b);
	a = b = NULL;
	auth_krb_free(ka);
	auth_krb_free(kb);
}

static void
expect(const struct engine_auth_reply *r, uint32_t status, const char *text)
{
	ck_assert_int_eq(r->status, AUTH_FAILED);
	ck_assert_msg(r->gss_status == status, "0x%08x: %s", r->gss_status, r->text);
	ck_assert_msg(
	    strstr(r->text, text) != NULL, "\"%s\" not in: %s", text, r->text);
	ck_assert_uint_eq(r->token.n, 0);
}

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

	ka = krb_open(&ca);
	kb = krb_open(&cb);
	ck_assert_ptr_nonnull(a = krb_v1_dialogue_new(ka, true, HASH_SHA1));
	ck_assert_ptr_nonnull(b = krb_v1_dialogue_new(kb, false, HASH_SHA1));
	t = krb_ticket_fetch(ka, "host/b.test", -1, &ra);
	ck_assert_msg(t != NULL, "%s", ra.text);
	ck_assert(krb_v1_take_ticket(a, t));
	auth_dialogue_step(a, SPAN_NONE, &ra);
	auth_dialogue_step(b,
	    parts(0, AUTH_PART_GSS, part_of(&ra, AUTH_PART_GSS), AUTH_PART_GSS,
		SPAN_NONE),
	    &rb);
	ck_assert_str_eq(rb.peer_name, "host/a.test@TEST");
	auth_dialogue_step(a,
	    parts(0, AUTH_PART_GSS, part_of(&rb, AUTH_PART_GSS), AUTH_PART_GSS,
		SPAN_NONE),
	    &ra);
	ck_assert_str_eq(ra.peer_name, "host/b.test@TEST");
	ck_assert_uint_eq(ra.token.n, 0);
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
	begin();
	v1_start();
	ck_assert_msg(v1_sign(a, HASH_OF_I, &ra), "%s", ra.text);
	ck_assert_msg(v1_verify(b, HASH_OF_I, &ra, &rb), "%s", rb.text);
	ck_assert_int_eq(rb.status, AUTH_CONTINUE);
	ck_assert_msg(v1_sign(b, HASH_OF_R, &rb), "%s", rb.text);
	ck_assert_int_eq(rb.status, AUTH_DONE);
	ck_assert_msg(v1_verify(a, HASH_OF_R, &rb, &ra), "%s", ra.text);
	ck_assert_int_eq(ra.status, AUTH_DONE);
	ck_assert_str_eq(ra.peer_name, "host/b.test@TEST");
	ck_assert_uint_eq(ra.secret.n + rb.secret.n, 0);
	end();
}
END_TEST

/* A hash of another message, a changed one, our own back, and signing before verifying. */
START_TEST(v1_hashes_that_are_wrong)
{
	static struct engine_auth_reply mine;

	begin();
	v1_start();
	ck_assert(v1_sign(a, HASH_OF_I, &ra));
	if (_i == 0) {
		ck_assert(!v1_verify(b, HASH_OF_R, &ra, &rb));
		expect(&rb, SEC_E_MESSAGE_ALTERED, "hash of host/a.test@TEST is wrong");
	} else if (_i == 1) {
		((uint8_t *)ra.token.p)[ra.token.n - 1] ^= 1;
		ck_assert(!v1_verify(b, HASH_OF_I, &ra, &rb));
	} else if (_i == 2) {
		mine = ra;
		ck_assert(!v1_verify(a, HASH_OF_I, &mine, &ra)); /* reflected */
	} else {
		ck_assert(!v1_sign(b, HASH_OF_R, &rb));
		expect(&rb, SEC_E_INVALID_TOKEN, "no hash of ours is due");
	}
	end();
}
END_TEST

/* Steps before the tokens are there, tokens of another kind, and a dialogue without ticket. */
START_TEST(v1_tokens_out_of_place)
{
	begin();
	ka = krb_open(&ca);
	kb = krb_open(&cb);
	ck_assert_ptr_nonnull(b = krb_v1_dialogue_new(kb, false, HASH_SHA1));
	ck_assert(!v1_sign(b, HASH_OF_R, &rb));
	expect(&rb, SEC_E_INVALID_TOKEN, "it is none, or out of place");
	auth_dialogue_free(b);
	ck_assert_ptr_nonnull(b = krb_v1_dialogue_new(kb, false, HASH_SHA1));
	auth_dialogue_step(b, span_of("\7\0\1x", 4), &rb);
	ck_assert_int_eq(rb.status, AUTH_FAILED);
	ck_assert_ptr_nonnull(a = krb_v1_dialogue_new(ka, true, HASH_SHA1));
	auth_dialogue_step(a, SPAN_NONE, &ra);
	expect(&ra, SEC_E_INVALID_TOKEN, "a step that cannot be");
	ck_assert(!krb_v1_take_ticket(b, NULL));
	end();
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
