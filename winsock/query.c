/* WSAQuerySocketSecurity. */
#define _GNU_SOURCE
#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>

#include "winsock/connection.h"
#include "winsock/overlapped.h"
#include "winsock/socket_state.h"
#include "winsock/startup.h"
#include "winsock/token.h"
#include "winsock/wire.h"
#include "ws2tcpip.h"

#define TEMPLATE_BYTES sizeof(SOCKET_SECURITY_QUERY_TEMPLATE)
/* Callers leave out the padding at the end. */
#define TEMPLATE2_BYTES \
	(offsetof(SOCKET_SECURITY_QUERY_TEMPLATE_IPSEC2, FieldMask) + sizeof(ULONG))
#define KNOWN_FLAGS SOCKET_QUERY_IPSEC2_ABORT_CONNECTION_ON_FIELD_CHANGE
#define KNOWN_FIELDS                               \
	(SOCKET_QUERY_IPSEC2_FIELD_MASK_MM_SA_ID | \
	    SOCKET_QUERY_IPSEC2_FIELD_MASK_QM_SA_ID)

/* What was asked for, after all checks. */
struct query {
	int fd;
	bool is_tcp;
	bool is_long; /* IPSEC2 */
	ULONG flags;
	ULONG fields;
	ULONG access;
	struct sockaddr_storage peer; /* UDP */
};

/* Lengths and contents of the template. NULL is legal for TCP only. */
static int
read_template(struct query *q, const void *buffer, ULONG n)
{
	SOCKET_SECURITY_QUERY_TEMPLATE_IPSEC2 t;

	memset(&t, 0, sizeof(t));
	if (buffer == NULL)
		return q->is_tcp ? 0 : WSAEMSGSIZE;
	if (n < TEMPLATE_BYTES)
		return WSAEMSGSIZE;
	memcpy(&t, buffer, TEMPLATE_BYTES);
	q->is_long = t.SecurityProtocol == SOCKET_SECURITY_PROTOCOL_IPSEC2;
	if (q->is_long && n < TEMPLATE2_BYTES)
		return WSAEMSGSIZE;
	if (q->is_long)
		memcpy(&t, buffer, TEMPLATE2_BYTES);
	if ((unsigned)t.SecurityProtocol >= SOCKET_SECURITY_PROTOCOL_INVALID)
		return WSAEINVAL;
	if (q->is_long &&
	    ((t.Flags & ~KNOWN_FLAGS) != 0 || (t.FieldMask & ~KNOWN_FIELDS) != 0))
		return WSAEINVAL;
	q->flags = q->is_long ? t.Flags : 0;
	q->fields = q->is_long ? t.FieldMask : 0;
	q->access = t.PeerTokenAccessMask;
	q->peer = t.PeerAddress;
	return q->is_tcp ? 0 :
			   socket_check_peer(q->fd, (const struct sockaddr *)&q->peer);
}

/* Whether the connection is there; a socket that had one until a reset differs from a new one. */
static int
check_connected(int fd)
{
	struct sockaddr_storage peer;
	socklen_t n = sizeof(peer);
	struct pollfd p = { .fd = fd, .events = POLLRDHUP };

	if (getpeername(fd, (struct sockaddr *)&peer, &n) == 0)
		return 0;
	if (poll(&p, 1, 0) == 1 && (p.revents & (POLLRDHUP | POLLERR)) != 0)
		return WSAECONNRESET;
	return WSAENOTCONN;
}

static int
ask_daemon(const struct query *q, struct aip_api_query_reply *reply)
{
	struct aip_api_query body;
	struct connection c;
	int error;

	token_fill_peer(
	    q->is_tcp ? NULL : (const struct sockaddr *)&q->peer, &body.peer);
	error = connection_open(&c);
	if (error == 0)
		error = connection_ask(&c, AIP_API_SOCK_QUERY, &body, sizeof(body),
		    q->fd, reply, sizeof(*reply));
	connection_close(&c);
	return error;
}

/* The handle that says who the peer is, on the side of users or of machines. */
static int
fill_tokens(const struct query *q, SOCKET_SECURITY_QUERY_INFO *info)
{
	struct aip_api_identity_reply id;
	HANDLE h;
	int error;

	if (q->access == 0 || (info->Flags & SOCKET_INFO_CONNECTION_SECURED) == 0)
		return 0;
	error =
	    token_ask(q->fd, q->is_tcp ? NULL : (const struct sockaddr *)&q->peer, &id);
	if (error == WSAEACCES) /* the peer proved nothing: no handles */
		return 0;
	if (error != 0)
		return error;
	if ((h = token_open(&id)) == NULL)
		return WSAENOBUFS;
	if ((id.flags & AIP_API_IDENTITY_MACHINE) != 0)
		info->PeerMachineAccessTokenHandle = (UINT64)(uintptr_t)h;
	else
		info->PeerApplicationAccessTokenHandle = (UINT64)(uintptr_t)h;
	return 0;
}

