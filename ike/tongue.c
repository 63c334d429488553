/* Dialect = auto: candidates, and what is remembered of them. */
#include "ike/tongue.h"

#include <stdlib.h>
#include <string.h>

#define PROBE_AGAIN_MS 1000

/* Knobs of the key schedule, those of highest risk first: D(knob, number of values). */
#define KEY_KNOBS(D)                                                                   \
	D(kdf_nonce, 2) D(gss_secret_tls, 5) D(gss_secret_krb, 2) D(icv_len, 3)        \
	D(ecdh_form, 2) D(kdf_algid, 5) D(kdf_ctr, 2)
/* What an initiator alone can have wrong stands behind the first of them. */
#define INIT_KNOB_AT 1
#define INIT_KNOBS(D) D(qm1_mid, 2)
#define HASH_KNOBS(D) D(hash_scope, 4) D(hash_anon, 2) D(auth1_nesting, 2)

struct dimension {
	size_t offset; /* of the knob in struct dialect */
	uint32_t n;
};

#define DIMENSION(knob, count) { offsetof(struct dialect, knob), count },
static const struct dimension key_dimension[] = { KEY_KNOBS(DIMENSION) };
static const struct dimension init_dimension[] = { INIT_KNOBS(DIMENSION) };
static const struct dimension hash_dimension[] = { HASH_KNOBS(DIMENSION) };
#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

static uint32_t
knob_of(const struct dialect *d, const struct dimension *dim)
{
	uint32_t v;

	memcpy(&v, (const uint8_t *)d + dim->offset, sizeof(v));
	return v;
}

/* The value that is k steps behind that of base. */
static void
knob_turn(struct dialect *d, const struct dialect *base, const struct dimension *dim, uint32_t k)
{
	uint32_t v = (knob_of(base, dim) + k) % dim->n;

	memcpy((uint8_t *)d + dim->offset, &v, sizeof(v));
}

/*
 * Candidate number i of so many dimensions: base, then each single deviation from it, then
 * pairs. False: there are no more.
 */
static bool
candidate(const struct dialect *base, const struct dimension *dim, size_t n_dim, uint32_t i,
    struct dialect *d)
{
	*d = *base;
	if (i == 0)
		return true;
	i--;
	for (size_t a = 0; a < n_dim; a++) {
		if (i < dim[a].n - 1) {
			knob_turn(d, base, &dim[a], i + 1);
			return true;
		}
		i -= dim[a].n - 1;
	}
	for (size_t a = 0; a < n_dim; a++)
		for (size_t b = a + 1; b < n_dim; b++) {
			uint32_t n = (dim[a].n - 1) * (dim[b].n - 1);

			if (i < n) {
				knob_turn(d, base, &dim[a], 1 + i / (dim[b].n - 1));
				knob_turn(d, base, &dim[b], 1 + i % (dim[b].n - 1));
				return true;
			}
			i -= n;
		}
	return false;
}

static bool
key_candidate(const struct dialect *base, uint32_t i, struct dialect *d)
{
	return candidate(base, key_dimension, COUNT_OF(key_dimension), i, d);
}

/* Does it matter to this main mode? Tries are few, and take long. */
static bool
dimension_counts(const struct mm_sa *mm, const struct dimension *dim)
{
	switch (dim->offset) {
	case offsetof(struct dialect, gss_secret_tls):
		return mm->gss.method == AUTH_TLS;
	case offsetof(struct dialect, gss_secret_krb):
		return mm->gss.method == AUTH_KERBEROS;
	case offsetof(struct dialect, ecdh_form):
		return mm->group == DH_ECP256 || mm->group == DH_ECP384;
	default:
		return true;
	}
}

/* What an initiator tries when nobody answers its first quick mode. */
static bool
init_candidate(
    const struct mm_sa *mm, const struct dialect *base, uint32_t i, struct dialect *d)
{
	struct dimension dim[COUNT_OF(key_dimension) + COUNT_OF(init_dimension)];
	size_t n = 0;

	for (size_t k = 0; k < COUNT_OF(key_dimension); k++) {
		if (k == INIT_KNOB_AT)
			for (size_t j = 0; j < COUNT_OF(init_dimension); j++)
				dim[n++] = init_dimension[j];
		if (dimension_counts(mm, &key_dimension[k]))
			dim[n++] = key_dimension[k];
	}
	return candidate(base, dim, n, i, d);
}

