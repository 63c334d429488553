/* The policy model: Windows' default, and what every policy must satisfy. */
#include "config/policy.h"

#include <stddef.h>
#include <string.h>

#define GROUP_LIFETIME_S 7200	  /* main mode: 2 h */
#define PAIR_LIFETIME_S 3600	  /* quick mode: 1 h */
#define PAIR_LIFETIME_KB 57671680 /* 55 GB */

void
policy_set_default(struct policy *p)
{
	static const struct mm_proposal mm[] = {
		{ CIPHER_AES128, HASH_SHA1, DH_ECP256, GROUP_LIFETIME_S },
		{ CIPHER_3DES, HASH_SHA1, DH_MODP1024, GROUP_LIFETIME_S },
	};
	static const struct {
		enum qm_transform transform;
		enum cipher_id cipher;
	} qm[] = {
		{ QM_ESP_AUTH, CIPHER_NULL },
		{ QM_ESP_AUTH_CIPHER, CIPHER_AES128 },
		{ QM_ESP_AUTH_CIPHER, CIPHER_3DES },
		{ QM_AH, CIPHER_NULL },
	};

	memset(p, 0, sizeof(*p));
	memcpy(p->mm_proposal, mm, sizeof(mm));
	p->n_mm_proposal = sizeof(mm) / sizeof(mm[0]);
	p->mm_auth[p->n_mm_auth++] = (struct auth_entry){ AUTH_ANONYMOUS, true };
	for (size_t i = 0; i < sizeof(qm) / sizeof(qm[0]); i++)
		p->qm_proposal[p->n_qm_proposal++] = (struct qm_proposal){
			.transform = qm[i].transform,
			.integrity = HASH_SHA1,
			.cipher = qm[i].cipher,
			.pfs = DH_NONE,
			.lifetime_s = PAIR_LIFETIME_S,
			.lifetime_kb = PAIR_LIFETIME_KB,
		};
	p->nd = ND_BOUNDARY;
	p->nd_allow_clear_s = 10;
	p->nd_fallback_ms = 500;
	p->idle_s = 300;
	p->idle_failover_s = 60;
	p->em_auth[p->n_em_auth++] = (struct auth_entry){ AUTH_TLS, true };
	/* Configured as on Windows; offered once there is a keytab. */
	p->em_auth[p->n_em_auth++] = (struct auth_entry){ AUTH_KERBEROS, false };
	p->em_auth[p->n_em_auth++] = (struct auth_entry){ AUTH_TLS, true };
}

void
policy_offer_kerberos(struct policy *p)
{
	for (uint32_t i = 0; i < p->n_em_auth; i++)
		if (p->em_auth[i].method == AUTH_KERBEROS)
			p->em_auth[i].offered = true;
	for (uint32_t i = 0; i < p->n_mm_auth; i++)
		if (p->mm_auth[i].method == AUTH_KERBEROS ||
		    p->mm_auth[i].method == AUTH_V1_KERBEROS)
			p->mm_auth[i].offered = true;
}

bool
policy_clear_waits(const struct policy *p)
{
	return p->nd == ND_OFF && p->nd_fallback_ms > 0;
}

bool
policy_main_mode_is_anonymous(const struct policy *p)
{
	for (uint32_t i = 0; i < p->n_mm_auth; i++)
		if (p->mm_auth[i].offered && p->mm_auth[i].method == AUTH_ANONYMOUS)
			return true;
	return false;
}

static const char *
fault_of_main_mode(const struct policy *p)
{
	bool offered = false;

	if (p->n_mm_proposal == 0)
		return "main_mode has no proposal: give at least one, such as "
		       "aes128-sha1-ecp256";
	for (uint32_t i = 0; i < p->n_mm_proposal; i++) {
		if (p->mm_proposal[i].cipher == CIPHER_NULL)
			return "a main-mode proposal must encrypt";
		if (p->mm_proposal[i].group == DH_NONE && policy_main_mode_is_anonymous(p))
			return "a main-mode proposal needs a DH group: anonymous "
			       "authentication has no other secret";
		if (p->mm_proposal[i].lifetime_s < 60)
			return "a main-mode lifetime must be at least 60 seconds";
	}
	for (uint32_t i = 0; i < p->n_mm_auth; i++)
		offered = offered || p->mm_auth[i].offered;
	return offered ? NULL : "main_mode auth has no method that this build can do: use "
				"anonymous or tls, or kerberos with a keytab";
}

