/* Dispatch of IKEv1 messages: form, then hash, then what the state allows. */
#include <string.h>

#include "ike/nat.h"
#include "ike/v1.h"

bool
v1_id_is_new(const struct mm_sa *mm, uint32_t message_id)
{
	return message_id != 0 && !id_set_has(&mm->v1->seen, message_id) &&
	       !id_set_has(&mm->v1->own, message_id);
}

/*
 * For as long as the main mode lives: one that used up its IDs is renewed at half of them,
 * and ends with the last one. False: it is full; its pairs stay.
 */
static bool
id_remember(struct engine *e, struct mm_sa *mm, struct id_set *set, uint32_t message_id)
{
	if (id_set_add(set, message_id)) {
		if (set->n == ID_SET_MAX / 2)
			v1_rekey_now(e, mm);
		return true;
	}
	mm->expired = true;
	if (mm->state == MM_ESTABLISHED)
		timer_arm(&e->timers, &mm->lifetime, e->now_ms, mm->lifetime.fire, mm);
	return false;
}

uint32_t
v1_id_make(struct engine *e, struct mm_sa *mm)
{
	uint32_t id;

	do
		e->p.host.random(e->p.host.ctx, (uint8_t *)&id, sizeof(id));
	while (!v1_id_is_new(mm, id) || sadb_qm_by_message_id(mm, id) != NULL);
	(void)id_remember(e, mm, &mm->v1->own, id);
	return id;
}

/* False: counted. */
static bool
id_take(struct engine *e, struct mm_sa *mm)
{
	if (id_remember(e, mm, &mm->v1->seen, e->in.h.message_id))
		return true;
	event_drop(e, mm, IKE_ERR_REPLAY);
	return false;
}

/* Decrypts; false: dropped and counted. */
static bool
input_open(
    struct engine *e, struct mm_sa *mm, const struct v1_iv *iv, struct v1_iv *next)
{
	enum ike_err err =
	    v1_message_open(&e->in, mm, iv, e->plain, MESSAGE_MAX_BYTES, next);

	if (err == IKE_ERR_DECRYPT && e->in.h.exchange == EXCHANGE_IDENTITY)
		v1_garbled(e, mm);
	else if (err != IKE_OK)
		event_drop(e, mm, err);
	if (err == IKE_OK)
		v1_message_rename(&e->in, v1_natt_is_draft(mm));
	return err == IKE_OK;
}

static void
input_main(struct engine *e, struct mm_sa *mm)
{
	enum v1_step step = mm->v1->step;
	struct v1_iv next;

	if (e->in.h.message_id != 0) {
		event_drop(e, mm, IKE_ERR_MESSAGE_ID);
	} else if ((e->in.h.flags & ISAKMP_FLAG_ENCRYPTED) != 0) {
		if (step != V1_INIT_ID_SENT && step != V1_RESP_KE_SENT)
			event_drop(e, mm, IKE_ERR_STATE);
		else if (!input_open(e, mm, &mm->v1->iv, &next))
			return;
		else if (mm->initiator)
			v1_init_m6(e, mm, &next);
		else
			v1_resp_m5(e, mm, &next);
	} else if (step == V1_INIT_ID_SENT || step == V1_RESP_KE_SENT) {
		event_drop(e, mm, IKE_ERR_NOT_ENCRYPTED);
	} else if (step == V1_INIT_SA_SENT) {
		v1_init_m2(e, mm);
	} else if (step == V1_INIT_KE_SENT) {
		v1_init_m4(e, mm);
	} else if (step == V1_RESP_SA_SENT) {
		v1_resp_m3(e, mm);
	} else {
		event_drop(e, mm, IKE_ERR_STATE);
	}
}

/* May the peer have refused our message 5 or 6? To others it says nothing before that. */
static bool
info_may_refuse(const struct mm_sa *mm)
{
	return mm->v1->step == V1_INIT_ID_SENT ||
	       (mm->v1->step == V1_DONE && !mm->initiator && mm->v1->seen.n == 0);
}

/* By another reading of where its chain begins: opened and authentic, or nothing happened. */
static bool
info_opens_otherwise(struct engine *e, struct mm_sa *mm)
{
	struct v1_iv iv, next;

	for (size_t i = 0; i < V1_IV_READINGS && info_may_refuse(mm); i++)
		if (v1_keys_iv_reading(mm, e->in.h.message_id, i, &iv) &&
		    v1_message_open(&e->in, mm, &iv, e->plain, MESSAGE_MAX_BYTES, &next) ==
			IKE_OK &&
		    v1_qm_check_hash(e, mm, SPAN_NONE))
			return true;
	return false;
}

/*
 * Hash first: nothing of an informational exchange counts without it. A main mode that ends
 * waits for confirmations, and gives those that the peer waits for.
 */
