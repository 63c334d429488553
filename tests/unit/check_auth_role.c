/* The auth role between a negotiator and a keeper that are played by this test. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/auth_table.h"
#include "daemon/role.h"
#include "tests/unit/auth_fakes.h"
#include "tests/unit/check_auth.h"

static struct side host;
static void *role;

static void
begin(const char *cert)
{
	side_init(&host, "both", cert);
	role = auth_role.start(NULL, &host.c, NULL);
	ck_assert_ptr_nonnull(role);
	auth_role.peer(role, ROLE_NEGOTIATOR, -1);
	ck_assert_int_eq(fake.n_channel, 1);
	fake.n_sent = fake.n_warning = 0;
}

static void
end(void)
{
	auth_role.free(role);
	ck_assert_int_eq(fake.n_channel, 0);
}

static void
send_frame(
    const struct proto_auth_ask *q, size_t head_n, struct span token, uint16_t type)
{
	uint8_t *frame = malloc(head_n + token.n + 1);

	ck_assert(frame != NULL);
	memcpy(frame, q, head_n);
	if (token.n > 0)
		memcpy(frame + head_n, token.p, token.n);
	fake.channel.handler(
	    fake.channel.ctx, type, span_of(frame, head_n + token.n), -1);
	free(frame);
}

static void
ask(uint64_t handle, enum auth_step step, bool initiator, struct span token)
{
	struct proto_auth_ask q;

	memset(&q, 0, sizeof(q));
	q.handle = handle;
	q.step = (uint32_t)step;
	q.method = AUTH_TLS;
	q.initiator = initiator;
	send_frame(&q, sizeof(q), token, PROTO_AUTH_ASK);
}

static void
expect_failure(uint64_t handle, uint32_t status)
{
	ck_assert_uint_eq(fake.reply.handle, handle);
	ck_assert_uint_eq(fake.reply.status, AUTH_FAILED);
	ck_assert_msg(fake.reply.gss_status == status, "0x%08x %s",
	    fake.reply.gss_status, fake.reply.text);
	ck_assert_uint_eq(fake.token_n, 0);
	ck_assert_str_ne(fake.reply.text, "");
}

/* Both ends in one role: handle 1 initiates, handle 2 responds. */
START_TEST(whole_dialogue)
{
	uint8_t token[AUTH_MAX_TOKEN_BYTES];
	struct secret secret;
	size_t n;

	begin("rsa1");
	ask(1, AUTH_START, true, SPAN_NONE);
	for (int i = 0; i < 4; i++) {
		ck_assert_uint_eq(fake.reply.status, i < 3 ? AUTH_CONTINUE : AUTH_DONE);
		memcpy(token, fake.token, n = fake.token_n);
		if (i == 3)
			secret = fake.reply.secret;
		ask(2 - (uint64_t)i % 2, i == 0 ? AUTH_START : AUTH_STEP, i % 2,
		    span_of(token, n));
	}
	ck_assert_uint_eq(fake.reply.status, AUTH_DONE);
	ck_assert_uint_eq(fake.reply.handle, 1);
	ck_assert_str_eq(fake.reply.peer_name, "CN=rsa1");
	ck_assert_uint_eq(fake.reply.secret.n, 48);
	ck_assert_mem_eq(fake.reply.secret.b, secret.b, 48);
	ck_assert_int_eq(fake.n_sent, 5);
	/* Done dialogues are forgotten. */
	ask(1, AUTH_STEP, true, span_of(token, n));
	expect_failure(1, SEC_E_INVALID_TOKEN);
	ck_assert_uint_eq(fake.reply.secret.n, 0);
	end();
}
END_TEST

START_TEST(no_certificate)
{
	begin(NULL);
	ask(7, AUTH_START, true, SPAN_NONE);
	expect_failure(7, SEC_E_NO_CREDENTIALS);
	ck_assert_ptr_nonnull(strstr(fake.reply.text, "`certificate`"));
	end();
}
END_TEST

START_TEST(unknown_handle_and_other_methods)
{
	struct proto_auth_ask q = {
		.handle = 5, .step = AUTH_START, .method = AUTH_NTLM
	};

	begin("rsa1");
	ask(9, AUTH_STEP, true, span_of("x", 1));
	expect_failure(9, SEC_E_INVALID_TOKEN);
	send_frame(&q, sizeof(q), SPAN_NONE, PROTO_AUTH_ASK);
	expect_failure(5, SEC_E_UNSUPPORTED_FUNCTION);
	q.method = AUTH_KERBEROS;
	send_frame(&q, sizeof(q), SPAN_NONE, PROTO_AUTH_ASK);
	expect_failure(5, SEC_E_NO_CREDENTIALS);
	ck_assert_ptr_nonnull(strstr(fake.reply.text, "`keytab`"));
	end();
}
END_TEST