static int
answer(const struct query *q, SOCKET_SECURITY_QUERY_INFO *info, ULONG need)
{
	SOCKET_SECURITY_QUERY_INFO_IPSEC2 out;
	struct aip_api_query_reply r;
	int error = ask_daemon(q, &r);

	if (error != 0)
		return error;
	memset(&out, 0, sizeof(out));
	out.SecurityProtocol = q->is_long ? SOCKET_SECURITY_PROTOCOL_IPSEC2 :
					    SOCKET_SECURITY_PROTOCOL_IPSEC;
	out.Flags = le32toh(r.info_flags);
	if ((q->fields & SOCKET_QUERY_IPSEC2_FIELD_MASK_MM_SA_ID) != 0)
		out.MmSaId = le64toh(r.mm_sa_id);
	if ((q->fields & SOCKET_QUERY_IPSEC2_FIELD_MASK_QM_SA_ID) != 0)
		out.QmSaId = le64toh(r.qm_sa_id);
	out.NegotiationWinerr = le32toh(r.negotiation_winerr);
	/* The short form is the beginning of the long one. */
	error = fill_tokens(q, (SOCKET_SECURITY_QUERY_INFO *)(void *)&out);
	if (error == 0)
		memcpy(info, &out, need);
	return error;
}

static int
check_and_query(int fd, const void *template, ULONG template_n,
    SOCKET_SECURITY_QUERY_INFO *info, ULONG *info_n)
{
	struct query q = { .fd = fd };
	ULONG need;
	int error = socket_check_kind(fd);

	if (error == 0 && info_n == NULL)
		error = WSAEFAULT;
	if (error != 0)
		return error;
	q.is_tcp = socket_is_tcp(fd);
	error = read_template(&q, template, template_n);
	if (error != 0)
		return error;
	need = q.is_long ? sizeof(SOCKET_SECURITY_QUERY_INFO_IPSEC2) : sizeof(*info);
	if (info == NULL || *info_n < need) {
		*info_n = need;
		return template == NULL && info == NULL ? WSAEFAULT : WSAEMSGSIZE;
	}
	/* Pinning would need the daemon to watch the connection: it does not. */
	if ((q.flags & SOCKET_QUERY_IPSEC2_ABORT_CONNECTION_ON_FIELD_CHANGE) != 0)
		return WSAEOPNOTSUPP;
	if (q.is_tcp)
		error = check_connected(fd);
	/* Why there is no connection, the daemon knows, and the long form has room for it. */
	if (error == WSAENOTCONN && q.is_long)
		error = 0;
	if (error != 0)
		return error;
	error = answer(&q, info, need);
	if (error == 0)
		*info_n = need;
	return error;
}

/*
 * How the traffic of a socket is protected now, and who the peer is. Windows:
 * WSAQuerySocketSecurity (ws2tcpip.h), a front for WSAIoctl with SIO_QUERY_SECURITY.
 *
 *	Socket			TCP, connected; or UDP
 *	SecurityQueryTemplate	NULL for TCP; UDP names its peer here
 *	SecurityQueryInfo	NULL asks for the size
 *	SecurityQueryInfoLen	bytes of it; bytes written, or needed
 *	Overlapped		NULL, or completed on return, its event signalled
 *	CompletionRoutine	NULL, or called in the next alertable wait of this thread
 *
 * 0, or SOCKET_ERROR with the reason in WSAGetLastError:
 *
 *	WSANOTINITIALISED	after the last WSACleanup
 *	WSAENOTSOCK, WSAEINVAL	not a TCP or UDP socket of IPv4 or IPv6
 *	WSAEFAULT	no length; or neither template nor room for the answer
 *	WSAEMSGSIZE	template or answer too short
 *	WSAEINVAL	unknown protocol, flags or fields; UDP without a peer
 *	WSAEAFNOSUPPORT	the peer's address is of another family
 *	WSAENOTCONN, WSAECONNRESET	there is no connection, or no longer
 *	WSAEOPNOTSUPP	pinning was asked for
 *	WSAENETDOWN	the daemon does not run, or does not answer
 *
 * errno is preserved.
 */
INT WSAAPI
WSAQuerySocketSecurity(SOCKET Socket,
    const SOCKET_SECURITY_QUERY_TEMPLATE *SecurityQueryTemplate,
    ULONG SecurityQueryTemplateLen, SOCKET_SECURITY_QUERY_INFO *SecurityQueryInfo,
    ULONG *SecurityQueryInfoLen, LPWSAOVERLAPPED Overlapped,
    LPWSAOVERLAPPED_COMPLETION_ROUTINE CompletionRoutine)
{
	int saved = errno, cancel, error;

	error = startup_check();
	if (error == 0)
		error = overlapped_expect(Socket, Overlapped, CompletionRoutine);
	if (error != 0) {
		WSASetLastError(error);
		return SOCKET_ERROR;
	}
	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	error = check_and_query(Socket, SecurityQueryTemplate, SecurityQueryTemplateLen,
	    SecurityQueryInfo, SecurityQueryInfoLen);
	(void)pthread_setcancelstate(cancel, NULL);
	errno = saved;
	if (error != 0) {
		WSASetLastError(error);
		return SOCKET_ERROR;
	}
	overlapped_finish(Socket, Overlapped, CompletionRoutine, *SecurityQueryInfoLen);
	return 0;
}
