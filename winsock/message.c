/* Texts of errors, and FormatMessage. */
#include "winsock/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "winsock2.h"

#define ERROR_MR_MID_NOT_FOUND 317

/* M(number, text) */
#define WINSOCK_MESSAGES(M)                                                       \
	M(WSA_INVALID_HANDLE, "the handle is not valid")                          \
	M(WSA_NOT_ENOUGH_MEMORY, "not enough memory")                             \
	M(WSA_INVALID_PARAMETER, "an argument is not valid")                      \
	M(WSA_OPERATION_ABORTED, "the overlapped operation was given up")         \
	M(WSA_IO_INCOMPLETE, "the overlapped operation is not complete")          \
	M(WSA_IO_PENDING, "the overlapped operation goes on")                     \
	M(WSAEINTR, "interrupted by a signal")                                    \
	M(WSAEBADF, "not an open descriptor")                                     \
	M(WSAEACCES,                                                              \
	    "permission denied, or the negotiation with the peer was refused")    \
	M(WSAEFAULT, "a pointer or the length of a buffer is wrong")              \
	M(WSAEINVAL, "an argument, or the state of the socket, is not valid")     \
	M(WSAEMFILE, "no descriptor is left")                                     \
	M(WSAEWOULDBLOCK, "the call would have to wait")                          \
	M(WSAEINPROGRESS, "another call is in progress")                          \
	M(WSAEALREADY, "the operation goes on already")                           \
	M(WSAENOTSOCK, "not a socket")                                            \
	M(WSAEDESTADDRREQ, "a destination is missing")                            \
	M(WSAEMSGSIZE, "longer than the buffer, or a structure is too short")     \
	M(WSAEPROTOTYPE, "this protocol does not fit the type of the socket")     \
	M(WSAENOPROTOOPT, "there is no such option")                              \
	M(WSAEPROTONOSUPPORT, "there is no such protocol")                        \
	M(WSAESOCKTNOSUPPORT, "there is no such type of socket")                  \
	M(WSAEOPNOTSUPP, "this is not possible with this socket")                 \
	M(WSAEPFNOSUPPORT, "there is no such protocol family")                    \
	M(WSAEAFNOSUPPORT, "there is no such address family, or it does not fit") \
	M(WSAEADDRINUSE, "the address is in use")                                 \
	M(WSAEADDRNOTAVAIL, "not an address of this host")                        \
	M(WSAENETDOWN, "the network is down, or authipd does not run")            \
	M(WSAENETUNREACH, "no route to the network")                              \
	M(WSAENETRESET, "the network dropped the connection")                     \
	M(WSAECONNABORTED, "the connection was given up")                         \
	M(WSAECONNRESET, "the peer reset the connection")                         \
	M(WSAENOBUFS, "no buffer space, or a quota is exhausted")                 \
	M(WSAEISCONN, "the socket is connected")                                  \
	M(WSAENOTCONN, "the socket is not connected")                             \
	M(WSAESHUTDOWN, "the socket was shut down")                               \
	M(WSAETIMEDOUT, "no answer in time")                                      \
	M(WSAECONNREFUSED, "nobody listens there")                                \
	M(WSAEHOSTUNREACH, "no route to the host")                                \
	M(WSASYSNOTREADY, "the network is not ready")                             \
	M(WSAVERNOTSUPPORTED, "there is no such version of Winsock")              \
	M(WSANOTINITIALISED, "WSAStartup was not called")                         \
	M(WSAEDISCON, "the peer is shutting down")                                \
	M(WSASYSCALLFAILURE, "a system call failed")                              \
	M(WSAETOOMANYREFS, "too many references")                                 \
	M(WSAELOOP, "too many links in a name")                                   \
	M(WSAENAMETOOLONG, "the name is too long")                                \
	M(WSAEHOSTDOWN, "the host is down")                                       \
	M(WSAENOTEMPTY, "the directory is not empty")                             \
	M(WSAEPROCLIM, "too many programs use Winsock")                           \
	M(WSAEUSERS, "too many users")                                            \
	M(WSAEDQUOT, "a quota is exhausted")                                      \
	M(WSAESTALE, "the handle of the file is stale")                           \
	M(WSAEREMOTE, "not on this host")                                         \
	M(WSAENOMORE, "there is no more")                                         \
	M(WSAECANCELLED, "the call was given up")                                 \
	M(WSAEINVALIDPROCTABLE, "the table of a service provider is not valid")   \
	M(WSAEINVALIDPROVIDER, "the service provider is not valid")               \
	M(WSAEPROVIDERFAILEDINIT, "a service provider could not begin")           \
	M(WSASERVICE_NOT_FOUND, "there is no such service")                       \
	M(WSA_E_NO_MORE, "there is no more")                                      \
	M(WSA_E_CANCELLED, "the call was given up")                               \
	M(WSAEREFUSED, "the name server refused")                                 \
	M(WSATYPE_NOT_FOUND, "there is no such service")                          \
	M(WSAHOST_NOT_FOUND, "there is no such host")                             \
	M(WSATRY_AGAIN, "the name server does not answer")                        \
	M(WSANO_RECOVERY, "the name server failed")                               \
	M(WSANO_DATA, "the host has no address of this kind")