START_TEST(abort_forgets_without_answer)
{
	begin("rsa1");
	ask(3, AUTH_START, true, SPAN_NONE);
	ask(3, AUTH_ABORT, true, SPAN_NONE);
	ask(4, AUTH_ABORT, true, SPAN_NONE);
	ck_assert_int_eq(fake.n_sent, 1);
	ask(3, AUTH_STEP, true, span_of("x", 1));
	expect_failure(3, SEC_E_INVALID_TOKEN);
	end();
}
END_TEST

START_TEST(bad_frames_are_ignored)
{
	struct proto_auth_ask q;
	uint8_t two = 2;

	begin("rsa1");
	memset(&q, 0, sizeof(q));
	q.method = AUTH_TLS;
	for (size_t n = 0; n < sizeof(q); n += 13)
		send_frame(&q, n, SPAN_NONE, PROTO_AUTH_ASK);
	send_frame(&q, sizeof(q), SPAN_NONE, PROTO_AUTH_REPLY);
	send_frame(&q, sizeof(q), SPAN_NONE, 0xffff);
	q.step = AUTH_ABORT + 1;
	send_frame(&q, sizeof(q), SPAN_NONE, PROTO_AUTH_ASK);
	q.step = AUTH_START;
	memcpy((uint8_t *)&q + offsetof(struct proto_auth_ask, initiator), &two, 1);
	send_frame(&q, sizeof(q), SPAN_NONE, PROTO_AUTH_ASK);
	ck_assert_int_eq(fake.n_sent, 0);
	ck_assert_int_gt(fake.n_warning, 5);
	end();
}
END_TEST

START_TEST(limit_of_dialogues)
{
	begin("rsa1");
	for (uint64_t h = 1; h <= AUTH_TABLE_MAX; h++) {
		ask(h, AUTH_START, true, SPAN_NONE);
		ck_assert_uint_eq(fake.reply.status, AUTH_CONTINUE);
	}
	ask(1000, AUTH_START, true, SPAN_NONE);
	expect_failure(1000, SEC_E_INSUFFICIENT_MEMORY);
	ask(17, AUTH_ABORT, true, SPAN_NONE);
	ask(1001, AUTH_START, true, SPAN_NONE);
	ck_assert_uint_eq(fake.reply.status, AUTH_CONTINUE);
	/* A negotiator that died leaves nothing behind. */
	fake.channel.closed(fake.channel.ctx);
	ck_assert_int_eq(fake.n_channel, 0);
	auth_role.peer(role, ROLE_NEGOTIATOR, -1);
	ask(1001, AUTH_STEP, true, span_of("x", 1));
	expect_failure(1001, SEC_E_INVALID_TOKEN);
	end();
}
END_TEST

START_TEST(channels_and_descriptors)
{
	int fd[2];

	begin("rsa1");
	ask(1, AUTH_START, true, SPAN_NONE);
	auth_role.peer(role, ROLE_NEGOTIATOR, -1); /* replaces the former one */
	ck_assert_int_eq(fake.n_channel, 1);
	ask(1, AUTH_STEP, true, span_of("x", 1));
	expect_failure(1, SEC_E_INVALID_TOKEN);
	ck_assert_int_eq(pipe(fd), 0);
	auth_role.peer(role, ROLE_PLANE, fd[0]);
	auth_role.fd(role, FD_TUN, 0, fd[1]);
	ck_assert_int_eq(fcntl(fd[0], F_GETFD), -1);
	ck_assert_int_eq(fcntl(fd[1], F_GETFD), -1);
	auth_role.message(role, PROTO_READY, SPAN_NONE, -1);
	auth_role.stop(role);
	ck_assert_int_eq(fake.n_stopped, 1);
	ck_assert_int_eq(fake.n_channel, 0);
	end();
}
END_TEST

/* Configurations that cannot work say which file is the reason. */
static void
expect_no_start(const char *text)
{
	char err[600] = "";

	ck_assert_ptr_null(auth_tls_new(&host.c, err, sizeof(err)));
	ck_assert_msg(strstr(err, text) != NULL, "\"%s\" not in: %s", text, err);
}

