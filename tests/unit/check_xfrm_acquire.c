/* Unit tests of what the kernel asks for: what waits, what is clear meanwhile, and for how long. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/sockdiag.h"
#include "tests/unit/run_suite.h"
#include "tests/unit/xfrm_fakes.h"

#define CLEAR CLASS_INSECURE
#define RULE 9
#define HOLD_MS 30000
#define MINUTE_MS 60000

static struct xfrm *x;
static size_t n_asked, n_told, n_done, n_looks;
static struct proto_acquire asked;
static struct proto_flow_clear told;
static struct proto_flow_state state;
static bool was_secured;

/* ---- fakes ---- */

int
ipc_send(struct ipc *ipc, uint16_t type, const void *body, size_t n, int fd)
{
	(void)ipc;
	(void)fd;
	if (type == PROTO_ACQUIRE) {
		memcpy(&asked, body, n);
		n_asked++;
	} else if (type == PROTO_FLOW_CLEAR) {
		memcpy(&told, body, n);
		n_told++;
	} else if (type == PROTO_FLOW_REPLY) {
		memcpy(&state, body, n);
	} else if (type == PROTO_CLEAR_DONE) {
		n_done += ((const struct proto_clear_done *)body)->ask == 7;
	}
	return 0;
}

struct nlmsghdr *
xfrm_message_spi_alloc(void *buf, const struct xfrm_sa_name *s, uint32_t reqid, uint32_t seq,
    struct xfrm_mark_value mark)
{
	(void)s;
	(void)reqid;
	(void)seq;
	(void)mark;
	return buf;
}

/* There is no question any more. */
int
xfrm_netlink_ask(struct xfrm_netlink *nl, struct nlmsghdr *nlh, struct xfrm_event *out)
{
	(void)nl;
	(void)nlh;
	(void)out;
	return -1;
}

bool
xfrm_clear_never(struct xfrm *xf, uint32_t class_id, const struct flow *selector)
{
	(void)xf;
	(void)class_id;
	(void)selector;
	return was_secured;
}

bool
xfrm_guarantee_covers(const struct xfrm *xf, uint32_t class_id, const struct flow *f)
{
	(void)xf;
	(void)class_id;
	(void)f;
	return false;
}

bool
xfrm_boundary_is_clear(struct xfrm *xf, uint32_t class_id, const struct flow *selector)
{
	(void)xf;
	(void)class_id;
	(void)selector;
	return false;
}

void
xfrm_answer_now(struct xfrm *xf, uint32_t class_id)
{
	(void)xf;
	(void)class_id;
	n_looks++;
}

/* ---- rig ---- */

/* A connection that begins has no port yet; one that was accepted has. */
static struct flow
flow_of(uint8_t host, uint16_t local_port, uint16_t remote_port)
{
	return (struct flow){ 6, { { 4, { 10, 0, 0, 1 } }, local_port },
		{ { 4, { 10, 0, 0, host } }, remote_port } };
}

static void
class_is(uint32_t class_id, bool waits)
{
	x->class[class_id] = (struct xfrm_class){ .is_up = true, .allow_insecure = true,
		.clear_waits = waits, .protocol = 50 };
	ck_assert(xfrm_policy_class_up(x, class_id));
}

/* Everything to a port of a network. */
static void
rule_is(bool waits)
{
	const uint32_t id = RULE;

	x->class[RULE] = (struct xfrm_class){ .is_up = true, .allow_insecure = true,
		.clear_waits = waits, .protocol = 50, .is_rule = true,
		.rule = { .remote = { { 4, { 10, 0, 0, 0 } }, 24 }, .protocol = 6,
		    .remote_port = 80, .action = RULE_REQUEST } };
	ck_assert(xfrm_rules_set(x, &id, 1));
}

static void
setup(void)
{
	x = fake_setup();
	n_asked = n_told = n_done = n_looks = 0;
	was_secured = false;
	memset(&state, 0, sizeof(state));
}

static void
teardown(void)
{
	xfrm_acquire_flush(x, CLASS_DEFAULT);
	xfrm_acquire_flush(x, CLEAR);
	xfrm_acquire_flush(x, RULE);
	fake_teardown();
}

static bool
address_is_in(const struct address *net, uint8_t bits, const struct address *a)
{
	struct prefix p = { *net, bits > 32 ? 32 : bits };

	p.addr.family = a->family;
	return bits == 0 || prefix_contains(&p, a);
}

