/* Extended mode with several credentials: each is tried in turn while the peer wants. */
#include <string.h>

#include "tests/sim/check_sim.h"

static struct simnet net;

static const struct {
	const char *ca[SIM_MAX_CREDENTIALS]; /* of the initiator; the other trusts "ca1" */
	uint32_t n;
	bool wants_another;
	uint32_t asked[8]; /* of both, in order */
	size_t n_asked;
	bool ok;
} row_table[] = {
	{ { "ca1", "x", "y" }, 3, true, { 0 }, 1, true },
	{ { "x", "ca1", "y" }, 3, true, { 0, 1 }, 2, true },
	{ { "x", "y", "ca1" }, 3, true, { 0, 1, 2 }, 3, true },
	{ { "x", "y", "z" }, 3, true, { 0, 1, 2, 3 }, 4, false },
	/* Without RETRY it is the next method, with the first credential again. */
	{ { "x", "ca1", "y" }, 3, false, { 0, 0 }, 2, false },
};

static void
begin(int row)
{
	static const struct dialect d = DIALECT_DEFAULT;
	struct sim_host *h = &net.host[0];

	sim_init_dialect(&net, 42, &d);
	memset(net.host[1].trusts, 0, sizeof(net.host[1].trusts));
	strcpy(net.host[1].trusts, "ca1");
	strcpy(h->trusts, "*");
	memcpy(h->credential_ca, row_table[row].ca, sizeof(h->credential_ca));
	h->n_credential = row_table[row].n;
	net.host[1].auth_wants_another = row_table[row].wants_another;
}

START_TEST(credentials_in_turn)
{
	const struct sim_host *h = net.host;
	size_t n = row_table[_i].n_asked;

	begin(_i);
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 200000));
	sim_run(&net, 1000);
	ck_assert_msg((h->result.error == IKE_OK) == row_table[_i].ok, "%s", h->failure);
	ck_assert_uint_eq(h->n_sa, row_table[_i].ok ? 2 : 0);
	ck_assert_uint_ge(h->n_asked, n);
	ck_assert_mem_eq(h->asked, row_table[_i].asked, n * sizeof(h->asked[0]));
	if (row_table[_i].ok) {
		ck_assert_uint_eq(h->n_asked, n);
		ck_assert_uint_eq(h[1].n_asked, n);
		ck_assert_mem_eq(h[1].asked, h->asked, n * sizeof(h->asked[0]));
	}
	ck_assert_uint_eq(h[0].n_auth_open, 0);
	ck_assert_uint_eq(h[1].n_auth_open, 0);
	sim_free(&net);
}
END_TEST

TCase *
sim_credential_cases(void)
{
	TCase *t = tcase_create("credentials");

	tcase_set_timeout(t, 300);
	tcase_add_loop_test(t, credentials_in_turn, 0,
	    (int)(sizeof(row_table) / sizeof(row_table[0])));
	return t;
}
