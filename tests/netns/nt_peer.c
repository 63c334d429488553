/*
 * Says what the library knows about the peer of a secured connection, and acts for it.
 *
 *	nt_peer [-e | -i | -c] serve PORT FILE	one line for each connection
 *	nt_peer [-e | -i | -c] [-t NAME] ask HOST PORT
 *	nt_peer names HOST PORT NAME [PORT NAME]...	a UDP socket, and names of its peers:
 *		"PORT yes|no" by whether the peer answers; then again without the names
 *
 * -b NAME: as -t, before the socket is secured. -n: connect() does not block.
 * -f FLAGS: IpsecFlags. -p PROTOCOL: SecurityProtocol, 1 or 2 with the long settings.
 *
 * A line: "winerr N flags N mm N qm N name NAME uid N error N euid N file yes|no after N file yes|no"
 */
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "authiptoken.h"
#include "handleapi.h"
#include "ws2tcpip.h"

static void
die(const char *what)
{
	fprintf(stderr, "%s: error %d\n", what, WSAGetLastError());
	exit(1);
}

static unsigned int protocol, ipsec_flags;
static bool is_non_blocking;
static const char *early_name;

/* The name that the peer has to prove; UDP: that this peer has to. */
static void
set_target(int s, const char *name, const struct addrinfo *peer)
{
	union {
		SOCKET_PEER_TARGET_NAME t;
		char bytes[2048];
	} u;
	size_t n;

	memset(&u, 0, sizeof(u));
	n = mbstowcs(u.t.AllStrings, name, 256);
	u.t.PeerTargetNameStringLen = (ULONG)n;
	if (peer != NULL)
		memcpy(&u.t.PeerAddress, peer->ai_addr, peer->ai_addrlen);
	if (WSASetSocketPeerTargetName(s, &u.t, (ULONG)sizeof(u), NULL, NULL) != 0)
		die("WSASetSocketPeerTargetName");
}

static int
socket_of(int family, int type, char mode)
{
	SOCKET_SECURITY_SETTINGS_IPSEC s = {
		.SecurityProtocol = (SOCKET_SECURITY_PROTOCOL)protocol,
		.SecurityFlags = mode == 'e' ? SOCKET_SETTINGS_GUARANTEE_ENCRYPTION :
				 mode == 'i' ? SOCKET_SETTINGS_ALLOW_INSECURE :
					       0,
		.IpsecFlags = ipsec_flags,
	};
	ULONG n = protocol == 0 ? sizeof(SOCKET_SECURITY_SETTINGS) : sizeof(s);
	int fd = socket(family, type, 0);

	if (early_name != NULL)
		set_target(fd, early_name, NULL);
	if (mode != 'c' &&
	    WSASetSocketSecurity(
		fd, (SOCKET_SECURITY_SETTINGS *)(void *)&s, n, NULL, NULL) != 0)
		die("WSASetSocketSecurity");
	return fd;
}

static struct addrinfo *
lookup(const char *host, const char *port)
{
	struct addrinfo *a,
	    hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM };

	hints.ai_flags =
	    AI_NUMERICHOST | AI_NUMERICSERV | (host == NULL ? AI_PASSIVE : 0);
	if (getaddrinfo(host, port, &hints, &a) != 0)
		die("getaddrinfo");
	return a;
}

static void
print_token(UINT64 token)
{
	HANDLE h = (HANDLE)(uintptr_t)token;
	char name[256] = "-";
	uid_t uid = 0;

	if (token != 0)
		(void)AuthipTokenGetName(h, name, sizeof(name));
	printf(" name %s", name);
	if (token != 0 && AuthipTokenGetUid(h, &uid, NULL) == 0)
		printf(" uid %u", uid);
	else
		printf(" uid -");
	if (token != 0)
		(void)CloseHandle(h);
}

static void
print_query(int fd)
{
	SOCKET_SECURITY_QUERY_TEMPLATE_IPSEC2 t;
	SOCKET_SECURITY_QUERY_INFO_IPSEC2 info;
	ULONG n = sizeof(info);

	memset(&t, 0, sizeof(t));
	t.SecurityProtocol = SOCKET_SECURITY_PROTOCOL_IPSEC2;
	t.FieldMask = SOCKET_QUERY_IPSEC2_FIELD_MASK_MM_SA_ID |
		      SOCKET_QUERY_IPSEC2_FIELD_MASK_QM_SA_ID;
	t.PeerTokenAccessMask = 8;
	if (WSAQuerySocketSecurity(fd, (SOCKET_SECURITY_QUERY_TEMPLATE *)(void *)&t,
		sizeof(t), (SOCKET_SECURITY_QUERY_INFO *)(void *)&info, &n, NULL,
		NULL) != 0)
		die("WSAQuerySocketSecurity");
	printf("winerr %u flags %u mm %llu qm %llu", info.NegotiationWinerr, info.Flags,
	    (unsigned long long)info.MmSaId, (unsigned long long)info.QmSaId);
	print_token(info.PeerMachineAccessTokenHandle != 0 ?
			info.PeerMachineAccessTokenHandle :
			info.PeerApplicationAccessTokenHandle);
}

static const char *
readable(const char *file)
{
	FILE *f = fopen(file, "r");

	if (f != NULL)
		(void)fclose(f);
	return f != NULL ? "yes" : "no";
}

