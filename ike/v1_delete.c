/* Delete payloads of IKEv1, under the hash of their exchange (RFC 2408 3.15, MS-IKEE 3.8). */
#include <stdlib.h>
#include <string.h>

#include "ike/v1.h"

#define PROTO_ISAKMP 1
#define DELETES_MAX 64 /* that wait for their confirmation; others are sent once */

/* MS-IKEE 7, note 24: of ours, and of those of the peer. */
#define DELETE_FIRST_MS 1000
#define DELETE_LONGEST_MS 16000
#define DELETE_MAX_RESEND 6

/* ---- ours ---- */

static void
write_delete(struct engine *e, uint8_t protocol, struct span spi)
{
	struct writer *w = &e->out->w;

	build_payload(e->out, PAYLOAD_DELETE);
	writer_u32(w, 1);
	writer_u8(w, protocol);
	writer_u8(w, (uint8_t)spi.n);
	writer_u16(w, 1);
	writer_bytes(w, spi);
	build_end(e->out);
}

static void
delete_free(struct engine *e, struct mm_sa *mm, struct v1_delete *d)
{
	request_done(e, &d->request);
	timer_release(&e->timers, 1);
	LIST_REMOVE(d, next);
	mm->v1->n_delete--;
	free(d);
}

/* Confirmed, or nobody answers. The last one takes a main mode that ends with it. */
static void
delete_settled(struct engine *e, void *owner)
{
	struct v1_delete *d = owner;
	struct mm_sa *mm = d->request.mm;

	delete_free(e, mm, d);
	if (mm->v1->delete_waits && mm->v1->n_delete == 0) {
		mm->v1->delete_waits = false;
		v1_delete_tell(e, mm, NULL);
	}
	if (mm->state == MM_DYING && mm->v1->n_delete == 0)
		sadb_mm_free(e, mm);
}

/* NULL: it is sent once, as everybody but Windows expects it. */
static struct v1_delete *
delete_new(struct engine *e, struct mm_sa *mm)
{
	struct v1_delete *d;

	if ((mm->vendor_seen & 1u << VENDOR_MS_NT5) == 0 ||
	    mm->v1->n_delete >= DELETES_MAX || (d = calloc(1, sizeof(*d))) == NULL)
		return NULL;
	if (!timer_reserve(&e->timers, 1)) {
		free(d);
		return NULL;
	}
	e->p.host.random(e->p.host.ctx, d->ni, sizeof(d->ni));
	d->request.mm = mm;
	LIST_INSERT_HEAD(&mm->v1->deletes, d, next);
	mm->v1->n_delete++;
	return d;
}

/* Behind a Delete of the main mode the peer may not know it any more. */
static bool
delete_has_to_wait(struct engine *e, struct mm_sa *mm, const struct qm_sa *qm)
{
	if (qm == NULL && mm->v1->n_delete > 0 && !e->shutting_down)
		mm->v1->delete_waits = true;
	return qm == NULL && mm->v1->delete_waits;
}

static void
delete_send(struct engine *e, struct mm_sa *mm, const struct qm_sa *qm)
{
	/* At shutdown the peer is not waited for long (MS-IKEE 7, note 25). */
	uint32_t max = e->shutting_down ? 1 : DELETE_MAX_RESEND;
	struct v1_delete *d = delete_new(e, mm);
	uint32_t id = v1_info_begin(e, mm);
	uint8_t b[2 * COOKIE_BYTES];
	struct span wire;

	if (d != NULL) {
		d->message_id = id;
		v1_write(e, PAYLOAD_NONCE, SPAN_ARRAY(d->ni));
	}
	if (qm != NULL)
		write_delete(e, v1_qm_protocol(qm), v1_info_spi(qm->spi_in, b));
	else
		write_delete(e, PROTO_ISAKMP, v1_info_cookies(mm, b));
	if (!v1_info_finish(e, mm, id, &wire)) {
		e->error_count[IKE_ERR_CRYPTO]++;
		if (d != NULL)
			delete_free(e, mm, d);
	} else if (d == NULL) {
		action_send_to(e, mm, wire);
	} else {
		request_send(e, &d->request, mm, wire, max, delete_settled, d);
		request_pace(e, &d->request, DELETE_FIRST_MS, DELETE_LONGEST_MS);
	}
}

