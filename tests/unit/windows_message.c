/* WSASendMsg and WSARecvMsg: datagrams with control data. */
#define _GNU_SOURCE /* struct in6_pktinfo */
#include "tests/unit/windows_pair.h"

#include <string.h>

#include "mswsock.h"

static LPFN_WSASENDMSG send_message;
static LPFN_WSARECVMSG receive_message;

static void
begin(void)
{
	GUID send_id = WSAID_WSASENDMSG, receive_id = WSAID_WSARECVMSG;
	SOCKET s = winsock_socket(AF_INET, SOCK_DGRAM, 0);
	DWORD n = 0;

	ck_assert_int_eq(
	    WSAIoctl(s, SIO_GET_EXTENSION_FUNCTION_POINTER, &send_id, sizeof(send_id),
		&send_message, sizeof(send_message), &n, NULL, NULL),
	    0);
	ck_assert_int_eq(WSAIoctl(s, SIO_GET_EXTENSION_FUNCTION_POINTER, &receive_id,
			     sizeof(receive_id), &receive_message,
			     sizeof(receive_message), &n, NULL, NULL),
	    0);
	closesocket(s);
}

START_TEST(arguments)
{
	SOCKET s = winsock_socket(AF_INET, SOCK_DGRAM, 0), pair[2];
	char data[4] = "abc";
	WSABUF buffer = { sizeof(data), data };
	char big[2000] = { 0 };
	WSAMSG m = { .lpBuffers = &buffer, .dwBufferCount = 1 };
	DWORD n = 0;

	FAILS(WSAENOTSOCK, send_message(-1, &m, 0, &n, NULL, NULL));
	FAILS(WSAENOTSOCK, receive_message(-1, &m, &n, NULL, NULL));
	FAILS(WSAEFAULT, WSASendMsg(s, NULL, 0, &n, NULL, NULL));
	FAILS(WSAEFAULT, receive_message(s, NULL, &n, NULL, NULL));
	FAILS(WSAEFAULT, WSASendMsg(s, &m, 0, NULL, NULL, NULL));
	FAILS(WSAEDESTADDRREQ, WSASendMsg(s, &m, 0, &n, NULL, NULL));
	m.Control = (WSABUF){ sizeof(big), big };
	FAILS(WSAENOBUFS, WSASendMsg(s, &m, 0, &n, NULL, NULL));
	m.Control = (WSABUF){ 0, NULL };
	m.dwBufferCount = 0;
	FAILS(WSAEINVAL, WSASendMsg(s, &m, 0, &n, NULL, NULL));
	m.dwBufferCount = 1;
	windows_tcp_pair(pair);
	FAILS(WSAEINVAL, WSASendMsg(pair[0], &m, 0, &n, NULL, NULL));
	FAILS(WSAEINVAL, receive_message(pair[0], &m, &n, NULL, NULL));
	closesocket(pair[0]);
	closesocket(pair[1]);
	closesocket(s);
}
END_TEST

/* The address that a datagram came to, from which the answer goes. */
START_TEST(addresses)
{
	SOCKADDR_IN a, b, from;
	SOCKET sa = winsock_socket(AF_INET, SOCK_DGRAM, 0),
	       sb = windows_bound(SOCK_DGRAM, &b);
	char two[2], five[5] = "12345", in[8];
	WSABUF out[2] = { { 2, two }, { 5, five } }, buffer = { sizeof(in), in };
	union {
		char bytes[WSA_CMSG_SPACE(sizeof(IN_PKTINFO))];
		WSACMSGHDR align;
	} control;
	WSAMSG m = { (SOCKADDR *)&a, sizeof(a), out, 2, { 0, NULL }, 0 };
	WSACMSGHDR *h;
	IN_PKTINFO info;
	socklen_t size = sizeof(a);
	int on = 1;
	DWORD n = 0;

	memset(&a, 0, sizeof(a));
	a.sin_family = AF_INET;
	ck_assert_int_eq(winsock_bind(sa, (SOCKADDR *)&a, sizeof(a)), 0);
	ck_assert_int_eq(winsock_getsockname(sa, (SOCKADDR *)&a, &size), 0);
	a.sin_addr.s_addr = htonl(0x7f000002); /* 127.0.0.2 */
	ck_assert_int_eq(
	    winsock_setsockopt(sa, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)), 0);
	memcpy(two, "ab", 2);
	ck_assert_int_eq(send_message(sb, &m, 0, &n, NULL, NULL), 0);
	ck_assert_uint_eq(n, 7);
	m = (WSAMSG){ (SOCKADDR *)&from, sizeof(from), &buffer, 1,
		{ sizeof(control), control.bytes }, MSG_TRUNC };
	ck_assert_int_eq(receive_message(sa, &m, &n, NULL, NULL), 0);
	ck_assert_uint_eq(n, 7);
	ck_assert_mem_eq(in, "ab12345", 7);
	ck_assert_int_eq(from.sin_port, b.sin_port);
	ck_assert_int_eq(m.namelen, sizeof(from));
	ck_assert_uint_eq(m.dwFlags, 0);
	h = WSA_CMSG_FIRSTHDR(&m);
	ck_assert(
	    h != NULL && h->cmsg_level == IPPROTO_IP && h->cmsg_type == IP_PKTINFO);
	memcpy(&info, WSA_CMSG_DATA(h), sizeof(info));
	ck_assert_uint_eq(info.ipi_addr.s_addr, a.sin_addr.s_addr);
	ck_assert_ptr_null(WSA_CMSG_NXTHDR(&m, h));
	/* As a program for Windows says where to send from. */
	memset(&info, 0, sizeof(info));
	info.ipi_addr.s_addr = htonl(0x7f000003);
	memcpy(WSA_CMSG_DATA(h), &info, sizeof(info));
	m.dwBufferCount = 1;
	buffer.len = 7;
	ck_assert_int_eq(WSASendMsg(sa, &m, 0, &n, NULL, NULL), 0);
	ck_assert_int_eq(
	    winsock_recvfrom(sb, in, sizeof(in), 0, (SOCKADDR *)&from, &size), 7);
	ck_assert_uint_eq(from.sin_addr.s_addr, htonl(0x7f000003));
	closesocket(sa);
	closesocket(sb);
}
END_TEST

