/* WSASetSocketPeerTargetName and its opposite, against a daemon that notes what it is told. */
#include "config.h"

#include <arpa/inet.h>
#include <check.h>
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/fake_daemon.h"
#include "tests/unit/run_suite.h"
#include "ws2tcpip.h"

#define HEAD offsetof(SOCKET_PEER_TARGET_NAME, AllStrings)
#define ROOM 300

static int tcp, udp;
static union {
	SOCKET_PEER_TARGET_NAME t;
	char bytes[HEAD + ROOM * sizeof(wchar_t)];
} name;

static void
setup(void)
{
	strcpy(fake.dir, "/tmp/check_target.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(fake.dir));
	snprintf(fake.path, sizeof(fake.path), "%s/" AIP_API_SOCKET, fake.dir);
	ck_assert_int_eq(setenv("AUTHIPD_RUN_DIR", fake.dir, 1), 0);
	tcp = socket(AF_INET, SOCK_STREAM, 0);
	udp = socket(AF_INET, SOCK_DGRAM, 0);
}

static void
teardown(void)
{
	close(tcp);
	close(udp);
	unlink(fake.path);
	rmdir(fake.dir);
}

/* A name, its count as given, the buffer as long as the text. Its length. */
static ULONG
fill(int protocol, const wchar_t *text, ULONG count)
{
	size_t n = wcslen(text);

	memset(&name, 0, sizeof(name));
	name.t.SecurityProtocol = (SOCKET_SECURITY_PROTOCOL)protocol;
	name.t.PeerTargetNameStringLen = count;
	memcpy(name.bytes + HEAD, text, n * sizeof(wchar_t));
	return (ULONG)(HEAD + n * sizeof(wchar_t));
}

static void
fill_peer(uint16_t port)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&name.t.PeerAddress;

	in->sin_family = AF_INET;
	in->sin_port = htons(port);
	in->sin_addr.s_addr = htonl(0xc0000201);
}

static int
set(int s, ULONG n)
{
	WSASetLastError(0);
	return WSASetSocketPeerTargetName(s, &name.t, n, NULL, NULL) == 0 ?
		   0 :
		   WSAGetLastError();
}

static int delete (int s, const void *peer, ULONG n)
{
	WSASetLastError(0);
	return WSADeleteSocketPeerTargetName(s, peer, n, NULL, NULL) == 0 ?
		   0 :
		   WSAGetLastError();
}

/* 20: bytes and characters, and a buffer with zeros behind the text. */
static const struct {
	int protocol;
	ULONG count;
	ULONG more; /* zero bytes behind */
} counts[] = { { 0, 6, 0 }, { 0, 24, 0 }, { 1, 6, 4 }, { 1, 24, 4 }, { 2, 24, 0 },
	{ 2, 24, 4 } };

START_TEST(both_units)
{
	ULONG n = fill(counts[_i].protocol, L"host/b", counts[_i].count);

	fake_start(0, NONE, 0);
	ck_assert_int_eq(set(tcp, n + counts[_i].more), 0);
	fake_stop();
	ck_assert_str_eq(fake.target, "host/b");
	ck_assert_uint_eq(fake.peer.family, 0);
	ck_assert(fake.had_fd);
}
END_TEST

START_TEST(name_in_utf8)
{
	ULONG n = fill(2,
	    L"host/b\xfc"
	    L"cher",
	    11 * sizeof(wchar_t));

	fake_start(0, NONE, 0);
	ck_assert_int_eq(set(tcp, n), 0);
	fake_stop();
	ck_assert_str_eq(fake.target, "host/b\xc3\xbc"
				      "cher");
}
END_TEST

