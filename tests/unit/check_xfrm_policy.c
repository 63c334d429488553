/* Unit tests of the kernel plane's policies: what the kernel refused is not taken for granted. */
#include <check.h>
#include <errno.h>
#include <linux/xfrm.h>
#include <stdlib.h>

#include "daemon/xfrm_state.h"

#define CLASS 5
#define OF_CONNECTION 77

static struct xfrm *x;
static int refuses; /* errno of the kernel; 0: it takes everything */
static size_t n_installed, n_removed, n_looked_at, n_said;
static bool has_pair_of_connection;
static struct xfrm_rule there[4]; /* what a dump shows */
static size_t n_there;

/* ---- fakes ---- */

bool
xfrm_has_ipv6(void)
{
	return true;
}

size_t
xfrm_bucket(const struct address *a)
{
	return a->b[3];
}

struct xfrm_mark_value
xfrm_policy_mark(const struct xfrm *xf, uint32_t class_id)
{
	(void)xf;
	return (struct xfrm_mark_value){ class_id << 20, 0x7ff00000 };
}

uint32_t
xfrm_reqid(uint32_t class_id)
{
	return class_id;
}

uint32_t
xfrm_reqid_connection(uint32_t class_id)
{
	(void)class_id;
	return OF_CONNECTION;
}

enum xfrm_level
xfrm_class_level(const struct xfrm *xf, uint32_t class_id)
{
	(void)xf;
	(void)class_id;
	return XFRM_LEVEL_REQUIRED;
}

bool
xfrm_rules_is_base(const struct xfrm *xf, const struct xfrm_entry *e)
{
	(void)xf;
	(void)e;
	return false;
}

bool
xfrm_pair_is_of_connection(
    const struct xfrm *xf, uint32_t class_id, const struct flow *selector)
{
	(void)xf;
	(void)class_id;
	return has_pair_of_connection && selector->local.port != 0;
}

/* What somebody else has left of ours. */
int
xfrm_netlink_dump(uint16_t type, xfrm_netlink_each *each, void *ctx)
{
	ck_assert_int_eq(type, XFRM_MSG_GETPOLICY);
	for (size_t i = 0; i < n_there; i++) {
		struct xfrm_event e = { .type = XFRM_EVENT_POLICY, .rule = there[i] };

		each(ctx, &e);
	}
	return 0;
}

int
xfrm_install(struct xfrm *xf, const struct xfrm_rule *r, bool was_there)
{
	(void)xf;
	(void)r;
	(void)was_there;
	n_installed += refuses == 0;
	return -refuses;
}

void
xfrm_uninstall(struct xfrm *xf, const struct xfrm_rule *r, bool is_there)
{
	(void)xf;
	(void)r;
	(*(is_there ? &n_removed : &n_looked_at))++;
}

void
xfrm_install_failed(struct xfrm *xf, const struct xfrm_rule *r, int error)
{
	(void)xf;
	(void)r;
	ck_assert_int_eq(error, -refuses);
	n_said++;
}

/* ---- rig ---- */

static void
setup(void)
{
	x = calloc(1, sizeof(*x));
	ck_assert_ptr_nonnull(x);
	x->now_ms = 1000;
	x->class[CLASS].protocol = 50;
	refuses = 0;
	n_installed = n_removed = n_looked_at = n_said = n_there = 0;
	has_pair_of_connection = false;
}

static void
teardown(void)
{
	xfrm_policy_forget(x);
	free(x);
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
	ck_assert_uint_eq(n_installed, 1);
	xfrm_policy_tick(x);
	ck_assert_uint_eq(n_installed, 1);
}
END_TEST

/* 0: the tick, 1: who sets the same again */
START_TEST(refused_change_is_tried_again)
{
	ck_assert(set(XFRM_LEVEL_ALLOW));
	refuses = ENOMEM;
	ck_assert(!set(XFRM_LEVEL_REQUIRED));
	xfrm_policy_tick(x);
	ck_assert_uint_eq(n_installed, 1);
	refuses = 0;
	if (_i == 0)
		xfrm_policy_tick(x);
	else
		ck_assert(set(XFRM_LEVEL_REQUIRED));
	ck_assert_uint_eq(n_installed, 2);
	xfrm_policy_tick(x);
	ck_assert_uint_eq(n_installed, 2);
}
END_TEST

