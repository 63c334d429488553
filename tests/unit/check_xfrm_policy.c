/* Unit tests of the kernel plane's policies: what the kernel refused is not taken for granted. */
#include <check.h>
#include <errno.h>
#include <linux/xfrm.h>
#include <stdlib.h>

#include "tests/unit/run_suite.h"
#include "tests/unit/xfrm_fakes.h"

#define CLASS 5

static struct xfrm *x;

static void
setup(void)
{
	x = fake_setup();
	x->class[CLASS].protocol = 50;
}

static struct xfrm_rule
a_flow(enum xfrm_level level)
{
	const struct flow f = { 6, { { 4, { 10, 0, 0, 1 } }, 50001 },
		{ { 4, { 10, 0, 0, 2 } }, 80 } };

	return xfrm_rule_flow(x, CLASS, &f, level, 50);
}

static bool
set(enum xfrm_level level)
{
	struct xfrm_rule r = a_flow(level);

	return xfrm_policy_set(x, CLASS, &r, UINT64_MAX);
}

START_TEST(equal_ones_are_not_set_again)
{
	ck_assert(set(XFRM_LEVEL_REQUIRED) && set(XFRM_LEVEL_REQUIRED));
	ck_assert_uint_eq(kernel.n_installed, 1);
	xfrm_policy_tick(x);
	ck_assert_uint_eq(kernel.n_installed, 1);
}
END_TEST

/* 0: the tick, 1: who sets the same again */
START_TEST(refused_change_is_tried_again)
{
	ck_assert(set(XFRM_LEVEL_ALLOW));
	kernel.refuses = ENOMEM;
	ck_assert(!set(XFRM_LEVEL_REQUIRED));
	xfrm_policy_tick(x);
	ck_assert_uint_eq(kernel.n_installed, 1);
	kernel.refuses = 0;
	if (_i == 0)
		xfrm_policy_tick(x);
	else
		ck_assert(set(XFRM_LEVEL_REQUIRED));
	ck_assert_uint_eq(kernel.n_installed, 2);
	xfrm_policy_tick(x);
	ck_assert_uint_eq(kernel.n_installed, 2);
}
END_TEST

START_TEST(refused_repair_is_tried_again)
{
	ck_assert(set(XFRM_LEVEL_REQUIRED));
	kernel.refuses = ENOMEM;
	ck_assert_uint_eq(xfrm_policy_repair_all(x), 1);
	kernel.refuses = 0;
	xfrm_policy_tick(x);
	ck_assert_uint_eq(kernel.n_installed, 2);
}
END_TEST

/* Only what is gone, or does something else, is set again: there may be thousands. */
START_TEST(repair_of_what_differs)
{
	struct xfrm_rule guard = xfrm_rule_new(
	    x, CLASS, 4, XFRM_PRIORITY_GUARD, XFRM_LEVEL_BLOCK);

	ck_assert(set(XFRM_LEVEL_REQUIRED));
	ck_assert(xfrm_policy_set(x, CLASS, &guard, UINT64_MAX));
	kernel.there[0] = a_flow(XFRM_LEVEL_REQUIRED);
	kernel.there[1] = guard;
	kernel.there[1].protocol = 0; /* it has no template */
	kernel.there[1].reqid = 0;
	kernel.n_there = 2;
	ck_assert_uint_eq(xfrm_policy_repair_all(x), 0);
	ck_assert_uint_eq(kernel.n_installed, 2);
	kernel.n_there = 1;
	ck_assert_uint_eq(xfrm_policy_repair_all(x), 1);
	ck_assert_uint_eq(kernel.n_installed, 3);
	kernel.there[0].level = XFRM_LEVEL_ALLOW;
	ck_assert_uint_eq(xfrm_policy_repair_all(x), 2);
	kernel.there[0].level = XFRM_LEVEL_REQUIRED;
	kernel.there[0].priority--;
	ck_assert_uint_eq(xfrm_policy_repair_all(x), 2);
}
END_TEST

