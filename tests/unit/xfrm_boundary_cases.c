/* There is an SA, and the traffic stays in clear: a peer with boundary behind a NAT. */
#include <string.h>

#include "tests/unit/check_xfrm_send.h"

static struct action_sa_add
boundary_pair(uint32_t id, const struct flow *selector)
{
	struct action_sa_add a = pair_of(id, selector, false);

	a.class_id = CLASS_INSECURE;
	a.peer_boundary = true;
	a.nat.local = (struct endpoint){ selector->local.addr, 4500 };
	a.nat.remote = (struct endpoint){ selector->remote.addr, 1234 };
	return a;
}

static enum xfrm_level
level_of(const struct flow *selector)
{
	const struct xfrm_rule *r = policy_for(selector);

	ck_assert_ptr_nonnull(r);
	return r->level;
}

START_TEST(boundary_behind_a_nat_stays_clear)
{
	struct flow any = flow_of(6, 80, 0);

	pair_install(boundary_pair(1, &any));
	ck_assert_int_eq(level_of(&any), XFRM_LEVEL_ALLOW);
	ck_assert(xfrm_boundary_is_clear(x, CLASS_INSECURE, &any));
	ck_assert(!xfrm_clear_never(x, CLASS_INSECURE, &any));
	ck_assert_uint_eq(n_told, 1);
	xfrm_boundary_tick(x, xfrm_pair_by_id(x, 1));
	ck_assert_int_eq(level_of(&any), XFRM_LEVEL_ALLOW);
	pair_install(boundary_pair(2, &any));
	xfrm_pair_delete(x, 1);
	ck_assert_int_eq(level_of(&any), XFRM_LEVEL_ALLOW);
	xfrm_pair_delete(x, 2);
	ck_assert_ptr_null(policy_for(&any)); /* the class asks again */
}
END_TEST

/* What comes from the peer protected secures it, and so does a pair of another kind. */
START_TEST(boundary_is_secured)
{
	struct flow any = flow_of(6, 80, 0);
	struct action_sa_add a = boundary_pair(2, &any);

	pair_install(boundary_pair(1, &any));
	if (_i == 0) {
		xfrm_pair_by_id(x, 1)->packets[1] = 1;
		xfrm_boundary_tick(x, xfrm_pair_by_id(x, 1));
	} else {
		a.peer_boundary = false;
		pair_install(a);
	}
	ck_assert_int_eq(level_of(&any), XFRM_LEVEL_REQUIRED);
	ck_assert(!xfrm_boundary_is_clear(x, CLASS_INSECURE, &any));
	pair_install(boundary_pair(3, &any)); /* never back */
	xfrm_pair_delete(x, 1);
	ck_assert_int_eq(level_of(&any), XFRM_LEVEL_REQUIRED);
	ck_assert_uint_eq(n_told, 1);
}
END_TEST

/* 0: not in UDP; 1: a peer without boundary; 2: a class that is never clear */
START_TEST(boundary_is_no_excuse)
{
	struct flow any = flow_of(6, 80, 0);
	struct action_sa_add a = boundary_pair(1, &any);

	if (_i == 0)
		memset(&a.nat, 0, sizeof(a.nat));
	a.peer_boundary = _i != 1;
	if (_i == 2)
		a.class_id = CLASS_DEFAULT;
	pair_install(a);
	ck_assert(sends(1) && n_told == 0);
	ck_assert(policy_for(&any) == NULL || level_of(&any) == XFRM_LEVEL_REQUIRED);
	ck_assert(xfrm_clear_never(x, CLASS_INSECURE, &any) == (_i != 2));
}
END_TEST

/* A connection that was secured before goes by such a pair, whose other traffic is clear. */
START_TEST(boundary_serves_what_was_secured)
{
	struct flow any = flow_of(6, 80, 0), one = flow_of(6, 80, 1000);
	struct action_sa_add a = boundary_pair(1, &any);

	a.peer_boundary = false;
	pair_install(a);
	connection(&one, CLASS_INSECURE);
	xfrm_pair_delete(x, 1);
	ticks(1000);
	pair_install(boundary_pair(2, &any));
	ck_assert_int_eq(level_of(&any), XFRM_LEVEL_ALLOW);
	ck_assert_int_eq(level_of(&one), XFRM_LEVEL_REQUIRED);
	ck_assert_uint_eq(policy_for(&one)->reqid, CLASS_INSECURE);
}
END_TEST

void
xfrm_boundary_cases(TCase *t)
{
	tcase_add_test(t, boundary_serves_what_was_secured);
	tcase_add_test(t, boundary_behind_a_nat_stays_clear);
	tcase_add_loop_test(t, boundary_is_secured, 0, 2);
	tcase_add_loop_test(t, boundary_is_no_excuse, 0, 3);
}