/* 19, 21: no daemon is needed for these. */
START_TEST(bad_names)
{
	wchar_t most[ROOM];
	ULONG n = fill(0, L"host/b", 6);

	ck_assert_int_eq(set(-1, n), WSAENOTSOCK);
	ck_assert_int_eq(
	    WSASetSocketPeerTargetName(tcp, NULL, n, NULL, NULL), SOCKET_ERROR);
	ck_assert_int_eq(WSAGetLastError(), WSAEFAULT);
	ck_assert_int_eq(set(tcp, HEAD - 1), WSAEMSGSIZE);
	ck_assert_int_eq(set(tcp, HEAD), WSAEMSGSIZE);
	ck_assert_int_eq(set(tcp, n - 4), WSAEMSGSIZE);
	name.t.SecurityProtocol = SOCKET_SECURITY_PROTOCOL_INVALID;
	ck_assert_int_eq(set(tcp, n), WSAEINVAL);
	n = fill(0, L"host/b", 0xffffffff);
	ck_assert_int_eq(set(tcp, n), WSAEMSGSIZE);
	n = fill(2, L"host/b", 23); /* no whole number of characters */
	ck_assert_int_eq(set(tcp, n), WSAEINVAL);
	n = fill(0, L"", 0);
	ck_assert_int_eq(set(tcp, n + 4), WSAEINVAL);
	n = fill(2, L"ho\0st/b", 12); /* a NUL inside */
	ck_assert_int_eq(set(tcp, n + 16), WSAEINVAL);
	n = fill(0, L"host/\nb", 7);
	ck_assert_int_eq(set(tcp, n), WSAEINVAL);
	n = fill(0, L"host/\xd800", 6); /* half a character */
	ck_assert_int_eq(set(tcp, n), WSAEINVAL);
	wmemset(most, L'a', ROOM);
	most[1] = L'/';
	most[255] = L'\0';
	n = fill(0, most, 255);
	ck_assert_int_eq(set(tcp, n), WSAENETDOWN);
	most[255] = L'a';
	most[256] = L'\0';
	n = fill(0, most, 256);
	ck_assert_int_eq(set(tcp, n), WSAEINVAL);
	most[256] = L'a';
	most[ROOM - 1] = L'\0';
	n = fill(0, most, ROOM - 1);
	ck_assert_int_eq(set(tcp, n), WSAEINVAL);
}
END_TEST

/* 22, 23 */
START_TEST(peers)
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&name.t.PeerAddress;
	ULONG n = fill(0, L"host/b", 6);

	ck_assert_int_eq(set(udp, n), WSAEINVAL);
	fill_peer(0);
	ck_assert_int_eq(set(udp, n), WSAEINVAL);
	six->sin6_family = AF_INET6;
	ck_assert_int_eq(set(udp, n), WSAEAFNOSUPPORT);
	ck_assert_int_eq(set(tcp, n), WSAEAFNOSUPPORT);
	fill_peer(80);
	fake_start(0, NONE, 0);
	ck_assert_int_eq(set(udp, n), 0);
	fake_stop();
	ck_assert_uint_eq(le16toh(fake.peer.family), 4);
	ck_assert_uint_eq(fake.peer.port, htons(80));
}
END_TEST

/* 24 */
START_TEST(connected)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(9) };
	ULONG n = fill(0, L"host/b", 6);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(connect(udp, (struct sockaddr *)&a, sizeof(a)), 0);
	fill_peer(80);
	ck_assert_int_eq(set(udp, n), WSAEISCONN);
}
END_TEST

/* 25 */
START_TEST(deleting)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(80) };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
	int tcp6 = socket(AF_INET6, SOCK_STREAM, 0);

	ck_assert_int_eq(delete (tcp, NULL, 16), WSAEFAULT);
	ck_assert_int_eq(delete (tcp, &a, 15), WSAEMSGSIZE);
	ck_assert_int_eq(delete (tcp6, &six, 27), WSAEMSGSIZE);
	ck_assert_int_eq(delete (tcp, &six, 28), WSAEAFNOSUPPORT);
	ck_assert_int_eq(delete (-1, &a, 16), WSAENOTSOCK);
	ck_assert_int_eq(delete (tcp, &a, 16), WSAENETDOWN);
	strcpy(fake.target, "old");
	fake_start(0, NONE, 0);
	ck_assert_int_eq(delete (tcp, &a, 16), 0);
	fake_stop();
	ck_assert_str_eq(fake.target, "");
	close(tcp6);
}
END_TEST

/* ---- names before WSASetSocketSecurity ---- */

/* The daemon does not know the socket: the call succeeds. */
static void
set_early(int s, const wchar_t *text)
{
	ULONG n = fill(0, text, (ULONG)wcslen(text));

	if (s == udp)
		fill_peer(80);
	fake_start(AIP_API_SOCK_TARGET, NONE, WSAEOPNOTSUPP);
	ck_assert_int_eq(set(s, n), 0);
	fake_stop();
}

