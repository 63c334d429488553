/* Every payload decoder on every payload of a message. */
#include "tests/fuzz/decode_all.h"

#include <string.h>

#include "ike/payload.h"
#include "ike/proposal.h"
#include "ike/rules.h"
#include "tests/fuzz/fuzz.h"

static const struct dialect dialect = DIALECT_DEFAULT;
static struct pld_sa sa, answer, again;

static void
decode_text(bool quick)
{
	char buf[160];
	struct text t;

	text_init(&t, buf, sizeof(buf));
	if (quick)
		proposal_qm_text(&t, &sa);
	else
		proposal_mm_text(&t, &sa);
	FUZZ_ASSERT(strlen(buf) < sizeof(buf));
}

/* What was chosen encodes, decodes again, and passes as an answer. */
static void
decode_answer(bool quick)
{
	static uint8_t buf[MESSAGE_MAX_BYTES];
	struct writer w;

	writer_init(&w, buf, sizeof(buf));
	pld_sa_encode(&w, &answer, quick);
	FUZZ_ASSERT(writer_ok(&w));
	FUZZ_ASSERT(pld_sa_decode(span_of(buf, w.n), quick, &again) == IKE_OK);
}

static void
decode_mm_sa(struct span body, const struct policy *p)
{
	static const enum dh_group groups[] = { DH_NONE, DH_MODP1024, DH_ECP256 };
	struct mm_proposal chosen;

	if (pld_sa_decode(body, false, &sa) != IKE_OK)
		return;
	decode_text(false);
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		(void)proposal_mm_ke_group(&sa, i != 0, (uint32_t)i, body.n);
		(void)proposal_mm_verify(p, &dialect, groups[i], &sa, &chosen);
		if (proposal_mm_select(p, &sa, true, groups[i], &chosen, &answer) != IKE_OK)
			continue;
		FUZZ_ASSERT(chosen.lifetime_s > 0);
		decode_answer(false);
		FUZZ_ASSERT(proposal_mm_verify(p, &dialect, groups[i], &again, &chosen) == IKE_OK);
	}
}

static void
decode_qm_sa(struct span body, const struct policy *p)
{
	struct qm_choice chosen;

	if (pld_sa_decode(body, true, &sa) != IKE_OK)
		return;
	decode_text(true);
	for (int ge = 0; ge < 2; ge++) {
		(void)proposal_qm_verify(p, ge, &sa, &chosen);
		if (proposal_qm_select(p, ge, &sa, 0x12345678, &chosen, &answer) != IKE_OK)
			continue;
		FUZZ_ASSERT(chosen.peer_spi > 255);
		FUZZ_ASSERT(chosen.proposal.integrity != HASH_NONE);
		FUZZ_ASSERT(!ge || chosen.proposal.cipher != CIPHER_NULL);
		decode_answer(true);
		FUZZ_ASSERT(proposal_qm_verify(p, ge, &again, &chosen) == IKE_OK);
		FUZZ_ASSERT(chosen.peer_spi == 0x12345678);
	}
}

void
decode_body(struct span body)
{
	static struct policy policy;
	struct pld_auth auth;
	struct pld_gss gss;
	struct pld_id id;
	struct pld_notify notify;
	struct endpoint end;
	uint32_t number;
	char name[256];

	if (policy.n_mm_proposal == 0)
		policy_set_default(&policy);
	decode_mm_sa(body, &policy);
	decode_qm_sa(body, &policy);
	if (pld_auth_decode(body, &auth) == IKE_OK)
		FUZZ_ASSERT(auth.n > 0 && auth.n <= PLD_MAX_AUTH);
	if (pld_gss_decode(body, &gss) == IKE_OK)
		FUZZ_ASSERT(gss.token.n == body.n - 5);
	if (pld_id_decode(body, &id) == IKE_OK && pld_id_to_endpoint(&id, &end))
		FUZZ_ASSERT(address_len_bytes(&end.addr) == id.data.n);
	if (pld_notify_decode(body, &notify) == IKE_OK)
		(void)pld_notify_u32(&notify, &number);
	if (pld_gss_id_decode(body, name, sizeof(name)) == IKE_OK)
		FUZZ_ASSERT(strlen(name) < sizeof(name));
	(void)pld_nonce_check(body);
	(void)pld_vendor_decode(body, &number);
}

void
decode_message(const struct message *m)
{
	uint8_t type;

	FUZZ_ASSERT(m->n_payload <= MESSAGE_MAX_PAYLOADS);
	for (size_t i = 0; i < m->n_payload; i++) {
		const struct payload *p = &m->payload[i];

		FUZZ_ASSERT(p->body.n + 4 == p->whole.n);
		FUZZ_ASSERT(message_find(m, (enum ike_payload_type)p->type, 0) != NULL);
		decode_body(p->body);
	}
	for (int id = 0; id < MSG_COUNT; id++)
		(void)rules_check(m, (enum ike_message_id)id, &type);
	if (m->n_payload > 0)
		(void)chain_find(m->chain, m->payload[0].type, PAYLOAD_NONCE, 1);
}
