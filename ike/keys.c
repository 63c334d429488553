/* Key derivation (MS-AIPS 3.1.7.4). */
#include "ike/keys.h"

#include <string.h>

#include "crypto/kdf.h"
#include "ike/cursor.h"

#define GPH_BYTES 4
#define ALGID_MAX_BYTES 4
#define INFO_MAX 12

/* What a nonce contributes: its body, or the payload with its generic header (A4). */
static struct span
keys_nonce(const struct dialect *d, struct span whole)
{
	if (d->kdf_nonce == KDF_NONCE_PAYLOAD || whole.n < GPH_BYTES)
		return whole;
	return span_of(whole.p + GPH_BYTES, whole.n - GPH_BYTES);
}

/* AlgorithmID = Crypto-ID of the main-mode cipher (A5). */
static struct span
keys_algid(const struct dialect *d, enum cipher_id cipher, uint8_t *out)
{
	uint16_t v = cipher_ike_number(cipher);
	struct writer w;

	writer_init(&w, out, ALGID_MAX_BYTES);
	switch (d->kdf_algid) {
	case KDF_ALGID_U16LE:
		writer_u8(&w, (uint8_t)v);
		writer_u8(&w, (uint8_t)(v >> 8));
		break;
	case KDF_ALGID_U32BE:
		writer_u32(&w, v);
		break;
	case KDF_ALGID_ATTR:
		writer_u16(&w, 0x8001); /* attribute 1, TV encoding */
		writer_u16(&w, v);
		break;
	case KDF_ALGID_U8:
		writer_u8(&w, (uint8_t)v);
		break;
	case KDF_ALGID_U16BE:
	default:
		writer_u16(&w, v);
		break;
	}
	return span_of(out, w.n);
}

/* A-KDF: algorithm and cookies in front of what the caller adds. */
static bool
keys_kdf(const struct dialect *d, const struct keys_input *in, struct span z,
    const struct span *more, size_t n_more, uint8_t *out, size_t out_len)
{
	struct span info[INFO_MAX];
	uint8_t algid[ALGID_MAX_BYTES];
	size_t n = 0;

	if (n_more > INFO_MAX - 3)
		return false;
	info[n++] = keys_algid(d, in->cipher, algid);
	info[n++] = span_of(in->icookie, 8);
	info[n++] = span_of(in->rcookie, 8);
	for (size_t i = 0; i < n_more; i++)
		info[n++] = more[i];
	return kdf_concat(in->hash,
	    d->kdf_ctr == KDF_CTR_Z_FIRST ? KDF_Z_FIRST : KDF_COUNTER_FIRST, z, info, n, out,
	    out_len);
}

bool
keys_skeyid(const struct dialect *d, const struct keys_input *in, struct span secret,
    struct key *out)
{
	struct span more[3] = { keys_nonce(d, in->ni), keys_nonce(d, in->nr), secret };

	out->n = (uint8_t)hash_len_bytes(in->hash);
	return out->n > 0 && keys_kdf(d, in, in->z, more, 3, out->b, out->n);
}

/* SKEYID_x = A-KDF(Z, NN | suffix | previous | SKEYID). */
static bool
keys_suffix(const struct dialect *d, const struct keys_input *in, uint8_t suffix,
    const struct key *previous, const struct key *skeyid, size_t len, struct key *out)
{
	struct span more[5] = { keys_nonce(d, in->ni), keys_nonce(d, in->nr),
		span_of(&suffix, 1), previous != NULL ? key_span(previous) : SPAN_NONE,
		key_span(skeyid) };

	out->n = (uint8_t)len;
	return len <= sizeof(out->b) && keys_kdf(d, in, in->z, more, 5, out->b, len);
}

bool
keys_main(const struct dialect *d, const struct keys_input *in, struct span secret,
    struct main_keys *out)
{
	size_t hash_n = hash_len_bytes(in->hash);
	size_t cipher_n = cipher_key_len_bytes(in->cipher);

	return keys_skeyid(d, in, secret, &out->skeyid) &&
	    keys_suffix(d, in, 0, NULL, &out->skeyid, hash_n, &out->d) &&
	    keys_suffix(d, in, 1, &out->d, &out->skeyid, hash_n, &out->a) &&
	    keys_suffix(d, in, 2, &out->a, &out->skeyid, hash_n > cipher_n ? hash_n : cipher_n,
		&out->e);
}

bool
keys_cipher_key(enum cipher_id cipher, const struct key *e, uint8_t *out)
{
	size_t n = cipher_key_len_bytes(cipher);

	if (n > e->n || n > CIPHER_MAX_KEY_BYTES)
		return false;
	memset(out, 0, CIPHER_MAX_KEY_BYTES);
	memcpy(out, e->b, n);
	return cipher_key_prepare(cipher, out);
}

/* RFC 4868 truncation; MD5 and SHA-1 use 96 bits everywhere. */
static size_t
icv_full_len_bytes(enum hash_id hash)
{
	return hash == HASH_SHA256 ? 16 : hash == HASH_SHA384 ? 24 : 12;
}

static bool
version_forces_12(uint32_t v)
{
	return v >= 5 && v <= 7;
}

size_t
keys_icv_len_bytes(const struct dialect *d, enum hash_id hash, uint32_t own_version,
    uint32_t peer_version)
{
	if (d->icv_len == ICV_LEN_12)
		return 12;
	if (d->icv_len == ICV_LEN_AUTO &&
	    (version_forces_12(own_version) || version_forces_12(peer_version)))
		return 12;
	return icv_full_len_bytes(hash);
}

bool
keys_ipsec(const struct dialect *d, const struct keys_input *mm,
    const struct ipsec_input *qm, enum cipher_id cipher, enum hash_id integrity,
    struct secret *cipher_key, struct secret *integrity_key)
{
	size_t keymat_n = cipher_keymat_len_bytes(cipher), auth_n = hash_len_bytes(integrity);
	size_t cipher_n =
	    d->gcm_salt == GCM_SALT_ZERO ? cipher_key_len_bytes(cipher) : keymat_n;
	uint8_t head[8], k[CIPHER_MAX_KEYMAT_BYTES + HASH_MAX_BYTES] = { 0 };
	bool cipher_first = d->ipsec_key_order == IPSEC_KEY_CIPHER_FIRST;
	struct span more[8];
	struct writer w;
	size_t n = 0;
	bool ok;

	writer_init(&w, head, sizeof(head));
	writer_u32(&w, qm->message_id);
	writer_u32(&w, qm->spi);
	more[n++] = SPAN_ARRAY(head);
	more[n++] = keys_nonce(d, qm->ni);
	more[n++] = keys_nonce(d, qm->nr);
	more[n++] = key_span(qm->skeyid_d);
	if (qm->skeyid_em != NULL) {
		more[n++] = keys_nonce(d, mm->ni);
		more[n++] = keys_nonce(d, mm->nr);
		more[n++] = key_span(qm->skeyid_em);
	}
	/* Where the salt is not derived, keymat_n takes in the zeros behind the key (A11). */
	ok = keys_kdf(d, mm, qm->z, more, n, k, cipher_n + auth_n) &&
	    secret_set(cipher_key, span_of(k + (cipher_first ? 0 : auth_n), keymat_n)) &&
	    secret_set(integrity_key, span_of(k + (cipher_first ? cipher_n : 0), auth_n));
	secret_wipe_bytes(k, sizeof(k));
	return ok;
}
