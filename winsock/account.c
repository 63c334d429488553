/* Accounts: what programs of Windows do with the token of a peer. */

#include <pwd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "winsock/impersonate.h"
#include "winsock/thread_identity.h"
#include "winsock/token.h"
#include "winsock/utf.h"
#include "winbase.h"
#include "winsec.h"
#include "winsock2.h"

/* S-1-22-1-UID: users of Unix. */
#define UNIX_AUTHORITY 22
#define UNIX_USER 1
#define N_SUB_AUTHORITIES 2
#define SID_BYTES (sizeof(SID) + (N_SUB_AUTHORITIES - 1) * sizeof(DWORD))
#define UNIX_DOMAIN L"Unix User"

/* The thread becomes the user of the token. Windows: ImpersonateLoggedOnUser. */
BOOL WINAPI
ImpersonateLoggedOnUser(HANDLE hToken)
{
	struct aip_api_identity_reply id;
	int error;

	if (!token_read(hToken, &id))
		return FALSE;
	error = thread_identity_revert();
	if (error == 0)
		error = impersonate_identity(&id);
	if (error != 0)
		SetLastError(error == WSAEACCES ? ERROR_ACCESS_DENIED : (DWORD)error);
	return error == 0;
}

BOOL WINAPI
RevertToSelf(void)
{
	int error = thread_identity_revert();

	if (error != 0)
		SetLastError((DWORD)error);
	return error == 0;
}

static void
fill_sid(SID *sid, uid_t uid)
{
	DWORD sub[N_SUB_AUTHORITIES] = { UNIX_USER, (DWORD)uid };

	memset(sid, 0, sizeof(*sid));
	sid->Revision = 1;
	sid->SubAuthorityCount = N_SUB_AUTHORITIES;
	sid->IdentifierAuthority.Value[5] = UNIX_AUTHORITY;
	memcpy((char *)sid + offsetof(SID, SubAuthority), sub, sizeof(sub));
}

/*
 * Windows: GetTokenInformation. TokenUser only; ERROR_INSUFFICIENT_BUFFER with the bytes needed
 * in ReturnLength.
 */
BOOL WINAPI
GetTokenInformation(HANDLE TokenHandle, TOKEN_INFORMATION_CLASS TokenInformationClass,
    LPVOID TokenInformation, DWORD TokenInformationLength, PDWORD ReturnLength)
{
	const DWORD needed = sizeof(TOKEN_USER) + SID_BYTES;
	TOKEN_USER *user = TokenInformation;
	struct aip_api_identity_reply id;

	if (TokenInformationClass != TokenUser || ReturnLength == NULL) {
		SetLastError(ERROR_INVALID_PARAMETER);
		return FALSE;
	}
	if (!token_read(TokenHandle, &id))
		return FALSE;
	if ((id.flags & AIP_API_IDENTITY_ACCOUNT) == 0) {
		SetLastError(ERROR_NONE_MAPPED);
		return FALSE;
	}
	*ReturnLength = needed;
	if (user == NULL || TokenInformationLength < needed) {
		SetLastError(ERROR_INSUFFICIENT_BUFFER);
		return FALSE;
	}
	user->User.Sid = user + 1;
	user->User.Attributes = 0;
	fill_sid(user->User.Sid, (uid_t)id.uid);
	return TRUE;
}

static bool
sid_to_uid(const SID *sid, uid_t *uid)
{
	DWORD sub[N_SUB_AUTHORITIES];

	if (sid == NULL || sid->Revision != 1 ||
	    sid->SubAuthorityCount != N_SUB_AUTHORITIES ||
	    sid->IdentifierAuthority.Value[5] != UNIX_AUTHORITY)
		return false;
	memcpy(sub, (const char *)sid + offsetof(SID, SubAuthority), sizeof(sub));
	*uid = (uid_t)sub[1];
	return sub[0] == UNIX_USER;
}

/* The name of an account, for free(); NULL if there is none. */
static wchar_t *
account_name(uid_t uid)
{
	char buffer[4096];
	struct passwd pw, *found;

	if (getpwuid_r(uid, &pw, buffer, sizeof(buffer), &found) != 0 || found == NULL)
		return NULL;
	return utf8_to_wide(pw.pw_name, strlen(pw.pw_name));
}

/* *size: characters; without the terminator if it fits, with it if it does not. */
static bool
put_text(const wchar_t *s, wchar_t *out, DWORD *size)
{
	DWORD n = (DWORD)wcslen(s);
	bool fits = out != NULL && *size > n;

	if (fits)
		wmemcpy(out, s, n + 1);
	*size = fits ? n : n + 1;
	return fits;
}

/* Windows: LookupAccountSidW, for the SIDs of this library. ERROR_NONE_MAPPED for others. */
BOOL WINAPI
LookupAccountSidW(LPCWSTR lpSystemName, PSID Sid, LPWSTR Name, LPDWORD cchName,
    LPWSTR ReferencedDomainName, LPDWORD cchReferencedDomainName, PSID_NAME_USE peUse)
{
	wchar_t *name;
	uid_t uid;
	bool fits;

	if (lpSystemName != NULL || cchName == NULL ||
	    cchReferencedDomainName == NULL || peUse == NULL) {
		SetLastError(ERROR_INVALID_PARAMETER);
		return FALSE;
	}
	if (!sid_to_uid(Sid, &uid) || (name = account_name(uid)) == NULL) {
		SetLastError(ERROR_NONE_MAPPED);
		return FALSE;
	}
	fits = put_text(name, Name, cchName);
	fits = put_text(UNIX_DOMAIN, ReferencedDomainName, cchReferencedDomainName) &&
	       fits;
	free(name);
	*peUse = SidTypeUser;
	if (!fits)
		SetLastError(ERROR_INSUFFICIENT_BUFFER);
	return fits;
}
