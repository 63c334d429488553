/*
 * The identity of a thread, with real credentials: needs root. What changes the whole process
 * happens in a child.
 */
#define _GNU_SOURCE
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>

#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "winsock/thread_identity.h"
#include "winbase.h"
#include "winsock2.h"
#include "tests/unit/run_suite.h"

#define PEER_UID 54321
#define PEER_GID 54322
#define THREADS 64
#define ROUNDS 200
#define TEST_SKIPPED 77

static const struct identity peer = { PEER_UID, PEER_GID, 2, { PEER_GID, 54323 } };
static char root_file[64], peer_file[64];

static void
make_file(char *path, size_t n, const char *name, uid_t uid)
{
	int fd;

	snprintf(path, n, "/tmp/check_identity.%s.%d", name, (int)getpid());
	fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fchown(fd, uid, (gid_t)-1), 0);
	close(fd);
}

static void
setup(void)
{
	make_file(root_file, sizeof(root_file), "root", 0);
	make_file(peer_file, sizeof(peer_file), "peer", PEER_UID);
}

static void
teardown(void)
{
	unlink(root_file);
	unlink(peer_file);
}

static bool
can_open(const char *path)
{
	int fd = open(path, O_RDONLY);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static uint32_t
effective_caps(void)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct d[2];

	ck_assert_int_eq(syscall(SYS_capget, &h, d), 0);
	return d[0].effective;
}

/* Runs it in a child that may spoil its process; fails if it does. */
static void
in_child(void (*run)(void))
{
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		run();
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0,
	    "child: %#x, line %d", (unsigned)status,
	    WIFEXITED(status) ? WEXITSTATUS(status) : 0);
}

/* In a child a failure is the number of its line, as far as it fits. */
#define CHILD_ASSERT(what)                         \
	do {                                       \
		if (!(what))                       \
			_exit(__LINE__ % 251 + 1); \
	} while (0)

/* 93, 94: the thread is the peer for every check of access, and then itself again. */
START_TEST(there_and_back)
{
	gid_t before[4096], now[4096];
	uint32_t caps = effective_caps();
	int n = getgroups(4096, before), dumpable = prctl(PR_GET_DUMPABLE);

	ck_assert(!thread_identity_is_taken());
	ck_assert_int_eq(thread_identity_take(&peer), 0);
	ck_assert(thread_identity_is_taken());
	ck_assert(can_open(peer_file));
	ck_assert(!can_open(root_file));
	ck_assert_uint_eq(effective_caps(), 0);
	ck_assert_int_eq(getgroups(4096, now), 2);
	ck_assert_int_eq(thread_identity_revert(), 0);
	ck_assert(!thread_identity_is_taken());
	ck_assert(can_open(root_file));
	ck_assert_uint_eq(geteuid(), 0);
	ck_assert_uint_eq(getegid(), 0);
	ck_assert_uint_eq(effective_caps(), caps);
	ck_assert_int_eq(getgroups(4096, now), n);
	ck_assert_int_eq(memcmp(now, before, (size_t)n * sizeof(*now)), 0);
	ck_assert_int_eq(prctl(PR_GET_DUMPABLE), dumpable);
}
END_TEST

static DWORD WINAPI
who_am_i(LPVOID is_root)
{
	*(bool *)is_root = geteuid() == 0 && getegid() == 0 && can_open(root_file) &&
			   !thread_identity_is_taken();
	return 7;
}

/* 100: as on Windows, a new thread is the process, whoever its maker is meanwhile. */
START_TEST(a_new_thread_is_the_process)
{
	int dumpable = prctl(PR_GET_DUMPABLE);
	bool is_root = false;
	DWORD code = 0;
	HANDLE t;

	ck_assert_int_eq(thread_identity_take(&peer), 0);
	t = CreateThread(NULL, 0, who_am_i, &is_root, 0, NULL);
	ck_assert_ptr_nonnull(t);
	ck_assert_uint_eq(WaitForSingleObject(t, 10000), WAIT_OBJECT_0);
	ck_assert(GetExitCodeThread(t, &code) && code == 7);
	ck_assert(is_root);
	ck_assert_uint_eq(geteuid(), PEER_UID);
	ck_assert_int_eq(thread_identity_revert(), 0);
	ck_assert_int_eq(prctl(PR_GET_DUMPABLE), dumpable);
	ck_assert(CloseHandle(t));
}
END_TEST

START_TEST(revert_of_nobody)
{
	ck_assert_int_eq(thread_identity_revert(), 0);
	ck_assert_int_eq(thread_identity_revert(), 0);
}
END_TEST

