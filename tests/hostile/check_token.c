/*
 * A token in the first message (A47), before anybody has proved anything: it is one of the
 * method that is meant, or of no use; and what auth says to it changes no more than it must.
 */
#include <string.h>

#include "tests/hostile/hostile.h"

#define BIT(method) (1u << (method))

static struct recipe r;
static struct raw w;

/* Changes the n-th message in clear of a host, once. */
struct spoil {
	size_t from;
	bool (*change)(int how); /* of r; false: it is another message */
	int how;
	bool is_over;
	struct raw answer; /* the first one from the other side behind it */
};

static bool
tap_spoil(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	struct spoil *s = ctx;

	if (s->is_over && from != s->from && s->answer.n == 0) {
		memcpy(s->answer.b, p, *n);
		s->answer.n = *n;
	}
	if (s->is_over || from != s->from || (p[19] & ISAKMP_FLAG_ENCRYPTED) != 0)
		return true;
	ck_assert(recipe_read(&r, NULL, span_of(p, *n)));
	if (!s->change(s->how))
		return true;
	s->is_over = true;
	recipe_write(&r, NULL, &w);
	memcpy(p, w.b, w.n);
	*n = w.n;
	return true;
}

/* By two methods; the second negotiation knows the name of the peer from the first. */
static void
begin_with(struct spoil *s, enum auth_method first, enum auth_method second)
{
	static struct dialect d = DIALECT_DEFAULT;

	d.optimistic_gss = OPTIMISTIC_GSS_ON;
	sim_init(&net, 1);
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		struct policy *p = &net.host[i].policy;

		p->n_em_auth = 0;
		p->n_mm_auth = 2;
		p->n_mm_proposal = 1;
		p->mm_auth[0] = (struct auth_entry){ first, true };
		p->mm_auth[1] = (struct auth_entry){ second, true };
	}
	sim_start(&net, &d, &d);
	sim_acquire(&net, INITIATOR, 1, 4, 80);
	ck_assert(sim_run_results(&net, INITIATOR, 1, 1000));
	engine_delete_mm(net.host[INITIATOR].engine, net.now_ms, 0);
	sim_run(&net, 200000);
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		ck_assert_uint_eq(sim_count_mm(&net, i), 0);
		net.host[i].n_dialogue = 0;
	}
	net.tap = tap_spoil;
	net.tap_ctx = s;
}

static void
begin(struct spoil *s)
{
	begin_with(s, AUTH_KERBEROS, AUTH_TLS);
}

static void
remove_all(uint8_t type)
{
	for (size_t i = r.n; i-- > 0;)
		if (r.item[i].type == type)
			recipe_remove(&r, i);
}

/* ---- tokens that are none ---- */

enum { WHOLE, WITH_STATUS, EMPTY, CUT, OF_A_USER };

static bool
change_token(int how)
{
	struct item *gss = recipe_find(&r, PAYLOAD_GSS, 0);

	if (gss == NULL)
		return false;
	if (how == WITH_STATUS)
		gss->b[3] = 1;
	else if (how == EMPTY)
		gss->n -= 2;
	else if (how == CUT)
		gss->n = 3;
	else if (how == OF_A_USER)
		gss->b[4] |= GSS_FLAG_IMPERSONATION;
	return true;
}

START_TEST(token_that_is_none)
{
	struct spoil s = { .from = INITIATOR, .change = change_token, .how = _i };

	begin(&s);
	sim_acquire(&net, INITIATOR, 2, 4, 80);
	sim_run(&net, 10);
	ck_assert(s.is_over);
	ck_assert_uint_eq(
	    net.host[RESPONDER].n_dialogue, _i == WHOLE || _i == OF_A_USER);
	ck_assert_uint_eq(hostile_errors(RESPONDER, IKE_ERR_GSS), _i == CUT);
	if (_i != CUT) {
		ck_assert(recipe_read(&r, NULL, span_of(s.answer.b, s.answer.n)));
		ck_assert_uint_eq(recipe_find(&r, PAYLOAD_GSS, 0) != NULL,
		    net.host[RESPONDER].n_dialogue == 1);
		ck_assert_uint_eq(
		    hostile_mm(RESPONDER)->gss.peer_is_user, _i == OF_A_USER);
	}
	hostile_end();
}
END_TEST

