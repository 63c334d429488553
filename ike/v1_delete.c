/* Delete payloads of IKEv1, under the hash of their exchange (RFC 2408 3.15, MS-IKEE 3.8). */
#include "ike/v1.h"

#define DELETE_NONCE_BYTES 32
#define PROTO_ISAKMP 1

/* By the SPI that the peer receives with: a pair of this peer, whatever carries it now. */
static void
delete_pair(struct engine *e, struct mm_sa *mm, uint8_t protocol, uint32_t spi)
{
	struct qm_sa *qm;

	for (qm = sadb_qm_first(e, &mm->remote.addr); qm != NULL;
	     qm = LIST_NEXT(qm, peer_link))
		if (qm->is_v1 && qm->negotiated && qm->spi_out == spi &&
		    v1_qm_protocol(qm) == protocol &&
		    address_equal(&qm->selector.remote.addr, &mm->remote.addr) &&
		    (qm->mm == mm || qm->mm == NULL || v1_same_peer(qm->mm, mm)))
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

/* Windows wants its Delete confirmed, under HASH(2) (spec authip.md 6.6). */
static void
confirm_delete(struct engine *e, struct mm_sa *mm)
{
	const struct payload *ni = message_find(&e->in, PAYLOAD_NONCE, 0);
	const struct payload *del = message_find(&e->in, PAYLOAD_DELETE, 0);
	uint32_t id = e->in.h.message_id;
	uint8_t nr[DELETE_NONCE_BYTES];
	struct span wire;
	struct v1_iv iv;

	if (ni == NULL || del == NULL || pld_nonce_check(ni->body) != IKE_OK)
		return;
	e->p.host.random(e->p.host.ctx, nr, sizeof(nr));
	v1_begin(e, mm, EXCHANGE_INFO, id);
	v1_hash_begin(e, mm);
	v1_write(e, PAYLOAD_NONCE, SPAN_ARRAY(nr));
	v1_write(e, PAYLOAD_DELETE, del->body);
	answered_begin(e, &mm->notify_answered);
	if (v1_keys_iv(mm, id, &iv) && v1_hash_finish(e, mm, id, ni->body, &iv, &wire))
		answered_reply(e, &mm->notify_answered, mm, wire);
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

	confirm_delete(e, mm);
	for (size_t i = 0; (p = message_find(&e->in, PAYLOAD_DELETE, i)) != NULL; i++)
		if (!act_delete(e, mm, p->body, &main))
			event_drop(e, mm, IKE_ERR_NOTIFY);
	if (main)
		end_main(e, mm);
	else
		mm_end_if_drained(e, mm);
}
