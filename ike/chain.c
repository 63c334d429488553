/* Hash chains. */
#include "ike/chain.h"

#include <string.h>

#define GPH_BYTES 4
#define UNIT_MAX_PARTS (MESSAGE_MAX_PAYLOADS + 3)
#define MAIN_SHA256_STEPS 2

struct chain_unit
chain_unit_of(struct span wire, struct span payloads)
{
	struct chain_unit u = { SPAN_NONE, SPAN_NONE, payloads };
	struct cursor c;
	uint16_t n;

	cursor_init(&c, wire);
	u.header = cursor_take(&c, ISAKMP_HEADER_BYTES);
	u.crypto = c.left >= GPH_BYTES ? span_of(c.p, c.left) : SPAN_NONE;
	cursor_skip(&c, 2);
	n = cursor_u16(&c);
	u.crypto.n = cursor_ok(&c) && n <= u.crypto.n ? n : 0;
	return u;
}

/* Only the bodies of the payloads (knob hash_scope = bodies). */
static size_t
unit_bodies(struct span payloads, struct span *part)
{
	struct cursor c;
	size_t n = 0;

	cursor_init(&c, payloads);
	while (c.left >= GPH_BYTES && n < MESSAGE_MAX_PAYLOADS) {
		uint16_t len;

		cursor_skip(&c, 2);
		len = cursor_u16(&c);
		if (len < GPH_BYTES)
			break;
		part[n++] = cursor_take(&c, len - GPH_BYTES);
	}
	return n;
}

static size_t
unit_parts(const struct dialect *d, const struct chain_unit *u, struct span *part)
{
	size_t n = 0;

	switch (d->hash_scope) {
	case HASH_SCOPE_BODIES:
		return unit_bodies(u->payloads, part);
	case HASH_SCOPE_MESSAGE:
		part[n++] = u->header;
		part[n++] = u->crypto;
		break;
	case HASH_SCOPE_CRYPTO_PAYLOADS:
		part[n++] = u->crypto;
		break;
	case HASH_SCOPE_PAYLOADS:
	default:
		break;
	}
	part[n++] = u->payloads;
	return n;
}

bool
chain_step(struct chain *c, const struct dialect *d, enum hash_id hash, bool main,
    const struct chain_unit *unit)
{
	struct span part[UNIT_MAX_PARTS];
	size_t n = unit_parts(d, unit, part);
	uint8_t out[HASH_MAX_BYTES];

	if (main && c->n_step < MAIN_SHA256_STEPS)
		hash = HASH_SHA256;
	part[n++] = key_span(&c->digest);
	if (!hash_digest(hash, part, n, out))
		return false;
	c->digest.n = (uint8_t)hash_len_bytes(hash);
	memcpy(c->digest.b, out, c->digest.n);
	c->n_step++;
	return true;
}

bool
chain_step_two(struct chain *c, const struct dialect *d, enum hash_id hash,
    const struct chain_unit *unit, const struct chain_unit *before)
{
	struct span part[2 * UNIT_MAX_PARTS];
	size_t n = unit_parts(d, unit, part);
	uint8_t out[HASH_MAX_BYTES];

	n += unit_parts(d, before, part + n);
	part[n++] = key_span(&c->digest);
	if (!hash_digest(hash, part, n, out))
		return false;
	c->digest.n = (uint8_t)hash_len_bytes(hash);
	memcpy(c->digest.b, out, c->digest.n);
	c->n_step += 2;
	return true;
}

static bool
chain_prf(enum hash_id hash, const struct key *skeyid, struct span digest, uint8_t suffix,
    struct key *out)
{
	struct span part[2] = { digest, span_of(&suffix, 1) };

	out->n = (uint8_t)hash_len_bytes(hash);
	return out->n > 0 && hash_hmac(hash, key_span(skeyid), part, 2, out->b);
}

bool
chain_auth12(const struct chain *c, const struct dialect *d, enum hash_id hash,
    const struct key *skeyid, struct key *auth1, struct key *auth2)
{
	struct span in = key_span(&c->digest);
	uint8_t again[HASH_MAX_BYTES];

	/* Anonymous has no message after the second: hash once more, or not (A17). */
	if (c->n_step == MAIN_SHA256_STEPS && d->hash_anon == HASH_ANON_REHASH) {
		if (!hash_digest(hash, &in, 1, again))
			return false;
		in = span_of(again, hash_len_bytes(hash));
	}
	return chain_prf(hash, skeyid, in, 1, auth1) && chain_prf(hash, skeyid, in, 2, auth2);
}

size_t
chain_auth34(const struct chain *c, const struct dialect *d, enum hash_id hash,
    const struct key *skeyid_em, const struct key *tail, uint8_t *out)
{
	struct span part[2] = { key_span(&c->digest), key_span(tail) };
	bool inside = d->em_hash_tail == EM_HASH_TAIL_INSIDE_PRF;
	size_t n = hash_len_bytes(hash);

	if (n == 0 || !hash_hmac(hash, key_span(skeyid_em), part, inside ? 2 : 1, out))
		return 0;
	if (inside)
		return n;
	memcpy(out + n, tail->b, tail->n);
	return n + tail->n;
}

void
chain_clear(struct chain *c)
{
	memset(c, 0, sizeof(*c));
}
