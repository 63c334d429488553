/* Seeds of fuzz_v1: each message of a negotiation in place of itself. */
#include <stdio.h>
#include <string.h>

#include "ike/v1.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_v1.h"

static struct simnet net;
static unsigned n_message;
static unsigned method;

/* Its payloads in clear, behind HASH where that comes first: the builder still has them. */
static bool
tap_write(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	const struct builder *out = net.host[from].engine->out;
	bool sealed = (p[19] & ISAKMP_FLAG_ENCRYPTED) != 0, hash;
	uint8_t b[2048], first = p[16];
	struct span chain = build_chain(out);
	size_t skip = 0;
	char name[32];
	struct writer w;

	(void)ctx;
	if (n_message >= V1_STATES)
		return true;
	hash = sealed && first == PAYLOAD_HASH && chain.n > 4;
	if (hash) {
		skip = (size_t)(chain.p[2] << 8 | chain.p[3]);
		first = chain.p[0];
	}
	writer_init(&w, b, sizeof(b));
	writer_u8(&w, (uint8_t)(n_message + method * V1_STATES));
	writer_u8(
	    &w, (uint8_t)((sealed ? RECORD_SEALED : 0) | (hash ? V1_RECORD_HASH : 0) |
			  (from == 1 ? RECORD_TO_INITIATOR : 0) |
			  (n_message > 0 ? RECORD_PATCH_COOKIES : 0) |
			  1 << RECORD_WAIT_SHIFT));
	if (sealed) {
		writer_u16(&w, (uint16_t)(SEALED_HEAD_BYTES + chain.n - skip));
		writer_u8(&w, p[18]);
		writer_u8(&w, p[18] == EXCHANGE_QUICK ? MID_OF_QUICK_MODE : 0);
		writer_u8(&w, first);
		writer_bytes(&w, span_of(chain.p + skip, chain.n - skip));
	} else {
		writer_u16(&w, (uint16_t)*n);
		writer_bytes(&w, span_of(p, *n));
	}
	FUZZ_ASSERT(writer_ok(&w));
	snprintf(name, sizeof(name), "method%u-%02u", method, n_message++);
	write_seed("v1", name, b, w.n);
	return true;
}

void
write_v1_seeds(void)
{
	static const struct dialect d = DIALECT_DEFAULT;
	/* INITIAL-CONTACT, Delete of the main mode and of a pair, under a hash. */
	static const uint8_t info[] = { 9, RECORD_SEALED | V1_RECORD_HASH, 0, 15,
		EXCHANGE_INFO, 77, PAYLOAD_NOTIFY, 0, 0, 0, 12, 0, 0, 0, 1, 1, 0, 0x60,
		0x02, RECORD_SEALED | V1_RECORD_HASH, 0, 19, EXCHANGE_INFO, 78,
		PAYLOAD_DELETE, 0, 0, 0, 16, 0, 0, 0, 1, 3, 4, 0, 1, 1, 2, 3, 4 };

	for (method = 0; method < V1_METHODS; method++) {
		n_message = 0;
		sim_init(&net, 5);
		for (size_t i = 0; i < SIM_HOSTS; i++)
			fuzz_v1_policy(&net.host[i], method);
		sim_start(&net, &d, &d);
		net.tap = tap_write;
		sim_acquire(&net, 0, 1, 4, 81);
		sim_run(&net, 5000);
		FUZZ_ASSERT(net.host[0].result.error == IKE_OK);
		sim_free(&net);
	}
	write_seed("v1", "info", info, sizeof(info));
}
