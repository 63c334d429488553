/* libfwpuclnt against a daemon that answers what the test wants. */
#include "config.h"

#include <arpa/inet.h>
#include <check.h>
#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/fake_daemon.h"
#include "winsock/connection.h"
#include "ws2tcpip.h"

static void
setup(void)
{
	strcpy(fake.dir, "/tmp/check_winsock.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(fake.dir));
	snprintf(fake.path, sizeof(fake.path), "%s/" AIP_API_SOCKET, fake.dir);
	ck_assert_int_eq(setenv("AUTHIPD_RUN_DIR", fake.dir, 1), 0);
	WSASetLastError(0);
}

static void
teardown(void)
{
	unlink(fake.path);
	rmdir(fake.dir);
}

static int
tcp_socket(void)
{
	int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(s, 0);
	return s;
}

/* 0, or the error of the call, in which case the return value was SOCKET_ERROR. */
static int
secure_with(int s, const void *settings, ULONG n)
{
	int rc;

	WSASetLastError(-7);
	rc = WSASetSocketSecurity(s, settings, n, NULL, NULL);
	if (rc == 0) {
		ck_assert_int_eq(WSAGetLastError(), -7);
		return 0;
	}
	ck_assert_int_eq(rc, SOCKET_ERROR);
	return WSAGetLastError();
}

static int
secure_default(int s)
{
	return secure_with(s, NULL, 0);
}

static int
secure_and_close(int s)
{
	int error = secure_default(s);

	close(s);
	return error;
}

static int64_t
clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static unsigned int
descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned int n = 0;

	ck_assert_ptr_nonnull(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

START_TEST(test_good_answer)
{
	static const int kinds[][2] = { { AF_INET, SOCK_STREAM },
		{ AF_INET, SOCK_DGRAM }, { AF_INET6, SOCK_STREAM },
		{ AF_INET6, SOCK_DGRAM } };
	struct stat own;
	int s;

	fake_start(0, NONE, 0);
	s = socket(kinds[_i][0], kinds[_i][1], 0);
	ck_assert_int_ge(s, 0);
	ck_assert_int_eq(secure_default(s), 0);
	fake_stop();
	ck_assert_uint_eq(fake.hellos, 1);
	ck_assert_uint_eq(fake.secures, 1);
	ck_assert_uint_eq(fake.hello.features, 0);
	ck_assert_uint_eq(le32toh(fake.hello.library_version), 1);
	ck_assert_uint_eq(fake.secure.security_flags, 0);
	ck_assert_uint_eq(fake.secure.ipsec_flags, 0);
	ck_assert(fake.ids_differ);
	/* The very socket was passed. */
	ck_assert(fake.had_fd);
	ck_assert_int_eq(fstat(s, &own), 0);
	ck_assert_uint_eq(fake.fd.st_ino, own.st_ino);
	ck_assert_uint_eq(fake.fd.st_dev, own.st_dev);
	close(s);
}
END_TEST

START_TEST(test_daemon_error)
{
	static const uint32_t errors[] = { WSAEACCES, WSAEINVAL, WSAENOTSOCK,
		WSAEISCONN, WSAENOBUFS, WSAEAFNOSUPPORT, WSAENETDOWN, WSAEOPNOTSUPP,
		WSAEMFILE, WSASYSCALLFAILURE };
	size_t i;

	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		fake_start((uint16_t)_i, NONE, errors[i]);
		ck_assert_int_eq(secure_and_close(tcp_socket()), (int)errors[i]);
		fake_stop();
		ck_assert_uint_eq(fake.secures, _i == AIP_API_SOCK_SECURE);
	}
}
END_TEST

START_TEST(test_nonsense_error)
{
	static const uint32_t errors[] = { 1, 13, 9999, 12000, 0x7fffffff, 0xffffffff,
		0x80000000 };
	size_t i;

	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		fake_start((uint16_t)_i, NONE, errors[i]);
		ck_assert_int_eq(secure_and_close(tcp_socket()), WSAENETDOWN);
		fake_stop();
	}
}
END_TEST

START_TEST(test_broken_answer)
{
	enum fault f;

	for (f = MAGIC; f <= CLOSE; f++) {
		fake_start((uint16_t)_i, f, 0);
		ck_assert_msg(
		    secure_and_close(tcp_socket()) == WSAENETDOWN, "fault %d", f);
		fake_stop();
	}
}
END_TEST

static void
on_signal(int number)
{
	(void)number;
}