/*
 * strongSwan looks for a pair in one main mode alone. Where there are two, because both sides
 * renewed at once, it need not be the one that we think. Windows has one list of pairs.
 */
static void
delete_send_beside(struct engine *e, const struct mm_sa *mm, const struct qm_sa *qm)
{
	struct mm_sa *other;

	for (other = sadb_mm_first(e, &mm->remote.addr); other != NULL;
	     other = LIST_NEXT(other, peer_link))
		if (other != mm && other->state == MM_ESTABLISHED &&
		    (other->vendor_seen & 1u << VENDOR_MS_NT5) == 0 && v1_same_peer(other, mm))
			delete_send(e, other, qm);
}

void
v1_delete_tell(struct engine *e, struct mm_sa *mm, const struct qm_sa *qm)
{
	if (!delete_has_to_wait(e, mm, qm))
		delete_send(e, mm, qm);
	if (qm != NULL)
		delete_send_beside(e, mm, qm);
}

struct v1_delete *
v1_delete_find(const struct mm_sa *mm, uint32_t message_id)
{
	struct v1_delete *d;

	LIST_FOREACH (d, &mm->v1->deletes, next)
		if (d->message_id == message_id)
			return d;
	return NULL;
}

/* MS-IKEE 3.8.5.1 has Ni_b in front; RFC 2409 5.5, which it extends, the message ID. */
void
v1_delete_confirmed(struct engine *e, struct mm_sa *mm, struct v1_delete *d)
{
	struct span ni = SPAN_ARRAY(d->ni);

	if (message_find(&e->in, PAYLOAD_NONCE, 0) == NULL ||
	    message_find(&e->in, PAYLOAD_DELETE, 0) == NULL)
		event_drop(e, mm, IKE_ERR_PAYLOAD_MISSING);
	else if (!v1_check_hash_delete(e, mm, ni) && !v1_qm_check_hash(e, mm, ni))
		event_drop(e, mm, IKE_ERR_HASH);
	else
		delete_settled(e, d);
}

bool
v1_delete_is_pending(const struct mm_sa *mm)
{
	return mm->v1 != NULL && mm->v1->n_delete > 0;
}

void
v1_delete_forget(struct engine *e, struct mm_sa *mm)
{
	while (!LIST_EMPTY(&mm->v1->deletes))
		delete_free(e, mm, LIST_FIRST(&mm->v1->deletes));
}

/* ---- those of the peer ---- */

/* One that outlived its main mode is of who proved its name. */
static bool
is_of_peer(const struct qm_sa *qm, const struct mm_sa *mm)
{
	if (qm->mm == NULL)
		return strcmp(blob_text(&qm->peer_name), gss_peer_name(mm)) == 0;
	return qm->mm == mm || v1_same_peer(qm->mm, mm);
}

/*
 * By the SPI that the peer receives with: a pair of this peer, whatever carries it now. Each
 * is found at once, because one Delete may name thousands.
 */
static void
delete_pair(struct engine *e, struct mm_sa *mm, uint8_t protocol, uint32_t spi)
{
	struct qm_sa *qm;

	for (qm = sadb_qm_first_named(e, protocol, spi); qm != NULL;
	     qm = LIST_NEXT(qm, spi_link))
		if (qm->negotiated && qm->spi_out == spi &&
		    v1_qm_protocol(qm) == protocol &&
		    address_equal(&qm->selector.remote.addr, &mm->remote.addr) &&
		    is_of_peer(qm, mm))
			break;
	if (qm != NULL)
		qm_delete(e, qm, IKE_ERR_PEER_DELETED, false);
}

/* False: malformed. *main: the main mode itself is meant. */
static bool
act_delete(struct engine *e, struct mm_sa *mm, struct span body, bool *main)
{
	struct cursor c;
	uint32_t doi;
	uint8_t protocol, spi_n;
	uint16_t n;

	cursor_init(&c, body);
	doi = cursor_u32(&c);
	protocol = cursor_u8(&c);
	spi_n = cursor_u8(&c);
	n = cursor_u16(&c);
	if (!cursor_ok(&c) || doi != 1 || c.left != (size_t)spi_n * n ||
	    spi_n != (protocol == PROTO_ISAKMP ? 2 * COOKIE_BYTES : 4))
		return false;
	for (uint16_t i = 0; i < n; i++) {
		struct span spi = cursor_take(&c, spi_n);

		if (protocol == PROTO_ISAKMP)
			*main = *main || v1_info_is_ours(mm, spi);
		else
			delete_pair(e, mm, protocol, span_u32(spi));
	}
	return true;
}

