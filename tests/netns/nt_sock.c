/*
 * Sockets with marks and IPsec policies of their own, for the experiments of tests/uml.
 *
 *	nt_sock [OPTION...] listen PORT		echoes, one client after another
 *	nt_sock [OPTION...] connect ADDRESS PORT	"connected MS" and an echo, or "error E MS"
 *	nt_sock [OPTION...] owner		"NAME E": what an owner may not change
 *	nt_sock [OPTION...] heirs ADDRESS PORT	connect, by a program that a child executes
 *	nt_sock [OPTION...] hear PORT		"heard TEXT" of each datagram; -6: of IPv4, too
 *	nt_sock [OPTION...] shout ADDRESS PORT	a broadcast, again and again
 *
 * -s: secured by the daemon. -m MARK. -i REQID, -I REQID: a policy for what comes in,
 * required or optional. -b PORT: bound. -t SECONDS. -6: IPv6 (IPv4 addresses are mapped).
 */
#include <linux/xfrm.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ws2tcpip.h"

static bool secured, six;
static uint32_t mark, reqid, optional_reqid;
static uint16_t bound;
static int patience_s = 5;

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

static long
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
}
address_of(const char *text, uint16_t port)
{
	union address a = { .in = { .sin_family = AF_INET, .sin_port = htons(port) } };

	if (six) {
		a.in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6,
			.sin6_port = htons(port) };
		if (text != NULL && inet_pton(AF_INET6, text, &a.in6.sin6_addr) != 1)
			exit(2);
	} else if (text != NULL && inet_pton(AF_INET, text, &a.in.sin_addr) != 1)
		exit(2);
	return a;
}

static int
set_policy(int s, uint8_t direction, uint32_t id, bool is_optional)
{
	struct {
		struct xfrm_userpolicy_info info;
		struct xfrm_user_tmpl tmpl;
	} p;

	memset(&p, 0, sizeof(p));
	p.info.dir = direction;
	p.info.action = XFRM_POLICY_ALLOW;
	p.info.sel.family = p.tmpl.family = six ? AF_INET6 : AF_INET;
	p.info.lft.soft_byte_limit = p.info.lft.hard_byte_limit = XFRM_INF;
	p.info.lft.soft_packet_limit = p.info.lft.hard_packet_limit = XFRM_INF;
	p.tmpl.id.proto = IPPROTO_ESP;
	p.tmpl.mode = XFRM_MODE_TRANSPORT;
	p.tmpl.reqid = id;
	p.tmpl.optional = is_optional;
	p.tmpl.aalgos = p.tmpl.ealgos = p.tmpl.calgos = UINT32_MAX;
	return six ? setsockopt(s, IPPROTO_IPV6, IPV6_XFRM_POLICY, &p, sizeof(p)) :
		     setsockopt(s, IPPROTO_IP, IP_XFRM_POLICY, &p, sizeof(p));
}

static int
make_socket(int type)
{
	struct timeval t = { patience_s, 0 };
	union address a = address_of(NULL, bound);
	int s = socket(six ? AF_INET6 : AF_INET, type, 0), no = 0;

	if (s < 0)
		die("socket");
	(void)setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t));
	(void)setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	if (secured && WSASetSocketSecurity(s, NULL, 0, NULL, NULL) != 0)
		die("WSASetSocketSecurity");
	if (mark != 0 && setsockopt(s, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) != 0)
		die("SO_MARK");
	if ((reqid != 0 && set_policy(s, XFRM_POLICY_IN, reqid, false) != 0) ||
	    (optional_reqid != 0 &&
		set_policy(s, XFRM_POLICY_IN, optional_reqid, true) != 0))
		die("policy");
	/* As many programs do, whatever was asked before. */
	if (six && setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no)) != 0)
		die("IPV6_V6ONLY");
	if (bound != 0 && bind(s, &a.any, sizeof(a)) != 0)
		die("bind");
	return s;
}

static int
do_listen(const char *port)
{
	char buf[256];
	ssize_t n;
	int s, c;

	bound = (uint16_t)atoi(port);
	s = make_socket(SOCK_STREAM);
	if (listen(s, 8) != 0)
		die("listen");
	(void)setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){ 0, 0 },
	    sizeof(struct timeval));
	puts("listening");
	fflush(stdout);
	while ((c = accept(s, NULL, NULL)) >= 0) {
		while ((n = recv(c, buf, sizeof(buf), 0)) > 0)
			(void)send(c, buf, (size_t)n, MSG_NOSIGNAL);
		close(c);
	}
	return 1;
}