static int
secure(int s)
{
	strcpy(fake.target, "none");
	return WSASetSocketSecurity(s, NULL, 0, NULL, NULL) == 0 ? 0 : WSAGetLastError();
}

START_TEST(name_before_security)
{
	set_early(tcp, L"host/a");
	set_early(tcp, L"host/b"); /* instead of it */
	fake_start(0, NONE, 0);
	ck_assert_int_eq(secure(udp), 0); /* another socket has no name */
	ck_assert_str_eq(fake.target, "none");
	ck_assert_int_eq(secure(tcp), 0);
	ck_assert_str_eq(fake.target, "host/b");
	ck_assert_int_eq(secure(tcp), 0); /* it is told once */
	ck_assert_str_eq(fake.target, "none");
	fake_stop();
}
END_TEST

START_TEST(early_name_of_a_peer)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(80) };

	a.sin_addr.s_addr = htonl(0xc0000201);
	set_early(udp, L"host/b");
	fake_start(0, NONE, 0);
	ck_assert_int_eq(secure(udp), 0);
	fake_stop();
	ck_assert_str_eq(fake.target, "host/b");
	ck_assert_uint_eq(fake.peer.port, htons(80));
	set_early(udp, L"host/b");
	fake_start(AIP_API_SOCK_TARGET, NONE, WSAEOPNOTSUPP);
	ck_assert_int_eq(delete (udp, &a, sizeof(a)), 0);
	fake_stop();
	fake_start(0, NONE, 0);
	ck_assert_int_eq(secure(udp), 0);
	ck_assert_str_eq(fake.target, "none");
	fake_stop();
}
END_TEST

/* Without its name the socket is not what the program wants. */
START_TEST(early_name_is_refused)
{
	set_early(tcp, L"host/b");
	fake_start(AIP_API_SOCK_TARGET, NONE, WSAENOBUFS);
	ck_assert_int_eq(secure(tcp), WSAENOBUFS);
	fake_stop();
}
END_TEST

/* Another socket on the same descriptor is another socket. */
START_TEST(early_name_of_a_closed_socket)
{
	int old = tcp;

	set_early(tcp, L"host/b");
	close(tcp);
	tcp = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(tcp, old);
	fake_start(0, NONE, 0);
	ck_assert_int_eq(secure(tcp), 0);
	ck_assert_str_eq(fake.target, "none");
	fake_stop();
}
END_TEST

START_TEST(too_many_early_names)
{
	ULONG n = fill(0, L"host/b", 6);
	int i, s;

	fake_start(AIP_API_SOCK_TARGET, NONE, WSAEOPNOTSUPP);
	for (i = 0; i < 1024; i++) {
		s = socket(AF_INET, SOCK_STREAM, 0);
		ck_assert_int_eq(set(s, n), 0);
		close(s);
	}
	ck_assert_int_eq(set(tcp, n), WSAENOBUFS);
	fake_stop();
}
END_TEST

START_TEST(refused_by_the_daemon)
{
	ULONG n = fill(0, L"host/b", 6);
	int error;

	fake_start(AIP_API_SOCK_TARGET, NONE, WSAENOBUFS);
	error = set(tcp, n);
	fake_stop();
	ck_assert_int_eq(error, WSAENOBUFS);
}
END_TEST

START_TEST(broken_daemon)
{
	ULONG n = fill(0, L"host/b", 6);
	int error;

	fake_start(AIP_API_SOCK_TARGET, (enum fault)_i, 0);
	error = set(tcp, n);
	fake_stop();
	ck_assert_int_eq(error, WSAENETDOWN);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("target");
	TCase *t = tcase_create("target");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 30);
	tcase_add_loop_test(t, both_units, 0, sizeof(counts) / sizeof(counts[0]));
	tcase_add_test(t, name_in_utf8);
	tcase_add_test(t, bad_names);
	tcase_add_test(t, peers);
	tcase_add_test(t, connected);
	tcase_add_test(t, deleting);
	tcase_add_test(t, name_before_security);
	tcase_add_test(t, early_name_of_a_peer);
	tcase_add_test(t, early_name_is_refused);
	tcase_add_test(t, early_name_of_a_closed_socket);
	tcase_add_test(t, too_many_early_names);
	tcase_add_test(t, refused_by_the_daemon);
	tcase_add_loop_test(t, broken_daemon, MAGIC, SILENT);
	suite_add_tcase(suite, t);
	return run_suite(suite);
}