static bool
wants_confirmation(const struct message *m)
{
	const struct payload *ni = message_find(m, PAYLOAD_NONCE, 0);

	return ni != NULL && message_find(m, PAYLOAD_DELETE, 0) != NULL &&
	       pld_nonce_check(ni->body) == IKE_OK;
}

/* Windows wants its Delete confirmed, under HASH(2) (spec authip.md 6.6). */
static void
send_confirmation(struct engine *e, struct mm_sa *mm)
{
	const struct payload *ni = message_find(&e->in, PAYLOAD_NONCE, 0);
	const struct payload *del = message_find(&e->in, PAYLOAD_DELETE, 0);
	uint32_t id = e->in.h.message_id;
	uint8_t nr[V1_DELETE_NONCE_BYTES];
	struct span wire;
	struct v1_iv iv;

	e->p.host.random(e->p.host.ctx, nr, sizeof(nr));
	v1_begin(e, mm, EXCHANGE_INFO, id);
	v1_hash_begin(e, mm);
	v1_write(e, PAYLOAD_NONCE, SPAN_ARRAY(nr));
	v1_write(e, PAYLOAD_DELETE, del->body);
	answered_begin(e, &mm->notify_answered);
	if (v1_keys_iv(mm, id, &iv) &&
	    v1_hash_finish_delete(e, mm, id, ni->body, &iv, &wire))
		answered_reply(e, &mm->notify_answered, mm, wire);
}

bool
v1_delete_confirm(struct engine *e, struct mm_sa *mm)
{
	struct v1_mm *v = mm->v1;

	if (!wants_confirmation(&e->in))
		return false;
	v->confirmed[v->n_confirmed++ % V1_CONFIRMED_MAX] =
	    (struct v1_confirmed){ .message_id = e->in.h.message_id };
	send_confirmation(e, mm);
	return true;
}

static struct v1_confirmed *
find_confirmed(struct v1_mm *v, uint32_t message_id)
{
	for (uint32_t i = 0; i < V1_CONFIRMED_MAX && i < v->n_confirmed; i++)
		if (v->confirmed[i].message_id == message_id)
			return &v->confirmed[i];
	return NULL;
}

/* Each as often as it is repeated: a copy of one uses up nothing of the others. */
void
v1_delete_again(struct engine *e, struct mm_sa *mm)
{
	struct v1_confirmed *c = find_confirmed(mm->v1, e->in.h.message_id);

	if (c == NULL || c->n_again >= DELETE_MAX_RESEND) {
		event_drop(e, mm, IKE_ERR_REPLAY);
		return;
	}
	c->n_again++;
	send_confirmation(e, mm);
}

static void
end_main(struct engine *e, struct mm_sa *mm)
{
	struct qm_sa *qm, *next;

	event_mm(e, EVENT_MM_DELETED, mm, IKE_ERR_PEER_DELETED,
	    "main mode deleted by the peer");
	for (qm = LIST_FIRST(&mm->quick_modes); qm != NULL; qm = next) {
		next = LIST_NEXT(qm, mm_link);
		if (!qm_is_usable(qm))
			qm_fail(e, qm, "quick mode", IKE_ERR_PEER_DELETED, NULL, false);
	}
	sadb_mm_free(e, mm); /* its pairs stay (MS-IKEE 7, note 26) */
}

void
v1_delete_input(struct engine *e, struct mm_sa *mm)
{
	const struct payload *p;
	bool main = false;

	(void)v1_delete_confirm(e, mm);
	for (size_t i = 0; (p = message_find(&e->in, PAYLOAD_DELETE, i)) != NULL; i++)
		if (!act_delete(e, mm, p->body, &main))
			event_drop(e, mm, IKE_ERR_NOTIFY);
	if (main)
		end_main(e, mm);
	else
		mm_end_if_drained(e, mm);
}