/* A signal every 5 ms, without restart of system calls. */
static void
signals_on(void)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct itimerval often = { { 0, 5000 }, { 0, 5000 } };

	ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &often, NULL), 0);
}

static void
signals_off(void)
{
	struct itimerval never = { { 0, 0 }, { 0, 0 } };

	setitimer(ITIMER_REAL, &never, NULL);
}

static void
expect_timeout(void)
{
	int64_t start = clock_ms();

	ck_assert_int_eq(secure_and_close(tcp_socket()), WSAENETDOWN);
	ck_assert_int_ge(clock_ms() - start, 199);
	ck_assert_int_le(clock_ms() - start, 2000);
}

START_TEST(test_silent_daemon)
{
	connection_timeout_ms = 200;
	fake_start((uint16_t)_i, SILENT, 0);
	expect_timeout();
	signals_on();
	expect_timeout();
	signals_off();
	fake_stop();
}
END_TEST

START_TEST(test_late_answer)
{
	fake_start((uint16_t)_i, LATE, 0);
	signals_on();
	ck_assert_int_eq(secure_and_close(tcp_socket()), 0);
	signals_off();
	fake_stop();
}
END_TEST

/* The daemon hangs and its backlog is full: the connect is limited, too. */
START_TEST(test_full_backlog)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int i, fill[2];

	fake_listen(0);
	strcpy(a.sun_path, fake.path);
	for (i = 0; i < 2; i++) {
		fill[i] = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);
		(void)connect(fill[i], (struct sockaddr *)&a, sizeof(a));
	}
	connection_timeout_ms = 200;
	signals_on();
	expect_timeout();
	signals_off();
	for (i = 0; i < 2; i++)
		close(fill[i]);
	close(fake.listener);
}
END_TEST

START_TEST(test_no_daemon)
{
	char longer[200];

	/* no socket */
	ck_assert_int_eq(secure_and_close(tcp_socket()), WSAENETDOWN);
	/* a socket that nobody listens on */
	fake_listen(1);
	close(fake.listener);
	ck_assert_int_eq(secure_and_close(tcp_socket()), WSAENETDOWN);
	/* a path that no socket can have */
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	setenv("AUTHIPD_RUN_DIR", longer, 1);
	ck_assert_int_eq(secure_and_close(tcp_socket()), WSAENETDOWN);
}
END_TEST