static bool
selects(const struct xfrm_rule *r, const struct flow *f)
{
	const struct flow *s = &r->selector;

	return !r->inbound && r->family == f->remote.addr.family &&
	       (s->protocol == 0 || s->protocol == f->protocol) &&
	       (s->local.port == 0 || s->local.port == f->local.port) &&
	       (s->remote.port == 0 || s->remote.port == f->remote.port) &&
	       address_is_in(&s->local.addr, r->local_prefix, &f->local.addr) &&
	       address_is_in(&s->remote.addr, r->remote_prefix, &f->remote.addr);
}

/* What the kernel does with a packet of the flow; no two policies may count the same. */
static enum xfrm_level
level(uint32_t class_id, struct flow f)
{
	const struct xfrm_rule *best = NULL;
	const struct xfrm_entry *e;

	for (size_t i = 0; i < XFRM_BUCKETS; i++)
		LIST_FOREACH (e, &x->entry[i], link) {
			if (e->class_id != class_id || !selects(&e->rule, &f))
				continue;
			ck_assert(best == NULL || best->priority != e->rule.priority);
			if (best == NULL || e->rule.priority < best->priority)
				best = &e->rule;
		}
	ck_assert_ptr_nonnull(best);
	return best->level;
}

static void
asks(uint32_t class_id, struct flow f)
{
	const struct xfrm_event e = { .reqid = class_id, .flow = f };

	xfrm_acquire_new(x, &e);
}

static void
no_answer(uint32_t class_id, struct flow f)
{
	const struct proto_clear_now c = { class_id, f, false, 0 };

	xfrm_acquire_clear_now(x, &c);
}

static void
done(uint32_t class_id, struct flow f, enum ike_err error)
{
	const struct proto_acquire_done d = { class_id, f, error };

	xfrm_acquire_done(x, &d);
}

static void
later(uint64_t ms)
{
	x->now_ms += ms;
	xfrm_policy_tick(x);
}

/* ---- cases ---- */

/* With discovery what may be clear is so at once, and again after a failure. */
START_TEST(nothing_waits_with_discovery)
{
	struct flow f = flow_of(2, 0, 80);

	class_is(CLEAR, false);
	asks(CLEAR, f);
	ck_assert_int_eq(level(CLEAR, f), XFRM_LEVEL_OPTIONAL);
	ck_assert(n_asked == 1 && asked.may_be_clear);
	ck_assert(n_told == 1 && told.why == CLEAR_NEGOTIATING);
	no_answer(CLEAR, f);
	done(CLEAR, f, IKE_ERR_TIMED_OUT);
	ck_assert_int_eq(level(CLEAR, f), XFRM_LEVEL_ALLOW);
	later(HOLD_MS);
	ck_assert_int_eq(level(CLEAR, f), XFRM_LEVEL_OPTIONAL);
	ck_assert_uint_eq(n_told, 1);
}
END_TEST

/* A peer that does not answer: all that goes there is clear, and stays so while it is used. */
START_TEST(waits_for_nobody)
{
	struct flow f = flow_of(2, 0, 80), other = flow_of(2, 0, 81), third = flow_of(3, 0, 80);
	size_t n;

	class_is(CLEAR, true);
	n = x->n_entries;
	asks(CLEAR, f);
	ck_assert_int_eq(level(CLEAR, f), XFRM_LEVEL_REQUIRED);
	ck_assert(xfrm_acquire_waits(x, CLEAR, &f));
	ck_assert(n_asked == 1 && asked.may_be_clear && n_told == 0);
	no_answer(CLEAR, f);
	ck_assert_int_eq(level(CLEAR, f), XFRM_LEVEL_OPTIONAL);
	ck_assert_int_eq(level(CLEAR, other), XFRM_LEVEL_OPTIONAL);
	ck_assert_int_eq(level(CLEAR, third), XFRM_LEVEL_REQUIRED);
	ck_assert(!xfrm_acquire_waits(x, CLEAR, &other));
	ck_assert(n_told == 1 && told.why == CLEAR_NO_ANSWER && flow_equal(&told.flow, &f));
	ck_assert_uint_eq(n_looks, 1);
	no_answer(CLEAR, f);
	ck_assert_uint_eq(n_told, 1);
	done(CLEAR, f, IKE_ERR_TIMED_OUT);
	ck_assert_uint_eq(n_told, 1);
	ck_assert_int_eq(level(CLEAR, f), XFRM_LEVEL_ALLOW);
	/* The end of the hold makes nothing wait: the kernel asks again. */
	later(HOLD_MS);
	ck_assert_int_eq(level(CLEAR, f), XFRM_LEVEL_OPTIONAL);
	asks(CLEAR, f);
	ck_assert(n_asked == 2 && asked.may_be_clear);
	ck_assert(n_told == 2 && told.why == CLEAR_NEGOTIATING);
	later(9 * MINUTE_MS);
	no_answer(CLEAR, f);
	done(CLEAR, f, IKE_ERR_TIMED_OUT);
	later(9 * MINUTE_MS);
	ck_assert_int_eq(level(CLEAR, f), XFRM_LEVEL_OPTIONAL);
	later(10 * MINUTE_MS);
	ck_assert_int_eq(level(CLEAR, f), XFRM_LEVEL_REQUIRED);
	ck_assert_uint_eq(x->n_entries, n);
}
END_TEST

