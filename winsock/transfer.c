/* Sending and receiving: gathered, scattered, without SIGPIPE. */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "winsock/control.h"
#include "winsock/error_map.h"
#include "winsock/overlapped.h"
#include "winsock/preconnect.h"
#include "winsock/shim.h"
#include "winsock/transfer.h"
#include "winsock/watch.h"
#include "winsock2.h"

#define FEW_BUFFERS 16
#define MOST_BUFFERS 1024 /* the kernel's own limit */

/* ---- the native names ---- */

ssize_t
winsock_send(int s, const void *buffer, size_t n, int flags)
{
	ssize_t sent = send(s, buffer, n, flags | MSG_NOSIGNAL);

	watch_sent(s, n, sent);
	return sent >= 0 ? sent : error_fail(ERROR_CALL_SEND, s, flags);
}

ssize_t
winsock_sendto(int s, const void *buffer, size_t n, int flags,
    const struct sockaddr *to, socklen_t to_n)
{
	ssize_t sent;
	int error = socket_preconnect_once(s, to, to_n);

	if (error != 0)
		return error_set(error);
	sent = sendto(s, buffer, n, flags | MSG_NOSIGNAL, to, to_n);
	watch_sent(s, n, sent);
	return sent >= 0 ? sent : error_fail(ERROR_CALL_SEND, s, flags);
}

static bool
is_datagram(int s)
{
	int type = 0;
	socklen_t n = sizeof(type);

	return getsockopt(s, SOL_SOCKET, SO_TYPE, &type, &n) == 0 && type == SOCK_DGRAM;
}

/*
 * Linux cuts a datagram silently, Winsock fails with WSAEMSGSIZE. The program of today may ask
 * with MSG_TRUNC for the length itself.
 */
ssize_t
winsock_recvfrom(
    int s, void *buffer, size_t n, int flags, struct sockaddr *from, socklen_t *from_n)
{
	bool is_checked = (flags & MSG_TRUNC) == 0 && is_datagram(s);
	ssize_t got;

	got = recvfrom(
	    s, buffer, n, is_checked ? flags | MSG_TRUNC : flags, from, from_n);
	got = watch_received(s, got);
	if (got < 0)
		return error_fail(ERROR_CALL_RECEIVE, s, flags);
	if (is_checked && (size_t)got > n) {
		errno = EMSGSIZE;
		return error_fail(ERROR_CALL_RECEIVE, s, flags);
	}
	return got;
}

ssize_t
winsock_recv(int s, void *buffer, size_t n, int flags)
{
	return winsock_recvfrom(s, buffer, n, flags, NULL, NULL);
}

/* ---- the WSA names ---- */

struct transfer {
	SOCKET s;
	struct msghdr m;
	struct iovec few[FEW_BUFFERS];
	struct iovec *many; /* owned; NULL if few is enough */
	size_t room;
	LPWSAOVERLAPPED overlapped;
	LPWSAOVERLAPPED_COMPLETION_ROUTINE routine;
};

/* 0 or the error. The vector is of this process: nothing is copied. */
static int
transfer_begin(struct transfer *t, SOCKET s, LPWSABUF buffers, DWORD n, LPDWORD count,
    LPWSAOVERLAPPED overlapped, LPWSAOVERLAPPED_COMPLETION_ROUTINE routine)
{
	struct iovec *v = t->few;

	memset(t, 0, sizeof(*t));
	t->s = s;
	t->overlapped = overlapped_of(s, overlapped);
	t->routine = routine;
	if (overlapped_expect(s, overlapped, routine) != 0)
		return WSAENOBUFS;
	if ((buffers == NULL && n > 0) || (count == NULL && t->overlapped == NULL))
		return WSAEFAULT;
	if (n == 0)
		return WSAEINVAL;
	if (n > MOST_BUFFERS)
		return WSAENOBUFS;
	if (n > FEW_BUFFERS && (v = t->many = calloc(n, sizeof(*v))) == NULL)
		return WSAENOBUFS;
	for (DWORD i = 0; i < n; i++) {
		v[i].iov_base = buffers[i].buf;
		v[i].iov_len = buffers[i].len;
		t->room += buffers[i].len;
	}
	t->m.msg_iov = v;
	t->m.msg_iovlen = n;
	overlapped_begin(t->overlapped);
	return 0;
}

static void
drop_vector(void *p)
{
	struct transfer *t = p;

	free(t->many);
	t->many = NULL;
}

/* sendmsg() or recvmsg(). A thread that is cancelled in there leaves nothing behind. */
static ssize_t
transfer_run(struct transfer *t, ssize_t (*call)(struct transfer *, int), int flags)
{
	volatile ssize_t n = -1; /* a cleanup handler is a setjmp() */

	if (t->many == NULL)
		return call(t, flags);
	pthread_cleanup_push(drop_vector, t);
	n = call(t, flags);
	pthread_cleanup_pop(0);
	return n;
}