/* Nobody knows what is there: what goes is only what proves to be ours. Said once. */
START_TEST(refused_one_is_looked_at)
{
	struct xfrm_rule r = a_flow(XFRM_LEVEL_REQUIRED);

	ck_assert(set(XFRM_LEVEL_ALLOW));
	kernel.refuses = EEXIST;
	ck_assert(!set(XFRM_LEVEL_REQUIRED));
	xfrm_policy_tick(x);
	xfrm_policy_tick(x);
	ck_assert_uint_eq(kernel.n_said, 1);
	xfrm_policy_unset(x, &r);
	ck_assert_uint_eq(kernel.n_removed, 0);
	ck_assert_uint_eq(kernel.n_looked_at, 1);
	kernel.refuses = 0;
	ck_assert(set(XFRM_LEVEL_ALLOW));
	xfrm_policy_unset(x, &r);
	ck_assert_uint_eq(kernel.n_removed, 1);
}
END_TEST

START_TEST(refused_new_one_is_not_there)
{
	struct xfrm_rule r = a_flow(XFRM_LEVEL_REQUIRED);

	kernel.refuses = ENOMEM;
	ck_assert(!set(XFRM_LEVEL_REQUIRED));
	ck_assert_ptr_null(xfrm_policy_find(x, &r));
}
END_TEST

/* Another reqid is another policy, for the same traffic. */
START_TEST(connection_has_its_own_pairs)
{
	struct xfrm_rule r;

	ck_assert(set(XFRM_LEVEL_REQUIRED));
	kernel.has_pair_of_connection = true;
	ck_assert(set(XFRM_LEVEL_REQUIRED));
	ck_assert_uint_eq(kernel.n_installed, 2);
	r = a_flow(XFRM_LEVEL_REQUIRED);
	ck_assert_uint_eq(r.reqid, OF_CONNECTION + CLASS);
	ck_assert_uint_eq(xfrm_policy_find(x, &r)->rule.reqid, OF_CONNECTION + CLASS);
}
END_TEST

/* It comes before what counts for any port, with a pair of its own or not. */
START_TEST(connection_comes_first)
{
	struct xfrm_rule r = a_flow(XFRM_LEVEL_REQUIRED), any;

	r.selector.local.port = 0;
	any = xfrm_rule_flow(x, CLASS, &r.selector, XFRM_LEVEL_REQUIRED, 50);
	kernel.has_pair_of_connection = _i == 1;
	r = a_flow(XFRM_LEVEL_REQUIRED);
	ck_assert_uint_lt(r.priority, any.priority);
}
END_TEST

/* A flow may be clear, and part of what another selector has secured: then it is not. */
START_TEST(secured_comes_before_clear)
{
	const struct flow secured = { 6, { { 4, { 10, 0, 0, 1 } }, 50001 },
		{ { 4, { 10, 0, 0, 2 } }, 0 } };
	struct xfrm_rule wide = xfrm_rule_flow(x, CLASS, &secured, XFRM_LEVEL_REQUIRED, 50),
			 clear = a_flow(XFRM_LEVEL_ALLOW);

	ck_assert_uint_lt(wide.priority, clear.priority);
	clear.selector.local.port = 0;
	clear = xfrm_rule_flow(x, CLASS, &clear.selector, XFRM_LEVEL_ALLOW, 50);
	ck_assert_uint_lt(wide.priority, clear.priority);
	ck_assert_uint_lt(clear.priority,
	    xfrm_rule_remote(x, CLASS, &secured.remote.addr).priority);
}
END_TEST

/* What it takes in clear is its own word (class_spec_takes_clear), not that of its action. */
START_TEST(rule_takes_clear_or_not)
{
	const uint32_t id = CLASS;
	struct xfrm_class *c = &x->class[CLASS];
	struct xfrm_rule in;

	c->is_rule = c->is_up = true;
	c->takes_clear = _i == 1;
	c->rule = (struct rule){ .protocol = 6, .local_port = 80, .action = RULE_REQUEST };
	ck_assert(xfrm_rules_set(x, &id, 1));
	in = xfrm_rules_out(x, CLASS, 4, 6);
	in.inbound = true;
	ck_assert_ptr_nonnull(xfrm_policy_find(x, &in));
	ck_assert_int_eq(xfrm_policy_find(x, &in)->rule.level,
	    c->takes_clear ? XFRM_LEVEL_OPTIONAL : XFRM_LEVEL_REQUIRED);
}
END_TEST

