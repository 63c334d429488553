/* Whose is a port, by registered sockets and by what the kernel says: real sockets. */
#include <arpa/inet.h>
#include <string.h>
#include <unistd.h>

#include "daemon/sockdiag.h"
#include "tests/unit/socket_rig.h"

static const struct kind {
	int family;
	int type;
	uint8_t protocol;
	const char *loopback;
	const char *other;
} kinds[] = {
	{ 4, SOCK_STREAM, 6, "127.0.0.1", "127.0.0.2" },
	{ 4, SOCK_DGRAM, 17, "127.0.0.1", "127.0.0.2" },
	{ 6, SOCK_STREAM, 6, "::1", "::2" },
	{ 6, SOCK_DGRAM, 17, "::1", "::2" },
};

static uint32_t
owner(uint8_t protocol, const char *local, uint16_t port)
{
	struct flow f = flow_to(protocol, local, port);

	return socket_table_owner(table, &f);
}

START_TEST(owner_of_a_port)
{
	const struct kind *k = &kinds[_i];
	uint16_t any_port = 0, one_port = 0, none_port = 0;
	int any = bound_socket(k->family, k->type, "", &any_port);
	int one = bound_socket(k->family, k->type, k->loopback, &one_port);
	int none = bound_socket(k->family, k->type, "", &none_port);

	if (k->type == SOCK_STREAM)
		ck_assert_int_eq(listen(any, 1) | listen(one, 1) | listen(none, 1), 0);
	socket_rig_add(any, CLASS_DEFAULT, (uint8_t)k->family, k->protocol);
	socket_rig_add(one, CLASS_ENCRYPT, (uint8_t)k->family, k->protocol);
	ck_assert_uint_eq(owner(k->protocol, k->loopback, any_port), CLASS_DEFAULT);
	ck_assert_uint_eq(owner(k->protocol, k->other, any_port), CLASS_DEFAULT);
	ck_assert_uint_eq(owner(k->protocol, k->loopback, one_port), CLASS_ENCRYPT);
	ck_assert_uint_eq(owner(k->protocol, k->other, one_port), 0);
	ck_assert_uint_eq(owner(k->protocol, k->loopback, none_port), 0);
	/* the same port of the other protocol or family */
	ck_assert_uint_eq(owner(k->protocol ^ 6 ^ 17, k->loopback, any_port), 0);
	ck_assert_uint_eq(
	    owner(k->protocol, k->family == 4 ? "::1" : "127.0.0.1", any_port), 0);
	ck_assert_uint_eq(owner(1, k->loopback, any_port), 0);
	close(any);
	ck_assert_uint_eq(owner(k->protocol, k->loopback, any_port), 0);
	close(one);
	close(none);
}
END_TEST

