/* Unit tests of answers in clear: who is called in clear may answer that call, and no more. */
#include <check.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>

#include "daemon/log.h"
#include "daemon/net.h"
#include "daemon/sockdiag.h"
#include "daemon/xfrm_state.h"
#include "tests/unit/run_suite.h"
#include "tests/unit/xfrm_stubs.h"

#define RING 7 /* require-in-request-out to 10.0.0.0/24 */
#define WALL 8 /* require-in-out to 10.1.0.0/24 */
#define OPEN 9 /* request-in-out to 10.2.0.0/24 */

static struct xfrm *x;
static size_t n_told;
static struct flow secured; /* protocol 0: nothing is */
static bool waits;

/* ---- fakes ---- */

int
ipc_send(struct ipc *ipc, uint16_t type, const void *body, size_t n, int fd)
{
	(void)ipc;
	(void)body;
	(void)n;
	(void)fd;
	n_told += type == PROTO_FLOW_CLEAR;
	return 0;
}

void
xfrm_clock_read(struct xfrm *xf)
{
	(void)xf;
}

bool
xfrm_has_ipv6(void)
{
	return false;
}

bool
xfrm_acquire_asks(
    const struct xfrm *xf, uint32_t class_id, const struct address *remote)
{
	(void)xf;
	(void)class_id;
	(void)remote;
	return false;
}

bool
xfrm_clear_never(struct xfrm *xf, uint32_t class_id, const struct flow *selector)
{
	(void)xf;
	(void)class_id;
	return secured.protocol != 0 && flow_matches(&secured, selector);
}

bool
xfrm_acquire_waits(struct xfrm *xf, uint32_t class_id, const struct flow *flow)
{
	(void)xf;
	(void)class_id;
	(void)flow;
	return waits;
}

enum xfrm_level
xfrm_class_level_out(const struct xfrm *xf, uint32_t class_id)
{
	(void)xf;
	(void)class_id;
	return XFRM_LEVEL_OPTIONAL;
}

uint32_t
xfrm_rule_priority(const struct xfrm *xf, uint32_t class_id, enum xfrm_priority priority)
{
	(void)xf;
	(void)class_id;
	return priority;
}

struct xfrm_rule
xfrm_rule_new(const struct xfrm *xf, uint32_t class_id, uint8_t family,
    enum xfrm_priority priority, enum xfrm_level level)
{
	(void)xf;
	(void)class_id;
	return (struct xfrm_rule){
		.family = family, .priority = priority, .level = level
	};
}

struct xfrm_rule
xfrm_rule_exempt(
    const struct xfrm *xf, uint32_t class_id, uint8_t family, bool broadcast)
{
	(void)broadcast;
	return xfrm_rule_new(
	    xf, class_id, family, XFRM_PRIORITY_EXEMPT, XFRM_LEVEL_ALLOW);
}

struct xfrm_rule
xfrm_rule_flow(const struct xfrm *xf, uint32_t class_id, const struct flow *selector,
    enum xfrm_level level, uint8_t protocol)
{
	(void)xf;
	(void)class_id;
	return (struct xfrm_rule){
		.family = 4, .selector = *selector, .level = level, .protocol = protocol
	};
}

struct xfrm_entry *
xfrm_policy_find(struct xfrm *xf, const struct xfrm_rule *r)
{
	struct xfrm_entry *e;

	LIST_FOREACH (e, &xf->entry[xfrm_bucket(&r->selector.remote.addr)], link)
		if (e->rule.inbound == r->inbound &&
		    flow_equal(&e->rule.selector, &r->selector))
			return e;
	return NULL;
}

bool
xfrm_policy_set(
    struct xfrm *xf, uint32_t class_id, const struct xfrm_rule *r, uint64_t until_ms)
{
	struct xfrm_entry *e = xfrm_policy_find(xf, r);

	if (e == NULL) {
		ck_assert_ptr_nonnull(e = calloc(1, sizeof(*e)));
		LIST_INSERT_HEAD(
		    &xf->entry[xfrm_bucket(&r->selector.remote.addr)], e, link);
	}
	e->rule = *r;
	e->class_id = class_id;
	e->until_ms = until_ms;
	return true;
}

void
xfrm_policy_end(struct xfrm *xf, struct xfrm_entry *e)
{
	(void)xf;
	LIST_REMOVE(e, link);
	free(e);
}

/* ---- rig ---- */

static struct endpoint
at(unsigned host, uint16_t port)
{
	return (struct endpoint){ { 4, { 10, 0, 0, (uint8_t)host } }, port };
}

static struct address
net(uint8_t n)
{
	return (struct address){ 4, { 10, n, 0, 0 } };
}

static void
rules_begin(void)
{
	const uint32_t rules[] = { RING, WALL, OPEN };

	ck_assert(xfrm_rules_set(x, rules, 3));
}

