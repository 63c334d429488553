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

#ifdef __cplusplus
}
#endif

#endif
