/* Unit tests of the kernel plane's memory of what was secured: nothing is forgotten in a flood. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/log.h"
#include "daemon/net.h"
#include "daemon/sockdiag.h"
#include "daemon/xfrm_state.h"
#include "tests/unit/run_suite.h"
#include "tests/unit/xfrm_stubs.h"

#include <netinet/tcp.h>

#define INSECURE CLASS_INSECURE
#define RULE 9
#define GRACE_MS 10000

static struct xfrm *x;
/* What the kernel would have: out[0], in[1]. */
static size_t n_policies[2], n_unset;
static struct xfrm_rule last[2];

/* ---- fakes ---- */

struct xfrm_rule
xfrm_rule_flow(const struct xfrm *xf, uint32_t class_id, const struct flow *selector,
    enum xfrm_level level, uint8_t protocol)
{
	(void)xf;
	return (struct xfrm_rule){ .selector = *selector,
		.level = level,
		.protocol = protocol,
		.reqid = class_id };
}

bool
xfrm_policy_set(
    struct xfrm *xf, uint32_t class_id, const struct xfrm_rule *r, uint64_t until_ms)
{
	(void)xf;
	(void)class_id;
	(void)until_ms;
	n_policies[r->inbound ? 1 : 0]++;
	last[r->inbound ? 1 : 0] = *r;
	return true;
}

struct xfrm_entry *
xfrm_policy_find(struct xfrm *xf, const struct xfrm_rule *r)
{
	static struct xfrm_entry known;

	(void)xf;
	return flow_equal(&r->selector, &last[1].selector) ? &known : NULL;
}

void
xfrm_pair_connection_end(
    struct xfrm *xf, uint32_t class_id, const struct flow *selector, uint8_t protocol)
{
	(void)xf;
	(void)class_id;
	(void)selector;
	(void)protocol;
	n_unset++;
}

void
xfrm_policy_end_clear(struct xfrm *xf, uint32_t class_id, const struct flow *selector)
{
	(void)xf;
	(void)class_id;
	(void)selector;
}

bool
xfrm_pair_overlaps(const struct xfrm *xf, uint32_t class_id, const struct flow *selector)
{
	(void)xf;
	(void)class_id;
	(void)selector;
	return has_pair;
}

bool
xfrm_pair_is_of_connection(
    const struct xfrm *xf, uint32_t class_id, const struct flow *selector)
{
	(void)xf;
	(void)class_id;
	(void)selector;
	return false;
}

bool
xfrm_policy_has_room(const struct xfrm *xf)
{
	(void)xf;
	return true;
}

void
xfrm_policy_end(struct xfrm *xf, struct xfrm_entry *e)
{
	(void)xf;
	(void)e;
	n_unset++;
}

/* ---- rig ---- */

static void
setup(void)
{
	x = xfrm_empty();
	x->class[INSECURE].allow_insecure = x->class[INSECURE].in_use = true;
	x->class[RULE].allow_insecure = x->class[RULE].is_rule = true;
	has_pair = true;
	memset(n_policies, 0, sizeof(n_policies));
	n_unset = 0;
}

static void
teardown(void)
{
	xfrm_clear_forget(x, INSECURE);
	xfrm_clear_forget(x, RULE);
	ck_assert_uint_eq(x->n_secured, 0);
	for (size_t i = 0; i < XFRM_BUCKETS; i++)
		ck_assert_uint_eq(x->n_secured_of[i], 0);
	free(x);
}

static struct address
host(unsigned n)
{
	return (struct address){ 4, { 10, 0, (uint8_t)(n >> 8), (uint8_t)n } };
}

static struct flow
flow_to(unsigned n, uint16_t remote_port, uint16_t local_port)
{
	return (struct flow){ 6, { host(1), local_port }, { host(n), remote_port } };
}

static void
secure(uint32_t class_id, struct flow f)
{
	struct xfrm_pair p = { .sa = { .class_id = class_id,
				   .selector = f,
				   .protocol = 50,
				   .allow_clear_ms = GRACE_MS } };

	xfrm_clear_secured(x, &p);
}

