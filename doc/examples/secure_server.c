/* TCP server that echoes lines, protected by IPsec. */
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "protection.h"

static void
usage(void)
{
	fprintf(stderr, "usage: secure_server [-e] [-i] [-c] [-4 | -6] PORT\n"
			"  -e  guarantee encryption\n"
			"  -i  allow insecure (clear text) clients\n"
			"  -c  clear: do not secure the socket\n");
	exit(2);
}

static struct addrinfo *
local_address(int family, const char *port)
{
	struct addrinfo *a, hints = {
		.ai_family = family,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE,
	};
	int error = getaddrinfo(NULL, port, &hints, &a);

	if (error != 0) {
		fprintf(stderr, "port %s: %s\n", port, gai_strerror(error));
		exit(1);
	}
	return a;
}

/* Do not set SO_REUSEADDR: the port of a secured socket is exclusive. */
static int
listen_on(const struct addrinfo *a, const struct protection *p)
{
	int s = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);

	if (s == -1) {
		complain("socket");
		return -1;
	}
	if (!protection_apply(p, s)) {
		close(s);
		return -1;
	}
	if (bind(s, a->ai_addr, a->ai_addrlen) == 0 && listen(s, 64) == 0)
		return s;
	complain("bind");
	close(s);
	return -1;
}

/* "listening on" for the socket itself, "client" for a peer. */
static void
print_address(const char *what, const struct sockaddr *a, socklen_t n)
{
	char host[NI_MAXHOST], port[NI_MAXSERV];

	if (getnameinfo(a, n, host, sizeof(host), port, sizeof(port),
		NI_NUMERICHOST | NI_NUMERICSERV) == 0)
		printf("%s %s port %s\n", what, host, port);
	fflush(stdout);
}

static void
print_listener(int s)
{
	struct sockaddr_storage a;
	socklen_t n = sizeof(a);

	if (getsockname(s, (struct sockaddr *)&a, &n) == 0)
		print_address("listening on", (struct sockaddr *)&a, n);
}

/* Ends when the client closes, or the line is longer than any getline can hold. */
static void
echo_lines(int s)
{
	FILE *in = fdopen(s, "r");
	char *line = NULL;
	size_t size = 0;
	ssize_t n;

	if (in == NULL)
		return;
	while ((n = getline(&line, &size, in)) > 0)
		if (send(s, line, (size_t)n, MSG_NOSIGNAL) != n)
			break;
	free(line);
	fclose(in);
}

/* An accepted socket is as secure as its listener; there is nothing to set on it. */
static void
serve(int listener)
{
	struct sockaddr_storage a;
	socklen_t n = sizeof(a);
	int s = accept(listener, (struct sockaddr *)&a, &n);

	if (s == -1) {
		complain("accept");
		sleep(1);
		return;
	}
	print_address("client", (struct sockaddr *)&a, n);
	if (fork() == 0) {
		close(listener);
		echo_lines(s);
		_exit(0);
	}
	close(s);
}

int
main(int argc, char **argv)
{
	struct protection p = { 0 };
	struct addrinfo *a;
	int option, s, family = AF_INET;

	while ((option = getopt(argc, argv, PROTECTION_OPTIONS "46")) != -1) {
		if (option == '4' || option == '6')
			family = option == '4' ? AF_INET : AF_INET6;
		else if (!protection_option(&p, option))
			usage();
	}
	if (argc - optind != 1)
		usage();
	signal(SIGCHLD, SIG_IGN); /* no zombies */
	a = local_address(family, argv[optind]);
	s = listen_on(a, &p);
	freeaddrinfo(a);
	if (s == -1)
		return 1;
	print_listener(s);
	for (;;)
		serve(s);
}
