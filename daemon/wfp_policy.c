/* Provider contexts as the policy of a socket: what of them this daemon can do. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "daemon/log.h"
#include "daemon/negotiator.h"
#include "daemon/wfp_names.h"
#include "daemon/xfrm_fit.h"

#define GROUP_LIFETIME_S 7200
#define PAIR_LIFETIME_S 3600

static const uint8_t zero_key[16];

/* What is built from two contexts. */
struct resolution {
	const struct config *config;
	struct policy *out;
	bool as_user;
};

static uint32_t __attribute__((format(printf, 2, 3)))
complain(char text[256], const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, 256, fmt, ap);
	va_end(ap);
	return FWP_E_PROVIDER_CONTEXT_MISMATCH;
}

/* ---- authentication ---- */

static bool
is_offered(const struct resolution *r, enum auth_method m)
{
	switch (m) {
	case AUTH_KERBEROS:
	case AUTH_V1_KERBEROS:
		return r->config->kerberos.keytab[0] != '\0';
	case AUTH_NTLM:
		return false;
	default:
		return true;
	}
}

/* Methods that are impossible here stay in the list, as in the configuration. */
static void
take_methods(const struct resolution *r, uint32_t n,
    const IKEEXT_AUTHENTICATION_METHOD1 *from, bool of_ikev1, struct auth_entry *to,
    uint32_t *n_to)
{
	enum auth_method m;

	for (uint32_t i = 0; i < n && *n_to < POLICY_MAX_AUTH; i++)
		if (wfp_method(from[i].authenticationMethodType, of_ikev1, &m))
			to[(*n_to)++] = (struct auth_entry){ m, is_offered(r, m) };
}

/* Takes those of one protocol off the list: what remains says what the other one does. */
static void
drop_methods(struct policy *p, bool of_ikev1)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < p->n_mm_auth; i++)
		if ((p->mm_auth[i].method >= AUTH_V1) != of_ikev1)
			p->mm_auth[n++] = p->mm_auth[i];
	p->n_mm_auth = n;
}

/* ---- main mode ---- */

static bool
take_mm_proposal(const IKEEXT_PROPOSAL0 *from, struct mm_proposal *to)
{
	to->lifetime_s =
	    from->maxLifetimeSeconds != 0 ? from->maxLifetimeSeconds : GROUP_LIFETIME_S;
	return wfp_mm_cipher(from->cipherAlgorithm.algoIdentifier, &to->cipher) &&
	       wfp_mm_hash(from->integrityAlgorithm.algoIdentifier, &to->integrity) &&
	       wfp_mm_group(from->dhGroup, &to->group);
}

/* A policy of IKE, or of AuthIP: the methods of the other one stay the configuration's. */
static void
take_main_mode(struct resolution *r, const IKEEXT_POLICY1 *from, bool is_ikev1)
{
	struct policy *p = r->out;

	p->n_mm_proposal = 0;
	p->mm_qm_limit = 0;
	for (uint32_t i = 0; i < from->numIkeProposals && i < POLICY_MAX_PROPOSALS;
	     i++) {
		uint32_t limit = from->ikeProposals[i].quickModeLimit;

		if (!take_mm_proposal(
			&from->ikeProposals[i], &p->mm_proposal[p->n_mm_proposal]))
			continue;
		p->n_mm_proposal++;
		if (limit != 0 && (p->mm_qm_limit == 0 || limit < p->mm_qm_limit))
			p->mm_qm_limit = limit;
	}
	drop_methods(p, is_ikev1);
	take_methods(r, from->numAuthenticationMethods, from->authenticationMethods,
	    is_ikev1, p->mm_auth, &p->n_mm_auth);
	r->as_user = r->as_user || from->initiatorImpersonationType ==
				       IKEEXT_IMPERSONATION_SOCKET_PRINCIPAL;
}

/* ---- quick mode ---- */

/* ESP that encrypts without integrity, and AH with ESP, are not done here. */
static bool
take_transform(const IPSEC_SA_TRANSFORM0 *t, struct qm_proposal *to)
{
	switch (t->ipsecTransformType) {
	case IPSEC_TRANSFORM_AH:
		to->transform = QM_AH;
		return wfp_qm_auth(&t->ahTransform->authTransformId, to);
	case IPSEC_TRANSFORM_ESP_AUTH:
		to->transform = QM_ESP_AUTH;
		return wfp_qm_auth(&t->espAuthTransform->authTransformId, to);
	case IPSEC_TRANSFORM_ESP_AUTH_AND_CIPHER:
		to->transform = QM_ESP_AUTH_CIPHER;
		return wfp_qm_auth(
			   &t->espAuthAndCipherTransform->authTransform.authTransformId,
			   to) &&
		       wfp_qm_cipher(&t->espAuthAndCipherTransform->cipherTransform
					  .cipherTransformId,
			   to);
	default:
		return false;
	}
}

