/* H09-H15: payload types, counts and orders; every message in every state. */
#include <string.h>

#include "tests/hostile/hostile.h"

static struct recipe r;
static struct raw w;

/* ---- H09, H10: types ---- */

START_TEST(h09_every_next_payload_in_the_header)
{
	hostile_begin();
	for (unsigned t = 0; t < 256; t++) {
		if (t == PAYLOAD_CRYPTO)
			continue;
		w = *hostile_m1_raw();
		w.b[16] = (uint8_t)t;
		sim_inject(&net, RESPONDER, w.b, w.n);
		ck_assert_uint_eq(sim_count_mm(&net, RESPONDER), 0);
		ck_assert_uint_eq(net.host[RESPONDER].bytes_sent, 0);
	}
	ck_assert_uint_eq(hostile_errors(RESPONDER, IKE_ERR_FRAGMENT), 1);
	ck_assert_uint_ge(hostile_errors(RESPONDER, IKE_ERR_CRYPTO_PAYLOAD), 253);
	hostile_end();
}
END_TEST

static bool
change_type(struct recipe *m, int at, int type)
{
	if ((size_t)at >= m->n || m->item[at].type == type)
		return false;
	m->item[at].type = (uint8_t)type;
	return true;
}

/* What the row calls SAK (14) is there too. */
static const uint8_t odd_types[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 20,
	21, 33, 34, 40, 46, 53, 127, 128, 129, 130, 131, 132, 133, 134, 135, 136, 137, 138, 255 };

/* Each payload of each message renamed. */
START_TEST(h09_payload_types_in_every_message)
{
	for (int at = 0; at < 16; at++)
		for (size_t t = 0; t < sizeof(odd_types); t++)
			(void)hostile_negotiate((size_t)_i, change_type, at, odd_types[t]);
}
END_TEST

/* IKEv2 numbers are no payloads of ours: what is renamed to one is missing. */
START_TEST(h10_ikev2_types_are_not_their_namesakes)
{
	hostile_begin();
	for (unsigned t = 33; t <= 53; t++) {
		hostile_m1(&r);
		recipe_find(&r, PAYLOAD_SA, 0)->type = (uint8_t)t;
		recipe_write(&r, NULL, &w);
		hostile_drop_raw(RESPONDER, &w, IKE_ERR_PAYLOAD_MISSING);
	}
	hostile_end();
}
END_TEST

START_TEST(h10_authip_types_in_ikev1)
{
	static const uint8_t v1[] = { 2, 4, 5, 32 };

	hostile_begin();
	for (size_t i = 0; i < sizeof(v1); i++)
		for (unsigned t = 0x81; t <= 0x89; t++) {
			w = *hostile_m1_raw();
			w.b[16] = (uint8_t)t;
			w.b[18] = v1[i];
			hostile_drop_raw(RESPONDER, &w, IKE_ERR_IKEV1);
		}
	hostile_end();
}
END_TEST

/* ---- H11: counts ---- */

START_TEST(h11_number_of_payloads)
{
	static const uint8_t body[4];
	size_t own;

	hostile_begin();
	hostile_m1(&r);
	own = r.n;
	for (size_t n = 1; n <= 300; n++) {
		hostile_m1(&r);
		for (size_t i = 0; i < n; i++)
			recipe_add(&r, 200, SPAN_ARRAY(body));
		recipe_write(&r, NULL, &w);
		if (own + n > MESSAGE_MAX_PAYLOADS) {
			hostile_drop_raw(RESPONDER, &w, IKE_ERR_PAYLOAD_COUNT);
			continue;
		}
		/* At the limit and below, unknown ones are skipped. */
		sim_inject(&net, RESPONDER, w.b, w.n);
		ck_assert_uint_eq(sim_count_mm(&net, RESPONDER), 1);
		engine_delete_mm(net.host[RESPONDER].engine, net.now_ms, 0);
		sim_flush(&net);
	}
	ck_assert_uint_gt(hostile_errors(RESPONDER, IKE_ERR_PAYLOAD_COUNT), 200);
	hostile_end();
}
END_TEST

