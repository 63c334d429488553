/* Keys and hashes of IKEv1 (RFC 2409 5, 5.5, appendix B). */
#include <string.h>

#include "ike/v1.h"

#define GPH_BYTES 4

/* Whole Nonce payloads are kept; their bodies count. */
static struct span
nonce_body(const struct blob *whole)
{
	return whole->n > GPH_BYTES ?
		   span_of(whole->p + GPH_BYTES, whole->n - GPH_BYTES) :
		   SPAN_NONE;
}

bool
v1_keys_skeyid(struct mm_sa *mm)
{
	struct span ni = nonce_body(&mm->ni), nr = nonce_body(&mm->nr);
	struct span z = secret_span(mm->z);
	uint8_t key[2 * 256];

	if (ni.n > 256 || nr.n > 256)
		return false;
	memcpy(key, ni.p, ni.n);
	memcpy(key + ni.n, nr.p, nr.n);
	return hash_hmac(
	    mm->chosen.integrity, span_of(key, ni.n + nr.n), &z, 1, mm->v1->skeyid);
}

/* SKEYID_d, _a or _e: prf(SKEYID, previous | g^xy | CKY-I | CKY-R | number). */
static bool
keys_next(const struct mm_sa *mm, struct span previous, uint8_t number, uint8_t *out)
{
	struct span part[5] = {
		previous,
		secret_span(mm->z),
		SPAN_ARRAY(mm->icookie),
		SPAN_ARRAY(mm->rcookie),
		span_of(&number, 1),
	};

	return hash_hmac(mm->chosen.integrity, span_of(mm->v1->skeyid, mm->keys.hash_n),
	    part, 5, out);
}

/* The cipher key: SKEYID_e, or prf(SKEYID_e, 0) chained where that is too short. */
static bool
keys_cipher(struct mm_sa *mm, const uint8_t *skeyid_e)
{
	size_t want = cipher_key_len_bytes(mm->chosen.cipher), hash_n = mm->keys.hash_n;
	uint8_t k[CIPHER_MAX_KEY_BYTES + 2 * HASH_MAX_BYTES];
	static const uint8_t zero;
	struct span in = span_of(&zero, 1);
	bool ok = true;

	memset(mm->keys.cipher_key, 0, sizeof(mm->keys.cipher_key));
	if (want <= hash_n)
		memcpy(k, skeyid_e, want);
	for (size_t n = 0; ok && want > hash_n && n < want; n += hash_n) {
		ok = hash_hmac(
		    mm->chosen.integrity, span_of(skeyid_e, hash_n), &in, 1, k + n);
		in = span_of(k + n, hash_n);
	}
	memcpy(mm->keys.cipher_key, k, want);
	secret_wipe_bytes(k, sizeof(k));
	return ok && cipher_key_prepare(mm->chosen.cipher, mm->keys.cipher_key);
}

bool
v1_keys_derive(struct mm_sa *mm)
{
	struct span ke[2] = { blob_span(&mm->v1->ke_i), blob_span(&mm->v1->ke_r) };
	uint8_t skeyid_e[HASH_MAX_BYTES], digest[HASH_MAX_BYTES];
	struct mm_keys *k = &mm->keys;
	bool ok;

	k->hash_n = hash_len_bytes(mm->chosen.integrity);
	ok = keys_next(mm, SPAN_NONE, 0, k->d) &&
	     keys_next(mm, span_of(k->d, k->hash_n), 1, k->a) &&
	     keys_next(mm, span_of(k->a, k->hash_n), 2, skeyid_e) &&
	     keys_cipher(mm, skeyid_e) &&
	     hash_digest(mm->chosen.integrity, ke, 2, digest);
	secret_wipe_bytes(skeyid_e, sizeof(skeyid_e));
	if (!ok)
		return false;
	memcpy(mm->v1->iv.b, digest, sizeof(mm->v1->iv.b));
	k->ready = true;
	return true;
}

bool
v1_keys_auth_hash(
    const struct mm_sa *mm, bool of_initiator, struct span id, uint8_t *out)
{
	const struct v1_mm *v = mm->v1;
	struct span part[7] = {
		blob_span(of_initiator ? &v->ke_i : &v->ke_r),
		blob_span(of_initiator ? &v->ke_r : &v->ke_i),
		span_of(of_initiator ? mm->icookie : mm->rcookie, COOKIE_BYTES),
		span_of(of_initiator ? mm->rcookie : mm->icookie, COOKIE_BYTES),
		blob_span(&v->sa_i), id,
		blob_span(of_initiator ? &v->token_i : &v->token_r), /* of Kerberos */
	};

	return hash_hmac(
	    mm->chosen.integrity, span_of(v->skeyid, mm->keys.hash_n), part, 7, out);
}