static void
socket_is(uint32_t class_id, struct flow f)
{
	sockets[n_sockets++] = (struct sockdiag_entry){ .mark = class_id,
		.family = 4,
		.protocol = f.protocol,
		.state = TCP_ESTABLISHED,
		.local = f.local,
		.remote = f.remote };
}

static void
later(uint64_t ms)
{
	x->now_ms += ms;
	xfrm_clear_tick(x);
}

/* ---- cases ---- */

/* After the grace a socket's part of the traffic takes nothing clear; before, all. */
START_TEST(gate_after_grace)
{
	struct flow f = flow_to(2, 80, 4711);

	secure(INSECURE, flow_to(2, 80, 0));
	socket_is(INSECURE, f);
	later(GRACE_MS - 1);
	ck_assert_uint_eq(n_policies[1], 0);
	later(1);
	ck_assert_uint_eq(n_policies[1], 1);
	ck_assert(flow_equal(&last[1].selector, &f));
	ck_assert_int_eq(last[1].level, XFRM_LEVEL_REQUIRED);
}
END_TEST

/* Sockets times peers have an end; what is there stays. */
START_TEST(gates_are_bounded)
{
	secure(INSECURE, flow_to(2, 80, 0));
	socket_is(INSECURE, flow_to(2, 80, 4711));
	later(GRACE_MS);
	ck_assert_uint_eq(n_policies[1], 1);
	x->n_entries = XFRM_MAX_POLICIES;
	socket_is(INSECURE, flow_to(2, 80, 4712));
	later(1000);
	ck_assert_uint_eq(n_policies[1], 2);
	ck_assert_uint_eq(last[1].selector.local.port, 4711);
	x->n_entries--;
	later(1000);
	ck_assert_uint_eq(n_policies[1], 4);
}
END_TEST

/* A socket of another class, to another port, or to another host has no gate. */
START_TEST(gate_of_others)
{
	secure(INSECURE, flow_to(2, 80, 0));
	socket_is(CLASS_DEFAULT, flow_to(2, 80, 4711));
	socket_is(INSECURE, flow_to(2, 81, 4712));
	socket_is(INSECURE, flow_to(3, 80, 4713));
	later(GRACE_MS);
	ck_assert_uint_eq(n_policies[1], 0);
}
END_TEST

/* A server's socket has one for each address. */
START_TEST(gates_of_a_listener)
{
	secure(INSECURE, flow_to(2, 0, 80));
	secure(INSECURE, flow_to(3, 0, 80));
	secure(INSECURE, flow_to(3, 0, 81));
	socket_is(INSECURE, (struct flow){ 6, { { 4, { 0 } }, 80 }, { { 4, { 0 } }, 0 } });
	later(GRACE_MS);
	ck_assert_uint_eq(n_policies[1], 2);
}
END_TEST

/* One address with too many flows: its own become one; nobody else's is forgotten. */
START_TEST(flood_widens_one_address)
{
	struct flow others = flow_to(3, 80, 0), any = flow_to(2, 0, 0);

	secure(INSECURE, others);
	for (unsigned port = 1; port < XFRM_MAX_SECURED; port++)
		secure(INSECURE, flow_to(2, (uint16_t)port, 0));
	ck_assert_uint_eq(x->n_secured, XFRM_MAX_SECURED);
	ck_assert(!xfrm_clear_never(x, INSECURE, &any));
	secure(INSECURE, flow_to(4, 80, 0));
	ck_assert_uint_eq(x->n_secured, 3);
	ck_assert(xfrm_clear_never(x, INSECURE, &others));
	ck_assert(xfrm_clear_never(x, INSECURE, &any));
	others = flow_to(4, 80, 0);
	ck_assert(xfrm_clear_never(x, INSECURE, &others));
	ck_assert_uint_eq(x->count[PC_FLOWS_FULL], 1);
	ck_assert_uint_eq(n_unset, XFRM_MAX_SECURED - 1);
	/* The wide one has what it replaces: its sockets have gates. */
	socket_is(INSECURE, flow_to(2, 7, 4711));
	later(GRACE_MS);
	ck_assert_uint_eq(n_policies[1], 1);
}
END_TEST

