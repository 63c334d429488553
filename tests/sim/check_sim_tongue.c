/* Dialect = auto: each reading of the document is learned from a peer that follows it. */
#include <string.h>

#include "ike/tongue.h"
#include "tests/sim/check_sim_list.h"
#include "tests/sim/check_sim.h"

static const struct dialect plain = DIALECT_DEFAULT;

/* Knobs that the other end can find out, and whether main mode is by a secret. */
#define LEARNED(L)                                                                            \
	L(kdf_nonce, 1, AUTH_ANONYMOUS) L(kdf_algid, 1, AUTH_ANONYMOUS)                       \
	L(kdf_algid, 2, AUTH_ANONYMOUS) L(kdf_algid, 3, AUTH_ANONYMOUS)                       \
	L(kdf_algid, 4, AUTH_ANONYMOUS) L(kdf_ctr, 1, AUTH_ANONYMOUS)                         \
	L(ecdh_form, 1, AUTH_ANONYMOUS) L(icv_len, 1, AUTH_ANONYMOUS)                         \
	L(hash_scope, 1, AUTH_ANONYMOUS) L(hash_scope, 2, AUTH_ANONYMOUS)                     \
	L(hash_scope, 3, AUTH_ANONYMOUS) L(hash_anon, 1, AUTH_ANONYMOUS)                      \
	L(hash_scope, 1, AUTH_KERBEROS) L(hash_scope, 2, AUTH_TLS)                            \
	L(auth1_nesting, 1, AUTH_KERBEROS) L(auth1_nesting, 1, AUTH_TLS)                      \
	L(gss_secret_krb, 1, AUTH_KERBEROS) L(gss_secret_tls, 1, AUTH_TLS)                    \
	L(gss_secret_tls, 2, AUTH_TLS) L(gss_secret_tls, 3, AUTH_TLS)                         \
	L(gss_secret_tls, 4, AUTH_TLS) L(gss_secret_tls, 4, AUTH_ANONYMOUS)                   \
	L(em_hash_tail, 1, AUTH_ANONYMOUS)

#define ROW(knob, value, method) { offsetof(struct dialect, knob), value, method, #knob },
static const struct learned {
	size_t offset;
	uint32_t value;
	enum auth_method method; /* of main mode; extended mode is by TLS */
	const char *name;
} learned[] = { LEARNED(ROW) };
#define N_LEARNED ((int)(sizeof(learned) / sizeof(learned[0])))

static struct dialect
turned(const struct learned *l)
{
	struct dialect d = plain;

	memcpy((char *)&d + l->offset, &l->value, sizeof(l->value));
	return d;
}

static void
begin(enum auth_method main_mode)
{
	sim_init(&net, 3);
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		net.host[i].policy.mm_auth[0].method = main_mode;
		net.host[i].policy.mm_proposal[0].integrity = HASH_SHA256;
		net.host[i].policy.n_mm_proposal = 1;
	}
}

static bool
acquire(uint64_t ticket)
{
	sim_acquire(&net, 0, ticket, 4, 80);
	ck_assert(sim_run_results(&net, 0, (size_t)ticket, 200000));
	sim_run(&net, 2000);
	return net.host[0].result.error == IKE_OK;
}

static void
forget_sas(void)
{
	engine_delete_mm(net.host[0].engine, net.now_ms, 0);
	sim_run(&net, 200000);
}

static uint32_t
knob_at(const struct dialect *d, const struct learned *l)
{
	uint32_t v;

	memcpy(&v, (const char *)d + l->offset, sizeof(v));
	return v;
}

/* The initiator follows another reading: the first negotiation already works. */
START_TEST(responder_learns)
{
	const struct learned *l = &learned[_i];
	struct dialect d = turned(l), mine = plain;

	d.dialect_auto = DIALECT_AUTO_OFF;
	begin(l->method);
	sim_start(&net, &d, &mine);
	ck_assert_msg(acquire(1), "%s=%u: %s", l->name, l->value, net.host[0].failure);
	ck_assert_msg(sim_sas_agree(&net), "%s=%u: keys differ", l->name, l->value);
	ck_assert_uint_eq(net.host[1].n_sa, 2);
	ck_assert_uint_eq(knob_at(hostile_mm(1)->dialect, l), l->value);
	/* It is remembered: nothing is tried the second time. */
	forget_sas();
	ck_assert(acquire(2));
	ck_assert(sim_sas_agree(&net));
	ck_assert_uint_eq(hostile_errors(1, IKE_ERR_ICV), 0);
	ck_assert_uint_eq(net.host[1].engine->tongue.n_known, 1);
	sim_free(&net);
}
END_TEST

