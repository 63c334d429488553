/* SOCK_TARGET: which class a target name gives a socket, and what is refused. */
#include <arpa/inet.h>
#include <endian.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "daemon/class_table.h"
#include "daemon/socket_table.h"
#include "tests/unit/api_client.h"

#define WSAEINVAL 10022
#define WSAEOPNOTSUPP 10045
#define WSAENOTSOCK 10038
#define WSAEOPNOTSUPP 10045
#define WSAENOBUFS 10055
#define WSAEAFNOSUPPORT 10047
#define WSAEISCONN 10056

static int sock;

/* A registered socket of the default class. */
static void
registered(uint8_t protocol)
{
	struct secured_socket s = { .class_id = CLASS_DEFAULT, .family = 4 };

	sock = socket(AF_INET, protocol == IPPROTO_TCP ? SOCK_STREAM : SOCK_DGRAM, 0);
	s.cookie = socket_cookie(sock);
	s.protocol = api.protocol = protocol;
	s.uid = getuid();
	ck_assert_uint_ne(socket_table_add(rig.n.sockets, &s), 0);
}

static void
setup(void)
{
	api_setup();
	registered(IPPROTO_TCP);
}

static void
teardown(void)
{
	close(sock);
	api_teardown();
}

static int
ask_for(int fd, const char *name, uint16_t family, uint16_t port)
{
	struct aip_api_target t = { .peer = { htole16(family), htons(port),
					{ 192, 0, 2, 1 } } };
	int c = api_hello();

	strcpy(t.name, name);
	api_send(c, AIP_API_SOCK_TARGET, 7, &t, sizeof(t), fd, fd >= 0);
	return c;
}

static uint32_t
answer(int c, uint32_t *class_id)
{
	struct aip_api_target_reply r;
	uint32_t error =
	    api_answer(c, AIP_API_SOCK_TARGET, 7, sizeof(r), (uint8_t *)&r);

	*class_id = r.class_id;
	close(c);
	return error;
}

/* Keeper moves the socket; the class it has then. */
static uint32_t
moves(int fd, const char *name, uint16_t family, uint16_t port)
{
	struct secured_socket s;
	uint32_t class_id;
	int c = ask_for(fd, name, family, port);

	ck_assert(keeper_asked());
	ck_assert_uint_ne(api.ask.from_class, 0);
	keeper_says(0, socket_cookie(fd));
	ck_assert_uint_eq(answer(c, &class_id), 0);
	ck_assert(socket_table_find(rig.n.sockets, socket_cookie(fd), &s));
	ck_assert_uint_eq(s.class_id, class_id);
	return class_id;
}

static uint32_t
error_of(int fd, const char *name, uint16_t family, uint16_t port)
{
	uint32_t class_id;

	return answer(ask_for(fd, name, family, port), &class_id);
}

START_TEST(name_makes_a_class)
{
	uint32_t first = moves(sock, "host/b.test", 0, 0), class_id;
	const struct class_spec *spec = class_by_id(rig.n.classes, first);
	int c;

	ck_assert_uint_gt(first, CLASS_PREDEFINED);
	ck_assert_ptr_nonnull(spec);
	ck_assert_str_eq(spec->target_name, "host/b.test");
	ck_assert(spec->follows_default);
	ck_assert_uint_eq(socket_table_count_class(rig.n.sockets, CLASS_DEFAULT), 0);
	ck_assert_uint_eq(socket_table_count_class(rig.n.sockets, first), 1);
	/* the same name again changes nothing: keeper is not asked */
	c = ask_for(sock, "host/b.test", 0, 0);
	ck_assert(!keeper_asked());
	ck_assert_uint_eq(answer(c, &class_id), 0);
	ck_assert_uint_gt(moves(sock, "CN=b,O=A company", 0, 0), CLASS_PREDEFINED);
	/* another name, another class; no name, the first class */
	ck_assert_uint_ne(moves(sock, "host/c.test", 0, 0), first);
	ck_assert_uint_eq(moves(sock, "", 0, 0), CLASS_DEFAULT);
}
END_TEST

START_TEST(refusals)
{
	int other = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_uint_eq(error_of(-1, "host/b", 0, 0), WSAENOTSOCK);
	/* not secured */
	ck_assert_uint_eq(error_of(other, "host/b", 0, 0), WSAEOPNOTSUPP);
	ck_assert_uint_eq(error_of(sock, "b.test", 0, 0), WSAEINVAL);
	ck_assert_uint_eq(error_of(sock, "/b.test", 0, 0), WSAEINVAL);
	ck_assert_uint_eq(error_of(sock, "host/", 0, 0), WSAEINVAL);
	ck_assert_uint_eq(error_of(sock, "host/b test", 0, 0), WSAEINVAL);
	ck_assert_uint_eq(error_of(sock, "host/b\ntest", 0, 0), WSAEINVAL);
	ck_assert_uint_eq(error_of(sock, "host/b", 5, 0), WSAEAFNOSUPPORT);
	ck_assert(!keeper_asked());
	close(other);
}
END_TEST

/* Without an end the name would go on into whatever lies behind it. */
START_TEST(name_without_end)
{
	struct aip_api_target t;
	uint32_t class_id;
	int c = api_hello();

	memset(&t, 0, sizeof(t));
	memset(t.name, 'a', sizeof(t.name));
	t.name[4] = '/';
	api_send(c, AIP_API_SOCK_TARGET, 7, &t, sizeof(t), sock, 1);
	ck_assert_uint_eq(answer(c, &class_id), WSAEINVAL);
	ck_assert(!keeper_asked());
}
END_TEST

