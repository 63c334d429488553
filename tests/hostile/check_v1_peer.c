/* IKEv1: whose main modes and pairs are whose, when several peers come from one address. */
#include <string.h>

#include "tests/hostile/check_v1.h"

static void
name_it(struct blob *b, const char *name)
{
	ck_assert(blob_set_text(b, name, strlen(name) + 1));
}

/* The same host is the same addresses and the same proved name, in the same protocol. */
START_TEST(same_peer)
{
	struct mm_sa *mm, other;

	v1_connect();
	mm = v1_mm(RESPONDER);
	name_it(&mm->gss.peer_name, "CN=host");
	memcpy(&other, mm, sizeof(other));
	ck_assert(v1_same_peer(mm, &other));
	other.remote.addr.b[3] ^= 1;
	ck_assert(!v1_same_peer(mm, &other));
	other.remote = mm->remote;
	other.local.addr.b[3] ^= 1;
	ck_assert(!v1_same_peer(mm, &other));
	other.local = mm->local;
	other.v1 = NULL;
	ck_assert(!v1_same_peer(mm, &other));
	other.v1 = mm->v1;
	memset(&other.gss.peer_name, 0, sizeof(other.gss.peer_name));
	name_it(&other.gss.peer_name, "CN=hosts");
	ck_assert(!v1_same_peer(mm, &other));
	blob_free(&other.gss.peer_name);
	sim_free(&v1_net);
}
END_TEST

/* A pair that outlived its main mode goes over to the next one of who proved its name. */
START_TEST(orphans_of_somebody_else)
{
	struct qm_sa *orphan;

	v1_connect();
	orphan = LIST_FIRST(&v1_mm(RESPONDER)->quick_modes);
	for (size_t i = 0; i < SIM_HOSTS; i++)
		sadb_mm_free(v1_net.host[i].engine, v1_mm(i));
	ck_assert_ptr_null(orphan->mm);
	if (_i == 1)
		name_it(&orphan->peer_name, "CN=somebody else");
	sim_acquire(&v1_net, INITIATOR, 2, 4, 81);
	ck_assert(sim_run_results(&v1_net, INITIATOR, 2, 5000));
	sim_run(&v1_net, 1000);
	ck_assert_uint_eq(orphan->mm != NULL, _i == 0);
	ck_assert_uint_eq(v1_net.host[RESPONDER].n_sa, 4);
	sim_free(&v1_net);
}
END_TEST

static struct span
delete_body(uint8_t *b, uint8_t protocol, struct span spi)
{
	struct writer w;

	writer_init(&w, b, 64);
	writer_u32(&w, 1);
	writer_u8(&w, protocol);
	writer_u8(&w, (uint8_t)spi.n);
	writer_u16(&w, 1);
	writer_bytes(&w, spi);
	return span_of(b, w.n);
}

enum { SAME, OTHER_NAME, OTHER_ADDRESS, BEHIND_A_NAT, ORPHANS };

/* A pair that outlived its main mode is deleted by who proved its name, from its address. */
START_TEST(delete_of_an_orphan)
{
	struct qm_sa *orphan;
	uint8_t b[64], spi[4];
	struct span wire;

	v1_connect();
	orphan = LIST_FIRST(&v1_mm(RESPONDER)->quick_modes);
	(void)v1_info_spi(orphan->spi_out, spi);
	for (size_t i = 0; i < SIM_HOSTS; i++)
		sadb_mm_free(v1_net.host[i].engine, v1_mm(i));
	if (_i == OTHER_NAME)
		name_it(&orphan->peer_name, "CN=somebody else");
	if (_i == OTHER_ADDRESS)
		orphan->selector.remote.addr.b[3] ^= 1;
	orphan->udp = _i == BEHIND_A_NAT;
	sim_acquire(&v1_net, INITIATOR, 2, 4, 81);
	ck_assert(sim_run_results(&v1_net, INITIATOR, 2, 5000));
	sim_run(&v1_net, 1000);
	ck_assert_uint_eq(v1_net.host[RESPONDER].n_sa, 4);
	ck_assert_uint_eq(orphan->mm != NULL, _i == SAME); /* a NAT has others behind it */
	wire = v1_info(
	    INITIATOR, RIGHT_HASH, PAYLOAD_DELETE, delete_body(b, 3, SPAN_ARRAY(spi)));
	sim_inject(&v1_net, RESPONDER, wire.p, wire.n);
	ck_assert_uint_eq(
	    v1_net.host[RESPONDER].n_sa, _i == SAME || _i == BEHIND_A_NAT ? 2 : 4);
	sim_free(&v1_net);
}
END_TEST