START_TEST(one_after_the_other)
{
	struct identity other = peer;

	other.uid = PEER_UID + 1;
	ck_assert_int_eq(thread_identity_take(&peer), 0);
	ck_assert_int_eq(thread_identity_take(&other), 0);
	ck_assert_uint_eq(geteuid(), PEER_UID + 1);
	ck_assert_int_eq(thread_identity_revert(), 0);
	ck_assert_uint_eq(geteuid(), 0);
}
END_TEST

START_TEST(too_many_groups)
{
	struct identity id = peer;

	id.n_groups = IDENTITY_MAX_GROUPS + 1;
	ck_assert_int_eq(thread_identity_take(&id), WSAEACCES);
	ck_assert_uint_eq(geteuid(), 0);
}
END_TEST

/* ---- other threads ---- */

static pthread_barrier_t barrier;

static void *
stay_root(void *arg)
{
	(void)arg;
	pthread_barrier_wait(&barrier);
	bool ok = can_open(root_file) && geteuid() == 0;
	pthread_barrier_wait(&barrier);
	return ok ? NULL : &barrier;
}

START_TEST(other_threads_stay)
{
	pthread_t t;
	void *failed;

	pthread_barrier_init(&barrier, NULL, 2);
	ck_assert_int_eq(pthread_create(&t, NULL, stay_root, NULL), 0);
	ck_assert_int_eq(thread_identity_take(&peer), 0);
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	ck_assert(!can_open(root_file));
	ck_assert_int_eq(thread_identity_revert(), 0);
	pthread_join(t, &failed);
	ck_assert_ptr_null(failed);
	pthread_barrier_destroy(&barrier);
}
END_TEST

/* 97: never a mixed identity. */
static void *
change_often(void *arg)
{
	size_t number = (size_t)arg;
	struct identity id = { (uid_t)(60000 + number), (gid_t)(61000 + number), 1,
		{ (gid_t)(61000 + number) } };
	gid_t groups[4];

	for (int i = 0; i < ROUNDS; i++) {
		if (thread_identity_take(&id) != 0 || geteuid() != id.uid ||
		    getegid() != id.gid || getgroups(4, groups) != 1 ||
		    groups[0] != id.gid)
			return &barrier;
		if (thread_identity_revert() != 0 || geteuid() != 0 || getegid() != 0)
			return &barrier;
	}
	return NULL;
}

START_TEST(many_threads)
{
	pthread_t t[THREADS];
	void *failed;

	for (size_t i = 0; i < THREADS; i++)
		ck_assert_int_eq(
		    pthread_create(&t[i], NULL, change_often, (void *)i), 0);
	for (size_t i = 0; i < THREADS; i++) {
		pthread_join(t[i], &failed);
		ck_assert_msg(failed == NULL, "thread %zu", i);
	}
	ck_assert_int_eq(prctl(PR_GET_DUMPABLE), 1);
}
END_TEST

static void *
end_as_the_peer(void *arg)
{
	(void)arg;
	return thread_identity_take(&peer) == 0 ? NULL : &barrier;
}

/* Nothing is left of a thread that ends without revert: the flag of the process comes back. */
START_TEST(thread_ends_as_the_peer)
{
	pthread_t t;
	void *failed;

	ck_assert_int_eq(pthread_create(&t, NULL, end_as_the_peer, NULL), 0);
	pthread_join(t, &failed);
	ck_assert_ptr_null(failed);
	ck_assert_uint_eq(geteuid(), 0);
	ck_assert_int_eq(prctl(PR_GET_DUMPABLE), 1);
}
END_TEST

/* ---- processes without root ---- */

static void
become(uid_t uid, bool with_caps)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct d[2] = { { 0 }, { 0 } };

	CHILD_ASSERT(prctl(PR_SET_KEEPCAPS, 1) == 0);
	CHILD_ASSERT(setgroups(0, NULL) == 0 && setresgid(uid, uid, uid) == 0 &&
		     setresuid(uid, uid, uid) == 0);
	if (with_caps)
		d[0].permitted = d[0].effective = 1u << CAP_SETUID | 1u << CAP_SETGID;
	CHILD_ASSERT(syscall(SYS_capset, &h, d) == 0);
}

/* 96 */
static void
run_unprivileged(void)
{
	struct identity own = { 4711, 4711, 0, { 0 } };

	become(4711, false);
	CHILD_ASSERT(thread_identity_take(&peer) == WSAEACCES);
	CHILD_ASSERT(
	    !thread_identity_is_taken() && geteuid() == 4711 && getegid() == 4711);
	CHILD_ASSERT(thread_identity_take(&own) == 0 && thread_identity_is_taken());
	CHILD_ASSERT(thread_identity_revert() == 0);
}

START_TEST(unprivileged)
{
	in_child(run_unprivileged);
}
END_TEST

