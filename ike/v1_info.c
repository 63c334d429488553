/*
 * IKEv1 informational exchange: Delete, notifies, dead peer detection (RFC 2408 4.8, RFC
 * 3706, MS-IKEE 3.8). What is not under HASH(1) is a hint for people and nothing else.
 */
#include <string.h>

#include "ike/nat.h"
#include "ike/v1.h"

enum {
	PROTO_ISAKMP = 1,
	PROTO_AH = 2,
	PROTO_ESP = 3,
};

#define NOTIFY_LAST_ERROR 16383
#define ERROR_IKE_GENERAL 0x35ec

/* ---- sending ---- */

void
v1_write_notify(struct engine *e, uint8_t protocol, uint16_t type, struct span spi,
    struct span data)
{
	struct writer *w = &e->out->w;

	build_payload(e->out, PAYLOAD_NOTIFY);
	writer_u32(w, 1);
	writer_u8(w, protocol);
	writer_u8(w, (uint8_t)spi.n);
	writer_u16(w, type);
	writer_bytes(w, spi);
	writer_bytes(w, data);
	build_end(e->out);
}

struct span
v1_info_cookies(const struct mm_sa *mm, uint8_t *b)
{
	memcpy(b, mm->icookie, COOKIE_BYTES);
	memcpy(b + COOKIE_BYTES, mm->rcookie, COOKIE_BYTES);
	return span_of(b, 2 * COOKIE_BYTES);
}

struct span
v1_info_spi(uint32_t spi, uint8_t *b)
{
	b[0] = (uint8_t)(spi >> 24);
	b[1] = (uint8_t)(spi >> 16);
	b[2] = (uint8_t)(spi >> 8);
	b[3] = (uint8_t)spi;
	return span_of(b, 4);
}

uint32_t
v1_info_begin(struct engine *e, struct mm_sa *mm)
{
	uint32_t id = v1_id_make(e, mm);

	v1_begin(e, mm, EXCHANGE_INFO, id);
	v1_hash_begin(e, mm);
	return id;
}

bool
v1_info_finish(
    struct engine *e, const struct mm_sa *mm, uint32_t id, struct span *wire)
{
	struct v1_iv iv;

	return v1_keys_iv(mm, id, &iv) &&
	       v1_hash_finish(e, mm, id, SPAN_NONE, &iv, wire);
}

static void
info_send(struct engine *e, struct mm_sa *mm, uint32_t id)
{
	struct span wire;

	if (v1_info_finish(e, mm, id, &wire))
		action_send_to(e, mm, wire);
	else
		e->error_count[IKE_ERR_CRYPTO]++;
}

void
v1_info_notify(struct engine *e, struct mm_sa *mm, uint16_t type, struct span data)
{
	uint8_t b[2 * COOKIE_BYTES];
	uint32_t id = v1_info_begin(e, mm);

	v1_write_notify(e, PROTO_ISAKMP, type, v1_info_cookies(mm, b), data);
	info_send(e, mm, id);
}

uint8_t
v1_qm_protocol(const struct qm_sa *qm)
{
	return qm->choice.proposal.transform == QM_AH ? PROTO_AH : PROTO_ESP;
}

/* Peers of Windows' kind look for the message ID in front of the SPI (MS-IKEE 2.2.6). */
struct span
v1_info_names(const struct qm_sa *qm, uint32_t spi, uint8_t *b)
{
	bool windows = (qm->mm->vendor_seen & 1u << VENDOR_MS_NT5) != 0;

	(void)v1_info_spi(qm->message_id, b);
	(void)v1_info_spi(spi, b + 4);
	return windows ? span_of(b, 8) : span_of(b + 4, 4);
}

static void
info_qm_failed(
    struct engine *e, struct mm_sa *mm, const struct qm_sa *qm, uint16_t type)
{
	uint32_t id = v1_info_begin(e, mm);
	uint8_t b[8];

	v1_write_notify(e, v1_qm_protocol(qm), type,
	    v1_info_names(qm, qm->initiator ? qm->spi_in : qm->spi_out, b), SPAN_NONE);
	info_send(e, mm, id);
}

