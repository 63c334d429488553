/* The auth role with Kerberos: the KDC answers, refuses, or keeps it waiting. */
#include <errno.h>
#include <fcntl.h>
#include <krb5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "daemon/auth_kdc.h"
#include "daemon/role.h"
#include "tests/krb/large_ticket.h"
#include "tests/unit/auth_fakes.h"
#include "tests/unit/check_auth_krb.h"

#define PATIENCE_S 30 /* what computes in the whole check is nice: it may get little */

static struct config c;
static struct event_base *base;
static void *role;
static uint32_t asking_uid; /* whose credentials; 0: the host's */
static uint32_t timeout_s = PATIENCE_S;
static bool is_for_all;	    /* peer_names has users, too */
static const char *says = "host/b.test", *target = ""; /* the peer's GSS_ID; our policy's */

static void
begin(const char *keytab)
{
	krb_config(&c, keytab);
	strcpy(c.trust_file, "/etc/ssl/certs/ca-certificates.crt");
	c.kerberos.timeout_s = timeout_s;
	c.kerberos.n_peer_name = is_for_all;
	strcpy(c.kerberos.peer_name[0], "*");
	base = event_base_new();
	role = auth_role.start(base, &c, &fake.channel);
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
	q.uid = initiator ? asking_uid : 0;
	snprintf(q.peer_gss_id, sizeof(q.peer_gss_id), "%s", says);
	snprintf(q.target_name, sizeof(q.target_name), "%s", initiator ? target : "");
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
	wait_sent(1, PATIENCE_S);
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

/*
 * Whose ticket: of the name that policy or program demands, whatever the peer calls itself,
 * and a peer with another key cannot read it. An optional name does not stop anybody.
 */
static const struct {
	const char *target, *says, *peer, *text; /* text: what the initiator or the responder says */
} targets[] = {
	{ "host/b.test", "host/c.test", "host/b.test@TEST", "" },
	{ "host/b.test", "", "host/b.test@TEST", "" },
	{ "HOST/B.test@TEST", "host/b.test", NULL, "HOST/B.test@TEST" },
	{ "host/c.test", "host/b.test", NULL, "not in our keytab" },
	{ "optional:host/c.test", "host/b.test", "host/b.test@TEST", "" },
	{ "raw:host/b.test@TEST", "host/b.test", "host/b.test@TEST", "" },
	{ "", "host/c.test", NULL, "not in our keytab" },
};

START_TEST(ticket_of_the_name_that_is_demanded)
{
	begin("b");
	target = targets[_i].target;
	says = targets[_i].says;
	ask(1, AUTH_START, true, SPAN_NONE);
	wait_sent(1, PATIENCE_S);
	if (fake.reply.status == AUTH_CONTINUE)
		ask(2, AUTH_START, false, span_of(fake.token, fake.token_n));
	if (fake.reply.status == AUTH_DONE)
		ask(1, AUTH_STEP, true, span_of(fake.token, fake.token_n));
	ck_assert_msg((fake.reply.status == AUTH_DONE) == (targets[_i].peer != NULL), "%s",
	    fake.reply.text);
	ck_assert_str_eq(fake.reply.peer_name, targets[_i].peer != NULL ? targets[_i].peer : "");
	ck_assert_msg(strstr(fake.reply.text, targets[_i].text) != NULL, "%s", fake.reply.text);
	end();
}
END_TEST

/* Many at once, more than threads. */
START_TEST(many_at_once)
{
	timeout_s = PATIENCE_S;
	begin("b");
	for (uint64_t h = 1; h <= 40; h++)
		ask(h, AUTH_START, true, SPAN_NONE);
	wait_sent(40, PATIENCE_S);
	ck_assert_int_eq(fake.n_sent, 40);
	ck_assert_msg(fake.reply.status == AUTH_CONTINUE, "%s", fake.reply.text);
	end();
}
END_TEST

/* The answer comes in time, and others do not wait for it: libkrb5 itself takes far longer. */
START_TEST(kdc_is_silent)
{
	double start;

	realm_use(realm_silent_port(), 300);
	timeout_s = 1;
	begin("a");
	for (uint64_t h = 1; h <= 3 * AUTH_KDC_THREADS; h++)
		ask(h, AUTH_START, true, SPAN_NONE);
	ask(1000, AUTH_START, false, span_of("x", 1));
	ck_assert_int_eq(fake.n_sent, 1);
	ck_assert_uint_eq(fake.reply.handle, 1000);
	wait_sent(1 + 3 * AUTH_KDC_THREADS, 8);
	ck_assert_int_eq(fake.n_sent, 1 + 3 * AUTH_KDC_THREADS);
	ck_assert_uint_eq(fake.reply.status, AUTH_FAILED);
	ck_assert_uint_eq(fake.reply.gss_status, SEC_E_NO_AUTHENTICATING_AUTHORITY);
	printf("%s\n", fake.reply.text);
	ck_assert_ptr_nonnull(strstr(fake.reply.text, "did not answer in 1 s"));
	ck_assert_ptr_nonnull(strstr(fake.reply.text, "krb5.conf"));
	start = now_s();
	end();
	ck_assert_double_lt(now_s() - start, 8);
}
END_TEST

/* In time: all goes well, and nobody else waited. Too late: it is as if it had not come. */
START_TEST(kdc_is_slow)
{
	bool is_late = _i == 1;

	timeout_s = is_late ? 1 : PATIENCE_S;
	realm_use(realm_slow_port(is_late ? 700 : 200), 300);
	begin("b");
	ask(1, AUTH_START, true, SPAN_NONE);
	ask(1000, AUTH_START, false, span_of("x", 1));
	ck_assert_int_eq(fake.n_sent, 1);
	ck_assert_uint_eq(fake.reply.handle, 1000);
	wait_sent(2, PATIENCE_S);
	ck_assert_int_eq(fake.n_sent, 2);
	ck_assert_uint_eq(fake.reply.handle, 1);
	ck_assert_msg(fake.reply.status == (is_late ? AUTH_FAILED : AUTH_CONTINUE), "%s",
	    fake.reply.text);
	if (is_late)
		ck_assert_ptr_nonnull(strstr(fake.reply.text, "did not answer in 1 s"));
	wait_sent(3, is_late ? 2 : 0);
	ck_assert_int_eq(fake.n_sent, 2);
	end();
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

/* ---- tickets of users ---- */

/*
 * What kinit writes, with the key of NAME.keytab: NAME is a user. Then a ticket for
 * host/b.test of more than n_large bytes (0: none), and all of them last so many seconds.
 */
static int
user_cache(const char *name, size_t n_large, krb5_deltat life_s)
{
	krb5_get_init_creds_opt *opt;
	char file[] = "/tmp/check_auth_cache.XXXXXX", cache_name[64], keytab_name[300];
	krb5_principal client;
	krb5_keytab keytab;
	krb5_context ctx;
	krb5_ccache cache;
	krb5_creds creds;
	int fd = mkstemp(file);

	ck_assert_int_ge(fd, 0);
	snprintf(cache_name, sizeof(cache_name), "FILE:%s", file);
	snprintf(keytab_name, sizeof(keytab_name), "FILE:%s", realm_keytab(name));
	ck_assert_int_eq(krb5_init_context(&ctx), 0);
	ck_assert_int_eq(krb5_parse_name(ctx, name, &client), 0);
	ck_assert_int_eq(krb5_kt_resolve(ctx, keytab_name, &keytab), 0);
	ck_assert_int_eq(krb5_get_init_creds_opt_alloc(ctx, &opt), 0);
	krb5_get_init_creds_opt_set_tkt_life(opt, life_s);
	ck_assert_int_eq(
	    krb5_get_init_creds_keytab(ctx, &creds, client, keytab, 0, NULL, opt), 0);
	krb5_get_init_creds_opt_free(ctx, opt);
	ck_assert_int_eq(krb5_cc_resolve(ctx, cache_name, &cache), 0);
	ck_assert_int_eq(krb5_cc_initialize(ctx, cache, client), 0);
	ck_assert_int_eq(krb5_cc_store_cred(ctx, cache, &creds), 0);
	if (n_large > 0)
		ck_assert_int_eq(large_ticket(ctx, cache, "host/b.test", n_large), 0);
	krb5_cc_close(ctx, cache);
	krb5_free_cred_contents(ctx, &creds);
	krb5_kt_close(ctx, keytab);
	krb5_free_principal(ctx, client);
	krb5_free_context(ctx);
	close(fd);
	fd = open(file, O_RDONLY | O_CLOEXEC);
	unlink(file);
	return fd;
}

static void
keeper_says(uint64_t handle, uint32_t error, int fd)
{
	struct proto_cache m;

	memset(&m, 0, sizeof(m));
	m.handle = handle;
	m.uid = asking_uid;
	m.error = error;
	auth_role.message(role, PROTO_CACHE_REPLY, span_of(&m, sizeof(m)), fd);
}

static void
begin_for_user(void)
{
	begin("b");
	asking_uid = 1000;
	memset(&fake.cache_ask, 0, sizeof(fake.cache_ask));
	ask(1, AUTH_START, true, SPAN_NONE);
	ck_assert_int_eq(fake.n_sent, 0);
	ck_assert_uint_eq(fake.cache_ask.uid, 1000);
	ck_assert_uint_eq(fake.cache_ask.handle, 1);
}

/* The peer sees the user and not this host, and its peer_names decide. */
START_TEST(user_is_who_we_are)
{
	begin_for_user();
	keeper_says(1, 0, user_cache("mallory", 0, 600));
	wait_sent(1, PATIENCE_S);
	ck_assert_msg(fake.reply.status == AUTH_CONTINUE, "%s", fake.reply.text);
	ask(2, AUTH_START, false, span_of(fake.token, fake.token_n));
	ck_assert_uint_eq(fake.reply.status, AUTH_FAILED);
	ck_assert_ptr_nonnull(strstr(fake.reply.text, "the peer is mallory@TEST"));
	end();
}
END_TEST

/* As with a PAC: in more than one piece for every path, and still one token. */
START_TEST(ticket_is_large)
{
	is_for_all = true;
	begin_for_user();
	keeper_says(1, 0, user_cache("mallory", 12500, 600));
	wait_sent(1, PATIENCE_S);
	ck_assert_msg(fake.reply.status == AUTH_CONTINUE, "%s", fake.reply.text);
	ck_assert_uint_gt(fake.token_n, 12500);
	ask(2, AUTH_START, false, span_of(fake.token, fake.token_n));
	ck_assert_msg(fake.reply.status == AUTH_DONE, "%s", fake.reply.text);
	ck_assert_str_eq(fake.reply.peer_name, "mallory@TEST");
	ask(1, AUTH_STEP, true, span_of(fake.token, fake.token_n));
	ck_assert_msg(fake.reply.status == AUTH_DONE, "%s", fake.reply.text);
	end();
}
END_TEST

/* Theirs to renew: a line says so, and nobody asks the KDC in vain. */
START_TEST(ticket_of_the_user_has_expired)
{
	int fd = user_cache("mallory", 0, 1);

	sleep(2);
	realm_use(0, 0);
	begin_for_user();
	keeper_says(1, 0, fd);
	wait_sent(1, PATIENCE_S);
	ck_assert_uint_eq(fake.reply.status, AUTH_FAILED);
	printf("%s\n", fake.reply.text);
	ck_assert_uint_eq(fake.reply.gss_status, SEC_E_CONTEXT_EXPIRED);
	ck_assert_ptr_nonnull(strstr(fake.reply.text, "ticket of the user"));
	end();
}
END_TEST

/* No file, a file that is no cache, and an answer that nobody waits for. */
START_TEST(user_has_no_tickets)
{
	begin_for_user();
	keeper_says(1, ENOENT, -1);
	ck_assert_int_eq(fake.n_sent, 1);
	ck_assert_uint_eq(fake.reply.gss_status, SEC_E_NO_CREDENTIALS);
	ck_assert_ptr_nonnull(strstr(fake.reply.text, "user 1000"));
	ck_assert_ptr_nonnull(strstr(fake.reply.text, "run kinit -c"));
	ck_assert_ptr_nonnull(strstr(fake.reply.text, "KCM and KEYRING are not read"));
	end();
	begin_for_user();
	keeper_says(1, EPERM, -1);
	ck_assert_ptr_nonnull(strstr(fake.reply.text, "plain file"));
	end();
	begin_for_user();
	keeper_says(1, 0, open("/etc/passwd", O_RDONLY));
	wait_sent(1, PATIENCE_S);
	ck_assert_uint_eq(fake.reply.status, AUTH_FAILED);
	ck_assert_msg(strstr(fake.reply.text, "run kinit") != NULL, "%s", fake.reply.text);
	end();
	begin_for_user();
	ask(1, AUTH_ABORT, true, SPAN_NONE);
	keeper_says(1, 0, open("/etc/passwd", O_RDONLY));
	wait_sent(1, 0.3);
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
	tcase_add_loop_test(t, ticket_of_the_name_that_is_demanded, 0,
	    (int)(sizeof(targets) / sizeof(targets[0])));
	tcase_add_test(t, many_at_once);
	tcase_add_test(t, kdc_is_silent);
	tcase_add_loop_test(t, kdc_is_slow, 0, 2);
	tcase_add_test(t, aborted_questions_have_no_answer);
	tcase_add_test(t, user_is_who_we_are);
	tcase_add_test(t, ticket_is_large);
	tcase_add_test(t, ticket_of_the_user_has_expired);
	tcase_add_test(t, user_has_no_tickets);
	tcase_add_loop_test(t, no_keytab, 0, 2);
	tcase_add_test(t, unusable_keytab);
	return t;
}
