/* Handles: what the functions here return as HANDLE is closed by CloseHandle. */
#ifndef AUTHIP_HANDLEAPI_H
#define AUTHIP_HANDLEAPI_H

#include "windef.h"

#ifdef __cplusplus
extern "C" {
#endif

/* FALSE for what is no open handle of this library. */
BOOL WINAPI CloseHandle(HANDLE hObject);

#ifdef __cplusplus
}
#endif

#endif
