/* Whether other classes talk to the same port of a peer. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "daemon/class_table.h"
#include "daemon/socket_table.h"
#include "tests/unit/check_daemon.h"

static int server, client;
static struct flow port; /* of the server, for whoever connects */

/* A client of CLASS_ENCRYPT that is connected to this host; 6: by an address of IPv4. */
static void
begin(int family, uint8_t protocol)
{
	int type = protocol == IPPROTO_TCP ? SOCK_STREAM : SOCK_DGRAM;
	struct secured_socket s = { .class_id = CLASS_ENCRYPT, .family = (uint8_t)family,
		.protocol = protocol };
	struct sockaddr_in to4 = { .sin_family = AF_INET };
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6 };
	uint16_t number = 0;

	rig_setup();
	server = bound_socket(4, type, "127.0.0.1", &number);
	if (protocol == IPPROTO_TCP)
		ck_assert_int_eq(listen(server, 1), 0);
	to4.sin_port = to6.sin6_port = htons(number);
	ck_assert_int_eq(inet_pton(AF_INET, "127.0.0.1", &to4.sin_addr), 1);
	ck_assert_int_eq(inet_pton(AF_INET6, "::ffff:127.0.0.1", &to6.sin6_addr), 1);
	client = socket(family == 4 ? AF_INET : AF_INET6, type, 0);
	ck_assert_int_eq(family == 4 ?
		connect(client, (struct sockaddr *)&to4, sizeof(to4)) :
		connect(client, (struct sockaddr *)&to6, sizeof(to6)), 0);
	s.cookie = socket_cookie(client);
	ck_assert_uint_ne(socket_table_add(rig.n.sockets, &s), 0);
	class_set_sockets(rig.n.classes, CLASS_ENCRYPT, 1);
	port = (struct flow){ .protocol = protocol, .remote = { { 4, { 127, 0, 0, 1 } }, number } };
	port.local.addr = port.remote.addr;
}

static void
end(void)
{
	close(client);
	close(server);
	rig_teardown();
}

START_TEST(another_class_talks)
{
	begin(4, _i == 0 ? IPPROTO_TCP : IPPROTO_UDP);
	ck_assert(nego_port_is_shared(&rig.n, CLASS_DEFAULT, &port));
	ck_assert(!nego_port_is_shared(&rig.n, CLASS_ENCRYPT, &port));
	port.remote.port++;
	ck_assert(!nego_port_is_shared(&rig.n, CLASS_DEFAULT, &port));
	port.remote.port--;
	port.remote.addr.b[3]++;
	ck_assert(!nego_port_is_shared(&rig.n, CLASS_DEFAULT, &port));
	port.remote.addr.b[3]--;
	shutdown(client, SHUT_WR); /* the server may still say something */
	ck_assert(nego_port_is_shared(&rig.n, CLASS_DEFAULT, &port));
	end();
}
END_TEST

/* What asks for one connection gets no more than that; nothing else has ports. */
START_TEST(others_do_not_count)
{
	begin(4, IPPROTO_TCP);
	port.local.port = 1;
	ck_assert(!nego_port_is_shared(&rig.n, CLASS_DEFAULT, &port));
	port.local.port = 0;
	port.protocol = 0;
	ck_assert(!nego_port_is_shared(&rig.n, CLASS_DEFAULT, &port));
	port.protocol = IPPROTO_TCP;
	class_set_sockets(rig.n.classes, CLASS_ENCRYPT, 0); /* nobody looks for its sockets */
	ck_assert(!nego_port_is_shared(&rig.n, CLASS_DEFAULT, &port));
	end();
}
END_TEST

/* Of a program that secured nothing, with a socket for both families. */
START_TEST(a_rule_talks)
{
	struct class_spec rule = { .kind = CLASS_OF_RULE, .policy = rig.config.policy };
	enum class_error err;

	begin(6, IPPROTO_TCP);
	rule.policy = rig.config.policy;
	socket_table_move(rig.n.sockets, socket_cookie(client), CLASS_DEFAULT);
	class_set_sockets(rig.n.classes, CLASS_ENCRYPT, 0);
	ck_assert(!nego_port_is_shared(&rig.n, CLASS_DEFAULT, &port));
	rig.rule_class = class_find_or_make(rig.n.classes, &rule, &err);
	ck_assert_uint_ne(rig.rule_class, 0);
	ck_assert(!nego_port_is_shared(&rig.n, CLASS_DEFAULT, &port)); /* it is secured */
	socket_table_free(rig.n.sockets);
	rig.n.sockets = socket_table_new(rig.base, NULL, NULL);
	ck_assert(nego_port_is_shared(&rig.n, CLASS_DEFAULT, &port));
	ck_assert(!nego_port_is_shared(&rig.n, rig.rule_class, &port));
	end();
}
END_TEST

void
daemon_shared_tests(Suite *s)
{
	TCase *tc = tcase_create("shared");

	tcase_add_loop_test(tc, another_class_talks, 0, 2);
	tcase_add_test(tc, others_do_not_count);
	tcase_add_test(tc, a_rule_talks);
	suite_add_tcase(s, tc);
}