#define WIN32_MESSAGES(M)                                                             \
	M(ERROR_SUCCESS, "success")                                                   \
	M(ERROR_FILE_NOT_FOUND, "there is no such file")                              \
	M(ERROR_ACCESS_DENIED, "access denied")                                       \
	M(ERROR_NOT_SUPPORTED, "not supported here")                                  \
	M(ERROR_BUFFER_OVERFLOW, "the buffer is too small")                           \
	M(ERROR_INSUFFICIENT_BUFFER, "the buffer is too small")                       \
	M(ERROR_NOT_FOUND, "not found")                                               \
	M(RPC_S_INVALID_STRING_UUID, "not a UUID")                                    \
	M(RPC_S_OUT_OF_RESOURCES, "out of resources")                                 \
	M(RPC_S_SERVER_UNAVAILABLE, "authipd does not run")                           \
	M(RPC_S_UNKNOWN_AUTHN_SERVICE, "unknown authentication service")              \
	M(ERROR_IPSEC_IKE_AUTH_FAIL, "the peer could not be authenticated")           \
	M(ERROR_IPSEC_IKE_GENERAL_PROCESSING_ERROR, "the negotiation failed")         \
	M(ERROR_IPSEC_IKE_TIMED_OUT, "the peer did not answer the negotiation")       \
	M(ERROR_IPSEC_IKE_NO_CERT, "no certificate that fits")                        \
	M(ERROR_IPSEC_IKE_NO_POLICY, "no policy for this traffic")                    \
	M(ERROR_IPSEC_IKE_POLICY_MATCH, "the policies of the two sides do not match") \
	M(ERROR_IPSEC_IKE_KERBEROS_ERROR, "Kerberos failed")

