/* Control clients that do not read, or are too many. */
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "daemon/ctl_server.h"
#include "tests/unit/check_daemon.h"

/* Reads what there is; returns true at the end of the stream. */
static bool
drain(int c)
{
	static char b[65536];
	ssize_t n;

	do {
		n = recv(c, b, sizeof(b), MSG_DONTWAIT);
		rig_turn();
	} while (n > 0);
	return n == 0 || errno != EAGAIN;
}

#define LONG "a line of some length: a line of some length: a line of some length. "

static const struct action_event event = { .type = EVENT_MM_STARTED,
	.text = LONG LONG LONG LONG LONG LONG };

static void
many_events(int times)
{
	for (int i = 0; i < times; i++) {
		ctl_server_event(rig.n.ctl, &event);
		if (i % 1000 == 0)
			rig_turn();
	}
}

START_TEST(monitor)
{
	int c = ctl_dial(false), quiet = ctl_dial(false);
	char b[1024];
	ssize_t n;

	ck_assert_int_gt(send(c, "{\"cmd\":\"monitor\"}\n", 18, 0), 0);
	rig_turn();
	ctl_server_event(rig.n.ctl, &event);
	rig_turn();
	n = recv(c, b, sizeof(b) - 1, MSG_DONTWAIT);
	ck_assert_int_gt(n, 0);
	b[n] = '\0';
	ck_assert_ptr_nonnull(strstr(b, "\"event\":\"main-mode-started\""));
	ck_assert_ptr_nonnull(strstr(b, event.text));
	ck_assert_int_lt(recv(quiet, b, sizeof(b), MSG_DONTWAIT), 0);
	close(c);
	close(quiet);
}
END_TEST

START_TEST(monitor_that_does_not_read)
{
	int c = ctl_dial(false);

	ck_assert_int_gt(send(c, "{\"cmd\":\"monitor\"}\n", 18, 0), 0);
	rig_turn();
	many_events(20000);
	rig_turn();
	ck_assert(drain(c));
	close(c);
}
END_TEST

static void
pump_events(struct negotiator *n)
{
	ctl_server_event(n->ctl, &event);
}

/* Its own request is what makes the server give it up. */
START_TEST(monitor_that_asks_and_does_not_read)
{
	static const char delete[] =
	    "{\"cmd\":\"delete\",\"what\":\"main-mode\",\"id\":1}\n";
	int c = ctl_dial(true);

	ck_assert_int_gt(send(c, "{\"cmd\":\"monitor\"}\n", 18, 0), 0);
	rig_turn();
	rig.pump = pump_events;
	for (int i = 0; i < 60000; i++) {
		if (send(c, delete, sizeof(delete) - 1, MSG_DONTWAIT | MSG_NOSIGNAL) <
		    0)
			break;
		event_base_loop(rig.base, EVLOOP_NONBLOCK);
	}
	rig_turn();
	ck_assert(drain(c));
	close(c);
}
END_TEST