static int
hear(const char *port)
{
	char buf[256];
	ssize_t n;
	int s;

	bound = (uint16_t)atoi(port);
	s = make_socket(SOCK_DGRAM);
	(void)setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){ 0, 0 },
	    sizeof(struct timeval));
	puts("listening");
	fflush(stdout);
	while ((n = recv(s, buf, sizeof(buf), 0)) >= 0) {
		printf("heard %.*s\n", (int)n, buf);
		fflush(stdout);
	}
	return 1;
}

static int
shout(const char *to, const char *port)
{
	union address a = address_of(to, (uint16_t)atoi(port));
	int s = make_socket(SOCK_DGRAM), one = 1;

	if (setsockopt(s, SOL_SOCKET, SO_BROADCAST, &one, sizeof(one)) != 0)
		return 1;
	for (;;) {
		(void)sendto(s, "shout", 5, 0, &a.any, sizeof(a));
		(void)usleep(200 * 1000);
	}
}

/* The library's waits for the daemon if the socket has a mark. */
static int
connect_it(int s, const union address *a)
{
	return secured ? connect(s, &a->any, sizeof(*a)) :
			 (int)syscall(SYS_connect, s, &a->any, sizeof(*a));
}

static int
talk(int s, const char *to, const char *port)
{
	union address a = address_of(to, (uint16_t)atoi(port));
	long begin = now_ms();
	char buf[8];

	if (connect_it(s, &a) != 0) {
		printf("error %d %ld\n", errno, now_ms() - begin);
		return 1;
	}
	printf("connected %ld\n", now_ms() - begin);
	if (send(s, "hello", 5, MSG_NOSIGNAL) != 5 || recv(s, buf, 5, MSG_WAITALL) != 5) {
		puts("no echo");
		return 1;
	}
	puts("echo");
	return 0;
}

static void
try_it(const char *name, int result)
{
	printf("%s %d\n", name, result == 0 ? 0 : errno);
}

static int
owner(void)
{
	uint32_t none = 0;
	int s = make_socket(SOCK_STREAM);

	try_it("policy-in", set_policy(s, XFRM_POLICY_IN, 1, true));
	try_it("policy-out", set_policy(s, XFRM_POLICY_OUT, 1, true));
	try_it("no-policy", setsockopt(s, IPPROTO_IP, IP_XFRM_POLICY, NULL, 0));
	try_it("mark", setsockopt(s, SOL_SOCKET, SO_MARK, &none, sizeof(none)));
	return 0;
}

/* What a socket is goes with it: to a child, to another program, to another user. */
static int
heirs(const char *program, const char *to, const char *port)
{
	char number[16];
	int s = make_socket(SOCK_STREAM), status = 1;
	pid_t child = fork();

	if (child == 0) {
		snprintf(number, sizeof(number), "%d", s);
		if (setuid(65534) != 0)
			die("setuid");
		execl(program, program, "-s", "inherited", number, to, port, (char *)NULL);
		die(program);
	}
	close(s);
	if (waitpid(child, &status, 0) != child || !WIFEXITED(status))
		return 1;
	return WEXITSTATUS(status);
}

int
main(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "s6m:i:I:b:t:")) != -1) {
		if (c == 's')
			secured = true;
		else if (c == '6')
			six = true;
		else if (c == 'm')
			mark = (uint32_t)strtoul(optarg, NULL, 0);
		else if (c == 'i')
			reqid = (uint32_t)strtoul(optarg, NULL, 0);
		else if (c == 'I')
			optional_reqid = (uint32_t)strtoul(optarg, NULL, 0);
		else if (c == 'b')
			bound = (uint16_t)atoi(optarg);
		else if (c == 't')
			patience_s = atoi(optarg);
		else
			return 2;
	}
	argc -= optind, argv += optind;
	if (argc == 2 && strcmp(argv[0], "listen") == 0)
		return do_listen(argv[1]);
	if (argc == 2 && strcmp(argv[0], "hear") == 0)
		return hear(argv[1]);
	if (argc == 3 && strcmp(argv[0], "connect") == 0)
		return talk(make_socket(SOCK_STREAM), argv[1], argv[2]);
	if (argc == 3 && strcmp(argv[0], "shout") == 0)
		return shout(argv[1], argv[2]);
	if (argc == 1 && strcmp(argv[0], "owner") == 0)
		return owner();
	if (argc == 3 && strcmp(argv[0], "heirs") == 0)
		return heirs("/proc/self/exe", argv[1], argv[2]);
	if (argc == 4 && strcmp(argv[0], "inherited") == 0)
		return talk(atoi(argv[1]), argv[2], argv[3]);
	return 2;
}
