/* What WSAEnumNetworkEvents tells. */
#include "tests/unit/windows_told.h"

#include <string.h>

HANDLE event;
WSANETWORKEVENTS told;

void
told_begin(void)
{
	event = WSACreateEvent();
	ck_assert_ptr_nonnull(event);
}

void
told_end(void)
{
	ck_assert(WSACloseEvent(event));
}

void
happens(SOCKET s, LONG want)
{
	LONG all = 0;

	memset(&told, 0, sizeof(told));
	while ((all & want) != want) {
		ck_assert_uint_eq(
		    WSAWaitForMultipleEvents(1, &event, FALSE, SOON, FALSE),
		    WSA_WAIT_EVENT_0);
		ck_assert_int_eq(WSAEnumNetworkEvents(s, event, &told), 0);
		ck_assert_int_ne(told.lNetworkEvents, 0);
		ck_assert_int_eq(told.lNetworkEvents & all, 0);
		all |= told.lNetworkEvents;
	}
	ck_assert_int_eq(all, want);
	ck_assert_uint_eq(WaitForSingleObject(event, 0), WAIT_TIMEOUT);
	ck_assert_int_eq(WSAEnumNetworkEvents(s, NULL, &told), 0);
	ck_assert_int_eq(told.lNetworkEvents, 0);
}

void
nothing_happens(SOCKET s)
{
	happens(s, 0);
}
