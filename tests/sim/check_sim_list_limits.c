/* Entries of doc/authip-checklist.md about limits and what a first message says. */
#include <string.h>

#include "ike/modes.h"
#include "tests/sim/check_sim_list.h"

static const struct dialect dialect = DIALECT_DEFAULT;

static bool
tap_unknown_bits(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	static struct recipe m;
	static struct raw w;
	struct item *it;

	(void)ctx;
	if (!recipe_read(&m, hostile_mm(from), span_of(p, *n)) ||
	    (it = recipe_find(&m, PAYLOAD_NOTIFY, 0)) == NULL || it->n != 12 || it->b[7] != 0x45)
		return true;
	memset(it->b + 8, 0xff, 3);
	it->b[11] |= 0xfc;
	recipe_write(&m, hostile_mm(from), &w);
	memcpy(p, w.b, w.n);
	return true;
}

START_TEST(t032_unknown_exchange_info_bits_are_ignored)
{
	hostile_begin();
	net.tap = tap_unknown_bits;
	sim_acquire(&net, INITIATOR, 1, 4, 80);
	ck_assert(sim_run_results(&net, INITIATOR, 1, 5000));
	sim_run(&net, 1000);
	ck_assert_uint_eq(net.host[INITIATOR].result.error, IKE_OK);
	ck_assert_uint_eq(net.host[RESPONDER].n_sa, 2);
	ck_assert(!net.host[RESPONDER].sa->add.guaranteed_encryption);
	hostile_end();
}
END_TEST

/* Every nonce of twenty negotiations is another one, and as long as the dialect says. */
START_TEST(t094_nonces_are_never_repeated)
{
	static uint8_t nonce[200][32];
	size_t n = 0;

	hostile_begin();
	for (uint32_t i = 0; i < 20; i++) {
		seen->n = 0;
		net.tap = list_tap;
		sim_acquire(&net, INITIATOR, i + 1, 4, 80);
		ck_assert(sim_run_results(&net, INITIATOR, i + 1, 5000));
		net.tap = NULL;
		for (size_t k = M1; k <= Q2; k++) {
			const struct item *it;

			for (size_t j = 0; (it = recipe_find(&seen->m[k], PAYLOAD_NONCE, j));
			    j++) {
				ck_assert_uint_ge(it->n, 16);
				memcpy(nonce[n++], it->b, 16);
			}
		}
		engine_delete_mm(net.host[INITIATOR].engine, net.now_ms, 0);
		sim_run(&net, 1000);
	}
	ck_assert_uint_eq(n, 80);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < i; k++)
			ck_assert_mem_ne(nonce[i], nonce[k], 16);
	sim_free(&net);
}
END_TEST

/*
 * All of their bytes are those of the host's generator, the strong one of crypto/random.c in
 * the daemon: whatever that yields is the nonce, and nothing else is in it.
 */
START_TEST(t094_nonces_come_from_the_host)
{
	static uint8_t first[4][32];

	for (uint64_t seed = 1; seed <= 3; seed++) {
		size_t n = 0;

		sim_init(&net, seed == 3 ? 2 : seed);
		list_record(4);
		for (size_t k = M1; k <= Q2; k++) {
			const struct item *it;

			for (size_t j = 0; (it = recipe_find(&seen->m[k], PAYLOAD_NONCE, j));
			    j++, n++) {
				ck_assert_uint_le(it->n, 32);
				for (size_t b = 0; seed == 2 && b < it->n; b += 8)
					ck_assert_mem_ne(it->b + b, first[n] + b, 8);
				if (seed == 3)
					ck_assert_mem_eq(it->b, first[n], it->n);
				memcpy(first[n], it->b, it->n);
			}
		}
		ck_assert_uint_eq(n, 4);
		sim_free(&net);
	}
}
END_TEST

/* The responder does not know that the peer began anew. */
static bool
tap_forget_vendors(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	(void)ctx;
	(void)p;
	(void)n;
	if (from == RESPONDER)
		hostile_mm(RESPONDER)->vendor_seen = 0;
	return true;
}

START_TEST(t108_main_modes_of_a_peer_are_limited)
{
	hostile_begin();
	net.tap = tap_forget_vendors;
	for (uint32_t i = 0; i < 24; i++) {
		sim_restart(&net, INITIATOR, &dialect);
		sim_acquire(&net, INITIATOR, i + 1, 4, 80);
		sim_run(&net, 1000);
		ck_assert_uint_le(sim_count_mm(&net, RESPONDER), 21);
	}
	ck_assert_uint_eq(sim_count_mm(&net, RESPONDER), 21);
	ck_assert_uint_ge(hostile_errors(RESPONDER, IKE_ERR_PEER_MM_LIMIT), 3);
	sim_free(&net);
}
END_TEST

/* Four of other traffic are the limit; while they are replaced, as many again. */
START_TEST(quick_modes_of_a_peer_are_limited)
{
	hostile_begin();
	net.host[RESPONDER].engine->p.max_qm_per_peer = 4;
	for (uint32_t i = 1; i <= 5; i++) {
		sim_acquire(&net, INITIATOR, i, 4, (uint16_t)(80 + i));
		ck_assert(sim_run_results(&net, INITIATOR, i, 5000));
		ck_assert_int_eq(net.host[INITIATOR].result.error,
		    i <= 4 ? IKE_OK : IKE_ERR_PEER_STATUS);
	}
	ck_assert_uint_eq(net.host[INITIATOR].result.win32, 0x363c);
	ck_assert_ptr_nonnull(strstr(net.host[RESPONDER].failure, "quick_modes_per_peer"));
	sim_run(&net, 1000);
	ck_assert_uint_eq(sim_count_qm(&net, RESPONDER), 4);
	for (uint32_t i = 0; i < 10; i++) {
		engine_qm_expired(net.host[INITIATOR].engine, net.now_ms,
		    net.host[INITIATOR].sa->add.qm_id, EXPIRY_SOFT);
		sim_run(&net, 1000);
	}
	ck_assert_uint_eq(sim_count_qm(&net, RESPONDER), 8);
	ck_assert_uint_eq(hostile_errors(RESPONDER, IKE_ERR_PEER_QM_LIMIT), 7);
	sim_run(&net, 120000); /* the old ones end */
	ck_assert_uint_eq(sim_count_qm(&net, RESPONDER), 4);
	ck_assert_uint_eq(sim_count_mm(&net, RESPONDER), 1);
	ck_assert(sim_sas_agree(&net));
	sim_free(&net);
}
END_TEST

