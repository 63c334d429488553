/* What others do meanwhile: fork, signals, and closing of descriptors they do not know. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/check_winsock.h"
#include "winbase.h"
#include "winsock/connection.h"
#include "winsock/lock.h"
#include "winsock/shim.h"
#include "winsock/waitable.h"

/* What every call may come to, in a child that a lock of nobody would stop for ever. */
static void
child_uses_everything(void)
{
	int s;
	HANDLE h;

	(void)alarm(10);
	s = socket(AF_INET, SOCK_STREAM, 0);
	if (WSASetSocketSecurity(s, NULL, 0, NULL, NULL) != 0)
		_exit(1);
	h = CreateEventW(NULL, TRUE, FALSE, NULL);
	_exit(h != NULL && SetEvent(h) && WaitForSingleObject(h, 0) == WAIT_OBJECT_0 &&
			  CloseHandle(h) ?
		    0 :
		    2);
}

static void
expect_good_child(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}

static sem_t is_held;

/* A lock is held until the fork is on its way, which nobody sees from here. */
static void *
hold_lock(void *is_waitable)
{
	struct lock_before before;

	if (is_waitable != NULL)
		(void)pthread_mutex_lock(&waitable_lock);
	else
		lock_take(&before);
	(void)sem_post(&is_held);
	usleep(50000);
	if (is_waitable != NULL)
		(void)pthread_mutex_unlock(&waitable_lock);
	else
		lock_give(&before);
	return NULL;
}

START_TEST(test_fork_under_a_lock)
{
	pthread_t t;
	pid_t pid;

	(void)sem_init(&is_held, 0, 0);
	fake_start(0, NONE, 0);
	ck_assert_int_eq(pthread_create(&t, NULL, hold_lock,
			     _i == 1 ? &waitable_lock : NULL),
	    0);
	(void)sem_wait(&is_held);
	pid = fork();
	if (pid == 0)
		child_uses_everything();
	pthread_join(t, NULL);
	expect_good_child(pid);
	fake_stop();
	/* and the parent has its signals and locks back */
	ck_assert_int_eq(secure_and_close(tcp_socket()), WSAENETDOWN);
	ck_assert(CloseHandle(CreateEventW(NULL, TRUE, FALSE, NULL)));
}
END_TEST

static void *
wait_long(void *h)
{
	(void)sem_post(&is_held);
	(void)WaitForSingleObject(h, INFINITE);
	return NULL;
}

/* Waiting threads are none of the child's. */
START_TEST(test_fork_while_others_wait)
{
	HANDLE h = CreateEventW(NULL, TRUE, FALSE, NULL);
	pthread_t t[4];
	pid_t pid;

	(void)sem_init(&is_held, 0, 0);
	fake_start(0, NONE, 0);
	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(pthread_create(&t[i], NULL, wait_long, h), 0);
		(void)sem_wait(&is_held);
	}
	pid = fork();
	if (pid == 0) {
		(void)alarm(10);
		if (!SetEvent(h) || !ResetEvent(h) ||
		    pthread_create(&t[0], NULL, wait_long, h) != 0)
			_exit(3);
		(void)sem_wait(&is_held);
		usleep(20000); /* until it waits: otherwise there is nothing to see */
		if (!SetEvent(h))
			_exit(4);
		pthread_join(t[0], NULL);
		child_uses_everything();
	}
	expect_good_child(pid);
	ck_assert(SetEvent(h));
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	ck_assert(CloseHandle(h));
	fake_stop();
}
END_TEST

/* Ends of connections to the daemon that this process has. */
static unsigned int
connections(void)
{
	unsigned int found = 0;

	for (int fd = 3; fd < 200; fd++) {
		struct sockaddr_un own, peer;
		socklen_t own_n = sizeof(own), peer_n = sizeof(peer);

		if (getsockname(fd, (struct sockaddr *)&own, &own_n) == 0 &&
		    own.sun_family == AF_UNIX && own_n <= sizeof(own.sun_family) &&
		    getpeername(fd, (struct sockaddr *)&peer, &peer_n) == 0 &&
		    peer_n > sizeof(peer.sun_family) &&
		    strcmp(peer.sun_path, fake.path) == 0)
			found++;
	}
	return found;
}

static void *
ask_silent(void *s)
{
	(void)WSASetSocketSecurity(*(int *)s, NULL, 0, NULL, NULL);
	return NULL;
}

/* The connection of a call in another thread stays its parent's. */
START_TEST(test_fork_in_a_call)
{
	int s = tcp_socket();
	pthread_t t;
	pid_t pid;

	fake_start(AIP_API_SOCK_SECURE, SILENT, 0);
	connection_timeout_ms = 60000; /* the call ends when the daemon does */
	ck_assert_int_eq(pthread_create(&t, NULL, ask_silent, &s), 0);
	while (fake.secures == 0)
		usleep(1000);
	pid = fork();
	if (pid == 0)
		_exit((int)connections());
	expect_good_child(pid);
	ck_assert_uint_eq(connections(), 1);
	ck_assert_int_eq(shutdown(fake.connection, SHUT_RDWR), 0);
	pthread_join(t, NULL);
	ck_assert_uint_eq(connections(), 0);
	fake_stop();
	close(s);
}
END_TEST

/* ---- signals ---- */

static volatile int in_handler;

static void
secure_in_handler(int number)
{
	int s = socket(AF_INET, SOCK_STREAM, 0);

	(void)number;
	in_handler = WSASetSocketSecurity(s, NULL, 0, NULL, NULL) == 0 ? 1 : -1;
	close(s);
}