/* All combinations of the hash knobs; number 0 is base. */
static void
hash_candidate(const struct dialect *base, uint32_t i, struct dialect *d)
{
	*d = *base;
	for (size_t a = 0; a < COUNT_OF(hash_dimension); a++) {
		knob_turn(d, base, &hash_dimension[a], i % hash_dimension[a].n);
		i /= hash_dimension[a].n;
	}
}

/* The engine's own copy, which lives as long as the engine. NULL: too many, or no memory. */
static const struct dialect *
tongue_copy(struct engine *e, const struct dialect *d)
{
	struct dialect **known = e->tongue.known;

	for (size_t i = 0; i < e->tongue.n_known; i++)
		if (memcmp(known[i], d, sizeof(*d)) == 0)
			return known[i];
	if (e->tongue.n_known == TONGUE_KNOWN_MAX ||
	    (known[e->tongue.n_known] = malloc(sizeof(*d))) == NULL)
		return NULL;
	*known[e->tongue.n_known] = *d;
	return known[e->tongue.n_known++];
}

const struct dialect *
tongue_keep(struct engine *e, const struct dialect *d)
{
	if (memcmp(d, &e->p.dialect, sizeof(*d)) == 0)
		return &e->p.dialect;
	return tongue_copy(e, d);
}

void
tongue_configure(struct engine *e, const struct dialect *d)
{
	const struct dialect *old;
	struct mm_sa *mm;

	if (memcmp(d, &e->p.dialect, sizeof(*d)) == 0 ||
	    (old = tongue_copy(e, &e->p.dialect)) == NULL)
		return;
	LIST_FOREACH (mm, &e->mm_all, all_link)
		if (mm->dialect == &e->p.dialect)
			mm->dialect = old;
}

void
tongue_begin(struct engine *e, struct mm_sa *mm)
{
	const struct dialect *pinned = NULL, *known;
	const struct peer *p;

	if (e->p.host.peer_dialect != NULL)
		pinned = e->p.host.peer_dialect(e->p.host.ctx, &mm->remote.addr);
	if (pinned != NULL)
		pinned = tongue_keep(e, pinned);
	mm->dialect = pinned != NULL ? pinned : &e->p.dialect;
	mm->may_probe = pinned == NULL && e->p.dialect.dialect_auto == DIALECT_AUTO_ON;
	if (!mm->may_probe)
		return;
	p = peer_find(e, &mm->remote.addr);
	if (p != NULL && p->dialect != NULL)
		mm->dialect = p->dialect;
	else if (e->tongue.last_good != NULL)
		mm->dialect = e->tongue.last_good;
	if (mm->initiator && (known = habit_apply(e, mm, mm->dialect)) != NULL)
		mm->dialect = known;
}

bool
tongue_wants_log(const struct mm_sa *mm)
{
	return mm->may_probe || mm->dialect->auth1_nesting != AUTH1_NESTING_NESTED;
}

/* A moment's work for us, one datagram for whoever asks: not too often. */
static bool
probe_allowed(struct engine *e, struct mm_sa *mm)
{
	struct peer *p;

	if (!mm->may_probe || mm->initiator || mm->keys.peer_proved)
		return false;
	if (e->now_ms - e->tongue.second_ms >= 1000) {
		e->tongue.second_ms = e->now_ms;
		e->tongue.n_probes = 0;
	}
	p = peer_get(e, &mm->remote.addr);
	if (p == NULL || (p->was_probed && e->now_ms - p->probed_ms < PROBE_AGAIN_MS) ||
	    e->tongue.n_probes >= TONGUE_PROBES_PER_S) {
		e->error_count[IKE_ERR_PROBE_RATE]++;
		return false;
	}
	p->was_probed = true;
	p->probed_ms = e->now_ms;
	e->tongue.n_probes++;
	return true;
}

/* What is tried: reading number i, which may be the last one, and whether the peer means it. */
struct probe {
	uint32_t first, end;
	bool (*reading)(
	    const struct mm_sa *mm, const struct dialect *base, uint32_t i, struct dialect *d);
	bool (*fits)(struct engine *e, struct mm_sa *mm, struct span body);
};

/* False: none fits, and the dialect is what it was. */
static bool
tongue_probe(struct engine *e, struct mm_sa *mm, const struct probe *p, struct span body)
{
	const struct dialect *before = mm->dialect, *kept;
	struct dialect *d = &e->tongue.trial;

	for (uint32_t i = p->first; i < p->end && p->reading(mm, before, i, d); i++) {
		mm->dialect = d;
		if (!p->fits(e, mm, body))
			continue;
		if ((kept = tongue_keep(e, d)) == NULL)
			break;
		mm->dialect = kept;
		return true;
	}
	mm->dialect = before;
	return false;
}