#define PLATFORM_MESSAGES(M)                                                           \
	M(FWP_E_CALLOUT_NOT_FOUND, "there is no such callout")                         \
	M(FWP_E_CONDITION_NOT_FOUND, "there is no such condition in this layer")       \
	M(FWP_E_FILTER_NOT_FOUND, "there is no such filter")                           \
	M(FWP_E_LAYER_NOT_FOUND, "there is no such layer")                             \
	M(FWP_E_PROVIDER_NOT_FOUND, "there is no such provider")                       \
	M(FWP_E_PROVIDER_CONTEXT_NOT_FOUND, "there is no such provider context")       \
	M(FWP_E_SUBLAYER_NOT_FOUND, "there is no such sublayer")                       \
	M(FWP_E_NOT_FOUND, "there is no such object")                                  \
	M(FWP_E_ALREADY_EXISTS, "an object with this key or id exists")                \
	M(FWP_E_IN_USE, "another object or a socket uses it")                          \
	M(FWP_E_DYNAMIC_SESSION_IN_PROGRESS, "not in a dynamic session")               \
	M(FWP_E_WRONG_SESSION, "the object is of another session")                     \
	M(FWP_E_NO_TXN_IN_PROGRESS, "there is no transaction")                         \
	M(FWP_E_TXN_IN_PROGRESS, "not inside a transaction")                           \
	M(FWP_E_TXN_ABORTED, "the transaction was given up")                           \
	M(FWP_E_SESSION_ABORTED, "the session was given up")                           \
	M(FWP_E_INCOMPATIBLE_TXN, "not in a transaction of this kind")                 \
	M(FWP_E_TIMEOUT, "no answer in time")                                          \
	M(FWP_E_NET_EVENTS_DISABLED, "events are not collected")                       \
	M(FWP_E_INCOMPATIBLE_LAYER, "not in this layer")                               \
	M(FWP_E_KM_CLIENTS_ONLY, "for the kernel only")                                \
	M(FWP_E_LIFETIME_MISMATCH, "it would outlive what it refers to")               \
	M(FWP_E_BUILTIN_OBJECT, "built in: it cannot be changed")                      \
	M(FWP_E_TOO_MANY_CALLOUTS, "too many callouts")                                \
	M(FWP_E_NOTIFICATION_DROPPED, "a notification was lost")                       \
	M(FWP_E_TRAFFIC_MISMATCH, "the traffic is not that of the SA context")         \
	M(FWP_E_INCOMPATIBLE_SA_STATE, "not in this state of the SA context")          \
	M(FWP_E_NULL_POINTER, "a pointer that is needed is NULL")                      \
	M(FWP_E_INVALID_ENUMERATOR, "an enumerator is out of range")                   \
	M(FWP_E_INVALID_FLAGS, "unknown or contradictory flags")                       \
	M(FWP_E_INVALID_NET_MASK, "not a network mask")                                \
	M(FWP_E_INVALID_RANGE, "not a range")                                          \
	M(FWP_E_INVALID_INTERVAL, "not an interval")                                   \
	M(FWP_E_ZERO_LENGTH_ARRAY, "an array is empty")                                \
	M(FWP_E_NULL_DISPLAY_NAME, "the name to display is missing")                   \
	M(FWP_E_INVALID_ACTION_TYPE, "not an action of a filter")                      \
	M(FWP_E_INVALID_WEIGHT, "not a weight")                                        \
	M(FWP_E_MATCH_TYPE_MISMATCH, "the match does not fit the value")               \
	M(FWP_E_TYPE_MISMATCH, "the type of a value is wrong")                         \
	M(FWP_E_OUT_OF_BOUNDS, "a number is out of bounds")                            \
	M(FWP_E_RESERVED, "a reserved field is not 0")                                 \
	M(FWP_E_DUPLICATE_CONDITION, "two conditions for one field")                   \
	M(FWP_E_DUPLICATE_KEYMOD, "a keying module twice")                             \
	M(FWP_E_ACTION_INCOMPATIBLE_WITH_LAYER, "the action does not fit the layer")   \
	M(FWP_E_ACTION_INCOMPATIBLE_WITH_SUBLAYER,                                     \
	    "the action does not fit the sublayer")                                    \
	M(FWP_E_CONTEXT_INCOMPATIBLE_WITH_LAYER, "the context does not fit the layer") \
	M(FWP_E_CONTEXT_INCOMPATIBLE_WITH_CALLOUT,                                     \
	    "the context does not fit the callout")                                    \
	M(FWP_E_INCOMPATIBLE_AUTH_METHOD, "not with this authentication method")       \
	M(FWP_E_INCOMPATIBLE_DH_GROUP, "not with this group")                          \
	M(FWP_E_EM_NOT_SUPPORTED, "this keying module has no extended mode")           \
	M(FWP_E_NEVER_MATCH, "nothing can match this")                                 \
	M(FWP_E_PROVIDER_CONTEXT_MISMATCH, "the provider context does not fit")        \
	M(FWP_E_INVALID_PARAMETER, "an argument is not valid")                         \
	M(FWP_E_TOO_MANY_SUBLAYERS, "too many sublayers")                              \
	M(FWP_E_CALLOUT_NOTIFICATION_FAILED, "a callout refused")                      \
	M(FWP_E_INVALID_AUTH_TRANSFORM, "not an authentication transform")             \
	M(FWP_E_INVALID_CIPHER_TRANSFORM, "not a cipher transform")

