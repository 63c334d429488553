/* Network events of sockets: WSAEventSelect and WSAEnumNetworkEvents. */
#include <errno.h>
#include <fcntl.h>

#include "winsock/error_map.h"
#include "winsock/startup.h"
#include "winsock/watch.h"

/* 0, or why it is not a socket for these functions. */
static int
check(SOCKET s)
{
	int type, error = startup_check();
	socklen_t n = sizeof(type);

	if (error != 0)
		return error;
	return getsockopt(s, SOL_SOCKET, SO_TYPE, &type, &n) == 0 ? 0 : WSAENOTSOCK;
}

static bool
stop_blocking(SOCKET s)
{
	int flags = fcntl(s, F_GETFL);

	return flags != -1 && fcntl(s, F_SETFL, flags | O_NONBLOCK) == 0;
}

/* event NULL: none any more. 0 or the error. */
static int
select_events(SOCKET s, struct waitable *event, LONG events)
{
	struct watch *w;
	int error = 0;

	pthread_mutex_lock(&waitable_lock);
	w = event != NULL ? watch_make(s) : watch_find(s);
	if (w == NULL)
		error = event != NULL ? WSAENOBUFS : 0;
	else
		watch_select(w, event, events);
	pthread_mutex_unlock(&waitable_lock);
	return error;
}

/*
 * Windows: WSAEventSelect (winsock2.h). The events of QoS, and of routes and addresses, are
 * accepted and never happen.
 */
int WSAAPI
WSAEventSelect(SOCKET s, WSAEVENT hEventObject, LONG lNetworkEvents)
{
	struct waitable *event = NULL;
	int error = check(s);

	if (error != 0)
		return error_set(error);
	if ((lNetworkEvents & ~FD_ALL_EVENTS) != 0)
		return error_set(WSAEINVAL);
	if (lNetworkEvents != 0 &&
	    (event = waitable_get(hEventObject, HANDLE_EVENT)) == NULL)
		return error_set(WSAEINVAL);
	error =
	    stop_blocking(s) ? select_events(s, event, lNetworkEvents) : WSAENOTSOCK;
	if (event != NULL)
		handle_put(&event->handle);
	return error == 0 ? 0 : error_set(error);
}

static void
tell(struct watch *w, LPWSANETWORKEVENTS out)
{
	watch_look(w);
	out->lNetworkEvents = w->pending & w->mask;
	for (int i = 0; i < FD_MAX_EVENTS; i++)
		if ((out->lNetworkEvents & (1 << i)) != 0)
			out->iErrorCode[i] = w->errors[i];
	w->pending &= ~out->lNetworkEvents;
	w->told |= out->lNetworkEvents;
}

/*
 * Windows: WSAEnumNetworkEvents (winsock2.h). hEventObject is reset if it is not NULL; of
 * iErrorCode only what belongs to an event is written.
 */
int WSAAPI
WSAEnumNetworkEvents(
    SOCKET s, WSAEVENT hEventObject, LPWSANETWORKEVENTS lpNetworkEvents)
{
	struct waitable *event = NULL;
	struct watch *w;
	int error = check(s);

	if (error != 0)
		return error_set(error);
	if (lpNetworkEvents == NULL)
		return error_set(WSAEFAULT);
	if (hEventObject != NULL &&
	    (event = waitable_get(hEventObject, HANDLE_EVENT)) == NULL)
		return error_set(WSAEINVAL);
	pthread_mutex_lock(&waitable_lock);
	lpNetworkEvents->lNetworkEvents = 0;
	if ((w = watch_find(s)) != NULL)
		tell(w, lpNetworkEvents);
	if (event != NULL)
		event->is_signalled = false;
	pthread_mutex_unlock(&waitable_lock);
	if (event != NULL)
		handle_put(&event->handle);
	return 0;
}
