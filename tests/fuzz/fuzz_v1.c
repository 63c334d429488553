/*
 * Two engines with IKEv1 and a sequence of hostile datagrams, in clear or encrypted with the
 * real keys, with or without a good hash. Promises, with those of conversation.c: answers not
 * larger than the request of an unproven peer, no SA without authentication.
 */
#include "tests/fuzz/fuzz_v1.h"

#include <string.h>

#include "ike/v1.h"
#include "tests/fuzz/fuzz.h"

static void
inject_clear(struct simnet *net, size_t to, uint8_t flags, struct span wire)
{
	const struct mm_sa *mm = conversation_mm(net, to);
	size_t sent = net->host[to].bytes_sent;
	bool is_new = mm == NULL || mm->initiator;

	(void)flags;
	sim_inject(net, to, wire.p, wire.n);
	FUZZ_ASSERT(to == 0 || !is_new || net->host[to].bytes_sent - sent <= wire.n);
}

/* By the receiver's own keys and chain: what its peer could have written. */
static void
inject_sealed(struct simnet *net, size_t to, uint8_t flags, struct span data)
{
	struct engine *e = net->host[to].engine;
	struct mm_sa *mm = conversation_mm(net, to);
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
	sim_inject(net, to, copy, wire.n);
}

static void
check_host(const struct sim_host *h)
{
	FUZZ_ASSERT(
	    h->n_sa == 0 || engine_event_count(h->engine, EVENT_MM_ESTABLISHED) > 0);
}

static void
prepare(struct simnet *net, unsigned policy, size_t input_bytes)
{
	(void)input_bytes;
	for (size_t i = 0; i < SIM_HOSTS; i++)
		fuzz_v1_policy(&net->host[i], policy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const struct conversation t = { V1_STATES, prepare, inject_clear,
		inject_sealed, check_host };

	conversation_play(&t, span_of(p, n));
	return 0;
}