static const struct {
	uint32_t code;
	const char *text;
} MESSAGES[] = {
#define MESSAGE_ROW(code, text) { code, text },
	WINSOCK_MESSAGES(MESSAGE_ROW) WIN32_MESSAGES(MESSAGE_ROW)
	    PLATFORM_MESSAGES(MESSAGE_ROW)
};

#define CHECK_LENGTH(code, text) \
	_Static_assert(sizeof(text) <= MESSAGE_MAX_CHARS - 2, "a text is too long");
WINSOCK_MESSAGES(CHECK_LENGTH)
WIN32_MESSAGES(CHECK_LENGTH)
PLATFORM_MESSAGES(CHECK_LENGTH)

const char *
message_of(uint32_t code, const char *otherwise)
{
	for (size_t i = 0; i < sizeof(MESSAGES) / sizeof(MESSAGES[0]); i++)
		if (MESSAGES[i].code == code)
			return MESSAGES[i].text;
	return otherwise;
}

/* The text of the system with the end of line that Windows adds; NULL and an error if none. */
static const char *
system_message(DWORD flags, DWORD code, char out[MESSAGE_MAX_CHARS])
{
	const char *text = message_of(code, NULL);

	if ((flags & FORMAT_MESSAGE_FROM_SYSTEM) == 0) {
		SetLastError(ERROR_NOT_SUPPORTED);
		return NULL;
	}
	if (text == NULL) {
		SetLastError(ERROR_MR_MID_NOT_FOUND);
		return NULL;
	}
	memcpy(out, text, strlen(text));
	memcpy(out + strlen(text), "\r\n", 3);
	return out;
}

/*
 * Where n characters of this size and a terminator go: the buffer, or a new one whose address
 * is stored in it. NULL and an error if there is none.
 */
static void *
room_for(DWORD flags, void *buffer, DWORD size, size_t n, size_t character)
{
	void *room;

	if (buffer == NULL) {
		SetLastError(ERROR_INVALID_PARAMETER);
		return NULL;
	}
	if ((flags & FORMAT_MESSAGE_ALLOCATE_BUFFER) == 0) {
		if (n < size)
			return buffer;
		SetLastError(ERROR_INSUFFICIENT_BUFFER);
		return NULL;
	}
	if ((room = LocalAlloc(LPTR, (n + 1) * character)) != NULL)
		memcpy(buffer, &room, sizeof(room));
	return room;
}

/*
 * The characters without the terminator; 0 and an error if there is no text or no room.
 * Windows: FormatMessageW (winbase.h), for FORMAT_MESSAGE_FROM_SYSTEM only.
 */
DWORD WINAPI
FormatMessageW(DWORD dwFlags, LPCVOID lpSource, DWORD dwMessageId, DWORD dwLanguageId,
    LPWSTR lpBuffer, DWORD nSize, void *Arguments)
{
	char text[MESSAGE_MAX_CHARS];
	WCHAR *room;
	size_t n;

	(void)lpSource;
	(void)dwLanguageId;
	(void)Arguments;
	if (system_message(dwFlags, dwMessageId, text) == NULL)
		return 0;
	n = strlen(text);
	if ((room = room_for(dwFlags, lpBuffer, nSize, n, sizeof(WCHAR))) == NULL)
		return 0;
	for (size_t i = 0; i <= n; i++)
		room[i] = (WCHAR)text[i];
	return (DWORD)n;
}

DWORD WINAPI
FormatMessageA(DWORD dwFlags, LPCVOID lpSource, DWORD dwMessageId, DWORD dwLanguageId,
    LPSTR lpBuffer, DWORD nSize, void *Arguments)
{
	char text[MESSAGE_MAX_CHARS], *room;
	size_t n;

	(void)lpSource;
	(void)dwLanguageId;
	(void)Arguments;
	if (system_message(dwFlags, dwMessageId, text) == NULL)
		return 0;
	n = strlen(text);
	if ((room = room_for(dwFlags, lpBuffer, nSize, n, 1)) == NULL)
		return 0;
	memcpy(room, text, n + 1);
	return (DWORD)n;
}
