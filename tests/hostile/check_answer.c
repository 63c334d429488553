/* Answers with one thing changed: demands for a cookie, M2 (and M1), Q2 with PFS, Q4. */
#include <string.h>

#include "tests/hostile/hostile.h"

static struct recipe r;
static struct raw w;

/* ---- demands for a cookie, which anybody can send ---- */

#define D1_BYTES 48

/* Header, and a notify with a cookie: what the first message is answered with in a flood. */
static void
write_d1(uint8_t *b)
{
	static const uint8_t tail[] = { 0, 0, 0, 20, 0, 0, 0, 1, 1, 0, 0x9c, 0x55, 'a',
		' ', 'c', 'o', 'o', 'k', 'i', 'e' };

	memset(b, 0, 28);
	memcpy(b, hostile_mm(INITIATOR)->icookie, COOKIE_BYTES);
	b[16] = PAYLOAD_NOTIFY;
	b[17] = 0x10;
	b[18] = EXCHANGE_NOTIFY;
	b[27] = D1_BYTES;
	memcpy(b + 28, tail, sizeof(tail));
}

enum {
	NO_CHANGE,
	OTHER_TYPE,
	SHORT,
	LONG,
	ZERO,
	SECOND_PAYLOAD,
	NO_NOTIFY,
	CUT,
	D1_CHANGES
};

static size_t
change_d1(uint8_t *b, int change)
{
	static const uint8_t vendor[] = { 0, 0, 0, 8, 1, 2, 3, 4 };
	size_t n = D1_BYTES;

	switch (change) {
	case OTHER_TYPE:
		b[39] ^= 1;
		break;
	case SHORT:
		n--;
		break;
	case LONG:
		b[n++] = 1;
		break;
	case ZERO:
		memset(b + 40, 0, COOKIE_BYTES);
		break;
	case SECOND_PAYLOAD:
		b[28] = PAYLOAD_VID;
		memcpy(b + n, vendor, sizeof(vendor));
		b[27] = (uint8_t)(n + sizeof(vendor));
		return n + sizeof(vendor);
	case NO_NOTIFY:
		b[16] = PAYLOAD_VID;
		break;
	case CUT: /* a notify without a type */
		n = 28 + 7;
		break;
	default:
		break;
	}
	b[31] = (uint8_t)(n - 28);
	b[27] = (uint8_t)n;
	return n;
}

/* The first message is sent once more for a demand, and for nothing that is like one. */
START_TEST(demands_that_are_none)
{
	uint8_t b[64];
	size_t sent, n;

	hostile_begin();
	net.tap = hostile_tap_silence;
	sim_acquire(&net, INITIATOR, 1, 4, 80);
	sent = net.host[INITIATOR].n_sent;
	write_d1(b);
	n = change_d1(b, _i);
	if (_i != NO_CHANGE)
		hostile_drop(INITIATOR, span_of(b, n), IKE_ERR_CRYPTO_PAYLOAD);
	else
		sim_inject(&net, INITIATOR, b, n);
	ck_assert_uint_eq(net.host[INITIATOR].n_sent, sent + (_i == NO_CHANGE));
	ck_assert_uint_eq(hostile_mm(INITIATOR)->cookie_n_sent, _i == NO_CHANGE);
	net.tap = NULL;
	ck_assert(sim_run_results(&net, INITIATOR, 1, 60000));
	ck_assert_uint_eq(net.host[INITIATOR].result.error, IKE_OK);
	sim_free(&net);
}
END_TEST

/* ---- Q2 and Q4, of a peer that has the keys ---- */

struct row {
	uint8_t payload; /* of Q2, or the notify of Q4 */
	bool is_first;	 /* quick mode of its main mode */
	int change;
	enum ike_err err;
};

enum { MISSING, ALL_ZERO, SHORTER, LONGER, OTHER_BIT, LAST_BIT, SYNC_TYPE };

static const struct row rows[] = {
	{ PAYLOAD_KE, true, MISSING, IKE_ERR_KE },
	{ PAYLOAD_KE, true, ALL_ZERO, IKE_ERR_DH },
	{ PAYLOAD_KE, false, SHORTER, IKE_ERR_DH },
	{ PAYLOAD_HASH, true, MISSING, IKE_ERR_PAYLOAD_MISSING },
	{ PAYLOAD_HASH, true, SHORTER, IKE_ERR_HASH },
	{ PAYLOAD_HASH, true, LONGER, IKE_ERR_HASH },
	{ PAYLOAD_HASH, true, OTHER_BIT, IKE_ERR_AUTH_HASH },
	{ PAYLOAD_HASH, false, SHORTER, IKE_ERR_HASH },
	{ PAYLOAD_SA, true, LAST_BIT, IKE_ERR_NO_PROPOSAL }, /* not what was offered */
	{ PAYLOAD_SA, false, LAST_BIT, IKE_ERR_NO_PROPOSAL },
	{ PAYLOAD_NOTIFY, true, SYNC_TYPE, IKE_ERR_NOTIFY },
	{ PAYLOAD_NOTIFY, false, SYNC_TYPE, IKE_ERR_NOTIFY },
};