START_TEST(h11_number_of_vendor_ids)
{
	static const uint8_t body[16];
	size_t own;

	hostile_begin();
	hostile_m1(&r);
	own = r.n;
	for (size_t n = 25; n < MESSAGE_MAX_PAYLOADS + 3 - own; n++) {
		size_t vendors = 0;

		hostile_m1(&r);
		for (size_t i = 0; i < n; i++)
			recipe_add(&r, PAYLOAD_VID, SPAN_ARRAY(body));
		for (size_t i = 0; i < r.n; i++)
			vendors += r.item[i].type == PAYLOAD_VID;
		recipe_write(&r, NULL, &w);
		if (vendors > 32) {
			hostile_drop_raw(RESPONDER, &w,
			    r.n > MESSAGE_MAX_PAYLOADS ? IKE_ERR_PAYLOAD_COUNT :
							 IKE_ERR_PAYLOAD_UNEXPECTED);
			continue;
		}
		sim_inject(&net, RESPONDER, w.b, w.n);
		ck_assert_uint_eq(sim_count_mm(&net, RESPONDER), 1);
		engine_delete_mm(net.host[RESPONDER].engine, net.now_ms, 0);
		sim_flush(&net);
	}
	hostile_end();
}
END_TEST

/* ---- H12: withheld, doubled, swapped, cut, grown ---- */

enum { REMOVE, DOUBLE, SWAP, EMPTY, CUT, GROW, CHANGES };

static bool
change_payload(struct recipe *m, int at, int how)
{
	struct item *it = &m->item[at], kept;

	if ((size_t)at >= m->n)
		return false;
	switch (how) {
	case REMOVE:
		recipe_remove(m, (size_t)at);
		break;
	case DOUBLE:
		recipe_add(m, it->type, span_of(it->b, it->n));
		break;
	case SWAP:
		if ((size_t)at + 1 >= m->n)
			return false;
		kept = it[0];
		it[0] = it[1];
		it[1] = kept;
		break;
	case EMPTY:
		it->n = 0;
		break;
	case CUT:
		it->n -= it->n > 0;
		break;
	case GROW:
		it->b[it->n++] = 0;
		break;
	default:
		return false;
	}
	return true;
}

START_TEST(h12_each_payload_of_each_message_changed)
{
	int applied = 0;

	for (int at = 0; at < 16; at++)
		for (int how = 0; how < CHANGES; how++)
			applied += hostile_negotiate((size_t)_i, change_payload, at, how);
	ck_assert_int_gt(applied, 3);
}
END_TEST

/* Every byte of every payload, one value each: what the other end makes of it. */
static bool
change_byte(struct recipe *m, int at, int value)
{
	for (size_t i = 0; i < m->n; i++) {
		if ((size_t)at < m->item[i].n) {
			m->item[i].b[at] = (uint8_t)(m->item[i].b[at] + value);
			return true;
		}
		at -= (int)m->item[i].n;
	}
	return false;
}

START_TEST(h12_each_byte_of_each_sealed_message_changed)
{
	for (int at = 0; hostile_negotiate((size_t)_i, change_byte, at, 1 + at % 255); at++)
		;
}
END_TEST

/* ---- H13: proposals ---- */

struct sa_row {
	const char *name;
	uint8_t body[64];
	size_t n;
	enum ike_err err;
};

