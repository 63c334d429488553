/*
 * Unit tests of rules in both data planes: what the negotiator makes of the configuration goes
 * through keeper to nftables (a list of struct net_rule) and to the kernel's IPsec (policies, in
 * a small kernel here). For any packet both must say the same.
 */
#include "config.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/class_table.h"
#include "daemon/keeper_state.h"
#include "daemon/negotiator.h"
#include "daemon/net.h"
#include "daemon/net_exempt.h"
#include "daemon/net_rules.h"
#include "daemon/xfrm_state.h"
#include "tests/unit/run_suite.h"
#include "tests/unit/xfrm_kernel.h"

#define LISTS 60

/* ---- nftables ---- */

static struct net_rule list[CONFIG_MAX_RULES];
static size_t n_list;

bool
net_rules_set(const struct config *c, const struct net_rule *rules, size_t n)
{
	(void)c;
	memcpy(list, rules, n * sizeof(*rules));
	n_list = n;
	return true;
}

bool
net_exempt(const struct config *c, bool has_rules)
{
	(void)c;
	(void)has_rules;
	return true;
}

/* ---- the daemon ---- */

static struct config config;
static struct event_base *base;
static struct negotiator nego;
static struct keeper keeper;
static struct xfrm *x;

static void
made(void *ctx, uint32_t class_id)
{
	struct class_spec *s = malloc(sizeof(*s));

	(void)ctx;
	ck_assert_ptr_nonnull(s);
	*s = *class_by_id(nego.classes, class_id);
	keeper.class[class_id] = s;
	ck_assert(xfrm_class_up(x, class_id, s));
}

static void
ended(void *ctx, uint32_t class_id)
{
	(void)ctx;
	xfrm_class_down(x, class_id, false);
	free(keeper.class[class_id]);
	keeper.class[class_id] = NULL;
}

/* What keeper does with PROTO_RULES, for both. */
static void
rules_set(void)
{
	nego_rules_set(&nego);
	keeper.rules = nego.rules;
	keeper.xfrm = x;
	keeper_rules_apply(&keeper);
	keeper.xfrm = NULL;
	keeper.had_rules = true;
	keeper_rules_apply(&keeper);
	(void)event_base_loop(base, EVLOOP_NONBLOCK); /* classes without a rule end */
}

static void
setup(void)
{
	static const struct class_table_ops ops = { made, ended };

	memset(&nego, 0, sizeof(nego));
	memset(&keeper, 0, sizeof(keeper));
	kernel_flush();
	n_list = 0;
	config_set_default(&config);
	base = event_base_new();
	x = xfrm_new(base, &config, -1);
	nego.config = keeper.config = &config;
	nego.classes = class_table_new(
	    base, net_class_limit(&config), 64, &config.policy, &ops, NULL);
	ck_assert(x != NULL && nego.classes != NULL);
}

static void
teardown(void)
{
	config.n_rule = 0;
	rules_set();
	ck_assert_uint_eq(kernel_policies(), 0);
	class_table_free(nego.classes);
	xfrm_free(x);
	event_base_free(base);
}

/* ---- the question ---- */

#define POOL(type, name, ...) static const type name[] = { __VA_ARGS__ }
#define N(pool) (sizeof(pool) / sizeof((pool)[0]))

#define A4(a, b, c, d)             \
	{                          \
		4,                 \
		{                  \
			a, b, c, d \
		}                  \
	}
#define A6(a, z)                          \
	{                                 \
		6,                        \
		{                         \
			0xfd, a, [15] = z \
		}                         \
	}

POOL(struct prefix, locals, { { 0 }, 0 }, { { 0 }, 0 }, { { 0 }, 0 },
    { A4(10, 0, 0, 1), 32 }, { A4(10, 0, 0, 0), 24 }, { A6(0, 1), 128 },
    { A6(0, 0), 64 });
POOL(struct prefix, remotes, { { 0 }, 0 }, { { 0 }, 0 }, { { 0 }, 0 },
    { A4(10, 0, 1, 2), 32 }, { A4(10, 0, 0, 0), 16 }, { A6(1, 2), 128 },
    { A6(0, 0), 8 });
POOL(struct address, local_hosts, A4(10, 0, 0, 1), A4(10, 0, 0, 3), A6(0, 1), A6(0, 3));
POOL(struct address, remote_hosts, A4(10, 0, 1, 2), A4(10, 1, 1, 2), A4(224, 0, 0, 9),
    A6(1, 2), A6(2, 2));
