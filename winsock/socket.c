/* Making, naming and closing sockets. winsock_NAME is what programs call as NAME. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "winsock/error_map.h"
#include "winsock/shim.h"
#include "winsock/socket_fact.h"
#include "winsock/watch.h"
#include "winsock2.h"

/* IPv6 sockets are for IPv6 only, as on Windows. SOCK_CLOEXEC and the like may be in type. */
int
winsock_socket(int af, int type, int protocol)
{
	int fd = socket(af, type, protocol), on = 1;

	if (fd == -1)
		return error_fail(ERROR_CALL_OTHER, -1, 0);
	socket_fact_forget(fd);
	if (af == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	return fd;
}

/* Windows: WSASocketW (winsock2.h). lpProtocolInfo and g: NULL and 0. */
SOCKET WSAAPI
WSASocketW(int af, int type, int protocol, LPWSAPROTOCOL_INFOW lpProtocolInfo, GROUP g,
    DWORD dwFlags)
{
	SOCKET s;

	if (lpProtocolInfo != NULL || g != 0) {
		WSASetLastError(WSAEINVAL);
		return INVALID_SOCKET;
	}
	if ((dwFlags & ~(WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT)) != 0) {
		WSASetLastError(WSAEOPNOTSUPP);
		return INVALID_SOCKET;
	}
	if ((dwFlags & WSA_FLAG_NO_HANDLE_INHERIT) != 0)
		type |= SOCK_CLOEXEC;
	s = winsock_socket(af, type, protocol);
	if (s != INVALID_SOCKET && (dwFlags & WSA_FLAG_OVERLAPPED) == 0)
		socket_fact_add(s, SOCKET_NOT_OVERLAPPED);
	return s;
}

SOCKET WSAAPI
WSASocketA(int af, int type, int protocol, LPWSAPROTOCOL_INFOA lpProtocolInfo, GROUP g,
    DWORD dwFlags)
{
	return WSASocketW(af, type, protocol,
	    (LPWSAPROTOCOL_INFOW)(void *)lpProtocolInfo, g, dwFlags);
}

/* Only sockets: a closed descriptor or a file is WSAENOTSOCK. */
int WSAAPI
closesocket(SOCKET s)
{
	int type;
	socklen_t n = sizeof(type);

	if (getsockopt(s, SOL_SOCKET, SO_TYPE, &type, &n) != 0)
		return error_set(WSAENOTSOCK);
	socket_fact_forget(s);
	watch_closed(s);
	/* EINTR: closed all the same. */
	if (close(s) != 0 && errno != EINTR)
		return error_fail(ERROR_CALL_OTHER, s, 0);
	return 0;
}

int
winsock_bind(int s, const struct sockaddr *name, socklen_t n)
{
	return bind(s, name, n) == 0 ? 0 : error_fail(ERROR_CALL_OTHER, s, 0);
}

int
winsock_listen(int s, int backlog)
{
	if (listen(s, backlog) != 0)
		return error_fail(ERROR_CALL_OTHER, s, 0);
	watch_listens(s);
	return 0;
}

int
winsock_getsockname(int s, struct sockaddr *name, socklen_t *n)
{
	return getsockname(s, name, n) == 0 ? 0 : error_fail(ERROR_CALL_OTHER, s, 0);
}

int
winsock_getpeername(int s, struct sockaddr *name, socklen_t *n)
{
	return getpeername(s, name, n) == 0 ? 0 : error_fail(ERROR_CALL_OTHER, s, 0);
}

int
winsock_shutdown(int s, int how)
{
	if (shutdown(s, how) != 0)
		return error_fail(ERROR_CALL_OTHER, s, 0);
	if (how == SD_SEND || how == SD_BOTH)
		socket_fact_add(s, SOCKET_SHUT_BY_US);
	return 0;
}
