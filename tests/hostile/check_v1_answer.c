/*
 * Quick mode of IKEv1 with one thing changed by a peer that has the keys: opened, changed,
 * hashed and sealed again on its way.
 */
#include <string.h>

#include "tests/hostile/check_v1.h"

#define LIFE_S 3600
#define LIFE_KB 100000

static const struct dialect dialect = DIALECT_DEFAULT;

enum which { FIRST, SECOND, THIRD };
enum what {
	NOTHING,
	SHORT_NONCE,
	OTHER_PORT,
	OTHER_PROTOCOL,
	OTHER_ADDRESS,
	ONE_ID,
	KE_EXTRA,
	KE_MISSING,
	SA_MISSING,
	NONCE_MISSING,
	LIFETIME,
	NO_LIFETIME, /* the same in a notify of another kind */
	HASH_BIT,
	HASH_CUT,
};

struct change {
	enum which which;
	enum what what;
	enum dh_group pfs;
	enum ike_err err; /* of who gets it */
	uint32_t life_s, life_kb;
	bool is_unlimited; /* by bytes, as far as we are concerned */
};

/* Last blocks of what went before: the IVs of the second and the third message. */
static struct v1_iv last;
static size_t n_quick;

static struct span
changed(
    const struct change *c, uint8_t type, struct span body, uint8_t *b, size_t nth_id)
{
	memcpy(b, body.p, body.n);
	if (type == PAYLOAD_NONCE && c->what == SHORT_NONCE)
		return span_of(b, 7);
	if (type == PAYLOAD_ID && nth_id == 1 && c->what == OTHER_PORT)
		b[3] ^= 1;
	if (type == PAYLOAD_ID && nth_id == 1 && c->what == OTHER_PROTOCOL)
		b[1] ^= 1;
	if (type == PAYLOAD_ID && nth_id == 1 && c->what == OTHER_ADDRESS)
		b[body.n - 1] ^= 1;
	return span_of(b, body.n);
}

static void
write_lifetime(struct engine *e, const struct change *c)
{
	uint8_t b[64];
	struct writer w;

	writer_init(&w, b, sizeof(b));
	writer_u32(&w, 1);
	writer_u8(&w, 3);
	writer_u8(&w, 4);
	writer_u16(
	    &w, c->what == LIFETIME ? NOTIFY_RESPONDER_LIFETIME : NOTIFY_CONNECTED);
	writer_u32(&w, 0x12345678);
	pld_life_encode(&w, c->life_s, c->life_kb);
	v1_write(e, PAYLOAD_NOTIFY, span_of(b, w.n));
}

static void
write_changed(struct engine *e, const struct change *c, const struct message *m)
{
	static const uint8_t ke[64] = { 1 };
	uint8_t b[1024];
	size_t n_id = 0;

	for (size_t i = 1; i < m->n_payload; i++) {
		const struct payload *p = &m->payload[i];
		size_t nth = p->type == PAYLOAD_ID ? n_id++ : 0;

		if ((p->type == PAYLOAD_ID && nth == 1 && c->what == ONE_ID) ||
		    (p->type == PAYLOAD_KE && c->what == KE_MISSING) ||
		    (p->type == PAYLOAD_SA && c->what == SA_MISSING) ||
		    (p->type == PAYLOAD_NONCE && c->what == NONCE_MISSING))
			continue;
		v1_write(e, p->type, changed(c, p->type, p->body, b, nth));
	}
	if (c->what == KE_EXTRA)
		v1_write(e, PAYLOAD_KE, SPAN_ARRAY(ke));
	if (c->what == LIFETIME || c->what == NO_LIFETIME)
		write_lifetime(e, c);
}

/* The third message is a hash alone. */
static struct span
third(
    struct engine *e, const struct change *c, const struct message *m, struct v1_iv *iv)
{
	struct span hash = m->payload[0].body, wire;
	uint8_t b[HASH_MAX_BYTES];

	memcpy(b, hash.p, hash.n);
	b[hash.n - 1] ^= c->what == HASH_BIT;
	v1_begin(e, v1_mm(INITIATOR), EXCHANGE_QUICK, m->h.message_id);
	v1_write(e, PAYLOAD_HASH, span_of(b, hash.n - (c->what == HASH_CUT)));
	ck_assert(v1_finish(e, &wire) && v1_seal(e, v1_mm(INITIATOR), iv, &wire));
	return wire;
}

static struct span
first_or_second(
    size_t from, const struct change *c, const struct message *m, struct v1_iv *iv)
{
	struct engine *e = v1_net.host[from].engine;
	const struct mm_sa *mm = v1_mm(from);
	const struct qm_sa *qm = sadb_qm_by_message_id(mm, m->h.message_id);
	struct span wire, ni = SPAN_NONE;

	ck_assert_ptr_nonnull(qm);
	if (from == RESPONDER)
		ni = span_of(qm->ni.p + 4, qm->ni.n - 4);
	v1_begin(e, mm, EXCHANGE_QUICK, m->h.message_id);
	v1_hash_begin(e, mm);
	write_changed(e, c, m);
	ck_assert(v1_hash_finish(
	    e, mm, m->h.message_id + (c->what == HASH_BIT), ni, iv, &wire));
	return wire;
}

