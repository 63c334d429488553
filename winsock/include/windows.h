/*
 * What secure-socket programs use of Windows beside Winsock. Including it says that the
 * source is written for Windows: printf and its kin take Microsoft's formats then.
 */
#ifndef AUTHIP_WINDOWS_H
#define AUTHIP_WINDOWS_H

#include "winbase.h"
#include "windef.h"
#include "winerror.h"
#include "winmsvc.h"
#include "winsec.h"

#ifndef WIN32_LEAN_AND_MEAN
#include "winsock2.h"
#endif

#if !defined(NOMINMAX) && !defined(__cplusplus)
#ifndef min
#define min(a, b) ((a) < (b) ? (a) : (b))
#endif
#ifndef max
#define max(a, b) ((a) > (b) ? (a) : (b))
#endif
#endif

#endif
