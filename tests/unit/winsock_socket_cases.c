/* What kind of socket in what state may be secured. */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/check_winsock.h"
#include "winsock/connection.h"

START_TEST(test_no_socket)
{
	int ends[2], s = tcp_socket(), file = open("/dev/null", O_RDWR);

	close(s);
	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(secure_default(INVALID_SOCKET), WSAENOTSOCK);
	ck_assert_int_eq(secure_default(s), WSAENOTSOCK);
	ck_assert_int_eq(secure_default(1 << 20), WSAENOTSOCK);
	ck_assert_int_eq(secure_default(file), WSAENOTSOCK);
	ck_assert_int_eq(secure_default(ends[0]), WSAENOTSOCK);
	close(ends[0]);
	close(ends[1]);
	close(file);
}
END_TEST

START_TEST(test_kind_of_socket)
{
	static const int kinds[][3] = {
		{ AF_UNIX, SOCK_STREAM, 0 }, { AF_UNIX, SOCK_DGRAM, 0 },
		{ AF_UNIX, SOCK_SEQPACKET, 0 }, { AF_NETLINK, SOCK_RAW, 0 },
		{ AF_INET, SOCK_RAW, IPPROTO_UDP },
		{ AF_INET, SOCK_DGRAM, IPPROTO_ICMP },
		{ AF_INET, SOCK_DGRAM, 136 },  /* UDP-Lite */
		{ AF_INET, SOCK_STREAM, 262 }, /* MPTCP */
		{ AF_INET6, SOCK_STREAM, 262 },
		{ AF_INET, SOCK_STREAM, 132 }, /* SCTP */
	};
	int s = socket(kinds[_i][0], kinds[_i][1], kinds[_i][2]);

	if (s == -1)
		return; /* the kernel has none */
	ck_assert_int_eq(secure_and_close(s), WSAEINVAL);
}
END_TEST

static void
address(struct sockaddr_in *a, const char *ip, uint16_t port)
{
	memset(a, 0, sizeof(*a));
	a->sin_family = AF_INET;
	a->sin_port = htons(port);
	ck_assert_int_eq(inet_pton(AF_INET, ip, &a->sin_addr), 1);
}

static void
bind_to(int s, const char *ip)
{
	struct sockaddr_in a;

	address(&a, ip, 0);
	ck_assert_int_eq(bind(s, (struct sockaddr *)&a, sizeof(a)), 0);
}

START_TEST(test_bound)
{
	int s = tcp_socket(), one = 1;

	bind_to(s, "0.0.0.0");
	ck_assert_int_eq(secure_default(s), WSAEINVAL);
	ck_assert_int_eq(listen(s, 1), 0);
	ck_assert_int_eq(secure_default(s), WSAEINVAL);
	close(s);
	/* an address, and the port only at connect */
	s = tcp_socket();
	ck_assert_int_eq(
	    setsockopt(s, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one)), 0);
	bind_to(s, "127.0.0.1");
	ck_assert_int_eq(secure_and_close(s), WSAEINVAL);
}
END_TEST

