/* Main mode, initiator: the peer wants a cookie in M1 (MS-IKEE 3.9; A75). */
#include <string.h>

#include "ike/state.h"

#define M1_CHAIN_AT (ISAKMP_HEADER_BYTES + 8) /* behind the Crypto payload */

/* Sets CKY-R of the stored M1 and hashes it anew; in IKEv1 no hash is over a header. */
static bool
mm_put_cookie(struct mm_sa *mm, const uint8_t *cookie)
{
	struct blob *m1 = &mm->request.bytes;

	if (m1->n < M1_CHAIN_AT)
		return false;
	memcpy(m1->p + COOKIE_BYTES, cookie, COOKIE_BYTES);
	if (mm->v1 != NULL)
		return true;
	chain_clear(&mm->gss.chain);
	chain_log_clear(&mm->log);
	return chain_add(mm, &mm->gss, blob_span(m1),
	    span_of(m1->p + M1_CHAIN_AT, m1->n - M1_CHAIN_AT));
}

/*
 * Not authenticated. Each transmission of M1 gets one answer, which has no retransmissions
 * of its own: a liar gains one datagram for each of his.
 */
void
mm_init_resend_cookie(struct engine *e, struct mm_sa *mm, const uint8_t *cookie)
{
	if (mm->cookie_n_sent == mm->request.n_sent || !mm_put_cookie(mm, cookie)) {
		event_drop(e, mm, IKE_ERR_STATE);
		return;
	}
	mm->cookie_n_sent = mm->request.n_sent;
	action_send_to(e, mm, blob_span(&mm->request.bytes));
	event_mm(e, EVENT_RETRANSMIT, mm, IKE_OK, "the peer wants a cookie: sent it");
}

void
mm_init_cookie(struct engine *e, struct mm_sa *mm)
{
	struct pld_notify n;
	const struct payload *p = message_find(&e->in, PAYLOAD_NOTIFY, 0);

	if (e->in.n_payload != 1 || p == NULL ||
	    pld_notify_decode(p->body, &n) != IKE_OK ||
	    (n.type != NOTIFY_DOS_COOKIE && n.type != NOTIFY_DOS_COOKIE_IKEV1) ||
	    n.data.n != COOKIE_BYTES ||
	    memcmp(n.data.p, "\0\0\0\0\0\0\0", COOKIE_BYTES) == 0) {
		event_drop(e, mm, IKE_ERR_CRYPTO_PAYLOAD);
		return;
	}
	mm_init_resend_cookie(e, mm, n.data.p);
}

/* Nobody answered the cookie twice: it may be a lie, or too old. Ask without. */
void
mm_init_before_resend(struct mm_sa *mm)
{
	static const uint8_t none[COOKIE_BYTES];

	if (mm->state == MM_FIRST_SENT && mm->cookie_n_sent != 0 &&
	    mm->request.n_sent >= mm->cookie_n_sent + 2)
		(void)mm_put_cookie(mm, none);
}
