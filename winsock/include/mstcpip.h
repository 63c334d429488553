/* Structures and flags of the Winsock Secure Socket Extensions. */
#ifndef AUTHIP_MSTCPIP_H
#define AUTHIP_MSTCPIP_H

#include "guiddef.h"
#include "windef.h"

/* Names the structure that a pointer to SOCKET_SECURITY_SETTINGS really points to. */
typedef enum _SOCKET_SECURITY_PROTOCOL {
	SOCKET_SECURITY_PROTOCOL_DEFAULT,
	SOCKET_SECURITY_PROTOCOL_IPSEC,
	SOCKET_SECURITY_PROTOCOL_IPSEC2,
	SOCKET_SECURITY_PROTOCOL_INVALID,
} SOCKET_SECURITY_PROTOCOL;

/* SecurityFlags; 0: never clear text, but integrity without encryption is enough. */
#define SOCKET_SETTINGS_GUARANTEE_ENCRYPTION 0x1u /* nothing leaves unencrypted */
#define SOCKET_SETTINGS_ALLOW_INSECURE 0x2u	  /* clear text while there is no SA */

/* IpsecFlags */
#define SOCKET_SETTINGS_IPSEC_SKIP_FILTER_INSTANTIATION 0x1u
#define SOCKET_SETTINGS_IPSEC_OPTIONAL_PEER_NAME_VERIFICATION 0x2u
#define SOCKET_SETTINGS_IPSEC_ALLOW_FIRST_INBOUND_PKT_UNENCRYPTED 0x4u
#define SOCKET_SETTINGS_IPSEC_PEER_NAME_IS_RAW_FORMAT 0x8u

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
	wchar_t AllStrings[];
} SOCKET_SECURITY_SETTINGS_IPSEC;

#endif
