/* WSAIoctl and ioctlsocket. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>

#include "winsock/connect.h"
#include "winsock/error_map.h"
#include "winsock/overlapped.h"
#include "winsock/shim.h"
#include "winsock/socket_state.h"
#include "winsock/startup.h"
#include "winsock/transfer.h"
#include "winsock/watch.h"
#include "ws2tcpip.h"
#include "mswsock.h"

/* ---- ioctlsocket ---- */

/* The value is u_long, or a type of 32 bits. */
static uint32_t
get_value(const void *p, size_t size)
{
	unsigned long wide;
	uint32_t narrow;

	if (size >= sizeof(wide)) {
		memcpy(&wide, p, sizeof(wide));
		return (uint32_t)wide;
	}
	memcpy(&narrow, p, sizeof(narrow));
	return narrow;
}

static void
put_value(void *p, size_t size, uint32_t value)
{
	unsigned long wide = value;

	if (size >= sizeof(wide))
		memcpy(p, &wide, sizeof(wide));
	else
		memcpy(p, &value, sizeof(value));
}

/* FIONBIO, FIONREAD and SIOCATMARK. Windows: ioctlsocket (winsock2.h), a macro here. */
int
winsock_ioctl(SOCKET s, long cmd, void *argp, size_t size)
{
	int value, type;
	socklen_t n = sizeof(type);

	if (getsockopt(s, SOL_SOCKET, SO_TYPE, &type, &n) != 0)
		return error_set(WSAENOTSOCK);
	if (argp == NULL || size < sizeof(uint32_t))
		return error_set(WSAEFAULT);
	switch (cmd) {
	case FIONBIO:
		value = get_value(argp, size) != 0;
		if (!value && watch_is_selected(s))
			return error_set(WSAEINVAL);
		if (ioctl(s, FIONBIO, &value) != 0)
			return error_fail(ERROR_CALL_OTHER, s, 0);
		return 0;
	case FIONREAD:
	case SIOCATMARK:
		if (ioctl(s, (unsigned long)cmd, &value) != 0)
			return error_fail(ERROR_CALL_OTHER, s, 0);
		put_value(argp, size, (uint32_t)value);
		return 0;
	default:
		return error_set(WSAEOPNOTSUPP);
	}
}

/* ---- WSAIoctl ---- */

struct request {
	SOCKET s;
	const void *in;
	DWORD in_n;
	void *out;
	DWORD out_n;
	DWORD returned;
	LPWSAOVERLAPPED overlapped;
	LPWSAOVERLAPPED_COMPLETION_ROUTINE routine;
};

/* 0, or SOCKET_ERROR with the error stored. */
typedef int (*ioctl_function)(struct request *r);

static int
set_security(struct request *r)
{
	return WSASetSocketSecurity(r->s, r->in, r->in_n, r->overlapped, r->routine);
}

/* The functions do everything themselves; only the length comes and goes another way. */
static int
query_security(struct request *r)
{
	ULONG n = r->out_n;
	int rc = WSAQuerySocketSecurity(
	    r->s, r->in, r->in_n, r->out, &n, r->overlapped, r->routine);

	r->returned = n;
	return rc;
}

static int
set_target_name(struct request *r)
{
	return WSASetSocketPeerTargetName(
	    r->s, r->in, r->in_n, r->overlapped, r->routine);
}

static int
delete_target_name(struct request *r)
{
	return WSADeleteSocketPeerTargetName(
	    r->s, r->in, r->in_n, r->overlapped, r->routine);
}

static int
set_option(SOCKET s, int option, int value)
{
	if (setsockopt(s, IPPROTO_TCP, option, &value, sizeof(value)) != 0)
		return error_fail(ERROR_CALL_OTHER, s, 0);
	return 0;
}

#define KEEPALIVE_MAX_S 32767 /* of Linux */