static bool
keys_reading(const struct mm_sa *mm, const struct dialect *base, uint32_t i, struct dialect *d)
{
	(void)mm;
	return key_candidate(base, i, d);
}

static bool
keys_fit(struct engine *e, struct mm_sa *mm, struct span body)
{
	(void)body;
	return mm_resp_keys(mm) && exchange_try(e, mm) == IKE_OK;
}

bool
tongue_probe_keys(struct engine *e, struct mm_sa *mm)
{
	static const struct probe probe = { 0, TONGUE_KEY_MAX, keys_reading, keys_fit };

	if (!probe_allowed(e, mm))
		return false;
	if (tongue_probe(e, mm, &probe, SPAN_NONE))
		return true;
	(void)mm_resp_keys(mm);
	return false;
}

static bool
hash_reading(const struct mm_sa *mm, const struct dialect *base, uint32_t i, struct dialect *d)
{
	(void)mm;
	hash_candidate(base, i, d);
	return true;
}

static bool
hash_fits(struct engine *e, struct mm_sa *mm, struct span body)
{
	(void)e;
	return mm_resp_keys(mm) && secret_equal(body.p, mm->keys.auth1, mm->keys.hash_n);
}

bool
tongue_probe_hash(struct engine *e, struct mm_sa *mm, struct span body)
{
	static const struct probe probe = { 1, TONGUE_HASH_MAX, hash_reading, hash_fits };

	if (!mm->may_probe || mm->initiator || body.n != mm->keys.hash_n)
		return false;
	if (tongue_probe(e, mm, &probe, body))
		return true;
	(void)mm_resp_keys(mm);
	return false;
}

/* Where the proof is, and what the secret of its method is. */
static bool
em_reading(const struct mm_sa *mm, const struct dialect *base, uint32_t i, struct dialect *d)
{
	static const struct dimension tail = { offsetof(struct dialect, em_hash_tail), 2 };
	static const struct dimension tls = { offsetof(struct dialect, gss_secret_tls), 5 };
	static const struct dimension krb = { offsetof(struct dialect, gss_secret_krb), 2 };
	const struct dimension *secret = mm->em.method == AUTH_TLS ? &tls : &krb;

	if (i >= 2 * secret->n)
		return false;
	*d = *base;
	knob_turn(d, base, &tail, i % 2);
	knob_turn(d, base, secret, i / 2);
	return true;
}

static bool
em_fits(struct engine *e, struct mm_sa *mm, struct span body)
{
	uint8_t auth3[2 * HASH_MAX_BYTES];
	size_t n;

	(void)e;
	return keys_derive_em(mm) && (n = keys_auth34(mm, false, auth3)) == body.n &&
	       secret_equal(body.p, auth3, n);
}

bool
tongue_probe_em(struct engine *e, struct mm_sa *mm, struct span body)
{
	static const struct probe probe = { 1, UINT32_MAX, em_reading, em_fits };

	return mm->may_probe && !mm->initiator && tongue_probe(e, mm, &probe, body);
}

void
tongue_learned(struct engine *e, struct mm_sa *mm)
{
	struct peer *p;

	if (!mm->may_probe)
		return;
	habit_learned(e, mm);
	if (mm->dialect != &e->p.dialect)
		e->tongue.last_good = mm->dialect;
	if ((p = peer_get(e, &mm->remote.addr)) == NULL)
		return;
	p->dialect = mm->dialect;
	p->n_key_tries = p->n_hash_tries = 0;
}

void
tongue_failed(struct engine *e, struct mm_sa *mm, bool hash)
{
	struct peer *p;
	struct dialect d;
	uint32_t i;

	if (!mm->may_probe || !mm->initiator || (p = peer_get(e, &mm->remote.addr)) == NULL)
		return;
	/* What the peer took already stays; from its silence we learn about the keys. */
	i = hash ? ++p->n_hash_tries : ++p->n_key_tries;
	if (p->n_hash_tries + p->n_key_tries > e->p.dialect.dialect_tries) {
		p->n_hash_tries = p->n_key_tries = 0;
		p->dialect = &e->p.dialect;
		return;
	}
	if (hash)
		hash_candidate(p->dialect != NULL && i > 1 ? p->base : mm->dialect, i, &d);
	else if (!init_candidate(mm, &e->p.dialect, i, &d))
		return;
	if (hash && i == 1)
		p->base = mm->dialect;
	p->dialect = tongue_keep(e, &d);
}
