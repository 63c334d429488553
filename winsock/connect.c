/* Connecting and accepting. */
#include "winsock/connect.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "winsock/error_map.h"
#include "winsock/preconnect.h"
#include "winsock/shim.h"
#include "winsock/socket_fact.h"
#include "winsock/watch.h"
#include "winsock2.h"

/* 0, or the error of Winsock. errno is that of connect(). */
int
connect_socket(int fd, const struct sockaddr *name, socklen_t n)
{
	int error = socket_preconnect(fd, name, n), rc;

	if (error != 0) {
		errno = error_to_errno(error);
		return error;
	}
	if (!watch_connect(fd, name, n, &rc))
		rc = connect(fd, name, n);
	if (rc == 0)
		return 0;
	return error_of_call(ERROR_CALL_CONNECT, fd, 0, errno);
}

int
winsock_connect(int s, const struct sockaddr *name, socklen_t n)
{
	int error = connect_socket(s, name, n);

	return error == 0 ? 0 : error_set(error);
}

/*
 * Connects, and reports why the negotiation failed if it did. Windows: WSAConnect
 * (winsock2.h). The four pointers have to be NULL: TCP carries nothing in its connect.
 */
int WSAAPI
WSAConnect(SOCKET s, const struct sockaddr *name, int namelen, LPWSABUF lpCallerData,
    LPWSABUF lpCalleeData, LPQOS lpSQOS, LPQOS lpGQOS)
{
	if (lpCallerData != NULL || lpCalleeData != NULL || lpSQOS != NULL ||
	    lpGQOS != NULL)
		return error_set(WSAEOPNOTSUPP);
	if (name == NULL || namelen < 0)
		return error_set(WSAEFAULT);
	return winsock_connect(s, name, (socklen_t)namelen);
}

int
winsock_accept(int s, struct sockaddr *name, socklen_t *n)
{
	int fd = accept(s, name, n), flags;

	if (fd == -1) {
		(void)watch_accepted(s, fd);
		return error_fail(ERROR_CALL_RECEIVE, s, 0);
	}
	socket_fact_forget(fd);
	socket_fact_add(fd, SOCKET_ACCEPTED);
	/* Linux lets it inherit none of these; Windows does. */
	if ((flags = fcntl(s, F_GETFL)) != -1 && (flags & O_NONBLOCK) != 0)
		(void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	if (socket_fact_has(s, SOCKET_NOT_OVERLAPPED))
		socket_fact_add(fd, SOCKET_NOT_OVERLAPPED);
	if (socket_fact_has(s, SOCKET_SECURED))
		socket_fact_add(fd, SOCKET_SECURED);
	if (!watch_accepted(s, fd)) {
		(void)close(fd);
		return error_set(WSAENOBUFS);
	}
	return fd;
}

/* Windows: WSAAccept (winsock2.h). lpfnCondition: NULL. */
SOCKET WSAAPI
WSAAccept(SOCKET s, struct sockaddr *addr, LPINT addrlen, LPCONDITIONPROC lpfnCondition,
    DWORD_PTR dwCallbackData)
{
	socklen_t n = 0;
	SOCKET child;

	(void)dwCallbackData;
	if (lpfnCondition != NULL) {
		WSASetLastError(WSAEOPNOTSUPP);
		return INVALID_SOCKET;
	}
	if ((addr != NULL) != (addrlen != NULL) || (addrlen != NULL && *addrlen < 0)) {
		WSASetLastError(WSAEFAULT);
		return INVALID_SOCKET;
	}
	if (addrlen != NULL)
		n = (socklen_t)*addrlen;
	child = winsock_accept(s, addr, addrlen != NULL ? &n : NULL);
	if (child != INVALID_SOCKET && addrlen != NULL)
		*addrlen = (INT)n;
	return child;
}
