/* WSASetSocketSecurity. */
#include <endian.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "winsock/connection.h"
#include "winsock/early_name.h"
#include "winsock/overlapped.h"
#include "winsock/settings.h"
#include "winsock/socket_state.h"
#include "winsock/socket_fact.h"
#include "winsock/startup.h"
#include "winsock/wire.h"
#include "ws2tcpip.h"

static int
ask_daemon(struct connection *c, int fd, const struct settings *s)
{
	struct aip_api_secure_policy body = {
		.secure = { htole32(s->security_flags), htole32(s->ipsec_flags) },
	};
	struct aip_api_secure_reply reply;
	int error;

	memcpy(body.mm_key, &s->mm_policy, sizeof(body.mm_key));
	memcpy(body.qm_key, &s->qm_policy, sizeof(body.qm_key));
	error = connection_open(c);
	if (error != 0)
		return error;
	return connection_ask(
	    c, AIP_API_SOCK_SECURE, &body, sizeof(body), fd, &reply, sizeof(reply));
}

/* The names that were given before. A socket that cannot have one of them is not secured. */
static int
send_names(struct connection *c, int fd)
{
	struct aip_api_target_reply reply;
	struct aip_api_target name;
	int error = 0;

	while (error == 0 && early_name_take(fd, &name))
		error = connection_ask(c, AIP_API_SOCK_TARGET, &name, sizeof(name), fd,
		    &reply, sizeof(reply));
	if (error != 0)
		c->in_doubt = true; /* the daemon keeps it: narrower is safer */
	return error;
}

/*
 * A refused socket is left as it was. Not so if the daemon may have secured it after all:
 * the narrower socket is the safe one.
 */
static int
secure(int fd, const struct settings *s)
{
	struct connection c;
	bool changed;
	int error;

	error = socket_ipv6_only(fd, &changed);
	if (error != 0)
		return error;
	error = ask_daemon(&c, fd, s);
	if (error == 0)
		error = send_names(&c, fd);
	connection_close(&c);
	if (error != 0 && changed && !c.in_doubt)
		socket_ipv6_dual(fd);
	return error;
}

static int
check_and_secure(int fd, const void *buffer, uint32_t n)
{
	struct settings s;
	int error;

	error = socket_check_kind(fd);
	if (error == 0)
		error = settings_read(&s, buffer, n);
	if (error == 0)
		error = socket_check_fresh(fd);
	if (error == 0)
		error = settings_check_references(&s);
	return error != 0 ? error : secure(fd, &s);
}

/*
 * Has the traffic of a socket protected by IPsec. Windows: WSASetSocketSecurity
 * (ws2tcpip.h), a front for WSAIoctl with SIO_SET_SECURITY.
 *
 *	Socket			TCP or UDP over IPv4 or IPv6; not bound, not connected
 *	SecuritySettings	NULL for the default policy, or SOCKET_SECURITY_SETTINGS, or
 *				SOCKET_SECURITY_SETTINGS_IPSEC, as its SecurityProtocol says
 *	SecuritySettingsLen	its bytes; ignored without settings
 *	Overlapped		NULL, or completed on return, its event signalled
 *	CompletionRoutine	NULL, or called in the next alertable wait of this thread
 *
 * 0, or SOCKET_ERROR with the reason in WSAGetLastError, the first that applies:
 *
 *	WSANOTINITIALISED	after the last WSACleanup
 *	WSAENOTSOCK	not open, or no socket
 *	WSAEINVAL	other kind of socket; bad, contradictory or unknown settings; bound,
 *			already secured, or SO_REUSEADDR or SO_REUSEPORT is on
 *	WSAEMSGSIZE	settings shorter than they say
 *	WSAEISCONN	connected
 *	WSAENETDOWN	the daemon does not run, or did not answer within 10 seconds
 *	WSAEACCES	the daemon does not serve this caller
 *	WSAENOBUFS	too many secured sockets of this user, or no memory
 *	WSAEMFILE	no descriptor left
 *	WSAEAFNOSUPPORT	no IPsec for this address family on this host
 *	WSAEINVAL	a target name that was given before has not the form that the flags want
 *
 * errno is preserved. No failure leaves a socket that takes itself for secured.
 */
INT WSAAPI
WSASetSocketSecurity(SOCKET Socket, const SOCKET_SECURITY_SETTINGS *SecuritySettings,
    ULONG SecuritySettingsLen, LPWSAOVERLAPPED Overlapped,
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
	/* A thread that is cancelled in here would leave the connection open. */
	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	error = check_and_secure(Socket, SecuritySettings, SecuritySettingsLen);
	(void)pthread_setcancelstate(cancel, NULL);
	errno = saved;
	if (error != 0) {
		WSASetLastError(error);
		return SOCKET_ERROR;
	}
	socket_fact_add(Socket, SOCKET_SECURED);
	overlapped_finish(Socket, Overlapped, CompletionRoutine, 0);
	return 0;
}
