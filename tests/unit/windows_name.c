/* Names: SPNs, hosts, addresses. */
#include "check_windows.h"

#include <stdlib.h>
#include <string.h>

#include "ntdsapi.h"
#include "ws2tcpip.h"

#define NAME_IS(want, ...)                                                \
	do {                                                              \
		WCHAR got_[64];                                           \
		DWORD n_ = 64;                                            \
                                                                          \
		ck_assert_uint_eq(DsMakeSpnW(__VA_ARGS__, &n_, got_), 0); \
		ck_assert(wcscmp(got_, want) == 0);                       \
		ck_assert_uint_eq(n_, wcslen(want) + 1);                  \
	} while (0)

START_TEST(spn)
{
	NAME_IS(L"host/a.example", L"host", L"a.example", NULL, 0, NULL);
	NAME_IS(L"host/a.example:88", L"host", L"a.example", NULL, 88, NULL);
	NAME_IS(L"ldap/b:389/a.example", L"ldap", L"a.example", L"b", 389, NULL);
	NAME_IS(L"ldap/b/a.example", L"ldap", L"a.example", L"b", 0, NULL);
	NAME_IS(L"host/a.example", L"host", L"192.0.2.1", NULL, 0, L"a.example");
	NAME_IS(L"host/a.example", L"host", L"2001:db8::1", NULL, 0, L"a.example");
	NAME_IS(L"host/192.0.2.1", L"host", L"192.0.2.1", NULL, 0, NULL);
	NAME_IS(L"host/b", L"host", L"b", NULL, 0, L"a.example");
	NAME_IS(L"host/gr\u00FCn", L"host", L"gr\u00FCn", NULL, 0, NULL);
}
END_TEST

START_TEST(spn_refused)
{
	WCHAR s[20];
	char a[20];
	DWORD n;

	for (DWORD room = 0; room < 16; room++) {
		n = room;
		s[room] = L'#';
		ck_assert_uint_eq(
		    DsMakeSpnW(L"host", L"a.example", NULL, 0, NULL, &n, s),
		    room < 15 ? ERROR_BUFFER_OVERFLOW : 0);
		ck_assert_uint_eq(n, 15);
		ck_assert(room >= 15 || s[room] == L'#');
	}
	n = 14;
	ck_assert_uint_eq(DsMakeSpnA("host", "a.example", NULL, 0, NULL, &n, a), 111);
	ck_assert_uint_eq(DsMakeSpnA("host", "a.example", NULL, 0, NULL, &n, a), 0);
	ck_assert_str_eq(a, "host/a.example");
	n = 20;
	ck_assert_uint_eq(DsMakeSpnW(L"host", L"a", NULL, 0, NULL, &n, NULL), 111);
	n = 20;
	ck_assert_uint_eq(DsMakeSpnW(NULL, L"a", NULL, 0, NULL, &n, s), 87);
	ck_assert_uint_eq(DsMakeSpnW(L"", L"a", NULL, 0, NULL, &n, s), 87);
	ck_assert_uint_eq(DsMakeSpnW(L"a/b", L"a", NULL, 0, NULL, &n, s), 87);
	ck_assert_uint_eq(DsMakeSpnW(L"host", NULL, NULL, 0, NULL, &n, s), 87);
	ck_assert_uint_eq(DsMakeSpnW(L"host", L"a", L"b/c", 0, NULL, &n, s), 87);
	ck_assert_uint_eq(DsMakeSpnW(L"host", L"a", NULL, 0, NULL, NULL, s), 87);
}
END_TEST

START_TEST(host_names)
{
	ADDRINFOW hints = { 0 }, *list = NULL;
	ADDRINFOA *narrow = NULL;
	WCHAR host[64], service[16];

	hints.ai_flags = AI_NUMERICHOST;
	hints.ai_socktype = SOCK_STREAM;
	ck_assert_int_eq(GetAddrInfoW(L"192.0.2.7", L"80", &hints, &list), 0);
	ck_assert_int_eq(list->ai_family, AF_INET);
	ck_assert_uint_eq(list->ai_addrlen, sizeof(SOCKADDR_IN));
	ck_assert_int_eq(((SOCKADDR_IN *)(void *)list->ai_addr)->sin_port, htons(80));
	ck_assert_int_eq(GetNameInfoW(list->ai_addr, (socklen_t)list->ai_addrlen, host,
			     64, service, 16, NI_NUMERICHOST | NI_NUMERICSERV),
	    0);
	ck_assert(wcscmp(host, L"192.0.2.7") == 0 && wcscmp(service, L"80") == 0);
	ck_assert_int_eq(GetNameInfoW(list->ai_addr, (socklen_t)list->ai_addrlen, host,
			     9, NULL, 0, NI_NUMERICHOST),
	    WSAEFAULT);
	FreeAddrInfoW(list);
	FreeAddrInfoW(NULL);
	ck_assert_int_eq(
	    GetAddrInfoW(L"no address", NULL, &hints, &list), WSAHOST_NOT_FOUND);
	ck_assert_int_eq(WSAGetLastError(), WSAHOST_NOT_FOUND);
	ck_assert_int_eq(
	    GetAddrInfoW(L"::1", L"nosuchservice", &hints, &list), WSATYPE_NOT_FOUND);
	hints.ai_family = 999;
	ck_assert_int_eq(GetAddrInfoW(L"::1", NULL, &hints, &list), WSAEAFNOSUPPORT);
	hints.ai_family = AF_INET;
	hints.ai_flags = AI_CANONNAME | AI_NUMERICHOST;
	ck_assert_int_eq(GetAddrInfoW(L"192.0.2.7", NULL, &hints, &list), 0);
	ck_assert(wcscmp(list->ai_canonname, L"192.0.2.7") == 0);
	FreeAddrInfoW(list);
	hints.ai_flags = 0x10000000;
	ck_assert_int_eq(GetAddrInfoW(L"x", NULL, &hints, &list), WSAEINVAL);
	ck_assert_int_eq(GetAddrInfoW(L"x", NULL, NULL, NULL), WSAEFAULT);
	ck_assert_int_eq(winsock_getaddrinfo("192.0.2.7", "80", NULL, &narrow), 0);
	freeaddrinfo(narrow);
	ck_assert_int_eq(
	    winsock_getaddrinfo(NULL, NULL, NULL, &narrow), WSAHOST_NOT_FOUND);
	ck_assert_str_eq(
	    winsock_gai_strerror(WSAHOST_NOT_FOUND), "there is no such host");
	ck_assert(wcscmp(gai_strerrorW(WSATRY_AGAIN),
		      L"the name server does not answer") == 0);
	ck_assert_int_eq(GetHostNameW(host, 64), 0);
	ck_assert_int_eq(GetHostNameW(host, 0), SOCKET_ERROR);
}
END_TEST