static uint16_t
notify_of(uint32_t code)
{
	if (code == ike_err_win32(IKE_ERR_ID_MISMATCH) ||
	    code == ike_err_win32(IKE_ERR_NO_QM_POLICY))
		return NOTIFY_INVALID_ID;
	if (code == ike_err_win32(IKE_ERR_AUTH_HASH) ||
	    code == ike_err_win32(IKE_ERR_AUTH_FAILED))
		return NOTIFY_AUTHENTICATION_FAILED;
	return NOTIFY_NO_PROPOSAL_CHOSEN;
}

void
v1_info_status(struct engine *e, struct mm_sa *mm, uint16_t type, uint8_t protocol,
    uint32_t message_id, uint32_t code)
{
	const struct qm_sa *qm;

	if (!mm->keys.ready)
		return;
	if (protocol == NOTIFY_PROTO_QM) {
		qm = sadb_qm_by_message_id(mm, message_id);
		if (qm != NULL && qm->negotiated)
			v1_delete_tell(e, mm, qm);
		else if (qm != NULL)
			info_qm_failed(
			    e, mm, qm, type == NOTIFY_STATUS ? notify_of(code) : type);
		return;
	}
	if (mm->state != MM_ESTABLISHED) {
		v1_info_notify(e, mm, notify_of(code), SPAN_NONE);
		return;
	}
	v1_delete_tell(e, mm, NULL);
}

bool
v1_dpd_build(struct engine *e, struct mm_sa *mm, uint32_t seq, struct span *wire)
{
	uint8_t b[2 * COOKIE_BYTES], number[4];
	uint32_t id = v1_info_begin(e, mm);

	v1_write_notify(
	    e, PROTO_ISAKMP, NOTIFY_R_U_THERE, v1_info_cookies(mm, b), v1_info_spi(seq, number));
	return v1_info_finish(e, mm, id, wire);
}

/* Smaller than what it answers, and once for each message (H35, H81). */
void
v1_info_clear(struct engine *e, const struct mm_sa *mm, uint16_t type)
{
	uint32_t id;
	struct span wire;

	if (mm->dialect->send_clear_status != SEND_CLEAR_STATUS_ON)
		return;
	e->p.host.random(e->p.host.ctx, (uint8_t *)&id, sizeof(id));
	v1_begin(e, mm, EXCHANGE_INFO, id);
	v1_write_notify(e, PROTO_ISAKMP, type, SPAN_NONE, SPAN_NONE);
	if (v1_finish(e, &wire) && (e->datagram.n >= wire.n || mm->initiator))
		action_send_to(e, mm, wire);
}

/* ---- receiving ---- */

struct notify {
	uint8_t protocol;
	uint16_t type;
	struct span spi;
	struct span data;
};

static bool
read_notify(struct span body, struct notify *n)
{
	struct pld_notify p;

	/* ISAKMP has the length of the SPI where AuthIP has its flags. */
	if (pld_notify_decode(body, &p) != IKE_OK || p.data.n < p.flags)
		return false;
	*n = (struct notify){ p.protocol, p.type, span_of(p.data.p, p.flags),
		span_of(p.data.p + p.flags, p.data.n - p.flags) };
	return true;
}

/* X(type, Win32 code for programs) */
#define ERROR_CODES(X)                        \
	X(NOTIFY_NO_PROPOSAL_CHOSEN, 0x362c)  \
	X(NOTIFY_INVALID_ID, 0x362d)          \
	X(NOTIFY_AUTHENTICATION_FAILED, 0x35e9)

/* Of a status of Windows, the number that it ends with; 0: it has none. */
static uint32_t
notify_code(const struct notify *n)
{
	switch (n->type) {
#define X(type, code)        \
	case type:           \
		return code;
		ERROR_CODES(X)
#undef X
	case NOTIFY_STATUS_IKEV1:
		return n->data.n < 4 ? 0 :
				       span_u32(span_of(n->data.p + n->data.n - 4, 4));
	default:
		return ERROR_IKE_GENERAL;
	}
}

