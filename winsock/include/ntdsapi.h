/* DsMakeSpn: the name of a service, for WSASetSocketPeerTargetName. */
#ifndef AUTHIP_NTDSAPI_H
#define AUTHIP_NTDSAPI_H

#include "windef.h"
#include "winerror.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * class/name, class/name:port, class/instance:port/name. pcSpnLength: characters with the
 * terminator, there and back; ERROR_BUFFER_OVERFLOW if they do not suffice.
 */
DWORD WINAPI DsMakeSpnA(LPCSTR ServiceClass, LPCSTR ServiceName, LPCSTR InstanceName,
    USHORT InstancePort, LPCSTR Referrer, DWORD *pcSpnLength, LPSTR pszSpn);
DWORD WINAPI DsMakeSpnW(LPCWSTR ServiceClass, LPCWSTR ServiceName, LPCWSTR InstanceName,
    USHORT InstancePort, LPCWSTR Referrer, DWORD *pcSpnLength, LPWSTR pszSpn);
#ifdef UNICODE
#define DsMakeSpn DsMakeSpnW
#else
#define DsMakeSpn DsMakeSpnA
#endif

#ifdef __cplusplus
}
#endif

#endif
