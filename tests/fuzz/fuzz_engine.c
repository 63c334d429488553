/*
 * Two engines and a sequence of hostile datagrams, in clear or sealed with the real keys,
 * at any point of a negotiation. Promises: no crash, answers not larger than requests
 * before the peer has proved itself, no SA without extended mode, every acquire answered,
 * nothing left at the end.
 */
#include "tests/fuzz/fuzz_engine.h"

#include <string.h>

#include "ike/state.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/seal.h"
#include "tests/sim/simnet.h"

static struct simnet net;
static size_t n_good;
static uint32_t seq;
static uint64_t n_ticket;
static uint16_t fragment_id; /* of a message in fragments */

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

static bool
is_proved(size_t host)
{
	const struct mm_sa *mm;

	if (host == 0)
		return true; /* it asked */
	LIST_FOREACH (mm, &net.host[host].engine->mm_all, all_link)
		if (mm->keys.peer_proved)
			return true;
	return false;
}

/* In three fragments with the cookies of the receiver's main mode. */
static void
inject_fragments(size_t to, const uint8_t *wire, size_t n)
{
	static uint8_t b[SEAL_MAX_BYTES];
	const struct mm_sa *mm = newest_mm(to);
	struct writer w;

	fragment_id++;
	for (size_t i = 0; i < 3 && mm != NULL && n >= ISAKMP_HEADER_BYTES; i++) {
		size_t at = n * i / 3, part_n = n * (i + 1) / 3 - at;

		writer_init(&w, b, sizeof(b));
		writer_bytes(&w, SPAN_ARRAY(mm->icookie));
		writer_bytes(&w, SPAN_ARRAY(mm->rcookie));
		writer_u8(&w, PAYLOAD_FRAGMENT);
		writer_u8(&w, 0x10);
		writer_u8(&w, wire[18]);
		writer_u8(&w, 0);
		writer_bytes(&w, span_of(wire + 20, 4));
		writer_u32(&w, (uint32_t)(ISAKMP_HEADER_BYTES + FRAGMENT_HEAD_BYTES + part_n));
		writer_u16(&w, 0);
		writer_u16(&w, (uint16_t)(FRAGMENT_HEAD_BYTES + part_n));
		writer_u16(&w, fragment_id);
		writer_u8(&w, (uint8_t)(i + 1));
		writer_u8(&w, i == 2 ? FRAGMENT_FLAG_LAST : 0);
		writer_bytes(&w, span_of(wire + at, part_n));
		sim_inject(&net, to, b, w.n);
		mm = newest_mm(to);
	}
}

static void
inject_wire(size_t to, uint8_t flags, const uint8_t *wire, size_t n)
{
	if ((flags & RECORD_FRAGMENTS) != 0)
		inject_fragments(to, wire, n);
	else
		sim_inject(&net, to, wire, n);
}

static void
inject_clear(size_t to, uint8_t flags, struct span data)
{
	static uint8_t wire[RECORD_MAX_BYTES];
	const struct mm_sa *mm = newest_mm(to);
	size_t sent = net.host[to].bytes_sent;
	bool proved = is_proved(to);

	if (data.n > 0)
		memcpy(wire, data.p, data.n);
	if ((flags & RECORD_PATCH_COOKIES) != 0 && mm != NULL && data.n >= 16) {
		memcpy(wire, mm->icookie, COOKIE_BYTES);
		memcpy(wire + 8, mm->rcookie, COOKIE_BYTES);
	}
	inject_wire(to, flags, wire, data.n);
	FUZZ_ASSERT(proved || is_proved(to) || net.host[to].bytes_sent - sent <= data.n);
}

static void
inject_sealed(size_t to, uint8_t flags, struct span data)
{
	static uint8_t wire[SEAL_MAX_BYTES];
	const struct mm_sa *mm = newest_mm(to);
	struct isakmp_header h;
	struct message_keys k;
	size_t n;

	if (mm == NULL || !mm->keys.ready || data.n < SEALED_HEAD_BYTES)
		return;
	k = (struct message_keys){ mm->chosen.cipher,
		span_of(mm->keys.cipher_key, cipher_key_len_bytes(mm->chosen.cipher)),
		mm->chosen.integrity, span_of(mm->keys.a, mm->keys.hash_n), mm->keys.icv_n };
	memset(&h, 0, sizeof(h));
	memcpy(h.icookie, mm->icookie, COOKIE_BYTES);
	memcpy(h.rcookie, mm->rcookie, COOKIE_BYTES);
	h.exchange = data.p[0];
	h.message_id = data.p[1];
	if (data.p[1] == MID_OF_QUICK_MODE && !LIST_EMPTY(&mm->quick_modes))
		h.message_id = LIST_FIRST(&mm->quick_modes)->message_id;
	n = fuzz_seal(&k, &h, seq++, data.p[2],
	    span_of(data.p + SEALED_HEAD_BYTES, data.n - SEALED_HEAD_BYTES), wire);
	inject_wire(to, flags, wire, n);
}

static void
check_promises(void)
{
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		struct sim_host *h = &net.host[i];

		FUZZ_ASSERT(h->n_sa == 0 || h->policy.n_em_auth == 0 ||
		    engine_event_count(h->engine, EVENT_EM_ESTABLISHED) > 0);
		FUZZ_ASSERT(sim_count_mm(&net, i) < 100);
		FUZZ_ASSERT(h->engine->reassembly_bytes <= REASSEMBLY_TOTAL_BYTES);
		for (const struct sim_sa *sa = h->sa; sa != NULL; sa = sa->next) {
			FUZZ_ASSERT(sa->add.integrity_key.n > 0);
			FUZZ_ASSERT(sa->add.spi > 255);
		}
	}
}

static void
play(struct cursor *c)
{
	static const uint32_t wait_ms[4] = { 0, 20, 3000, 130000 };

	for (int i = 0; i < RECORD_MAX && c->left > RECORD_HEAD_BYTES; i++) {
		uint8_t flags = cursor_u8(c);
		size_t n = cursor_u16(c), to = (flags & RECORD_TO_INITIATOR) != 0 ? 0 : 1;
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
	n_good = first % FUZZ_STATES;
	seq = 1000;
	n_ticket = 0;
	fragment_id = 0;
	sim_init(&net, 5);
	net.half_open_enter = n % 2 != 0 ? 2 : 0; /* cookies soon, or never */
	net.half_open_leave = 1;
	for (size_t i = 0; i < SIM_HOSTS; i++)
		fuzz_engine_policy(&net.host[i], first / FUZZ_STATES);
	sim_start(&net, &dialect, &dialect);
	net.tap = tap_good;
	acquire();
	sim_run(&net, 1000);
	if (first % FUZZ_STATES == FUZZ_STATES - 1)
		net.tap = NULL; /* whole: what follows passes too */
	play(&c);
	net.tap = NULL;
	finish();
	return 0;
}
