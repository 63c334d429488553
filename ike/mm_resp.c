/* Main mode, responder: M1 in, M2 out (MS-AIPS 3.3; spec authip.md 4.3, 5.3, 7.2). */
#include <stdlib.h>
#include <string.h>

#include "ike/declined.h"
#include "ike/nat.h"
#include "ike/policy_pool.h"
#include "ike/v1.h"

#define SEC_E_INVALID_TOKEN 0x80090308u

/* Levels of leaving things out until M2 is not larger than M1 (hostile row H81). */
#define M2_LEVELS 6
#define M2_SHORT_NONCE_BYTES 16

struct m1 {
	struct pld_auth offered; /* methods of M1 */
	struct pld_auth auth; /* those that are acceptable, in its order */
	const struct policy *policy;
	struct mm_proposal chosen;
	enum dh_group group;
	struct span ke;
	bool needs_dh;	 /* a method that is agreed does */
	bool token_fits; /* the first method offered is agreed */
	bool has_token;
	struct pld_gss gss;
};

static enum ike_err
m1_read_auth(const struct message *m, struct m1 *m1)
{
	enum ike_err err =
	    pld_auth_decode(message_find(m, PAYLOAD_AUTH, 0)->body, &m1->offered);

	if (err != IKE_OK)
		return err;
	gss_methods_cut(
	    &m1->offered, m1->policy->mm_auth, m1->policy->n_mm_auth, &m1->auth);
	for (size_t i = 0; i < m1->auth.n; i++)
		m1->needs_dh =
		    m1->needs_dh || proposal_method_needs_dh(m1->auth.method[i]);
	m1->token_fits = m1->auth.n > 0 && m1->auth.method[0] == m1->offered.method[0];
	return m1->auth.n > 0 ? IKE_OK : IKE_ERR_NO_AUTH_METHOD;
}

/* A token in M1 is of the first method (A47): of no use if that is not agreed. */
static enum ike_err
m1_read_gss(const struct message *m, struct m1 *m1)
{
	const struct payload *p = message_find(m, PAYLOAD_GSS, 0);
	enum ike_err err;

	if (p == NULL || m1->auth.method[0] == AUTH_ANONYMOUS || !m1->token_fits)
		return IKE_OK;
	if ((err = pld_gss_decode(p->body, &m1->gss)) != IKE_OK)
		return err;
	m1->has_token = m1->gss.status == 0 && m1->gss.token.n > 0;
	return IKE_OK;
}

static bool
m1_vendor_group(const struct message *m, uint32_t *group)
{
	const struct payload *p;

	for (size_t i = 0; (p = message_find(m, PAYLOAD_VID, i)) != NULL; i++)
		if (pld_vendor_decode(p->body, group) == VENDOR_DH_GROUP)
			return true;
	return false;
}

static enum ike_err
m1_read(struct engine *e, struct m1 *m1)
{
	const struct message *m = &e->in;
	const struct payload *ke = message_find(m, PAYLOAD_KE, 0);
	uint32_t vendor_group = 0;
	bool has_vendor;
	enum ike_err err;

	err = pld_sa_decode(message_find(m, PAYLOAD_SA, 0)->body, false, &e->sa_in);
	if (err != IKE_OK)
		return err;
	err = pld_nonce_check(message_find(m, PAYLOAD_NONCE, 0)->body);
	if (err != IKE_OK)
		return err;
	m1->policy = e->p.host.mm_policy(e->p.host.ctx, e->in_local, e->in_remote);
	if (m1->policy == NULL || m1->policy->keying == KEYING_IKEV1)
		return IKE_ERR_NO_MM_POLICY;
	if ((err = m1_read_auth(m, m1)) != IKE_OK ||
	    (err = m1_read_gss(m, m1)) != IKE_OK)
		return err;
	if (e->p.dialect.mm_dh_with_gss == MM_DH_WITH_GSS_ALWAYS)
		m1->needs_dh = true;
	if (ke == NULL && m1->needs_dh)
		return IKE_ERR_KE; /* MS-AIPS 1.7 */
	if (ke != NULL) {
		has_vendor = m1_vendor_group(m, &vendor_group);
		m1->group = proposal_mm_ke_group(
		    &e->sa_in, has_vendor, vendor_group, ke->body.n);
		m1->ke = ke->body;
	}
	return proposal_mm_select(
	    m1->policy, &e->sa_in, m1->needs_dh, m1->group, &m1->chosen, &e->sa_out);
}

