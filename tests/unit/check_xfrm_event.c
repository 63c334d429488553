/* Unit tests of what the kernel tells: only what is gone ends, and what was lost is looked for. */
#include <check.h>
#include <stdlib.h>

#include "daemon/log.h"
#include "daemon/xfrm_state.h"
#include "tests/unit/run_suite.h"
#include "tests/unit/xfrm_stubs.h"

#define OUR_PORT 77
#define OTHER_PORT 78

static struct xfrm *x;
static struct xfrm_pair pair[3]; /* ESP, ESP, AH */
static struct xfrm_event told;	 /* by the kernel at the next read */
static bool reads_all, loses;
static uint32_t expired[4]; /* quick modes; 0: all */
static size_t n_expired, n_repaired, n_looked;

/* ---- fakes ---- */

int
ipc_send(struct ipc *ipc, uint16_t type, const void *body, size_t n, int fd)
{
	const struct proto_qm_expired *e = body;

	(void)ipc;
	(void)n;
	(void)fd;
	ck_assert_int_eq(type, PROTO_QM_EXPIRED);
	expired[n_expired++] = e->qm_id;
	return 0;
}

uint32_t
xfrm_netlink_port_id(const struct xfrm_netlink *nl)
{
	(void)nl;
	return OUR_PORT;
}

bool
xfrm_netlink_read(int fd, xfrm_netlink_each *each, void *ctx, bool *lost)
{
	(void)fd;
	each(ctx, &told);
	*lost = *lost || loses;
	return reads_all;
}

void
xfrm_pair_expire(struct xfrm *xf, struct xfrm_pair *p, enum engine_expiry why)
{
	(void)xf;
	ck_assert_int_eq(why, EXPIRY_PLANE_GONE);
	expired[n_expired++] = p->qm_id;
}

struct xfrm_pair *
xfrm_pair_find(struct xfrm *xf, const struct xfrm_sa_name *name, bool *inbound)
{
	(void)xf;
	*inbound = true;
	return name->spi == 0x1234 ? &pair[0] : NULL;
}

void
xfrm_pair_soft(struct xfrm *xf, struct xfrm_pair *p)
{
	(void)xf;
	(void)p;
}

void
xfrm_pair_move(struct xfrm *xf, struct xfrm_pair *p, const struct endpoint *remote)
{
	(void)xf;
	(void)p;
	(void)remote;
}

void
xfrm_policy_repair(struct xfrm *xf, struct xfrm_entry *e)
{
	(void)xf;
	(void)e;
}

size_t
xfrm_policy_repair_all(struct xfrm *xf)
{
	(void)xf;
	return n_repaired++;
}

void
xfrm_acquire_new(struct xfrm *xf, const struct xfrm_event *e)
{
	(void)xf;
	(void)e;
}

void
xfrm_acquire_look(struct xfrm *xf)
{
	(void)xf;
	n_looked++;
}

/* ---- rig ---- */

static void
setup(void)
{
	x = xfrm_empty();
	for (size_t i = 0; i < 3; i++) {
		pair[i] = (struct xfrm_pair){ .qm_id = (uint32_t)i + 1,
			.sa.protocol = i < 2 ? 50 : 51,
			.exists = { true, true } };
		LIST_INSERT_HEAD(&x->by_id[i], &pair[i], by_id);
	}
	x->n_pairs = 3;
	told = (struct xfrm_event){ .type = XFRM_EVENT_OTHER };
	reads_all = true;
	loses = false;
	n_expired = n_repaired = n_looked = 0;
}

static void
teardown(void)
{
	free(x);
}

static void
flush_by(uint32_t port_id, uint8_t protocol)
{
	told = (struct xfrm_event){ .type = XFRM_EVENT_SA_FLUSHED,
		.port_id = port_id,
		.sa.protocol = protocol };
	xfrm_event_read(x);
}

/* ---- cases ---- */

START_TEST(flush_of_all)
{
	flush_by(OTHER_PORT, 0);
	ck_assert_uint_eq(n_expired, 1);
	ck_assert_uint_eq(expired[0], 0);
}
END_TEST

START_TEST(flush_of_one_protocol)
{
	flush_by(OTHER_PORT, 51);
	ck_assert_uint_eq(n_expired, 1);
	ck_assert_uint_eq(expired[0], 3);
	ck_assert(!pair[2].exists[0] && !pair[2].exists[1]);
	ck_assert(pair[0].exists[0] && pair[1].exists[1]);
	flush_by(OTHER_PORT, 108); /* IPComp */
	ck_assert_uint_eq(n_expired, 1);
	flush_by(OTHER_PORT, 50);
	ck_assert_uint_eq(n_expired, 3);
}
END_TEST

START_TEST(our_own_flush)
{
	flush_by(OUR_PORT, 0);
	ck_assert_uint_eq(n_expired, 0);
}
END_TEST

START_TEST(one_state_deleted)
{
	told = (struct xfrm_event){ .type = XFRM_EVENT_SA_DELETED,
		.port_id = OTHER_PORT,
		.sa.spi = 0x4321 };
	xfrm_event_read(x);
	ck_assert_uint_eq(n_expired, 0);
	told.sa.spi = 0x1234;
	xfrm_event_read(x);
	ck_assert_uint_eq(n_expired, 1);
	ck_assert_uint_eq(expired[0], 1);
}
END_TEST

/* While there is more to read, more may be lost: one look, at the end. */
START_TEST(lost_is_looked_for_once)
{
	loses = true;
	reads_all = false;
	xfrm_event_read(x);
	ck_assert_uint_eq(n_repaired + n_looked, 0);
	loses = false;
	xfrm_event_read(x);
	ck_assert_uint_eq(n_repaired + n_looked, 0);
	reads_all = true;
	xfrm_event_read(x);
	ck_assert_uint_eq(n_repaired, 1);
	ck_assert_uint_eq(n_looked, 1);
	xfrm_event_read(x);
	ck_assert_uint_eq(n_looked, 1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("xfrm_event");
	TCase *t = tcase_create("events");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, flush_of_all);
	tcase_add_test(t, flush_of_one_protocol);
	tcase_add_test(t, our_own_flush);
	tcase_add_test(t, one_state_deleted);
	tcase_add_test(t, lost_is_looked_for_once);
	suite_add_tcase(s, t);
	return run_suite(s);
}