static bool
change_it(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	static struct message m;
	static uint8_t plain[4096];
	const struct change *c = ctx;
	struct isakmp_header h;
	struct v1_iv iv, copy, next;
	struct span wire;

	if (p[18] != EXCHANGE_QUICK || n_quick > THIRD)
		return true;
	(void)isakmp_header_parse(span_of(p, *n), false, &h);
	iv = last;
	if (n_quick == FIRST)
		ck_assert(v1_keys_iv(v1_mm(from), h.message_id, &iv));
	copy = iv;
	memcpy(last.b, p + *n - 16, 16);
	if (n_quick++ != c->which)
		return true;
	ck_assert_int_eq(v1_message_parse(&h, span_of(p, *n), &m), IKE_OK);
	ck_assert_int_eq(
	    v1_message_open(&m, v1_mm(from), &iv, plain, sizeof(plain), &next), IKE_OK);
	wire = c->which == THIRD ? third(v1_net.host[from].engine, c, &m, &copy) :
				   first_or_second(from, c, &m, &copy);
	memcpy(p, wire.p, wire.n);
	*n = wire.n;
	memcpy(last.b, p + *n - 16, 16);
	return true;
}

static void
negotiate(struct change *c)
{
	v1_prepare();
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		struct policy *p = &v1_net.host[i].policy;

		p->qm_proposal[0] = (struct qm_proposal){ QM_ESP_AUTH_CIPHER, HASH_SHA1,
			CIPHER_AES128, c->pfs, LIFE_S, c->is_unlimited ? 0 : LIFE_KB };
		p->n_qm_proposal = 1;
	}
	sim_start(&v1_net, &dialect, &dialect);
	n_quick = 0;
	v1_net.tap = change_it;
	v1_net.tap_ctx = c;
	sim_acquire(&v1_net, INITIATOR, 1, 4, 80);
	sim_run(&v1_net, 500);
	ck_assert_uint_gt(n_quick, (size_t)c->which);
}

