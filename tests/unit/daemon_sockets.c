/* Registered sockets and the kernel's view of them: real sockets of this process. */
#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <string.h>
#include <unistd.h>

#include "daemon/net_sockets.h"
#include "daemon/socket_table.h"
#include "daemon/sockdiag.h"
#include "tests/unit/check_daemon.h"

static uint32_t n_changed[CLASS_MAX + 1];

static void
on_changed(void *ctx, uint32_t class_id)
{
	(void)ctx;
	n_changed[class_id]++;
}

static struct socket_table *table;

static void
setup(void)
{
	rig_setup();
	memset(n_changed, 0, sizeof(n_changed));
	table = socket_table_new(rig.base, on_changed, NULL);
}

static void
teardown(void)
{
	socket_table_free(table);
	rig_teardown();
}

static uint64_t
add(int fd, uint32_t class_id, uint8_t family, uint8_t protocol)
{
	struct secured_socket s = { 0, socket_cookie(fd), class_id, 1000, family,
		protocol, 0, false, 0 };
	uint64_t id = socket_table_add(table, &s);

	ck_assert_uint_ne(id, 0);
	return id;
}

static struct flow
flow_to(uint8_t protocol, const char *local, uint16_t port)
{
	struct flow f = { .protocol = protocol };
	int family = strchr(local, ':') != NULL ? AF_INET6 : AF_INET;

	f.local.addr.family = f.remote.addr.family = family == AF_INET ? 4 : 6;
	ck_assert_int_eq(inet_pton(family, local, f.local.addr.b), 1);
	ck_assert_int_eq(
	    inet_pton(family, family == AF_INET ? "192.0.2.9" : "2001:db8::9",
		f.remote.addr.b),
	    1);
	f.local.port = port;
	f.remote.port = 5000;
	return f;
}

static uint32_t
owner(uint8_t protocol, const char *local, uint16_t port)
{
	struct flow f = flow_to(protocol, local, port);

	return socket_table_owner(table, &f);
}

/* What the kernel says of a socket that ends. */
static void
say_ended(int to, uint64_t cookie)
{
	struct {
		struct nlmsghdr h;
		struct inet_diag_msg m;
	} msg;

	memset(&msg, 0, sizeof(msg));
	msg.h.nlmsg_len = sizeof(msg);
	msg.h.nlmsg_type = SOCK_DIAG_BY_FAMILY;
	msg.m.idiag_family = AF_INET;
	msg.m.id.idiag_cookie[0] = (uint32_t)cookie;
	msg.m.id.idiag_cookie[1] = (uint32_t)(cookie >> 32);
	ck_assert_int_eq(send(to, &msg, sizeof(msg), 0), (ssize_t)sizeof(msg));
	rig_turn();
}

/* Its program was killed: the kernel told it before keeper did. */
START_TEST(ended_before_it_was_registered)
{
	struct secured_socket s = { 0, 0x123456789abcull, CLASS_DEFAULT, 1000, 4, 6, 0, false,
		0 };
	int fd[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM, 0, fd), 0);
	socket_table_watch(table, fd[0]);
	for (uint64_t i = 0; i < 1000; i++) /* others end, too */
		say_ended(fd[1], 1000000 + i);
	say_ended(fd[1], s.cookie);
	ck_assert_uint_eq(socket_table_add(table, &s), 0);
	ck_assert_uint_eq(socket_table_count_uid(table, 1000), 0);
	ck_assert_uint_eq(n_changed[CLASS_DEFAULT], 0);
	s.cookie++;
	ck_assert_uint_ne(socket_table_add(table, &s), 0);
	say_ended(fd[1], s.cookie);
	ck_assert_uint_eq(socket_table_count_uid(table, 1000), 0);
	close(fd[1]);
}
END_TEST

static uint64_t moved_cookie;

static void
on_moved_end(void *ctx, uint64_t cookie)
{
	(void)ctx;
	moved_cookie = cookie;
}

