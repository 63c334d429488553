/* Unit tests of the kernel plane's pairs: how they are found, what ends with them, silence. */
#include <check.h>
#include <errno.h>
#include <linux/xfrm.h>
#include <stdlib.h>
#include <time.h>

#include "daemon/log.h"
#include "daemon/xfrm_state.h"
#include "tests/unit/run_suite.h"
#include "tests/unit/xfrm_stubs.h"

#define CLASS 5
#define MANY 4000

static struct xfrm *x;
static uint64_t packets[2];	/* of every state, at the next look: out, in */
static uint32_t heard_through;	/* the SPI of the only state that carries them; 0: all */
static size_t n_silent, n_unheard, n_gone, n_expired, n_of_connection;
static size_t n_asked, n_dumps;
static uint8_t carried = 6; /* by new pairs */
static uint32_t gone; /* the SPI of a state that another program has deleted */

/* ---- fakes ---- */

int
ipc_send(struct ipc *ipc, uint16_t type, const void *body, size_t n, int fd)
{
	const struct proto_qm_expired *e = body;

	(void)ipc;
	(void)n;
	(void)fd;
	if (type != PROTO_QM_EXPIRED)
		return 0;
	n_silent += e->why == EXPIRY_SILENT;
	n_unheard += e->why == EXPIRY_UNHEARD;
	n_gone += e->why == EXPIRY_PLANE_GONE;
	n_expired++;
	return 0;
}

static uint32_t asked; /* for the state of this SPI */

struct nlmsghdr *
xfrm_message_sa_get(void *buf, const struct xfrm_sa_name *s)
{
	asked = s->spi;
	return buf;
}

static bool dump_fails;

static struct xfrm_event
state_of(uint32_t spi)
{
	struct xfrm_event e = { .type = XFRM_EVENT_SA };

	if (spi % 2 == 0)
		e.packets = packets[0];
	else if (heard_through == 0 || heard_through == spi)
		e.packets = packets[1];
	return e;
}

int
xfrm_netlink_ask(struct xfrm_netlink *nl, struct nlmsghdr *nlh, struct xfrm_event *out)
{
	(void)nl;
	(void)nlh;
	n_asked++;
	*out = state_of(asked);
	return asked == gone ? -ESRCH : 0;
}

/* All states of ours, and one of another program with a number of ours. */
int
xfrm_netlink_dump(uint16_t type, xfrm_netlink_each *each, void *ctx)
{
	const struct xfrm_pair *p;
	struct xfrm_event e = { .type = XFRM_EVENT_SA, .packets = 4711 };

	ck_assert_uint_eq(type, XFRM_MSG_GETSA);
	n_dumps++;
	if (dump_fails)
		return -ENOBUFS;
	for (size_t i = 0; i < XFRM_BUCKETS; i++)
		LIST_FOREACH (p, &x->by_id[i], by_id)
			for (int d = 0; d < 2; d++) {
				e.sa = p->name[d];
				e.sa.protocol = 51;
				each(ctx, &e);
				e = state_of(p->name[d].spi);
				e.sa = p->name[d];
				if (p->exists[d] && e.sa.spi != gone)
					each(ctx, &e);
			}
	return 0;
}

void
xfrm_sa_name_of(const struct action_sa_add *a, struct xfrm_sa_name *out)
{
	out->protocol = a->protocol;
	out->spi = a->spi;
	out->from = a->inbound ? a->selector.remote.addr : a->selector.local.addr;
	out->to = a->inbound ? a->selector.local.addr : a->selector.remote.addr;
}

void
xfrm_narrow_pair_gone(struct xfrm *xf, uint32_t class_id, const struct flow *selector)
{
	(void)xf;
	(void)class_id;
	(void)selector;
}

bool
xfrm_clear_is_secured(struct xfrm *xf, uint32_t class_id, const struct flow *selector)
{
	(void)xf;
	(void)class_id;
	(void)selector;
	return false;
}

void
xfrm_clear_secured(struct xfrm *xf, const struct xfrm_pair *p)
{
	(void)xf;
	(void)p;
}

void
xfrm_remote_secured(struct xfrm *xf, uint32_t class_id, const struct address *remote)
{
	(void)xf;
	(void)class_id;
	(void)remote;
}

void
xfrm_remote_idle(struct xfrm *xf, uint32_t class_id, const struct address *remote)
{
	(void)xf;
	(void)class_id;
	(void)remote;
}

