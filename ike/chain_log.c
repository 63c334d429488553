/* A main mode's messages, for other readings of its chain. */
#include "ike/chain_log.h"

#include <stdlib.h>
#include <string.h>

#define LENGTHS_BYTES 8
#define PRINTED_STEP 4 /* the message whose hash is printed without that of the one before */

void
chain_log_clear(struct chain_log *log)
{
	blob_free(&log->bytes);
}

void
chain_log_add(struct chain_log *log, const struct chain_unit *unit)
{
	size_t n = LENGTHS_BYTES + unit->header.n + unit->crypto.n + unit->payloads.n;
	struct blob grown = { .n = log->bytes.n + n };
	struct writer w;

	if (log->is_full)
		return;
	if (grown.n <= CHAIN_LOG_MAX_BYTES)
		grown.p = malloc(grown.n);
	if (grown.p == NULL) {
		log->is_full = true;
		chain_log_clear(log);
		return;
	}
	writer_init(&w, grown.p, grown.n);
	writer_bytes(&w, blob_span(&log->bytes));
	writer_u32(&w, (uint32_t)unit->crypto.n);
	writer_u32(&w, (uint32_t)unit->payloads.n);
	writer_bytes(&w, unit->header);
	writer_bytes(&w, unit->crypto);
	writer_bytes(&w, unit->payloads);
	chain_log_clear(log);
	log->bytes = grown;
}

static struct chain_unit
log_next(struct cursor *c)
{
	uint32_t crypto_n = cursor_u32(c), payloads_n = cursor_u32(c);
	struct chain_unit u = { .header = cursor_take(c, ISAKMP_HEADER_BYTES) };

	u.crypto = cursor_take(c, crypto_n);
	u.payloads = cursor_take(c, payloads_n);
	return u;
}

bool
chain_log_replay(const struct chain_log *log, const struct dialect *d, enum hash_id hash,
    bool first, struct chain *out)
{
	bool printed = first && d->auth1_nesting == AUTH1_NESTING_AS_PRINTED;
	struct chain_unit before = { .header = SPAN_NONE };
	struct cursor c;

	chain_clear(out);
	cursor_init(&c, blob_span(&log->bytes));
	while (c.left > 0) {
		struct chain_unit u = log_next(&c);
		bool ok;

		if (!cursor_ok(&c))
			return false;
		if (printed && out->n_step == PRINTED_STEP - 2 && c.left > 0) {
			before = u; /* it goes into the step of the next one */
			u = log_next(&c);
			ok = chain_step_two(out, d, hash, &u, &before);
		} else {
			ok = chain_step(out, d, hash, true, &u);
		}
		if (!ok)
			return false;
	}
	return out->n_step > 0;
}