/* A handler comes when the lock is free, and calls what the program called. */
START_TEST(test_signal_under_lock)
{
	struct sigaction action = { .sa_handler = secure_in_handler };
	struct lock_before before;

	fake_start(0, NONE, 0);
	ck_assert_int_eq(sigaction(SIGUSR1, &action, NULL), 0);
	lock_take(&before);
	ck_assert_int_eq(raise(SIGUSR1), 0);
	ck_assert_int_eq(in_handler, 0);
	lock_give(&before);
	ck_assert_int_eq(in_handler, 1);
	fake_stop();
}
END_TEST

static sigjmp_buf out;

static void
jump(int number)
{
	(void)number;
	siglongjmp(out, 1);
}

static __attribute__((noinline)) void
secure_and_jump(int s)
{
	if (sigsetjmp(out, 1) == 0)
		(void)WSASetSocketSecurity(s, NULL, 0, NULL, NULL);
}

/* Who jumps out of a call leaves a descriptor, and nothing that could be written to. */
START_TEST(test_jump_out_of_a_call)
{
	struct sigaction action = { .sa_handler = jump };
	int s = tcp_socket();
	pid_t pid;

	ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
	fake.asker = pthread_self();
	fake.signal = SIGALRM;
	fake_start(AIP_API_SOCK_SECURE, SILENT, 0);
	secure_and_jump(s);
	ck_assert_uint_eq(connections(), 1);
	pid = fork();
	if (pid == 0)
		_exit((int)connections());
	expect_good_child(pid);
	for (int fd = 3; fd < 200; fd++)
		if (fd != fake.listener && fd != s)
			(void)shutdown(fd, SHUT_RDWR);
	fake.fault = NONE;
	ck_assert_int_eq(secure_default(s), 0);
	fake_stop();
}
END_TEST

/* Not on the stack, which a sanitizer wants to see unwound. */
static struct connection closing;

static void *
close_while_cancelled(void *unused)
{
	ck_assert_int_eq(connection_open(&closing), 0);
	(void)pthread_cancel(pthread_self());
	connection_close(&closing);
	pthread_testcancel();
	return unused;
}

/* A cancelled thread gives the lock back. */
START_TEST(test_cancel_under_lock)
{
	void *result;
	pthread_t t;

	fake_start(0, NONE, 0);
	ck_assert_int_eq(pthread_create(&t, NULL, close_while_cancelled, NULL), 0);
	pthread_join(t, &result);
	ck_assert_ptr_eq(result, PTHREAD_CANCELED);
	ck_assert_uint_eq(connections(), 0);
	(void)alarm(10);
	ck_assert_int_eq(secure_and_close(tcp_socket()), 0);
	(void)alarm(0);
	fake_stop();
}
END_TEST

/* ---- descriptors ---- */

/* The descriptor of a connection was closed, and is another socket now. */
START_TEST(test_descriptor_taken)
{
	uint8_t body[64] = { 0 }, reply[64];
	struct connection c;
	int ends[2];
	char byte;

	fake_start(0, NONE, 0);
	ck_assert_int_eq(connection_open(&c), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	ck_assert_int_eq(dup2(ends[0], c.fd), c.fd);
	close(ends[0]);
	ends[0] = c.fd;
	ck_assert_int_eq(connection_ask(&c, AIP_API_SOCK_SECURE, body, sizeof(body), -1,
			     reply, sizeof(reply)),
	    WSAENETDOWN);
	connection_close(&c);
	ck_assert_int_eq(recv(ends[1], &byte, 1, MSG_DONTWAIT), -1);
	ck_assert_int_eq(errno, EAGAIN);
	ck_assert_int_eq(write(ends[0], "x", 1), 1);
	close(ends[0]);
	close(ends[1]);
	fake_stop();
}
END_TEST

/* A program without standard output does not print to the daemon. */
START_TEST(test_standard_descriptors)
{
	struct connection c;

	fake_start(0, NONE, 0);
	close(STDIN_FILENO);
	ck_assert_int_eq(connection_open(&c), 0);
	ck_assert_int_gt(c.fd, STDERR_FILENO);
	ck_assert_int_eq(fcntl(c.fd, F_GETFD), FD_CLOEXEC);
	connection_close(&c);
	fake_stop();
}
END_TEST

/* What was known of a socket that was closed by other means is not known of the next one. */
START_TEST(test_facts_end_with_the_socket)
{
	int s = tcp_socket(), next, one = 1;

	fake_start(0, NONE, 0);
	ck_assert_int_eq(secure_default(s), 0);
	ck_assert_int_eq(
	    winsock_setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), -1);
	next = tcp_socket();
	ck_assert_int_eq(dup2(next, s), s);
	ck_assert_int_eq(
	    winsock_setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), 0);
	close(s);
	close(next);
	fake_stop();
}
END_TEST

TCase *
winsock_fork_cases(void)
{
	TCase *t = winsock_case("fork");

	tcase_add_loop_test(t, test_fork_under_a_lock, 0, 2);
	tcase_add_test(t, test_fork_while_others_wait);
	tcase_add_test(t, test_fork_in_a_call);
	tcase_add_test(t, test_signal_under_lock);
	tcase_add_test(t, test_jump_out_of_a_call);
	tcase_add_test(t, test_cancel_under_lock);
	tcase_add_test(t, test_descriptor_taken);
	tcase_add_test(t, test_standard_descriptors);
	tcase_add_test(t, test_facts_end_with_the_socket);
	return t;
}