static bool
take_qm_proposal(
    const struct policy *p, const IPSEC_PROPOSAL0 *from, struct qm_proposal *to)
{
	const IPSEC_SA_LIFETIME0 *life = &from->lifetime;
	enum dh_group main_mode =
	    p->n_mm_proposal > 0 ? p->mm_proposal[0].group : DH_NONE;

	to->lifetime_s =
	    life->lifetimeSeconds != 0 ? life->lifetimeSeconds : PAIR_LIFETIME_S;
	to->lifetime_kb = life->lifetimeKilobytes;
	return from->numSaTransforms == 1 &&
	       take_transform(&from->saTransforms[0], to) &&
	       wfp_pfs_group(from->pfsGroup, main_mode, &to->pfs);
}

/* IKE has no extended mode: its policy leaves that of AuthIP as it is. */
static void
take_quick_mode(struct resolution *r, const IPSEC_TRANSPORT_POLICY1 *from, bool is_ikev1)
{
	struct policy *p = r->out;

	p->n_qm_proposal = 0;
	for (uint32_t i = 0; i < from->numIpsecProposals && i < POLICY_MAX_PROPOSALS;
	     i++)
		if (take_qm_proposal(
			p, &from->ipsecProposals[i], &p->qm_proposal[p->n_qm_proposal]))
			p->n_qm_proposal++;
	p->nd = (from->flags & IPSEC_POLICY_FLAG_ND_BOUNDARY) != 0 ? ND_BOUNDARY :
		(from->flags & IPSEC_POLICY_FLAG_ND_SECURE) != 0   ? ND_OUTBOUND :
								     ND_OFF;
	p->nd_allow_clear_s = from->ndAllowClearTimeoutSeconds;
	if (from->saIdleTimeout.idleTimeoutSeconds != 0)
		p->idle_s = from->saIdleTimeout.idleTimeoutSeconds;
	if (from->saIdleTimeout.idleTimeoutSecondsFailOver != 0)
		p->idle_failover_s = from->saIdleTimeout.idleTimeoutSecondsFailOver;
	if (is_ikev1)
		return;
	p->n_em_auth = 0;
	if (from->emPolicy == NULL)
		return;
	take_methods(r, from->emPolicy->numAuthenticationMethods,
	    from->emPolicy->authenticationMethods, false, p->em_auth, &p->n_em_auth);
	r->as_user = r->as_user || from->emPolicy->initiatorImpersonationType ==
				       IKEEXT_IMPERSONATION_SOCKET_PRINCIPAL;
}

/* ---- both ---- */

/* What a key of the settings may name: a policy of AuthIP, or the same of IKE. */
static const struct kind {
	const char *what;
	uint32_t authip;
	uint32_t ike;
} main_mode = { "main-mode", FWPM_IPSEC_AUTHIP_MM_CONTEXT, FWPM_IPSEC_IKE_MM_CONTEXT },
  quick_mode = { "quick-mode", FWPM_IPSEC_AUTHIP_QM_TRANSPORT_CONTEXT,
	  FWPM_IPSEC_IKE_QM_TRANSPORT_CONTEXT };

/* The stored policy of a key; NULL with *error 0: the default. */
static FWPM_PROVIDER_CONTEXT1 *
find_context(const struct wfp *w, const uint8_t key[16], uint32_t uid,
    const struct kind *kind, uint32_t *error, char text[256])
{
	const struct wfp_context *c;
	FWPM_PROVIDER_CONTEXT1 *value;

	*error = 0;
	if (memcmp(key, zero_key, sizeof(zero_key)) == 0)
		return NULL;
	c = wfp_context_for_socket(w, key, uid);
	if (c == NULL || (c->type != kind->authip && c->type != kind->ike)) {
		complain(text, "the key of its %s policy is %s", kind->what,
		    c == NULL ? "unknown" : "that of another kind of provider context");
		*error = c == NULL ? FWP_E_PROVIDER_CONTEXT_NOT_FOUND :
				     FWP_E_PROVIDER_CONTEXT_MISMATCH;
		return NULL;
	}
	value = wfp_decode(&wfp_context1, c->bytes, c->n);
	if (value == NULL)
		*error = ERROR_NOT_ENOUGH_MEMORY;
	return value;
}

/* A policy of a protocol that is not spoken would change nothing, silently. */
static uint32_t
check_protocol(const struct resolution *r, bool is_ikev1, char text[256])
{
	enum keying not_spoken = is_ikev1 ? KEYING_AUTHIP : KEYING_IKEV1;

	if (r->out->keying != not_spoken)
		return 0;
	return complain(text, "it has a policy of %s, which keying = \"%s\" excludes",
	    is_ikev1 ? "IKE" : "AuthIP", is_ikev1 ? "authip" : "ikev1");
}

