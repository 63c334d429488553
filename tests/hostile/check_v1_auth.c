/* IKEv1: answers of auth that do not fit the question. Nobody trusts the other role (H39). */
#include <string.h>

#include "ike/auth_part.h"
#include "tests/hostile/check_v1.h"

static const struct dialect dialect = DIALECT_DEFAULT;

static const enum auth_method methods[] = { AUTH_V1_PSK, AUTH_V1_RSA,
	AUTH_V1_KERBEROS };
#define METHODS 3
#define QUESTIONS 4 /* at most, of one host */

struct asked {
	size_t host;
	size_t nth; /* this question gets another answer */
	size_t n;
	uint64_t handle;
	bool is_verification; /* of the peer, at the responder: "go on" is an answer */
};

/* Of the question that is meant nothing else than our answer will come. */
static void
watch(void *ctx, size_t host, const struct engine_action *a)
{
	struct asked *q = ctx;
	struct auth_part_list parts;

	if (a->type != ACTION_AUTH || host != q->host || a->auth.step == AUTH_ABORT ||
	    q->n++ != q->nth)
		return;
	q->handle = a->auth.handle;
	q->is_verification = host == RESPONDER &&
			     auth_parts_read(a->auth.token, &parts) &&
			     auth_part_find(&parts, AUTH_PART_SIGNATURE, 0) != NULL;
	v1_net.host[host].auth_is_silent = true;
}

enum answer { NOTHING, NO_PARTS, SHORT_ID, EMPTY_GSS, EMPTY_SIGNATURE, ANSWERS };

static void
answer(const struct asked *q, enum answer what)
{
	static const uint8_t garbage[] = { 9, 9 }, short_id[] = { 9, 0, 0, 0 };
	struct engine_auth_reply r = { .handle = q->handle, .status = AUTH_CONTINUE };
	uint8_t b[64];
	struct writer w;

	writer_init(&w, b, sizeof(b));
	if (what == NO_PARTS)
		writer_bytes(&w, SPAN_ARRAY(garbage));
	else if (what == SHORT_ID)
		auth_part_write(&w, AUTH_PART_ID, SPAN_ARRAY(short_id));
	else if (what == EMPTY_GSS)
		auth_part_write(&w, AUTH_PART_GSS, SPAN_NONE);
	else if (what == EMPTY_SIGNATURE)
		auth_part_write(&w, AUTH_PART_SIGNATURE, SPAN_NONE);
	r.token = span_of(b, w.n);
	ck_assert(secret_set(&r.secret, span_of("short", 5)));
	engine_auth_reply(v1_net.host[q->host].engine, v1_net.now_ms, &r);
	sim_flush(&v1_net);
	secret_wipe(&r.secret);
}

static bool
try(enum auth_method method, struct asked *q, enum answer what)
{
	v1_prepare();
	for (size_t i = 0; i < SIM_HOSTS; i++)
		v1_net.host[i].policy.mm_auth[0] = (struct auth_entry){ method, true };
	sim_start(&v1_net, &dialect, &dialect);
	v1_net.watch = watch;
	v1_net.watch_ctx = q;
	sim_acquire(&v1_net, INITIATOR, 1, 4, 80);
	sim_run(&v1_net, 500);
	if (q->handle != 0)
		answer(q, what);
	sim_run(&v1_net, 300000);
	if (q->handle != 0 && !q->is_verification) {
		ck_assert_uint_eq(engine_event_count(v1_net.host[q->host].engine,
				      EVENT_MM_ESTABLISHED),
		    0);
		ck_assert_int_ne(v1_net.host[INITIATOR].result.error, IKE_OK);
		ck_assert_uint_eq(
		    v1_net.host[INITIATOR].n_sa + v1_net.host[RESPONDER].n_sa, 0);
	}
	sim_free(&v1_net);
	return q->handle != 0;
}

START_TEST(h39_answers_of_auth_that_do_not_fit)
{
	size_t n_tried = 0;

	for (size_t host = 0; host < SIM_HOSTS; host++)
		for (size_t nth = 0; nth < QUESTIONS; nth++)
			for (enum answer what = NOTHING; what < ANSWERS; what++) {
				struct asked q = { .host = host, .nth = nth };

				n_tried += try(methods[_i], &q, what);
			}
	/* A pre-shared key is one question each. */
	ck_assert_uint_ge(n_tried, ANSWERS * (methods[_i] == AUTH_V1_PSK ? 2 : 6));
}
END_TEST

TCase *
v1_auth_cases(void)
{
	TCase *t = tcase_create("answers of auth");

	tcase_add_loop_test(t, h39_answers_of_auth_that_do_not_fit, 0, METHODS);
	return t;
}
