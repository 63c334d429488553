/* Threads by Microsoft's C library. */
#ifndef AUTHIP_PROCESS_H
#define AUTHIP_PROCESS_H

#include "winbase.h"

#define _beginthreadex(security, stack, start, argument, flags, id)          \
	((uintptr_t)CreateThread((LPSECURITY_ATTRIBUTES)(security), (stack), \
	    (LPTHREAD_START_ROUTINE)(void *)(start), (argument), (flags),    \
	    (LPDWORD)(id)))
#define _getpid() ((int)GetCurrentProcessId())

#endif
