/*
 * Access tokens of peers, an addition to Windows' own functions: who the peer of a secured
 * socket is on this host, for programs that decide by themselves and change no identity.
 * The handles are those of WSAQuerySocketSecurity.
 */
#ifndef AUTHIP_AUTHIPTOKEN_H
#define AUTHIP_AUTHIPTOKEN_H

#include <sys/types.h>

#include "windef.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The account of the peer here. 0; or SOCKET_ERROR with WSA_INVALID_HANDLE, or WSAEACCES if
 * it has none, or this program may not know it.
 */
INT WINAPI AuthipTokenGetUid(HANDLE Token, uid_t *Uid, gid_t *Gid);
/*
 * The name that the peer proved, such as "alice@EXAMPLE" or "CN=host-b", cut to Size bytes
 * with its NUL. Its whole length without NUL, or SOCKET_ERROR with WSA_INVALID_HANDLE.
 */
INT WINAPI AuthipTokenGetName(HANDLE Token, char *Name, size_t Size);

#ifdef __cplusplus
}
#endif

#endif