static int
transfer_end(struct transfer *t, int error, size_t bytes, LPDWORD count)
{
	drop_vector(t);
	if (error != 0) {
		overlapped_complete(t->overlapped, error, bytes);
		return error_set(error);
	}
	overlapped_finish(t->s, t->overlapped, t->routine, bytes);
	if (count != NULL)
		*count = (DWORD)bytes;
	return 0;
}

static ssize_t
call_send(struct transfer *t, int flags)
{
	return sendmsg(t->s, &t->m, flags | MSG_NOSIGNAL);
}

static ssize_t
call_receive(struct transfer *t, int flags)
{
	return recvmsg(t->s, &t->m, flags);
}

/* The rest of a call that sends. */
static int
transfer_send(struct transfer *t, DWORD flags, LPDWORD count)
{
	ssize_t n = 0;
	int error = socket_preconnect_once(t->s, t->m.msg_name, t->m.msg_namelen);

	if (error != 0)
		return transfer_end(t, error, 0, NULL);
	n = transfer_run(t, call_send, (int)flags);
	watch_sent(t->s, t->room, n);
	if (n < 0)
		error = error_of_call(ERROR_CALL_SEND, t->s, (int)flags, errno);
	return transfer_end(t, error, n < 0 ? 0 : (size_t)n, count);
}

/* Windows: WSASendTo (winsock2.h). Up to 1024 buffers in one piece. */
int WSAAPI
WSASendTo(SOCKET s, LPWSABUF lpBuffers, DWORD dwBufferCount,
    LPDWORD lpNumberOfBytesSent, DWORD dwFlags, const struct sockaddr *lpTo, int iToLen,
    LPWSAOVERLAPPED lpOverlapped,
    LPWSAOVERLAPPED_COMPLETION_ROUTINE lpCompletionRoutine)
{
	struct transfer t;
	int error;

	error = transfer_begin(&t, s, lpBuffers, dwBufferCount, lpNumberOfBytesSent,
	    lpOverlapped, lpCompletionRoutine);
	if (error != 0)
		return transfer_end(&t, error, 0, NULL);
	t.m.msg_name = (void *)(uintptr_t)lpTo;
	t.m.msg_namelen = lpTo == NULL || iToLen < 0 ? 0 : (socklen_t)iToLen;
	return transfer_send(&t, dwFlags, lpNumberOfBytesSent);
}

/* Windows: WSASend (winsock2.h). */
int WSAAPI
WSASend(SOCKET s, LPWSABUF lpBuffers, DWORD dwBufferCount, LPDWORD lpNumberOfBytesSent,
    DWORD dwFlags, LPWSAOVERLAPPED lpOverlapped,
    LPWSAOVERLAPPED_COMPLETION_ROUTINE lpCompletionRoutine)
{
	return WSASendTo(s, lpBuffers, dwBufferCount, lpNumberOfBytesSent, dwFlags,
	    NULL, 0, lpOverlapped, lpCompletionRoutine);
}

static int
receive(struct transfer *t, LPDWORD flags, LPINT from_n, size_t *bytes)
{
	ssize_t n = transfer_run(t, call_receive, (int)*flags);

	n = watch_received(t->s, n);
	if (n < 0)
		return error_of_call(ERROR_CALL_RECEIVE, t->s, (int)*flags, errno);
	*bytes = (size_t)n;
	if (from_n != NULL)
		*from_n = (INT)t->m.msg_namelen;
	*flags = 0;
	if ((t->m.msg_flags & MSG_TRUNC) == 0)
		return 0;
	*bytes = t->room;
	return WSAEMSGSIZE;
}

/*
 * Windows: WSARecvFrom (winsock2.h). A datagram that is longer than the buffers fills them and
 * fails with WSAEMSGSIZE.
 */
int WSAAPI
WSARecvFrom(SOCKET s, LPWSABUF lpBuffers, DWORD dwBufferCount,
    LPDWORD lpNumberOfBytesRecvd, LPDWORD lpFlags, struct sockaddr *lpFrom,
    LPINT lpFromlen, LPWSAOVERLAPPED lpOverlapped,
    LPWSAOVERLAPPED_COMPLETION_ROUTINE lpCompletionRoutine)
{
	struct transfer t;
	size_t bytes = 0;
	int error;

	error = transfer_begin(&t, s, lpBuffers, dwBufferCount, lpNumberOfBytesRecvd,
	    lpOverlapped, lpCompletionRoutine);
	if (error == 0 && (lpFlags == NULL || (lpFrom != NULL && lpFromlen == NULL) ||
			      (lpFromlen != NULL && *lpFromlen < 0)))
		error = WSAEFAULT;
	if (error == 0) {
		t.m.msg_name = lpFrom;
		t.m.msg_namelen =
		    lpFrom == NULL || lpFromlen == NULL ? 0 : (socklen_t)*lpFromlen;
		error = receive(&t, lpFlags, lpFrom == NULL ? NULL : lpFromlen, &bytes);
	}
	if (error == WSAEMSGSIZE && lpNumberOfBytesRecvd != NULL)
		*lpNumberOfBytesRecvd = (DWORD)bytes;
	return transfer_end(&t, error, bytes, lpNumberOfBytesRecvd);
}

