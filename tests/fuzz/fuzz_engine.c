/*
 * Two engines with AuthIP and a sequence of hostile datagrams, in clear or sealed with the
 * real keys. Promises, with those of conversation.c: answers not larger than requests before
 * the peer has proved itself, no SA without extended mode.
 */
#include "tests/fuzz/fuzz_engine.h"

#include <string.h>

#include "ike/state.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/seal.h"

static uint32_t seq;
static uint16_t fragment_id; /* of a message in fragments */

static bool
is_proved(const struct simnet *net, size_t host)
{
	const struct mm_sa *mm;

	if (host == 0)
		return true; /* it asked */
	LIST_FOREACH (mm, &net->host[host].engine->mm_all, all_link)
		if (mm->keys.peer_proved)
			return true;
	return false;
}

/* In three fragments with the cookies of the receiver's main mode. */
static void
inject_fragments(struct simnet *net, size_t to, const uint8_t *wire, size_t n)
{
	static uint8_t b[SEAL_MAX_BYTES];
	const struct mm_sa *mm = conversation_mm(net, to);
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
		writer_u32(
		    &w, (uint32_t)(ISAKMP_HEADER_BYTES + FRAGMENT_HEAD_BYTES + part_n));
		writer_u16(&w, 0);
		writer_u16(&w, (uint16_t)(FRAGMENT_HEAD_BYTES + part_n));
		writer_u16(&w, fragment_id);
		writer_u8(&w, (uint8_t)(i + 1));
		writer_u8(&w, i == 2 ? FRAGMENT_FLAG_LAST : 0);
		writer_bytes(&w, span_of(wire + at, part_n));
		sim_inject(net, to, b, w.n);
		mm = conversation_mm(net, to);
	}
}

static void
inject_wire(struct simnet *net, size_t to, uint8_t flags, const uint8_t *wire, size_t n)
{
	if ((flags & RECORD_FRAGMENTS) != 0)
		inject_fragments(net, to, wire, n);
	else
		sim_inject(net, to, wire, n);
}

static void
inject_clear(struct simnet *net, size_t to, uint8_t flags, struct span wire)
{
	size_t sent = net->host[to].bytes_sent;
	bool proved = is_proved(net, to);

	inject_wire(net, to, flags, wire.p, wire.n);
	FUZZ_ASSERT(
	    proved || is_proved(net, to) || net->host[to].bytes_sent - sent <= wire.n);
}

static void
inject_sealed(struct simnet *net, size_t to, uint8_t flags, struct span data)
{
	static uint8_t wire[SEAL_MAX_BYTES];
	const struct mm_sa *mm = conversation_mm(net, to);
	struct isakmp_header h;
	struct message_keys k;
	size_t n;

	if (mm == NULL || !mm->keys.ready || data.n < SEALED_HEAD_BYTES)
		return;
	k = (struct message_keys){ mm->chosen.cipher,
		span_of(mm->keys.cipher_key, cipher_key_len_bytes(mm->chosen.cipher)),
		mm->chosen.integrity, span_of(mm->keys.a, mm->keys.hash_n),
		mm->keys.icv_n };
	memset(&h, 0, sizeof(h));
	memcpy(h.icookie, mm->icookie, COOKIE_BYTES);
	memcpy(h.rcookie, mm->rcookie, COOKIE_BYTES);
	h.exchange = data.p[0];
	h.message_id = data.p[1];
	if (data.p[1] == MID_OF_QUICK_MODE && !LIST_EMPTY(&mm->quick_modes))
		h.message_id = LIST_FIRST(&mm->quick_modes)->message_id;
	n = fuzz_seal(&k, &h, seq++, data.p[2],
	    span_of(data.p + SEALED_HEAD_BYTES, data.n - SEALED_HEAD_BYTES), wire);
	inject_wire(net, to, flags, wire, n);
}

static void
check_host(const struct sim_host *h)
{
	FUZZ_ASSERT(h->n_sa == 0 || h->policy.n_em_auth == 0 ||
		    engine_event_count(h->engine, EVENT_EM_ESTABLISHED) > 0);
}

static void
prepare(struct simnet *net, unsigned policy, size_t input_bytes)
{
	seq = 1000;
	fragment_id = 0;
	net->half_open_enter =
	    input_bytes % 2 != 0 ? 2 : 0; /* cookies soon, or never */
	net->half_open_leave = 1;
	for (size_t i = 0; i < SIM_HOSTS; i++)
		fuzz_engine_policy(&net->host[i], policy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const struct conversation t = { FUZZ_STATES, prepare, inject_clear,
		inject_sealed, check_host };

	conversation_play(&t, span_of(p, n));
	return 0;
}
