/* One packet of a run is lost, damaged or copied. */
#include "tests/sim/sim_tap.h"

#include <string.h>

bool
lose_all(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	(void)ctx;
	(void)from;
	(void)p;
	(void)n;
	return false;
}

bool
lose_nth(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	struct nth *t = ctx;

	(void)from;
	(void)p;
	(void)n;
	return t->seen++ != t->n;
}

bool
flip_nth(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	struct nth *t = ctx;

	(void)from;
	if (t->seen++ == t->n)
		p[(size_t)t->bit / 8 % *n] ^= (uint8_t)(1 << t->bit % 8);
	return true;
}

bool
copy_nth(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	struct nth *t = ctx;

	if (t->seen++ == t->n) {
		t->copy_from = from;
		t->copy_n = *n;
		memcpy(t->copy, p, *n);
	}
	return true;
}

bool
sim_contact_is_late(struct simnet *net)
{
	bool is_well = true;

	net->tap = lose_all;
	sim_acquire(net, 0, 1, 4, 80);
	sim_run(net, 200);
	net->tap = NULL;
	sim_acquire(net, 1, 2, 4, 81);
	is_well = sim_run_results(net, 1, 1, 500) && net->host[0].n_result == 0 &&
	    sim_run_results(net, 0, 1, 10000);
	sim_run(net, 1000);
	for (size_t i = 0; i < SIM_HOSTS; i++)
		is_well = is_well && net->host[i].result.error == IKE_OK &&
		    net->host[i].n_sa == 4 &&
		    engine_error_count(net->host[i].engine, IKE_ERR_STALE) == 0;
	return is_well && sim_sas_agree(net);
}
