/* The auth role with Kerberos: the KDC answers, refuses, or keeps it waiting. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <event2/event.h>

#include "daemon/auth_kdc.h"
#include "daemon/role.h"
#include "tests/unit/auth_fakes.h"
#include "tests/unit/check_auth_krb.h"

static struct config c;
static struct event_base *base;
static void *role;

static void
begin(const char *keytab)
{
	krb_config(&c, keytab);
	strcpy(c.trust_file, "/etc/ssl/certs/ca-certificates.crt");
	c.kerberos.timeout_s = 1;
	base = event_base_new();
	role = auth_role.start(base, &c, NULL);
	ck_assert_ptr_nonnull(role);
	auth_role.peer(role, ROLE_NEGOTIATOR, -1);
	fake.n_sent = 0;
}

static void
end(void)
{
	auth_role.free(role);
	event_base_free(base);
}

static void
ask(uint64_t handle, enum auth_step step, bool initiator, struct span token)
{
	struct proto_auth_ask q;
	uint8_t *frame = malloc(sizeof(q) + token.n + 1);

	ck_assert_ptr_nonnull(frame);
	memset(&q, 0, sizeof(q));
	q.handle = handle;
	q.step = (uint32_t)step;
	q.method = AUTH_KERBEROS;
	q.initiator = initiator;
	strcpy(q.peer_gss_id, "host/b.test");
	memcpy(frame, &q, sizeof(q));
	if (token.n > 0)
		memcpy(frame + sizeof(q), token.p, token.n);
	fake.channel.handler(fake.channel.ctx, PROTO_AUTH_ASK,
	    span_of(frame, sizeof(q) + token.n), -1);
	free(frame);
}

static double
now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Runs the loop until there are n replies, or for so many seconds. */
static void
wait_sent(int n, double seconds)
{
	struct timeval tick = { 0, 10000 };
	double until = now_s() + seconds;

	while (fake.n_sent < n && now_s() < until) {
		event_base_loopexit(base, &tick);
		event_base_loop(base, EVLOOP_ONCE);
	}
}

/* One role has both ends: handle 1 begins, handle 2 answers. */
START_TEST(whole_dialogue)
{
	struct secret secret;

	begin("b");
	ask(1, AUTH_START, true, SPAN_NONE);
	ck_assert_int_eq(fake.n_sent, 0); /* nobody waited for the KDC */
	wait_sent(1, 10);
	ck_assert_msg(fake.reply.status == AUTH_CONTINUE, "%s", fake.reply.text);
	ck_assert_uint_eq(fake.reply.handle, 1);
	ask(2, AUTH_START, false, span_of(fake.token, fake.token_n));
	ck_assert_msg(fake.reply.status == AUTH_DONE, "%s", fake.reply.text);
	secret = fake.reply.secret;
	ask(1, AUTH_STEP, true, span_of(fake.token, fake.token_n));
	ck_assert_msg(fake.reply.status == AUTH_DONE, "%s", fake.reply.text);
	ck_assert_str_eq(fake.reply.peer_name, "host/b.test@TEST");
	ck_assert_uint_eq(secret.n, 32);
	ck_assert_mem_eq(fake.reply.secret.b, secret.b, 32);
	ck_assert_int_eq(fake.n_sent, 3);
	end();
}
END_TEST

/* Many at once, more than threads. */
START_TEST(many_at_once)
{
	begin("b");
	c.kerberos.timeout_s = 20;
	for (uint64_t h = 1; h <= 40; h++)
		ask(h, AUTH_START, true, SPAN_NONE);
	wait_sent(40, 10);
	ck_assert_int_eq(fake.n_sent, 40);
	ck_assert_msg(fake.reply.status == AUTH_CONTINUE, "%s", fake.reply.text);
	end();
}
END_TEST

/* The answer comes in time, and others do not wait for it. */
START_TEST(kdc_is_silent)
{
	double start = now_s();

	realm_use(realm_silent_port(), 300);
	begin("a");
	for (uint64_t h = 1; h <= 3 * AUTH_KDC_THREADS; h++)
		ask(h, AUTH_START, true, SPAN_NONE);
	ask(1000, AUTH_START, false, span_of("x", 1));
	ck_assert_int_eq(fake.n_sent, 1);
	ck_assert_double_lt(now_s() - start, 0.9);
	wait_sent(1 + 3 * AUTH_KDC_THREADS, 5);
	ck_assert_int_eq(fake.n_sent, 1 + 3 * AUTH_KDC_THREADS);
	ck_assert_double_lt(now_s() - start, 3);
	ck_assert_uint_eq(fake.reply.status, AUTH_FAILED);
	ck_assert_uint_eq(fake.reply.gss_status, SEC_E_NO_AUTHENTICATING_AUTHORITY);
	printf("%s\n", fake.reply.text);
	ck_assert_ptr_nonnull(strstr(fake.reply.text, "did not answer in 1 s"));
	ck_assert_ptr_nonnull(strstr(fake.reply.text, "krb5.conf"));
	end();
	ck_assert_double_lt(now_s() - start, 5);
}
END_TEST

START_TEST(aborted_questions_have_no_answer)
{
	begin("b");
	ask(1, AUTH_START, true, SPAN_NONE);
	ask(1, AUTH_ABORT, true, SPAN_NONE);
	ask(2, AUTH_START, true, SPAN_NONE);
	fake.channel.closed(fake.channel.ctx); /* the negotiator dies */
	wait_sent(1, 1.5);
	ck_assert_int_eq(fake.n_sent, 0);
	end();
}
END_TEST

START_TEST(no_keytab)
{
	begin(NULL);
	ask(1, AUTH_START, _i, SPAN_NONE);
	ck_assert_int_eq(fake.n_sent, 1);
	ck_assert_uint_eq(fake.reply.status, AUTH_FAILED);
	ck_assert_uint_eq(fake.reply.gss_status, SEC_E_NO_CREDENTIALS);
	ck_assert_ptr_nonnull(strstr(fake.reply.text, "`keytab`"));
	end();
}
END_TEST

START_TEST(unusable_keytab)
{
	krb_config(&c, "absent");
	strcpy(c.trust_file, "/etc/ssl/certs/ca-certificates.crt");
	ck_assert_ptr_null(auth_role.start(NULL, &c, NULL));
	ck_assert_int_eq(fake.n_warning, 1);
}
END_TEST

TCase *
krb_role_cases(void)
{
	TCase *t = tcase_create("role");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, whole_dialogue);
	tcase_add_test(t, many_at_once);
	tcase_add_test(t, kdc_is_silent);
	tcase_add_test(t, aborted_questions_have_no_answer);
	tcase_add_loop_test(t, no_keytab, 0, 2);
	tcase_add_test(t, unusable_keytab);
	return t;
}
