/* Securing a socket: the only file of the examples that calls the library. */
#include "protection.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <ws2tcpip.h>

static const struct {
	int wsa;
	int native;
	const char *name;
	const char *advice;
} errors[] = {
	{ WSAEACCES, EACCES, "WSAEACCES",
	    "the log of authipd says why; of bind: ports below 1024 need root" },
	{ WSAEINVAL, EINVAL, "WSAEINVAL",
	    "secure a new socket, once, before bind; -e and -i exclude each other" },
	{ WSAEMFILE, EMFILE, "WSAEMFILE", "close descriptors or raise ulimit -n" },
	{ WSAENOTSOCK, ENOTSOCK, "WSAENOTSOCK", "pass an open socket" },
	{ WSAEMSGSIZE, EMSGSIZE, "WSAEMSGSIZE", "send less at once" },
	{ WSAEOPNOTSUPP, EOPNOTSUPP, "WSAEOPNOTSUPP",
	    "do not pass an event or a routine" },
	{ WSAEAFNOSUPPORT, EAFNOSUPPORT, "WSAEAFNOSUPPORT",
	    "use the other of IPv4 and IPv6" },
	{ WSAEADDRINUSE, EADDRINUSE, "WSAEADDRINUSE",
	    "take another port or wait a minute: a secured port is exclusive" },
	{ WSAENETDOWN, ENETDOWN, "WSAENETDOWN", "start authipd, or see its log" },
	{ WSAENETUNREACH, ENETUNREACH, "WSAENETUNREACH", "check the routes" },
	{ WSAECONNRESET, ECONNRESET, "WSAECONNRESET", "see the log of the peer" },
	{ WSAENOBUFS, ENOBUFS, "WSAENOBUFS", "close secured sockets of this user" },
	{ WSAEISCONN, EISCONN, "WSAEISCONN", "secure the socket before connect" },
	{ WSAETIMEDOUT, ETIMEDOUT, "WSAETIMEDOUT",
	    "check that the peer runs, does IPsec, and accepts our policy: authipctl "
	    "status" },
	{ WSAECONNREFUSED, ECONNREFUSED, "WSAECONNREFUSED", "start the server" },
	{ WSAEHOSTUNREACH, EHOSTUNREACH, "WSAEHOSTUNREACH",
	    "check address and routes" },
};
#define ERRORS (sizeof(errors) / sizeof(errors[0]))

bool
protection_option(struct protection *p, int option)
{
	switch (option) {
	case 'e':
		p->encrypt = true;
		return true;
	case 'i':
		p->insecure = true;
		return true;
	case 'c':
		p->clear = true;
		return true;
	default:
		return false;
	}
}

static void
complain_wsa(const char *what, int wsa)
{
	size_t i;

	for (i = 0; i < ERRORS && errors[i].wsa != wsa; i++)
		;
	if (i == ERRORS)
		fprintf(stderr, "%s: error %d\n", what, wsa);
	else
		fprintf(stderr, "%s: error %d (%s): %s\n", what, wsa, errors[i].name,
		    errors[i].advice);
}

bool
protection_apply(const struct protection *p, int s)
{
	SOCKET_SECURITY_SETTINGS settings = {
		.SecurityProtocol = SOCKET_SECURITY_PROTOCOL_DEFAULT,
	};
	int rc;

	if (p->clear)
		return true;
	if (p->encrypt)
		settings.SecurityFlags |= SOCKET_SETTINGS_GUARANTEE_ENCRYPTION;
	if (p->insecure)
		settings.SecurityFlags |= SOCKET_SETTINGS_ALLOW_INSECURE;
	if (settings.SecurityFlags == 0)
		rc = WSASetSocketSecurity(s, NULL, 0, NULL, NULL);
	else
		rc = WSASetSocketSecurity(s, &settings, sizeof(settings), NULL, NULL);
	if (rc == SOCKET_ERROR)
		complain_wsa("WSASetSocketSecurity", WSAGetLastError());
	return rc == 0;
}

void
complain(const char *what)
{
	int number = errno;
	size_t i;

	/* The sockets are blocking: it was SO_SNDTIMEO or SO_RCVTIMEO. */
	if (number == EINPROGRESS || number == EAGAIN)
		number = ETIMEDOUT;
	for (i = 0; i < ERRORS && errors[i].native != number; i++)
		;
	if (i == ERRORS)
		fprintf(stderr, "%s: %s\n", what, strerror(number));
	else
		complain_wsa(what, errors[i].wsa);
}