POOL(uint8_t, protocols, 0, 6, 17);
POOL(uint16_t, ports, 0, 0, 80, 443);

/* One that selects this, or NULL; what counts is the first. */
static const struct net_rule *
first_rule(const struct flow *f)
{
	for (size_t i = 0; i < n_list; i++)
		if (rule_selects(list[i].rule, f))
			return &list[i];
	return NULL;
}

static bool
goes_to_group(const struct flow *f)
{
	return f->remote.addr.family == 4 && f->remote.addr.b[0] == 224;
}

static enum xfrm_level
level_of(const struct net_rule *n, bool inbound)
{
	return n->is_exempt			      ? XFRM_LEVEL_ALLOW :
	       (inbound ? n->clear_in : n->clear_out) ? XFRM_LEVEL_OPTIONAL :
							XFRM_LEVEL_REQUIRED;
}

/* A flow of the rule that is clear for a while, because its negotiation failed. */
static struct flow clear;
static uint32_t clear_class; /* 0: there is none */

static bool
is_clear(const struct flow *f, bool inbound, uint32_t class_id)
{
	return !inbound && class_id == clear_class && flow_equal(f, &clear);
}

static void
compare(const struct flow *f, bool inbound)
{
	const struct kernel_policy *p = kernel_lookup(f, inbound, 0);
	const struct net_rule *n = first_rule(f);

	/* What has the mark of a secured socket is no rule's business. */
	ck_assert_ptr_null(kernel_lookup(f, inbound, net_mark(&config, CLASS_DEFAULT)));
	if (n == NULL || (!inbound && goes_to_group(f))) {
		ck_assert(p == NULL || p->level == XFRM_LEVEL_ALLOW);
		return;
	}
	ck_assert_ptr_nonnull(p);
	/* An ICMP error quotes what it is about. */
	ck_assert_int_eq(p->is_for_icmp, !inbound);
	if (is_clear(f, inbound, n->class_id)) {
		ck_assert_int_eq(p->level, XFRM_LEVEL_ALLOW);
		return;
	}
	ck_assert_int_eq(p->level, level_of(n, inbound));
	if (!n->is_exempt)
		ck_assert_uint_eq(p->reqid, xfrm_reqid(n->class_id));
}

static struct flow
sample(size_t l, size_t r, size_t i)
{
	return (struct flow){ (i & 1) != 0 ? 6 : 17,
		{ local_hosts[l], (i & 2) != 0 ? 80 : 443 },
		{ remote_hosts[r], (i & 4) != 0 ? 80 : 443 } };
}

static bool
is_possible(const struct flow *f)
{
	return f->local.addr.family == f->remote.addr.family &&
	       (f->local.addr.family == 4 || xfrm_has_ipv6());
}

static void
each_sample(void (*each)(const struct flow *f, bool inbound))
{
	for (size_t l = 0; l < N(local_hosts); l++)
		for (size_t r = 0; r < N(remote_hosts); r++)
			for (size_t i = 0; i < 16; i++) {
				struct flow f = sample(l, r, i & 7);

				if (is_possible(&f))
					each(&f, i > 7);
			}
}

static void
compare_all(void)
{
	each_sample(compare);
}

static struct config_rule *
rule_add(enum rule_action action, bool encryption)
{
	struct config_rule *r = &config.rule[config.n_rule++];

	memset(r, 0, sizeof(*r));
	snprintf(r->rule.name, sizeof(r->rule.name), "%u", config.n_rule);
	r->rule.action = action;
	r->encryption = encryption && action != RULE_EXEMPT; /* the configuration refuses that */
	return r;
}

/* What the manual says of each action: clear text may leave, and come in. */
START_TEST(every_action)
{
	static const struct {
		bool out, in;
	} says[] = {
		[RULE_REQUIRE] = { false, false },
		[RULE_REQUEST] = { true, true },
		[RULE_REQUIRE_IN] = { true, false },
		[RULE_EXEMPT] = { true, true },
	};

	for (int action = 0; action < RULE_ACTION_COUNT; action++)
		for (int encryption = 0; encryption < (action == RULE_EXEMPT ? 1 : 2);
		     encryption++) {
			config.n_rule = 0;
			(void)rule_add(action, encryption == 1);
			rules_set();
			ck_assert_uint_eq(n_list, 1);
			ck_assert_int_eq(
			    list[0].clear_out, says[action].out && encryption == 0);
			ck_assert_int_eq(
			    list[0].clear_in, says[action].in && encryption == 0);
			compare_all();
		}
}
END_TEST