static void
input_info(struct engine *e, struct mm_sa *mm)
{
	struct v1_delete *ours = v1_delete_find(mm, e->in.h.message_id);
	bool is_new = v1_id_is_new(mm, e->in.h.message_id);
	struct v1_iv iv, next;

	if ((e->in.h.flags & ISAKMP_FLAG_ENCRYPTED) == 0) {
		v1_info_clear_input(e, mm);
		return;
	}
	/* Ours, sent back: its hash is as good as that of the peer. */
	if (e->in.h.message_id == 0 ||
	    (ours == NULL && id_set_has(&mm->v1->own, e->in.h.message_id))) {
		event_drop(e, mm, IKE_ERR_REPLAY);
		return;
	}
	if (!v1_keys_iv(mm, e->in.h.message_id, &iv)) {
		event_drop(e, mm, IKE_ERR_NO_KEYS);
		return;
	}
	if (!info_opens_otherwise(e, mm) && !input_open(e, mm, &iv, &next))
		return;
	if (!exchange_rules(e, mm, MSG_V1_INFO))
		return;
	if (ours != NULL) {
		v1_delete_confirmed(e, mm, ours);
		return;
	}
	if (!v1_qm_check_hash(e, mm, SPAN_NONE)) {
		event_drop(e, mm, IKE_ERR_HASH);
		return;
	}
	if (!is_new) {
		v1_delete_again(e, mm);
		return;
	}
	/* Before it is proved it may have no memory of ours, and its IV is another one. */
	if (mm->keys.peer_proved && !id_take(e, mm))
		return;
	if (mm->state == MM_DYING) {
		if (!v1_delete_confirm(e, mm))
			event_drop(e, mm, IKE_ERR_STATE);
		return;
	}
	if (mm->state == MM_ESTABLISHED) {
		nat_follow(e, mm);
		v1_dpd_alive(e, mm);
	}
	v1_info_input(e, mm);
}

static void
input_new_quick(struct engine *e, struct mm_sa *mm)
{
	struct v1_iv iv, next;

	if (mm->state != MM_ESTABLISHED || e->shutting_down) {
		event_drop(e, mm, IKE_ERR_STATE);
		return;
	}
	if (!v1_id_is_new(mm, e->in.h.message_id)) {
		event_drop(e, mm, IKE_ERR_REPLAY);
		return;
	}
	if (!v1_keys_iv(mm, e->in.h.message_id, &iv) ||
	    !input_open(e, mm, &iv, &next) || !exchange_rules(e, mm, MSG_V1_Q1))
		return;
	if (!v1_qm_check_hash(e, mm, SPAN_NONE)) {
		event_drop(e, mm, IKE_ERR_HASH);
		return;
	}
	if (!dos_quick_mode(e, mm) || !id_take(e, mm))
		return;
	nat_follow(e, mm);
	v1_dpd_alive(e, mm);
	v1_qm_resp_q1(e, mm, &next);
}

static void
input_quick(struct engine *e, struct mm_sa *mm)
{
	struct qm_sa *qm = sadb_qm_by_message_id(mm, e->in.h.message_id);
	struct v1_iv iv, next;

	if ((e->in.h.flags & ISAKMP_FLAG_ENCRYPTED) == 0) {
		event_drop(e, mm, IKE_ERR_NOT_ENCRYPTED);
		return;
	}
	if (qm == NULL) {
		input_new_quick(e, mm);
		return;
	}
	/* Behind the third message may come CONNECTED, or what Windows adds: of no use. */
	if (qm->state != QM_INIT_FIRST_SENT && qm->state != QM_RESP_FIRST_DONE) {
		event_drop(e, mm, IKE_ERR_STATE);
		return;
	}
	memcpy(iv.b, qm->v1_iv, sizeof(iv.b));
	if (!input_open(e, mm, &iv, &next))
		return;
	if (qm->initiator)
		v1_qm_init_q2(e, qm, &next);
	else
		v1_qm_resp_q3(e, qm, &next);
}

static void
input_of_mm(struct engine *e, struct mm_sa *mm, const struct isakmp_header *h)
{
	enum ike_err err;

	/* A first message that showed a cookie, and comes again, is found here. */
	exchange_digest(e->datagram,
	    mm->by_cookie && mm->state == MM_RESP_FIRST_DONE &&
		(h->flags & ISAKMP_FLAG_ENCRYPTED) == 0,
	    e->digest);
	if (input_is_duplicate(e, mm))
		return;
	if ((err = v1_message_parse(h, e->datagram, &e->in)) != IKE_OK) {
		event_drop(e, mm, err);
		return;
	}
	v1_message_rename(&e->in, v1_natt_is_draft(mm));
	if (mm->state == MM_DYING &&
	    (h->exchange != EXCHANGE_INFO || (h->flags & ISAKMP_FLAG_ENCRYPTED) == 0))
		event_drop(e, mm, IKE_ERR_STATE);
	else if (h->exchange == EXCHANGE_IDENTITY)
		input_main(e, mm);
	else if (h->exchange == EXCHANGE_INFO)
		input_info(e, mm);
	else
		input_quick(e, mm);
}