/* A daemon that begins with this rule, whatever is connected already. */
static void
setup(void)
{
	x = xfrm_empty();
	TAILQ_INIT(&x->acquires);
	ck_assert_ptr_nonnull(x->base = event_base_new());
	ck_assert(xfrm_answer_new(x));
	x->class[RING] = (struct xfrm_class){ .is_up = true,
		.is_rule = true,
		.allow_insecure = true,
		.rule = { .remote = { at(0, 0).addr, 24 }, .action = RULE_REQUIRE_IN } };
	x->class[WALL] = (struct xfrm_class){ .is_up = true,
		.is_rule = true,
		.rule = { .remote = { net(1), 24 }, .action = RULE_REQUIRE } };
	x->class[OPEN] = (struct xfrm_class){ .is_up = true,
		.is_rule = true,
		.allow_insecure = true,
		.takes_clear = true,
		.rule = { .remote = { net(2), 24 }, .action = RULE_REQUEST } };
	x->class[CLASS_INSECURE].is_up = x->class[CLASS_INSECURE].allow_insecure = true;
	x->class[CLASS_DEFAULT].is_up = true;
	n_told = 0;
	secured.protocol = 0;
	waits = false;
	rules_begin();
}

static void
teardown(void)
{
	for (size_t i = 0; i < XFRM_BUCKETS; i++)
		while (!LIST_EMPTY(&x->entry[i]))
			xfrm_policy_end(x, LIST_FIRST(&x->entry[i]));
	xfrm_answer_free(x);
	event_base_free(x->base);
	free(x);
}

static struct sockdiag_entry *
socket_is(uint8_t protocol, uint8_t state, struct endpoint local, struct endpoint remote)
{
	sockets[n_sockets] = (struct sockdiag_entry){ .family = 4,
		.protocol = protocol,
		.state = state,
		.local = local,
		.remote = remote };
	return &sockets[n_sockets++];
}

/* Flows that may come in clear, and whose policies have not ended. */
static size_t
n_open(void)
{
	const struct xfrm_entry *e;
	size_t n = 0;

	for (size_t i = 0; i < XFRM_BUCKETS; i++)
		LIST_FOREACH (e, &x->entry[i], link)
			n += e->rule.inbound && e->rule.level == XFRM_LEVEL_ALLOW &&
			     e->rule.selector.remote.port != 0 && e->until_ms > x->now_ms;
	return n;
}

static bool
is_open(uint8_t protocol, struct endpoint local, struct endpoint remote)
{
	struct xfrm_rule r = xfrm_rule_flow(
	    x, RING, &(struct flow){ protocol, local, remote }, XFRM_LEVEL_ALLOW, 50);

	r.inbound = true;
	return xfrm_policy_find(x, &r) != NULL;
}

/* What happens several times a second while flows leave in clear. */
static void
glance(void)
{
	xfrm_answer_begin(x, RING, 0);
	(void)event_base_loop(x->base, EVLOOP_NONBLOCK);
}

static void
second(void)
{
	x->now_ms += 1000;
	xfrm_answer_tick(x);
}

/* ---- cases ---- */

/* From exactly its peer to exactly its own port; and it is told once. */
START_TEST(connecting)
{
	uint8_t protocol = _i == 0 ? IPPROTO_TCP : IPPROTO_UDP;

	socket_is(protocol, _i == 0 ? TCP_SYN_SENT : TCP_ESTABLISHED, at(1, 4711), at(2, 80));
	glance();
	ck_assert_uint_eq(n_open(), 1);
	ck_assert(is_open(protocol, at(1, 4711), at(2, 80)));
	glance();
	second();
	ck_assert_uint_eq(n_open(), 1);
	ck_assert_uint_eq(n_told, 1);
}
END_TEST

/* Sockets that call nobody whom the rule lets be called in clear. */
START_TEST(others)
{
	struct sockdiag_entry *e;

	socket_is(IPPROTO_UDP, TCP_CLOSE, at(1, 53), at(0, 0));
	socket_is(IPPROTO_UDP, TCP_ESTABLISHED, at(1, 53), at(1, 54)); /* this host */
	e = socket_is(IPPROTO_TCP, TCP_SYN_SENT, at(1, 1), at(2, 80));
	e->mark = CLASS_DEFAULT; /* secured by its program */
	e = socket_is(IPPROTO_TCP, TCP_SYN_SENT, at(1, 2), at(2, 80));
	e->remote.addr.b[2] = 1; /* no rule selects it */
	glance();
	second();
	ck_assert_uint_eq(n_open(), 0);
	ck_assert_uint_eq(n_told, 0);
}
END_TEST

/*
 * A socket that allows clear text is no business of rules: what its peer says comes in where a
 * rule would refuse it, and where none does there is nothing to do.
 */