/* As many addresses: the table stays as it is. */
START_TEST(flood_of_addresses)
{
	struct flow newest;

	for (unsigned n = 0; n <= XFRM_MAX_SECURED; n++)
		secure(INSECURE, (newest = flow_to(n + 2, 0, 0)));
	ck_assert_uint_eq(x->n_secured, XFRM_MAX_SECURED);
	ck_assert(xfrm_clear_never(x, INSECURE, &newest));
	ck_assert_uint_eq(x->count[PC_FLOWS_FULL], 1);
}
END_TEST

/* What a rule requests is required as long as an SA lives, or of a connection as long as that. */
START_TEST(rule_remembers_connections)
{
	struct flow f = flow_to(2, 80, 0), one = flow_to(2, 80, 4711);

	secure(RULE, f);
	socket_is(0, one);
	later(120000);
	ck_assert(xfrm_clear_never(x, RULE, &f));
	has_pair = false;
	later(1000);
	later(120000);
	ck_assert_msg(xfrm_clear_never(x, RULE, &one), "forgotten while it lives");
	ck_assert_msg(!xfrm_clear_never(x, RULE, &f), "others are not clear again");
	n_sockets = 0;
	later(59000);
	ck_assert(xfrm_clear_never(x, RULE, &one));
	later(2000);
	ck_assert_msg(!xfrm_clear_never(x, RULE, &one), "remembered for ever");
}
END_TEST

/* A socket of both families has a connection of IPv4. */
START_TEST(rule_remembers_both_families)
{
	struct flow one = flow_to(2, 80, 4711);
	struct sockdiag_entry *e = &sockets[0];

	secure(RULE, flow_to(2, 80, 0));
	has_pair = false;
	socket_is(0, one);
	e->family = e->local.addr.family = e->remote.addr.family = 6;
	memcpy(e->remote.addr.b + 12, e->remote.addr.b, 4);
	memcpy(e->local.addr.b + 12, e->local.addr.b, 4);
	for (int i = 0; i < 12; i++)
		e->remote.addr.b[i] = e->local.addr.b[i] = i < 10 ? 0 : 0xff;
	later(1000);
	later(120000);
	ck_assert(xfrm_clear_never(x, RULE, &one));
}
END_TEST

/* Its listeners, and connections of sockets with a class, do not count. */
START_TEST(rule_forgets_others)
{
	struct flow f = flow_to(2, 0, 80);

	secure(RULE, f);
	has_pair = false;
	socket_is(0, (struct flow){ 6, { host(1), 80 }, { { 4, { 0 } }, 0 } });
	socket_is(CLASS_DEFAULT, flow_to(2, 4711, 80));
	later(61000);
	ck_assert(!xfrm_clear_never(x, RULE, &f));
}
END_TEST

/* A class without sockets forgets a minute later: TIME_WAIT still speaks. */
START_TEST(class_lingers)
{
	struct flow f = flow_to(2, 80, 0);

	secure(INSECURE, f);
	xfrm_clear_in_use(x, INSECURE, false);
	later(59000);
	ck_assert(xfrm_clear_never(x, INSECURE, &f));
	later(2000);
	ck_assert(!xfrm_clear_never(x, INSECURE, &f));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("xfrm_clear");
	TCase *t = tcase_create("memory");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, gate_after_grace);
	tcase_add_test(t, gates_are_bounded);
	tcase_add_test(t, gate_of_others);
	tcase_add_test(t, gates_of_a_listener);
	tcase_add_test(t, flood_widens_one_address);
	tcase_add_test(t, flood_of_addresses);
	tcase_add_test(t, rule_remembers_connections);
	tcase_add_test(t, rule_remembers_both_families);
	tcase_add_test(t, rule_forgets_others);
	tcase_add_test(t, class_lingers);
	suite_add_tcase(s, t);
	return run_suite(s);
}