static void
notify_text(struct text *t, const struct notify *n)
{
	const char *name =
	    n->type == NOTIFY_STATUS_IKEV1 ? ike_win32_name(notify_code(n)) : NULL;

	text_str(t, ike_notify_name(n->type));
	text_str(t, " (");
	text_u32(t, n->type);
	text_str(t, ")");
	if (n->type != NOTIFY_STATUS_IKEV1)
		return;
	text_str(t, ": ");
	text_str(t, name != NULL ? name : "code");
	text_str(t, " (");
	text_u32(t, notify_code(n));
	text_str(t, ")");
}

/* Is this one of its numbers? Cookies are not looked into. */
static bool
notify_names(const struct notify *n, uint32_t number)
{
	struct span part[2] = { n->spi, n->data };

	if (n->type != NOTIFY_STATUS_IKEV1)
		part[1] = SPAN_NONE;
	else if (n->data.n >= 4)
		part[1].n -= 4; /* the code */
	for (size_t i = 0; i < 2 && n->spi.n <= 8; i++)
		for (size_t at = 0; at + 4 <= part[i].n; at += 4)
			if (span_u32(span_of(part[i].p + at, 4)) == number)
				return true;
	return false;
}

/*
 * Which quick mode of ours failed there: by message ID or by SPI, which stand in either order
 * (MS-IKEE 2.2.6), or the only one.
 */
static struct qm_sa *
find_failed(struct mm_sa *mm, const struct notify *n)
{
	struct qm_sa *qm, *only = NULL;
	size_t count = 0;

	LIST_FOREACH (qm, &mm->quick_modes, mm_link)
		if (notify_names(n, qm->message_id))
			return qm_is_usable(qm) ? NULL : qm;
	LIST_FOREACH (qm, &mm->quick_modes, mm_link) {
		if (qm->state != QM_INIT_FIRST_SENT)
			continue;
		if (notify_names(n, qm->spi_in))
			return qm;
		only = qm;
		count++;
	}
	return count == 1 && n->type != NOTIFY_STATUS_IKEV1 ? only : NULL;
}

/* Of the main mode itself; a status is, if it names no quick mode. */
static bool
is_about_main_mode(const struct mm_sa *mm, const struct notify *n, const struct qm_sa *qm)
{
	return mm->state != MM_ESTABLISHED || n->type == NOTIFY_AUTHENTICATION_FAILED ||
	       (n->type == NOTIFY_STATUS_IKEV1 && qm == NULL && n->data.n == 4 &&
		   n->spi.n % (2 * COOKIE_BYTES) == 0);
}

/* False: mm is gone. */
static bool
act_error(struct engine *e, struct mm_sa *mm, const struct notify *n)
{
	struct qm_sa *qm = find_failed(mm, n);
	char buf[128];
	struct text t;

	text_init(&t, buf, sizeof(buf));
	notify_text(&t, n);
	mm->peer_code = notify_code(n);
	if (is_about_main_mode(mm, n, qm)) { /* its pairs, if it has any, stay */
		mm_fail(e, mm, "authentication of main mode", IKE_ERR_PEER_STATUS, buf,
		    false, mm->state != MM_ESTABLISHED);
		return false;
	}
	event_mm(e, EVENT_PEER_STATUS, mm, IKE_ERR_PEER_STATUS, buf);
	if (qm != NULL)
		qm_fail(e, qm, "quick mode", IKE_ERR_PEER_STATUS, buf, false);
	return true;
}

bool
v1_info_is_ours(const struct mm_sa *mm, struct span spi)
{
	uint8_t b[2 * COOKIE_BYTES];

	return spi.n == sizeof(b) && memcmp(v1_info_cookies(mm, b).p, spi.p, sizeof(b)) == 0;
}

/* R-U-THERE: its number only grows (RFC 3706 5.6); the answer carries it back. */
static void
act_r_u_there(struct engine *e, struct mm_sa *mm, const struct notify *n)
{
	struct v1_mm *v = mm->v1;
	uint8_t b[2 * COOKIE_BYTES];
	struct span wire;
	uint32_t id, seq;

	if (n->data.n != 4 || !v1_info_is_ours(mm, n->spi)) {
		event_drop(e, mm, IKE_ERR_NOTIFY);
		return;
	}
	seq = span_u32(n->data);
	if (v->dpd_peer_any && seq <= v->dpd_peer_seq) {
		event_drop(e, mm, IKE_ERR_REPLAY);
		return;
	}
	v->dpd_peer_any = true;
	v->dpd_peer_seq = seq;
	id = v1_info_begin(e, mm);
	v1_write_notify(e, PROTO_ISAKMP, NOTIFY_R_U_THERE_ACK, v1_info_cookies(mm, b), n->data);
	answered_begin(e, &mm->notify_answered);
	if (v1_info_finish(e, mm, id, &wire))
		answered_reply(e, &mm->notify_answered, mm, wire);
}