START_TEST(test_bound_ipv6)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6 };
	int s = socket(AF_INET6, SOCK_DGRAM, 0);

	ck_assert_int_eq(bind(s, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(secure_and_close(s), WSAEINVAL);
}
END_TEST

START_TEST(test_connected)
{
	struct sockaddr_in a;
	socklen_t n = sizeof(a);
	int listener = tcp_socket(), client = tcp_socket(), child, udp;

	bind_to(listener, "127.0.0.1");
	ck_assert_int_eq(listen(listener, 1), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&a, &n), 0);
	ck_assert_int_eq(connect(client, (struct sockaddr *)&a, sizeof(a)), 0);
	child = accept(listener, NULL, NULL);
	ck_assert_int_eq(secure_default(client), WSAEISCONN);
	ck_assert_int_eq(secure_default(child), WSAEISCONN);
	udp = socket(AF_INET, SOCK_DGRAM, 0);
	ck_assert_int_eq(connect(udp, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(secure_default(udp), WSAEISCONN);
	close(udp);
	close(child);
	close(client);
	close(listener);
}
END_TEST

START_TEST(test_connecting)
{
	struct sockaddr_in a;
	int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	int rc, number;

	address(&a, "192.0.2.1", 9);
	rc = connect(s, (struct sockaddr *)&a, sizeof(a));
	number = errno;
	if (rc == -1 && number == EINPROGRESS)
		ck_assert_int_eq(secure_default(s), WSAEINVAL);
	close(s);
}
END_TEST

START_TEST(test_reuse_options)
{
	static const int options[] = { SO_REUSEADDR, SO_REUSEPORT };
	int s = tcp_socket(), one = 1;

	ck_assert_int_eq(setsockopt(s, SOL_SOCKET, options[_i], &one, sizeof(one)), 0);
	ck_assert_int_eq(secure_and_close(s), WSAEINVAL);
}
END_TEST

/* Several faults at once: the documented order says which one is told. */
enum {
	CLOSED = 1,
	OTHER_KIND = 2,
	TOO_SHORT = 4,
	BAD_FLAGS = 8,
	CONNECTED = 16,
	BOUND = 32,
	REUSED = 64,
	PASSWORD = 128, /* nothing can use one: a reference that leads nowhere */
};

static const struct {
	int faults;
	int error;
} orders[] = {
	{ 0, WSAENETDOWN }, /* there is no daemon: asked last */
	{ CLOSED | TOO_SHORT, WSAENOTSOCK },
	{ CLOSED | BAD_FLAGS, WSAENOTSOCK },
	{ OTHER_KIND | TOO_SHORT, WSAEINVAL },
	{ TOO_SHORT | BAD_FLAGS, WSAEMSGSIZE },
	{ TOO_SHORT | CONNECTED, WSAEMSGSIZE },
	{ BAD_FLAGS | CONNECTED, WSAEINVAL },
	{ CONNECTED | REUSED, WSAEISCONN },
	{ CONNECTED | PASSWORD, WSAEISCONN },
	{ BOUND, WSAEINVAL },
	{ REUSED, WSAEINVAL },
	{ PASSWORD, WSAEINVAL },
	{ BOUND | TOO_SHORT, WSAEMSGSIZE },
};
#define ORDERS (int)(sizeof(orders) / sizeof(orders[0]))

static int
faulty_socket(int faults)
{
	int kind = (faults & CONNECTED) != 0 ? SOCK_DGRAM : SOCK_STREAM, one = 1;
	int s = socket((faults & OTHER_KIND) != 0 ? AF_UNIX : AF_INET, kind, 0);
	struct sockaddr_in a;

	ck_assert_int_ge(s, 0);
	if ((faults & REUSED) != 0)
		ck_assert_int_eq(
		    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), 0);
	if ((faults & BOUND) != 0)
		bind_to(s, "127.0.0.1");
	address(&a, "127.0.0.1", 9);
	if ((faults & CONNECTED) != 0)
		ck_assert_int_eq(connect(s, (struct sockaddr *)&a, sizeof(a)), 0);
	if ((faults & CLOSED) != 0)
		close(s);
	return s;
}

START_TEST(test_order_of_errors)
{
	int faults = orders[_i].faults, s = faulty_socket(faults);
	SOCKET_SECURITY_SETTINGS_IPSEC settings = {
		.SecurityProtocol = SOCKET_SECURITY_PROTOCOL_IPSEC
	};
	ULONG n = sizeof(settings);

	if ((faults & BAD_FLAGS) != 0)
		settings.SecurityFlags = 4;
	if ((faults & PASSWORD) != 0)
		settings.UserNameStringLen = sizeof(wchar_t);
	if ((faults & TOO_SHORT) != 0)
		n = 83;
	ck_assert_int_eq(secure_with(s, &settings, n), orders[_i].error);
	if ((faults & CLOSED) == 0)
		close(s);
}
END_TEST

static int
ipv6_only(int s)
{
	int only = -1;
	socklen_t n = sizeof(only);

	ck_assert_int_eq(getsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &only, &n), 0);
	return only;
}

static int
dual_socket(void)
{
	int s = socket(AF_INET6, SOCK_STREAM, 0), off = 0;

	ck_assert_int_ge(s, 0);
	ck_assert_int_eq(
	    setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)), 0);
	return s;
}

/* Confined on success and in doubt, untouched after a refusal. */
START_TEST(test_ipv6_only)
{
	static const struct {
		uint16_t verb;
		enum fault fault;
		uint32_t error;
		int only;
	} cases[] = {
		{ 0, NONE, 0, 1 },
		{ AIP_API_SOCK_SECURE, NONE, WSAEACCES, 0 },
		{ AIP_API_SOCK_SECURE, CLOSE, 0, 1 },
		{ AIP_API_SOCK_SECURE, MAGIC, 0, 1 },
		{ AIP_API_HELLO, NONE, WSAEACCES, 0 },
		{ AIP_API_HELLO, CLOSE, 0, 0 },
	};
	int s = dual_socket();

	fake_start(cases[_i].verb, cases[_i].fault, cases[_i].error);
	(void)secure_default(s);
	fake_stop();
	ck_assert_int_eq(ipv6_only(s), cases[_i].only);
	close(s);
}
END_TEST

START_TEST(test_ipv6_only_no_daemon)
{
	int s = dual_socket();

	ck_assert_int_eq(secure_default(s), WSAENETDOWN);
	ck_assert_int_eq(ipv6_only(s), 0);
	close(s);
}
END_TEST

TCase *
winsock_socket_cases(void)
{
	TCase *t = winsock_case("sockets");

	tcase_add_test(t, test_no_socket);
	tcase_add_loop_test(t, test_kind_of_socket, 0, 10);
	tcase_add_test(t, test_bound);
	tcase_add_test(t, test_bound_ipv6);
	tcase_add_test(t, test_connected);
	tcase_add_test(t, test_connecting);
	tcase_add_loop_test(t, test_reuse_options, 0, 2);
	tcase_add_loop_test(t, test_order_of_errors, 0, ORDERS);
	tcase_add_loop_test(t, test_ipv6_only, 0, 6);
	tcase_add_test(t, test_ipv6_only_no_daemon);
	return t;
}
