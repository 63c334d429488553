/* A selector whose last SA is gone: its connections stay secured, and others may be clear. */
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "tests/unit/check_xfrm_send.h"

#define GRACE_MS 10000
#define MAX_LIVE 1024

static const struct flow any = { 6, { { 4, { 10, 0, 0, 2 } }, 80 }, { { 4, { 10, 0, 0, 1 } }, 0 } };
static size_t n_remembered, n_forgotten;

static void
on_told(void *ctx, const struct proto_flow_secured *m, bool secured)
{
	(void)ctx;
	(void)m;
	(*(secured ? &n_remembered : &n_forgotten))++;
}

static struct flow
one(unsigned n)
{
	return flow_of(IPPROTO_TCP, 80, (uint16_t)(1000 + n));
}

static void
secure(uint32_t id, const struct flow *selector, uint32_t class_id)
{
	struct action_sa_add a = pair_of(id, selector, false);

	n_remembered = n_forgotten = 0;
	xfrm_secured_watch(x, on_told, NULL);
	a.class_id = class_id;
	pair_install(a);
}

static struct sockdiag_entry *
call(unsigned n, uint8_t state)
{
	struct flow f = one(n);
	struct sockdiag_entry *e = connection(&f, CLASS_INSECURE);

	e->state = state;
	return e;
}

static bool
requires(const struct xfrm_rule *r)
{
	return r != NULL && r->level == XFRM_LEVEL_REQUIRED;
}

static bool
is_secured(unsigned n)
{
	struct flow f = one(n);

	return requires(policy_for(&f)) && xfrm_clear_never(x, CLASS_INSECURE, &f);
}

/* Has it left clear text to what is new? */
static bool
is_narrow(void)
{
	ck_assert(xfrm_clear_never(x, CLASS_INSECURE, &any) == requires(policy_for(&any)));
	return policy_for(&any) == NULL;
}

/* 0: sockets that allow clear text; 1: a rule that requests, and programs that know nothing */
START_TEST(connections_stay_secured)
{
	uint32_t class_id = _i == 0 ? CLASS_INSECURE : CLASS_RULE;
	struct flow old = one(1), new = one(2);

	secure(1, &any, class_id);
	connection(&old, _i == 0 ? CLASS_INSECURE : 0);
	ticks(GRACE_MS);
	ck_assert(requires(gate_for(&any)) == (_i == 1));
	xfrm_pair_delete(x, 1);
	ck_assert(requires(policy_for(&old)));	/* at once */
	ck_assert(requires(policy_for(&any)));	/* what was on its way is not known yet */
	ticks(1000);
	ck_assert(requires(policy_for(&old)) && requires(gate_for(&old)));
	/* The kernel asks for it by another number than for what is new, which need not wait. */
	ck_assert_uint_eq(policy_for(&old)->reqid, OF_CONNECTION + class_id);
	ck_assert_uint_eq(gate_for(&old)->reqid, class_id);
	ck_assert(policy_for(&any) == NULL && gate_for(&any) == NULL);
	ck_assert(xfrm_clear_never(x, class_id, &old));
	ck_assert(!xfrm_clear_never(x, class_id, &any) && !xfrm_clear_never(x, class_id, &new));
	ck_assert_uint_eq(n_remembered, 2);
	ck_assert_uint_eq(n_forgotten, 1);
	connection(&new, _i == 0 ? CLASS_INSECURE : 0); /* in clear */
	ticks(600000);
	ck_assert(requires(policy_for(&old)) && requires(gate_for(&old)));
	ck_assert(policy_for(&new) == NULL && gate_for(&new) == NULL);
}
END_TEST

/* TIME_WAIT still speaks for a minute. */
START_TEST(forgotten_after_the_connection)
{
	struct flow old = one(1);

	secure(1, &any, CLASS_INSECURE);
	call(1, TCP_ESTABLISHED);
	xfrm_pair_delete(x, 1);
	ticks(120000);
	n_sockets = 0;
	ticks(59000);
	ck_assert(is_secured(1));
	ticks(1000);
	ck_assert_ptr_null(policy_for(&old));
	ck_assert_uint_eq(x->n_secured, 0);
	ck_assert_uint_eq(n_forgotten, 2);
}
END_TEST

