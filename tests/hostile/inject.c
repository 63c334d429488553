/* Injecting a message, and what must hold whatever it was. */
#include <string.h>

#include "tests/hostile/hostile.h"

static void
inject_checked(size_t to, struct span wire, enum ike_err err, bool may_answer)
{
	struct sim_host *h = &net.host[to];
	uint64_t errors = hostile_errors(to, err);
	size_t mm = sim_count_mm(&net, to), qm = sim_count_qm(&net, to);
	size_t sent = h->bytes_sent, n_sent = h->n_sent, n_sa = h->n_sa;

	sim_inject(&net, to, wire.p, wire.n);
	ck_assert_msg(hostile_errors(to, err) > errors, "%s was not counted",
	    ike_err_counter(err));
	ck_assert_uint_eq(sim_count_mm(&net, to), mm);
	ck_assert_uint_eq(sim_count_qm(&net, to), qm);
	ck_assert_uint_eq(h->n_sa, n_sa);
	ck_assert_uint_le(h->bytes_sent - sent, may_answer ? wire.n : 0);
	ck_assert_uint_le(h->n_sent - n_sent, 1);
}

void
hostile_drop(size_t to, struct span wire, enum ike_err err)
{
	inject_checked(to, wire, err, false);
}

void
hostile_refuse(size_t to, struct span wire, enum ike_err err)
{
	inject_checked(to, wire, err, true);
}

void
hostile_drop_raw(size_t to, const struct raw *r, enum ike_err err)
{
	inject_checked(to, span_of(r->b, r->n), err, false);
}

/* ---- shared by several rows ---- */

void
hostile_clear_notify(uint16_t type, const struct mm_sa *mm, struct raw *out)
{
	static struct recipe r;
	uint8_t body[12] = { 0, 0, 0, 1, 1, 0, (uint8_t)(type >> 8), (uint8_t)type, 0, 0, 0x36,
		0x2c };

	memset(&r.h, 0, sizeof(r.h));
	r.h.icookie[0] = r.h.rcookie[0] = 1;
	if (mm != NULL) {
		memcpy(r.h.icookie, mm->icookie, COOKIE_BYTES);
		memcpy(r.h.rcookie, mm->rcookie, COOKIE_BYTES);
	}
	r.h.version = 0x10;
	r.h.exchange = EXCHANGE_NOTIFY;
	r.h.message_id = 77;
	r.n = 0;
	recipe_add(&r, PAYLOAD_NOTIFY, SPAN_ARRAY(body));
	recipe_write(&r, NULL, out);
}

bool
hostile_tap_silence(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	(void)ctx;
	(void)from;
	(void)p;
	(void)n;
	return false;
}

/* ---- a negotiation with one message changed ---- */

struct changer {
	size_t n;
	size_t seen;
	bool applied;
	hostile_change *change;
	int a, b;
};

static bool
tap_change(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	static struct recipe r;
	static struct raw out;
	struct changer *c = ctx;
	const struct mm_sa *mm = hostile_mm(from);

	if (c->seen++ != c->n || mm == NULL || !recipe_read(&r, mm, span_of(p, *n)))
		return true;
	if (!c->change(&r, c->a, c->b) || r.n == 0)
		return true;
	recipe_write(&r, mm, &out);
	if (out.n > SIM_MAX_PACKET)
		return true;
	c->applied = true;
	memcpy(p, out.b, out.n);
	*n = out.n;
	return true;
}

static void
check_established_only_with_em(size_t host)
{
	const struct engine *e = net.host[host].engine;
	const struct mm_sa *mm;

	if (net.host[host].n_sa == 0)
		return;
	LIST_FOREACH (mm, &e->mm_all, all_link)
		ck_assert(!mm->keys.has_em || mm->em.state >= GSS_E3_SENT);
	ck_assert_uint_ge(engine_event_count(e, EVENT_EM_ESTABLISHED), 1);
}

bool
hostile_negotiate(size_t n, hostile_change *change, int a, int b)
{
	struct changer c = { .n = n, .change = change, .a = a, .b = b };

	hostile_begin();
	net.tap = tap_change;
	net.tap_ctx = &c;
	sim_acquire(&net, INITIATOR, 1, 4, 80);
	ck_assert_msg(sim_run_results(&net, INITIATOR, 1, 400000), "message %zu, %d, %d: hangs",
	    n, a, b);
	sim_run(&net, 200000);
	/* A peer that lies in Q1 or Q2 about nonce or SPI harms its own pair: allowed. */
	if (n != 2 && n != 3)
		ck_assert_msg(sim_sas_agree(&net), "message %zu, %d, %d: SAs differ", n, a, b);
	for (size_t i = 0; i < SIM_HOSTS; i++)
		check_established_only_with_em(i);
	if (c.applied) {
		/* Nobody is stuck: what comes next is answered too, and in the end works. */
		net.tap = NULL;
		sim_acquire(&net, INITIATOR, 2, 4, 81);
		ck_assert_msg(sim_run_results(&net, INITIATOR, 2, 400000),
		    "message %zu, %d, %d: stuck", n, a, b);
		sim_run(&net, 20000);
		/* The lie may have cost one more: a sequence number used in advance. */
		for (size_t k = 3; k == 3 || (k == 4 && net.host[0].result.error != IKE_OK); k++) {
			sim_acquire(&net, INITIATOR, k, 4, (uint16_t)(80 + k));
			ck_assert(sim_run_results(&net, INITIATOR, k, 400000));
		}
		ck_assert_msg(net.host[INITIATOR].result.error == IKE_OK,
		    "message %zu, %d, %d: no way back", n, a, b);
	}
	sim_free(&net);
	return c.applied;
}
