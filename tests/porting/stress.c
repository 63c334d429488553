/*
 * The six functions in many threads at once, against the daemon of the unit tests: for
 * ThreadSanitizer. Every call that must succeed does, and no descriptor is left.
 */
#include <check.h>
#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/fake_daemon.h"
#include "winbase.h"
#include "ws2tcpip.h"

#define THREADS 8
#define ROUNDS 40

static atomic_int n_failed;

static void
must(int rc, const char *what)
{
	if (rc == 0)
		return;
	fprintf(stderr, "%s: error %d\n", what, WSAGetLastError());
	atomic_fetch_add(&n_failed, 1);
}

static void CALLBACK
routine(DWORD error, DWORD bytes, LPWSAOVERLAPPED o, DWORD flags)
{
	(void)bytes;
	(void)flags;
	must((int)error, "routine");
	o->Offset = 1;
}

static void
one_socket(int type)
{
	SOCKET_SECURITY_QUERY_TEMPLATE ask = { .SecurityProtocol = 1 };
	struct sockaddr_in peer = { .sin_family = AF_INET, .sin_port = htons(9) };
	union {
		SOCKET_PEER_TARGET_NAME t;
		char bytes[256];
	} name = { .t = { .SecurityProtocol = SOCKET_SECURITY_PROTOCOL_IPSEC2 } };
	SOCKET_SECURITY_QUERY_INFO info;
	WSAOVERLAPPED o = { 0 };
	ULONG n = sizeof(info);
	int s = socket(AF_INET, type, 0), copy;

	peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	memcpy(&name.t.PeerAddress, &peer, sizeof(peer));
	memcpy(&ask.PeerAddress, &peer, sizeof(peer));
	wmemcpy(name.t.AllStrings, L"host/a", 6);
	name.t.PeerTargetNameStringLen = 6 * sizeof(wchar_t);
	must(WSASetSocketSecurity(s, NULL, 0, &o, routine), "secure");
	must(SleepEx(0, TRUE) == WAIT_IO_COMPLETION && o.Offset == 1 ? 0 : 1, "wait");
	must(WSASetSocketPeerTargetName(s, &name.t, sizeof(name), NULL, NULL), "name");
	copy = dup(s);
	if (type == SOCK_DGRAM)
		must(WSAQuerySocketSecurity(
			 copy, &ask, sizeof(ask), &info, &n, NULL, NULL),
		    "query");
	must(WSADeleteSocketPeerTargetName(
		 copy, (struct sockaddr *)&peer, sizeof(peer), NULL, NULL),
	    "delete");
	must(WSARevertImpersonation(), "revert");
	(void)close(copy);
	(void)closesocket(s);
}

static void *
work(void *arg)
{
	for (int i = 0; i < ROUNDS; i++)
		one_socket(
		    (i + (int)(intptr_t)arg) % 2 == 0 ? SOCK_STREAM : SOCK_DGRAM);
	return NULL;
}

static int
count_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (d != NULL && readdir(d) != NULL)
		n++;
	if (d != NULL)
		(void)closedir(d);
	return n;
}

START_TEST(six_functions)
{
	pthread_t thread[THREADS];
	int before;

	strcpy(fake.dir, "/tmp/authip-stress-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(fake.dir));
	ck_assert_int_eq(setenv("AUTHIPD_RUN_DIR", fake.dir, 1), 0);
	(void)snprintf(fake.path, sizeof(fake.path), "%s/wfp.sock", fake.dir);
	before = count_descriptors();
	fake_start(0, NONE, 0);
	for (intptr_t i = 0; i < THREADS; i++)
		must(pthread_create(&thread[i], NULL, work, (void *)i), "thread");
	for (int i = 0; i < THREADS; i++)
		(void)pthread_join(thread[i], NULL);
	fake_stop();
	(void)unlink(fake.path);
	(void)rmdir(fake.dir);
	ck_assert_int_eq(n_failed, 0);
	ck_assert_uint_eq(fake.secures, THREADS * ROUNDS);
	ck_assert_int_eq(count_descriptors(), before);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("stress");
	TCase *t = tcase_create("stress");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, six_functions);
	suite_add_tcase(s, t);
	srunner_set_fork_status(r, CK_NOFORK);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