/* A daemon of another kind on the path. */
START_TEST(test_wrong_socket_type)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(a.sun_path, fake.path);
	ck_assert_int_eq(bind(s, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(listen(s, 1), 0);
	ck_assert_int_eq(secure_and_close(tcp_socket()), WSAENETDOWN);
	close(s);
}
END_TEST

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

/* Settings that are wrong or right; the daemon is absent, so that right is WSAENETDOWN. */
struct settings_case {
	ULONG n;
	int error;
	SOCKET_SECURITY_SETTINGS_IPSEC s;
};

#define SHORT(n, protocol, flags, error)                                     \
	{                                                                    \
		n, error,                                                    \
		{                                                            \
			.SecurityProtocol = protocol, .SecurityFlags = flags \
		}                                                            \
	}
#define LONG(n, protocol, error, ...)                             \
	{                                                         \
		n, error,                                         \
		{                                                 \
			.SecurityProtocol = protocol, __VA_ARGS__ \
		}                                                 \
	}
#define OK WSAENETDOWN

static const struct settings_case settings_cases[] = {
	SHORT(0, 0, 0, WSAEMSGSIZE),
	SHORT(1, 0, 0, WSAEMSGSIZE),
	SHORT(7, 0, 0, WSAEMSGSIZE),
	SHORT(8, 0, 0, OK),
	SHORT(8, 0, 1, OK),
	SHORT(8, 0, 2, OK),
	SHORT(8, 0, 3, WSAEINVAL),
	SHORT(8, 0, 4, WSAEINVAL),
	SHORT(8, 0, 0x80000001, WSAEINVAL),
	SHORT(8, 3, 0, WSAEINVAL),
	SHORT(8, 4, 0, WSAEINVAL),
	SHORT(8, 0xffffffff, 0, WSAEINVAL),
	SHORT(8, 1, 0, WSAEMSGSIZE),
	SHORT(8, 2, 0, WSAEMSGSIZE),
	SHORT(83, 1, 0, WSAEMSGSIZE),
	SHORT(83, 2, 0, WSAEMSGSIZE),
	SHORT(84, 1, 0, OK),
	SHORT(88, 1, 0, OK),
	SHORT(84, 2, 1, OK),
	SHORT(88, 2, 2, OK),
	/* the long form is not read with protocol 0 */
	LONG(88, 0, OK, .IpsecFlags = 0x10),
	LONG(88, 1, OK, .IpsecFlags = 0x1),
	LONG(88, 1, OK, .IpsecFlags = 0x2),
	LONG(88, 1, OK, .IpsecFlags = 0x4),
	LONG(88, 1, OK, .IpsecFlags = 0x8),
	LONG(88, 2, OK, .IpsecFlags = 0xf),
	LONG(88, 1, WSAEINVAL, .IpsecFlags = 0x10),
	LONG(88, 1, WSAEINVAL, .Reserved = { .Data4 = { 0, 0, 0, 0, 0, 0, 0, 1 } }),
	LONG(88, 1, WSAEINVAL, .Reserved2 = 1ull << 63),
	/* the daemon knows the keys of policies */
	LONG(88, 1, OK, .AuthipMMPolicyKey = { .Data1 = 1 }),
	LONG(88, 1, OK, .AuthipQMPolicyKey = { .Data3 = 1 }),
	/* strings: no room, no room after a wrap of 32 bits, room */
	LONG(88, 1, WSAEMSGSIZE, .UserNameStringLen = 8),
	LONG(88, 1, WSAEMSGSIZE, .UserNameStringLen = 0xfffffffc,
	    .PasswordStringLen = 8),
	LONG(88, 1, WSAEMSGSIZE, .UserNameStringLen = 0x80000000,
	    .DomainNameStringLen = 0x80000000),
	LONG(84, 1, WSAEMSGSIZE, .UserNameStringLen = 4),
	LONG(88, 1, WSAEINVAL, .UserNameStringLen = 3),
	LONG(88, 1, WSAEINVAL, .PasswordStringLen = 4),
	LONG(88, 1, WSAEINVAL, .DomainNameStringLen = 4),
	/* explicit credentials: nothing can use them */
	LONG(88, 1, WSAEINVAL, .UserNameStringLen = 4),
	/* several errors: lengths come first */
	LONG(83, 1, WSAEMSGSIZE, .SecurityFlags = 4),
	LONG(88, 1, WSAEMSGSIZE, .SecurityFlags = 4, .UserNameStringLen = 5),
};

START_TEST(test_settings)
{
	const struct settings_case *c = &settings_cases[_i];
	uint8_t *exact = malloc(c->n + 1);
	int s = tcp_socket();

	/* Unaligned, and no byte more than promised, for the sanitizer. */
	ck_assert_ptr_nonnull(exact);
	memcpy(exact + 1, &c->s, c->n);
	ck_assert_int_eq(secure_with(s, exact + 1, c->n), c->error);
	free(exact);
	close(s);
}
END_TEST

START_TEST(test_null_settings_any_length)
{
	static const ULONG lengths[] = { 0, 1, 7, 8, 84, 0xffffffff };
	size_t i;
	int s;

	fake_start(0, NONE, 0);
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		s = tcp_socket();
		ck_assert_int_eq(secure_with(s, NULL, lengths[i]), 0);
		close(s);
	}
	fake_stop();
}
END_TEST