static int
seconds_of_ms(uint32_t ms)
{
	uint32_t s = ms / 1000 + (ms % 1000 != 0);

	return s == 0 ? 1 : s > KEEPALIVE_MAX_S ? KEEPALIVE_MAX_S : (int)s;
}

static int
keepalive_vals(struct request *r)
{
	struct tcp_keepalive k;
	int on;

	if (r->in == NULL || r->in_n < sizeof(k))
		return error_set(WSAEFAULT);
	memcpy(&k, r->in, sizeof(k));
	on = k.onoff != 0;
	if (setsockopt(r->s, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)) != 0)
		return error_fail(ERROR_CALL_OTHER, r->s, 0);
	if (!on)
		return 0;
	if (set_option(r->s, TCP_KEEPIDLE, seconds_of_ms(k.keepalivetime)) != 0)
		return SOCKET_ERROR;
	return set_option(r->s, TCP_KEEPINTVL, seconds_of_ms(k.keepaliveinterval));
}

/* The local address that traffic to the one of in would have. */
static int
routing_interface(struct request *r)
{
	struct sockaddr_storage local;
	socklen_t n = sizeof(local);
	const struct sockaddr *remote = r->in;
	int fd, rc;

	if (remote == NULL || r->in_n < sizeof(struct sockaddr_in))
		return error_set(WSAEFAULT);
	if ((fd = socket(remote->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0)) == -1)
		return error_fail(ERROR_CALL_OTHER, r->s, 0);
	rc = connect(fd, remote, r->in_n);
	if (rc == 0)
		rc = getsockname(fd, (struct sockaddr *)&local, &n);
	if (rc != 0)
		(void)error_fail(ERROR_CALL_OTHER, r->s, 0);
	(void)close(fd);
	if (rc != 0)
		return SOCKET_ERROR;
	if (local.ss_family == AF_INET6)
		((struct sockaddr_in6 *)&local)->sin6_port = 0;
	else
		((struct sockaddr_in *)&local)->sin_port = 0;
	if (r->out == NULL || r->out_n < n)
		return error_set(WSAEFAULT);
	memcpy(r->out, &local, n);
	r->returned = (DWORD)n;
	return 0;
}

/* Binding is optional here. Data to send goes after the connection. */
static BOOL WINAPI
connect_ex(SOCKET s, const struct sockaddr *name, int namelen, PVOID lpSendBuffer,
    DWORD dwSendDataLength, LPDWORD lpdwBytesSent, LPOVERLAPPED lpOverlapped)
{
	ssize_t sent = 0;
	int rc;

	overlapped_begin(lpOverlapped);
	rc = WSAConnect(s, name, namelen, NULL, NULL, NULL, NULL);
	if (rc == 0 && lpSendBuffer != NULL && dwSendDataLength > 0) {
		sent = winsock_send(s, lpSendBuffer, dwSendDataLength, 0);
		rc = sent < 0 ? SOCKET_ERROR : 0;
	}
	if (rc == 0 && lpdwBytesSent != NULL)
		*lpdwBytesSent = (DWORD)sent;
	overlapped_complete(
	    lpOverlapped, rc == 0 ? 0 : WSAGetLastError(), sent > 0 ? (size_t)sent : 0);
	return rc == 0;
}

static BOOL WINAPI
disconnect_ex(SOCKET s, LPOVERLAPPED lpOverlapped, DWORD dwFlags, DWORD dwReserved)
{
	int rc;

	if (dwFlags != 0 || dwReserved != 0) {
		(void)error_set(WSAEOPNOTSUPP);
		return FALSE;
	}
	overlapped_begin(lpOverlapped);
	rc = winsock_shutdown(s, SD_BOTH);
	overlapped_complete(lpOverlapped, rc == 0 ? 0 : WSAGetLastError(), 0);
	return rc == 0;
}