/* ---- what auth says ---- */

static bool
change_nothing(int how)
{
	(void)how;
	return true;
}

START_TEST(token_that_is_refused)
{
	struct spoil s = { .from = INITIATOR, .change = change_nothing };
	struct pld_gss gss;

	if (_i == 0) {
		begin(&s);
		net.host[RESPONDER].refuses_peer = BIT(AUTH_KERBEROS);
	} else {
		begin_with(&s, AUTH_TLS, AUTH_KERBEROS);
		strcpy(net.host[RESPONDER].trusts, "another");
		net.host[RESPONDER].wants_retry = true;
	}
	sim_acquire(&net, INITIATOR, 2, 4, 80);
	sim_run(&net, 10);
	ck_assert(recipe_read(&r, NULL, span_of(s.answer.b, s.answer.n)));
	ck_assert_int_eq(pld_gss_decode(span_of(recipe_find(&r, PAYLOAD_GSS, 0)->b,
					    recipe_find(&r, PAYLOAD_GSS, 0)->n),
			     &gss),
	    IKE_OK);
	ck_assert_uint_eq(gss.status, _i == 1 ? 0x80090325 : 0x8009030c);
	ck_assert_uint_eq(gss.flags, _i == 1 ? GSS_FLAG_RETRY : 0);
	ck_assert_uint_eq(gss.token.n, 0);
	ck_assert_uint_eq(net.host[RESPONDER].n_failure, 1);
	net.host[RESPONDER].refuses_peer = 0;
	strcpy(net.host[RESPONDER].trusts, "*");
	hostile_end();
}
END_TEST

/*
 * Auth takes its time: M1 is read again then, whatever has come meanwhile, and as the policy is
 * then. 0: the same, 1: nobody may come any more.
 */
START_TEST(token_that_waits)
{
	struct spoil s = { .from = INITIATOR, .change = change_nothing };
	static const uint8_t junk[200] = { 1 };

	begin(&s);
	net.host[RESPONDER].auth_delay_ms = 100;
	sim_acquire(&net, INITIATOR, 2, 4, 80);
	sim_run(&net, 50);
	ck_assert_uint_eq(sim_count_mm(&net, RESPONDER), 1);
	sim_inject(&net, RESPONDER, junk, sizeof(junk));
	net.host[RESPONDER].has_mm_policy = _i == 0;
	net.host[RESPONDER].auth_delay_ms = 0;
	sim_run(&net, 100);
	ck_assert_uint_eq(s.answer.n > 0, _i == 0);
	ck_assert_uint_eq(sim_count_mm(&net, RESPONDER), _i == 0);
	ck_assert_uint_eq(net.host[RESPONDER].n_failure, _i == 1);
	ck_assert_uint_eq(net.host[INITIATOR].n_result, 1 + (_i == 0));
	net.host[RESPONDER].has_mm_policy = true;
	hostile_end();
}
END_TEST

static bool
as_small_as_can_be(int how)
{
	(void)how;
	remove_all(PAYLOAD_VID);
	remove_all(PAYLOAD_NATD);
	return true;
}

/* The answer of auth is larger than M1 allows: what the token has proved does not count. */
START_TEST(token_whose_answer_does_not_fit)
{
	struct spoil s = { .from = INITIATOR, .change = as_small_as_can_be };
	struct mm_sa *mm;

	begin(&s);
	sim_acquire(&net, INITIATOR, 2, 4, 80);
	sim_run(&net, SIM_LATENCY_MS);
	sim_flush(&net);
	mm = hostile_mm(RESPONDER);
	ck_assert_ptr_nonnull(mm);
	ck_assert_uint_eq(net.host[RESPONDER].n_dialogue, 1);
	ck_assert(recipe_read(&r, NULL, span_of(s.answer.b, s.answer.n)));
	ck_assert_ptr_null(recipe_find(&r, PAYLOAD_GSS, 0));
	ck_assert_ptr_null(mm->gss.secret);
	ck_assert_int_eq(mm->gss.state, GSS_WANTED);
	ck_assert(!mm_resp_keys(mm));
	hostile_end();
}
END_TEST