/* In clear before the grace is over, and not any more afterwards. */
START_TEST(grace_goes_on)
{
	struct flow old = one(1);

	secure(1, &any, CLASS_INSECURE);
	call(1, TCP_ESTABLISHED);
	xfrm_pair_delete(x, 1);
	ticks(GRACE_MS - 1000);
	ck_assert(is_narrow() && gate_for(&old) == NULL);
	ticks(1000);
	ck_assert(requires(gate_for(&old)));
}
END_TEST

/* Whatever its state: what is left of a socket has no mark. */
START_TEST(every_state_counts)
{
	static const uint8_t states[] = { TCP_SYN_SENT, TCP_SYN_RECV, TCP_ESTABLISHED,
		TCP_FIN_WAIT1, TCP_CLOSE_WAIT, TCP_LAST_ACK, TCP_CLOSING };
	const size_t n = sizeof(states);

	secure(1, &any, CLASS_INSECURE);
	for (unsigned i = 0; i < n; i++)
		call(i, states[i]);
	call(n, TCP_TIME_WAIT)->mark = 0;
	call(n + 1, TCP_FIN_WAIT2)->mark = 0;
	xfrm_pair_delete(x, 1);
	ticks(1000);
	ck_assert(is_narrow());
	for (unsigned i = 0; i < n + 2; i++)
		ck_assert_msg(is_secured(i), "the one with number %u was forgotten", i);
}
END_TEST

/* What came in protected has a socket soon; what connects only now was not let out. */
START_TEST(second_look)
{
	struct flow waiting = one(2);

	secure(1, &any, CLASS_INSECURE);
	xfrm_pair_delete(x, 1);
	call(1, TCP_SYN_RECV);
	call(2, TCP_SYN_SENT);
	ticks(1000);
	ck_assert(is_narrow() && is_secured(1));
	ck_assert_ptr_null(policy_for(&waiting));
}
END_TEST

/* A pair in between may have let its SYN out: whatever connects counts again. */
START_TEST(begins_again_with_a_pair)
{
	secure(1, &any, CLASS_INSECURE);
	xfrm_pair_delete(x, 1);
	secure(2, &any, CLASS_INSECURE);
	call(1, TCP_SYN_SENT);
	xfrm_pair_delete(x, 2);
	ticks(1000);
	ck_assert(!is_narrow());
	ticks(1000);
	ck_assert(is_narrow() && is_secured(1));
}
END_TEST

START_TEST(others_do_not_count)
{
	struct flow port = flow_of(6, 81, 1001), peer = one(2), class = one(3), plain = one(4);

	peer.remote.addr.b[0] = 11;
	secure(1, &any, CLASS_INSECURE);
	connection(&port, CLASS_INSECURE);
	connection(&peer, CLASS_INSECURE);
	connection(&class, CLASS_DEFAULT);
	connection(&plain, 0);
	connection(&any, CLASS_INSECURE)->state = TCP_LISTEN;
	xfrm_pair_delete(x, 1);
	ticks(2000);
	ck_assert(is_narrow());
	ck_assert_uint_eq(x->n_secured, 0);
}
END_TEST

/* 0: nobody knows all sockets, 1: no memory in the kernel, 2: no room here, 3: no more policies */
START_TEST(in_doubt_it_stays_whole)
{
	secure(1, &any, CLASS_INSECURE);
	call(1, TCP_ESTABLISHED);
	sockets_fail = _i == 0;
	kernel_refuses = _i == 1;
	x->n_secured += _i == 2 ? XFRM_MAX_SECURED : 0;
	x->n_entries += _i == 3 ? XFRM_MAX_POLICIES / 2 : 0;
	xfrm_pair_delete(x, 1);
	ticks(600000);
	ck_assert(!is_narrow());
	sockets_fail = kernel_refuses = false;
	x->n_secured -= _i == 2 ? XFRM_MAX_SECURED : 0;
	x->n_entries -= _i == 3 ? XFRM_MAX_POLICIES / 2 : 0;
	ticks(2000);
	ck_assert(is_narrow() && is_secured(1));
}
END_TEST