static bool
iv_behind(
    const struct mm_sa *mm, struct span chain, uint32_t message_id, struct v1_iv *out)
{
	uint8_t id[4] = { (uint8_t)(message_id >> 24), (uint8_t)(message_id >> 16),
		(uint8_t)(message_id >> 8), (uint8_t)message_id };
	struct span part[2] = { chain, SPAN_ARRAY(id) };
	uint8_t digest[HASH_MAX_BYTES];

	if (!mm->keys.ready || !hash_digest(mm->chosen.integrity, part, 2, digest))
		return false;
	memcpy(out->b, digest, sizeof(out->b));
	return true;
}

bool
v1_keys_iv(const struct mm_sa *mm, uint32_t message_id, struct v1_iv *out)
{
	struct span chain =
	    span_of(mm->v1->iv.b, cipher_block_len_bytes(mm->chosen.cipher));

	return iv_behind(mm, chain, message_id, out);
}

/*
 * libreswan has no chain yet. Windows takes the last block of what it decrypted last, until
 * Vista of what it sent last (MS-IKEE 7, note 12); whether the message ID goes in is not said.
 */
bool
v1_keys_iv_reading(
    const struct mm_sa *mm, uint32_t message_id, size_t i, struct v1_iv *out)
{
	size_t block = cipher_block_len_bytes(mm->chosen.cipher);

	switch (i) {
	case 0:
		return iv_behind(mm, SPAN_NONE, message_id, out);
	case 1:
		*out = mm->v1->iv;
		return mm->keys.ready;
	case 2:
		return iv_behind(mm, span_of(mm->v1->iv_before.b, block), message_id, out);
	case 3:
		*out = mm->v1->iv_before;
		return mm->keys.ready;
	default:
		return false;
	}
}

bool
v1_keys_hash(const struct mm_sa *mm, const struct span *part, size_t n, uint8_t *out)
{
	return mm->keys.ready &&
	       hash_hmac(mm->chosen.integrity, span_of(mm->keys.a, mm->keys.hash_n),
		   part, n, out);
}

bool
v1_keymat(enum hash_id hash, struct span key, const struct span *seed, size_t n_seed,
    uint8_t *out, size_t out_n)
{
	struct span part[8] = { SPAN_NONE };
	uint8_t k[HASH_MAX_BYTES];
	size_t hash_n = hash_len_bytes(hash), at = 0;

	if (hash_n == 0 || n_seed > 7)
		return false;
	for (size_t i = 0; i < n_seed; i++)
		part[1 + i] = seed[i];
	while (at < out_n) {
		size_t n = out_n - at < hash_n ? out_n - at : hash_n;
		uint8_t next[HASH_MAX_BYTES];

		if (!hash_hmac(hash, key, part, 1 + n_seed, next))
			return false;
		memcpy(k, next, hash_n);
		part[0] = span_of(k, hash_n);
		memcpy(out + at, k, n);
		at += n;
		secret_wipe_bytes(next, sizeof(next));
	}
	secret_wipe_bytes(k, sizeof(k));
	return true;
}

bool
v1_keys_ipsec(const struct qm_sa *qm, uint32_t spi, struct secret *cipher_key,
    struct secret *integrity_key)
{
	const struct qm_proposal *p = &qm->choice.proposal;
	const struct mm_keys *mk = &qm->mm->keys;
	size_t cipher_n = cipher_keymat_len_bytes(p->cipher);
	size_t auth_n = hash_len_bytes(p->integrity);
	uint8_t head[5] = { p->transform == QM_AH ? 2 : 3, (uint8_t)(spi >> 24),
		(uint8_t)(spi >> 16), (uint8_t)(spi >> 8), (uint8_t)spi };
	uint8_t k[CIPHER_MAX_KEYMAT_BYTES + HASH_MAX_BYTES] = { 0 };
	struct span seed[4] = {
		qm->z != NULL ? secret_span(qm->z) : SPAN_NONE,
		SPAN_ARRAY(head),
		nonce_body(&qm->ni),
		nonce_body(&qm->nr),
	};
	bool ok;

	ok = v1_keymat(qm->mm->chosen.integrity, span_of(mk->d, mk->hash_n), seed, 4, k,
		 cipher_n + auth_n) &&
	     secret_set(cipher_key, span_of(k, cipher_n)) &&
	     secret_set(integrity_key, span_of(k + cipher_n, auth_n));
	secret_wipe_bytes(k, sizeof(k));
	return ok;
}