/* ---- answers that do not fit what was sent ---- */

static bool
add_token(int how)
{
	static const uint8_t gss[] = { 0, 0, 0, 0, GSS_FLAG_COMPLETE, 0, 0, 0, 0x60,
		2 };

	(void)how;
	if (recipe_find(&r, PAYLOAD_NONCE, 1) == NULL)
		return false;
	remove_all(PAYLOAD_GSS);
	recipe_add(&r, PAYLOAD_GSS, SPAN_ARRAY(gss));
	return true;
}

/* Nothing was sent that a token could answer: there is no ticket any more. */
START_TEST(token_that_answers_nothing)
{
	struct spoil s = { .from = RESPONDER, .change = add_token };

	begin(&s);
	net.host[INITIATOR].no_credential = BIT(AUTH_KERBEROS);
	sim_acquire(&net, INITIATOR, 2, 4, 80);
	sim_run(&net, 100);
	ck_assert(s.is_over);
	ck_assert_uint_eq(hostile_errors(INITIATOR, IKE_ERR_PAYLOAD_UNEXPECTED), 1);
	ck_assert_int_eq(hostile_mm(INITIATOR)->state, MM_FIRST_SENT);
	hostile_end();
}
END_TEST

static bool
without_name(int how)
{
	(void)how;
	if (recipe_find(&r, PAYLOAD_NONCE, 1) == NULL)
		return false;
	remove_all(PAYLOAD_GSS_ID);
	return true;
}

/* The name that was of no use is forgotten: the peer has to say its own. */
START_TEST(name_that_was_of_no_use)
{
	struct spoil s = { .from = RESPONDER, .change = without_name };

	begin(&s);
	net.host[INITIATOR].no_credential = BIT(AUTH_KERBEROS);
	sim_acquire(&net, INITIATOR, 2, 4, 80);
	sim_run(&net, 100);
	ck_assert(s.is_over);
	ck_assert_uint_eq(hostile_errors(INITIATOR, IKE_ERR_PAYLOAD_MISSING), 1);
	hostile_end();
}
END_TEST

static bool
without_kerberos(int how)
{
	struct item *auth = recipe_find(&r, PAYLOAD_AUTH, 0);

	(void)how;
	if (recipe_find(&r, PAYLOAD_NONCE, 1) == NULL)
		return false;
	ck_assert_uint_eq(auth->n, 8);
	memmove(auth->b, auth->b + 4, 4);
	auth->n = 4;
	return true;
}

/* A token of Kerberos under the name of TLS: TLS begins anew. */
START_TEST(token_of_another_method)
{
	struct spoil s = { .from = RESPONDER, .change = without_kerberos };

	begin(&s);
	sim_acquire(&net, INITIATOR, 2, 4, 80);
	sim_run(&net, 3 * SIM_LATENCY_MS - 1);
	ck_assert(s.is_over);
	ck_assert_uint_eq(net.host[INITIATOR].n_dialogue, 2);
	ck_assert_int_eq(net.host[INITIATOR].auth_method, AUTH_TLS);
	hostile_end();
}
END_TEST

TCase *
hostile_token_cases(void)
{
	TCase *t = tcase_create("token in the first message");

	tcase_add_loop_test(t, token_that_is_none, WHOLE, OF_A_USER + 1);
	tcase_add_loop_test(t, token_that_is_refused, 0, 2);
	tcase_add_loop_test(t, token_that_waits, 0, 2);
	tcase_add_test(t, token_whose_answer_does_not_fit);
	tcase_add_test(t, token_that_answers_nothing);
	tcase_add_test(t, name_that_was_of_no_use);
	tcase_add_test(t, token_of_another_method);
	return t;
}