/* Two deviations in the keys, and any in the hashes. */
START_TEST(responder_learns_pairs)
{
	struct dialect d = plain, mine = plain;

	d.dialect_auto = DIALECT_AUTO_OFF;
	d.kdf_nonce = _i % 2 == 0 ? KDF_NONCE_PAYLOAD : KDF_NONCE_BODY;
	d.icv_len = _i % 2 == 0 ? ICV_LEN_12 : ICV_LEN_AUTO;
	d.hash_scope = (enum dialect_hash_scope)(_i % 4);
	d.hash_anon = (enum dialect_hash_anon)(_i / 4);
	begin(AUTH_ANONYMOUS);
	sim_start(&net, &d, &mine);
	ck_assert_msg(acquire(1), "%s", net.host[0].failure);
	ck_assert(sim_sas_agree(&net));
	sim_free(&net);
}
END_TEST

/* Another host of the same kind: what worked last is the first guess. */
START_TEST(last_good_is_the_first_guess)
{
	struct dialect d = plain, mine = plain;

	d.dialect_auto = DIALECT_AUTO_OFF;
	d.kdf_algid = KDF_ALGID_U32BE;
	begin(AUTH_ANONYMOUS);
	sim_start(&net, &d, &mine);
	ck_assert(acquire(1));
	net.host[1].engine->tongue.n_probes = 0;
	sim_acquire_from(&net, 0, 2, 7, 80);
	ck_assert(sim_run_results(&net, 0, 2, 200000));
	sim_run(&net, 1000);
	ck_assert_int_eq(net.host[0].result.error, IKE_OK);
	ck_assert(sim_sas_agree(&net));
	ck_assert_uint_eq(net.host[1].engine->tongue.n_probes, 0);
	sim_free(&net);
}
END_TEST

/* The responder is set in its ways: the initiator tries others, until it understands. */
START_TEST(initiator_rotates)
{
	static const struct learned row[] = { ROW(kdf_nonce, 1, AUTH_ANONYMOUS)
		    ROW(hash_scope, 1, AUTH_ANONYMOUS) ROW(hash_scope, 3, AUTH_ANONYMOUS)
			ROW(gss_secret_tls, 2, AUTH_TLS) };
	struct dialect d = turned(&row[_i]), mine = plain;
	uint64_t ticket = 1;

	d.dialect_auto = DIALECT_AUTO_OFF;
	begin(row[_i].method);
	sim_start(&net, &mine, &d);
	while (!acquire(ticket) && ticket <= plain.dialect_tries + 1) {
		ticket++;
		forget_sas();
	}
	ck_assert_msg(net.host[0].result.error == IKE_OK, "%s: not in %u tries",
	    row[_i].name, plain.dialect_tries);
	ck_assert_uint_gt(ticket, 1);
	ck_assert(sim_sas_agree(&net));
	ck_assert_uint_eq(knob_at(hostile_mm(0)->dialect, &row[_i]), row[_i].value);
	/* and remembers it */
	forget_sas();
	ck_assert(acquire(ticket + 1));
	sim_free(&net);
}
END_TEST

/* It knows the first quick mode by message ID 0 alone: the initiator finds that out, too. */
static bool
lose_other_ids(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	static const uint8_t zero[4];

	(void)ctx;
	(void)n;
	return from != 0 || p[18] != EXCHANGE_MM || memcmp(p + 20, zero, 4) == 0;
}

START_TEST(initiator_tries_message_id_zero)
{
	uint64_t ticket = 1;

	begin(AUTH_ANONYMOUS);
	sim_start(&net, &plain, &plain);
	net.tap = lose_other_ids;
	while (!acquire(ticket) && ticket <= plain.dialect_tries + 1) {
		ticket++;
		forget_sas();
	}
	ck_assert_int_eq(net.host[0].result.error, IKE_OK);
	ck_assert(sim_sas_agree(&net));
	ck_assert_int_eq(hostile_mm(0)->dialect->qm1_mid, QM1_MID_ZERO);
	sim_free(&net);
}
END_TEST

/* What a message leaves to its sender is done as the peer did it, when it began. */
static const struct learned habits[] = { ROW(qm1_mid, 1, AUTH_ANONYMOUS)
	    ROW(mm_auth_attr, 1, AUTH_ANONYMOUS) ROW(sync_exchange, 1, AUTH_ANONYMOUS)
		ROW(natd_hash, 1, AUTH_ANONYMOUS) ROW(mm_dh_none, 1, AUTH_KERBEROS)
		    ROW(mm_dh_with_gss, 1, AUTH_KERBEROS) };