static void
m2_write_nonce(struct engine *e, size_t n)
{
	uint8_t nonce[256];

	e->p.host.random(e->p.host.ctx, nonce, n);
	build_payload(e->out, PAYLOAD_NONCE);
	writer_bytes(&e->out->w, span_of(nonce, n));
	build_end(e->out);
}

static enum hash_id
m2_natd_hash(struct engine *e, const struct mm_sa *mm)
{
	const struct payload *p = message_find(&e->in, PAYLOAD_NATD, 0);

	/* Same length as received, else the negotiated hash (A50). */
	if (p != NULL && p->body.n == 20)
		return HASH_SHA1;
	return p != NULL && p->body.n == 32 ? HASH_SHA256 : mm->chosen.integrity;
}

static bool
m2_build(struct engine *e, struct mm_sa *mm, const struct m1 *m1,
    const struct pld_gss *token, int level, struct span *out)
{
	size_t nonce_n = mm->dialect->nonce_len;

	if (level >= 1 && nonce_n > M2_SHORT_NONCE_BYTES)
		nonce_n = M2_SHORT_NONCE_BYTES;
	exchange_begin(
	    e, mm, EXCHANGE_MM, 0, seq_answer(e->in.seq, mm->dialect), false);
	build_payload(e->out, PAYLOAD_SA);
	pld_sa_encode(&e->out->w, &e->sa_out, false);
	build_end(e->out);
	build_payload(e->out, PAYLOAD_AUTH);
	pld_auth_encode(&e->out->w, &m1->auth);
	build_end(e->out);
	m2_write_nonce(e, nonce_n);
	m2_write_nonce(e, nonce_n);
	mm_write_vendors(e, mm, false, level);
	if (level < 2)
		nat_write_natd(e, mm, m2_natd_hash(e, mm));
	if (token != NULL) {
		build_payload(e->out, PAYLOAD_GSS);
		pld_gss_encode(&e->out->w, token);
		build_end(e->out);
	}
	/* Unconditional when M1 had no GSS payload (MS-AIPS 3.3.5.1, A43), if it fits. */
	if (level < 5) {
		build_payload(e->out, PAYLOAD_GSS_ID);
		pld_gss_id_encode(&e->out->w, e->p.gss_id);
		build_end(e->out);
	}
	if (mm->dh != NULL) {
		build_payload(e->out, PAYLOAD_KE);
		writer_bytes(&e->out->w, dh_public(mm->dh));
		build_end(e->out);
	}
	return exchange_finish(e, mm, out);
}

/* DH of both sides; false: the peer's value was refused. */
static bool
m2_make_dh(struct engine *e, struct mm_sa *mm, struct span ke)
{
	uint8_t random[DH_PRIVATE_MAX_BYTES];

	if (mm->group == DH_NONE)
		return true;
	e->p.host.random(e->p.host.ctx, random, dh_private_len_bytes(mm->group));
	mm->dh = dh_new(mm->group, span_of(random, dh_private_len_bytes(mm->group)));
	secret_wipe_bytes(random, sizeof(random));
	mm->z = calloc(1, sizeof(*mm->z));
	return mm->dh != NULL && mm->z != NULL &&
	       dh_shared(mm->dh, ke, true, mm->z);
}

/* What M1 agreed on, and the Diffie-Hellman value of our side. */
static enum ike_err
m2_begin(struct engine *e, struct mm_sa *mm, const struct m1 *m1)
{
	mm->policy_of.policy = m1->policy;
	if (!policy_hold(e, &mm->policy_of))
		return IKE_ERR_NO_MEMORY;
	mm->policy = mm->policy_of.policy;
	mm->chosen = m1->chosen;
	mm->group = m1->group;
	mm->gss.methods = m1->auth;
	mm->gss.method = m1->auth.method[0];
	/* A cookie that M1 showed becomes CKY-R: peers may expect that. */
	memcpy(mm->rcookie, e->in.h.rcookie, COOKIE_BYTES);
	mm->by_cookie = memcmp(mm->rcookie, "\0\0\0\0\0\0\0", COOKIE_BYTES) != 0;
	while (memcmp(mm->rcookie, "\0\0\0\0\0\0\0", COOKIE_BYTES) == 0)
		e->p.host.random(e->p.host.ctx, mm->rcookie, COOKIE_BYTES);
	if (!m2_make_dh(e, mm, m1->ke))
		return IKE_ERR_DH;
	mm_read_vendors(mm, &e->in);
	nat_read_natd(mm, &e->in);
	habit_of_m1(e, mm);
	mm->state = MM_RESP_FIRST_DONE;
	answered_begin(e, &mm->answered);
	mm_progress(e, mm);
	return IKE_OK;
}

