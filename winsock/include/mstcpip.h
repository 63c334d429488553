/* Structures and flags of the Winsock Secure Socket Extensions. */
#ifndef AUTHIP_MSTCPIP_H
#define AUTHIP_MSTCPIP_H

#include <sys/socket.h>

#include "guiddef.h"
#include "windef.h"

/* Names the structure that a pointer to settings, a query or a name really points to. */
typedef enum _SOCKET_SECURITY_PROTOCOL {
	SOCKET_SECURITY_PROTOCOL_DEFAULT,
	SOCKET_SECURITY_PROTOCOL_IPSEC,
	SOCKET_SECURITY_PROTOCOL_IPSEC2,
	SOCKET_SECURITY_PROTOCOL_INVALID,
} SOCKET_SECURITY_PROTOCOL;

typedef enum _SOCKET_USAGE_TYPE {
	SYSTEM_CRITICAL_SOCKET = 1,
} SOCKET_USAGE_TYPE;

/* SecurityFlags; 0: never clear text, but integrity without encryption is enough. */
#define SOCKET_SETTINGS_GUARANTEE_ENCRYPTION 0x1u /* nothing leaves unencrypted */
#define SOCKET_SETTINGS_ALLOW_INSECURE 0x2u	  /* clear text while there is no SA */

/* IpsecFlags */
#define SOCKET_SETTINGS_IPSEC_SKIP_FILTER_INSTANTIATION 0x1u
#define SOCKET_SETTINGS_IPSEC_OPTIONAL_PEER_NAME_VERIFICATION 0x2u
#define SOCKET_SETTINGS_IPSEC_ALLOW_FIRST_INBOUND_PKT_UNENCRYPTED 0x4u
#define SOCKET_SETTINGS_IPSEC_PEER_NAME_IS_RAW_FORMAT 0x8u

/* Flags of a query with SOCKET_SECURITY_PROTOCOL_IPSEC2, and its FieldMask. */
#define SOCKET_QUERY_IPSEC2_ABORT_CONNECTION_ON_FIELD_CHANGE 0x1u
#define SOCKET_QUERY_IPSEC2_FIELD_MASK_MM_SA_ID 0x1u
#define SOCKET_QUERY_IPSEC2_FIELD_MASK_QM_SA_ID 0x2u

/* Flags of the answer. */
#define SOCKET_INFO_CONNECTION_SECURED 0x1u
#define SOCKET_INFO_CONNECTION_ENCRYPTED 0x2u
#define SOCKET_INFO_CONNECTION_IMPERSONATED 0x4u

/* Settings for SOCKET_SECURITY_PROTOCOL_DEFAULT. */
typedef struct _SOCKET_SECURITY_SETTINGS {
	SOCKET_SECURITY_PROTOCOL SecurityProtocol;
	ULONG SecurityFlags;
} SOCKET_SECURITY_SETTINGS;

/*
 * Settings for SOCKET_SECURITY_PROTOCOL_IPSEC and _IPSEC2. The string lengths are in bytes
 * (a wchar_t has 4 here); AllStrings has user, domain and password one after the other,
 * without terminators. At least the bytes before AllStrings have to be given.
 */
typedef struct _SOCKET_SECURITY_SETTINGS_IPSEC {
	SOCKET_SECURITY_PROTOCOL SecurityProtocol;
	ULONG SecurityFlags;
	ULONG IpsecFlags;
	GUID AuthipMMPolicyKey;
	GUID AuthipQMPolicyKey;
	GUID Reserved;
	UINT64 Reserved2 __attribute__((__aligned__(8)));
	ULONG UserNameStringLen;
	ULONG DomainNameStringLen;
	ULONG PasswordStringLen;
	__extension__ wchar_t AllStrings[];
} SOCKET_SECURITY_SETTINGS_IPSEC;

/*
 * The name expected of a peer. PeerAddress: for UDP. PeerTargetNameStringLen: characters or
 * bytes; bytes with _IPSEC2. AllStrings is not terminated.
 */
typedef struct _SOCKET_PEER_TARGET_NAME {
	SOCKET_SECURITY_PROTOCOL SecurityProtocol;
	struct sockaddr_storage PeerAddress;
	ULONG PeerTargetNameStringLen;
	__extension__ wchar_t AllStrings[];
} SOCKET_PEER_TARGET_NAME;

/* What a query asks. PeerAddress: for UDP. PeerTokenAccessMask: 0 for no handles. */
typedef struct _SOCKET_SECURITY_QUERY_TEMPLATE {
	SOCKET_SECURITY_PROTOCOL SecurityProtocol;
	struct sockaddr_storage PeerAddress;
	ULONG PeerTokenAccessMask;
} SOCKET_SECURITY_QUERY_TEMPLATE;

typedef struct _SOCKET_SECURITY_QUERY_TEMPLATE_IPSEC2 {
	SOCKET_SECURITY_PROTOCOL SecurityProtocol;
	struct sockaddr_storage PeerAddress;
	ULONG PeerTokenAccessMask;
	ULONG Flags;
	ULONG FieldMask;
} SOCKET_SECURITY_QUERY_TEMPLATE_IPSEC2;

/* What a query answers. The handles are closed by CloseHandle. */
typedef struct _SOCKET_SECURITY_QUERY_INFO {
	SOCKET_SECURITY_PROTOCOL SecurityProtocol;
	ULONG Flags;
	UINT64 PeerApplicationAccessTokenHandle;
	UINT64 PeerMachineAccessTokenHandle;
} SOCKET_SECURITY_QUERY_INFO;

typedef struct _SOCKET_SECURITY_QUERY_INFO_IPSEC2 {
	SOCKET_SECURITY_PROTOCOL SecurityProtocol;
	ULONG Flags;
	UINT64 PeerApplicationAccessTokenHandle;
	UINT64 PeerMachineAccessTokenHandle;
	UINT64 MmSaId;
	UINT64 QmSaId;
	UINT32 NegotiationWinerr; /* of the last negotiation that failed; 0 */
	GUID SaLookupContext;
} SOCKET_SECURITY_QUERY_INFO_IPSEC2;

#ifdef __cplusplus
extern "C" {
#endif

/* A quick-mode policy with SHA-256 first. */
DEFINE_GUID(SOCKET_DEFAULT2_QM_POLICY, 0xaec2ef9c, 0x3a4d, 0x4d3e, 0x88, 0x42, 0x23,
    0x99, 0x42, 0xe3, 0x9a, 0x47);

#ifdef __cplusplus
}
#endif

/* For SIO_KEEPALIVE_VALS. */
struct tcp_keepalive {
	ULONG onoff;
	ULONG keepalivetime;	 /* ms */
	ULONG keepaliveinterval; /* ms */
};

#endif