/* Keeper refuses: the socket has the class that it had, and the new one ends. */
START_TEST(keeper_refuses)
{
	struct secured_socket s;
	uint32_t class_id;
	int c = ask_for(sock, "host/b", 0, 0);

	ck_assert(keeper_asked());
	keeper_says(WSAEOPNOTSUPP, 0);
	ck_assert_uint_eq(answer(c, &class_id), WSAEOPNOTSUPP);
	ck_assert(socket_table_find(rig.n.sockets, socket_cookie(sock), &s));
	ck_assert_uint_eq(s.class_id, CLASS_DEFAULT);
	/* connected: a name comes too late, taking it off is no error */
	c = ask_for(sock, "host/b", 0, 0);
	ck_assert(keeper_asked());
	keeper_says(WSAEISCONN, 0);
	ck_assert_uint_eq(answer(c, &class_id), WSAEISCONN);
}
END_TEST

START_TEST(client_goes_meanwhile)
{
	int c = ask_for(sock, "host/b", 0, 0);
	struct secured_socket s;

	ck_assert(keeper_asked());
	close(c);
	rig_turn();
	keeper_says(0, socket_cookie(sock));
	ck_assert(socket_table_find(rig.n.sockets, socket_cookie(sock), &s));
	ck_assert_uint_gt(s.class_id, CLASS_PREDEFINED);
}
END_TEST

static const char *
name_for(uint32_t class_id, uint16_t port)
{
	struct endpoint peer = { { 4, { 192, 0, 2, 1 } }, port };
	struct class_policy p;

	ck_assert(class_policy(rig.n.classes, class_id, &peer, &p));
	return p.target_name != NULL ? p.target_name : "";
}

/* A UDP socket has a name for each peer; they come, are replaced, and go one by one. */
START_TEST(udp_has_a_name_for_each_peer)
{
	uint32_t class_id, both;
	int c;

	close(sock);
	registered(IPPROTO_UDP);
	ck_assert_str_eq(name_for(moves(sock, "host/b", 4, 80), 80), "host/b");
	both = moves(sock, "host/c", 4, 81);
	ck_assert_str_eq(name_for(both, 80), "host/b");
	ck_assert_str_eq(name_for(both, 81), "host/c");
	ck_assert_str_eq(name_for(both, 82), "");
	/* whoever has no name cannot lose it */
	c = ask_for(sock, "", 4, 82);
	ck_assert(!keeper_asked());
	ck_assert_uint_eq(answer(c, &class_id), 0);
	class_id = moves(sock, "host/d", 4, 80);
	ck_assert_str_eq(name_for(class_id, 80), "host/d");
	ck_assert_str_eq(name_for(class_id, 81), "host/c");
	class_id = moves(sock, "", 4, 81);
	ck_assert_str_eq(name_for(class_id, 80), "host/d");
	ck_assert_str_eq(name_for(class_id, 81), "");
	ck_assert_uint_eq(moves(sock, "", 4, 80), CLASS_DEFAULT);
	/* one for all peers, unless one has its own */
	class_id = moves(sock, "host/any", 0, 0);
	ck_assert_str_eq(name_for(class_id, 80), "host/any");
	class_id = moves(sock, "host/b", 4, 80);
	ck_assert_str_eq(name_for(class_id, 80), "host/b");
	ck_assert_str_eq(name_for(class_id, 81), "host/any");
}
END_TEST

START_TEST(udp_peers_are_limited)
{
	close(sock);
	registered(IPPROTO_UDP);
	for (uint16_t port = 1; port <= CLASS_MAX_TARGETS; port++)
		(void)moves(sock, "host/b", 4, port);
	ck_assert_uint_eq(
	    error_of(sock, "host/b", 4, CLASS_MAX_TARGETS + 1), WSAENOBUFS);
	ck_assert(!keeper_asked());
}
END_TEST

/* What the flags of SOCK_SECURE say of names, each class of its own. */
START_TEST(flags_of_names)
{
	static const struct {
		uint32_t flags;
		const char *name;
		const char *want; /* NULL: refused */
	} rows[] = {
		{ 0, "server 7", NULL },
		{ CLASS_TARGET_RAW, "server 7", "raw:server 7" },
		{ CLASS_TARGET_OPTIONAL, "host/b", "optional:host/b" },
		{ CLASS_TARGET_OPTIONAL, "server 7", NULL },
		{ CLASS_TARGET_OPTIONAL | CLASS_TARGET_RAW, "b", "optional:raw:b" },
		{ CLASS_FIRST_UNENCRYPTED, "host/b", "host/b" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct class_spec spec = *class_by_id(rig.n.classes, CLASS_DEFAULT);
		struct secured_socket s = { .family = 4, .protocol = IPPROTO_TCP };
		enum class_error err;

		spec.ipsec_flags = rows[i].flags;
		s.cookie = socket_cookie(sock);
		s.class_id = class_find_or_make(rig.n.classes, &spec, &err);
		ck_assert_uint_ne(socket_table_add(rig.n.sockets, &s), 0);
		if (rows[i].want == NULL)
			ck_assert_uint_eq(
			    error_of(sock, rows[i].name, 0, 0), WSAEINVAL);
		else
			ck_assert_str_eq(name_for(moves(sock, rows[i].name, 0, 0), 80),
			    rows[i].want);
	}
}
END_TEST

void
daemon_target_tests(Suite *s)
{
	TCase *t = tcase_create("target");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, name_makes_a_class);
	tcase_add_test(t, refusals);
	tcase_add_test(t, name_without_end);
	tcase_add_test(t, keeper_refuses);
	tcase_add_test(t, client_goes_meanwhile);
	tcase_add_test(t, udp_has_a_name_for_each_peer);
	tcase_add_test(t, udp_peers_are_limited);
	tcase_add_test(t, flags_of_names);
	suite_add_tcase(s, t);
}
