/* Pairs for one connection that ended: made again while the kernel has the connection. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "daemon/class_table.h"
#include "daemon/ipc.h"
#include "daemon/socket_table.h"
#include "tests/unit/check_daemon.h"

#define LIVED_MS 5000
#define AGAIN_MS 120000

static int server, client, plane;
static struct action_sa_delete ended;

/* A registered client that is connected to this host. */
static void
begin(uint8_t protocol)
{
	int type = protocol == IPPROTO_TCP ? SOCK_STREAM : SOCK_DGRAM;
	struct secured_socket s = { .class_id = CLASS_ENCRYPT, .family = 4,
		.protocol = protocol };
	struct sockaddr_in to = { .sin_family = AF_INET };
	uint16_t port = 0, local = 0;

	rig_setup();
	ck_assert(nego_renew_new(&rig.n));
	plane = rig_plane_begin();
	server = bound_socket(4, type, "127.0.0.1", &port);
	if (protocol == IPPROTO_TCP)
		ck_assert_int_eq(listen(server, 1), 0);
	client = bound_socket(4, type, "127.0.0.1", &local);
	to.sin_port = htons(port);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(connect(client, (struct sockaddr *)&to, sizeof(to)), 0);
	s.cookie = socket_cookie(client);
	ck_assert_uint_ne(socket_table_add(rig.n.sockets, &s), 0);
	ended = (struct action_sa_delete){ .qm_id = 7, .class_id = CLASS_ENCRYPT,
		.renew = true, .lived_ms = LIVED_MS };
	ended.selector.protocol = protocol;
	ended.selector.local.addr.family = ended.selector.remote.addr.family = 4;
	memcpy(ended.selector.local.addr.b, &to.sin_addr, 4);
	memcpy(ended.selector.remote.addr.b, &to.sin_addr, 4);
	ended.selector.local.port = local;
	ended.selector.remote.port = port;
}

/* With a reset: nothing of it is left. */
static void
client_ends(void)
{
	struct linger at_once = { 1, 0 };

	ck_assert_int_eq(
	    setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
	close(client);
	client = -1;
}

static void
end(void)
{
	close(client);
	close(server);
	nego_renew_free(&rig.n);
	rig_plane_end(plane);
	rig_teardown();
}

/* The timer, after so much more time. */
static void
later(uint64_t ms)
{
	rig.now_ms += ms;
	event_active(rig.n.renew_timer, EV_TIMEOUT, 0);
	rig_turn();
}

static void
expect_asked(size_t n)
{
	ck_assert_uint_eq(rig.n_acquire, n);
	if (n == 0)
		return;
	ck_assert_uint_eq(rig.acquired_class, CLASS_ENCRYPT);
	ck_assert(flow_equal(&rig.acquired, &ended.selector));
}

START_TEST(made_again)
{
	begin(_i == 0 ? IPPROTO_TCP : IPPROTO_UDP);
	nego_renew_ended(&rig.n, &ended);
	expect_asked(0); /* not in the middle of what the engine does */
	later(0);
	expect_asked(1);
	later(AGAIN_MS);
	expect_asked(1);
	end();
}
END_TEST

START_TEST(not_without_need)
{
	begin(IPPROTO_TCP);
	ended.renew = false;
	nego_renew_ended(&rig.n, &ended);
	later(AGAIN_MS);
	expect_asked(0);
	end();
}
END_TEST

START_TEST(not_for_others)
{
	begin(IPPROTO_TCP);
	ended.class_id = CLASS_DEFAULT;
	nego_renew_ended(&rig.n, &ended);
	ended.class_id = CLASS_ENCRYPT;
	ended.selector.remote.port++;
	nego_renew_ended(&rig.n, &ended);
	later(AGAIN_MS);
	expect_asked(0);
	end();
}
END_TEST

START_TEST(not_for_one_that_ended)
{
	begin(IPPROTO_TCP);
	client_ends();
	nego_renew_ended(&rig.n, &ended);
	later(AGAIN_MS);
	expect_asked(0);
	end();
}
END_TEST

/* The socket is there, but talks to nobody in particular. */
START_TEST(not_for_one_that_is_not_connected)
{
	begin(IPPROTO_UDP);
	close(client);
	client = bound_socket(4, SOCK_DGRAM, "127.0.0.1", &ended.selector.local.port);
	nego_renew_ended(&rig.n, &ended);
	later(AGAIN_MS);
	expect_asked(0);
	end();
}
END_TEST

/* After a while, as long as the connection lives. */
START_TEST(failed_is_tried_again)
{
	struct waiter w = { .is_renewal = true, .class_id = CLASS_ENCRYPT };

	begin(IPPROTO_TCP);
	w.flow = ended.selector;
	nego_renew_result(&rig.n, &w, IKE_OK);
	later(AGAIN_MS);
	expect_asked(0);
	for (size_t i = 1; i <= 3; i++) {
		nego_renew_result(&rig.n, &w, IKE_ERR_TIMED_OUT);
		later(AGAIN_MS - 1);
		expect_asked(i - 1);
		later(1);
		expect_asked(i);
	}
	client_ends();
	nego_renew_result(&rig.n, &w, IKE_ERR_TIMED_OUT);
	later(AGAIN_MS);
	expect_asked(3);
	end();
}
END_TEST

/* A peer that ends it at once is not asked for another one at once. */
START_TEST(short_lived_waits)
{
	begin(IPPROTO_TCP);
	ended.lived_ms = 1000;
	nego_renew_ended(&rig.n, &ended);
	later(AGAIN_MS - 1);
	expect_asked(0);
	later(1);
	expect_asked(1);
	end();
}
END_TEST

/* The plane died, and its pairs with it. */
START_TEST(waits_for_a_plane)
{
	begin(IPPROTO_TCP);
	rig_plane_end(plane);
	nego_renew_ended(&rig.n, &ended);
	later(0);
	later(10000);
	expect_asked(0);
	plane = rig_plane_begin();
	later(1000);
	expect_asked(1);
	end();
}
END_TEST

void
daemon_renew_tests(Suite *s)
{
	TCase *tc = tcase_create("renew");

	tcase_add_loop_test(tc, made_again, 0, 2);
	tcase_add_test(tc, not_without_need);
	tcase_add_test(tc, not_for_others);
	tcase_add_test(tc, not_for_one_that_ended);
	tcase_add_test(tc, not_for_one_that_is_not_connected);
	tcase_add_test(tc, failed_is_tried_again);
	tcase_add_test(tc, short_lived_waits);
	tcase_add_test(tc, waits_for_a_plane);
	suite_add_tcase(s, tc);
}