#define N_HABITS ((int)(sizeof(habits) / sizeof(habits[0])))

static void
let_it_begin(const struct learned *l, struct dialect *theirs, const struct dialect *mine)
{
	theirs->dialect_auto = DIALECT_AUTO_OFF;
	begin(l->method);
	sim_start(&net, theirs, mine);
	ck_assert_msg(acquire(1), "%s: %s", l->name, net.host[0].failure);
	forget_sas();
	ck_assert_uint_eq(sim_count_mm(&net, 1), 0);
	sim_acquire(&net, 1, 1, 4, 80);
	ck_assert(sim_run_results(&net, 1, 1, 200000));
	sim_run(&net, 2000);
	ck_assert_msg(net.host[1].result.error == IKE_OK, "%s: %s", l->name,
	    net.host[1].failure);
	ck_assert(sim_sas_agree(&net));
	ck_assert(hostile_mm(1)->initiator);
}

START_TEST(initiator_does_as_the_peer_did)
{
	const struct learned *l = &habits[_i];
	struct dialect d = turned(l);

	let_it_begin(l, &d, &plain);
	ck_assert_uint_eq(knob_at(hostile_mm(1)->dialect, l), l->value);
	sim_free(&net);
}
END_TEST

/* What is written in the configuration stays. */
START_TEST(configuration_is_stronger_than_habits)
{
	const struct learned *l = &habits[_i];
	struct dialect d = plain, mine = turned(l);

	let_it_begin(l, &d, &mine);
	ck_assert_uint_eq(knob_at(hostile_mm(1)->dialect, l), l->value);
	sim_free(&net);
}
END_TEST

/* A dialect that is written for the peer, or auto off: nothing is tried. */
START_TEST(pinned_dialect_is_not_left)
{
	struct dialect d = plain, mine = plain;

	d.kdf_nonce = KDF_NONCE_PAYLOAD;
	d.dialect_auto = DIALECT_AUTO_OFF;
	begin(AUTH_ANONYMOUS);
	if (_i == 0)
		net.host[1].pinned = &plain;
	else if (_i == 1)
		mine.dialect_auto = DIALECT_AUTO_OFF;
	else
		net.host[1].pinned = &d; /* and is right */
	sim_start(&net, &d, &mine);
	ck_assert(acquire(1) == (_i == 2));
	ck_assert_uint_eq(net.host[1].engine->tongue.n_probes, 0);
	sim_free(&net);
}
END_TEST

/* Whoever sends junk gets 64 tries in a second, and no more; the honest peer comes through. */
START_TEST(probing_is_limited)
{
	static struct raw w;
	struct dialect mine = plain;

	begin(AUTH_ANONYMOUS);
	net.tap = list_tap;
	seen->n = 0;
	sim_start(&net, &mine, &mine);
	sim_acquire(&net, 0, 1, 4, 80);
	while (seen->n < 3)
		sim_run(&net, 1);
	w = seen->wire[Q1];
	w.b[w.n - 1] ^= 1;
	for (int i = 0; i < 50; i++) {
		w.b[w.n - 2] = (uint8_t)i;
		sim_inject(&net, 1, w.b, w.n);
	}
	ck_assert_uint_eq(net.host[1].engine->tongue.n_probes, 1);
	ck_assert_uint_eq(hostile_errors(1, IKE_ERR_PROBE_RATE), 49);
	ck_assert_uint_eq(hostile_errors(1, IKE_ERR_ICV), 50);
	ck_assert(sim_run_results(&net, 0, 1, 20000));
	sim_run(&net, 1000);
	ck_assert_int_eq(net.host[0].result.error, IKE_OK);
	ck_assert(sim_sas_agree(&net));
	ck_assert_ptr_eq(hostile_mm(1)->dialect, &net.host[1].engine->p.dialect);
	sim_free(&net);
}
END_TEST

TCase *
sim_tongue_cases(void)
{
	TCase *t = tcase_create("dialect auto");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, responder_learns, 0, N_LEARNED);
	tcase_add_loop_test(t, responder_learns_pairs, 0, 8);
	tcase_add_test(t, last_good_is_the_first_guess);
	tcase_add_loop_test(t, initiator_rotates, 0, 4);
	tcase_add_test(t, initiator_tries_message_id_zero);
	tcase_add_loop_test(t, initiator_does_as_the_peer_did, 0, N_HABITS);
	tcase_add_loop_test(t, configuration_is_stronger_than_habits, 0, 2);
	tcase_add_loop_test(t, pinned_dialect_is_not_left, 0, 3);
	tcase_add_test(t, probing_is_limited);
	return t;
}