static int
extension_function(struct request *r)
{
	static const struct {
		GUID id;
		uintptr_t function;
	} functions[] = {
		{ WSAID_CONNECTEX, (uintptr_t)connect_ex },
		{ WSAID_DISCONNECTEX, (uintptr_t)disconnect_ex },
		{ WSAID_WSARECVMSG, (uintptr_t)transfer_receive_message },
		{ WSAID_WSASENDMSG, (uintptr_t)WSASendMsg },
	};
	uintptr_t f = 0;

	if (r->in == NULL || r->in_n < sizeof(GUID) || r->out == NULL ||
	    r->out_n < sizeof(f))
		return error_set(WSAEFAULT);
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		if (memcmp(r->in, &functions[i].id, sizeof(GUID)) == 0)
			f = functions[i].function;
	if (f == 0)
		return error_set(WSAEINVAL);
	memcpy(r->out, &f, sizeof(f));
	r->returned = sizeof(f);
	return 0;
}

/* A hint to the system about its own sockets. */
static int
usage_notification(struct request *r)
{
	if (r->in == NULL || r->in_n < sizeof(SOCKET_USAGE_TYPE))
		return error_set(WSAEFAULT);
	return 0;
}

static const struct {
	DWORD code;
	ioctl_function function;
	bool completes; /* by itself */
} IOCTLS[] = {
	{ SIO_SET_SECURITY, set_security, true },
	{ SIO_QUERY_SECURITY, query_security, true },
	{ SIO_SET_PEER_TARGET_NAME, set_target_name, true },
	{ SIO_DELETE_PEER_TARGET_NAME, delete_target_name, true },
	{ SIO_KEEPALIVE_VALS, keepalive_vals, false },
	{ SIO_ROUTING_INTERFACE_QUERY, routing_interface, false },
	{ SIO_GET_EXTENSION_FUNCTION_POINTER, extension_function, false },
	{ SIO_SOCKET_USAGE_NOTIFICATION, usage_notification, false },
};

/*
 * Windows: WSAIoctl (winsock2.h). The codes of the table above; WSAEOPNOTSUPP for others. The
 * codes of the secure socket functions do what these do.
 */
int WSAAPI
WSAIoctl(SOCKET s, DWORD dwIoControlCode, LPVOID lpvInBuffer, DWORD cbInBuffer,
    LPVOID lpvOutBuffer, DWORD cbOutBuffer, LPDWORD lpcbBytesReturned,
    LPWSAOVERLAPPED lpOverlapped,
    LPWSAOVERLAPPED_COMPLETION_ROUTINE lpCompletionRoutine)
{
	struct request r = { s, lpvInBuffer, cbInBuffer, lpvOutBuffer, cbOutBuffer, 0,
		lpOverlapped, lpCompletionRoutine };
	int type, rc;
	socklen_t n = sizeof(type);

	if ((rc = startup_check()) != 0)
		return error_set(rc);
	if (lpcbBytesReturned == NULL && lpOverlapped == NULL)
		return error_set(WSAEFAULT);
	if (getsockopt(s, SOL_SOCKET, SO_TYPE, &type, &n) != 0)
		return error_set(WSAENOTSOCK);
	if ((rc = overlapped_expect(s, lpOverlapped, lpCompletionRoutine)) != 0)
		return error_set(rc);
	for (size_t i = 0; i < sizeof(IOCTLS) / sizeof(IOCTLS[0]); i++) {
		if (IOCTLS[i].code != dwIoControlCode)
			continue;
		rc = IOCTLS[i].function(&r);
		if (rc == 0 && !IOCTLS[i].completes)
			overlapped_finish(
			    s, lpOverlapped, lpCompletionRoutine, r.returned);
		/* A query says what it needs when that is too much. */
		if (lpcbBytesReturned != NULL && (rc == 0 || r.returned > cbOutBuffer))
			*lpcbBytesReturned = r.returned;
		return rc;
	}
	return error_set(WSAEOPNOTSUPP);
}