START_TEST(test_flags_reach_the_daemon)
{
	SOCKET_SECURITY_SETTINGS_IPSEC settings = {
		.SecurityProtocol = SOCKET_SECURITY_PROTOCOL_IPSEC,
		.SecurityFlags = SOCKET_SETTINGS_ALLOW_INSECURE,
		.IpsecFlags = SOCKET_SETTINGS_IPSEC_PEER_NAME_IS_RAW_FORMAT,
	};
	int s = tcp_socket();

	fake_start(0, NONE, 0);
	ck_assert_int_eq(secure_with(s, &settings, sizeof(settings)), 0);
	ck_assert_uint_eq(le32toh(fake.secure.security_flags), 2);
	ck_assert_uint_eq(le32toh(fake.secure.ipsec_flags), 8);
	settings.SecurityProtocol = SOCKET_SECURITY_PROTOCOL_DEFAULT;
	settings.SecurityFlags = SOCKET_SETTINGS_GUARANTEE_ENCRYPTION;
	ck_assert_int_eq(secure_with(s, &settings, sizeof(settings)), 0);
	ck_assert_uint_eq(le32toh(fake.secure.security_flags), 1);
	ck_assert_uint_eq(fake.secure.ipsec_flags, 0);
	fake_stop();
	close(s);
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

static void CALLBACK
routine(DWORD error, DWORD n, LPWSAOVERLAPPED o, DWORD flags)
{
	(void)error;
	(void)n;
	(void)o;
	(void)flags;
	ck_abort();
}

START_TEST(test_overlapped)
{
	WSAOVERLAPPED o = { .Internal = 5, .InternalHigh = 6 };
	int s = tcp_socket();

	fake_start(0, NONE, 0);
	ck_assert_int_eq(WSASetSocketSecurity(s, NULL, 0, &o, NULL), 0);
	ck_assert_uint_eq(o.Internal, 0);
	ck_assert_uint_eq(o.InternalHigh, 0);
	o.Internal = 5;
	ck_assert_int_eq(WSASetSocketSecurity(s, NULL, 0, &o, routine), SOCKET_ERROR);
	ck_assert_int_eq(WSAGetLastError(), WSAEOPNOTSUPP);
	ck_assert_int_eq(WSASetSocketSecurity(s, NULL, 0, NULL, routine), SOCKET_ERROR);
	ck_assert_int_eq(WSAGetLastError(), WSAEOPNOTSUPP);
	ck_assert_uint_eq(o.Internal, 5);
	fake_stop();
	ck_assert_uint_eq(fake.secures, 1);
	close(s);
}
END_TEST

START_TEST(test_overlapped_event)
{
	WSAEVENT event = WSACreateEvent();
	WSAOVERLAPPED o = { .Internal = 5, .hEvent = event };
	int s = tcp_socket();

	fake_start(0, NONE, 0);
	ck_assert_uint_eq(
	    WSAWaitForMultipleEvents(1, &event, 0, 0, 0), WSA_WAIT_TIMEOUT);
	ck_assert_int_eq(WSASetSocketSecurity(s, NULL, 0, &o, NULL), 0);
	ck_assert_uint_eq(o.Internal, 0);
	ck_assert_uint_eq(
	    WSAWaitForMultipleEvents(1, &event, 0, 0, 0), WSA_WAIT_EVENT_0);
	fake_stop();
	ck_assert(WSACloseEvent(event));
	close(s);
}
END_TEST

static void *
other_thread(void *arg)
{
	int *before = arg;

	*before = WSAGetLastError();
	WSASetLastError(WSAENOBUFS);
	ck_assert_int_eq(WSAGetLastError(), WSAENOBUFS);
	return NULL;
}

START_TEST(test_last_error_of_a_thread)
{
	pthread_t t;
	int before = -1;

	WSASetLastError(WSAEINTR);
	ck_assert_int_eq(pthread_create(&t, NULL, other_thread, &before), 0);
	pthread_join(t, NULL);
	ck_assert_int_eq(before, 0);
	ck_assert_int_eq(WSAGetLastError(), WSAEINTR);
	ck_assert_int_eq(secure_default(-1), WSAENOTSOCK);
}
END_TEST

START_TEST(test_errno_preserved)
{
	int s = tcp_socket();

	errno = ELOOP;
	ck_assert_int_eq(WSASetSocketSecurity(-1, NULL, 0, NULL, NULL), SOCKET_ERROR);
	ck_assert_int_eq(errno, ELOOP);
	ck_assert_int_eq(WSASetSocketSecurity(s, NULL, 0, NULL, NULL), SOCKET_ERROR);
	ck_assert_int_eq(errno, ELOOP);
	fake_start(0, NONE, 0);
	errno = ELOOP;
	ck_assert_int_eq(WSASetSocketSecurity(s, NULL, 0, NULL, NULL), 0);
	ck_assert_int_eq(errno, ELOOP);
	fake_stop();
	close(s);
}
END_TEST

#define THREADS 16
#define ROUNDS 20

static void *
secure_often(void *arg)
{
	unsigned int *good = arg;
	int i, s;

	for (i = 0; i < ROUNDS; i++) {
		s = tcp_socket();
		*good += secure_default(s) == 0;
		close(s);
	}
	return NULL;
}

START_TEST(test_threads)
{
	unsigned int good[THREADS] = { 0 }, all = 0;
	pthread_t t[THREADS];
	int i;

	fake_start(0, NONE, 0);
	for (i = 0; i < THREADS; i++)
		ck_assert_int_eq(
		    pthread_create(&t[i], NULL, secure_often, &good[i]), 0);
	for (i = 0; i < THREADS; i++) {
		pthread_join(t[i], NULL);
		all += good[i];
	}
	fake_stop();
	ck_assert_uint_eq(all, THREADS * ROUNDS);
	ck_assert_uint_eq(fake.secures, THREADS * ROUNDS);
}
END_TEST

START_TEST(test_no_leak)
{
	unsigned int before = descriptors();
	int i, f, s = tcp_socket();

	connection_timeout_ms = 20;
	for (i = 0; i < 20; i++)
		(void)secure_default(s);
	for (f = NONE; f <= SILENT; f++) {
		fake_start(f % 2 ? AIP_API_HELLO : AIP_API_SOCK_SECURE, f, 0);
		for (i = 0; i < 5; i++)
			(void)secure_default(s);
		fake_stop();
	}
	close(s);
	ck_assert_uint_eq(descriptors(), before);
}
END_TEST

/* No descriptor left for the connection. */
START_TEST(test_no_descriptor_left)
{
	int s = tcp_socket(), d[1024], n = 0;

	while (n < 1024 && (d[n] = dup(s)) != -1)
		n++;
	if (n < 1024)
		ck_assert_int_eq(secure_default(s), WSAEMFILE);
	while (n > 0)
		close(d[--n]);
	close(s);
}
END_TEST

static void *
secure_cancelled(void *arg)
{
	int *s = arg;

	/* Not secure_default: Check itself leaks if it is cancelled. */
	(void)WSASetSocketSecurity(*s, NULL, 0, NULL, NULL);
	for (;;)
		pause();
	return NULL;
}

/* A cancelled thread leaves no connection behind. */
START_TEST(test_cancel)
{
	unsigned int before = descriptors();
	int s = tcp_socket();
	pthread_t t;

	fake_start(AIP_API_SOCK_SECURE, LATE, 0);
	ck_assert_int_eq(pthread_create(&t, NULL, secure_cancelled, &s), 0);
	usleep(30000);
	pthread_cancel(t);
	pthread_join(t, NULL);
	fake_stop();
	close(s);
	ck_assert_uint_eq(descriptors(), before);
}
END_TEST

static Suite *
winsock_suite(void)
{
	Suite *suite = suite_create("winsock");
	TCase *t = tcase_create("api");
	int cases = sizeof(settings_cases) / sizeof(settings_cases[0]);

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 30);
	tcase_add_loop_test(t, test_good_answer, 0, 4);
	tcase_add_loop_test(
	    t, test_daemon_error, AIP_API_HELLO, AIP_API_SOCK_SECURE + 1);
	tcase_add_loop_test(
	    t, test_nonsense_error, AIP_API_HELLO, AIP_API_SOCK_SECURE + 1);
	tcase_add_loop_test(
	    t, test_broken_answer, AIP_API_HELLO, AIP_API_SOCK_SECURE + 1);
	tcase_add_loop_test(
	    t, test_silent_daemon, AIP_API_HELLO, AIP_API_SOCK_SECURE + 1);
	tcase_add_loop_test(
	    t, test_late_answer, AIP_API_HELLO, AIP_API_SOCK_SECURE + 1);
	tcase_add_test(t, test_full_backlog);
	tcase_add_test(t, test_no_daemon);
	tcase_add_test(t, test_wrong_socket_type);
	tcase_add_test(t, test_no_socket);
	tcase_add_loop_test(t, test_kind_of_socket, 0, 10);
	tcase_add_loop_test(t, test_settings, 0, cases);
	tcase_add_test(t, test_null_settings_any_length);
	tcase_add_test(t, test_flags_reach_the_daemon);
	tcase_add_test(t, test_bound);
	tcase_add_test(t, test_bound_ipv6);
	tcase_add_test(t, test_connected);
	tcase_add_test(t, test_connecting);
	tcase_add_loop_test(t, test_reuse_options, 0, 2);
	tcase_add_loop_test(t, test_ipv6_only, 0, 6);
	tcase_add_test(t, test_ipv6_only_no_daemon);
	tcase_add_test(t, test_overlapped);
	tcase_add_test(t, test_overlapped_event);
	tcase_add_test(t, test_last_error_of_a_thread);
	tcase_add_test(t, test_errno_preserved);
	tcase_add_test(t, test_threads);
	tcase_add_test(t, test_no_leak);
	tcase_add_test(t, test_no_descriptor_left);
	tcase_add_test(t, test_cancel);
	suite_add_tcase(suite, t);
	return suite;
}

int
main(void)
{
	SRunner *runner = srunner_create(winsock_suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