/* A peer that answers, but no: clear is what it said no to. */
START_TEST(waits_for_a_refusal)
{
	struct flow f = flow_of(2, 0, 80), other = flow_of(2, 0, 81);

	class_is(CLEAR, true);
	asks(CLEAR, f);
	done(CLEAR, f, IKE_ERR_NO_QM_POLICY);
	ck_assert_int_eq(level(CLEAR, f), XFRM_LEVEL_ALLOW);
	ck_assert_int_eq(level(CLEAR, other), XFRM_LEVEL_REQUIRED);
	ck_assert(n_told == 1 && told.why == CLEAR_FAILED);
	later(HOLD_MS);
	ck_assert_int_eq(level(CLEAR, f), XFRM_LEVEL_OPTIONAL);
	ck_assert(!xfrm_acquire_waits(x, CLEAR, &f));
	later(10 * MINUTE_MS);
	ck_assert_int_eq(level(CLEAR, f), XFRM_LEVEL_REQUIRED);
}
END_TEST

/* A peer that speaks after all: what is not secured waits for that again. */
START_TEST(a_pair_ends_clear_text)
{
	struct flow f = flow_of(2, 0, 80), other = flow_of(2, 0, 81), answers = flow_of(2, 22, 4711);
	struct xfrm_rule in;

	class_is(CLEAR, true);
	in = xfrm_rule_flow(x, CLEAR, &answers, XFRM_LEVEL_ALLOW, 50);
	in.inbound = true;
	ck_assert(xfrm_policy_set(x, CLEAR, &in, x->now_ms + 10 * MINUTE_MS));
	asks(CLEAR, answers);
	done(CLEAR, answers, IKE_ERR_TIMED_OUT);
	asks(CLEAR, f);
	no_answer(CLEAR, f);
	has_pair = true;
	xfrm_remote_secured(x, CLEAR, &f.remote.addr);
	done(CLEAR, f, IKE_OK);
	ck_assert_int_eq(level(CLEAR, other), XFRM_LEVEL_REQUIRED);
	ck_assert_int_eq(level(CLEAR, answers), XFRM_LEVEL_ALLOW);
	if (_i == 1)
		later(HOLD_MS);
	answers.remote.port = 0; /* any client of this server */
	xfrm_policy_end_clear(x, CLEAR, &answers);
	answers.remote.port = 4711;
	ck_assert_int_eq(level(CLEAR, answers), XFRM_LEVEL_REQUIRED);
	ck_assert_ptr_null(xfrm_policy_find(x, &in));
}
END_TEST

/* What was secured once is never clear, whatever is said about its peer. */
START_TEST(secured_once_is_never_clear)
{
	struct flow f = flow_of(2, 5000, 80), other = flow_of(2, 0, 80);
	struct xfrm_rule r;

	class_is(CLEAR, _i == 1);
	r = xfrm_rule_flow(x, CLEAR, &f, XFRM_LEVEL_REQUIRED, 50);
	ck_assert(xfrm_policy_set(x, CLEAR, &r, UINT64_MAX));
	was_secured = true;
	asks(CLEAR, f);
	ck_assert(n_asked == 1 && !asked.may_be_clear);
	no_answer(CLEAR, f);
	done(CLEAR, f, IKE_ERR_TIMED_OUT);
	ck_assert_int_eq(level(CLEAR, f), XFRM_LEVEL_REQUIRED);
	ck_assert_uint_eq(n_told, 0);
	was_secured = false; /* another connection to the same port */
	asks(CLEAR, other);
	done(CLEAR, other, IKE_ERR_TIMED_OUT);
	other.local.port = 5001;
	ck_assert_int_eq(level(CLEAR, other), XFRM_LEVEL_ALLOW);
	ck_assert_int_eq(level(CLEAR, f), XFRM_LEVEL_REQUIRED);
	later(HOLD_MS);
	ck_assert_int_eq(level(CLEAR, f), XFRM_LEVEL_REQUIRED);
}
END_TEST

