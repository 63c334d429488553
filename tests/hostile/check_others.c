/*
 * What is of others: the tables of peers are lists by a hash, where others stand, too. An IPv6
 * address of the same bytes as an IPv4 address is certainly there.
 */
#include <string.h>

#include "tests/hostile/hostile.h"

static struct endpoint
neighbour_of(const struct endpoint *p)
{
	struct endpoint n = *p;

	n.addr.family = 6;
	return n;
}

/* A main mode as if with somebody else, established before the one that is there. */
static struct mm_sa *
add_main_mode(const struct endpoint *local, const struct endpoint *remote)
{
	struct engine *e = net.host[RESPONDER].engine;
	struct mm_sa *mm =
	    sadb_mm_new(e, false, local, remote, (const uint8_t *)"another!");

	ck_assert_ptr_nonnull(mm);
	mm->policy = hostile_mm(INITIATOR)->policy;
	mm->dialect = hostile_mm(INITIATOR)->dialect;
	mm->state = MM_ESTABLISHED;
	mm->established_ms = 0;
	return mm;
}

/* A peer began anew: of its own main modes, those before go, and no others. */
START_TEST(older_main_modes)
{
	struct engine *e;
	struct mm_sa *mm, *other;
	struct endpoint local, remote;
	uint32_t id;

	hostile_begin_established();
	e = net.host[RESPONDER].engine;
	mm = hostile_mm(RESPONDER);
	local = mm->local;
	remote = mm->remote;
	if (_i == 1)
		remote = neighbour_of(&remote);
	else if (_i == 2)
		local.addr.b[3] ^= 1;
	other = add_main_mode(&local, &remote);
	id = other->id;
	mm->created_ms = 1000;
	if (_i == 3) /* at the same time */
		other->established_ms = mm->created_ms;
	else if (_i == 4)
		other->state = MM_RESP_FIRST_DONE;
	mm_drop_older(e, mm);
	other = sadb_mm_by_id(e, id);
	ck_assert_int_eq(other != NULL, _i > 0);
	ck_assert_int_eq(mm->state, MM_ESTABLISHED);
	if (other != NULL) {
		ck_assert_int_ne(other->state, MM_DYING);
		sadb_mm_free(e, other);
	}
	hostile_end();
}
END_TEST

/* The limit of quick modes is for each peer: others have theirs. */
START_TEST(quick_modes_of_others)
{
	struct engine *e;
	struct mm_sa *mm, *other;
	struct endpoint remote;

	hostile_begin_established();
	e = net.host[RESPONDER].engine;
	mm = hostile_mm(RESPONDER);
	e->p.max_qm_per_peer = 2;
	remote = neighbour_of(&mm->remote);
	other = add_main_mode(&mm->local, _i == 0 ? &remote : &mm->remote);
	for (int i = 0; i < 2; i++) {
		struct qm_sa *qm = sadb_qm_new(e, other, false);

		ck_assert_ptr_nonnull(qm);
		qm->selector.remote = other->remote;
	}
	sim_acquire(&net, INITIATOR, 2, 4, 81);
	sim_run(&net, 100);
	ck_assert_uint_eq(hostile_errors(RESPONDER, IKE_ERR_PEER_QM_LIMIT), _i);
	ck_assert_uint_eq(net.host[RESPONDER].n_sa, _i == 0 ? 4 : 2);
	sadb_mm_free(e, other);
	hostile_end();
}
END_TEST

TCase *
hostile_other_cases(void)
{
	TCase *t = tcase_create("others");

	tcase_add_loop_test(t, older_main_modes, 0, 5);
	tcase_add_loop_test(t, quick_modes_of_others, 0, 2);
	return t;
}