START_TEST(connected_socket_owns_its_flow_only)
{
	uint16_t listen_port = 0, port = 0;
	int l = bound_socket(4, SOCK_DGRAM, "127.0.0.1", &listen_port);
	int c = bound_socket(4, SOCK_DGRAM, "127.0.0.1", &port);
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(listen_port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct flow f;

	ck_assert_int_eq(connect(c, (struct sockaddr *)&to, sizeof(to)), 0);
	socket_rig_add(c, CLASS_ENCRYPT, 4, 17);
	f = flow_to(17, "127.0.0.1", port);
	ck_assert_uint_eq(socket_table_owner(table, &f), 0);
	memcpy(f.remote.addr.b, &to.sin_addr, 4);
	ck_assert_uint_eq(socket_table_owner(table, &f), 0);
	f.remote.port = listen_port;
	ck_assert_uint_eq(socket_table_owner(table, &f), CLASS_ENCRYPT);
	f.remote.port = 0; /* any */
	ck_assert_uint_eq(socket_table_owner(table, &f), CLASS_ENCRYPT);
	close(c);
	close(l);
}
END_TEST

static uint32_t
winerr_of(int fd)
{
	struct secured_socket s;

	ck_assert(socket_table_find(table, socket_cookie(fd), &s));
	return s.winerr;
}

/* A negotiation that a packet began: its socket learns why it failed, and no other. */
START_TEST(failure_of_a_flow)
{
	uint16_t listen_port = 0, port = 0, other_port = 0;
	int l = bound_socket(4, SOCK_DGRAM, "127.0.0.1", &listen_port);
	int c = bound_socket(4, SOCK_DGRAM, "127.0.0.1", &port);
	int other = bound_socket(4, SOCK_DGRAM, "127.0.0.1", &other_port);
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(listen_port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct flow f;

	ck_assert_int_eq(connect(c, (struct sockaddr *)&to, sizeof(to)), 0);
	socket_rig_add(c, CLASS_DEFAULT, 4, 17);
	socket_rig_add(other, CLASS_DEFAULT, 4, 17);
	f = flow_to(17, "127.0.0.1", port);
	socket_table_flow_failed(table, &f, 1); /* another peer */
	ck_assert_uint_eq(winerr_of(c), 0);
	memcpy(f.remote.addr.b, &to.sin_addr, 4);
	f.remote.port = listen_port;
	socket_table_flow_failed(table, &f, 13868);
	ck_assert_uint_eq(winerr_of(c), 13868);
	ck_assert_uint_eq(winerr_of(other), 0);
	f.local.port = 0; /* nobody in particular */
	socket_table_flow_failed(table, &f, 13801);
	ck_assert_uint_eq(winerr_of(c), 13868);
	close(c);
	close(l);
	close(other);
}
END_TEST

/* Port 0 asks for all sockets of a protocol: an answer only if they agree. */
START_TEST(any_port)
{
	struct secured_socket s = { 0, 1, CLASS_DEFAULT, 0, 4, 6, 0, false, 0 };

	ck_assert_uint_eq(owner(6, "127.0.0.1", 0), 0);
	(void)socket_table_add(table, &s);
	s.cookie = 2;
	(void)socket_table_add(table, &s);
	ck_assert_uint_eq(owner(6, "127.0.0.1", 0), CLASS_DEFAULT);
	ck_assert_uint_eq(owner(17, "127.0.0.1", 0), 0);
	ck_assert_uint_eq(owner(0, "127.0.0.1", 0), CLASS_DEFAULT);
	s = (struct secured_socket){ 0, 3, CLASS_ENCRYPT, 0, 4, 17, 0, false, 0 };
	(void)socket_table_add(table, &s);
	ck_assert_uint_eq(owner(6, "127.0.0.1", 0), CLASS_DEFAULT);
	ck_assert_uint_eq(owner(17, "127.0.0.1", 0), CLASS_ENCRYPT);
	ck_assert_uint_eq(owner(0, "127.0.0.1", 0), 0);
	s = (struct secured_socket){ 0, 4, CLASS_INSECURE, 0, 4, 6, 0, false, 0 };
	(void)socket_table_add(table, &s);
	ck_assert_uint_eq(owner(6, "127.0.0.1", 0), 0);
}
END_TEST

/* Two sockets of different classes share an address and a port: nobody is meant. */
START_TEST(ambiguous_owner)
{
	int a = socket(AF_INET, SOCK_DGRAM, 0), b = socket(AF_INET, SOCK_DGRAM, 0),
	    one = 1;
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t n = sizeof(at);

	setsockopt(a, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	setsockopt(b, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	ck_assert_int_eq(bind(a, (struct sockaddr *)&at, sizeof(at)), 0);
	ck_assert_int_eq(getsockname(a, (struct sockaddr *)&at, &n), 0);
	ck_assert_int_eq(bind(b, (struct sockaddr *)&at, sizeof(at)), 0);
	socket_rig_add(a, CLASS_DEFAULT, 4, 17);
	socket_rig_add(b, CLASS_DEFAULT, 4, 17);
	ck_assert_uint_eq(owner(17, "127.0.0.1", ntohs(at.sin_port)), CLASS_DEFAULT);
	socket_rig_add(b, CLASS_ENCRYPT, 4, 17);
	ck_assert_uint_eq(owner(17, "127.0.0.1", ntohs(at.sin_port)), 0);
	close(a);
	close(b);
}
END_TEST

struct found {
	uint64_t cookie;
	struct sockdiag_entry e;
	size_t n;
	size_t n_all;
};

static void
on_entry(void *ctx, const struct sockdiag_entry *e)
{
	struct found *f = ctx;

	f->n_all++;
	if (e->cookie != f->cookie)
		return;
	f->n++;
	f->e = *e;
}

START_TEST(dump)
{
	const struct kind *k = &kinds[_i];
	uint16_t port = 0;
	int fd = bound_socket(k->family, k->type, k->loopback, &port), more[300];
	struct found f = { .cookie = socket_cookie(fd) }, all = f;

	if (k->type == SOCK_STREAM)
		ck_assert_int_eq(listen(fd, 1), 0);
	for (int i = 0; i < 300; i++) { /* more than one buffer of the kernel's */
		uint16_t other = 0;

		more[i] = bound_socket(k->family, k->type, k->loopback, &other);
		if (k->type == SOCK_STREAM)
			ck_assert_int_eq(listen(more[i], 1), 0);
	}
	ck_assert_int_eq(
	    sockdiag_dump((uint8_t)k->family, k->protocol, port, on_entry, &f), 0);
	ck_assert_uint_eq(f.n, 1);
	ck_assert_uint_eq(f.n_all, 1);
	ck_assert_uint_eq(f.e.family, (unsigned)k->family);
	ck_assert_uint_eq(f.e.protocol, k->protocol);
	ck_assert_uint_eq(f.e.local.port, port);
	ck_assert_uint_eq(f.e.remote.port, 0);
	ck_assert_uint_eq(f.e.uid, getuid());
	ck_assert_uint_eq(f.e.local.addr.b[k->family == 4 ? 3 : 15], 1);
	ck_assert_int_eq(
	    sockdiag_dump((uint8_t)k->family, k->protocol, 0, on_entry, &all), 0);
	ck_assert_uint_eq(all.n, 1);
	ck_assert_uint_ge(all.n_all, 301);
	for (int i = 0; i < 300; i++)
		close(more[i]);
	close(fd);
}
END_TEST

void
daemon_owner_tests(Suite *s)
{
	TCase *t = tcase_create("owner");

	tcase_add_checked_fixture(t, socket_rig_begin, socket_rig_end);
	tcase_add_loop_test(t, owner_of_a_port, 0, 4);
	tcase_add_test(t, connected_socket_owns_its_flow_only);
	tcase_add_test(t, failure_of_a_flow);
	tcase_add_test(t, any_port);
	tcase_add_test(t, ambiguous_owner);
	tcase_add_loop_test(t, dump, 0, 4);
	suite_add_tcase(s, t);
}