START_TEST(refused_repair_is_tried_again)
{
	ck_assert(set(XFRM_LEVEL_REQUIRED));
	refuses = ENOMEM;
	ck_assert_uint_eq(xfrm_policy_repair_all(x), 1);
	refuses = 0;
	xfrm_policy_tick(x);
	ck_assert_uint_eq(n_installed, 2);
}
END_TEST

/* Only what is gone, or does something else, is set again: there may be thousands. */
START_TEST(repair_of_what_differs)
{
	struct xfrm_rule guard = xfrm_rule_new(
	    x, CLASS, 4, XFRM_PRIORITY_GUARD, XFRM_LEVEL_BLOCK);

	ck_assert(set(XFRM_LEVEL_REQUIRED));
	ck_assert(xfrm_policy_set(x, CLASS, &guard, UINT64_MAX));
	there[0] = a_flow(XFRM_LEVEL_REQUIRED);
	there[1] = guard;
	there[1].protocol = 0; /* it has no template */
	there[1].reqid = 0;
	n_there = 2;
	ck_assert_uint_eq(xfrm_policy_repair_all(x), 0);
	ck_assert_uint_eq(n_installed, 2);
	n_there = 1;
	ck_assert_uint_eq(xfrm_policy_repair_all(x), 1);
	ck_assert_uint_eq(n_installed, 3);
	there[0].level = XFRM_LEVEL_ALLOW;
	ck_assert_uint_eq(xfrm_policy_repair_all(x), 2);
	there[0].level = XFRM_LEVEL_REQUIRED;
	there[0].priority--;
	ck_assert_uint_eq(xfrm_policy_repair_all(x), 2);
}
END_TEST

/* Nobody knows what is there: what goes is only what proves to be ours. Said once. */
START_TEST(refused_one_is_looked_at)
{
	struct xfrm_rule r = a_flow(XFRM_LEVEL_REQUIRED);

	ck_assert(set(XFRM_LEVEL_ALLOW));
	refuses = EEXIST;
	ck_assert(!set(XFRM_LEVEL_REQUIRED));
	xfrm_policy_tick(x);
	xfrm_policy_tick(x);
	ck_assert_uint_eq(n_said, 1);
	xfrm_policy_unset(x, &r);
	ck_assert_uint_eq(n_removed, 0);
	ck_assert_uint_eq(n_looked_at, 1);
	refuses = 0;
	ck_assert(set(XFRM_LEVEL_ALLOW));
	xfrm_policy_unset(x, &r);
	ck_assert_uint_eq(n_removed, 1);
}
END_TEST

START_TEST(refused_new_one_is_not_there)
{
	struct xfrm_rule r = a_flow(XFRM_LEVEL_REQUIRED);

	refuses = ENOMEM;
	ck_assert(!set(XFRM_LEVEL_REQUIRED));
	ck_assert_ptr_null(xfrm_policy_find(x, &r));
}
END_TEST

/* Another reqid is another policy, for the same traffic, before that of any port. */
START_TEST(connection_has_its_own_pairs)
{
	struct xfrm_rule r, any = a_flow(XFRM_LEVEL_REQUIRED);

	ck_assert(set(XFRM_LEVEL_REQUIRED));
	has_pair_of_connection = true;
	ck_assert(set(XFRM_LEVEL_REQUIRED));
	ck_assert_uint_eq(n_installed, 2);
	r = a_flow(XFRM_LEVEL_REQUIRED);
	ck_assert_uint_eq(r.reqid, OF_CONNECTION);
	ck_assert_uint_lt(r.priority, any.priority);
	ck_assert_uint_eq(xfrm_policy_find(x, &r)->rule.reqid, OF_CONNECTION);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("xfrm_policy");
	TCase *t = tcase_create("policies");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, equal_ones_are_not_set_again);
	tcase_add_loop_test(t, refused_change_is_tried_again, 0, 2);
	tcase_add_test(t, refused_repair_is_tried_again);
	tcase_add_test(t, repair_of_what_differs);
	tcase_add_test(t, refused_one_is_looked_at);
	tcase_add_test(t, refused_new_one_is_not_there);
	tcase_add_test(t, connection_has_its_own_pairs);
	suite_add_tcase(s, t);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