/* Windows: WSARecv (winsock2.h). */
int WSAAPI
WSARecv(SOCKET s, LPWSABUF lpBuffers, DWORD dwBufferCount, LPDWORD lpNumberOfBytesRecvd,
    LPDWORD lpFlags, LPWSAOVERLAPPED lpOverlapped,
    LPWSAOVERLAPPED_COMPLETION_ROUTINE lpCompletionRoutine)
{
	return WSARecvFrom(s, lpBuffers, dwBufferCount, lpNumberOfBytesRecvd, lpFlags,
	    NULL, NULL, lpOverlapped, lpCompletionRoutine);
}

/* ---- datagrams with control data ---- */

static int
message_begin(struct transfer *t, SOCKET s, LPWSAMSG m, LPDWORD count,
    LPWSAOVERLAPPED overlapped, LPWSAOVERLAPPED_COMPLETION_ROUTINE routine)
{
	int type, error;
	socklen_t n = sizeof(type);

	memset(t, 0, sizeof(*t));
	if (getsockopt(s, SOL_SOCKET, SO_TYPE, &type, &n) != 0)
		return WSAENOTSOCK;
	if (m == NULL)
		return WSAEFAULT;
	error = transfer_begin(
	    t, s, m->lpBuffers, m->dwBufferCount, count, overlapped, routine);
	if (error == 0 && type != SOCK_DGRAM)
		error = WSAEINVAL;
	t->m.msg_name = m->name;
	t->m.msg_namelen = m->name == NULL || m->namelen < 0 ? 0 : (socklen_t)m->namelen;
	return error;
}

/*
 * Windows: WSASendMsg (winsock2.h). The address of IN_PKTINFO is that to send from, as in
 * Linux ipi_spec_dst.
 */
INT WSAAPI
WSASendMsg(SOCKET s, LPWSAMSG lpMsg, DWORD dwFlags, LPDWORD lpNumberOfBytesSent,
    LPWSAOVERLAPPED lpOverlapped,
    LPWSAOVERLAPPED_COMPLETION_ROUTINE lpCompletionRoutine)
{
	union control c;
	struct transfer t;
	int error;

	error = message_begin(
	    &t, s, lpMsg, lpNumberOfBytesSent, lpOverlapped, lpCompletionRoutine);
	if (error == 0 && !control_to_send(&c, &lpMsg->Control, &t.m))
		error = WSAENOBUFS;
	if (error != 0)
		return transfer_end(&t, error, 0, NULL);
	return transfer_send(&t, dwFlags, lpNumberOfBytesSent);
}

INT WSAAPI
transfer_receive_message(SOCKET s, LPWSAMSG lpMsg, LPDWORD lpdwNumberOfBytesRecvd,
    LPWSAOVERLAPPED lpOverlapped,
    LPWSAOVERLAPPED_COMPLETION_ROUTINE lpCompletionRoutine)
{
	struct transfer t;
	DWORD flags;
	size_t bytes = 0;
	int error;

	error = message_begin(
	    &t, s, lpMsg, lpdwNumberOfBytesRecvd, lpOverlapped, lpCompletionRoutine);
	if (error == 0) {
		/* What an earlier call told in there is no flag. */
		flags = lpMsg->dwFlags & MSG_PEEK;
		t.m.msg_control = lpMsg->Control.buf;
		t.m.msg_controllen =
		    lpMsg->Control.buf == NULL ? 0 : lpMsg->Control.len;
		error = receive(&t, &flags, &lpMsg->namelen, &bytes);
	}
	if (error == 0 || error == WSAEMSGSIZE) {
		lpMsg->Control.len = (ULONG)t.m.msg_controllen;
		lpMsg->dwFlags = (ULONG)t.m.msg_flags & (MSG_TRUNC | MSG_CTRUNC);
	}
	if (error == WSAEMSGSIZE && lpdwNumberOfBytesRecvd != NULL)
		*lpdwNumberOfBytesRecvd = (DWORD)bytes;
	return transfer_end(&t, error, bytes, lpdwNumberOfBytesRecvd);
}