/* A status without its code says nothing. */
static bool
is_error(const struct notify *n)
{
	return n->type <= NOTIFY_LAST_ERROR ||
	       (n->type == NOTIFY_STATUS_IKEV1 && n->data.n >= 4);
}

static bool
act_notify(struct engine *e, struct mm_sa *mm, const struct notify *n)
{
	if (is_error(n))
		return act_error(e, mm, n);
	if (mm->state != MM_ESTABLISHED)
		return true;
	if (n->type == NOTIFY_R_U_THERE)
		act_r_u_there(e, mm, n);
	else if (n->type == NOTIFY_R_U_THERE_ACK &&
		 (n->data.n != 4 || span_u32(n->data) != mm->v1->dpd_seq))
		event_drop(e, mm, IKE_ERR_NOTIFY);
	else if (n->type == NOTIFY_INITIAL_CONTACT)
		v1_rekey_forget(e, mm);
	return true; /* unknown types are for others */
}

void
v1_info_input(struct engine *e, struct mm_sa *mm)
{
	const struct payload *p;
	struct notify n;

	for (size_t i = 0; (p = message_find(&e->in, PAYLOAD_NOTIFY, i)) != NULL; i++) {
		if (!read_notify(p->body, &n))
			event_drop(e, mm, IKE_ERR_NOTIFY);
		else if (!act_notify(e, mm, &n))
			return;
	}
	if (mm->state == MM_ESTABLISHED)
		v1_delete_input(e, mm);
}

/* Asked of our first message, and of nothing else (MS-IKEE 3.9.5.2). */
static bool
asks_cookie(const struct engine *e, const struct mm_sa *mm, const struct notify *n)
{
	return mm->v1->step == V1_INIT_SA_SENT && e->in.n_payload == 1 &&
	       n->type == NOTIFY_DOS_COOKIE_IKEV1 && n->data.n == COOKIE_BYTES &&
	       memcmp(n->data.p, "\0\0\0\0\0\0\0", COOKIE_BYTES) != 0;
}

/* Anybody could have sent it: noted, not obeyed (H17). */
void
v1_info_clear_input(struct engine *e, struct mm_sa *mm)
{
	const struct payload *p;
	char buf[200];
	struct text t;
	struct notify n;

	if (!exchange_rules(e, mm, MSG_V1_CLEAR_INFO))
		return;
	p = message_find(&e->in, PAYLOAD_NOTIFY, 0);
	if (!read_notify(p->body, &n) || mm->v1->step == V1_DONE || !mm->initiator) {
		event_drop(e, mm, IKE_ERR_NOT_ENCRYPTED);
		return;
	}
	if (asks_cookie(e, mm, &n)) {
		mm_init_resend_cookie(e, mm, n.data.p);
		return;
	}
	if (mm->dialect->clear_status == CLEAR_STATUS_IGNORE) {
		event_drop(e, mm, IKE_ERR_NOT_ENCRYPTED);
		return;
	}
	text_init(&t, buf, sizeof(buf));
	text_str(&t, "unauthenticated notify: noted, not obeyed: ");
	notify_text(&t, &n);
	event_mm(e, EVENT_PEER_STATUS, mm, IKE_ERR_PEER_STATUS, buf);
	if (is_error(&n))
		mm->peer_status = notify_code(&n);
	if (mm->dialect->clear_status != CLEAR_STATUS_FAIL_FAST || !is_error(&n))
		return;
	mm->peer_code = notify_code(&n);
	mm_fail(e, mm, "main mode", IKE_ERR_PEER_STATUS, buf, false, true);
}