bool
xfrm_policy_set(
    struct xfrm *xf, uint32_t class_id, const struct xfrm_rule *r, uint64_t until_ms)
{
	(void)xf;
	(void)class_id;
	(void)until_ms;
	n_of_connection += r->reqid == xfrm_reqid_connection(CLASS);
	return true;
}

void
xfrm_policy_unset(struct xfrm *xf, const struct xfrm_rule *r)
{
	(void)xf;
	(void)r;
	n_of_connection--;
}

struct xfrm_rule
xfrm_rule_flow(const struct xfrm *xf, uint32_t class_id, const struct flow *selector,
    enum xfrm_level level, uint8_t protocol)
{
	(void)level;
	(void)protocol;
	return (struct xfrm_rule){ .selector = *selector,
		.reqid = xfrm_pair_is_of_connection(xf, class_id, selector) ?
			     xfrm_reqid_connection(class_id) :
			     0 };
}

/* ---- rig ---- */

static void
setup(void)
{
	x = xfrm_empty();
	packets[0] = packets[1] = 0;
	heard_through = 0;
	n_silent = n_gone = n_expired = n_of_connection = 0;
	n_asked = n_dumps = 0;
	gone = 0;
	dump_fails = false;
}

static void
teardown(void)
{
	xfrm_pair_flush(x, 0);
	ck_assert_uint_eq(x->n_pairs, 0);
	free(x);
}

/* Outbound SPIs are even. */
static uint32_t
spi(uint32_t qm_id, bool inbound)
{
	return 0x1000 + qm_id * 2 + (inbound ? 1 : 0);
}

static void
half_add(uint32_t qm_id, bool inbound, uint16_t local_port)
{
	struct action_sa_add a = { .qm_id = qm_id,
		.class_id = CLASS,
		.inbound = inbound,
		.protocol = 50,
		.spi = spi(qm_id, inbound),
		.selector = { carried, { { 4, { 10, 0, 0, 1 } }, local_port },
		    { { 4, { 10, 0, 0, 2 } }, 80 } },
		.unheard_s = 3 };

	xfrm_pair_add(x, &a);
}

static void
pair_add(uint32_t qm_id, uint16_t local_port)
{
	half_add(qm_id, true, local_port);
	half_add(qm_id, false, local_port);
}

static const struct xfrm_pair *
find(uint32_t qm_id, bool inbound)
{
	struct xfrm_sa_name name = { .protocol = 50,
		.spi = spi(qm_id, inbound),
		.to = { 4, { 10, 0, 0, inbound ? 1 : 2 } } };
	bool is_inbound = !inbound;
	const struct xfrm_pair *p = xfrm_pair_find(x, &name, &is_inbound);

	if (p != NULL)
		ck_assert(is_inbound == inbound);
	return p;
}

static void
tick(uint64_t out, uint64_t in)
{
	x->now_ms += 1000;
	packets[0] += out;
	packets[1] += in;
	xfrm_usage_tick(x);
}

static double
cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- cases ---- */

START_TEST(found_by_name)
{
	pair_add(1, 0);
	half_add(2, true, 0);
	ck_assert_uint_eq(find(1, true)->qm_id, 1);
	ck_assert_uint_eq(find(1, false)->qm_id, 1);
	ck_assert_uint_eq(find(2, true)->qm_id, 2);
	ck_assert_ptr_null(find(2, false));
	ck_assert_ptr_null(find(3, true));
	xfrm_pair_by_id(x, 1)->exists[0] = false; /* the kernel has deleted it */
	ck_assert_ptr_null(find(1, false));
	ck_assert_uint_eq(find(1, true)->qm_id, 1);
	xfrm_pair_delete(x, 1);
	ck_assert_ptr_null(find(1, true));
}
END_TEST

/* 1: one of its states expired in the kernel before. */
START_TEST(policy_of_connection_ends)
{
	pair_add(1, 4711);
	ck_assert_uint_eq(n_of_connection, 1);
	if (_i == 1)
		xfrm_pair_by_id(x, 1)->exists[1] = false;
	xfrm_pair_delete(x, 1);
	ck_assert_uint_eq(n_of_connection, 0);
}
END_TEST

START_TEST(silent_peer)
{
	pair_add(1, 0);
	tick(2, 2);
	for (int i = 0; i < 3; i++)
		tick(0, 0);
	ck_assert_uint_eq(n_silent, 0);
	tick(1, 0);
	tick(1, 0);
	tick(1, 0);
	ck_assert_uint_eq(n_silent, 0);
	tick(1, 0);
	ck_assert_uint_eq(n_silent, 1);
}
END_TEST

