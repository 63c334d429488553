/* TCP client that sends a line and expects it back, protected by IPsec. */
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <ws2tcpip.h>

#include "protection.h"

static void
usage(void)
{
	fprintf(stderr,
	    "usage: secure_client [-e | -i | -c] [-t SECONDS] HOST PORT [TEXT]\n"
	    "  -e  guarantee encryption\n"
	    "  -i  allow insecure (clear text)\n"
	    "  -c  clear: do not secure the socket\n"
	    "  -t  how long connect and the echo may take (30)\n");
	exit(2);
}

static struct addrinfo *
look_up(const char *host, const char *port)
{
	struct addrinfo *a, hints = { .ai_socktype = SOCK_STREAM };
	int error = getaddrinfo(host, port, &hints, &a);

	if (error != 0) {
		fprintf(stderr, "%s port %s: %s\n", host, port, gai_strerror(error));
		exit(1);
	}
	return a;
}

static double
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void
limit_time(int s, int seconds)
{
	struct timeval t = { .tv_sec = seconds };

	(void)setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t));
	(void)setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
}

/* connect of a secured socket returns when the peer's identity and the keys are there. */
static int
connect_one(const struct addrinfo *a, const struct protection *p, int seconds)
{
	int s = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
	double start;

	if (s == -1) {
		complain("socket");
		return -1;
	}
	limit_time(s, seconds);
	if (!protection_apply(p, s)) {
		close(s);
		return -1;
	}
	start = now_ms();
	if (connect(s, a->ai_addr, a->ai_addrlen) == 0) {
		printf("connected in %.1f ms\n", now_ms() - start);
		fflush(stdout);
		return s;
	}
	complain("connect");
	close(s);
	return -1;
}

static int
connect_any(const struct addrinfo *a, const struct protection *p, int seconds)
{
	int s = -1;

	for (; a != NULL && s == -1; a = a->ai_next)
		s = connect_one(a, p, seconds);
	return s;
}

/* True if the n bytes came back, and nothing else. */
static bool
echo(int s, const char *text, size_t n)
{
	char *answer = malloc(n);
	size_t have = 0;
	ssize_t got = 1;
	bool same;

	if (answer == NULL || send(s, text, n, MSG_NOSIGNAL) != (ssize_t)n) {
		complain("send");
		free(answer);
		return false;
	}
	while (have < n && got > 0) {
		got = recv(s, answer + have, n - have, 0);
		have += got > 0 ? (size_t)got : 0;
	}
	if (got == -1)
		complain("recv");
	printf("%.*s", (int)have, answer);
	same = have == n && memcmp(answer, text, n) == 0;
	if (!same)
		fprintf(stderr, "the echo differs\n");
	free(answer);
	return same;
}

int
main(int argc, char **argv)
{
	struct protection p = { 0 };
	struct addrinfo *a;
	char line[4096];
	int option, s, n, seconds = 30;
	bool good;

	while ((option = getopt(argc, argv, PROTECTION_OPTIONS "t:")) != -1) {
		if (option == 't')
			seconds = atoi(optarg);
		else if (!protection_option(&p, option))
			usage();
	}
	if (argc - optind < 2 || argc - optind > 3 || seconds <= 0)
		usage();
	n = snprintf(line, sizeof(line), "%s\n",
	    argc - optind == 3 ? argv[optind + 2] : "hello");
	if (n < 0 || (size_t)n >= sizeof(line))
		usage();
	a = look_up(argv[optind], argv[optind + 1]);
	s = connect_any(a, &p, seconds);
	freeaddrinfo(a);
	if (s == -1)
		return 1;
	good = echo(s, line, (size_t)n);
	close(s);
	return good ? 0 : 1;
}
