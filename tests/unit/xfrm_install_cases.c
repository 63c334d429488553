/* Unit tests of the policies of ours and of others in one kernel: theirs are never touched. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/log.h"
#include "daemon/net.h"
#include "daemon/xfrm_state.h"
#include "tests/unit/check_xfrm_netlink.h"

#define MASK 0x7ff00000u
#define CLASS 5u

static struct config config = { .mark_mask = MASK };
static struct xfrm *x;
static char logged[512];

/* ---- fakes ---- */

void
log_error(const char *token, const char *fmt, ...)
{
	va_list ap;

	(void)token;
	va_start(ap, fmt);
	vsnprintf(logged, sizeof(logged), fmt, ap);
	va_end(ap);
}

void
log_warn(const char *token, const char *fmt, ...)
{
	(void)token;
	(void)fmt;
}

uint32_t
net_mark_class(const struct config *c, uint32_t mark)
{
	return (mark & c->mark_mask) >> 20;
}

uint32_t
xfrm_reqid_class(uint32_t reqid)
{
	return reqid >= XFRM_REQID_FIRST ? reqid - XFRM_REQID_FIRST : 0;
}

/* ---- rig ---- */

static void
setup(void)
{
	xfrm_netns_enter();
	x = calloc(1, sizeof(*x));
	ck_assert_ptr_nonnull(x);
	x->config = &config;
	ck_assert_ptr_nonnull(x->netlink = xfrm_netlink_open());
	logged[0] = '\0';
}

static void
teardown(void)
{
	xfrm_netlink_close(x->netlink);
	free(x);
}

/* A gate: for clear packets that come in. */
static struct xfrm_rule
gate(void)
{
	return (struct xfrm_rule){
		.inbound = true,
		.family = 4,
		.selector = { 6, { { 4, { 10, 0, 0, 1 } }, 80 }, { { 4, { 10, 0, 0, 2 } }, 0 } },
		.local_prefix = 255,
		.remote_prefix = 255,
		.priority = XFRM_PRIORITY_FIRST + XFRM_PRIORITY_FLOW,
		.level = XFRM_LEVEL_REQUIRED,
		.protocol = 50,
		.reqid = XFRM_REQID_FIRST + CLASS,
	};
}

static struct xfrm_rule
of_class(void)
{
	struct xfrm_rule r = gate();

	r.inbound = false;
	r.mark = (struct xfrm_mark_value){ CLASS << 20, MASK };
	return r;
}

/* What somebody else has for the very same traffic. */
static struct xfrm_rule
foreign(struct xfrm_rule r)
{
	r.priority = 100;
	r.reqid = 7;
	return r;
}

static void
add(struct xfrm_rule r)
{
	uint8_t buf[XFRM_MESSAGE_BYTES];

	ck_assert_int_eq(
	    xfrm_netlink_talk(x->netlink, xfrm_message_policy_add(buf, &r, true)), 0);
}

/* The reqid of what is there; 0: nothing. */
static uint32_t
reqid_there(struct xfrm_rule r)
{
	uint8_t buf[XFRM_MESSAGE_BYTES];
	struct xfrm_event e;

	return xfrm_netlink_ask(x->netlink, xfrm_message_policy_get(buf, &r), &e) == 0 ?
		   e.rule.reqid :
		   0;
}

/* ---- cases ---- */

/* 0: a gate without a mark, 1: even one with the mark of a class. */
START_TEST(foreign_has_the_place)
{
	struct xfrm_rule r = _i == 0 ? gate() : of_class();
	int error;

	add(foreign(r));
	ck_assert_int_eq(error = xfrm_install(x, &r, false), -EEXIST);
	ck_assert_uint_eq(reqid_there(r), 7);
	xfrm_uninstall(x, &r, false);
	ck_assert_msg(reqid_there(r) == 7, "another program's policy was deleted");
	xfrm_install_failed(x, &r, error);
	ck_assert_ptr_nonnull(strstr(logged, _i == 0 ?
		"another program's IPsec policy has the place of one of class 5 (inbound, from "
		"10.0.0.2/32 to 10.0.0.1/32 port 80, protocol 6, mark 0x0/0x0) and stays" :
		"(outbound, to 10.0.0.2/32 from 10.0.0.1/32 port 80, protocol 6, mark "
		"0x500000/0x7ff00000) and stays"));
}
END_TEST

/* Somebody took what was ours: with the mark of a class nobody else has business. */
START_TEST(taken_place)
{
	struct xfrm_rule g = gate(), c = of_class();

	ck_assert_int_eq(xfrm_install(x, &g, false), 0);
	ck_assert_int_eq(xfrm_install(x, &c, false), 0);
	add(foreign(g));
	add(foreign(c));
	ck_assert_int_eq(xfrm_install(x, &g, true), -EEXIST);
	ck_assert_uint_eq(reqid_there(g), 7);
	ck_assert_int_eq(xfrm_install(x, &c, true), 0);
	ck_assert_uint_eq(reqid_there(c), c.reqid);
}
END_TEST

/* What an earlier daemon left is ours: it is replaced, at no time gone. */
START_TEST(leftovers_are_replaced)
{
	struct xfrm_rule r = _i == 0 ? gate() : of_class(), old = r;

	old.reqid++;
	old.priority++;
	add(old);
	ck_assert_int_eq(xfrm_install(x, &r, false), 0);
	ck_assert_uint_eq(reqid_there(r), r.reqid);
	xfrm_uninstall(x, &r, true);
	ck_assert_uint_eq(reqid_there(r), 0);
}
END_TEST

/* Whoever holds a place for hours is not a line for each second of them. */
START_TEST(log_is_limited)
{
	struct xfrm_rule r = gate();
	int n = 0;

	for (x->now_ms = 1000; x->now_ms < 121000; x->now_ms += 100) {
		logged[0] = '\0';
		xfrm_install_failed(x, &r, -EEXIST);
		n += logged[0] != '\0';
	}
	ck_assert_int_eq(n, 2 * LOG_LIMIT_LINES);
}
END_TEST

TCase *
xfrm_install_cases(void)
{
	TCase *t = tcase_create("install");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, foreign_has_the_place, 0, 2);
	tcase_add_test(t, taken_place);
	tcase_add_loop_test(t, leftovers_are_replaced, 0, 2);
	tcase_add_test(t, log_is_limited);
	return t;
}
