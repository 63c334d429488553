/*
 * What the roles say to keeper, in the mouth of somebody who took one over: wrong roles,
 * types, lengths, numbers, descriptors, floods. The host is in keeper_rig.c, which knows
 * what an honest keeper never does to it.
 */
#include <sys/stat.h>
#include <sys/wait.h>
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/user_cache.h"
#include "tests/unit/check_keeper.h"
#include "tests/unit/keeper_rig.h"
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
};
#define N_MESSAGES (int)(sizeof(messages) / sizeof(messages[0]))

static void
expect_kept(void)
{
	ck_assert_msg(rig.n_broken == 0, "%zu: %s", rig.n_broken, rig.broken);
}

static void
done(void)
{
	expect_kept();
	rig_end();
}

static void
expect_distrust(enum role_id r)
{
	ck_assert(!rig_is_trusted(r));
	ck_assert_ptr_nonnull(strstr(rig.log, role_name(r)));
	ck_assert_ptr_nonnull(strstr(rig.log, "taken over"));
	done();
}

static int
some_fd(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	return fd;
}

static unsigned
descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	ck_assert_ptr_nonnull(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

static struct proto_class_spec
good_class(uint32_t id)
{
	struct proto_class_spec s;

	memset(&s, 0, sizeof(s));
	s.class_id = id;
	s.spec.policy = rig.config.policy;
	return s;
}

static void
make_class(uint32_t id, bool is_rule)
{
	struct proto_class_spec s = good_class(id);

	if (is_rule)
		s.spec.kind = CLASS_OF_RULE;
	rig_say(ROLE_NEGOTIATOR, PROTO_CLASS_ASK, &s, sizeof(s), -1);
	ck_assert(rig.is_up[id]);
}

static void
end_class(uint32_t id)
{
	struct proto_class_id end = { id };

	rig_say(ROLE_NEGOTIATOR, PROTO_CLASS_END, &end, sizeof(end), -1);
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
				expect_distrust((enum role_id)r);
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
		expect_distrust(ROLE_NEGOTIATOR);
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
	expect_distrust(ROLE_NEGOTIATOR);
}
END_TEST

START_TEST(stop_that_nobody_wanted)
{
	uint32_t left[CLASS_MAX + 1] = { 0 };

	rig_begin(false);
	rig_say(ROLE_NEGOTIATOR, PROTO_STOPPED, NULL, 0, -1);
	ck_assert(event_base_got_break(rig.k.base) == 0);
	expect_distrust(ROLE_NEGOTIATOR);
	rig_begin(false);
	rig_say(ROLE_NEGOTIATOR, PROTO_SOCKETS_LEFT, left, sizeof(left), -1);
	expect_distrust(ROLE_NEGOTIATOR);
	rig_begin(false);
	rig.k.is_stopping = true;
	left[5] = 7;
	rig_say(ROLE_NEGOTIATOR, PROTO_SOCKETS_LEFT, left, sizeof(left), -1);
	ck_assert_uint_eq(rig.k.sockets_left[5], 7);
	rig_say(ROLE_NEGOTIATOR, PROTO_STOPPED, NULL, 0, -1);
	ck_assert(rig_is_trusted(ROLE_NEGOTIATOR));
	done();
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
	done();
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
	done();
}
END_TEST

/* A class that is not there, before or after: an answer, and nothing is touched. */
/* Tickets of users: plain files of theirs, and nothing else. */
START_TEST(caches_of_users)
{
	char folder[] = "/tmp/check_keeper.XXXXXX", pattern[64], file[64], other[64], got[4];
	uint32_t uid = getuid() != 0 ? getuid() : 12345;
	int fd;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(pattern, sizeof(pattern), "%s/cc_%%{uid}", folder);
	snprintf(file, sizeof(file), "%s/cc_%u", folder, uid);
	snprintf(other, sizeof(other), "%s/cc_%u", folder, uid + 1);
	ck_assert_int_eq(user_cache_open(pattern, uid), -ENOENT);
	ck_assert_int_ge(fd = open(file, O_CREAT | O_RDWR, 0600), 0);
	ck_assert_int_eq(write(fd, "abc", 3), 3);
	ck_assert(getuid() != 0 || fchown(fd, uid, 0) == 0);
	close(fd);
	ck_assert_int_ge(fd = user_cache_open(pattern, uid), 0);
	ck_assert_int_eq(pread(fd, got, sizeof(got), 0), 3);
	ck_assert_mem_eq(got, "abc", 3);
	ck_assert_int_eq(write(fd, "x", 1), -1);
	close(fd);
	ck_assert_int_eq(rename(file, other), 0); /* of another user */
	ck_assert_int_eq(user_cache_open(pattern, uid + 1), -EPERM);
	ck_assert_int_eq(symlink(other, file), 0);
	ck_assert_int_eq(user_cache_open(pattern, uid), -EPERM);
	unlink(file);
	ck_assert_int_eq(rename(other, file), 0);
	ck_assert_int_eq(chmod(file, 0620), 0);
	ck_assert_int_eq(user_cache_open(pattern, uid), -EPERM);
	ck_assert_int_eq(chmod(file, 0600), 0);
	ck_assert_int_eq(truncate(file, USER_CACHE_MAX_BYTES + 1), 0);
	ck_assert_int_eq(user_cache_open(pattern, uid), -EFBIG);
	unlink(file);
	ck_assert_int_eq(mkfifo(file, 0600), 0); /* nobody waits for a writer */
	ck_assert(getuid() != 0 || chown(file, uid, 0) == 0);
	ck_assert_int_eq(user_cache_open(pattern, uid), -EPERM);
	unlink(file);
	rmdir(folder);
	ck_assert_int_eq(user_cache_open("/tmp/cc", uid), -EINVAL);
}
END_TEST

/* Auth asks for users only, and nobody else asks. */
START_TEST(who_asks_for_caches)
{
	struct proto_cache m;

	memset(&m, 0, sizeof(m));
	m.handle = 7;
	m.uid = 4000000;
	rig_begin(false);
	rig_say(ROLE_AUTH, PROTO_CACHE_ASK, &m, sizeof(m), -1);
	ck_assert_uint_eq(rig_hear(ROLE_AUTH, &m, sizeof(m)), PROTO_CACHE_REPLY);
	ck_assert_uint_eq(m.handle, 7);
	ck_assert_uint_ne(m.error, 0);
	rig_say(ROLE_AUTH, PROTO_CACHE_ASK, &m, sizeof(m) - 1, -1);
	expect_distrust(ROLE_AUTH);
	rig_begin(false);
	rig_say(ROLE_NEGOTIATOR, PROTO_CACHE_ASK, &m, sizeof(m), -1);
	expect_distrust(ROLE_NEGOTIATOR);
	rig_begin(false);
	m.uid = 0;
	rig_say(ROLE_AUTH, PROTO_CACHE_ASK, &m, sizeof(m), -1);
	expect_distrust(ROLE_AUTH);
}
END_TEST

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
		done();
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
		expect_distrust(ROLE_NEGOTIATOR);
	}
	rig_begin(_i);
	ask_secure(1, 0, -1);
	expect_distrust(ROLE_NEGOTIATOR);
}
END_TEST

