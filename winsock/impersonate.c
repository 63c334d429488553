/* WSAImpersonateSocketPeer and WSARevertImpersonation. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>

#include "winsock/impersonate.h"
#include "winsock/socket_state.h"
#include "winsock/startup.h"
#include "winsock/thread_identity.h"
#include "winsock/token.h"
#include "ws2tcpip.h"

_Static_assert(IDENTITY_MAX_GROUPS >= AIP_API_MAX_GROUPS, "every answer fits");

/* Lengths are those of Windows' own structures, which are Linux's. */
static int
check_peer(int fd, const struct sockaddr *peer, ULONG n)
{
	int family;

	if (peer == NULL)
		return WSAEFAULT;
	if (n < sizeof(struct sockaddr_in))
		return WSAEMSGSIZE;
	family = peer->sa_family;
	if (family == AF_INET6 && n < sizeof(struct sockaddr_in6))
		return WSAEMSGSIZE;
	return socket_check_peer(fd, peer);
}

int
impersonate_identity(const struct aip_api_identity_reply *id)
{
	struct identity who = {
		.uid = id->uid, .gid = id->gid, .n_groups = id->n_groups
	};

	if ((id->flags & AIP_API_IDENTITY_ACCOUNT) == 0)
		return WSAEACCES;
	for (uint32_t i = 0; i < id->n_groups; i++)
		who.groups[i] = id->groups[i];
	return thread_identity_take(&who);
}

static int
check_and_impersonate(int fd, const struct sockaddr *peer, ULONG n)
{
	struct aip_api_identity_reply id;
	struct sockaddr_storage ss;
	socklen_t ss_n = sizeof(ss);
	int error = socket_check_kind(fd), flags;
	bool is_tcp;

	if (error != 0)
		return error;
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || (flags & O_NONBLOCK) != 0)
		return WSAEINVAL;
	is_tcp = socket_is_tcp(fd);
	if (!is_tcp && (error = check_peer(fd, peer, n)) != 0)
		return error;
	if (is_tcp && getpeername(fd, (struct sockaddr *)&ss, &ss_n) != 0)
		return WSAENOTCONN;
	error = token_ask(fd, is_tcp ? NULL : peer, &id);
	return error != 0 ? error : impersonate_identity(&id);
}

/*
 * The calling thread acts as the peer of a secured socket until WSARevertImpersonation: its
 * access to files and everything else is judged as that of the account that the peer has on
 * this host (section impersonation of authipd.conf). Other threads stay what they are.
 * Windows: WSAImpersonateSocketPeer (ws2tcpip.h).
 *
 *	Socket		blocking; TCP, connected; or UDP
 *	PeerAddr	UDP: the peer; TCP: ignored
 *	PeerAddrLen	its bytes
 *
 * 0, or SOCKET_ERROR with the reason in WSAGetLastError; then the thread is what the process
 * is:
 *
 *	WSANOTINITIALISED	after the last WSACleanup
 *	WSAENOTSOCK, WSAEINVAL	not a blocking TCP or UDP socket of IPv4 or IPv6
 *	WSAEFAULT, WSAEMSGSIZE, WSAEAFNOSUPPORT	the address of a UDP peer is missing, too
 *			short, or of another family
 *	WSAENOTCONN	there is no connection
 *	WSAEACCES	the traffic is not protected, the peer has no account here, or this
 *			process may not become it
 *	WSASYSCALLFAILURE	a system call failed halfway
 *	WSAENETDOWN	the daemon does not run, or does not answer
 */
INT WSAAPI
WSAImpersonateSocketPeer(
    SOCKET Socket, const struct sockaddr *PeerAddr, ULONG PeerAddrLen)
{
	int saved = errno, cancel, error;

	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	/*
	 * Who ignores an error must not go on as an earlier peer; and the daemon must see the
	 * program as what it is.
	 */
	error = thread_identity_revert();
	if (error == 0)
		error = startup_check();
	if (error == 0)
		error = check_and_impersonate(Socket, PeerAddr, PeerAddrLen);
	(void)pthread_setcancelstate(cancel, NULL);
	errno = saved;
	if (error == 0)
		return 0;
	WSASetLastError(error);
	return SOCKET_ERROR;
}

/*
 * The calling thread is itself again. 0, also if it was nobody else; or SOCKET_ERROR with
 * WSASYSCALLFAILURE: the thread still is the peer, and must not go on as if it were not.
 */
INT WSAAPI
WSARevertImpersonation(void)
{
	int saved = errno, error = thread_identity_revert();

	errno = saved;
	if (error == 0)
		return 0;
	WSASetLastError(error);
	return SOCKET_ERROR;
}
