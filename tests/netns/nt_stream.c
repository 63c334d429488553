/* Secured TCP connections for the tests: bulk data, talks, many clients at once. */
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include <ws2tcpip.h>

static void
usage(void)
{
	fprintf(stderr,
	    "usage: nt_stream [-d | -e | -i | -c] [-4 | -6] [-u] [-k] [-t NAME] VERB ...\n"
	    "  sink PORT         one client's data to stdout\n"
	    "  source PORT       stdin to one client\n"
	    "  put HOST PORT     stdin to a server\n"
	    "  get HOST PORT     a server's data to stdout\n"
	    "  talk HOST PORT    both at once\n"
	    "  many HOST PORT N  N echoes at once\n"
	    "  -k                a server goes on listening, but accepts no more\n"
	    "  -u                UDP: connected, but nothing is sent yet\n");
	exit(2);
}

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

/* option: 'e', 'i', 'c' as in the examples, 'd' or 0: the default. */
static int
make_socket(const struct addrinfo *a, int option)
{
	SOCKET_SECURITY_SETTINGS settings = {
		.SecurityProtocol = SOCKET_SECURITY_PROTOCOL_DEFAULT,
	};
	struct timeval patience = { 60, 0 };
	int s = socket(a->ai_family, a->ai_socktype, a->ai_protocol);

	if (s == -1)
		die("socket");
	(void)setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (option == 'e')
		settings.SecurityFlags = SOCKET_SETTINGS_GUARANTEE_ENCRYPTION;
	else if (option == 'i')
		settings.SecurityFlags = SOCKET_SETTINGS_ALLOW_INSECURE;
	if (option != 'c' &&
	    WSASetSocketSecurity(s, &settings, sizeof(settings), NULL, NULL) != 0) {
		fprintf(stderr, "WSASetSocketSecurity: %d\n", WSAGetLastError());
		exit(1);
	}
	return s;
}

static int kind = SOCK_STREAM;

static struct addrinfo *
look_up(int family, const char *host, const char *port)
{
	struct addrinfo *a, hints = {
		.ai_family = family,
		.ai_socktype = kind,
		.ai_flags = host == NULL ? AI_PASSIVE : 0,
	};

	if (getaddrinfo(host, port, &hints, &a) != 0)
		die("getaddrinfo");
	return a;
}

static const char *target; /* who the server has to prove to be; NULL: anybody */

static void
set_target(int s)
{
	union {
		SOCKET_PEER_TARGET_NAME t;
		char bytes[2048];
	} u;

	memset(&u, 0, sizeof(u));
	u.t.PeerTargetNameStringLen = (ULONG)mbstowcs(u.t.AllStrings, target, 256);
	if (WSASetSocketPeerTargetName(s, &u.t, (ULONG)sizeof(u), NULL, NULL) != 0)
		die("WSASetSocketPeerTargetName");
}

static int
dial(int option, const char *host, const char *port)
{
	struct addrinfo *a = look_up(AF_UNSPEC, host, port);
	int s = make_socket(a, option);

	if (target != NULL)
		set_target(s);
	if (connect(s, a->ai_addr, a->ai_addrlen) != 0)
		die("connect");
	freeaddrinfo(a);
	return s;
}

static bool keeps_listening;

static int
accept_one(int option, int family, const char *port)
{
	struct addrinfo *a = look_up(family, NULL, port);
	int client, s = make_socket(a, option);

	if (bind(s, a->ai_addr, a->ai_addrlen) != 0 || listen(s, 1) != 0)
		die("bind");
	fprintf(stderr, "listening\n");
	if ((client = accept(s, NULL, NULL)) == -1)
		die("accept");
	if (!keeps_listening)
		close(s);
	freeaddrinfo(a);
	return client;
}

/* False at the end of the data. */
static bool
copy_some(int from, int to)
{
	static char data[65536];
	ssize_t n = read(from, data, sizeof(data)), done = 0, w;

	if (n < 0)
		die("read");
	for (; done < n; done += w)
		if ((w = write(to, data + done, (size_t)(n - done))) <= 0)
			die("write");
	return n > 0;
}

static void
copy_all(int from, int to)
{
	while (copy_some(from, to))
		;
}

/* Ends when the peer does, not when stdin does. */
static void
talk(int s)
{
	struct pollfd p[2] = { { 0, POLLIN, 0 }, { s, POLLIN, 0 } };

	printf("connected\n");
	fflush(stdout);
	while (poll(p, 2, -1) > 0) {
		if (p[0].revents != 0 && !copy_some(0, s))
			p[0].fd = -1;
		if (p[1].revents != 0 && !copy_some(s, 1))
			return;
	}
}

static int
echo_once(int option, const char *host, const char *port, int number)
{
	struct timeval patience = { 20, 0 };
	char line[32], answer[32];
	int n = snprintf(line, sizeof(line), "client %d\n", number);
	int s = dial(option, host, port);

	(void)setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (write(s, line, (size_t)n) != n ||
	    recv(s, answer, (size_t)n, MSG_WAITALL) != n ||
	    memcmp(line, answer, (size_t)n) != 0)
		return 1;
	return 0;
}

static int
many(int option, const char *host, const char *port, int n)
{
	int status, bad = 0;

	for (int i = 0; i < n; i++)
		if (fork() == 0)
			_exit(echo_once(option, host, port, i));
	while (wait(&status) > 0)
		bad += status != 0;
	printf("%d of %d failed\n", bad, n);
	return bad == 0 ? 0 : 1;
}

int
main(int argc, char **argv)
{
	int c, option = 0, family = AF_INET;
	const char *verb;

	while ((c = getopt(argc, argv, "deic46ukt:")) != -1) {
		if (c == '?')
			usage();
		if (c == 't')
			target = optarg;
		else if (c == '4' || c == '6')
			family = c == '4' ? AF_INET : AF_INET6;
		else if (c == 'u')
			kind = SOCK_DGRAM;
		else if (c == 'k')
			keeps_listening = true;
		else
			option = c;
	}
	argv += optind;
	argc -= optind;
	if (argc < 2)
		usage();
	signal(SIGPIPE, SIG_IGN);
	verb = argv[0];
	if (strcmp(verb, "sink") == 0)
		copy_all(accept_one(option, family, argv[1]), 1);
	else if (strcmp(verb, "source") == 0)
		copy_all(0, accept_one(option, family, argv[1]));
	else if (strcmp(verb, "put") == 0 && argc == 3)
		copy_all(0, dial(option, argv[1], argv[2]));
	else if (strcmp(verb, "get") == 0 && argc == 3)
		copy_all(dial(option, argv[1], argv[2]), 1);
	else if (strcmp(verb, "talk") == 0 && argc == 3)
		talk(dial(option, argv[1], argv[2]));
	else if (strcmp(verb, "many") == 0 && argc == 4)
		return many(option, argv[1], argv[2], atoi(argv[3]));
	else
		usage();
	return 0;
}