static bool
lose_answers(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	(void)ctx;
	(void)n;
	return from == INITIATOR || p[18] != EXCHANGE_QUICK;
}

/* Who waits for a quick mode is told when the peer ends the main mode instead. */
START_TEST(main_mode_ends_before_the_answer)
{
	uint8_t b[64], cookies[2 * COOKIE_BYTES];
	struct span wire;

	v1_connect();
	v1_net.tap = lose_answers;
	sim_acquire(&v1_net, INITIATOR, 2, 4, 81);
	sim_run(&v1_net, 100);
	ck_assert_uint_eq(v1_net.host[INITIATOR].n_result, 1);
	wire = v1_info(RESPONDER, RIGHT_HASH, PAYLOAD_DELETE,
	    delete_body(b, 1, v1_info_cookies(v1_mm(RESPONDER), cookies)));
	sim_inject(&v1_net, INITIATOR, wire.p, wire.n);
	ck_assert_uint_eq(v1_net.host[INITIATOR].n_result, 2);
	ck_assert_uint_eq(v1_net.host[INITIATOR].result.error, IKE_ERR_PEER_DELETED);
	ck_assert_uint_eq(sim_count_mm(&v1_net, INITIATOR), 0);
	ck_assert_uint_eq(v1_net.host[INITIATOR].n_sa, 2); /* the pair outlives it */
	sim_free(&v1_net);
}
END_TEST

/* "I begin anew" is about what was there before its main mode: not about its own pairs. */
START_TEST(initial_contact_of_long_ago)
{
	static const uint8_t b[8] = { 0, 0, 0, 1, 1, 0, NOTIFY_INITIAL_CONTACT >> 8,
		NOTIFY_INITIAL_CONTACT & 0xff };
	struct span wire;

	v1_connect();
	wire = v1_info(INITIATOR, RIGHT_HASH, PAYLOAD_NOTIFY, SPAN_ARRAY(b));
	sim_inject(&v1_net, RESPONDER, wire.p, wire.n);
	v1_expect_unharmed();
	sim_free(&v1_net);
}
END_TEST

/*
 * A main mode whose quick modes are used up is renewed, too, while it has pairs: at its end the
 * peer would delete them.
 */
START_TEST(used_up_main_mode)
{
	static const struct dialect dialect = DIALECT_DEFAULT;

	v1_prepare();
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		v1_net.host[i].policy.mm_qm_limit = 1;
		v1_net.host[i].policy.mm_proposal[0].lifetime_s = 300;
	}
	sim_start(&v1_net, &dialect, &dialect);
	sim_acquire(&v1_net, INITIATOR, 1, 4, 80);
	ck_assert(sim_run_results(&v1_net, INITIATOR, 1, 5000));
	ck_assert(v1_mm(INITIATOR)->expired);
	sim_run(&v1_net, 400 * 1000);
	v1_expect_unharmed();
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		ck_assert(!v1_mm(i)->expired);
		ck_assert_ptr_eq(LIST_FIRST(&v1_mm(i)->quick_modes)->mm, v1_mm(i));
	}
	sim_free(&v1_net);
}
END_TEST

TCase *
v1_peer_cases(void)
{
	TCase *t = tcase_create("peers");

	tcase_add_test(t, same_peer);
	tcase_add_loop_test(t, orphans_of_somebody_else, 0, 2);
	tcase_add_loop_test(t, delete_of_an_orphan, 0, ORPHANS);
	tcase_add_test(t, main_mode_ends_before_the_answer);
	tcase_add_test(t, initial_contact_of_long_ago);
	tcase_add_test(t, used_up_main_mode);
	return t;
}
