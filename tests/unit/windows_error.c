/* What the errors of Linux are called on Windows. */
#include "check_windows.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "winsock/error_map.h"
#include "winsock/shim.h"
#include "ws2tcpip.h"

static const struct {
	enum error_call call;
	int number, want;
} ERRORS[] = {
	{ ERROR_CALL_OTHER, EBADF, WSAENOTSOCK },
	{ ERROR_CALL_OTHER, ENOTSOCK, WSAENOTSOCK },
	{ ERROR_CALL_OTHER, EADDRINUSE, WSAEADDRINUSE },
	{ ERROR_CALL_OTHER, EACCES, WSAEACCES },
	{ ERROR_CALL_OTHER, EPERM, WSAEACCES },
	{ ERROR_CALL_OTHER, EMFILE, WSAEMFILE },
	{ ERROR_CALL_OTHER, ENFILE, WSAEMFILE },
	{ ERROR_CALL_OTHER, ENOMEM, WSAENOBUFS },
	{ ERROR_CALL_OTHER, ENOBUFS, WSAENOBUFS },
	{ ERROR_CALL_OTHER, EINTR, WSAEINTR },
	{ ERROR_CALL_OTHER, EAGAIN, WSAEWOULDBLOCK },
	{ ERROR_CALL_OTHER, EHOSTUNREACH, WSAEHOSTUNREACH },
	{ ERROR_CALL_OTHER, ENETUNREACH, WSAENETUNREACH },
	{ ERROR_CALL_OTHER, EXDEV, WSASYSCALLFAILURE },
	{ ERROR_CALL_CONNECT, ECONNREFUSED, WSAECONNREFUSED },
	{ ERROR_CALL_CONNECT, ETIMEDOUT, WSAETIMEDOUT },
	/* of a blocking socket: never shown as what it is */
	{ ERROR_CALL_CONNECT, EAGAIN, WSAETIMEDOUT },
	{ ERROR_CALL_CONNECT, EINPROGRESS, WSAETIMEDOUT }, /* SO_SNDTIMEO */
	{ ERROR_CALL_SEND, EPIPE, WSAECONNABORTED },
	{ ERROR_CALL_SEND, ECONNREFUSED, WSAECONNREFUSED },
	{ ERROR_CALL_RECEIVE, ECONNRESET, WSAECONNRESET },
	{ ERROR_CALL_RECEIVE, EAGAIN, WSAETIMEDOUT },
};

START_TEST(mapping)
{
	int s = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_eq(
	    error_of_call(ERRORS[_i].call, s, 0, ERRORS[_i].number), ERRORS[_i].want);
	ck_assert_int_eq(fcntl(s, F_SETFL, O_NONBLOCK), 0);
	ck_assert_int_eq(
	    error_of_call(ERROR_CALL_CONNECT, s, 0, EINPROGRESS), WSAEWOULDBLOCK);
	close(s);
}
END_TEST

TCase *
windows_error_case(void)
{
	TCase *t = tcase_create("error");

	tcase_add_loop_test(t, mapping, 0, (int)(sizeof(ERRORS) / sizeof(ERRORS[0])));
	return t;
}
