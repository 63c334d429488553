/*
 * Promises of every conversation: no crash, no SA without integrity, every acquire answered,
 * nothing left at the end.
 */
#include "tests/fuzz/conversation.h"

#include <string.h>

#include "ike/state.h"
#include "tests/fuzz/fuzz.h"

static const struct conversation *target;
static struct simnet net;
static size_t n_good;
static uint64_t n_ticket;

struct mm_sa *
conversation_mm(struct simnet *of, size_t host)
{
	return LIST_FIRST(&of->host[host].engine->mm_all);
}

static bool
tap_good(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	(void)ctx;
	(void)from;
	(void)p;
	(void)n;
	if (n_good == 0)
		return false;
	n_good--;
	return true;
}

static void
acquire(void)
{
	n_ticket++;
	sim_acquire(&net, 0, n_ticket, 4, (uint16_t)(80 + n_ticket));
}

static void
inject_clear(size_t to, uint8_t flags, struct span data)
{
	static uint8_t wire[RECORD_MAX_BYTES];
	const struct mm_sa *mm = conversation_mm(&net, to);

	if (data.n > 0)
		memcpy(wire, data.p, data.n);
	if ((flags & RECORD_PATCH_COOKIES) != 0 && mm != NULL && data.n >= 16) {
		memcpy(wire, mm->icookie, COOKIE_BYTES);
		memcpy(wire + 8, mm->rcookie, COOKIE_BYTES);
	}
	target->inject_clear(&net, to, flags, span_of(wire, data.n));
}

static void
play(struct cursor *c)
{
	static const uint32_t wait_ms[4] = { 0, 20, 3000, 130000 };

	for (int i = 0; i < RECORD_MAX && c->left > RECORD_HEAD_BYTES; i++) {
		uint8_t flags = cursor_u8(c);
		size_t n = cursor_u16(c),
		       to = (flags & RECORD_TO_INITIATOR) != 0 ? 0 : 1;
		struct span data;

		if (n > c->left)
			n = c->left;
		if (n > RECORD_MAX_BYTES)
			n = RECORD_MAX_BYTES;
		data = cursor_take(c, n);
		if ((flags & RECORD_ACQUIRE) != 0)
			acquire();
		if ((flags & RECORD_SEALED) != 0)
			target->inject_sealed(&net, to, flags, data);
		else
			inject_clear(to, flags, data);
		sim_run(&net, wait_ms[flags >> RECORD_WAIT_SHIFT & 3]);
	}
}

static void
check_promises(void)
{
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		const struct sim_host *h = &net.host[i];

		FUZZ_ASSERT(sim_count_mm(&net, i) < 100);
		FUZZ_ASSERT(h->engine->reassembly_bytes <= REASSEMBLY_TOTAL_BYTES);
		for (const struct sim_sa *sa = h->sa; sa != NULL; sa = sa->next)
			FUZZ_ASSERT(sa->add.spi > 255 && sa->add.integrity_key.n > 0);
		target->check_host(h);
	}
}

static void
finish(void)
{
	sim_run(&net, 400000);
	check_promises();
	FUZZ_ASSERT(net.host[0].n_result == n_ticket);
	for (size_t i = 0; i < SIM_HOSTS; i++)
		engine_delete_mm(net.host[i].engine, net.now_ms, 0);
	sim_run(&net, 400000);
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		FUZZ_ASSERT(sim_count_mm(&net, i) == 0 && sim_count_qm(&net, i) == 0);
		FUZZ_ASSERT(net.host[i].engine->reassembly_bytes == 0);
		FUZZ_ASSERT(net.host[i].engine->dos.n_half_open == 0);
		FUZZ_ASSERT(net.host[i].n_sa == 0);
		FUZZ_ASSERT(net.host[i].n_auth_open == 0);
	}
	sim_free(&net);
}

void
conversation_play(const struct conversation *t, struct span input)
{
	static const struct dialect dialect = DIALECT_DEFAULT;
	struct cursor c;
	unsigned first;

	if (input.n < 1 || input.n > 16384)
		return;
	cursor_init(&c, input);
	first = cursor_u8(&c);
	target = t;
	n_good = first % t->n_states;
	n_ticket = 0;
	sim_init(&net, 5);
	t->prepare(&net, first / t->n_states, input.n);
	sim_start(&net, &dialect, &dialect);
	net.tap = tap_good;
	acquire();
	sim_run(&net, 1000);
	if (first % t->n_states == t->n_states - 1)
		net.tap = NULL; /* whole: what follows passes too */
	play(&c);
	net.tap = NULL;
	finish();
}
