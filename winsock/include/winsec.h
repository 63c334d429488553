/* Tokens of peers: what a query with an access mask returns. */
#ifndef AUTHIP_WINSEC_H
#define AUTHIP_WINSEC_H

#include "windef.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TOKEN_DUPLICATE 0x0002u
#define TOKEN_IMPERSONATE 0x0004u
#define TOKEN_QUERY 0x0008u
#define MAXIMUM_ALLOWED 0x02000000u

typedef enum _TOKEN_INFORMATION_CLASS {
	TokenUser = 1,
} TOKEN_INFORMATION_CLASS;

typedef enum _SID_NAME_USE {
	SidTypeUser = 1,
	SidTypeGroup,
	SidTypeDomain,
	SidTypeAlias,
	SidTypeWellKnownGroup,
	SidTypeDeletedAccount,
	SidTypeInvalid,
	SidTypeUnknown,
	SidTypeComputer,
} SID_NAME_USE, *PSID_NAME_USE;

typedef struct _TOKEN_USER {
	SID_AND_ATTRIBUTES User;
} TOKEN_USER, *PTOKEN_USER;

BOOL WINAPI ImpersonateLoggedOnUser(HANDLE hToken);
BOOL WINAPI RevertToSelf(void);
BOOL WINAPI GetTokenInformation(HANDLE TokenHandle,
    TOKEN_INFORMATION_CLASS TokenInformationClass, LPVOID TokenInformation,
    DWORD TokenInformationLength, PDWORD ReturnLength);
BOOL WINAPI LookupAccountSidW(LPCWSTR lpSystemName, PSID Sid, LPWSTR Name, LPDWORD cchName,
    LPWSTR ReferencedDomainName, LPDWORD cchReferencedDomainName, PSID_NAME_USE peUse);
#ifdef UNICODE
#define LookupAccountSid LookupAccountSidW
#endif

#ifdef __cplusplus
}
#endif

#endif