static bool
says_initial_contact(const struct recipe *m)
{
	const struct item *it;
	uint32_t number;

	for (size_t i = 0; (it = recipe_find((struct recipe *)m, PAYLOAD_VID, i)) != NULL; i++)
		if (pld_vendor_decode(span_of(it->b, it->n), &number) ==
		    VENDOR_INITIAL_CONTACT)
			return true;
	return false;
}

START_TEST(t167_initial_contact_only_without_a_main_mode)
{
	list_record_good();
	ck_assert(says_initial_contact(&seen->m[M1]));
	ck_assert(!says_initial_contact(&seen->m[M2]));
	seen->n = 0;
	sim_acquire_from(&net, INITIATOR, 2, 2, 81); /* another address: another main mode */
	sim_run(&net, 1000);
	ck_assert_uint_eq(sim_count_mm(&net, INITIATOR), 2);
	ck_assert(!says_initial_contact(&seen->m[M1]));
	sim_free(&net);
}
END_TEST

/* The peer is one of several: the SAs end sooner. */
START_TEST(t167_idle_time_of_a_cluster)
{
	hostile_begin();
	sim_acquire(&net, INITIATOR, 1, 4, 80);
	sim_flush(&net);
	hostile_mm(INITIATOR)->vendor_seen = 0;
	sim_run(&net, 12);
	ck_assert_uint_eq(hostile_mm(INITIATOR)->state, MM_INIT_FIRST_DONE);
	hostile_mm(INITIATOR)->vendor_seen |= 1u << VENDOR_NLBS_PRESENT;
	sim_run(&net, 2000);
	ck_assert_uint_eq(net.host[INITIATOR].n_sa, 2);
	ck_assert_uint_eq(net.host[INITIATOR].sa->add.idle_s, 60);
	ck_assert_uint_eq(net.host[RESPONDER].sa->add.idle_s, 300);
	sim_free(&net);
}
END_TEST

/* No request is so short today; if one becomes so, it gets no answer. */
START_TEST(status_in_clear_is_never_larger)
{
	struct isakmp_header h = { .exchange = EXCHANGE_MM };
	struct endpoint local = sim_endpoint(1, 1, 4, 500), remote = sim_endpoint(0, 1, 4, 500);
	const struct engine_action *a;
	size_t smallest = 0;

	hostile_begin();
	for (size_t n = 0; smallest == 0 && n < 100; n++) {
		notify_clear_status(net.host[1].engine, &local, &remote, &h, n, 0x35ec);
		if ((a = engine_next_action(net.host[1].engine)) != NULL) {
			ck_assert_uint_eq(a->send.data.n, n);
			smallest = n;
		}
	}
	ck_assert_uint_gt(smallest, ISAKMP_HEADER_BYTES);
	hostile_end();
}
END_TEST

/* What the plane obeys is what the policy of this host says. */
START_TEST(the_plane_is_told_what_the_policy_says)
{
	sim_init(&net, 5);
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		net.host[i].policy.nd_allow_clear_s = 7 + (uint32_t)i;
		net.host[i].policy.idle_s = 111 + (uint32_t)i;
		net.host[i].policy.qm_proposal[0].lifetime_s = 1234;
		net.host[i].policy.qm_proposal[0].lifetime_kb = 5678;
	}
	sim_start(&net, &dialect, &dialect);
	sim_acquire(&net, INITIATOR, 1, 4, 80);
	ck_assert(sim_run_results(&net, INITIATOR, 1, 5000));
	sim_run(&net, 1000);
	for (size_t i = 0; i < 4; i++) {
		const struct action_sa_add *sa = sim_sa_of(&net, i / 2, i % 2 == 0);

		ck_assert_uint_eq(sa->allow_clear_ms, (7 + i / 2) * 1000);
		ck_assert_uint_eq(sa->idle_s, 111 + i / 2);
		ck_assert_uint_eq(sa->lifetime_s, 1234);
		ck_assert_uint_eq(sa->lifetime_bytes, 5678 * 1024);
		ck_assert_uint_eq(sa->replay_window, 1024); /* of the engine's parameters */
	}
	sim_free(&net);
}
END_TEST

TCase *
sim_list_limit_cases(void)
{
	TCase *t = tcase_create("checklist of limits");

	tcase_add_test(t, t032_unknown_exchange_info_bits_are_ignored);
	tcase_add_test(t, status_in_clear_is_never_larger);
	tcase_add_test(t, the_plane_is_told_what_the_policy_says);
	tcase_add_test(t, t094_nonces_are_never_repeated);
	tcase_add_test(t, t094_nonces_come_from_the_host);
	tcase_add_test(t, t108_main_modes_of_a_peer_are_limited);
	tcase_add_test(t, quick_modes_of_a_peer_are_limited);
	tcase_add_test(t, t167_initial_contact_only_without_a_main_mode);
	tcase_add_test(t, t167_idle_time_of_a_cluster);
	return t;
}
