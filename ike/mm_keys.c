/* Key derivation from the state of a main mode: the inputs of keys.h and chain.h. */
#include <string.h>

#include "ike/tongue.h"
#include "ike/v1.h"

/* The form of the shared secret of a curve; both coordinates are kept (A7). */
static struct span
z_of(const struct mm_sa *mm)
{
	bool curve = mm->group == DH_ECP256 || mm->group == DH_ECP384;
	struct span z = mm->z != NULL ? secret_span(mm->z) : SPAN_NONE;

	if (curve && mm->dialect->ecdh_form == ECDH_FORM_X)
		z.n /= 2;
	return z;
}

static struct keys_input
keys_input_of(const struct mm_sa *mm)
{
	return (struct keys_input){
		.cipher = mm->chosen.cipher,
		.hash = mm->chosen.integrity,
		.icookie = mm->icookie,
		.rcookie = mm->rcookie,
		.z = z_of(mm),
		.ni = blob_span(&mm->ni),
		.nr = blob_span(&mm->nr),
	};
}

/* The secret of a round in the reading of the dialect; empty: it has none. */
static struct span
secret_of(const struct mm_sa *mm, const struct gss *g)
{
	uint32_t form = g->method == AUTH_TLS ? mm->dialect->gss_secret_tls :
						mm->dialect->gss_secret_krb;

	if (g->secret == NULL)
		return SPAN_NONE;
	if (form < AUTH_SECRET_FORMS && g->secret->form[form].n > 0)
		return secret_span(&g->secret->form[form]);
	return secret_span(&g->secret->own);
}

/* Auth1 and Auth2 by the log, if there is one: in whatever reading. */
static bool
auth12_of(const struct mm_sa *mm, const struct key *skeyid, struct key *auth1, struct key *auth2)
{
	const struct dialect *d = mm->dialect;
	enum hash_id hash = mm->chosen.integrity;
	struct chain first, other;
	struct key unused;

	if (!chain_log_replay(&mm->log, d, hash, true, &first) ||
	    !chain_log_replay(&mm->log, d, hash, false, &other))
		return chain_auth12(&mm->gss.chain, d, hash, skeyid, auth1, auth2);
	return chain_auth12(&first, d, hash, skeyid, auth1, &unused) &&
	    chain_auth12(&other, d, hash, skeyid, &unused, auth2);
}

static struct key
key_of(const uint8_t *p, size_t n)
{
	struct key k = { .n = (uint8_t)n };

	memcpy(k.b, p, n);
	return k;
}

bool
chain_add(struct mm_sa *mm, struct gss *g, struct span wire, struct span payloads)
{
	struct chain_unit unit = chain_unit_of(wire, payloads);

	if (g == &mm->gss && tongue_wants_log(mm))
		chain_log_add(&mm->log, &unit);
	return chain_step(
	    &g->chain, mm->dialect, mm->chosen.integrity, g == &mm->gss, &unit);
}

bool
keys_derive_mm(struct mm_sa *mm)
{
	const struct dialect *d = mm->dialect;
	struct keys_input in = keys_input_of(mm);
	struct mm_keys *k = &mm->keys;
	struct key auth1, auth2;
	struct main_keys main;
	bool ok;

	ok = keys_main(d, &in, secret_of(mm, &mm->gss), &main) &&
	     keys_cipher_key(in.cipher, &main.e, k->cipher_key) &&
	     auth12_of(mm, &main.skeyid, &auth1, &auth2);
	if (ok) {
		k->hash_n = main.skeyid.n;
		k->icv_n = keys_icv_len_bytes(
		    d, in.hash, d->vendor_version, mm->vendor_version);
		memcpy(k->d, main.d.b, k->hash_n);
		memcpy(k->a, main.a.b, k->hash_n);
		memcpy(k->auth1, auth1.b, k->hash_n);
		memcpy(k->auth2, auth2.b, k->hash_n);
		k->ready = true;
	}
	secret_wipe_bytes(&main, sizeof(main));
	return ok;
}

bool
keys_derive_em(struct mm_sa *mm)
{
	struct keys_input in = keys_input_of(mm);
	struct key em;

	if (!keys_skeyid(mm->dialect, &in, secret_of(mm, &mm->em), &em))
		return false;
	memcpy(mm->keys.em, em.b, em.n);
	mm->keys.has_em = true;
	secret_wipe_bytes(&em, sizeof(em));
	return true;
}

size_t
keys_auth34(const struct mm_sa *mm, bool auth4, uint8_t *out)
{
	const struct mm_keys *k = &mm->keys;
	struct key em = key_of(k->em, k->hash_n);
	struct key tail = key_of(auth4 ? k->auth2 : k->auth1, k->hash_n);
	size_t n = chain_auth34(
	    &mm->em.chain, mm->dialect, mm->chosen.integrity, &em, &tail, out);

	secret_wipe_bytes(&em, sizeof(em));
	return n;
}

bool
keys_derive_ipsec(const struct qm_sa *qm, uint32_t spi, struct secret *cipher_key,
    struct secret *integrity_key)
{
	const struct mm_sa *mm = qm->mm;
	const struct mm_keys *k = &mm->keys;
	struct keys_input in = keys_input_of(mm);
	struct key d = key_of(k->d, k->hash_n), em = key_of(k->em, k->hash_n);
	struct ipsec_input ipsec = {
		.message_id = qm->message_id,
		.spi = spi,
		.z = qm->z != NULL ? secret_span(qm->z) : SPAN_NONE,
		.ni = blob_span(&qm->ni),
		.nr = blob_span(&qm->nr),
		.skeyid_d = &d,
		.skeyid_em = k->has_em ? &em : NULL,
	};
	const struct qm_proposal *p = &qm->choice.proposal;
	bool ok;

	if (mm->v1 != NULL)
		return v1_keys_ipsec(qm, spi, cipher_key, integrity_key);
	ok = keys_ipsec(mm->dialect, &in, &ipsec, p->cipher, p->integrity, cipher_key,
	    integrity_key);

	secret_wipe_bytes(&d, sizeof(d));
	secret_wipe_bytes(&em, sizeof(em));
	return ok;
}
