/* Unit tests of the netlink sockets, with the policies of this kernel in a network namespace. */
#define _GNU_SOURCE
#include <sys/socket.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/xfrm_netlink.h"
#include "tests/unit/check_xfrm_netlink.h"
#include "tests/unit/run_suite.h"

#define MANY 3000
#define SKIPPED 77 /* for automake */

static struct xfrm_netlink *own, *other;
static int events;

struct heard {
	size_t n;
	uint32_t port_id;
};

static void
hear(void *ctx, const struct xfrm_event *e)
{
	struct heard *h = ctx;

	ck_assert_int_eq(e->type, XFRM_EVENT_POLICY);
	h->n++;
	h->port_id = e->port_id;
}

void
xfrm_netns_enter(void)
{
	ck_assert_int_eq(unshare(CLONE_NEWNET), 0);
}

static void
setup(void)
{
	xfrm_netns_enter();
	own = xfrm_netlink_open();
	other = xfrm_netlink_open();
	ck_assert(own != NULL && other != NULL);
	events = xfrm_netlink_listen(own);
	ck_assert_int_ge(events, 0);
}

static void
teardown(void)
{
	close(events);
	xfrm_netlink_close(own);
	xfrm_netlink_close(other);
}

/* Each has its own address. */
static void
policies_add(struct xfrm_netlink *nl, unsigned first, unsigned n)
{
	uint8_t buf[XFRM_MESSAGE_BYTES];

	for (unsigned i = first; i < first + n; i++) {
		struct xfrm_rule r = { .family = 4,
			.remote_prefix = 255,
			.priority = 7,
			.level = XFRM_LEVEL_BLOCK,
			.selector.remote.addr = { 4, { 10, 1, (uint8_t)(i >> 8), (uint8_t)i } } };

		ck_assert_int_eq(
		    xfrm_netlink_talk(nl, xfrm_message_policy_add(buf, &r, false)), 0);
	}
}

static bool
read_all(struct heard *h, bool *lost)
{
	for (int i = 0; i < MANY; i++)
		if (xfrm_netlink_read(events, hear, h, lost))
			return true;
	return false;
}

static void
buffer_is(int bytes)
{
	ck_assert_int_eq(
	    setsockopt(events, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)), 0);
}

/* ---- cases ---- */

/* What keeper does itself, all at once, is no news: it must not push out what is. */
START_TEST(own_changes_are_not_heard)
{
	struct heard h = { 0, 0 };
	bool lost = false;

	buffer_is(32 * 1024);
	policies_add(own, 0, MANY);
	policies_add(other, MANY, 1);
	ck_assert(read_all(&h, &lost));
	ck_assert(!lost);
	ck_assert_uint_eq(h.n, 1);
	ck_assert_uint_eq(h.port_id, xfrm_netlink_port_id(other));
}
END_TEST

/* What is lost is told, and after that everything is heard again. */
START_TEST(loss_is_told)
{
	struct heard h = { 0, 0 };
	bool lost = false;

	buffer_is(32 * 1024);
	policies_add(other, 0, MANY);
	ck_assert(read_all(&h, &lost));
	ck_assert(lost);
	ck_assert_uint_lt(h.n, MANY);
	lost = false;
	h.n = 0;
	policies_add(other, MANY, 3);
	ck_assert(read_all(&h, &lost));
	ck_assert(!lost);
	ck_assert_uint_eq(h.n, 3);
}
END_TEST

/* Whoever floods us does not keep us from everything else. */
START_TEST(reading_has_an_end)
{
	struct heard h = { 0, 0 };
	bool lost = false;

	buffer_is(8 * 1024 * 1024);
	policies_add(other, 0, 1000);
	ck_assert(!xfrm_netlink_read(events, hear, &h, &lost));
	ck_assert_uint_lt(h.n, 1000);
	if (!lost) { /* a small buffer of a small machine may be */
		ck_assert(read_all(&h, &lost));
		ck_assert_uint_eq(h.n, 1000);
	}
}
END_TEST

static bool
kernel_has_policies(void)
{
	struct xfrm_netlink *nl;

	if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
		return false;
	nl = xfrm_netlink_open();
	xfrm_netlink_close(nl);
	return nl != NULL;
}

int
main(void)
{
	Suite *s = suite_create("xfrm_netlink");
	TCase *t = tcase_create("events");

	if (!kernel_has_policies()) {
		printf("skipped: no network namespace with IPsec policies: %s\n",
		    strerror(errno));
		return SKIPPED;
	}
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, own_changes_are_not_heard);
	tcase_add_test(t, loss_is_told);
	tcase_add_test(t, reading_has_an_end);
	suite_add_tcase(s, t);
	suite_add_tcase(s, xfrm_install_cases());
	suite_add_tcase(s, xfrm_leftovers_cases());
	return run_suite(s);
}