START_TEST(too_long)
{
	SOCKADDR_IN a, b;
	SOCKET sa = windows_bound(SOCK_DGRAM, &a), sb = windows_bound(SOCK_DGRAM, &b);
	char in[3], little[1];
	WSABUF buffer = { sizeof(in), in };
	WSAMSG m = { NULL, 0, &buffer, 1, { sizeof(little), little }, MSG_PEEK };
	int on = 1;
	DWORD n = 0;

	ck_assert_int_eq(
	    winsock_setsockopt(sa, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)), 0);
	ck_assert_int_eq(
	    winsock_sendto(sb, "12345", 5, 0, (SOCKADDR *)&a, sizeof(a)), 5);
	for (int i = 0; i < 2; i++) { /* the first one leaves it there */
		FAILS(WSAEMSGSIZE, receive_message(sa, &m, &n, NULL, NULL));
		ck_assert_uint_eq(n, 3);
		ck_assert_mem_eq(in, "123", 3);
		ck_assert_uint_eq(m.dwFlags, MSG_TRUNC | MSG_CTRUNC);
		m.Control.len = sizeof(little);
	}
	m.dwFlags = 0;
	ck_assert_int_eq(winsock_send(sb, "", 0, MSG_DONTWAIT), SOCKET_ERROR);
	ck_assert_int_eq(winsock_sendto(sb, "1", 1, 0, (SOCKADDR *)&a, sizeof(a)), 1);
	ck_assert_int_eq(receive_message(sa, &m, &n, NULL, NULL), 0);
	ck_assert_uint_eq(n, 1);
	closesocket(sa);
	closesocket(sb);
}
END_TEST

START_TEST(ipv6)
{
	SOCKADDR_IN6 a;
	SOCKET s = winsock_socket(AF_INET6, SOCK_DGRAM, 0);
	char in[8];
	WSABUF buffer = { sizeof(in), in };
	union {
		char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
		WSACMSGHDR align;
	} control;
	WSAMSG m = { NULL, 0, &buffer, 1, { sizeof(control), control.bytes }, 0 };
	struct in6_pktinfo info;
	socklen_t size = sizeof(a), n_on;
	int on = 1;
	DWORD n = 0;

	memset(&a, 0, sizeof(a));
	a.sin6_family = AF_INET6;
	a.sin6_addr = in6addr_loopback;
	if (winsock_bind(s, (SOCKADDR *)&a, sizeof(a)) != 0) { /* no IPv6 here */
		closesocket(s);
		return;
	}
	ck_assert_int_eq(winsock_getsockname(s, (SOCKADDR *)&a, &size), 0);
	ck_assert_int_eq(
	    winsock_setsockopt(s, IPPROTO_IPV6, IPV6_PKTINFO, &on, sizeof(on)), 0);
	on = 0;
	n_on = sizeof(on);
	ck_assert_int_eq(
	    winsock_getsockopt(s, IPPROTO_IPV6, IPV6_PKTINFO, &on, &n_on), 0);
	ck_assert_int_eq(on, 1);
	ck_assert_int_eq(winsock_sendto(s, "x", 1, 0, (SOCKADDR *)&a, sizeof(a)), 1);
	ck_assert_int_eq(receive_message(s, &m, &n, NULL, NULL), 0);
	memcpy(&info, WSA_CMSG_DATA(WSA_CMSG_FIRSTHDR(&m)), sizeof(info));
	ck_assert_mem_eq(&info.ipi6_addr, &in6addr_loopback, sizeof(info.ipi6_addr));
	closesocket(s);
}
END_TEST

TCase *
windows_message_case(void)
{
	TCase *t = tcase_create("message");

	tcase_add_checked_fixture(t, begin, NULL);
	tcase_add_test(t, arguments);
	tcase_add_test(t, addresses);
	tcase_add_test(t, too_long);
	tcase_add_test(t, ipv6);
	return t;
}
