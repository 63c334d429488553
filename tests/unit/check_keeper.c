/*
 * What the roles say to keeper, in the mouth of somebody who took one over: wrong roles,
 * types, lengths, numbers, descriptors, floods. The host is in keeper_rig.c, which knows
 * what an honest keeper never does to it.
 */
#include <sys/wait.h>
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/check_keeper.h"
#include "tests/unit/run_suite.h"

#define WSAENETDOWN 10050

/* What the negotiator says, and how long it is. */
static const struct {
	uint16_t type;
	size_t n;
} messages[] = {
	{ PROTO_READY, 0 },
	{ PROTO_SECURE_ASK, sizeof(struct proto_secure_ask) },
	{ PROTO_SOCKET_END, sizeof(struct proto_socket_end) },
	{ PROTO_IDENTITY_ASK, sizeof(struct proto_identity_ask) },
	{ PROTO_CLASS_ASK, sizeof(struct proto_class_spec) },
	{ PROTO_CLASS_END, sizeof(struct proto_class_id) },
	{ PROTO_RULES, sizeof(struct proto_rules) },
	{ PROTO_RELOAD_ASK, sizeof(struct proto_reload) },
	{ PROTO_SOCKETS_LEFT, sizeof(uint32_t[CLASS_MAX + 1]) },
	{ PROTO_STOPPED, 0 },
	{ PROTO_PEER_LOST, sizeof(struct proto_peer) },
};
#define N_MESSAGES (int)(sizeof(messages) / sizeof(messages[0]))

static int
some_fd(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	return fd;
}

/* ---- who may say what ---- */

static bool
may_say(enum role_id from, uint16_t type)
{
	switch (type) {
#define ROW(number, id, name, who, to)              \
	case id:                                    \
		return strcmp(to, "keeper") == 0 && \
		       (strcmp(who, "any") == 0 || strcmp(who, role_name(from)) == 0);
		PROTO_MESSAGES(ROW)
	default:
		return false;
	}
}

/* Every number, from every role, with every length that some message has. */
START_TEST(only_what_is_theirs)
{
	static uint8_t zero[sizeof(uint32_t[CLASS_MAX + 1])];

	for (int r = ROLE_NEGOTIATOR; r < ROLE_COUNT; r++)
		for (uint16_t type = 0; type < 80; type++)
			for (int i = 0;
			     !may_say((enum role_id)r, type) && i < N_MESSAGES; i++) {
				rig_begin(false);
				rig_say((enum role_id)r, type, zero, messages[i].n, -1);
				keeper_expect_distrust((enum role_id)r);
			}
}
END_TEST

START_TEST(every_length)
{
	static uint8_t zero[sizeof(uint32_t[CLASS_MAX + 1]) + 8];
	uint16_t type = messages[_i].type;

	for (size_t n = 0; n <= messages[_i].n + 8; n++) {
		if (n == messages[_i].n)
			continue;
		rig_begin(false);
		rig.k.is_stopping = type == PROTO_STOPPED || type == PROTO_SOCKETS_LEFT;
		rig_say(ROLE_NEGOTIATOR, type, zero, n, -1);
		keeper_expect_distrust(ROLE_NEGOTIATOR);
	}
}
END_TEST

/* Only a socket to secure comes with one, and keeper keeps none. */
START_TEST(descriptors_where_none_belongs)
{
	static uint8_t zero[sizeof(uint32_t[CLASS_MAX + 1])];
	int fd = some_fd();

	rig_begin(false);
	rig_say(ROLE_NEGOTIATOR, messages[_i].type, zero, messages[_i].n, fd);
	ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
	keeper_expect_distrust(ROLE_NEGOTIATOR);
}
END_TEST

START_TEST(stop_that_nobody_wanted)
{
	uint32_t left[CLASS_MAX + 1] = { 0 };

	rig_begin(false);
	rig_say(ROLE_NEGOTIATOR, PROTO_STOPPED, NULL, 0, -1);
	ck_assert(event_base_got_break(rig.k.base) == 0);
	keeper_expect_distrust(ROLE_NEGOTIATOR);
	rig_begin(false);
	rig_say(ROLE_NEGOTIATOR, PROTO_SOCKETS_LEFT, left, sizeof(left), -1);
	keeper_expect_distrust(ROLE_NEGOTIATOR);
	rig_begin(false);
	rig.k.is_stopping = true;
	left[5] = 7;
	rig_say(ROLE_NEGOTIATOR, PROTO_SOCKETS_LEFT, left, sizeof(left), -1);
	ck_assert_uint_eq(rig.k.sockets_left[5], 7);
	rig_say(ROLE_NEGOTIATOR, PROTO_STOPPED, NULL, 0, -1);
	ck_assert(rig_is_trusted(ROLE_NEGOTIATOR));
	keeper_case_end();
}
END_TEST

