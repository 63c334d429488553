/* WSAQuerySocketSecurity and its kin, against a daemon that answers what the test wants. */
#include "config.h"

#include <arpa/inet.h>
#include <check.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "authiptoken.h"
#include "handleapi.h"
#include "tests/unit/fake_daemon.h"
#include "tests/unit/run_suite.h"
#include "winsock/thread_identity.h"
#include "ws2tcpip.h"

static SOCKET_SECURITY_QUERY_INFO_IPSEC2 info;
static ULONG info_n;
static int tcp, udp, peer_of_tcp;

/* A connected pair of TCP sockets on the loopback device; not secured, which the library cannot
 * know. */
static void
connect_tcp(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t n = sizeof(a);
	int l = socket(AF_INET, SOCK_STREAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(l, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(listen(l, 1), 0);
	ck_assert_int_eq(getsockname(l, (struct sockaddr *)&a, &n), 0);
	ck_assert_int_eq(connect(tcp, (struct sockaddr *)&a, sizeof(a)), 0);
	peer_of_tcp = accept(l, NULL, NULL);
	ck_assert_int_ge(peer_of_tcp, 0);
	close(l);
}

static void
setup(void)
{
	memset(&fake.query_reply, 0, sizeof(fake.query_reply));
	memset(&fake.identity_reply, 0, sizeof(fake.identity_reply));
	strcpy(fake.dir, "/tmp/check_query.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(fake.dir));
	snprintf(fake.path, sizeof(fake.path), "%s/" AIP_API_SOCKET, fake.dir);
	ck_assert_int_eq(setenv("AUTHIPD_RUN_DIR", fake.dir, 1), 0);
	tcp = socket(AF_INET, SOCK_STREAM, 0);
	udp = socket(AF_INET, SOCK_DGRAM, 0);
	peer_of_tcp = -1;
	info_n = sizeof(info);
	memset(&info, 0xee, sizeof(info));
}

static void
teardown(void)
{
	close(tcp);
	close(udp);
	if (peer_of_tcp >= 0)
		close(peer_of_tcp);
	unlink(fake.path);
	rmdir(fake.dir);
}

/* 0 or the error. */
static int
query(int s, const void *template, ULONG n)
{
	int rc;

	WSASetLastError(-7);
	rc = WSAQuerySocketSecurity(s, template, n,
	    (SOCKET_SECURITY_QUERY_INFO *)(void *)&info, &info_n, NULL, NULL);
	ck_assert_int_eq(rc, WSAGetLastError() == -7 ? 0 : SOCKET_ERROR);
	return rc == 0 ? 0 : WSAGetLastError();
}

static SOCKET_SECURITY_QUERY_TEMPLATE_IPSEC2
template_of(int protocol)
{
	SOCKET_SECURITY_QUERY_TEMPLATE_IPSEC2 t;
	struct sockaddr_in *in = (struct sockaddr_in *)&t.PeerAddress;

	memset(&t, 0, sizeof(t));
	t.SecurityProtocol = (SOCKET_SECURITY_PROTOCOL)protocol;
	in->sin_family = AF_INET;
	in->sin_port = htons(80);
	in->sin_addr.s_addr = htonl(0xc0000201);
	return t;
}

START_TEST(short_answer)
{
	connect_tcp();
	fake.query_reply.info_flags = htole32(3);
	fake.query_reply.mm_sa_id = htole64(11);
	fake_start(0, NONE, 0);
	ck_assert_int_eq(query(tcp, NULL, 0), 0);
	fake_stop();
	ck_assert(fake.had_fd);
	ck_assert_uint_eq(fake.peer.family, 0);
	ck_assert_uint_eq(info_n, 24);
	ck_assert_int_eq(info.SecurityProtocol, SOCKET_SECURITY_PROTOCOL_IPSEC);
	ck_assert_uint_eq(info.Flags, 3);
	ck_assert_uint_eq(info.PeerApplicationAccessTokenHandle, 0);
	ck_assert_uint_eq(info.PeerMachineAccessTokenHandle, 0);
	/* nothing was written behind the short form */
	ck_assert_uint_eq(info.MmSaId, 0xeeeeeeeeeeeeeeee);
}
END_TEST

START_TEST(long_answer)
{
	SOCKET_SECURITY_QUERY_TEMPLATE_IPSEC2 t =
	    template_of(SOCKET_SECURITY_PROTOCOL_IPSEC2);

	fake.query_reply.info_flags = htole32(1);
	fake.query_reply.mm_sa_id = htole64(11);
	fake.query_reply.qm_sa_id = htole64(12);
	fake_start(0, NONE, 0);
	t.FieldMask = SOCKET_QUERY_IPSEC2_FIELD_MASK_QM_SA_ID;
	ck_assert_int_eq(query(udp, &t, 148), 0);
	ck_assert_uint_eq(info_n, 64);
	ck_assert_uint_eq(info.MmSaId, 0); /* not asked for */
	ck_assert_mem_eq(&info.SaLookupContext, &(GUID){ 0 }, sizeof(GUID));
	ck_assert_uint_eq(info.QmSaId, 12);
	t.FieldMask = SOCKET_QUERY_IPSEC2_FIELD_MASK_MM_SA_ID;
	ck_assert_int_eq(query(udp, &t, sizeof(t)), 0);
	ck_assert_uint_eq(info.MmSaId, 11);
	ck_assert_uint_eq(info.QmSaId, 0);
	ck_assert_int_eq(info.SecurityProtocol, SOCKET_SECURITY_PROTOCOL_IPSEC2);
	fake_stop();
	ck_assert_uint_eq(le16toh(fake.peer.family), 4);
	ck_assert_uint_eq(fake.peer.port, htons(80));
	ck_assert_mem_eq(fake.peer.address, "\xc0\0\2\1\0", 5);
}
END_TEST

/* 26, 27: how much room is needed. */
START_TEST(sizes)
{
	SOCKET_SECURITY_QUERY_TEMPLATE_IPSEC2 t =
	    template_of(SOCKET_SECURITY_PROTOCOL_IPSEC2);
	ULONG n = 0;

	WSASetLastError(0);
	ck_assert_int_eq(
	    WSAQuerySocketSecurity(tcp, NULL, 0, NULL, NULL, NULL, NULL), -1);
	ck_assert_int_eq(WSAGetLastError(), WSAEFAULT);
	ck_assert_int_eq(
	    WSAQuerySocketSecurity(tcp, NULL, 0, NULL, &n, NULL, NULL), -1);
	ck_assert_int_eq(WSAGetLastError(), WSAEFAULT);
	ck_assert_uint_eq(n, 24);
	n = 1000;
	ck_assert_int_eq(
	    WSAQuerySocketSecurity(tcp, (void *)&t, sizeof(t), NULL, &n, NULL, NULL),
	    -1);
	ck_assert_int_eq(WSAGetLastError(), WSAEMSGSIZE);
	ck_assert_uint_eq(n, 64);
	info_n = 63;
	ck_assert_int_eq(query(udp, &t, sizeof(t)), WSAEMSGSIZE);
	ck_assert_uint_eq(info_n, 64);
	t.SecurityProtocol = SOCKET_SECURITY_PROTOCOL_IPSEC;
	info_n = 23;
	ck_assert_int_eq(query(tcp, &t, 144), WSAEMSGSIZE);
	ck_assert_uint_eq(info_n, 24);
}
END_TEST

/* 28, and the order of checks: no daemon runs, and none is needed for these. */
START_TEST(refusals)
{
	SOCKET_SECURITY_QUERY_TEMPLATE_IPSEC2 t =
	    template_of(SOCKET_SECURITY_PROTOCOL_IPSEC);
	struct sockaddr_in *in = (struct sockaddr_in *)&t.PeerAddress;
	int fds[2];

	ck_assert_int_eq(query(-1, NULL, 0), WSAENOTSOCK);
	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(query(fds[0], NULL, 0), WSAENOTSOCK);
	close(fds[0]);
	close(fds[1]);
	ck_assert_int_eq(query(udp, NULL, 0), WSAEMSGSIZE);
	ck_assert_int_eq(query(udp, &t, 143), WSAEMSGSIZE);
	ck_assert_int_eq(query(tcp, &t, 143), WSAEMSGSIZE);
	t.SecurityProtocol = SOCKET_SECURITY_PROTOCOL_IPSEC2;
	ck_assert_int_eq(query(tcp, &t, 147), WSAEMSGSIZE);
	t.Flags = 2;
	ck_assert_int_eq(query(tcp, &t, 148), WSAEINVAL);
	t.Flags = 0;
	t.FieldMask = 4;
	ck_assert_int_eq(query(tcp, &t, 148), WSAEINVAL);
	t.FieldMask = 0;
	t.SecurityProtocol = SOCKET_SECURITY_PROTOCOL_INVALID;
	ck_assert_int_eq(query(tcp, &t, 148), WSAEINVAL);
	t.SecurityProtocol = SOCKET_SECURITY_PROTOCOL_DEFAULT;
	in->sin_port = 0;
	ck_assert_int_eq(query(udp, &t, 144), WSAEINVAL);
	in->sin_family = AF_INET6;
	ck_assert_int_eq(query(udp, &t, 144), WSAEAFNOSUPPORT);
	in->sin_family = 0;
	ck_assert_int_eq(query(udp, &t, 144), WSAEAFNOSUPPORT);
	/* TCP ignores the address */
	ck_assert_int_eq(query(tcp, &t, 144), WSAENOTCONN);
	ck_assert_int_eq(query(tcp, NULL, 0), WSAENOTCONN);
}
END_TEST

START_TEST(pinning_is_not_there)
{
	SOCKET_SECURITY_QUERY_TEMPLATE_IPSEC2 t =
	    template_of(SOCKET_SECURITY_PROTOCOL_IPSEC2);

	t.Flags = SOCKET_QUERY_IPSEC2_ABORT_CONNECTION_ON_FIELD_CHANGE;
	ck_assert_int_eq(query(udp, &t, 148), WSAEOPNOTSUPP);
}
END_TEST

/* 29 */
START_TEST(after_a_reset)
{
	struct linger now = { 1, 0 };
	char b;

	connect_tcp();
	ck_assert_int_eq(
	    setsockopt(peer_of_tcp, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	close(peer_of_tcp);
	peer_of_tcp = -1;
	ck_assert_int_eq(query(tcp, NULL, 0), WSAECONNRESET);
	ck_assert_int_eq(
	    recv(tcp, &b, 1, 0), -1); /* the program still gets its error */
	ck_assert_int_eq(errno, ECONNRESET);
	ck_assert_int_eq(query(tcp, NULL, 0), WSAECONNRESET);
}
END_TEST

START_TEST(no_daemon)
{
	connect_tcp();
	ck_assert_int_eq(query(tcp, NULL, 0), WSAENETDOWN);
	ck_assert_uint_eq(info.Flags, 0xeeeeeeee);
}
END_TEST

START_TEST(broken_daemon)
{
	int error;

	connect_tcp();
	fake_start(AIP_API_SOCK_QUERY, (enum fault)_i, 0);
	error = query(tcp, NULL, 0);
	fake_stop();
	ck_assert_int_eq(error, WSAENETDOWN);
}
END_TEST

/* ---- tokens ---- */

static HANDLE
token_of(uint32_t flags)
{
	SOCKET_SECURITY_QUERY_TEMPLATE_IPSEC2 t =
	    template_of(SOCKET_SECURITY_PROTOCOL_IPSEC);
	bool machine = (flags & AIP_API_IDENTITY_MACHINE) != 0;

	fake.query_reply.info_flags = htole32(1);
	fake.identity_reply.flags = htole32(flags);
	fake.identity_reply.uid = htole32(4711);
	fake.identity_reply.gid = htole32(4712);
	strcpy(fake.identity_reply.peer, "alice@EXAMPLE");
	fake_start(0, NONE, 0);
	t.PeerTokenAccessMask = 8;
	ck_assert_int_eq(query(udp, &t, 144), 0);
	fake_stop();
	ck_assert((info.PeerMachineAccessTokenHandle != 0) == machine);
	ck_assert((info.PeerApplicationAccessTokenHandle != 0) == !machine);
	return (HANDLE)(uintptr_t)(machine ? info.PeerMachineAccessTokenHandle :
					     info.PeerApplicationAccessTokenHandle);
}

/* 31 */
START_TEST(tokens)
{
	HANDLE h = token_of(AIP_API_IDENTITY_ACCOUNT);
	char name[6];
	uid_t uid;
	gid_t gid;

	ck_assert_int_eq(AuthipTokenGetUid(h, &uid, &gid), 0);
	ck_assert_uint_eq(uid, 4711);
	ck_assert_uint_eq(gid, 4712);
	ck_assert_int_eq(AuthipTokenGetName(h, name, sizeof(name)), 13);
	ck_assert_str_eq(name, "alice");
	ck_assert_int_eq(AuthipTokenGetName(h, NULL, 0), 13);
	ck_assert(CloseHandle(h));
	ck_assert(!CloseHandle(h));
	ck_assert_int_eq(AuthipTokenGetUid(h, &uid, &gid), SOCKET_ERROR);
	ck_assert_int_eq(WSAGetLastError(), WSA_INVALID_HANDLE);
	ck_assert_int_eq(AuthipTokenGetName(h, name, sizeof(name)), SOCKET_ERROR);
	ck_assert(!CloseHandle(NULL));
	ck_assert(!CloseHandle((HANDLE)(uintptr_t)-1));
}
END_TEST

START_TEST(token_without_account)
{
	HANDLE h = token_of(AIP_API_IDENTITY_MACHINE);
	uid_t uid = 1;

	ck_assert_int_eq(AuthipTokenGetUid(h, &uid, NULL), SOCKET_ERROR);
	ck_assert_int_eq(WSAGetLastError(), WSAEACCES);
	ck_assert_uint_eq(uid, 1);
	ck_assert_int_eq(AuthipTokenGetName(h, NULL, 0), 13);
	ck_assert(CloseHandle(h));
}
END_TEST

/* A peer that proved nothing has no token, and the query is good all the same. */
START_TEST(token_of_nobody)
{
	SOCKET_SECURITY_QUERY_TEMPLATE_IPSEC2 t =
	    template_of(SOCKET_SECURITY_PROTOCOL_IPSEC);

	fake.query_reply.info_flags = htole32(1);
	fake_start(AIP_API_SOCK_IDENTITY, NONE, WSAEACCES);
	t.PeerTokenAccessMask = 8;
	ck_assert_int_eq(query(udp, &t, 144), 0);
	fake_stop();
	ck_assert_uint_eq(info.PeerMachineAccessTokenHandle, 0);
	ck_assert_uint_eq(info.PeerApplicationAccessTokenHandle, 0);
}
END_TEST

/* ---- impersonation: what needs no other identity ---- */

static int
impersonate(int s, const void *peer, ULONG n)
{
	WSASetLastError(0);
	return WSAImpersonateSocketPeer(s, peer, n) == 0 ? 0 : WSAGetLastError();
}

/* 33 */
START_TEST(impersonate_refusals)
{
	SOCKET_SECURITY_QUERY_TEMPLATE_IPSEC2 t =
	    template_of(SOCKET_SECURITY_PROTOCOL_IPSEC);
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = 1 };
	int blocking = socket(AF_INET6, SOCK_DGRAM, 0);

	ck_assert_int_eq(impersonate(-1, NULL, 0), WSAENOTSOCK);
	ck_assert_int_eq(impersonate(tcp, NULL, 0), WSAENOTCONN);
	ck_assert_int_eq(impersonate(udp, NULL, 0), WSAEFAULT);
	ck_assert_int_eq(impersonate(udp, &t.PeerAddress, 15), WSAEMSGSIZE);
	ck_assert_int_eq(impersonate(udp, &six, sizeof(six)), WSAEAFNOSUPPORT);
	ck_assert_int_eq(impersonate(blocking, &six, 27), WSAEMSGSIZE);
	ck_assert_int_eq(impersonate(blocking, &t.PeerAddress, 16), WSAEAFNOSUPPORT);
	ck_assert_int_eq(impersonate(udp, &t.PeerAddress, 16), WSAENETDOWN);
	ck_assert_int_eq(fcntl(udp, F_SETFL, O_NONBLOCK), 0);
	ck_assert_int_eq(impersonate(udp, &t.PeerAddress, 16), WSAEINVAL);
	close(blocking);
	ck_assert_int_eq(WSARevertImpersonation(), 0);
}
END_TEST

/* 95, 96: without an account nothing happens; the own account needs no privilege. */
START_TEST(impersonate_oneself)
{
	connect_tcp();
	fake.identity_reply.uid = htole32(getuid());
	fake.identity_reply.gid = htole32(getgid());
	fake_start(0, NONE, 0);
	ck_assert_int_eq(impersonate(tcp, NULL, 0), WSAEACCES);
	ck_assert(!thread_identity_is_taken());
	fake.identity_reply.flags = htole32(AIP_API_IDENTITY_ACCOUNT);
	ck_assert_int_eq(impersonate(tcp, NULL, 0), 0);
	ck_assert(thread_identity_is_taken());
	ck_assert_int_eq(WSARevertImpersonation(), 0);
	fake.identity_reply.n_groups = htole32(AIP_API_MAX_GROUPS + 1);
	ck_assert_int_eq(impersonate(tcp, NULL, 0), WSAENETDOWN);
	ck_assert(!thread_identity_is_taken());
	fake_stop();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("query");
	TCase *t = tcase_create("query");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 30);
	tcase_add_test(t, short_answer);
	tcase_add_test(t, long_answer);
	tcase_add_test(t, sizes);
	tcase_add_test(t, refusals);
	tcase_add_test(t, pinning_is_not_there);
	tcase_add_test(t, after_a_reset);
	tcase_add_test(t, no_daemon);
	tcase_add_loop_test(t, broken_daemon, MAGIC, SILENT);
	tcase_add_test(t, tokens);
	tcase_add_test(t, token_without_account);
	tcase_add_test(t, token_of_nobody);
	tcase_add_test(t, impersonate_refusals);
	tcase_add_test(t, impersonate_oneself);
	suite_add_tcase(suite, t);
	return run_suite(suite);
}
