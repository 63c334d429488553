/* IKEv1 main mode and the auth role: who asks what, when (struct action_auth). */
#include <string.h>

#include "ike/nat.h"
#include "ike/v1.h"

#define PARTS_MAX_BYTES 60000

static const char auth_step_words[] = "authentication of main mode";

void
v1_auth_ask(struct engine *e, struct mm_sa *mm, enum auth_step step, struct span parts)
{
	gss_ask_auth(e, mm, step, parts);
}

static bool
ask_with(struct engine *e, struct mm_sa *mm, enum auth_step step,
    enum auth_part_kind kind, struct span data)
{
	struct writer w;

	writer_init(&w, e->plain, MESSAGE_MAX_BYTES);
	auth_part_write(&w, kind, data);
	if (!writer_ok(&w))
		return false;
	v1_auth_ask(e, mm, step, span_of(e->plain, w.n));
	return true;
}

static bool
ask_psk(struct engine *e, struct mm_sa *mm)
{
	uint8_t nonces[2 * 256];
	size_t ni_n = mm->ni.n - 4, nr_n = mm->nr.n - 4;

	if (ni_n > 256 || nr_n > 256)
		return false;
	memcpy(nonces, mm->ni.p + 4, ni_n);
	memcpy(nonces + ni_n, mm->nr.p + 4, nr_n);
	return ask_with(
	    e, mm, AUTH_START, AUTH_PART_NONCES, span_of(nonces, ni_n + nr_n));
}

bool
v1_auth_start(struct engine *e, struct mm_sa *mm)
{
	struct v1_mm *v = mm->v1;

	if (mm->gss.method == AUTH_V1_PSK)
		return v1_own_id(mm) && ask_psk(e, mm);
	mm->keys.hash_n = hash_len_bytes(mm->chosen.integrity);
	if (!v1_keys_skeyid(mm) || !v1_keys_derive(mm))
		return false;
	if (v1_is_signed(mm)) {
		if (mm->initiator && v->wanted.n == 0)
			v1_auth_sign(e, mm); /* as it was told before message 3 */
		else
			v1_auth_ask(e, mm, mm->initiator ? AUTH_STEP : AUTH_START,
			    blob_span(&v->wanted));
		return true;
	}
	return v1_own_id(mm) &&
	       ask_with(e, mm, mm->initiator ? AUTH_STEP : AUTH_START, AUTH_PART_GSS,
		   blob_span(mm->initiator ? &v->token_r : &v->token_i));
}

void
v1_auth_sign(struct engine *e, struct mm_sa *mm)
{
	uint8_t hash[HASH_MAX_BYTES];
	struct span h = span_of(hash, mm->keys.hash_n);

	if (!v1_keys_auth_hash(mm, mm->initiator, blob_span(&mm->v1->own_id), hash)) {
		mm_fail(e, mm, auth_step_words, IKE_ERR_CRYPTO, NULL, false, true);
		return;
	}
	if (mm->gss.method != AUTH_V1_PSK) {
		mm->v1->asked_sign = true;
		(void)ask_with(e, mm, AUTH_STEP, AUTH_PART_HASH, h);
	} else if (mm->initiator) {
		v1_init_send_id(e, mm, h);
	} else {
		v1_resp_send_id(e, mm, h);
	}
}

static bool
write_verification(struct engine *e, const struct mm_sa *mm, struct span hash,
    struct span id, struct writer *w)
{
	const struct payload *p;

	auth_part_write(w, AUTH_PART_HASH, hash);
	auth_part_write(w, AUTH_PART_SIGNATURE, v1_proof(e, mm));
	auth_part_write(w, AUTH_PART_ID, id);
	for (size_t i = 0; (p = message_find(&e->in, PAYLOAD_CERT, i)) != NULL; i++)
		auth_part_write(w, AUTH_PART_CERT, p->body);
	return writer_ok(w);
}

/* IKE_OK: right (a pre-shared key), or auth has been asked. */
enum ike_err
v1_auth_verify(struct engine *e, struct mm_sa *mm)
{
	const struct payload *id = message_find(&e->in, PAYLOAD_ID, 0);
	struct span proof = v1_proof(e, mm), h;
	uint8_t hash[HASH_MAX_BYTES];
	struct writer w;
	enum ike_err err;

	if (proof.n == 0)
		return IKE_ERR_HASH;
	if ((err = v1_id_check(id->body)) != IKE_OK)
		return err;
	if (!v1_keys_auth_hash(mm, !mm->initiator, id->body, hash))
		return IKE_ERR_CRYPTO;
	h = span_of(hash, mm->keys.hash_n);
	if (mm->gss.method == AUTH_V1_PSK) {
		if (proof.n != h.n || !secret_equal(proof.p, hash, h.n))
			return IKE_ERR_AUTH_HASH;
		return v1_id_has_key(mm, id->body) ? IKE_OK : IKE_ERR_PEER_ID;
	}
	/* e->plain holds the message: the builder's other buffer is free now. */
	writer_init(&w, e->out->sealed, PARTS_MAX_BYTES);
	if (!write_verification(e, mm, h, id->body, &w))
		return IKE_ERR_PAYLOAD_LENGTH;
	v1_auth_ask(e, mm, AUTH_STEP, span_of(e->out->sealed, w.n));
	return IKE_OK;
}