/* ---- sockets ---- */

START_TEST(end_of_a_socket)
{
	struct proto_socket_end m = { 0x123456789abcull };

	rig_begin(false);
	rig_say(ROLE_NEGOTIATOR, PROTO_SOCKET_END, &m, sizeof(m), -1);
	ck_assert_uint_eq(rig.ended, m.cookie);
	ck_assert(rig_is_trusted(ROLE_NEGOTIATOR));
	keeper_case_end();
}
END_TEST

static void
ask_secure(uint32_t class_id, uint32_t from, int fd)
{
	struct proto_secure_ask ask = { 9, class_id, from, 1000 };

	rig_say(ROLE_NEGOTIATOR, PROTO_SECURE_ASK, &ask, sizeof(ask), fd);
}

START_TEST(sockets_are_secured)
{
	struct proto_secure_reply reply;
	int fd = some_fd();

	rig_begin(_i);
	ask_secure(2, 0, fd);
	ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
	ck_assert_uint_eq(
	    rig_hear(ROLE_NEGOTIATOR, &reply, sizeof(reply)), PROTO_SECURE_REPLY);
	ck_assert_uint_eq(reply.winsock_error, 0);
	ck_assert_uint_eq(reply.request, 9);
	ck_assert_uint_eq(reply.cookie, 77);
	ask_secure(3, 2, some_fd());
	ck_assert_uint_eq(rig.n_moved, 1);
	keeper_case_end();
}
END_TEST

/* A class that is not there, before or after: an answer, and nothing is touched. */
START_TEST(sockets_of_no_class)
{
	static const uint32_t classes[][2] = { { 4, 0 }, { CLASS_MAX, 0 }, { 2, 4 },
		{ 2, CLASS_MAX }, { 900, 901 } };
	struct proto_secure_reply reply;

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		rig_begin(_i);
		ask_secure(classes[i][0], classes[i][1], some_fd());
		ck_assert_uint_eq(rig_hear(ROLE_NEGOTIATOR, &reply, sizeof(reply)),
		    PROTO_SECURE_REPLY);
		ck_assert_uint_eq(reply.winsock_error, WSAENETDOWN);
		ck_assert_uint_eq(rig.n_secured + rig.n_moved, 0);
		keeper_case_end();
	}
}
END_TEST

START_TEST(sockets_out_of_range)
{
	static const uint32_t classes[][2] = { { 0, 1 }, { CLASS_MAX + 1, 0 },
		{ UINT32_MAX, 0 }, { 1, CLASS_MAX + 1 }, { 1, UINT32_MAX },
		{ 1u << 31, 0 } };

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		rig_begin(_i);
		ask_secure(classes[i][0], classes[i][1], some_fd());
		ck_assert_uint_eq(rig.n_secured, 0);
		keeper_expect_distrust(ROLE_NEGOTIATOR);
	}
	rig_begin(_i);
	ask_secure(1, 0, -1);
	keeper_expect_distrust(ROLE_NEGOTIATOR);
}
END_TEST

/* ---- floods, and the end of a role ---- */

START_TEST(flood_of_reloads)
{
	struct proto_reload ask = { .client = 3 }, reply;
	unsigned refused = 0;

	rig_begin(false);
	for (int i = 0; i < 100; i++) {
		rig_say(ROLE_NEGOTIATOR, PROTO_RELOAD_ASK, &ask, sizeof(ask), -1);
		ck_assert_uint_eq(rig_hear(ROLE_NEGOTIATOR, &reply, sizeof(reply)),
		    PROTO_RELOAD_REPLY);
		ck_assert_uint_eq(reply.client, 3);
		ck_assert(!reply.ok); /* there is no file */
		refused += strstr(reply.text, "too many times") != NULL;
	}
	ck_assert_uint_eq(refused, 40);
	keeper_case_end();
}
END_TEST

/* Whoever asks and does not read the answers loses the channel, not keeper its memory. */
START_TEST(flood_of_questions)
{
	struct proto_identity_ask ask;

	memset(&ask, 'x', sizeof(ask));
	rig_begin(false);
	for (int i = 0; i < 30000 && rig.n_closed == 0; i++) {
		rig_say(ROLE_NEGOTIATOR, PROTO_IDENTITY_ASK, &ask, sizeof(ask), -1);
		(void)event_base_loop(rig.k.base, EVLOOP_NONBLOCK);
	}
	ck_assert_uint_eq(rig.n_closed, 1);
	ck_assert_uint_lt(rig.n_looked_up, 30000);
	keeper_case_end();
}
END_TEST