/* Three seconds without a packet of the peer. It may send by an older pair of that traffic. */
START_TEST(unheard_peer)
{
	carried = _i == 0 ? 17 : 6;
	pair_add(1, 0);
	for (int i = 0; i < 2; i++)
		tick(1, 0);
	tick(1, 1);
	for (int i = 0; i < 2; i++)
		tick(1, 0);
	ck_assert_uint_eq(n_unheard, 0);
	tick(1, 0);
	ck_assert_uint_eq(n_unheard, _i == 0 ? 1 : 0);
	pair_add(2, 0);
	heard_through = spi(1, true);
	for (int i = 0; i < 12; i++)
		tick(1, 1);
	ck_assert_uint_eq(n_unheard, _i == 0 ? 1 : 0);
}
END_TEST

/* Whoever answers through another of his pairs is not silent. */
START_TEST(heard_through_another)
{
	pair_add(1, 1);
	pair_add(2, 2);
	heard_through = spi(2, true);
	for (int i = 0; i < 8; i++)
		tick(1, 1);
	ck_assert_uint_eq(n_silent, 0);
	for (int i = 0; i < 8; i++)
		tick(1, 0);
	ck_assert_uint_eq(n_silent, 2);
}
END_TEST

/* A look at each pair for each pair would take seconds, every second. */
START_TEST(many_of_one_peer)
{
	double before;

	for (uint32_t i = 1; i <= MANY; i++)
		pair_add(i, (uint16_t)i);
	before = cpu_s();
	for (int i = 0; i < 3; i++)
		tick(1, 1);
	for (uint32_t i = 1; i <= MANY; i++)
		ck_assert_uint_eq(find(i, true)->qm_id, i);
	ck_assert_double_lt(cpu_s() - before, 0.5);
	ck_assert_uint_eq(n_silent, 0);
}
END_TEST

/* One question a second for all of them; few are asked for one by one. */
START_TEST(one_question_for_many)
{
	for (uint32_t i = 1; i <= 32; i++)
		pair_add(i, (uint16_t)i);
	tick(1, 1);
	ck_assert_uint_eq(n_dumps, 0);
	ck_assert_uint_eq(n_asked, 64);
	for (uint32_t i = 33; i <= MANY; i++)
		pair_add(i, (uint16_t)i);
	for (int i = 0; i < 3; i++)
		tick(1, 2);
	ck_assert_uint_eq(n_dumps, 3);
	ck_assert_uint_eq(n_asked, 64);
	ck_assert_uint_eq(xfrm_pair_by_id(x, 1)->packets[0], 4);
	ck_assert_uint_eq(xfrm_pair_by_id(x, MANY)->packets[1], 7);
	ck_assert_uint_eq(x->count[PC_OUT_SEALED], 4 * MANY);
	ck_assert_uint_eq(x->count[PC_IN_OPENED], 7 * MANY);
	ck_assert_uint_eq(n_expired, 0);
}
END_TEST

/* What the dump did not tell is asked for; all of it, if there was no dump. */
START_TEST(not_in_the_dump)
{
	for (uint32_t i = 1; i <= 100; i++)
		pair_add(i, (uint16_t)i);
	gone = spi(50, true);
	tick(1, 1);
	ck_assert_uint_eq(n_asked, 1);
	ck_assert_uint_eq(n_gone, 1);
	ck_assert(!xfrm_pair_by_id(x, 50)->exists[1]);
	ck_assert(xfrm_pair_by_id(x, 50)->exists[0]);
	dump_fails = true;
	tick(1, 1);
	ck_assert_uint_eq(n_asked, 1 + 199);
	ck_assert_uint_eq(n_expired, 1);
	ck_assert_uint_eq(xfrm_pair_by_id(x, 1)->packets[0], 2);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("xfrm_pair");
	TCase *t = tcase_create("pairs");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, found_by_name);
	tcase_add_loop_test(t, policy_of_connection_ends, 0, 2);
	tcase_add_test(t, silent_peer);
	tcase_add_loop_test(t, unheard_peer, 0, 2);
	tcase_add_test(t, heard_through_another);
	tcase_add_test(t, many_of_one_peer);
	tcase_add_test(t, one_question_for_many);
	tcase_add_test(t, not_in_the_dump);
	suite_add_tcase(s, t);
	return run_suite(s);
}