static void
act_as_peer(int fd, const char *file)
{
	int error = WSAImpersonateSocketPeer(fd, NULL, 0) == 0 ? 0 : WSAGetLastError();

	printf(" error %d euid %u file %s", error, geteuid(), readable(file));
	if (WSARevertImpersonation() != 0)
		die("WSARevertImpersonation");
	printf(" after %u file %s", geteuid(), readable(file));
}

static int
serve(char mode, const char *port, const char *file)
{
	struct addrinfo *a = lookup(NULL, port);
	int s = socket_of(a->ai_family, SOCK_STREAM, mode), fd;

	if (bind(s, a->ai_addr, a->ai_addrlen) != 0 || listen(s, 8) != 0)
		die("bind");
	freeaddrinfo(a);
	printf("listening\n");
	fflush(stdout);
	while ((fd = accept(s, NULL, NULL)) >= 0) {
		char b;

		if (read(fd, &b, 1) == 1) {
			print_query(fd);
			act_as_peer(fd, file);
			printf("\n");
			fflush(stdout);
			(void)!write(fd, &b, 1);
		}
		close(fd);
	}
	return 1;
}

/* With -n without waiting in the call: WSAEWOULDBLOCK, then it can be written to. */
static bool
connects(int s, const struct addrinfo *a)
{
	struct pollfd p = { .fd = s, .events = POLLOUT };
	int flags = fcntl(s, F_GETFL), error = 0;
	socklen_t n = sizeof(error);

	if (is_non_blocking)
		(void)fcntl(s, F_SETFL, flags | O_NONBLOCK);
	if (WSAConnect(s, a->ai_addr, (int)a->ai_addrlen, NULL, NULL, NULL, NULL) !=
		0 &&
	    !(is_non_blocking && WSAGetLastError() == WSAEWOULDBLOCK))
		return false;
	if (is_non_blocking && poll(&p, 1, 5000) != 1)
		return false;
	(void)fcntl(s, F_SETFL, flags);
	return getsockopt(s, SOL_SOCKET, SO_ERROR, &error, &n) == 0 && error == 0;
}

static int
ask(char mode, const char *target, const char *host, const char *port)
{
	struct addrinfo *a = lookup(host, port);
	int s = socket_of(a->ai_family, SOCK_STREAM, mode);
	char b = 'x';
	bool ok;

	if (target != NULL)
		set_target(s, target, NULL);
	ok = connects(s, a);
	freeaddrinfo(a);
	if (!ok) {
		fprintf(stderr, "connect: error %d\n", WSAGetLastError());
		print_query(s);
		printf("\n");
		return 1;
	}
	if (write(s, &b, 1) != 1 || read(s, &b, 1) != 1)
		die("echo");
	print_query(s);
	printf("\n");
	return 0;
}

/* A datagram of its port to the peer; does it come back? */
static bool
echoes(int s, const struct addrinfo *a, const char *port)
{
	char b[16];

	if (sendto(s, port, strlen(port), 0, a->ai_addr, a->ai_addrlen) < 0)
		return false;
	for (;;) {
		ssize_t n = recv(s, b, sizeof(b), 0);

		if (n < 0)
			return false; /* in time */
		if ((size_t)n == strlen(port) && memcmp(b, port, (size_t)n) == 0)
			return true;
	}
}

static int
names(char mode, const char *host, char **pairs, int n)
{
	struct timeval patience = { 2, 0 };
	struct addrinfo *a[8];
	int s = socket_of(AF_INET, SOCK_DGRAM, mode);

	(void)setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	for (int i = 0; i < n; i++) {
		a[i] = lookup(host, pairs[2 * i]);
		set_target(s, pairs[2 * i + 1], a[i]);
	}
	for (int i = 0; i < n; i++)
		printf("%s %s\n", pairs[2 * i],
		    echoes(s, a[i], pairs[2 * i]) ? "yes" : "no");
	for (int i = 0; i < n; i++)
		if (WSADeleteSocketPeerTargetName(
			s, a[i]->ai_addr, a[i]->ai_addrlen, NULL, NULL) != 0)
			die("WSADeleteSocketPeerTargetName");
	for (int i = 0; i < n; i++) {
		printf("%s %s\n", pairs[2 * i],
		    echoes(s, a[i], pairs[2 * i]) ? "yes" : "no");
		freeaddrinfo(a[i]);
	}
	return 0;
}

int
main(int argc, char **argv)
{
	const char *target = NULL;
	char mode = 'd';
	int c;

	while ((c = getopt(argc, argv, "eincb:t:f:p:")) != -1) {
		if (c == 't')
			target = optarg;
		else if (c == 'b')
			early_name = optarg;
		else if (c == 'n')
			is_non_blocking = true;
		else if (c == 'f')
			ipsec_flags = (unsigned int)atoi(optarg);
		else if (c == 'p')
			protocol = (unsigned int)atoi(optarg);
		else
			mode = (char)c;
	}
	argv += optind;
	if (argc - optind == 3 && strcmp(argv[0], "serve") == 0)
		return serve(mode, argv[1], argv[2]);
	if (argc - optind == 3 && strcmp(argv[0], "ask") == 0)
		return ask(mode, target, argv[1], argv[2]);
	if (argc - optind >= 4 && argc - optind <= 18 && strcmp(argv[0], "names") == 0)
		return names(mode, argv[1], argv + 2, (argc - optind - 2) / 2);
	fprintf(
	    stderr, "usage: nt_peer [-e | -i | -c] serve PORT FILE | ask HOST PORT\n");
	return 2;
}