START_TEST(sockets_that_allow_clear_text)
{
	static const uint32_t marks[] = { 0, CLASS_DEFAULT, CLASS_INSECURE };
	uint8_t protocol = _i % 2 == 0 ? IPPROTO_TCP : IPPROTO_UDP;
	uint8_t state = _i % 2 == 0 ? TCP_SYN_SENT : TCP_ESTABLISHED;
	uint32_t mark = marks[_i / 2];
	struct endpoint remote;

	for (uint8_t i = 0; i < 4; i++) {
		remote = at(2, 80);
		remote.addr.b[1] = i; /* RING, WALL, OPEN, no rule */
		socket_is(protocol, state, at(1, 4711), remote)->mark = mark;
	}
	glance();
	second();
	ck_assert_uint_eq(n_open(), mark == 0 ? 1 : mark == CLASS_INSECURE ? 2 : 0);
	ck_assert(is_open(protocol, at(1, 4711), at(2, 80)) == (mark != CLASS_DEFAULT));
	remote.addr.b[1] = 1;
	ck_assert(is_open(protocol, at(1, 4711), remote) == (mark == CLASS_INSECURE));
	secured = (struct flow){ protocol, at(1, 4711), remote };
	for (int i = 0; i < 6; i++)
		second();
	ck_assert_uint_eq(n_open(), mark == CLASS_DEFAULT ? 0 : 1);
}
END_TEST

/* What a server accepted is nobody's call; a client of the same host is one. */
START_TEST(accepted)
{
	socket_is(IPPROTO_TCP, TCP_LISTEN, at(1, 80), at(0, 0));
	socket_is(IPPROTO_TCP, TCP_ESTABLISHED, at(1, 80), at(2, 5000));
	socket_is(IPPROTO_TCP, TCP_ESTABLISHED, at(1, 5000), at(2, 80));
	second();
	ck_assert(!is_open(IPPROTO_TCP, at(1, 80), at(2, 5000)));
	ck_assert(is_open(IPPROTO_TCP, at(1, 5000), at(2, 80)));
}
END_TEST

/*
 * Without its listener nobody can tell it from a call. It was clear before the rule was there:
 * since then nobody gets in so. If it was secured it stays closed.
 */
START_TEST(accepted_without_listener)
{
	struct flow f = { IPPROTO_TCP, at(1, 80), at(2, 5000) };

	secured = f;
	socket_is(IPPROTO_TCP, TCP_ESTABLISHED, f.local, f.remote);
	second();
	ck_assert_uint_eq(n_open(), 0);
	secured.protocol = 0;
	rules_begin();
	second();
	ck_assert_uint_eq(n_open(), 1);
}
END_TEST

START_TEST(lives_as_long_as_its_socket)
{
	socket_is(IPPROTO_TCP, TCP_SYN_SENT, at(1, 4711), at(2, 80));
	glance();
	sockets[0].state = TCP_ESTABLISHED;
	for (int i = 0; i < 60; i++) {
		second();
		ck_assert_uint_eq(n_open(), 1);
	}
	sockets[0].state = TCP_TIME_WAIT;
	for (int i = 0; i < 6; i++)
		second();
	ck_assert_uint_eq(n_open(), 0);
}
END_TEST

/* Nothing left in clear yet: there is nothing to answer, and nothing to tell. */
START_TEST(waits_for_a_negotiation)
{
	waits = true;
	socket_is(IPPROTO_TCP, TCP_SYN_SENT, at(1, 4711), at(2, 80));
	glance();
	second();
	ck_assert_uint_eq(n_open() + n_told, 0);
	waits = false;
	xfrm_answer_now(x, RING);
	(void)event_base_loop(x->base, EVLOOP_NONBLOCK);
	ck_assert_uint_eq(n_open(), 1);
}
END_TEST

/* What has an SA is not looked at any more. */
START_TEST(ends_when_secured)
{
	struct flow any_port = { IPPROTO_TCP, at(1, 0), at(2, 80) };

	socket_is(IPPROTO_TCP, TCP_ESTABLISHED, at(1, 4711), at(2, 80));
	socket_is(IPPROTO_TCP, TCP_ESTABLISHED, at(1, 4712), at(3, 80));
	second();
	ck_assert_uint_eq(n_open(), 2);
	secured = any_port;
	for (int i = 0; i < 6; i++)
		second();
	ck_assert_uint_eq(n_open(), 1);
}
END_TEST

/*
 * A daemon that comes after another one finds connections in clear: their peers may go on,
 * also where they are the next to speak.
 */
START_TEST(restart)
{
	socket_is(IPPROTO_TCP, TCP_LISTEN, at(1, 80), at(0, 0));
	socket_is(IPPROTO_TCP, TCP_ESTABLISHED, at(1, 80), at(2, 5000));
	socket_is(IPPROTO_TCP, TCP_ESTABLISHED, at(1, 4711), at(2, 80));
	socket_is(IPPROTO_UDP, TCP_ESTABLISHED, at(1, 4711), at(2, 53));
	second();
	ck_assert_uint_eq(n_open(), 2);
	ck_assert(!is_open(IPPROTO_TCP, at(1, 80), at(2, 5000)));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("xfrm_answer");
	TCase *t = tcase_create("answers");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, connecting, 0, 2);
	tcase_add_test(t, others);
	tcase_add_loop_test(t, sockets_that_allow_clear_text, 0, 6);
	tcase_add_test(t, accepted);
	tcase_add_test(t, accepted_without_listener);
	tcase_add_test(t, lives_as_long_as_its_socket);
	tcase_add_test(t, waits_for_a_negotiation);
	tcase_add_test(t, ends_when_secured);
	tcase_add_test(t, restart);
	suite_add_tcase(s, t);
	return run_suite(s);
}
