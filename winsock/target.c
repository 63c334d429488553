/* WSASetSocketPeerTargetName and WSADeleteSocketPeerTargetName. */
#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>

#include "winsock/connection.h"
#include "winsock/early_name.h"
#include "winsock/overlapped.h"
#include "winsock/socket_state.h"
#include "winsock/startup.h"
#include "winsock/target.h"
#include "winsock/token.h"
#include "winsock/utf.h"
#include "winsock/wire.h"
#include "ws2tcpip.h"

#define HEAD_BYTES offsetof(SOCKET_PEER_TARGET_NAME, AllStrings)

/* How many characters before the first NUL, at most n. */
static size_t
length_of(const wchar_t *s, size_t n)
{
	size_t i = 0;

	while (i < n && s[i] != L'\0')
		i++;
	return i;
}

/*
 * How many characters the name has. Callers of Windows count bytes or characters, as they
 * have read the one page or the other: what fits the text is believed.
 */
static int
count_characters(
    const SOCKET_PEER_TARGET_NAME *head, const wchar_t *s, size_t room, size_t *out)
{
	size_t n = head->PeerTargetNameStringLen, real = length_of(s, room);

	if (head->SecurityProtocol == SOCKET_SECURITY_PROTOCOL_IPSEC2) {
		if (n % sizeof(wchar_t) != 0)
			return WSAEINVAL;
		n /= sizeof(wchar_t);
	} else if (n == real * sizeof(wchar_t)) {
		n = real;
	}
	if (n > room)
		return WSAEMSGSIZE;
	*out = n;
	return n == 0 || length_of(s, n) < n ? WSAEINVAL : 0;
}

/* Printable characters only; out is terminated. */
static int
name_to_utf8(const wchar_t *s, size_t n, char out[AIP_API_TARGET_BYTES])
{
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		char one[UTF8_MAX_BYTES];
		bool valid = true;
		size_t k = utf8_put(one, s[i], &valid);

		if (!valid ||
		    (k == 1 && ((unsigned char)one[0] < ' ' || one[0] == 0x7f)) ||
		    used + k >= AIP_API_TARGET_BYTES)
			return WSAEINVAL;
		memcpy(out + used, one, k);
		used += k;
	}
	out[used] = '\0';
	return 0;
}

struct target {
	char name[AIP_API_TARGET_BYTES];
	struct sockaddr_storage peer;
	bool has_peer;
};

static int
read_name(const void *buffer, ULONG n, struct target *t)
{
	SOCKET_PEER_TARGET_NAME head;
	wchar_t s[AIP_API_TARGET_BYTES];
	size_t room, count;
	bool is_cut;
	int error;

	if (buffer == NULL)
		return WSAEFAULT;
	if (n < HEAD_BYTES)
		return WSAEMSGSIZE;
	memcpy(&head, buffer, HEAD_BYTES);
	if ((unsigned)head.SecurityProtocol >= SOCKET_SECURITY_PROTOCOL_INVALID)
		return WSAEINVAL;
	room = (n - HEAD_BYTES) / sizeof(wchar_t);
	/* A longer name than ours is none; whether it fits into the buffer is told first. */
	if (head.PeerTargetNameStringLen / sizeof(wchar_t) > room)
		return WSAEMSGSIZE;
	is_cut = room > AIP_API_TARGET_BYTES;
	if (is_cut)
		room = AIP_API_TARGET_BYTES;
	memcpy(s, (const char *)buffer + HEAD_BYTES, room * sizeof(wchar_t));
	error = count_characters(&head, s, room, &count);
	if (error == WSAEMSGSIZE && is_cut)
		error = WSAEINVAL;
	if (error == 0)
		error = name_to_utf8(s, count, t->name);
	t->peer = head.PeerAddress;
	return error;
}

static int
ask_daemon(int fd, const struct target *t)
{
	struct aip_api_target_reply reply;
	struct aip_api_target body;
	struct connection c;
	int error;

	memset(&body, 0, sizeof(body));
	token_fill_peer(
	    t->has_peer ? (const struct sockaddr *)&t->peer : NULL, &body.peer);
	memcpy(body.name, t->name, sizeof(body.name));
	error = connection_open(&c);
	if (error == 0)
		error = connection_ask(&c, AIP_API_SOCK_TARGET, &body, sizeof(body), fd,
		    &reply, sizeof(reply));
	connection_close(&c);
	/* Not secured yet: the name is kept for when it is. */
	return error == WSAEOPNOTSUPP ? early_name_keep(fd, &body) : error;
}

int
winsock_set_any_target(int fd, const char *name)
{
	struct target t;

	memset(&t, 0, sizeof(t));
	if (strlen(name) >= sizeof(t.name))
		return WSAEINVAL;
	strcpy(t.name, name);
	return ask_daemon(fd, &t);
}