/* The program asked before it sent anything, and has waited: what it sends does not wait. */
START_TEST(program_has_waited)
{
	struct flow f = flow_of(2, 0, 80), other = flow_of(2, 0, 81), third = flow_of(3, 0, 80);
	struct proto_clear_now silent = { CLEAR, f, false, 7 };
	struct proto_clear_now refused = { CLEAR, third, true, 7 };

	class_is(CLEAR, true);
	xfrm_acquire_clear_now(x, &silent);
	ck_assert_int_eq(level(CLEAR, f), XFRM_LEVEL_OPTIONAL);
	ck_assert(n_told == 1 && told.why == CLEAR_NO_ANSWER && n_done == 1);
	xfrm_acquire_clear_now(x, &refused);
	ck_assert_int_eq(level(CLEAR, third), XFRM_LEVEL_ALLOW);
	ck_assert(n_told == 2 && told.why == CLEAR_FAILED && n_done == 2);
	third.remote.port++; /* this was another question */
	ck_assert_int_eq(level(CLEAR, third), XFRM_LEVEL_REQUIRED);
	ck_assert_int_eq(level(CLEAR, other), XFRM_LEVEL_OPTIONAL);
	was_secured = true;
	refused.flow = third;
	xfrm_acquire_clear_now(x, &refused);
	ck_assert_int_eq(level(CLEAR, third), XFRM_LEVEL_REQUIRED);
	ck_assert(n_told == 2 && n_done == 3); /* whatever comes of it, the program goes on */
}
END_TEST

/* Nothing of other classes goes in clear, whoever says so. */
START_TEST(clear_now_is_for_those_who_may)
{
	struct proto_clear_now refused = { CLASS_DEFAULT, flow_of(2, 0, 80), true, 0 };
	struct flow f = flow_of(2, 0, 80);

	class_is(CLASS_DEFAULT, false);
	x->class[CLASS_DEFAULT].allow_insecure = false;
	xfrm_policy_class_changed(x, CLASS_DEFAULT);
	no_answer(CLASS_DEFAULT, f);
	xfrm_acquire_clear_now(x, &refused);
	no_answer(0, f);
	no_answer(CLEAR, f); /* not up */
	no_answer(CLASS_MAX + 1, f);
	ck_assert_int_eq(level(CLASS_DEFAULT, f), XFRM_LEVEL_REQUIRED);
	asks(CLASS_DEFAULT, f);
	done(CLASS_DEFAULT, f, IKE_ERR_TIMED_OUT);
	ck_assert_int_eq(level(CLASS_DEFAULT, f), XFRM_LEVEL_BLOCK);
	later(1000);
	ck_assert_int_eq(level(CLASS_DEFAULT, f), XFRM_LEVEL_REQUIRED);
	ck_assert_uint_eq(n_told, 0);
}
END_TEST

/* A reload: of whom an answer was waited for is known. */
START_TEST(waiting_begins_and_ends)
{
	struct flow f = flow_of(2, 0, 80), g = flow_of(3, 0, 80), other = flow_of(4, 0, 80);

	class_is(CLEAR, false);
	asks(CLEAR, f);
	no_answer(CLEAR, f);
	asks(CLEAR, g);
	x->class[CLEAR].clear_waits = true;
	xfrm_policy_class_changed(x, CLEAR);
	ck_assert_int_eq(level(CLEAR, f), XFRM_LEVEL_OPTIONAL);
	ck_assert_int_eq(level(CLEAR, g), XFRM_LEVEL_REQUIRED);
	ck_assert_int_eq(level(CLEAR, other), XFRM_LEVEL_REQUIRED);
	x->class[CLEAR].clear_waits = false;
	xfrm_policy_class_changed(x, CLEAR);
	ck_assert_int_eq(level(CLEAR, g), XFRM_LEVEL_OPTIONAL);
	ck_assert_int_eq(level(CLEAR, other), XFRM_LEVEL_OPTIONAL);
}
END_TEST