START_TEST(quick_mode_with_one_change)
{
	static const struct change rows[] = {
		{ FIRST, NOTHING, DH_NONE, IKE_OK, 0, 0, false },
		{ FIRST, SHORT_NONCE, DH_NONE, IKE_ERR_NONCE, 0, 0, false },
		{ FIRST, ONE_ID, DH_NONE, IKE_ERR_PAYLOAD_MISSING, 0, 0, false },
		{ FIRST, OTHER_PROTOCOL, DH_NONE, IKE_ERR_ID_MISMATCH, 0, 0, false },
		{ FIRST, OTHER_ADDRESS, DH_NONE, IKE_ERR_ID_MISMATCH, 0, 0, false },
		{ FIRST, KE_EXTRA, DH_NONE, IKE_ERR_KE, 0, 0, false },
		{ FIRST, KE_MISSING, DH_MODP2048, IKE_ERR_KE, 0, 0, false },
		{ FIRST, SA_MISSING, DH_NONE, IKE_ERR_PAYLOAD_MISSING, 0, 0, false },
		{ FIRST, NONCE_MISSING, DH_NONE, IKE_ERR_PAYLOAD_MISSING, 0, 0, false },
		{ SECOND, SA_MISSING, DH_NONE, IKE_ERR_PAYLOAD_MISSING, 0, 0, false },
		{ SECOND, NONCE_MISSING, DH_NONE, IKE_ERR_PAYLOAD_MISSING, 0, 0,
		    false },
		{ SECOND, NOTHING, DH_NONE, IKE_OK, 0, 0, false },
		{ SECOND, NOTHING, DH_MODP2048, IKE_OK, 0, 0, false },
		{ FIRST, HASH_BIT, DH_NONE, IKE_ERR_HASH, 0, 0, false },
		{ SECOND, HASH_BIT, DH_NONE, IKE_ERR_HASH, 0, 0, false },
		{ SECOND, SHORT_NONCE, DH_NONE, IKE_ERR_NONCE, 0, 0, false },
		{ SECOND, OTHER_PORT, DH_NONE, IKE_ERR_ID_MISMATCH, 0, 0, false },
		{ SECOND, OTHER_PROTOCOL, DH_NONE, IKE_ERR_ID_MISMATCH, 0, 0, false },
		{ SECOND, OTHER_ADDRESS, DH_NONE, IKE_ERR_ID_MISMATCH, 0, 0, false },
		{ SECOND, KE_EXTRA, DH_NONE, IKE_ERR_KE, 0, 0, false },
		{ SECOND, KE_MISSING, DH_MODP2048, IKE_ERR_KE, 0, 0, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct change c = rows[i];
		size_t who = c.which == FIRST ? RESPONDER : INITIATOR;

		negotiate(&c);
		if (c.err == IKE_OK) {
			sim_run(&v1_net, 1000);
			v1_expect_unharmed();
		} else {
			ck_assert_msg(
			    engine_error_count(v1_net.host[who].engine, c.err) == 1,
			    "row %zu: %s was not counted", i, ike_err_counter(c.err));
			ck_assert_uint_eq(v1_net.host[who].n_sa, 0);
		}
		sim_free(&v1_net);
	}
}
END_TEST

/* Nothing is sent by a pair before the third message has proved that the peer lives. */
START_TEST(third_message_with_a_wrong_hash)
{
	struct change c = { THIRD, _i == 0 ? HASH_BIT : HASH_CUT, DH_NONE, IKE_ERR_HASH,
		0, 0, false };

	negotiate(&c);
	ck_assert_uint_eq(
	    engine_error_count(v1_net.host[RESPONDER].engine, IKE_ERR_HASH), 1);
	ck_assert_uint_eq(v1_net.host[RESPONDER].n_sa, 1);
	sim_run(&v1_net, 10000); /* the second comes again, and so does the third */
	v1_expect_unharmed();
	sim_free(&v1_net);
}
END_TEST

/* What the responder says of lifetimes counts if it is shorter, and not if it is none. */
START_TEST(responder_lifetime)
{
	static const struct {
		struct change c;
		uint32_t want_s, want_kb;
	} rows[] = {
#define ROW(what, s, kb, unlimited) { SECOND, what, DH_NONE, IKE_OK, s, kb, unlimited }
		{ ROW(LIFETIME, 0, 0, false), LIFE_S, LIFE_KB },
		{ ROW(LIFETIME, 1800, 0, false), 1800, LIFE_KB },
		{ ROW(LIFETIME, 0, 50000, false), LIFE_S, 50000 },
		{ ROW(LIFETIME, 1800, 50000, false), 1800, 50000 },
		{ ROW(LIFETIME, LIFE_S + 1, LIFE_KB + 1, false), LIFE_S, LIFE_KB },
		{ ROW(LIFETIME, UINT32_MAX, UINT32_MAX, false), LIFE_S, LIFE_KB },
		{ ROW(LIFETIME, 0, 50000, true), LIFE_S, 50000 },
		{ ROW(LIFETIME, 0, 0, true), LIFE_S, 0 },
		{ ROW(LIFETIME, 61, 20481, false), 61, 20481 },
		{ ROW(LIFETIME, 59, 20479, false), 60, 20480 }, /* it has to end somewhere */
		{ ROW(LIFETIME, 1, 1, false), 60, 20480 },
		{ ROW(LIFETIME, 1, 1, true), 60, 20480 },
		{ ROW(NO_LIFETIME, 1800, 50000, false), LIFE_S, LIFE_KB },
#undef ROW
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct change c = rows[i].c;
		const struct action_sa_add *sa;

		negotiate(
		    &c); /* the responder's own message was another one: no IV fits */
		ck_assert_uint_eq(v1_net.host[INITIATOR].n_sa, 2);
		sa = sim_sa_of(&v1_net, INITIATOR, false);
		ck_assert_uint_eq(sa->lifetime_s, rows[i].want_s);
		ck_assert_uint_eq(sa->lifetime_bytes, rows[i].want_kb * UINT64_C(1024));
		sim_free(&v1_net);
	}
}
END_TEST

/* A peer has no more pairs than it may; those that we began are not its own. */
START_TEST(limit_of_pairs)
{
	struct engine *e;

	v1_connect();
	e = v1_net.host[RESPONDER].engine;
	e->p.max_qm_per_peer = 2;
	for (uint16_t i = 0; i < 3; i++)
		sim_acquire(&v1_net, RESPONDER, 1u + i, 4, (uint16_t)(5000 + i));
	ck_assert(sim_run_results(&v1_net, RESPONDER, 3, 5000));
	for (uint16_t i = 0; i < 3; i++) {
		sim_acquire(&v1_net, INITIATOR, 2u + i, 4, (uint16_t)(81 + i));
		sim_run(&v1_net, 500);
	}
	ck_assert_uint_eq(v1_net.host[RESPONDER].n_sa, 4 + 6);
	ck_assert_uint_eq(engine_error_count(e, IKE_ERR_PEER_QM_LIMIT), 2);
	sim_free(&v1_net);
}
END_TEST

TCase *
v1_answer_cases(void)
{
	TCase *t = tcase_create("answers of quick mode");

	tcase_add_test(t, quick_mode_with_one_change);
	tcase_add_loop_test(t, third_message_with_a_wrong_hash, 0, 2);
	tcase_add_test(t, responder_lifetime);
	tcase_add_test(t, limit_of_pairs);
	return t;
}