/* UDP names its peer; TCP may. */
static int
check_peer(int fd, struct target *t)
{
	const struct sockaddr *peer = (const struct sockaddr *)&t->peer;

	if (!socket_is_tcp(fd)) {
		t->has_peer = true;
		return peer->sa_family == 0 ? WSAEINVAL : socket_check_peer(fd, peer);
	}
	if (peer->sa_family == 0)
		return 0;
	return socket_check_family(fd, peer);
}

static int
check_and_set(int fd, const void *buffer, ULONG n)
{
	struct target t;
	int error = socket_check_kind(fd);

	memset(&t, 0, sizeof(t));
	if (error == 0)
		error = read_name(buffer, n, &t);
	if (error == 0)
		error = check_peer(fd, &t);
	if (error == 0 && socket_is_connected(fd))
		error = WSAEISCONN;
	return error != 0 ? error : ask_daemon(fd, &t);
}

static int
check_and_delete(int fd, const struct sockaddr *peer, ULONG n)
{
	struct target t;
	int error = socket_check_kind(fd);

	memset(&t, 0, sizeof(t));
	if (error != 0)
		return error;
	if (peer == NULL)
		return WSAEFAULT;
	if (n < sizeof(struct sockaddr_in) ||
	    (peer->sa_family == AF_INET6 && n < sizeof(struct sockaddr_in6)))
		return WSAEMSGSIZE;
	if ((error = socket_check_family(fd, peer)) != 0)
		return error;
	t.has_peer = !socket_is_tcp(fd);
	memcpy(&t.peer, peer,
	    peer->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) :
					  sizeof(struct sockaddr_in));
	return ask_daemon(fd, &t);
}

/* The end of both functions. */
static INT
finish(SOCKET s, int error, LPWSAOVERLAPPED overlapped,
    LPWSAOVERLAPPED_COMPLETION_ROUTINE routine)
{
	if (error != 0) {
		WSASetLastError(error);
		return SOCKET_ERROR;
	}
	overlapped_finish(s, overlapped, routine, 0);
	return 0;
}

/*
 * The name that the peer of a secured socket has to prove; the connection fails if it proves
 * another one. Windows: WSASetSocketPeerTargetName (ws2tcpip.h), a front for WSAIoctl with
 * SIO_SET_PEER_TARGET_NAME.
 *
 *	Socket			not connected; a name for one that is not secured yet is kept
 *				until it is, by this process
 *	PeerTargetName		class/host[:port][/service], optionally @REALM; UDP names the
 *				peer, too
 *	PeerTargetNameLen	its bytes
 *
 * 0, or SOCKET_ERROR with the reason in WSAGetLastError:
 *
 *	WSANOTINITIALISED	after the last WSACleanup
 *	WSAENOTSOCK, WSAEINVAL	not a TCP or UDP socket of IPv4 or IPv6
 *	WSAEFAULT, WSAEMSGSIZE	no name, or more than the buffer holds
 *	WSAEINVAL	unknown protocol; an empty name, or more than 255 bytes of UTF-8; UDP
 *			without a peer
 *	WSAEAFNOSUPPORT	the peer's address is of another family
 *	WSAEISCONN	connected
 *	WSAENOBUFS	too many classes of sockets of this user, or names of this socket
 *	WSAENETDOWN	the daemon does not run, or does not answer
 */
INT WSAAPI
WSASetSocketPeerTargetName(SOCKET Socket, const SOCKET_PEER_TARGET_NAME *PeerTargetName,
    ULONG PeerTargetNameLen, LPWSAOVERLAPPED Overlapped,
    LPWSAOVERLAPPED_COMPLETION_ROUTINE CompletionRoutine)
{
	int saved = errno, cancel, error;

	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	error = startup_check();
	if (error == 0)
		error = overlapped_expect(Socket, Overlapped, CompletionRoutine);
	if (error == 0)
		error = check_and_set(Socket, PeerTargetName, PeerTargetNameLen);
	(void)pthread_setcancelstate(cancel, NULL);
	errno = saved;
	return finish(Socket, error, Overlapped, CompletionRoutine);
}

/*
 * No name is expected of this peer any more. What is established stays. Windows:
 * WSADeleteSocketPeerTargetName (ws2tcpip.h), a front for WSAIoctl with
 * SIO_DELETE_PEER_TARGET_NAME. Errors as above; PeerAddr NULL is WSAEFAULT.
 */
INT WSAAPI
WSADeleteSocketPeerTargetName(SOCKET Socket, const struct sockaddr *PeerAddr,
    ULONG PeerAddrLen, LPWSAOVERLAPPED Overlapped,
    LPWSAOVERLAPPED_COMPLETION_ROUTINE CompletionRoutine)
{
	int saved = errno, cancel, error;

	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	error = startup_check();
	if (error == 0)
		error = overlapped_expect(Socket, Overlapped, CompletionRoutine);
	if (error == 0)
		error = check_and_delete(Socket, PeerAddr, PeerAddrLen);
	(void)pthread_setcancelstate(cancel, NULL);
	errno = saved;
	return finish(Socket, error, Overlapped, CompletionRoutine);
}