/* ---- classes and rules ---- */

static void
expect_failed(const struct proto_class_spec *s)
{
	struct proto_class_id failed = { 0 };

	rig_say(ROLE_NEGOTIATOR, PROTO_CLASS_ASK, s, sizeof(*s), -1);
	ck_assert_uint_eq(
	    rig_hear(ROLE_NEGOTIATOR, &failed, sizeof(failed)), PROTO_CLASS_FAILED);
	ck_assert_uint_eq(failed.class_id, s->class_id);
	ck_assert(rig_is_trusted(ROLE_NEGOTIATOR));
	expect_kept();
}

START_TEST(classes_that_may_not_be)
{
	static const uint32_t ids[] = { 0, 1, 2, 3, CLASS_MAX, CLASS_MAX + 1, 1u << 31,
		UINT32_MAX };
	struct proto_class_spec s;

	rig_begin(_i);
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		s = good_class(ids[i]);
		expect_failed(&s);
	}
	make_class(4, false);
	s = good_class(4);
	expect_failed(&s);
	rig.may_not_make = true;
	s = good_class(5);
	expect_failed(&s);
	rig.may_not_make = false;
	make_class(5, false);
	rig.k.is_lost[6] = true;
	s = good_class(6);
	expect_failed(&s);
	done();
}
END_TEST