/* Keeper has something to forget of those that may have moved, and is told of no other. */
START_TEST(end_of_a_socket_that_moves)
{
	struct secured_socket s = { 0, 6, CLASS_DEFAULT, 1000, 4, 6, 0, false, 0 };
	int fd[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM, 0, fd), 0);
	socket_table_watch(table, fd[0]);
	socket_table_on_moved_end(table, on_moved_end);
	moved_cookie = 0;
	(void)socket_table_add(table, &s);
	s.cookie = 7;
	(void)socket_table_add(table, &s);
	ck_assert(!socket_table_moves(table, 8));
	ck_assert(socket_table_moves(table, 7));
	say_ended(fd[1], 6);
	ck_assert_uint_eq(moved_cookie, 0);
	say_ended(fd[1], 7);
	ck_assert_uint_eq(moved_cookie, 7);
	close(fd[1]);
}
END_TEST

/* 10,000 sockets come and end: the memory is what it was. */
START_TEST(memory_of_many_sockets)
{
	struct secured_socket s = { 0, 0, CLASS_DEFAULT, 1000, 4, 6, 0, false, 0 };
	size_t bytes = 0;
	int fd[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM, 0, fd), 0);
	socket_table_watch(table, fd[0]);
	for (int round = 0; round < 3; round++) {
		for (uint64_t i = 1; i <= 5000; i++) {
			s.cookie = (uint64_t)round << 32 | i;
			ck_assert_uint_ne(socket_table_add(table, &s), 0);
		}
		ck_assert_uint_eq(socket_table_count_uid(table, 1000), 5000);
		for (uint64_t i = 1; i <= 5000; i++)
			say_ended(fd[1], (uint64_t)round << 32 | i);
		ck_assert_uint_eq(socket_table_count_uid(table, 1000), 0);
		if (round == 0)
			bytes = allocated_bytes();
	}
	ck_assert_uint_le(allocated_bytes(), bytes + 16384);
	close(fd[1]);
}
END_TEST

START_TEST(counts_and_replacement)
{
	struct secured_socket s = { 0, 5, CLASS_DEFAULT, 1000, 4, 6, 0, false, 0 };
	uint64_t id = socket_table_add(table, &s);

	s.class_id = CLASS_INSECURE;
	ck_assert_uint_gt(socket_table_add(table, &s), id);
	ck_assert_uint_eq(socket_table_count_uid(table, 1000), 1);
	ck_assert_uint_eq(socket_table_count_class(table, CLASS_DEFAULT), 0);
	ck_assert_uint_eq(socket_table_count_class(table, CLASS_INSECURE), 1);
	ck_assert_uint_eq(n_changed[CLASS_DEFAULT], 2);
	ck_assert_uint_eq(n_changed[CLASS_INSECURE], 1);
	s.cookie += 4096; /* the same bucket */
	s.uid = 1001;
	(void)socket_table_add(table, &s);
	ck_assert_uint_eq(socket_table_count_uid(table, 1000), 1);
	ck_assert_uint_eq(socket_table_count_uid(table, 1001), 1);
	ck_assert_uint_eq(socket_table_count_class(table, CLASS_INSECURE), 2);
}
END_TEST

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