/* RFC 4754: a signature of this curve goes with a hash of this size. */
static bool
has_hash(const struct policy *p, enum hash_id hash)
{
	for (uint32_t i = 0; i < p->n_mm_proposal; i++)
		if (p->mm_proposal[i].integrity == hash)
			return true;
	return false;
}

const char *
policy_find_keying_fault(const struct policy *p)
{
	bool authip = false, ikev1 = false;

	for (uint32_t i = 0; i < p->n_mm_auth; i++) {
		const struct auth_entry *a = &p->mm_auth[i];

		authip = authip || auth_is_authip(a);
		ikev1 = ikev1 || (a->offered && !auth_is_authip(a));
		if ((a->method == AUTH_V1_ECDSA256 && !has_hash(p, HASH_SHA256)) ||
		    (a->method == AUTH_V1_ECDSA384 && !has_hash(p, HASH_SHA384)))
			return "ikev1-ecdsa256 needs a main-mode proposal with sha256, "
			       "ikev1-ecdsa384 one with sha384";
	}
	for (uint32_t i = 0; ikev1 && i < p->n_mm_proposal; i++)
		if (p->mm_proposal[i].group == DH_NONE)
			return "a main-mode proposal for IKEv1 needs a DH group";
	if (p->keying != KEYING_IKEV1 && !authip)
		return "main_mode auth has no method of AuthIP: add one, such as "
		       "anonymous, or write keying = \"ikev1\"";
	if (p->keying != KEYING_AUTHIP && !ikev1)
		return "main_mode auth has no method of IKEv1: add one, such as "
		       "ikev1-psk, or write keying = \"authip\"";
	if (p->keying == KEYING_AUTHIP && ikev1)
		return "main_mode auth has a method of IKEv1: write keying = \"both\" "
		       "or \"ikev1\", or leave it out";
	return NULL;
}

static const char *
fault_of_quick_mode(const struct policy *p)
{
	if (p->n_qm_proposal == 0)
		return "quick_mode has no proposal: give at least one, such as esp-aes128-sha1";
	for (uint32_t i = 0; i < p->n_qm_proposal; i++) {
		const struct qm_proposal *q = &p->qm_proposal[i];

		if (q->integrity == HASH_NONE && !cipher_has_integrity(q->cipher))
			return "a quick-mode proposal without integrity is not accepted: ESP "
			       "without it can be changed on the way";
		if (q->integrity != HASH_NONE && cipher_has_integrity(q->cipher))
			return "a quick-mode proposal with GCM or GMAC needs no hash: they "
			       "have their integrity";
		if ((q->transform == QM_ESP_AUTH_CIPHER) != cipher_encrypts(q->cipher))
			return "a quick-mode proposal has a cipher that does not fit its "
			       "transform";
		if (q->pfs != p->qm_proposal[0].pfs)
			return "all quick-mode proposals must have the same pfs group: one KE "
			       "payload serves them all";
		if (q->lifetime_s < 60)
			return "a quick-mode lifetime must be at least 60 seconds";
		if (q->lifetime_kb != 0 && q->lifetime_kb < 1024)
			return "a quick-mode data lifetime must be at least 1 MB";
	}
	if (p->idle_s == 0 || p->idle_failover_s == 0)
		return "idle times must be at least 1 second";
	return NULL;
}

const char *
policy_find_fault(const struct policy *p)
{
	const char *fault = fault_of_main_mode(p);
	bool offered = false;

	if (fault == NULL)
		fault = fault_of_quick_mode(p);
	if (fault != NULL || p->n_em_auth == 0)
		return fault;
	for (uint32_t i = 0; i < p->n_em_auth; i++)
		offered = offered || p->em_auth[i].offered;
	return offered ? NULL : "extended_mode auth has no method that this build can do: "
				"use tls, or kerberos with a keytab";
}

bool
policy_keep_encrypting(struct policy *p)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < p->n_qm_proposal; i++)
		if (p->qm_proposal[i].transform == QM_ESP_AUTH_CIPHER)
			p->qm_proposal[n++] = p->qm_proposal[i];
	p->n_qm_proposal = n;
	return n > 0;
}

bool
policy_prefers_encryption(const struct policy *p)
{
	return p->n_qm_proposal > 0 && p->qm_proposal[0].transform == QM_ESP_AUTH_CIPHER;
}