static struct config_rule *
rule_add_any(void)
{
	struct config_rule *r = rule_add(rand() % RULE_ACTION_COUNT, rand() % 3 == 0);

	do {
		r->rule.local = locals[(size_t)rand() % N(locals)];
		r->rule.remote = remotes[(size_t)rand() % N(remotes)];
	} while (r->rule.local.addr.family != 0 && r->rule.remote.addr.family != 0 &&
		 r->rule.local.addr.family != r->rule.remote.addr.family);
	r->rule.protocol = protocols[(size_t)rand() % N(protocols)];
	r->rule.local_port = ports[(size_t)rand() % N(ports)];
	r->rule.remote_port = ports[(size_t)rand() % N(ports)];
	return r;
}

/* Rules that overlap in every way; each list comes by a reload of the one before it. */
START_TEST(many_rules)
{
	srand(1);
	for (int i = 0; i < LISTS; i++) {
		config.n_rule = 0;
		for (int n = rand() % 7; n > 0; n--)
			(void)rule_add_any();
		rules_set();
		ck_assert_uint_eq(n_list, config.n_rule);
		compare_all();
	}
}
END_TEST

/* What the kernel plane does when a negotiation has failed; false: that may not be clear. */
static bool
clear_begin(const struct flow *f)
{
	const struct net_rule *n = first_rule(f);
	struct xfrm_rule r;

	if (!is_possible(f) || goes_to_group(f) || n == NULL || n->is_exempt ||
	    !n->clear_out)
		return false;
	r = xfrm_rule_flow(x, n->class_id, f, XFRM_LEVEL_ALLOW, 50);
	ck_assert(xfrm_policy_set(x, n->class_id, &r, UINT64_MAX - 1));
	clear = *f;
	clear_class = n->class_id;
	return true;
}

static bool
clear_begin_any(void)
{
	clear_class = 0;
	for (int i = 0; i < 20; i++) {
		struct flow f = sample((size_t)rand() % N(local_hosts),
		    (size_t)rand() % N(remote_hosts), (size_t)rand() % 8);

		if (clear_begin(&f))
			return true;
	}
	return false;
}

/* Then numbers of classes are in another order than rules. */
static void
first_becomes_last(void)
{
	struct config_rule first = config.rule[0];

	memmove(&config.rule[0], &config.rule[1],
	    (config.n_rule - 1) * sizeof(config.rule[0]));
	config.rule[config.n_rule - 1] = first;
	rules_set();
}

/* The same rules in another order, while a flow is clear for a while. */
START_TEST(other_order)
{
	int n_clear = 0;

	srand(2);
	for (int i = 0; i < LISTS; i++) {
		config.n_rule = 0;
		for (int n = 2 + rand() % 5; n > 0; n--)
			(void)rule_add_any();
		rules_set();
		n_clear += clear_begin_any();
		compare_all();
		first_becomes_last();
		compare_all();
	}
	ck_assert_int_gt(n_clear, LISTS / 3);
	clear_class = 0;
}
END_TEST

static void
check_restored(const struct flow *f, bool inbound)
{
	const struct kernel_policy *p = kernel_lookup(f, inbound, 0);
	const struct net_rule *n = first_rule(f);

	if (n != NULL && level_of(n, inbound) == XFRM_LEVEL_REQUIRED && !goes_to_group(f)) {
		ck_assert_ptr_nonnull(p);
		ck_assert_int_eq(p->level, XFRM_LEVEL_REQUIRED);
	}
}

/* The daemon was killed: the next one knows the rules, but their order only a moment later. */
START_TEST(restored_rules_let_no_more_through)
{
	srand(3);
	for (int i = 0; i < LISTS; i++) {
		config.n_rule = 0;
		for (int n = 2 + rand() % 5; n > 0; n--)
			(void)rule_add_any();
		rules_set();
		first_becomes_last();
		keeper.xfrm = x;
		keeper_rules_restore(&keeper);
		each_sample(check_restored);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("xfrm_rules");
	TCase *t = tcase_create("both data planes");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, every_action);
	tcase_add_test(t, many_rules);
	tcase_add_test(t, other_order);
	tcase_add_test(t, restored_rules_let_no_more_through);
	suite_add_tcase(s, t);
	return run_suite(s);
}