/* Pre-shared keys are the administrator's: one that a program brings is not used instead. */
static uint32_t
check_no_key(const IKEEXT_POLICY1 *p, char text[256])
{
	for (uint32_t i = 0; i < p->numAuthenticationMethods; i++) {
		const IKEEXT_AUTHENTICATION_METHOD1 *m = &p->authenticationMethods[i];

		if (m->authenticationMethodType == IKEEXT_PRESHARED_KEY &&
		    m->presharedKeyAuthentication.presharedKey.size > 0)
			return complain(text, "it brings a pre-shared key: those of the "
					      "configuration are used, leave it empty");
	}
	return 0;
}

static uint32_t
take_main_mode_context(
    struct resolution *r, const FWPM_PROVIDER_CONTEXT1 *c, char text[256])
{
	bool is_ikev1 = c->type == FWPM_IPSEC_IKE_MM_CONTEXT;
	const IKEEXT_POLICY1 *p = is_ikev1 ? c->ikeMmPolicy : c->authIpMmPolicy;
	uint32_t error = check_protocol(r, is_ikev1, text);

	if (error == 0)
		error = check_no_key(p, text);
	if (error == 0)
		take_main_mode(r, p, is_ikev1);
	return error;
}

/* An AuthIP policy is for IKEv1, too: what both have, both obey. */
static uint32_t
take_quick_mode_context(
    struct resolution *r, const FWPM_PROVIDER_CONTEXT1 *c, char text[256])
{
	bool is_ikev1 = c->type == FWPM_IPSEC_IKE_QM_TRANSPORT_CONTEXT;
	uint32_t error = is_ikev1 ? check_protocol(r, true, text) : 0;

	if (error == 0)
		take_quick_mode(
		    r, is_ikev1 ? c->ikeQmTransportPolicy : c->authipQmTransportPolicy,
		    is_ikev1);
	return error;
}

/* Nobody need be authenticated: only if the administrator has said that this is meant. */
static bool
authenticates_nobody(const struct resolution *r)
{
	return policy_main_mode_is_anonymous(r->out) && r->out->n_em_auth == 0 &&
	       r->config->policy.n_em_auth > 0;
}

static uint32_t
check_result(const struct resolution *r, char text[256])
{
	const char *fault;

	if (r->out->n_qm_proposal == 0)
		return complain(text, "none of its quick-mode proposals can be done "
				      "here: ESP without integrity, "
				      "DES, MD5, and AH with ESP cannot");
	if (r->out->n_mm_proposal == 0)
		return complain(text, "none of its main-mode proposals can be done "
				      "here: DES, MD5, and the "
				      "groups 1 and 24 cannot");
	if (authenticates_nobody(r))
		return complain(text, "it authenticates nobody: add extended-mode "
				      "methods to the quick-mode "
				      "policy");
	if ((fault = policy_find_keying_fault(r->out)) == NULL)
		fault = policy_find_fault(r->out);
	return fault != NULL ? complain(text, "%s", fault) : 0;
}

bool
wfp_policy_is_default(const uint8_t mm_key[16], const uint8_t qm_key[16])
{
	const GUID *mm = &FWPM_PROVIDER_CONTEXT_SECURE_SOCKET_AUTHIP;
	const GUID *qm = &FWPM_PROVIDER_CONTEXT_SECURE_SOCKET_IPSEC;

	return (memcmp(mm_key, zero_key, 16) == 0 || memcmp(mm_key, mm, 16) == 0) &&
	       (memcmp(qm_key, zero_key, 16) == 0 || memcmp(qm_key, qm, 16) == 0);
}

uint32_t
wfp_policy_resolve(struct wfp *w, const uint8_t mm_key[16], const uint8_t qm_key[16],
    uint32_t uid, struct policy *out, bool *as_user, char text[256])
{
	struct resolution r = { w->n->config, out, false };
	FWPM_PROVIDER_CONTEXT1 *mm, *qm = NULL;
	uint32_t error;

	text[0] = '\0';
	*as_user = false;
	*out = r.config->policy;
	mm = find_context(w, mm_key, uid, &main_mode, &error, text);
	if (error == 0)
		qm = find_context(w, qm_key, uid, &quick_mode, &error, text);
	if (error == 0 && mm != NULL)
		error = take_main_mode_context(&r, mm, text);
	if (error == 0 && qm != NULL)
		error = take_quick_mode_context(&r, qm, text);
	if (r.config->backend == BACKEND_KERNEL)
		(void)xfrm_fit_policy(out, r.config->kernel_lacks);
	if (error == 0 && (mm != NULL || qm != NULL))
		error = check_result(&r, text);
	*as_user = r.as_user;
	free(mm);
	free(qm);
	return error;
}