#define BYTE(field) offsetof(struct class_spec, field), 1, 2
#define FILL(field)                                                                  \
	offsetof(struct class_spec, field), sizeof(((struct class_spec *)0)->field), \
	    0xff
static const struct {
	size_t at, n;
	uint8_t value;
} insane[] = {
	{ FILL(kind) },
	{ BYTE(kind) }, /* CLASS_LOST is not for the asking */
	{ BYTE(guarantee_encryption) },
	{ BYTE(allow_insecure) },
	{ BYTE(follows_default) },
	{ FILL(target_name) },
	{ FILL(policy.n_mm_proposal) },
	{ FILL(policy.n_qm_proposal) },
	{ FILL(policy.n_mm_auth) },
	{ FILL(policy.n_em_auth) },
	{ BYTE(policy.em_auth[0].offered) },
	{ FILL(policy.keying) },
	{ FILL(policy.nd) },
	{ FILL(policy.mm_proposal[0].cipher) },
	{ FILL(policy.mm_proposal[0].integrity) },
	{ FILL(policy.mm_proposal[1].group) },
	{ FILL(policy.qm_proposal[0].transform) },
	{ FILL(policy.qm_proposal[0].cipher) },
	{ FILL(policy.qm_proposal[1].integrity) },
	{ FILL(policy.qm_proposal[0].pfs) },
};

START_TEST(classes_of_nonsense)
{
	struct proto_class_spec s;

	rig_begin(false);
	s = good_class(4);
	memset((uint8_t *)&s.spec + insane[_i].at, insane[_i].value, insane[_i].n);
	expect_failed(&s);
	ck_assert(!rig.is_up[4]);
	done();
}
END_TEST

#define RULE_FILL(field) offsetof(struct rule, field), sizeof(((struct rule *)0)->field)
static const struct {
	size_t at, n;
} insane_rules[] = {
	{ RULE_FILL(name) },
	{ RULE_FILL(local.addr.family) },
	{ RULE_FILL(local.bits) },
	{ RULE_FILL(remote.bits) },
	{ RULE_FILL(protocol) },
	{ RULE_FILL(action) },
};

START_TEST(rules_of_nonsense)
{
	struct proto_class_spec s;

	rig_begin(false);
	s = good_class(4);
	s.spec.kind = CLASS_OF_RULE;
	memset((uint8_t *)&s.spec.rule + insane_rules[_i].at, 0xff, insane_rules[_i].n);
	expect_failed(&s);
	done();
}
END_TEST

/* The class of a live socket stays, and the negotiator learns of it and of them again. */
START_TEST(class_of_a_live_socket_stays)
{
	struct proto_class_spec known;
	struct proto_adopt adopt;

	rig_begin(_i);
	make_class(4, false);
	make_class(5, false);
	rig.live_class[0] = 4;
	end_class(4);
	ck_assert(rig.is_up[4]);
	ck_assert_ptr_nonnull(strstr(rig.log, "class 4 stays"));
	ck_assert_uint_eq(
	    rig_hear(ROLE_NEGOTIATOR, &known, sizeof(known)), PROTO_CLASS_KNOWN);
	ck_assert_uint_eq(known.class_id, 4);
	ck_assert_uint_eq(
	    rig_hear(ROLE_NEGOTIATOR, &adopt, sizeof(adopt)), PROTO_ADOPT);
	ck_assert_uint_eq(adopt.class_id, 4);
	end_class(5);
	ck_assert(!rig.is_up[5]);
	end_class(5); /* nothing to do */
	rig.live_class[0] = 0;
	end_class(4);
	ck_assert(!rig.is_up[4]);
	ck_assert(rig_is_trusted(ROLE_NEGOTIATOR));
	done();
}
END_TEST

START_TEST(predefined_classes_never_end)
{
	static const uint32_t ids[] = { 0, 1, 2, 3, CLASS_MAX + 1, UINT32_MAX };

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		rig_begin(_i);
		end_class(ids[i]);
		expect_distrust(ROLE_NEGOTIATOR);
	}
}
END_TEST

