/*
 * The contexts that are always there: the daemon's own default policy, under the keys that
 * Windows has for it. SOCKET_DEFAULT2_QM_POLICY is the same with SHA-256 before it.
 */
#include <wchar.h>

#include "daemon/negotiator.h"
#include "daemon/wfp_names.h"

#include "mstcpip.h"

#define PROPOSALS_MAX (2 * POLICY_MAX_PROPOSALS)

static IKEEXT_CERTIFICATE_AUTHENTICATION1
any_root(void)
{
	IKEEXT_CERTIFICATE_AUTHENTICATION1 c = {
		.inboundConfigType = IKEEXT_CERT_CONFIG_UNSPECIFIED,
		.outboundConfigType = IKEEXT_CERT_CONFIG_UNSPECIFIED,
	};

	return c;
}

/* Those of AuthIP: the contexts are of it alone. */
static uint32_t
put_methods(
    const struct auth_entry *from, uint32_t n, IKEEXT_AUTHENTICATION_METHOD1 *to)
{
	uint32_t n_to = 0;

	for (uint32_t i = 0; i < n; i++) {
		if (from[i].method >= AUTH_V1)
			continue;
		to[n_to].authenticationMethodType =
		    (IKEEXT_AUTHENTICATION_METHOD_TYPE)wfp_method_of(from[i].method);
		if (from[i].method == AUTH_TLS)
			to[n_to].sslAuthentication = any_root();
		n_to++;
	}
	return n_to;
}

static bool
add_main_mode(struct wfp *w, const struct policy *p)
{
	static wchar_t name[] = L"Secure socket main mode";
	IKEEXT_AUTHENTICATION_METHOD1 method[POLICY_MAX_AUTH] = { 0 };
	IKEEXT_PROPOSAL0 proposal[POLICY_MAX_PROPOSALS];
	IKEEXT_POLICY1 policy = {
		.authenticationMethods = method,
		.numIkeProposals = p->n_mm_proposal,
		.ikeProposals = proposal,
	};
	GUID provider = FWPM_PROVIDER_IKEEXT;
	FWPM_PROVIDER_CONTEXT1 c = {
		.providerContextKey = FWPM_PROVIDER_CONTEXT_SECURE_SOCKET_AUTHIP,
		.displayData = { .name = name },
		.providerKey = &provider,
		.type = FWPM_IPSEC_AUTHIP_MM_CONTEXT,
		.authIpMmPolicy = &policy,
	};

	policy.numAuthenticationMethods = put_methods(p->mm_auth, p->n_mm_auth, method);
	for (uint32_t i = 0; i < p->n_mm_proposal; i++) {
		const struct mm_proposal *m = &p->mm_proposal[i];

		proposal[i] = wfp_ike_proposal_of(
		    m->cipher, m->integrity, m->group, m->lifetime_s);
		proposal[i].quickModeLimit = p->mm_qm_limit;
	}
	return wfp_context_set_builtin(w, &c);
}

/* A proposal and what it points to. */
struct quick_proposal {
	IPSEC_SA_TRANSFORM0 transform;
	IPSEC_AUTH_AND_CIPHER_TRANSFORM0 both;
};

static IPSEC_PROPOSAL0
put_proposal(const struct qm_proposal *from, struct quick_proposal *to)
{
	IPSEC_PROPOSAL0 p = {
		.lifetime = { from->lifetime_s, from->lifetime_kb, 0x7fffffff },
		.numSaTransforms = 1,
		.saTransforms = &to->transform,
		.pfsGroup = (IPSEC_PFS_GROUP)wfp_pfs_of(from->pfs),
	};

	to->both.authTransform.authTransformId = wfp_auth_of(from);
	to->transform.ipsecTransformType = wfp_transform_of(from);
	if (to->transform.ipsecTransformType == IPSEC_TRANSFORM_ESP_AUTH_AND_CIPHER) {
		to->both.cipherTransform.cipherTransformId = wfp_cipher_of(from);
		to->transform.espAuthAndCipherTransform = &to->both;
	} else {
		to->transform.ahTransform = &to->both.authTransform;
	}
	return p;
}

/* first: proposals that come before those of p */
static bool
add_quick_mode(struct wfp *w, const struct policy *p, const GUID *key, wchar_t *name,
    const struct policy *first)
{
	IKEEXT_AUTHENTICATION_METHOD1 method[POLICY_MAX_AUTH] = { 0 };
	struct quick_proposal store[PROPOSALS_MAX] = { 0 };
	IPSEC_PROPOSAL0 proposal[PROPOSALS_MAX];
	IKEEXT_EM_POLICY1 em = { p->n_em_auth, method, IKEEXT_IMPERSONATION_NONE };
	IPSEC_TRANSPORT_POLICY1 policy = {
		.ipsecProposals = proposal,
		.flags = p->nd == ND_BOUNDARY ? IPSEC_POLICY_FLAG_ND_BOUNDARY :
			 p->nd == ND_OUTBOUND ? IPSEC_POLICY_FLAG_ND_SECURE :
						0,
		.ndAllowClearTimeoutSeconds = p->nd_allow_clear_s,
		.saIdleTimeout = { p->idle_s, p->idle_failover_s },
		.emPolicy = p->n_em_auth > 0 ? &em : NULL,
	};
	GUID provider = FWPM_PROVIDER_IKEEXT;
	FWPM_PROVIDER_CONTEXT1 c = {
		.providerContextKey = *key,
		.displayData = { .name = name },
		.providerKey = &provider,
		.type = FWPM_IPSEC_AUTHIP_QM_TRANSPORT_CONTEXT,
		.authipQmTransportPolicy = &policy,
	};
	uint32_t n = 0;

	(void)put_methods(p->em_auth, p->n_em_auth, method);
	for (uint32_t i = 0; first != NULL && i < first->n_qm_proposal; i++, n++)
		proposal[n] = put_proposal(&first->qm_proposal[i], &store[n]);
	for (uint32_t i = 0; i < p->n_qm_proposal && n < POLICY_MAX_PROPOSALS; i++, n++)
		proposal[n] = put_proposal(&p->qm_proposal[i], &store[n]);
	policy.numIpsecProposals = n;
	return wfp_context_set_builtin(w, &c);
}

bool
wfp_builtin_set(struct wfp *w)
{
	static wchar_t name[] = L"Secure socket quick mode";
	static wchar_t name2[] = L"Secure socket quick mode, SHA-256 first";
	const struct policy *p = &w->n->config->policy;
	struct policy sha256 = *p;

	sha256.n_qm_proposal = 0;
	for (uint32_t i = 0; i < p->n_qm_proposal; i++)
		if (p->qm_proposal[i].integrity == HASH_SHA1) {
			struct qm_proposal *q =
			    &sha256.qm_proposal[sha256.n_qm_proposal++];

			*q = p->qm_proposal[i];
			q->integrity = HASH_SHA256;
		}
	return add_main_mode(w, p) &&
	       add_quick_mode(
		   w, p, &FWPM_PROVIDER_CONTEXT_SECURE_SOCKET_IPSEC, name, NULL) &&
	       add_quick_mode(w, p, &SOCKET_DEFAULT2_QM_POLICY, name2, &sha256);
}