#define SA_HEAD 0, 0, 0, 1, 0, 0, 0, 1
static const struct sa_row sa_rows[] = {
	{ "no proposal", { SA_HEAD }, 8, IKE_ERR_PROPOSAL },
	{ "no transform", { SA_HEAD, 0, 0, 0, 8, 1, 1, 0, 0 }, 16, IKE_ERR_PROPOSAL },
	{ "transform missing", { SA_HEAD, 0, 0, 0, 8, 1, 1, 0, 1 }, 16, IKE_ERR_TRANSFORM },
	{ "no attributes", { SA_HEAD, 0, 0, 0, 16, 1, 1, 0, 1, 0, 0, 0, 8, 1, 1, 0, 0 }, 24,
	    IKE_ERR_NO_PROPOSAL },
	{ "more announced", { SA_HEAD, 0, 0, 0, 16, 1, 1, 0, 2, 0, 0, 0, 8, 1, 1, 0, 0 }, 24,
	    IKE_ERR_PROPOSAL },
	{ "255 announced", { SA_HEAD, 0, 0, 0, 16, 1, 1, 0, 255, 0, 0, 0, 8, 1, 1, 0, 0 }, 24,
	    IKE_ERR_PROPOSAL },
	{ "transform of 7", { SA_HEAD, 0, 0, 0, 16, 1, 1, 0, 1, 0, 0, 0, 7, 1, 1, 0, 0 }, 24,
	    IKE_ERR_TRANSFORM },
	{ "transform of 9", { SA_HEAD, 0, 0, 0, 16, 1, 1, 0, 1, 0, 0, 0, 9, 1, 1, 0, 0 }, 24,
	    IKE_ERR_TRANSFORM },
	{ "half an attribute",
	    { SA_HEAD, 0, 0, 0, 18, 1, 1, 0, 1, 0, 0, 0, 10, 1, 1, 0, 0, 0x80, 1 }, 26,
	    IKE_ERR_TRANSFORM },
	{ "attribute longer than all",
	    { SA_HEAD, 0, 0, 0, 20, 1, 1, 0, 1, 0, 0, 0, 12, 1, 1, 0, 0, 0, 1, 0xff, 0xff }, 28,
	    IKE_ERR_TRANSFORM },
	{ "SPI size 255", { SA_HEAD, 0, 0, 0, 16, 1, 1, 255, 1, 0, 0, 0, 8, 1, 1, 0, 0 }, 24,
	    IKE_ERR_PROPOSAL },
	{ "SPI longer than all", { SA_HEAD, 0, 0, 0, 16, 1, 1, 16, 1, 0, 0, 0, 8, 1, 1, 0, 0 },
	    24, IKE_ERR_PROPOSAL },
	{ "another is said to follow", { SA_HEAD, 2, 0, 0, 16, 1, 1, 0, 1, 0, 0, 0, 8, 1, 1, 0, 0 },
	    24, IKE_ERR_PROPOSAL },
	{ "bytes behind", { SA_HEAD, 0, 0, 0, 16, 1, 1, 0, 1, 0, 0, 0, 8, 1, 1, 0, 0, 9 }, 25,
	    IKE_ERR_SA },
};

START_TEST(h13_odd_proposals)
{
	const struct sa_row *row = &sa_rows[_i];
	struct item *sa;

	hostile_begin();
	hostile_m1(&r);
	sa = recipe_find(&r, PAYLOAD_SA, 0);
	memcpy(sa->b, row->body, row->n);
	sa->n = row->n;
	recipe_write(&r, NULL, &w);
	hostile_refuse(RESPONDER, span_of(w.b, w.n), row->err);
	hostile_end();
}
END_TEST

TCase *
hostile_chain_cases(void)
{
	TCase *t = tcase_create("chain");

	tcase_set_timeout(t, 600);
	tcase_add_test(t, h09_every_next_payload_in_the_header);
	tcase_add_loop_test(t, h09_payload_types_in_every_message, 0, GOOD_MESSAGES);
	tcase_add_test(t, h10_ikev2_types_are_not_their_namesakes);
	tcase_add_test(t, h10_authip_types_in_ikev1);
	tcase_add_test(t, h11_number_of_payloads);
	tcase_add_test(t, h11_number_of_vendor_ids);
	tcase_add_loop_test(t, h12_each_payload_of_each_message_changed, 0, GOOD_MESSAGES);
	/* M1 and M2 so: check_sim (mutated_first_messages). */
	tcase_add_loop_test(t, h12_each_byte_of_each_sealed_message_changed, 2, GOOD_MESSAGES);
	tcase_add_loop_test(t, h13_odd_proposals, 0, sizeof(sa_rows) / sizeof(sa_rows[0]));
	return t;
}
