/* The settings of WSASetSocketSecurity(), and its parameters of overlapped sockets. */
#include "config.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/check_winsock.h"
#include "winsock/connection.h"

/* Settings that are wrong or right; the daemon is absent, so that right is WSAENETDOWN. */
struct settings_case {
	ULONG n;
	int error;
	SOCKET_SECURITY_SETTINGS_IPSEC s;
};

#define SHORT(n, protocol, flags, error)                                     \
	{                                                                    \
		n, error,                                                    \
		{                                                            \
			.SecurityProtocol = protocol, .SecurityFlags = flags \
		}                                                            \
	}
#define LONG(n, protocol, error, ...)                             \
	{                                                         \
		n, error,                                         \
		{                                                 \
			.SecurityProtocol = protocol, __VA_ARGS__ \
		}                                                 \
	}
#define OK WSAENETDOWN

static const struct settings_case settings_cases[] = {
	SHORT(0, 0, 0, WSAEMSGSIZE),
	SHORT(1, 0, 0, WSAEMSGSIZE),
	SHORT(7, 0, 0, WSAEMSGSIZE),
	SHORT(8, 0, 0, OK),
	SHORT(8, 0, 1, OK),
	SHORT(8, 0, 2, OK),
	SHORT(8, 0, 3, WSAEINVAL),
	SHORT(8, 0, 4, WSAEINVAL),
	SHORT(8, 0, 0x80000001, WSAEINVAL),
	SHORT(8, 3, 0, WSAEINVAL),
	SHORT(8, 4, 0, WSAEINVAL),
	SHORT(8, 0xffffffff, 0, WSAEINVAL),
	SHORT(8, 1, 0, WSAEMSGSIZE),
	SHORT(8, 2, 0, WSAEMSGSIZE),
	SHORT(83, 1, 0, WSAEMSGSIZE),
	SHORT(83, 2, 0, WSAEMSGSIZE),
	SHORT(84, 1, 0, OK),
	SHORT(88, 1, 0, OK),
	SHORT(84, 2, 1, OK),
	SHORT(88, 2, 2, OK),
	/* the long form is not read with protocol 0 */
	LONG(88, 0, OK, .IpsecFlags = 0x10),
	LONG(88, 1, OK, .IpsecFlags = 0x1),
	LONG(88, 1, OK, .IpsecFlags = 0x2),
	LONG(88, 1, OK, .IpsecFlags = 0x4),
	LONG(88, 1, OK, .IpsecFlags = 0x8),
	LONG(88, 2, OK, .IpsecFlags = 0xf),
	LONG(88, 1, WSAEINVAL, .IpsecFlags = 0x10),
	LONG(88, 1, WSAEINVAL, .Reserved = { .Data4 = { 0, 0, 0, 0, 0, 0, 0, 1 } }),
	LONG(88, 1, WSAEINVAL, .Reserved2 = 1ull << 63),
	/* the daemon knows the keys of policies */
	LONG(88, 1, OK, .AuthipMMPolicyKey = { .Data1 = 1 }),
	LONG(88, 1, OK, .AuthipQMPolicyKey = { .Data3 = 1 }),
	/* strings: no room, no room after a wrap of 32 bits, room */
	LONG(88, 1, WSAEMSGSIZE, .UserNameStringLen = 8),
	LONG(88, 1, WSAEMSGSIZE, .UserNameStringLen = 0xfffffffc,
	    .PasswordStringLen = 8),
	LONG(88, 1, WSAEMSGSIZE, .UserNameStringLen = 0x80000000,
	    .DomainNameStringLen = 0x80000000),
	LONG(84, 1, WSAEMSGSIZE, .UserNameStringLen = 4),
	LONG(88, 1, WSAEINVAL, .UserNameStringLen = 3),
	LONG(88, 1, WSAEINVAL, .PasswordStringLen = 4),
	LONG(88, 1, WSAEINVAL, .DomainNameStringLen = 4),
	/* explicit credentials: nothing can use them */
	LONG(88, 1, WSAEINVAL, .UserNameStringLen = 4),
	/* several errors: lengths come first */
	LONG(83, 1, WSAEMSGSIZE, .SecurityFlags = 4),
	LONG(88, 1, WSAEMSGSIZE, .SecurityFlags = 4, .UserNameStringLen = 5),
};

#define SETTINGS_CASES (int)(sizeof(settings_cases) / sizeof(settings_cases[0]))

START_TEST(test_settings)
{
	const struct settings_case *c = &settings_cases[_i];
	uint8_t *exact = malloc(c->n + 1);
	int s = tcp_socket();

	/* Unaligned, and no byte more than promised, for the sanitizer. */
	ck_assert_ptr_nonnull(exact);
	memcpy(exact + 1, &c->s, c->n);
	ck_assert_int_eq(secure_with(s, exact + 1, c->n), c->error);
	free(exact);
	close(s);
}
END_TEST