/* Endless requests without reading the answers: memory is bounded. */
START_TEST(status_that_is_not_read)
{
	static const char ask[] = "{\"cmd\":\"status\"}\n";
	int c = ctl_dial(false);
	ssize_t n = 0;

	for (int i = 0; i < 60000 && n >= 0; i++) {
		n = send(c, ask, sizeof(ask) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (i % 50 == 0 || n < 0)
			rig_turn();
	}
	ck_assert_int_lt(n, 0);
	ck_assert(drain(c));
	close(c);
}
END_TEST

static const char ask_status[] = "{\"cmd\":\"status\"}\n";

/* Main modes with so many peers: a status of more than 8 MB. */
static void
many_main_modes(void)
{
	struct engine_acquire a = {
		.selector = { 6, { { 4, { 10, 0, 0, 1 } }, 0 }, { { 4, { 11 } }, 80 } },
		.policy = { .class_id = 1, .policy = &rig.config.policy },
	};

	for (uint32_t i = 1; i <= 10000; i++) {
		a.ticket = i;
		a.selector.remote.addr.b[2] = (uint8_t)(i >> 8);
		a.selector.remote.addr.b[3] = (uint8_t)i;
		engine_acquire(rig.n.engine, rig.now_ms, &a);
		while (engine_next_action(rig.n.engine) != NULL)
			;
	}
}

START_TEST(status_of_many)
{
	static char b[65536];
	size_t total = 0;
	ssize_t n = 0;
	int c;

	many_main_modes();
	c = ctl_dial(false);
	ck_assert_int_gt(send(c, ask_status, sizeof(ask_status) - 1, 0), 0);
	do {
		rig_turn();
		n = recv(c, b, sizeof(b), MSG_DONTWAIT);
		total += n > 0 ? (size_t)n : 0;
	} while (n > 0 && b[n - 1] != '\n');
	ck_assert_int_gt(n, 0);
	ck_assert_uint_gt(total, 8 * 1024 * 1024);
	close(c);
}
END_TEST

/* As this user; not root: as oneself. */
static int dial_as(uid_t uid, bool may_change);

/* Sixteen of them that nobody reads do not take sixteen times the memory. */
START_TEST(statuses_that_a_user_does_not_read)
{
	char b[256];
	ssize_t n;
	int c[2], other;

	if (geteuid() != 0)
		return;
	many_main_modes();
	for (int i = 0; i < 2; i++) {
		c[i] = dial_as(4711, false);
		ck_assert_int_gt(send(c[i], ask_status, sizeof(ask_status) - 1, 0), 0);
		rig_turn();
	}
	n = recv(c[1], b, sizeof(b) - 1, MSG_DONTWAIT);
	ck_assert_int_gt(n, 0);
	b[n] = '\0';
	ck_assert_ptr_nonnull(strstr(b, "\"ok\":false"));
	ck_assert_ptr_nonnull(strstr(b, "wait to be read"));
	other = dial_as(4712, false);
	ck_assert_int_gt(send(other, ask_status, sizeof(ask_status) - 1, 0), 0);
	rig_turn();
	ck_assert_int_eq(recv(other, b, sizeof(b) - 1, MSG_DONTWAIT), sizeof(b) - 1);
	close(other);
	close(c[0]);
	close(c[1]);
}
END_TEST

static bool
is_open(int c)
{
	char b;

	return recv(c, &b, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

static int
dial_as(uid_t uid, bool may_change)
{
	bool is_root = geteuid() == 0;
	int c;

	ck_assert(!is_root || seteuid(uid) == 0);
	c = ctl_dial(may_change);
	ck_assert(!is_root || seteuid(0) == 0);
	return c;
}

/* Those who only look cannot keep the administrator out. */
START_TEST(clients_are_bounded)
{
	int c[65], admin;

	for (int i = 0; i < 65; i++)
		c[i] = dial_as((uid_t)(geteuid() == 0 ? 4000 + i / 10 : 0), false);
	if (geteuid() == 0) {
		ck_assert(is_open(c[63]));
		ck_assert(!is_open(c[64]));
	}
	admin = ctl_dial(true);
	ck_assert(is_open(admin));
	close(admin);
	for (int i = 0; i < 65; i++)
		close(c[i]);
	rig_turn();
	c[0] = ctl_dial(false);
	ck_assert(is_open(c[0]));
	close(c[0]);
}
END_TEST

/* Nor can one of them the others. */
START_TEST(clients_of_a_user_are_bounded)
{
	int c[17], other;

	for (int i = 0; i < 17; i++)
		c[i] = dial_as(4711, false);
	ck_assert(is_open(c[15]));
	ck_assert(!is_open(c[16]));
	if (geteuid() == 0) {
		other = dial_as(4712, false);
		ck_assert(is_open(other));
		close(other);
		other = ctl_dial(false);
		ck_assert(is_open(other));
		close(other);
	}
	close(c[0]);
	rig_turn();
	other = dial_as(4711, false);
	ck_assert(is_open(other));
	close(other);
	for (int i = 1; i < 17; i++)
		close(c[i]);
}
END_TEST

START_TEST(no_descriptor_stays)
{
	size_t before = open_descriptors();

	for (int i = 0; i < 1000; i++) {
		int c = ctl_dial(i % 2 == 0);

		if (i % 3 == 0)
			ck_assert_int_gt(send(c, "{\"cmd\":\"status\"}\n", 17, 0), 0);
		close(c);
		rig_turn();
	}
	ck_assert_uint_eq(open_descriptors(), before);
}
END_TEST

void
daemon_ctl_limit_tests(Suite *s)
{
	TCase *t = tcase_create("ctl-limit");

	tcase_add_checked_fixture(t, ctl_setup, ctl_teardown);
	tcase_set_timeout(t, 20);
	tcase_add_test(t, monitor);
	tcase_add_test(t, monitor_that_does_not_read);
	tcase_add_test(t, monitor_that_asks_and_does_not_read);
	tcase_add_test(t, status_that_is_not_read);
	tcase_add_test(t, status_of_many);
	tcase_add_test(t, statuses_that_a_user_does_not_read);
	tcase_add_test(t, clients_are_bounded);
	tcase_add_test(t, clients_of_a_user_are_bounded);
	tcase_add_test(t, no_descriptor_stays);
	suite_add_tcase(s, t);
}