/* Of a rule only what it selects is clear; afterwards what it says counts as before. */
START_TEST(rule_waits)
{
	struct flow f = flow_of(2, 0, 80), neighbour = flow_of(3, 0, 80);
	size_t n;

	rule_is(true);
	n = x->n_entries;
	if (_i == 1) { /* for exactly this flow */
		x->class[RULE].rule.local = (struct prefix){ f.local.addr, 32 };
		x->class[RULE].rule.remote = (struct prefix){ f.remote.addr, 32 };
		ck_assert(xfrm_rules_set(x, x->rules, 1));
		xfrm_policy_tick(x);
		n = x->n_entries;
	}
	asks(RULE, f);
	ck_assert_int_eq(level(RULE, f), XFRM_LEVEL_REQUIRED);
	ck_assert_uint_eq(n_told, 0);
	no_answer(RULE, f);
	ck_assert(n_told == 1 && told.why == CLEAR_NO_ANSWER);
	ck_assert_int_eq(level(RULE, f), XFRM_LEVEL_OPTIONAL);
	if (_i == 0)
		ck_assert_int_eq(level(RULE, neighbour), XFRM_LEVEL_REQUIRED);
	done(RULE, f, IKE_ERR_TIMED_OUT);
	ck_assert_int_eq(level(RULE, f), XFRM_LEVEL_ALLOW);
	later(HOLD_MS);
	ck_assert_int_eq(level(RULE, f), XFRM_LEVEL_OPTIONAL);
	if (_i == 2) {
		xfrm_policy_end_clear(x, RULE, &f);
		xfrm_remote_secured(x, RULE, &f.remote.addr);
	}
	later(_i == 2 ? 0 : 10 * MINUTE_MS);
	ck_assert_int_eq(level(RULE, f), XFRM_LEVEL_REQUIRED);
	ck_assert_uint_eq(x->n_entries, n);
}
END_TEST

/* In a flood nothing more is remembered: everything waits, and asks again. */
START_TEST(a_flood_is_forgotten)
{
	struct flow f = flow_of(2, 0, 80), g = flow_of(3, 0, 80);
	size_t n;

	class_is(CLEAR, true);
	n = x->n_entries;
	asks(CLEAR, f);
	x->n_entries += XFRM_MAX_POLICIES;
	done(CLEAR, f, IKE_ERR_TIMED_OUT);
	no_answer(CLEAR, g);
	x->n_entries -= XFRM_MAX_POLICIES;
	ck_assert_int_eq(level(CLEAR, f), XFRM_LEVEL_REQUIRED);
	ck_assert_int_eq(level(CLEAR, g), XFRM_LEVEL_REQUIRED);
	ck_assert_uint_eq(x->n_entries, n);
}
END_TEST

/* What authipctl explain is told. */
START_TEST(state_is_told)
{
	struct proto_flow_state ask = { .class_id = CLEAR, .flow = flow_of(2, 5000, 80) };

	class_is(CLEAR, true);
	xfrm_acquire_tell(x, &ask);
	ck_assert(state.seen == SEEN_NEVER && !state.fell_back && !state.was_secured);
	asks(CLEAR, flow_of(2, 0, 80));
	no_answer(CLEAR, flow_of(2, 0, 80));
	xfrm_acquire_tell(x, &ask);
	ck_assert(state.fell_back);
	done(CLEAR, flow_of(2, 0, 80), IKE_ERR_TIMED_OUT);
	xfrm_acquire_tell(x, &ask);
	ck_assert(state.seen == SEEN_FAILED && state.fell_back && !state.was_secured);
	later(HOLD_MS);
	xfrm_acquire_tell(x, &ask);
	ck_assert(state.seen == SEEN_OPEN && state.fell_back && !state.was_secured);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("xfrm_acquire");
	TCase *t = tcase_create("acquires");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, nothing_waits_with_discovery);
	tcase_add_test(t, waits_for_nobody);
	tcase_add_test(t, waits_for_a_refusal);
	tcase_add_loop_test(t, a_pair_ends_clear_text, 0, 2);
	tcase_add_loop_test(t, secured_once_is_never_clear, 0, 2);
	tcase_add_test(t, program_has_waited);
	tcase_add_test(t, clear_now_is_for_those_who_may);
	tcase_add_test(t, waiting_begins_and_ends);
	tcase_add_loop_test(t, rule_waits, 0, 3);
	tcase_add_test(t, a_flood_is_forgotten);
	tcase_add_test(t, state_is_told);
	suite_add_tcase(s, t);
	return run_suite(s);
}