/*
 * What decrypts came from the peer: a wrong proof ends it, and what we say of that begins with
 * its last block. Other messages are dropped, and the good one may still come.
 */
void
v1_auth_refuse(
    struct engine *e, struct mm_sa *mm, enum ike_err err, const struct v1_iv *next)
{
	char buf[256];
	struct text t;

	if (err == IKE_ERR_AUTH_HASH || err == IKE_ERR_PEER_ID)
		mm->v1->iv = *next;
	if (err == IKE_ERR_AUTH_HASH) {
		mm_fail(e, mm, auth_step_words, err, NULL, true, true);
	} else if (err == IKE_ERR_PEER_ID) {
		text_init(&t, buf, sizeof(buf));
		text_str(&t, "it calls itself ");
		v1_id_text(&t, message_find(&e->in, PAYLOAD_ID, 0)->body);
		text_str(&t, ": have it use its address, or write this as peer_id of "
			     "the psk");
		mm_fail(e, mm, auth_step_words, err, buf, true, true);
	} else {
		event_drop(e, mm, err);
	}
}

/* ---- answers ---- */

static bool
take_psk(struct mm_sa *mm, struct span token)
{
	const struct secret *s = mm->gss.secret != NULL ? &mm->gss.secret->own : NULL;

	mm->keys.hash_n = hash_len_bytes(mm->chosen.integrity);
	if (s == NULL || s->n != mm->keys.hash_n || !blob_set(&mm->v1->parts, token))
		return false;
	memcpy(mm->v1->skeyid, s->b, s->n);
	return v1_keys_derive(mm);
}

/* Own ID, certificates, authorities. */
static bool
take_identity(struct mm_sa *mm, const struct auth_part_list *list, struct span token)
{
	struct span id = auth_part_data(list, AUTH_PART_ID);

	return v1_id_check(id) == IKE_OK && blob_set(&mm->v1->own_id, id) &&
	       blob_set(&mm->v1->parts, token);
}

/* What auth said before the key exchange is complete; false: it makes no sense. */
static bool
take_preparation(struct mm_sa *mm, const struct auth_part_list *list, struct span token)
{
	struct v1_mm *v = mm->v1;
	struct span gss = auth_part_data(list, AUTH_PART_GSS);

	if (mm->gss.method == AUTH_V1_PSK)
		return take_psk(mm, token);
	if (v1_is_signed(mm))
		return take_identity(mm, list, token);
	if (v->step == V1_INIT_AUTHENTICATES)
		return true;
	return gss.n > 0 && blob_set(mm->initiator ? &v->token_i : &v->token_r, gss);
}

static void
reply_init(struct engine *e, struct mm_sa *mm, const struct auth_part_list *list,
    struct span token)
{
	struct span signature = auth_part_data(list, AUTH_PART_SIGNATURE);
	struct v1_mm *v = mm->v1;

	if (v->step == V1_INIT_AUTHENTICATES && v->asked_sign && signature.n > 0) {
		v1_init_send_id(e, mm, signature);
		return;
	}
	if (v->asked_sign || !take_preparation(mm, list, token)) {
		mm_fail(e, mm, auth_step_words, IKE_ERR_CRYPTO, NULL, true, true);
		return;
	}
	if (v->step == V1_INIT_ASKS_AUTH)
		v1_init_send_ke(e, mm);
	else
		v1_auth_sign(e, mm);
}

static void
reply_resp(struct engine *e, struct mm_sa *mm, const struct auth_part_list *list,
    struct span token)
{
	struct span signature = auth_part_data(list, AUTH_PART_SIGNATURE);
	struct v1_mm *v = mm->v1;

	if (v->step == V1_RESP_VERIFIES) {
		nat_follow_to(e, mm, &v->m5_local, &v->m5_remote);
		v->step = V1_RESP_SIGNS;
		v1_auth_sign(e, mm);
	} else if (v->step == V1_RESP_SIGNS && signature.n > 0) {
		v1_resp_send_id(e, mm, signature);
	} else if (v->step == V1_RESP_AUTHENTICATES &&
		   take_preparation(mm, list, token)) {
		v1_resp_send_ke(e, mm);
	} else {
		mm_fail(e, mm, auth_step_words, IKE_ERR_CRYPTO, NULL, true, true);
	}
}

void
v1_auth_reply(struct engine *e, struct mm_sa *mm, const struct engine_auth_reply *r)
{
	struct auth_part_list list;

	if (r->status == AUTH_FAILED) {
		mm_fail(e, mm, auth_step_words,
		    r->wrong_target ? IKE_ERR_TARGET_NAME : IKE_ERR_AUTH_FAILED,
		    r->text, true, true);
		return;
	}
	if (!auth_parts_read(r->token, &list)) {
		mm_fail(e, mm, auth_step_words, IKE_ERR_CRYPTO, NULL, true, true);
		return;
	}
	if (mm->v1->step == V1_INIT_VERIFIES && r->status == AUTH_DONE)
		v1_established(e, mm);
	else if (mm->initiator)
		reply_init(e, mm, &list, r->token);
	else
		reply_resp(e, mm, &list, r->token);
}