/*
 * Windows shows a cookie when it is asked for one (MS-IKEE 3.9). It has no vendor ID for
 * that: all of its releases do, and no other implementation (MS-IKEE 7, note 2).
 */
static bool
knows_cookies(const struct message *m)
{
	const struct payload *p;
	uint32_t number;

	for (size_t i = 0; (p = message_find(m, PAYLOAD_VID, i)) != NULL; i++)
		if (pld_vendor_decode(p->body, &number) == VENDOR_MS_NT5)
			return true;
	return false;
}

static void
input_m1(struct engine *e, const struct isakmp_header *h)
{
	struct mm_sa *mm = sadb_mm_find_m1(e, h->icookie, e->in_remote);
	enum ike_err err;

	exchange_digest(e->datagram, true, e->digest);
	if (mm != NULL) {
		if (!input_is_duplicate(e, mm))
			event_drop(e, mm, IKE_ERR_STATE);
		return;
	}
	if (sadb_mm_is_own(e, h->icookie)) {
		event_drop(
		    e, NULL, IKE_ERR_STATE); /* our own first message, sent back */
		return;
	}
	if (e->shutting_down) {
		event_drop(e, NULL, IKE_ERR_SHUTDOWN);
		return;
	}
	err = v1_message_parse(h, e->datagram, &e->in);
	if (!dos_admit(e, h, err == IKE_OK && knows_cookies(&e->in)))
		return;
	if (err == IKE_OK && (h->flags & ISAKMP_FLAG_ENCRYPTED) != 0)
		err = IKE_ERR_ENCRYPTED;
	if (err == IKE_OK && memcmp(h->icookie, "\0\0\0\0\0\0\0", COOKIE_BYTES) == 0)
		err = IKE_ERR_COOKIE;
	if (err == IKE_OK && h->message_id != 0)
		err = IKE_ERR_MESSAGE_ID;
	if (err != IKE_OK)
		event_drop(e, NULL, err);
	else
		v1_resp_m1(e);
}

static void
input_fragment(struct engine *e, struct mm_sa *mm, const struct isakmp_header *h)
{
	struct isakmp_header inner;
	struct span whole;

	if (!reassembly_add(e, mm, h, &whole))
		return;
	/* Only what IKEv1 speaks, and never a fragment again. */
	if (isakmp_header_parse(whole, false, &inner) != IKE_ERR_IKEV1 ||
	    inner.exchange == EXCHANGE_AGGRESSIVE ||
	    inner.next_payload == PAYLOAD_FRAGMENT) {
		event_drop(e, mm, IKE_ERR_FRAGMENT_FORM);
		return;
	}
	e->datagram = whole;
	e->in_whole = true;
	input_of_mm(e, mm, &inner);
	e->in_whole = false;
}

/* Does it start a main mode? With a cookie it carries CKY-R. */
static bool
input_is_m1(const struct engine *e, const struct isakmp_header *h)
{
	static const uint8_t none[COOKIE_BYTES];

	if (h->exchange != EXCHANGE_IDENTITY)
		return false;
	return memcmp(h->rcookie, none, COOKIE_BYTES) == 0 ||
	       (h->message_id == 0 && h->next_payload == PAYLOAD_SA &&
		   (h->flags & ISAKMP_FLAG_ENCRYPTED) == 0 && dos_expects_cookies(e));
}

void
v1_input(struct engine *e, const struct isakmp_header *h)
{
	static const uint8_t none[COOKIE_BYTES];
	struct mm_sa *mm;

	mm = sadb_mm_find(e, h->icookie, h->rcookie, e->in_local, e->in_remote);
	if (mm == NULL && !v1_policy_allows(e->p.host.mm_policy(
			      e->p.host.ctx, e->in_local, e->in_remote)))
		event_drop(e, NULL, IKE_ERR_IKEV1);
	else if (h->exchange == EXCHANGE_AGGRESSIVE)
		event_drop(e, NULL, IKE_ERR_AGGRESSIVE);
	else if (mm == NULL && input_is_m1(e, h))
		input_m1(e, h);
	else if (mm == NULL || mm->v1 == NULL)
		event_drop(e, NULL, IKE_ERR_COOKIE);
	else if (memcmp(h->rcookie, none, COOKIE_BYTES) == 0 &&
		 h->exchange == EXCHANGE_IDENTITY)
		event_drop(e, mm, IKE_ERR_STATE);
	else if (h->next_payload == PAYLOAD_FRAGMENT)
		input_fragment(e, mm, h);
	else
		input_of_mm(e, mm, h);
}