/* The whole of what fits: an unproven peer gets no more bytes than it sent. */
static enum ike_err
m2_build_fitting(struct engine *e, struct mm_sa *mm, const struct m1 *m1,
    const struct pld_gss *token, struct span *m2)
{
	for (int level = 0; level < M2_LEVELS; level++) {
		if (!m2_build(e, mm, m1, token, level, m2))
			return IKE_ERR_CRYPTO;
		if (m2->n <= e->datagram.n)
			return IKE_OK;
	}
	return IKE_ERR_AMPLIFICATION;
}

/* token: the answer to that of M1, or NULL. */
static enum ike_err
m2_answer(struct engine *e, struct mm_sa *mm, const struct m1 *m1,
    const struct pld_gss *token)
{
	struct span m2, chain;
	enum ike_err err = m2_build_fitting(e, mm, m1, token, &m2);

	if (err == IKE_ERR_AMPLIFICATION && token != NULL) {
		/* The peer begins anew, when it has shown that it is where it says. */
		gss_forget(e, mm);
		mm->gss.state = GSS_WANTED;
		mm->gss.dialogues = 0;
		err = m2_build_fitting(e, mm, m1, NULL, &m2);
	}
	if (err != IKE_OK)
		return err;
	chain = build_chain(e->out);
	if (!blob_set(&mm->ni, message_find(&e->in, PAYLOAD_NONCE, 0)->whole) ||
	    !blob_set(&mm->nr, chain_find(chain, e->out->first, PAYLOAD_NONCE, 0)) ||
	    !blob_set(&mm->nr_qm, chain_find(chain, e->out->first, PAYLOAD_NONCE, 1)) ||
	    !chain_add(mm, &mm->gss, e->in.raw, e->in.chain) ||
	    !chain_add(mm, &mm->gss, m2, chain))
		return IKE_ERR_CRYPTO;
	dh_free(mm->dh);
	mm->dh = NULL;
	if (!gss_has_tokens(mm) && !mm_resp_keys(mm))
		return IKE_ERR_CRYPTO;
	answered_reply(e, &mm->answered, mm, m2);
	mm_progress(e, mm);
	return IKE_OK;
}

/* M1 came with a token: what auth says to it goes into M2. */
static enum ike_err
m1_ask_auth(struct engine *e, struct mm_sa *mm, const struct m1 *m1)
{
	struct gss *g = &mm->gss;

	if (!blob_set(&mm->m1, e->in.raw))
		return IKE_ERR_NO_MEMORY;
	g->dialogues = 1;
	g->state = GSS_RUNS;
	mm->gss.peer_is_user = (m1->gss.flags & GSS_FLAG_IMPERSONATION) != 0;
	gss_ask_auth(e, mm, AUTH_START, m1->gss.token);
	return IKE_OK;
}

static enum ike_err
m1_act(struct engine *e, struct mm_sa *mm, const struct m1 *m1)
{
	enum ike_err err = m2_begin(e, mm, m1);

	if (err != IKE_OK)
		return err;
	if (m1->has_token)
		return m1_ask_auth(e, mm, m1);
	mm->gss.state = GSS_WANTED;
	return m2_answer(e, mm, m1, NULL);
}

/* One line for the operator; the peer gets a STATUS in clear, smaller than its request. */
static void
m1_refuse(struct engine *e, struct mm_sa *mm, enum ike_err err, const struct policy *p)
{
	char buf[512], detail[384];
	struct text t, d;

	text_init(&d, detail, sizeof(detail));
	if (err == IKE_ERR_NO_PROPOSAL || err == IKE_ERR_GROUP) {
		char list[160];
		struct text l;

		text_str(&d, "offered ");
		text_init(&l, list, sizeof(list));
		proposal_mm_text(&l, &e->sa_in);
		text_str(&d, list);
		text_str(&d, "; accepted here: ");
		text_init(&l, list, sizeof(list));
		proposal_mm_policy_text(&l, p);
		text_str(&d, list);
	}
	text_init(&t, buf, sizeof(buf));
	event_failure_text(&t, mm, "first message of main mode", err, detail);
	event_mm(e, EVENT_NEGOTIATION_FAILED, mm, err, buf);
	if (e->p.dialect.send_clear_status == SEND_CLEAR_STATUS_ON &&
	    ike_err_win32(err) != 0)
		notify_clear_status(e, &mm->local, &mm->remote, &e->in.h, e->datagram.n,
		    ike_err_win32(err));
}

