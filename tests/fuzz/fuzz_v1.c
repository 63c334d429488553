/*
 * Two engines with IKEv1 and a sequence of hostile datagrams, in clear or encrypted with the
 * real keys, with or without a good hash, at any point of a negotiation. Promises: no crash,
 * answers not larger than the request of an unproven peer, no SA without authentication,
 * every acquire answered, nothing left at the end.
 */
#include "tests/fuzz/fuzz_v1.h"

#include <string.h>

#include "ike/v1.h"
#include "tests/fuzz/fuzz.h"

static struct simnet net;
static size_t n_good;
static uint64_t n_ticket;

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

static struct mm_sa *
newest_mm(size_t host)
{
	return LIST_FIRST(&net.host[host].engine->mm_all);
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
	const struct mm_sa *mm = newest_mm(to);
	size_t sent = net.host[to].bytes_sent;
	bool is_new = mm == NULL || mm->initiator;

	if (data.n > 0)
		memcpy(wire, data.p, data.n);
	if ((flags & RECORD_PATCH_COOKIES) != 0 && mm != NULL && data.n >= 16) {
		memcpy(wire, mm->icookie, COOKIE_BYTES);
		memcpy(wire + 8, mm->rcookie, COOKIE_BYTES);
	}
	sim_inject(&net, to, wire, data.n);
	FUZZ_ASSERT(to == 0 || !is_new || net.host[to].bytes_sent - sent <= data.n);
}

/* By the receiver's own keys and chain: what its peer could have written. */
static void
inject_sealed(size_t to, uint8_t flags, struct span data)
{
	struct engine *e = net.host[to].engine;
	struct mm_sa *mm = newest_mm(to);
	static uint8_t copy[RECORD_MAX_BYTES * 2];
	struct v1_iv iv;
	struct span wire;
	struct qm_sa *qm;
	uint32_t id;
	bool ok;

	if (mm == NULL || mm->v1 == NULL || !mm->keys.ready ||
	    data.n < SEALED_HEAD_BYTES + 4)
		return;
	id = data.p[1];
	qm = LIST_FIRST(&mm->quick_modes);
	if (id == MID_OF_QUICK_MODE && qm != NULL)
		id = qm->message_id;
	qm = sadb_qm_by_message_id(mm, id);
	iv = mm->v1->iv;
	if (data.p[0] != EXCHANGE_IDENTITY && !v1_keys_iv(mm, id, &iv))
		return;
	if (data.p[0] == EXCHANGE_QUICK && qm != NULL)
		memcpy(iv.b, qm->v1_iv, sizeof(iv.b));
	v1_begin(e, mm, data.p[0], id);
	if ((flags & V1_RECORD_HASH) != 0)
		v1_hash_begin(e, mm);
	v1_write(e, data.p[2], SPAN_NONE); /* names the type; its bytes follow */
	e->out->w.n -= 4;
	writer_bytes(&e->out->w,
	    span_of(data.p + SEALED_HEAD_BYTES, data.n - SEALED_HEAD_BYTES));
	if ((flags & V1_RECORD_HASH) != 0) {
		ok = v1_hash_finish(e, mm, id, SPAN_NONE, &iv, &wire);
	} else {
		ok = v1_finish(e, &wire) && v1_seal(e, mm, &iv, &wire);
	}
	if (!ok || wire.n > sizeof(copy))
		return;
	memcpy(copy, wire.p, wire.n);
	sim_inject(&net, to, copy, wire.n);
}

static void
check_promises(void)
{
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		struct sim_host *h = &net.host[i];

		FUZZ_ASSERT(h->n_sa == 0 ||
			    engine_event_count(h->engine, EVENT_MM_ESTABLISHED) > 0);
		FUZZ_ASSERT(sim_count_mm(&net, i) < 100);
		for (const struct sim_sa *sa = h->sa; sa != NULL; sa = sa->next)
			FUZZ_ASSERT(sa->add.spi > 255 && sa->add.integrity_key.n > 0);
	}
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
			inject_sealed(to, flags, data);
		else
			inject_clear(to, flags, data);
		sim_run(&net, wait_ms[flags >> RECORD_WAIT_SHIFT & 3]);
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

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const struct dialect dialect = DIALECT_DEFAULT;
	struct cursor c;
	unsigned first;

	if (n < 1 || n > 16384)
		return 0;
	cursor_init(&c, span_of(p, n));
	first = cursor_u8(&c);
	n_good = first % V1_STATES;
	n_ticket = 0;
	sim_init(&net, 5);
	for (size_t i = 0; i < SIM_HOSTS; i++)
		fuzz_v1_policy(&net.host[i], first / V1_STATES);
	sim_start(&net, &dialect, &dialect);
	net.tap = tap_good;
	acquire();
	sim_run(&net, 1000);
	if (first % V1_STATES == V1_STATES - 1)
		net.tap = NULL; /* whole: what follows passes too */
	play(&c);
	net.tap = NULL;
	finish();
	return 0;
}