static void
rule_of(uint32_t class_id, uint16_t remote_port)
{
	struct xfrm_class *c = &x->class[class_id];

	c->is_rule = c->is_up = c->allow_insecure = c->takes_clear = true;
	c->rule = (struct rule){ .remote_port = remote_port, .action = RULE_REQUEST };
}

static uint32_t
priority_of(const struct xfrm_rule *r)
{
	const struct xfrm_entry *e = xfrm_policy_find(x, r);

	ck_assert_ptr_nonnull(e);
	return e->rule.priority;
}

/* Another rule comes before it (1: after it): so does it for a flow that was let go in clear. */
START_TEST(flows_move_with_their_rule)
{
	const uint32_t before[] = { CLASS, CLASS + 1 }, after[] = { CLASS + 1, CLASS };
	struct xfrm_rule flow, other;

	rule_of(CLASS, 80);
	rule_of(CLASS + 1, 0);
	ck_assert(xfrm_rules_set(x, _i == 0 ? before : after, 2));
	flow = a_flow(XFRM_LEVEL_ALLOW);
	ck_assert(xfrm_policy_set(x, CLASS, &flow, 5000));
	ck_assert(xfrm_rules_set(x, _i == 0 ? after : before, 2));
	other = xfrm_rules_out(x, CLASS + 1, 4, 6);
	ck_assert_int_eq(priority_of(&flow) < priority_of(&other), _i == 1);
	ck_assert_uint_eq(xfrm_policy_find(x, &flow)->until_ms, 5000);
	flow = a_flow(XFRM_LEVEL_ALLOW);
	ck_assert_uint_eq(priority_of(&flow), flow.priority);
	ck_assert_uint_lt(priority_of(&flow), xfrm_rules_out(x, CLASS, 4, 6).priority);
}
END_TEST

/* Who sends to a group is no group: only the host itself is exempt inbound. */
START_TEST(only_loopback_is_exempt_inbound)
{
	const struct address loopback = { 6, { [15] = 1 } };
	const uint32_t id = CLASS;
	const struct xfrm_entry *e;
	size_t n = 0;

	rule_of(CLASS, 80);
	ck_assert(xfrm_rules_set(x, &id, 1));
	for (size_t i = 0; i < XFRM_BUCKETS; i++)
		LIST_FOREACH (e, &x->entry[i], link) {
			if (!e->rule.inbound || e->rule.level != XFRM_LEVEL_ALLOW)
				continue;
			n++;
			ck_assert_uint_eq(e->rule.remote_prefix, 128);
			ck_assert_mem_eq(
			    e->rule.selector.remote.addr.b, loopback.b, sizeof(loopback.b));
		}
	ck_assert_uint_eq(n, 1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("xfrm_policy");
	TCase *t = tcase_create("policies");

	tcase_add_checked_fixture(t, setup, fake_teardown);
	tcase_add_test(t, equal_ones_are_not_set_again);
	tcase_add_loop_test(t, refused_change_is_tried_again, 0, 2);
	tcase_add_test(t, refused_repair_is_tried_again);
	tcase_add_test(t, repair_of_what_differs);
	tcase_add_test(t, refused_one_is_looked_at);
	tcase_add_test(t, refused_new_one_is_not_there);
	tcase_add_test(t, connection_has_its_own_pairs);
	tcase_add_loop_test(t, connection_comes_first, 0, 2);
	tcase_add_test(t, secured_comes_before_clear);
	tcase_add_loop_test(t, rule_takes_clear_or_not, 0, 2);
	tcase_add_loop_test(t, flows_move_with_their_rule, 0, 2);
	tcase_add_test(t, only_loopback_is_exempt_inbound);
	suite_add_tcase(s, t);
	return run_suite(s);
}