enum ike_err
mm_check_limits(struct engine *e)
{
	uint32_t n_mm, n_negotiating;

	sadb_count_peer(e, &e->in_remote->addr, &n_mm, &n_negotiating);
	if (n_mm > e->p.max_mm_per_peer)
		return IKE_ERR_PEER_MM_LIMIT;
	if (n_negotiating > e->p.max_negotiations_per_peer)
		return IKE_ERR_PEER_NEGOTIATION_LIMIT;
	return e->n_mm >= e->p.max_mm_total ? IKE_ERR_TOTAL_LIMIT : IKE_OK;
}

void
mm_resp_m1(struct engine *e)
{
	struct m1 m1 = { .policy = NULL, .group = DH_NONE };
	struct mm_sa *mm;
	enum ike_err err;
	uint8_t type;

	if ((err = mm_check_limits(e)) == IKE_OK)
		err = rules_check(&e->in, MSG_M1, &type);
	if (err != IKE_OK) {
		event_drop(e, NULL, err);
		return;
	}
	v1_coexist_authip_seen(e);
	/* Made before the checks (MS-AIPS 3.1.4.2), freed again on every failure. */
	mm = sadb_mm_new(e, false, e->in_local, e->in_remote, e->in.h.icookie);
	if (mm == NULL) {
		event_drop(e, NULL, IKE_ERR_NO_MEMORY);
		return;
	}
	err = m1_read(e, &m1);
	declined_methods(e, mm, &m1.offered, &m1.auth);
	if (err == IKE_OK)
		err = m1_act(e, mm, &m1);
	if (err == IKE_OK)
		return;
	m1_refuse(e, mm, err, m1.policy);
	sadb_mm_free(e, mm);
}

/* M1 once more, as it came; it was good then, and is now. */
static bool
m1_read_again(struct engine *e, const struct mm_sa *mm, struct m1 *m1)
{
	e->datagram = blob_span(&mm->m1);
	e->in_local = &mm->local;
	e->in_remote = &mm->remote;
	return message_parse(e->datagram, true, &e->in) == IKE_OK &&
	       m1_read(e, m1) == IKE_OK;
}

void
mm_resp_token(struct engine *e, struct mm_sa *mm, const struct engine_auth_reply *r)
{
	struct pld_gss token = { .token = r->token };
	struct m1 m1 = { .policy = NULL, .group = DH_NONE };
	enum ike_err err = IKE_ERR_STATE;

	mm->gss.state = r->status == AUTH_DONE ? GSS_DONE : GSS_RUNS;
	if (r->status == AUTH_DONE)
		token.flags = GSS_FLAG_COMPLETE;
	if (r->status == AUTH_FAILED) {
		gss_resp_log(e, mm, r);
		mm->gss.state = GSS_WANTED;
		token.status = r->gss_status != 0 ? r->gss_status : SEC_E_INVALID_TOKEN;
		token.flags = r->retry_possible ? GSS_FLAG_RETRY : 0;
	}
	if (m1_read_again(e, mm, &m1))
		err = m2_answer(e, mm, &m1, &token);
	e->in_local = e->in_remote = NULL;
	blob_free(&mm->m1);
	if (err != IKE_OK)
		mm_fail(e, mm, "first message of main mode", err, NULL, false, true);
}

bool
mm_resp_keys(struct mm_sa *mm)
{
	struct gss *g = &mm->gss;
	bool anonymous = false;

	if (mm->initiator || mm->state != MM_RESP_FIRST_DONE || mm->m1.n > 0)
		return false;
	for (size_t i = 0; i < g->methods.n; i++)
		anonymous = anonymous || g->methods.method[i] == AUTH_ANONYMOUS;
	if (g->state == GSS_DONE)
		return keys_derive_mm(mm);
	if (!anonymous)
		return false;
	g->method = AUTH_ANONYMOUS;
	return keys_derive_mm(mm);
}
