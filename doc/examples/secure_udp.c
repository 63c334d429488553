/* UDP echo, server and client, protected by IPsec. */
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <ws2tcpip.h>

#include "protection.h"

static void
usage(void)
{
	fprintf(stderr,
	    "usage: secure_udp [-e | -i | -c] [-4 | -6] -l PORT\n"
	    "       secure_udp [-e | -i | -c] [-4 | -6] [-t SECONDS] HOST PORT TEXT\n"
	    "  -e  guarantee encryption\n"
	    "  -i  allow insecure (clear text)\n"
	    "  -c  clear: do not secure the socket\n"
	    "  -l  listen on PORT and echo\n"
	    "  -t  how long to wait for the echo (10)\n");
	exit(2);
}

/* host NULL: the address to listen on. */
static struct addrinfo *
look_up(int family, const char *host, const char *port)
{
	struct addrinfo *a, hints = {
		.ai_family = family,
		.ai_socktype = SOCK_DGRAM,
		.ai_flags = host == NULL ? AI_PASSIVE : 0,
	};
	int error = getaddrinfo(host, port, &hints, &a);

	if (error != 0) {
		fprintf(stderr, "port %s: %s\n", port, gai_strerror(error));
		exit(1);
	}
	return a;
}

/* Secured right after it was made. */
static int
make_socket(const struct addrinfo *a, const struct protection *p)
{
	int s = socket(a->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP);

	if (s == -1)
		complain("socket");
	else if (!protection_apply(p, s)) {
		close(s);
		s = -1;
	}
	return s;
}

static int
listen_and_echo(const struct addrinfo *a, int s)
{
	static char data[65536];
	struct sockaddr_storage peer;
	socklen_t n;
	ssize_t got;

	if (bind(s, a->ai_addr, a->ai_addrlen) != 0) {
		complain("bind");
		return 1;
	}
	printf("listening\n");
	fflush(stdout);
	for (;;) {
		n = sizeof(peer);
		got = recvfrom(s, data, sizeof(data), 0, (struct sockaddr *)&peer, &n);
		if (got == -1)
			complain("recvfrom");
		else if (sendto(s, data, (size_t)got, 0, (struct sockaddr *)&peer, n) !=
			 got)
			complain("sendto");
	}
}

static int
send_and_wait(const struct addrinfo *a, int s, const char *text, int seconds)
{
	static char answer[65536];
	struct timeval t = { .tv_sec = seconds };
	size_t n = strlen(text);
	ssize_t got;

	(void)setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	if (connect(s, a->ai_addr, a->ai_addrlen) != 0) {
		complain("connect");
		return 1;
	}
	if (send(s, text, n, 0) != (ssize_t)n) {
		complain("send");
		return 1;
	}
	got = recv(s, answer, sizeof(answer), 0);
	if (got == -1) {
		complain("recv");
		return 1;
	}
	printf("%.*s\n", (int)got, answer);
	if ((size_t)got == n && memcmp(answer, text, n) == 0)
		return 0;
	fprintf(stderr, "the echo differs\n");
	return 1;
}

int
main(int argc, char **argv)
{
	struct protection p = { 0 };
	struct addrinfo *a;
	bool listens = false;
	int option, s, rc, family = AF_UNSPEC, seconds = 10;

	while ((option = getopt(argc, argv, PROTECTION_OPTIONS "46lt:")) != -1) {
		if (option == '4' || option == '6')
			family = option == '4' ? AF_INET : AF_INET6;
		else if (option == 'l')
			listens = true;
		else if (option == 't')
			seconds = atoi(optarg);
		else if (!protection_option(&p, option))
			usage();
	}
	argv += optind;
	if (argc - optind != (listens ? 1 : 3) || seconds <= 0)
		usage();
	if (listens && family == AF_UNSPEC)
		family = AF_INET;
	a = listens ? look_up(family, NULL, argv[0]) :
		      look_up(family, argv[0], argv[1]);
	s = make_socket(a, &p);
	if (s == -1)
		rc = 1;
	else if (listens)
		rc = listen_and_echo(a, s);
	else
		rc = send_and_wait(a, s, argv[2], seconds);
	freeaddrinfo(a);
	return rc;
}
