/* WSAStartup and WSACleanup: they count, nothing else. The daemon is not asked. */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "winsock/error_map.h"
#include "winsock/startup.h"
#include "winsock2.h"

#define NEWEST MAKEWORD(2, 2)
#define OLDEST MAKEWORD(1, 0)

static atomic_uint n_startups;
static atomic_bool has_begun;

static WORD
comparable(WORD version)
{
	return (WORD)(LOBYTE(version) << 8 | HIBYTE(version));
}

/*
 * The version: what was asked for, 2.2 at most. Windows: WSAStartup (winsock2.h).
 * 0, or the error itself: WSAVERNOTSUPPORTED below 1.0, WSAEFAULT without lpWSAData.
 */
int WSAAPI
WSAStartup(WORD wVersionRequested, LPWSADATA lpWSAData)
{
	bool is_newer = comparable(wVersionRequested) > comparable(NEWEST);

	if (lpWSAData == NULL)
		return WSAEFAULT;
	memset(lpWSAData, 0, sizeof(*lpWSAData));
	lpWSAData->wVersion = is_newer ? NEWEST : wVersionRequested;
	lpWSAData->wHighVersion = NEWEST;
	(void)snprintf(lpWSAData->szDescription, sizeof(lpWSAData->szDescription),
	    "authipd Winsock");
	(void)snprintf(
	    lpWSAData->szSystemStatus, sizeof(lpWSAData->szSystemStatus), "Running");
	if (comparable(wVersionRequested) < comparable(OLDEST))
		return WSAVERNOTSUPPORTED;
	atomic_fetch_add(&n_startups, 1);
	atomic_store(&has_begun, true);
	return 0;
}

int
startup_check(void)
{
	return atomic_load(&has_begun) && atomic_load(&n_startups) == 0 ?
		   WSANOTINITIALISED :
		   0;
}

/* SOCKET_ERROR and WSANOTINITIALISED without a WSAStartup that it ends. */
int WSAAPI
WSACleanup(void)
{
	unsigned int n = atomic_load(&n_startups);

	while (n > 0)
		if (atomic_compare_exchange_weak(&n_startups, &n, n - 1))
			return 0;
	return error_set(WSANOTINITIALISED);
}