START_TEST(test_null_settings_any_length)
{
	static const ULONG lengths[] = { 0, 1, 7, 8, 84, 0xffffffff };
	size_t i;
	int s;

	fake_start(0, NONE, 0);
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		s = tcp_socket();
		ck_assert_int_eq(secure_with(s, NULL, lengths[i]), 0);
		close(s);
	}
	fake_stop();
}
END_TEST

START_TEST(test_flags_reach_the_daemon)
{
	SOCKET_SECURITY_SETTINGS_IPSEC settings = {
		.SecurityProtocol = SOCKET_SECURITY_PROTOCOL_IPSEC,
		.SecurityFlags = SOCKET_SETTINGS_ALLOW_INSECURE,
		.IpsecFlags = SOCKET_SETTINGS_IPSEC_PEER_NAME_IS_RAW_FORMAT,
	};
	int s = tcp_socket();

	fake_start(0, NONE, 0);
	ck_assert_int_eq(secure_with(s, &settings, sizeof(settings)), 0);
	ck_assert_uint_eq(le32toh(fake.secure.security_flags), 2);
	ck_assert_uint_eq(le32toh(fake.secure.ipsec_flags), 8);
	settings.SecurityProtocol = SOCKET_SECURITY_PROTOCOL_DEFAULT;
	settings.SecurityFlags = SOCKET_SETTINGS_GUARANTEE_ENCRYPTION;
	ck_assert_int_eq(secure_with(s, &settings, sizeof(settings)), 0);
	ck_assert_uint_eq(le32toh(fake.secure.security_flags), 1);
	ck_assert_uint_eq(fake.secure.ipsec_flags, 0);
	fake_stop();
	close(s);
}
END_TEST

static unsigned int n_routines;

static void CALLBACK
routine(DWORD error, DWORD n, LPWSAOVERLAPPED o, DWORD flags)
{
	ck_assert_uint_eq(error + n + flags, 0);
	ck_assert_uint_eq(o->Internal, 0);
	n_routines++;
}

START_TEST(test_overlapped)
{
	WSAEVENT event = WSACreateEvent();
	WSAOVERLAPPED o = { .Internal = 5, .InternalHigh = 6 };
	int s = tcp_socket();

	fake_start(0, NONE, 0);
	ck_assert_int_eq(WSASetSocketSecurity(s, NULL, 0, &o, NULL), 0);
	ck_assert_uint_eq(o.Internal, 0);
	ck_assert_uint_eq(o.InternalHigh, 0);
	o.Internal = 5;
	ck_assert_int_eq(WSASetSocketSecurity(s, NULL, 0, &o, routine), 0);
	ck_assert_uint_eq(o.Internal, 0);
	/* without the structure the call is an ordinary one */
	ck_assert_int_eq(WSASetSocketSecurity(s, NULL, 0, NULL, routine), 0);
	ck_assert_int_eq(WSASetSocketSecurity(-1, NULL, 0, &o, routine), SOCKET_ERROR);
	ck_assert_uint_eq(n_routines, 0);
	ck_assert_uint_eq(WSAWaitForMultipleEvents(1, &event, FALSE, 1000, TRUE),
	    WSA_WAIT_IO_COMPLETION);
	ck_assert(WSACloseEvent(event));
	ck_assert_uint_eq(n_routines, 1);
	fake_stop();
	ck_assert_uint_eq(fake.secures, 3);
	close(s);
}
END_TEST

START_TEST(test_overlapped_event)
{
	WSAEVENT event = WSACreateEvent();
	WSAOVERLAPPED o = { .Internal = 5, .hEvent = event };
	int s = tcp_socket();

	fake_start(0, NONE, 0);
	ck_assert_uint_eq(
	    WSAWaitForMultipleEvents(1, &event, 0, 0, 0), WSA_WAIT_TIMEOUT);
	ck_assert_int_eq(WSASetSocketSecurity(s, NULL, 0, &o, NULL), 0);
	ck_assert_uint_eq(o.Internal, 0);
	ck_assert_uint_eq(
	    WSAWaitForMultipleEvents(1, &event, 0, 0, 0), WSA_WAIT_EVENT_0);
	fake_stop();
	ck_assert(WSACloseEvent(event));
	close(s);
}
END_TEST

TCase *
winsock_settings_cases(void)
{
	TCase *t = winsock_case("settings");

	tcase_add_loop_test(t, test_settings, 0, SETTINGS_CASES);
	tcase_add_test(t, test_null_settings_any_length);
	tcase_add_test(t, test_flags_reach_the_daemon);
	tcase_add_test(t, test_overlapped);
	tcase_add_test(t, test_overlapped_event);
	return t;
}