START_TEST(addresses)
{
	struct in6_addr a6;
	struct in_addr a4;
	WCHAR s[64];

	ck_assert_int_eq(InetPtonW(AF_INET, L"192.0.2.7", &a4), 1);
	ck_assert_ptr_eq(InetNtopW(AF_INET, &a4, s, 64), s);
	ck_assert(wcscmp(s, L"192.0.2.7") == 0);
	ck_assert_ptr_null(InetNtopW(AF_INET, &a4, s, 9));
	ck_assert_int_eq(InetPtonW(AF_INET6, L"2001:db8::1", &a6), 1);
	ck_assert_ptr_eq(InetNtopW(AF_INET6, &a6, s, 64), s);
	ck_assert(wcscmp(s, L"2001:db8::1") == 0);
	ck_assert_int_eq(InetPtonW(AF_INET, L"192.0.2", &a4), 0);
	ck_assert_int_eq(InetPtonW(AF_INET, L"192.0.2.7\u0660", &a4), 0);
	ck_assert_int_eq(InetPtonW(77, L"x", &a4), SOCKET_ERROR);
	ck_assert_int_eq(WSAGetLastError(), WSAEAFNOSUPPORT);
	ck_assert_int_eq(InetPtonW(AF_INET, NULL, &a4), SOCKET_ERROR);
	ck_assert_int_eq(WSAGetLastError(), WSAEFAULT);
}
END_TEST

/* text, family, what it is again; NULL: none */
static const struct {
	const wchar_t *text;
	int family;
	const wchar_t *again;
} ADDRESSES[] = {
	{ L"192.0.2.7", AF_INET, L"192.0.2.7" },
	{ L"192.0.2.7:80", AF_INET, L"192.0.2.7:80" },
	{ L"192.0.2.7:65536", AF_INET, NULL },
	{ L"192.0.2.7:", AF_INET, NULL },
	{ L"192.0.2.7:8x", AF_INET, NULL },
	{ L"", AF_INET, NULL },
	{ L"2001:db8::1", AF_INET6, L"2001:db8::1" },
	{ L"[2001:db8::1]", AF_INET6, L"2001:db8::1" },
	{ L"[2001:db8::1]:443", AF_INET6, L"[2001:db8::1]:443" },
	{ L"fe80::1%7", AF_INET6, L"fe80::1%7" },
	{ L"[fe80::1%7]:9", AF_INET6, L"[fe80::1%7]:9" },
	{ L"[2001:db8::1", AF_INET6, NULL },
	{ L"[2001:db8::1]x", AF_INET6, NULL },
	{ L"fe80::1%", AF_INET6, NULL },
	{ L"::1", AF_INET, NULL },
};

START_TEST(addresses_with_ports)
{
	SOCKADDR_STORAGE address;
	WCHAR text[64];
	DWORD n = 64, brief;
	INT size = sizeof(address);
	int rc;

	wcscpy(text, ADDRESSES[_i].text);
	rc = WSAStringToAddressW(
	    text, ADDRESSES[_i].family, NULL, (LPSOCKADDR)&address, &size);
	if (ADDRESSES[_i].again == NULL) {
		ck_assert_int_eq(rc, SOCKET_ERROR);
		ck_assert_int_eq(WSAGetLastError(), WSAEINVAL);
		return;
	}
	ck_assert_int_eq(rc, 0);
	ck_assert_int_eq(
	    WSAAddressToStringW((LPSOCKADDR)&address, (DWORD)size, NULL, text, &n), 0);
	ck_assert(wcscmp(text, ADDRESSES[_i].again) == 0);
	ck_assert_uint_eq(n, wcslen(text) + 1);
	brief = n - 1;
	ck_assert_int_eq(
	    WSAAddressToStringW((LPSOCKADDR)&address, (DWORD)size, NULL, text, &brief),
	    SOCKET_ERROR);
	ck_assert_int_eq(WSAGetLastError(), WSAEFAULT);
	ck_assert_uint_eq(brief, n);
	size = 4;
	ck_assert_int_eq(WSAStringToAddressW(text, ADDRESSES[_i].family, NULL,
			     (LPSOCKADDR)&address, &size),
	    SOCKET_ERROR);
	ck_assert_int_eq(WSAGetLastError(), WSAEFAULT);
}
END_TEST

TCase *
windows_name_case(void)
{
	TCase *t = tcase_create("name");

	tcase_add_test(t, spn);
	tcase_add_test(t, spn_refused);
	tcase_add_test(t, host_names);
	tcase_add_test(t, addresses);
	tcase_add_loop_test(t, addresses_with_ports, 0,
	    (int)(sizeof(ADDRESSES) / sizeof(ADDRESSES[0])));
	return t;
}