START_TEST(rules_of_any_order)
{
	struct proto_rules r = { .n = 5, .class_id = { 5, 4, 5, 900, 0 } };

	rig_begin(_i);
	make_class(4, false);
	make_class(5, true);
	rig_say(ROLE_NEGOTIATOR, PROTO_RULES, &r, sizeof(r), -1);
	ck_assert_uint_eq(rig.n_rules, 2); /* what is no rule is left out */
	end_class(5);
	r.n = CONFIG_MAX_RULES;
	rig_say(ROLE_NEGOTIATOR, PROTO_RULES, &r, sizeof(r), -1);
	ck_assert_uint_eq(rig.n_rules, 0);
	r.n = CONFIG_MAX_RULES + 1;
	rig_say(ROLE_NEGOTIATOR, PROTO_RULES, &r, sizeof(r), -1);
	expect_distrust(ROLE_NEGOTIATOR);
	rig_begin(_i);
	r.n = 2;
	r.class_id[1] = CLASS_MAX + 1;
	rig_say(ROLE_NEGOTIATOR, PROTO_RULES, &r, sizeof(r), -1);
	expect_distrust(ROLE_NEGOTIATOR);
}
END_TEST

/* ---- floods, and the end of a role ---- */

/* Ten thousand classes, made and ended: nothing is left of them. */
START_TEST(flood_of_classes)
{
	unsigned before;

	rig_begin(_i);
	make_class(4, false);
	end_class(4);
	before = descriptors();
	for (uint32_t i = 0; i < 10000; i++) {
		make_class(4 + i % 1000, false);
		end_class(4 + i % 1000);
		while (rig_hear(ROLE_PLANE, NULL, 0) != 0)
			;
	}
	ck_assert_uint_eq(descriptors(), before);
	done();
}
END_TEST

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
	done();
}
END_TEST

/* 0: a class comes back at a restart. 1: the kernel refuses it: its live sockets are blocked. */
START_TEST(class_that_does_not_come_back)
{
	struct proto_class_spec s = good_class(6);
	bool is_refused = _i == 1;

	rig_begin(true);
	rig.options.run_dir = "/nonexistent";
	memset(rig.is_up, 0, sizeof(rig.is_up)); /* another daemon begins */
	rig.left = &s;
	rig.may_not_make_one = is_refused ? 6 : 0;
	ck_assert(keeper_classes_open(&rig.k));
	ck_assert(rig.is_up[CLASS_DEFAULT]);
	ck_assert(rig.is_up[6] == !is_refused);
	ck_assert(rig.has_guard[6] == is_refused);
	ck_assert(rig.k.is_lost[6] == is_refused);
	ck_assert((rig.k.class[6] == NULL) == is_refused);
	/* Nobody gets it anew while they live. */
	rig.may_not_make_one = 0;
	if (is_refused) {
		rig_say(ROLE_NEGOTIATOR, PROTO_CLASS_ASK, &s, sizeof(s), -1);
		ck_assert(!rig.is_up[6]);
	}
	done();
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
	done();
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
	done();
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
	tcase_add_test(t, caches_of_users);
	tcase_add_test(t, who_asks_for_caches);
	tcase_add_loop_test(t, sockets_of_no_class, 0, 2);
	tcase_add_loop_test(t, sockets_out_of_range, 0, 2);
	tcase_add_loop_test(t, classes_that_may_not_be, 0, 2);
	tcase_add_loop_test(
	    t, classes_of_nonsense, 0, (int)(sizeof(insane) / sizeof(insane[0])));
	tcase_add_loop_test(t, rules_of_nonsense, 0,
	    (int)(sizeof(insane_rules) / sizeof(insane_rules[0])));
	tcase_add_loop_test(t, class_of_a_live_socket_stays, 0, 2);
	tcase_add_loop_test(t, predefined_classes_never_end, 0, 2);
	tcase_add_loop_test(t, rules_of_any_order, 0, 2);
	tcase_add_loop_test(t, flood_of_classes, 0, 2);
	tcase_add_loop_test(t, class_that_does_not_come_back, 0, 2);
	tcase_add_test(t, flood_of_reloads);
	tcase_add_test(t, flood_of_questions);
	tcase_add_test(t, distrusted_role_ends);
	return t;
}

int
main(void)
{
	Suite *s = suite_create("keeper");

	signal(SIGPIPE, SIG_IGN);
	suite_add_tcase(s, keeper_cases());
	suite_add_tcase(s, keeper_secured_cases());
	suite_add_tcase(s, keeper_identity_cases());
	suite_add_tcase(s, keeper_minute_cases());
	return run_suite(s);
}
