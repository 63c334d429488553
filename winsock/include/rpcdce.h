/* UUIDs, and the few names of RPC that the filtering platform uses. Link with -lfwpuclnt. */
#ifndef AUTHIP_RPCDCE_H
#define AUTHIP_RPCDCE_H

#include "windef.h"
#include "winerror.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RPC_ENTRY
#define RPC_FAR
#define RPC_C_AUTHN_NONE 0
#define RPC_C_AUTHN_WINNT 10
#define RPC_C_AUTHN_DEFAULT 0xFFFFFFFFu
#define SEC_WINNT_AUTH_IDENTITY_ANSI 0x1
#define SEC_WINNT_AUTH_IDENTITY_UNICODE 0x2

typedef LONG RPC_STATUS;
typedef unsigned char *RPC_CSTR;
/* Windows: unsigned short, of the size of its WCHAR. */
typedef WCHAR *RPC_WSTR;

typedef struct _SEC_WINNT_AUTH_IDENTITY_A {
	unsigned char *User;
	ULONG UserLength;
	unsigned char *Domain;
	ULONG DomainLength;
	unsigned char *Password;
	ULONG PasswordLength;
	ULONG Flags;
} SEC_WINNT_AUTH_IDENTITY_A;

typedef struct _SEC_WINNT_AUTH_IDENTITY_W {
	WCHAR *User;
	ULONG UserLength;
	WCHAR *Domain;
	ULONG DomainLength;
	WCHAR *Password;
	ULONG PasswordLength;
	ULONG Flags;
} SEC_WINNT_AUTH_IDENTITY_W;

RPC_STATUS RPC_ENTRY UuidCreate(UUID *Uuid);
RPC_STATUS RPC_ENTRY UuidCreateNil(UUID *NilUuid);
signed int RPC_ENTRY UuidCompare(UUID *Uuid1, UUID *Uuid2, RPC_STATUS *Status);
int RPC_ENTRY UuidEqual(UUID *Uuid1, UUID *Uuid2, RPC_STATUS *Status);
int RPC_ENTRY UuidIsNil(UUID *Uuid, RPC_STATUS *Status);
/* StringUuid: an allocated text, for RpcStringFree. */
RPC_STATUS RPC_ENTRY UuidToStringA(const UUID *Uuid, RPC_CSTR *StringUuid);
RPC_STATUS RPC_ENTRY UuidToStringW(const UUID *Uuid, RPC_WSTR *StringUuid);
/* StringUuid NULL: the nil UUID. */
RPC_STATUS RPC_ENTRY UuidFromStringA(RPC_CSTR StringUuid, UUID *Uuid);
RPC_STATUS RPC_ENTRY UuidFromStringW(RPC_WSTR StringUuid, UUID *Uuid);
RPC_STATUS RPC_ENTRY RpcStringFreeA(RPC_CSTR *String);
RPC_STATUS RPC_ENTRY RpcStringFreeW(RPC_WSTR *String);

/* {XXXXXXXX-...}, in capitals: the characters with the terminator, or 0. */
int WINAPI StringFromGUID2(REFGUID rguid, WCHAR *lpsz, int cchMax);
HRESULT WINAPI CoCreateGuid(GUID *pguid);
HRESULT WINAPI IIDFromString(const WCHAR *lpsz, IID *lpiid);

#ifdef UNICODE
#define UuidToString UuidToStringW
#define UuidFromString UuidFromStringW
#define RpcStringFree RpcStringFreeW
#define SEC_WINNT_AUTH_IDENTITY SEC_WINNT_AUTH_IDENTITY_W
#else
#define UuidToString UuidToStringA
#define UuidFromString UuidFromStringA
#define RpcStringFree RpcStringFreeA
#define SEC_WINNT_AUTH_IDENTITY SEC_WINNT_AUTH_IDENTITY_A
#endif

#ifdef __cplusplus
}
#endif

#endif