static void
apply(const struct row *row)
{
	struct item *it = recipe_find(&r, row->payload, 0);

	switch (row->change) {
	case MISSING:
		recipe_remove(&r, (size_t)(it - r.item));
		break;
	case ALL_ZERO:
		memset(it->b, 0, it->n);
		break;
	case SHORTER:
		it->n--;
		break;
	case LONGER:
		it->b[it->n++] = 0;
		break;
	case LAST_BIT:
		it->b[it->n - 1] ^= 1;
		break;
	case OTHER_BIT:
		it->b[0] ^= 1;
		break;
	default:
		it->b[7] ^= 1;
	}
}

static bool
tap_change(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	const struct row **row = ctx;
	bool has_sa;

	if (*row == NULL || from != RESPONDER || (p[19] & ISAKMP_FLAG_ENCRYPTED) == 0)
		return true;
	ck_assert(recipe_read(&r, hostile_mm(RESPONDER), span_of(p, *n)));
	has_sa = recipe_find(&r, PAYLOAD_SA, 0) != NULL;
	if (r.h.exchange == EXCHANGE_NOTIFY ||
	    has_sa != ((*row)->payload != PAYLOAD_NOTIFY))
		return true;
	apply(*row);
	*row = NULL;
	recipe_write(&r, hostile_mm(RESPONDER), &w);
	memcpy(p, w.b, w.n);
	*n = w.n;
	return true;
}

/*
 * The quick mode ends, at both sides; the first one takes its main mode along, because extended
 * mode waits for it. Who asked is told.
 */
START_TEST(answers_of_quick_mode)
{
	const struct row *row = &rows[_i];
	size_t before = row->is_first ? 0 : 2;

	hostile_begin();
	for (size_t i = 0; i < SIM_HOSTS; i++)
		for (uint32_t k = 0; k < net.host[i].policy.n_qm_proposal; k++)
			net.host[i].policy.qm_proposal[k].pfs = DH_ECP256;
	if (!row->is_first) {
		sim_acquire(&net, INITIATOR, 1, 4, 80);
		ck_assert(sim_run_results(&net, INITIATOR, 1, 5000));
		sim_run(&net, 1000);
	}
	net.host[INITIATOR].n_result = 0;
	net.tap = tap_change;
	net.tap_ctx = &row;
	sim_acquire(&net, INITIATOR, 2, 4, 81);
	ck_assert(sim_run_results(&net, INITIATOR, 1, 2000));
	ck_assert_uint_eq(net.host[INITIATOR].result.error, rows[_i].err);
	sim_run(&net, 2000);
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		ck_assert_uint_eq(net.host[i].n_sa, before);
		ck_assert_uint_eq(sim_count_qm(&net, i), before / 2);
		ck_assert_uint_eq(sim_count_mm(&net, i), before / 2);
	}
	hostile_end();
}
END_TEST

/* ---- values of Diffie-Hellman in M1 and M2 ---- */

struct clear_ke {
	size_t from;
	bool is_over;
};

static bool
tap_clear_ke(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	struct clear_ke *c = ctx;

	if (c->is_over || from != c->from)
		return true;
	c->is_over = true;
	ck_assert(recipe_read(&r, NULL, span_of(p, *n)));
	memset(recipe_find(&r, PAYLOAD_KE, 0)->b, 0, recipe_find(&r, PAYLOAD_KE, 0)->n);
	recipe_write(&r, NULL, &w);
	memcpy(p, w.b, w.n);
	*n = w.n;
	return true;
}

/* What is no point of the curve makes no keys: it is dropped, and the right one counts. */
START_TEST(main_mode_with_a_value_that_is_none)
{
	struct clear_ke c = { .from = (size_t)_i };

	hostile_begin();
	net.tap = tap_clear_ke;
	net.tap_ctx = &c;
	sim_acquire(&net, INITIATOR, 1, 4, 80);
	sim_run(&net, 100);
	ck_assert(c.is_over);
	ck_assert_uint_eq(hostile_errors(1 - c.from, IKE_ERR_DH), 1);
	ck_assert_int_eq(hostile_mm(INITIATOR)->state, MM_FIRST_SENT);
	ck_assert_uint_eq(sim_count_mm(&net, RESPONDER), c.from == RESPONDER);
	ck_assert(sim_run_results(&net, INITIATOR, 1, 60000));
	ck_assert_uint_eq(net.host[INITIATOR].result.error, IKE_OK);
	hostile_end();
}
END_TEST

TCase *
hostile_answer_cases(void)
{
	TCase *t = tcase_create("answers");

	tcase_add_loop_test(t, main_mode_with_a_value_that_is_none, 0, SIM_HOSTS);
	tcase_add_loop_test(t, demands_that_are_none, 0, D1_CHANGES);
	tcase_add_loop_test(
	    t, answers_of_quick_mode, 0, (int)(sizeof(rows) / sizeof(rows[0])));
	return t;
}