/* 0: of two thousand each has its own memory after a while; 1: with too many they share one. */
START_TEST(many_connections)
{
	const unsigned n = 2 * MAX_LIVE;
	struct flow f, half = any;

	half.remote.addr.b[2] = 1;
	secure(1, &any, CLASS_INSECURE);
	secure(2, &half, CLASS_INSECURE);
	for (unsigned i = 0; i < n; i++) {
		f = one(i);
		if (_i == 0 && i % 2 == 0)
			f.remote.addr = half.remote.addr;
		connection(&f, CLASS_INSECURE);
	}
	xfrm_pair_delete(x, 1);
	xfrm_pair_delete(x, 2);
	ticks(5000);
	ck_assert(is_narrow() == (_i == 0));
	ck_assert_ptr_null(policy_for(&half));
	for (unsigned i = 0; i < n; i++) {
		f = one(i);
		if (_i == 0 && i % 2 == 0)
			f.remote.addr = half.remote.addr;
		ck_assert(xfrm_clear_never(x, CLASS_INSECURE, &f));
		ck_assert(_i == 1 || requires(policy_for(&f)));
	}
}
END_TEST

/* 0: datagrams; 1: another pair carries some of it, 2: all of it */
START_TEST(what_is_not_narrowed)
{
	struct flow more = flow_of(IPPROTO_TCP, 0, 0), less = one(9), udp = any;
	struct flow f = _i == 0 ? udp : any;

	udp.protocol = IPPROTO_UDP;
	f.protocol = _i == 0 ? IPPROTO_UDP : IPPROTO_TCP;
	secure(1, &f, CLASS_INSECURE);
	if (_i > 0)
		secure(2, _i == 1 ? &less : &more, CLASS_INSECURE);
	xfrm_pair_delete(x, 1);
	ticks(600000);
	ck_assert(requires(policy_for(&f)));
	if (_i == 0)
		return;
	xfrm_pair_delete(x, 2);
	ticks(2000);
	ck_assert_ptr_null(policy_for(&f));
}
END_TEST

/* The next pair serves both, and its end changes nothing for the old one. */
START_TEST(next_pair)
{
	struct flow old = one(1);

	secure(1, &any, CLASS_INSECURE);
	call(1, TCP_ESTABLISHED);
	xfrm_pair_delete(x, 1);
	ticks(GRACE_MS);
	secure(2, &any, CLASS_INSECURE);
	ck_assert(!is_narrow() && is_secured(1));
	ck_assert_uint_eq(policy_for(&old)->reqid, CLASS_INSECURE);
	ck_assert(requires(gate_for(&old)) && gate_for(&any) == NULL);
	call(2, TCP_ESTABLISHED);
	xfrm_pair_delete(x, 2);
	ticks(1000);
	ck_assert(is_narrow() && is_secured(1) && is_secured(2));
	ck_assert_uint_eq(policy_for(&old)->reqid, OF_CONNECTION + CLASS_INSECURE);
}
END_TEST

void
xfrm_narrow_cases(TCase *t)
{
	tcase_add_loop_test(t, connections_stay_secured, 0, 2);
	tcase_add_test(t, forgotten_after_the_connection);
	tcase_add_test(t, grace_goes_on);
	tcase_add_test(t, every_state_counts);
	tcase_add_test(t, second_look);
	tcase_add_test(t, begins_again_with_a_pair);
	tcase_add_test(t, others_do_not_count);
	tcase_add_loop_test(t, in_doubt_it_stays_whole, 0, 4);
	tcase_add_loop_test(t, many_connections, 0, 2);
	tcase_add_loop_test(t, what_is_not_narrowed, 0, 3);
	tcase_add_test(t, next_pair);
}
