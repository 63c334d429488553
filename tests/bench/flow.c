/*
 * Traffic for bench_plane.sh: a TCP sender, a sink, and stop-watches for connect and
 * for WSASetSocketSecurity().
 */
#include <sys/socket.h>
#include <sys/wait.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <ws2tcpip.h>

#include "doc/examples/protection.h"

#define CHUNK_BYTES 65536
#define CALLS 1000

static struct protection protection;

static void
usage(void)
{
	fprintf(stderr,
	    "usage: flow [-e | -c] sink PORT                 takes what comes\n"
	    "       flow [-e | -c] send ADDRESS PORT SECONDS bytes, seconds\n"
	    "       flow [-e | -c] connect ADDRESS PORT N    ms of each of N\n"
	    "       flow [-e | -c] cold ADDRESS PORT FROM N  the same, each from the "
	    "next address\n"
	    "       flow [-e | -c] storm ADDRESS PORT FROM N all of them at once: "
	    "seconds\n"
	    "       flow secure                              us of a call\n"
	    "       flow echo                                us of a bare round "
	    "trip\n");
	exit(2);
}

static void
need(int ok, const char *what)
{
	if (ok)
		return;
	complain(what);
	exit(1);
}

static double
now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int
make_socket(void)
{
	int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	need(s >= 0, "socket");
	if (!protection_apply(&protection, s))
		exit(1);
	return s;
}

static struct sockaddr_in
make_address(const char *host, const char *port)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(port)),
	};

	if (host != NULL && inet_pton(AF_INET, host, &a.sin_addr) != 1)
		usage();
	return a;
}

/* Reads to the end and answers with a byte: then everything has arrived. */
static void
sink(const char *port)
{
	static char chunk[CHUNK_BYTES];
	struct sockaddr_in a = make_address(NULL, port);
	int listener = make_socket(), s;

	need(bind(listener, (struct sockaddr *)&a, sizeof(a)) == 0, "bind");
	need(listen(listener, 64) == 0, "listen");
	printf("ready\n");
	fflush(stdout);
	while ((s = accept(listener, NULL, NULL)) >= 0) {
		while (recv(s, chunk, sizeof(chunk), 0) > 0)
			;
		(void)send(s, "", 1, MSG_NOSIGNAL);
		close(s);
	}
}

static int
make_connection(const struct sockaddr_in *a)
{
	int s = make_socket();

	need(connect(s, (const struct sockaddr *)a, sizeof(*a)) == 0, "connect");
	return s;
}

static void
send_for(const char *host, const char *port, double seconds)
{
	static char chunk[CHUNK_BYTES];
	struct sockaddr_in a = make_address(host, port);
	int s = make_connection(&a);
	double start_s = now_s(), bytes = 0;
	ssize_t n;

	while (now_s() - start_s < seconds) {
		need((n = send(s, chunk, sizeof(chunk), MSG_NOSIGNAL)) > 0, "send");
		bytes += (double)n;
	}
	shutdown(s, SHUT_WR);
	need(recv(s, chunk, 1, 0) == 1, "recv");
	printf("%.0f %.6f\n", bytes, now_s() - start_s);
	close(s);
}

static void
connect_times(const char *host, const char *port, int n)
{
	struct sockaddr_in a = make_address(host, port);

	while (n-- > 0) {
		int s = make_socket();
		double start_s = now_s();

		need(connect(s, (struct sockaddr *)&a, sizeof(a)) == 0, "connect");
		printf("%.3f\n", (now_s() - start_s) * 1e3);
		close(s);
	}
}

/* A socket with the n-th address from this one on; the port comes with connect(). */
static int
make_bound(const char *from, int n, int kind)
{
	struct sockaddr_in a = make_address(from, "0");
	int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | kind, 0);

	a.sin_addr.s_addr = htonl(ntohl(a.sin_addr.s_addr) + (uint32_t)n);
	need(s >= 0, "socket");
	if (!protection_apply(&protection, s))
		exit(1);
	need(bind(s, (struct sockaddr *)&a, sizeof(a)) == 0, "bind");
	return s;
}