/* 99 */
static void
run_with_capabilities(void)
{
	struct identity own = { 4711, 4711, 1, { 4712 } };
	gid_t group = 0;

	become(4711, true);
	CHILD_ASSERT(effective_caps() != 0);
	CHILD_ASSERT(thread_identity_take(&peer) == 0);
	CHILD_ASSERT(geteuid() == PEER_UID && effective_caps() == 0);
	CHILD_ASSERT(thread_identity_revert() == 0);
	CHILD_ASSERT(geteuid() == 4711 && getegid() == 4711 && effective_caps() != 0);
	/* Its own account: without what the process has beyond it. */
	CHILD_ASSERT(thread_identity_take(&own) == 0 && effective_caps() == 0);
	CHILD_ASSERT(getgroups(1, &group) == 1 && group == 4712);
	CHILD_ASSERT(thread_identity_revert() == 0);
	CHILD_ASSERT(getgroups(0, NULL) == 0 && effective_caps() != 0);
}

START_TEST(with_capabilities)
{
	in_child(run_with_capabilities);
}
END_TEST

/* ---- 98: a system call fails ---- */

static const struct failing {
	const char *name;
	long number;
	int error; /* what the call answers */
	int winsock;
	bool fails_back;
} failing[] = {
	{ "setgroups", SYS_setgroups, EPERM, WSAEACCES, false },
	{ "setresgid", SYS_setresgid, EPERM, WSAEACCES, false },
	{ "setresgid, no memory", SYS_setresgid, ENOMEM, WSASYSCALLFAILURE, false },
	{ "setresuid", SYS_setresuid, EPERM, WSAEACCES, false },
	{ "setresuid, try again", SYS_setresuid, EAGAIN, WSASYSCALLFAILURE, false },
};
static const struct failing *now_failing;

/* From now on this call fails for every id (or number of groups), for 0 (the way back) if so. */
static void
fail_calls(const struct failing *f)
{
	uint32_t argument = f->number == SYS_setgroups ?
				offsetof(struct seccomp_data, args[0]) :
				offsetof(struct seccomp_data, args[1]);
	struct sock_filter code[] = {
		{ BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr) },
		{ BPF_JMP | BPF_JEQ | BPF_K, 0, 3, (uint32_t)f->number },
		{ BPF_LD | BPF_W | BPF_ABS, 0, 0, argument },
		{ BPF_JMP | BPF_JEQ | BPF_K, !f->fails_back, 0, 0 },
		{ BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | (uint32_t)f->error },
		{ BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW },
	};
	struct sock_fprog prog = { sizeof(code) / sizeof(code[0]), code };

	CHILD_ASSERT(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHILD_ASSERT(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) == 0);
}

static void
run_failing(void)
{
	CHILD_ASSERT(setgroups(0, NULL) == 0);
	fail_calls(now_failing);
	CHILD_ASSERT(thread_identity_take(&peer) == now_failing->winsock);
	CHILD_ASSERT(!thread_identity_is_taken());
	CHILD_ASSERT(geteuid() == 0 && getegid() == 0 && getgroups(0, NULL) == 0);
	CHILD_ASSERT(effective_caps() != 0 && can_open(root_file));
}

START_TEST(a_call_fails)
{
	now_failing = &failing[_i];
	in_child(run_failing);
}
END_TEST

/* The way back fails, too: the thread knows it, and tries again when asked. */
static void
run_stuck(void)
{
	static const struct failing stuck = { "setresuid, back", SYS_setresuid, EAGAIN,
		WSASYSCALLFAILURE, true };

	CHILD_ASSERT(thread_identity_take(&peer) == 0);
	fail_calls(&stuck);
	CHILD_ASSERT(thread_identity_revert() == WSASYSCALLFAILURE);
	CHILD_ASSERT(thread_identity_is_taken() && geteuid() == PEER_UID);
	CHILD_ASSERT(thread_identity_revert() == WSASYSCALLFAILURE);
}

START_TEST(stuck_is_told)
{
	in_child(run_stuck);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("identity");
	TCase *t = tcase_create("thread");

	if (geteuid() != 0) {
		printf("it needs root\n");
		return TEST_SKIPPED;
	}
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, there_and_back);
	tcase_add_test(t, a_new_thread_is_the_process);
	tcase_add_test(t, revert_of_nobody);
	tcase_add_test(t, one_after_the_other);
	tcase_add_test(t, too_many_groups);
	tcase_add_test(t, other_threads_stay);
	tcase_add_test(t, many_threads);
	tcase_add_test(t, thread_ends_as_the_peer);
	tcase_add_test(t, unprivileged);
	tcase_add_test(t, with_capabilities);
	tcase_add_loop_test(t, a_call_fails, 0, sizeof(failing) / sizeof(failing[0]));
	tcase_add_test(t, stuck_is_told);
	suite_add_tcase(suite, t);
	return run_suite(suite);
}