START_TEST(unusable_files)
{
	side_init(&host, "both", "rsa1");
	snprintf(
	    host.c.cert[0].key, sizeof(host.c.cert[0].key), "%s", "/nowhere/x.key");
	expect_no_start("/nowhere/x.key");
	side_init(&host, "both", "rsa1");
	memcpy(strstr(host.c.cert[0].key, "rsa1"), "rsa2", 4);
	expect_no_start("key values mismatch");
	side_init(&host, "both", "locked");
	expect_no_start("locked.key");
	side_init(&host, "both", "absent");
	expect_no_start("absent.pem, which must be a certificate in PEM: No such file");
	side_init(&host, "absent", "rsa1");
	expect_no_start("absent.pem: No such file or directory");
}
END_TEST

START_TEST(system_bundle_is_the_default)
{
	char err[600];
	struct auth_tls *tls;

	side_init(&host, "both", NULL);
	host.c.trust_file[0] = '\0';
	tls = auth_tls_new(&host.c, err, sizeof(err));
	ck_assert_ptr_nonnull(tls);
	ck_assert_uint_eq(auth_tls_count_own(tls), 0);
	auth_tls_free(tls);
}
END_TEST

START_TEST(start_with_unusable_configuration)
{
	side_init(&host, "absent", "rsa1");
	ck_assert_ptr_null(auth_role.start(NULL, &host.c, NULL));
	ck_assert_int_eq(fake.n_warning, 1);
	auth_role.free(NULL);
}
END_TEST

START_TEST(abandoned_dialogues_expire)
{
	struct auth_table t;

	side_init(&host, "both", "rsa1");
	side_open(&host);
	auth_table_init(&t);
	for (uint64_t h = 1; h <= 3; h++)
		ck_assert(
		    auth_table_add(&t, h, auth_dialogue_new(host.tls, true, 0), NULL, 1000));
	ck_assert_ptr_nonnull(auth_table_find(&t, 2, 50000));
	ck_assert_uint_eq(auth_table_expire(&t, 1000 + AUTH_TABLE_AGE_MS), 0);
	ck_assert_uint_eq(auth_table_expire(&t, 1001 + AUTH_TABLE_AGE_MS), 2);
	ck_assert_ptr_nonnull(auth_table_find(&t, 2, 1001 + AUTH_TABLE_AGE_MS));
	ck_assert_ptr_null(auth_table_find(&t, 1, 1001 + AUTH_TABLE_AGE_MS));
	auth_table_clear(&t);
	ck_assert_uint_eq(t.n, 0);
	side_close(&host);
}
END_TEST

/* One peer has a quarter of them; others, and we, have the rest. Of IPv6 a peer is a /64. */
START_TEST(share_of_a_peer)
{
	struct address greedy = { 4, { 10, 0, 0, 1 } }, other = { 4, { 10, 0, 0, 2 } };
	struct auth_dialogue *d;
	struct auth_table t;
	uint64_t h = 0;

	if (_i == 1)
		greedy = other = (struct address){ 6, { 0xfd, 1, 2, 3, 4, 5, 6, 7 } };
	other.b[7] ^= 1;
	side_init(&host, "both", "rsa1");
	side_open(&host);
	auth_table_init(&t);
	while (h < AUTH_TABLE_PER_PEER) {
		greedy.b[15] = (uint8_t)h;
		ck_assert(auth_table_add(
		    &t, ++h, auth_dialogue_new(host.tls, false, 0), &greedy, 1000));
	}
	d = auth_dialogue_new(host.tls, false, 0);
	ck_assert(!auth_table_add(&t, ++h, d, &greedy, 1000));
	ck_assert(auth_table_add(&t, h, d, &other, 1000));
	ck_assert(auth_table_add(&t, ++h, auth_dialogue_new(host.tls, true, 0), NULL, 1000));
	auth_table_remove(&t, 1);
	ck_assert(
	    auth_table_add(&t, ++h, auth_dialogue_new(host.tls, false, 0), &greedy, 1000));
	auth_table_clear(&t);
	side_close(&host);
}
END_TEST

TCase *
auth_role_cases(void)
{
	TCase *c = tcase_create("role");

	tcase_set_timeout(c, 60);
	tcase_add_test(c, whole_dialogue);
	tcase_add_test(c, no_certificate);
	tcase_add_test(c, unknown_handle_and_other_methods);
	tcase_add_test(c, abort_forgets_without_answer);
	tcase_add_test(c, bad_frames_are_ignored);
	tcase_add_test(c, limit_of_dialogues);
	tcase_add_loop_test(c, share_of_a_peer, 0, 2);
	tcase_add_test(c, channels_and_descriptors);
	tcase_add_test(c, unusable_files);
	tcase_add_test(c, system_bundle_is_the_default);
	tcase_add_test(c, start_with_unusable_configuration);
	tcase_add_test(c, abandoned_dialogues_expire);
	return c;
}