START_TEST(owner_of_a_port)
{
	const struct kind *k = &kinds[_i];
	uint16_t any_port = 0, one_port = 0, none_port = 0;
	int any = bound_socket(k->family, k->type, "", &any_port);
	int one = bound_socket(k->family, k->type, k->loopback, &one_port);
	int none = bound_socket(k->family, k->type, "", &none_port);

	if (k->type == SOCK_STREAM)
		ck_assert_int_eq(listen(any, 1) | listen(one, 1) | listen(none, 1), 0);
	add(any, CLASS_DEFAULT, (uint8_t)k->family, k->protocol);
	add(one, CLASS_ENCRYPT, (uint8_t)k->family, k->protocol);
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
	add(c, CLASS_ENCRYPT, 4, 17);
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
	add(c, CLASS_DEFAULT, 4, 17);
	add(other, CLASS_DEFAULT, 4, 17);
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
	add(a, CLASS_DEFAULT, 4, 17);
	add(b, CLASS_DEFAULT, 4, 17);
	ck_assert_uint_eq(owner(17, "127.0.0.1", ntohs(at.sin_port)), CLASS_DEFAULT);
	add(b, CLASS_ENCRYPT, 4, 17);
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

START_TEST(end_of_a_socket)
{
	uint16_t port = 0;
	int fd, watch = net_socket_diag_destroy(), twice = dup(0);

	if (watch < 0)
		return; /* not root */
	socket_table_watch(table, watch);
	socket_table_watch(table, twice);
	ck_assert_int_eq(close(twice), -1);
	fd = bound_socket(4, SOCK_DGRAM, "127.0.0.1", &port);
	add(fd, CLASS_INSECURE, 4, 17);
	rig_turn();
	ck_assert_uint_eq(socket_table_count_class(table, CLASS_INSECURE), 1);
	close(fd);
	for (int i = 0; i < 200 && n_changed[CLASS_INSECURE] < 2; i++) {
		usleep(10000);
		rig_turn();
	}
	ck_assert_uint_eq(socket_table_count_class(table, CLASS_INSECURE), 0);
	ck_assert_uint_eq(n_changed[CLASS_INSECURE], 2);
}
END_TEST

/* Accepted connections keep the port of their listener when it goes. */
START_TEST(heirs_of_a_listener)
{
	int l, c, a, watch = net_socket_diag_destroy();
	uint16_t port = 0;
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct flow f;

	if (watch < 0)
		return; /* not root */
	socket_table_watch(table, watch);
	l = bound_socket(4, SOCK_STREAM, "127.0.0.1", &port);
	ck_assert_int_eq(listen(l, 1), 0);
	add(l, CLASS_ENCRYPT, 4, 6);
	to.sin_port = htons(port);
	c = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(c, (struct sockaddr *)&to, sizeof(to)), 0);
	a = accept(l, NULL, NULL);
	ck_assert_int_ge(a, 0);
	close(l);
	for (int i = 0; i < 200 && n_changed[CLASS_ENCRYPT] < 3; i++) {
		usleep(10000);
		rig_turn();
	}
	ck_assert_uint_eq(socket_table_count_class(table, CLASS_ENCRYPT), 1);
	ck_assert_uint_eq(socket_table_count_uid(table, 1000), 0);
	f = flow_to(6, "127.0.0.1", port);
	f.remote.addr = f.local.addr;
	f.remote.port = 0; /* any */
	ck_assert_uint_eq(socket_table_owner(table, &f), CLASS_ENCRYPT);
	close(c);
	close(a);
	for (int i = 0; i < 200 && n_changed[CLASS_ENCRYPT] < 4; i++) {
		usleep(10000);
		rig_turn();
	}
	ck_assert_uint_eq(socket_table_count_class(table, CLASS_ENCRYPT), 0);
}
END_TEST

void
daemon_sockets_tests(Suite *s)
{
	TCase *t = tcase_create("sockets");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, ended_before_it_was_registered);
	tcase_add_test(t, memory_of_many_sockets);
	tcase_add_test(t, counts_and_replacement);
	tcase_add_test(t, end_of_a_socket_that_moves);
	tcase_add_loop_test(t, owner_of_a_port, 0, 4);
	tcase_add_test(t, connected_socket_owns_its_flow_only);
	tcase_add_test(t, failure_of_a_flow);
	tcase_add_test(t, any_port);
	tcase_add_test(t, ambiguous_owner);
	tcase_add_loop_test(t, dump, 0, 4);
	tcase_add_test(t, end_of_a_socket);
	tcase_add_test(t, heirs_of_a_listener);
	suite_add_tcase(s, t);
}