static void
cold_times(const char *host, const char *port, const char *from, int n)
{
	struct sockaddr_in a = make_address(host, port);

	for (int i = 0; i < n; i++) {
		int s = make_bound(from, i, 0);
		double start_s = now_s();

		need(connect(s, (struct sockaddr *)&a, sizeof(a)) == 0, "connect");
		printf("%.3f\n", (now_s() - start_s) * 1e3);
		close(s);
	}
}

static void
storm(const char *host, const char *port, const char *from, int n)
{
	struct sockaddr_in a = make_address(host, port);
	struct pollfd *p = calloc((size_t)n, sizeof(*p));
	int error, left = n;
	socklen_t len = sizeof(error);
	double start_s;

	need(p != NULL && n > 0, "memory");
	for (int i = 0; i < n; i++)
		p[i] =
		    (struct pollfd){ make_bound(from, i, SOCK_NONBLOCK), POLLOUT, 0 };
	start_s = now_s();
	for (int i = 0; i < n; i++)
		need(connect(p[i].fd, (struct sockaddr *)&a, sizeof(a)) == 0 ||
			 errno == EINPROGRESS,
		    "connect");
	while (left > 0) {
		need(poll(p, (nfds_t)n, 30000) > 0, "poll");
		for (int i = 0; i < n; i++) {
			if (p[i].fd < 0 || p[i].revents == 0)
				continue;
			(void)getsockopt(p[i].fd, SOL_SOCKET, SO_ERROR, &error, &len);
			errno = error;
			need(error == 0, "connect");
			close(p[i].fd);
			p[i].fd = -1;
			left--;
		}
	}
	printf("%.3f\n", now_s() - start_s);
	free(p);
}

static int
compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
print_median_us(double *v)
{
	qsort(v, CALLS, sizeof(*v), compare_doubles);
	printf("%.1f\n", v[CALLS / 2] * 1e6);
}

static void
secure(void)
{
	static double v[CALLS];

	for (int i = 0; i < CALLS; i++) {
		int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		double start_s = now_s();

		if (WSASetSocketSecurity(s, NULL, 0, NULL, NULL) != 0)
			need(0, "WSASetSocketSecurity");
		v[i] = now_s() - start_s;
		close(s);
	}
	print_median_us(v);
}

static void
echo_child(int s)
{
	char c;

	while (recv(s, &c, 1, 0) == 1)
		(void)send(s, &c, 1, 0);
	_exit(0);
}

/* A question to another process and its answer: what no daemon can do without. */
static void
echo(void)
{
	static double v[CALLS];
	int s[2];
	char c = 0;

	need(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s) == 0, "socketpair");
	if (fork() == 0) {
		close(s[0]);
		echo_child(s[1]);
	}
	close(s[1]);
	for (int i = 0; i < CALLS; i++) {
		double start_s = now_s();

		need(send(s[0], &c, 1, 0) == 1 && recv(s[0], &c, 1, 0) == 1, "echo");
		v[i] = now_s() - start_s;
	}
	close(s[0]);
	wait(NULL);
	print_median_us(v);
}

int
main(int argc, char **argv)
{
	int option;
	const char *what;

	while ((option = getopt(argc, argv, PROTECTION_OPTIONS)) != -1)
		if (!protection_option(&protection, option))
			usage();
	argv += optind;
	argc -= optind;
	what = argc > 0 ? argv[0] : "";
	if (strcmp(what, "sink") == 0 && argc == 2)
		sink(argv[1]);
	else if (strcmp(what, "send") == 0 && argc == 4)
		send_for(argv[1], argv[2], atof(argv[3]));
	else if (strcmp(what, "connect") == 0 && argc == 4)
		connect_times(argv[1], argv[2], atoi(argv[3]));
	else if (strcmp(what, "cold") == 0 && argc == 5)
		cold_times(argv[1], argv[2], argv[3], atoi(argv[4]));
	else if (strcmp(what, "storm") == 0 && argc == 5)
		storm(argv[1], argv[2], argv[3], atoi(argv[4]));
	else if (strcmp(what, "secure") == 0)
		secure();
	else if (strcmp(what, "echo") == 0)
		echo();
	else
		usage();
	return 0;
}