/* The channel between two roles broke, and both live: they get another one, not without end. */
START_TEST(roles_that_lost_each_other)
{
	struct proto_peer lost = { ROLE_PLANE }, end;
	size_t n = 0;

	rig_begin(_i);
	rig_say(ROLE_NEGOTIATOR, PROTO_PEER_LOST, &lost, sizeof(lost), -1);
	ck_assert_uint_eq(rig_hear(ROLE_NEGOTIATOR, &end, sizeof(end)), PROTO_PEER);
	ck_assert_uint_eq(end.role, ROLE_PLANE);
	if (_i == 0) {
		ck_assert_uint_eq(rig_hear(ROLE_PLANE, &end, sizeof(end)), PROTO_PEER);
		ck_assert_uint_eq(end.role, ROLE_NEGOTIATOR);
	}
	lost.role = ROLE_AUTH;
	for (int i = 0; i < 100; i++) {
		rig_say(ROLE_NEGOTIATOR, PROTO_PEER_LOST, &lost, sizeof(lost), -1);
		n += rig_hear(ROLE_NEGOTIATOR, NULL, 0) == PROTO_PEER;
		n += rig_hear(ROLE_AUTH, &end, sizeof(end)) == PROTO_PEER;
	}
	ck_assert_uint_eq(n, 2 * 59);
	lost.role = _i == 0 ? ROLE_NEGOTIATOR : ROLE_COUNT;
	rig_say(ROLE_NEGOTIATOR, PROTO_PEER_LOST, &lost, sizeof(lost), -1);
	keeper_expect_distrust(ROLE_NEGOTIATOR);
}
END_TEST

/* The process is killed, another one starts; the sixth time within a minute it is over. */
START_TEST(distrusted_role_ends)
{
	struct timeval tenth = { 0, 300 * 1000 };
	int status;
	pid_t pid;

	rig_begin(false);
	for (size_t i = 1; i <= 6; i++) {
		if ((pid = fork()) == 0)
			for (;;)
				pause();
		rig.k.role[ROLE_AUTH].pid = pid;
		rig_say(ROLE_AUTH, PROTO_RULES, NULL, 0, -1);
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		rig.k.role[ROLE_AUTH].pid = 0;
		ck_assert(rig.stopped == (i == 6));
		(void)event_base_loopexit(rig.k.base, &tenth);
		(void)event_base_dispatch(rig.k.base);
		ck_assert_uint_eq(rig.n_started[ROLE_AUTH], i < 6 ? i : 5);
		ck_assert(rig_is_trusted(ROLE_AUTH) == (i < 6));
	}
	keeper_case_end();
}
END_TEST

/* It died, and before it is started again a reload has started another one: one is enough. */
START_TEST(replaced_before_it_is_restarted)
{
	struct timeval later = { 0, 300 * 1000 };

	rig_begin(false);
	rig_say(ROLE_AUTH, PROTO_RULES, NULL, 0, -1);
	ck_assert(!rig_is_trusted(ROLE_AUTH));
	keeper_role_replace(&rig.k, ROLE_AUTH);
	(void)event_base_loopexit(rig.k.base, &later);
	(void)event_base_dispatch(rig.k.base);
	ck_assert_uint_eq(rig.n_started[ROLE_AUTH], 1);
	ck_assert(rig_is_trusted(ROLE_AUTH));
	keeper_case_end();
}
END_TEST

static TCase *
keeper_cases(void)
{
	TCase *t = tcase_create("keeper");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, only_what_is_theirs);
	tcase_add_loop_test(t, every_length, 0, N_MESSAGES);
	tcase_add_loop_test(t, descriptors_where_none_belongs, 2, N_MESSAGES);
	tcase_add_test(t, stop_that_nobody_wanted);
	tcase_add_test(t, end_of_a_socket);
	tcase_add_loop_test(t, sockets_are_secured, 0, 2);
	tcase_add_loop_test(t, sockets_of_no_class, 0, 2);
	tcase_add_loop_test(t, sockets_out_of_range, 0, 2);
	tcase_add_test(t, flood_of_reloads);
	tcase_add_test(t, flood_of_questions);
	tcase_add_loop_test(t, roles_that_lost_each_other, 0, 2);
	tcase_add_test(t, distrusted_role_ends);
	tcase_add_test(t, replaced_before_it_is_restarted);
	return t;
}

int
main(void)
{
	Suite *s = suite_create("keeper");

	signal(SIGPIPE, SIG_IGN);
	suite_add_tcase(s, keeper_cases());
	suite_add_tcase(s, keeper_cache_cases());
	suite_add_tcase(s, keeper_class_cases());
	suite_add_tcase(s, keeper_secured_cases());
	suite_add_tcase(s, keeper_identity_cases());
	suite_add_tcase(s, keeper_minute_cases());
	return run_suite(s);
}
