/* What a provider context has to be: the first rule that is broken says why. */
#include <stddef.h>
#include <wchar.h>

#include "daemon/wfp_state.h"

#define POLICY_FLAGS_KNOWN 0xfu
#define TRANSPORT_FLAGS_KNOWN 0xfffeu
#define METHODS_MAX 16 /* more has no meaning, and is not kept */
#define PROPOSALS_MAX POLICY_MAX_PROPOSALS
#define PFS_24 7

/* A bit for each method of IKEEXT_AUTHENTICATION_METHOD_TYPE. */
#define METHOD(x) (1u << (x))
#define NOT_OF_AUTHIP                                                         \
	(METHOD(IKEEXT_PRESHARED_KEY) | METHOD(IKEEXT_CERTIFICATE) |          \
	    METHOD(IKEEXT_IPV6_CGA) | METHOD(IKEEXT_CERTIFICATE_ECDSA_P256) | \
	    METHOD(IKEEXT_CERTIFICATE_ECDSA_P384) | METHOD(IKEEXT_EAP))
#define NOT_OF_IKE                                                                \
	(METHOD(IKEEXT_ANONYMOUS) | METHOD(IKEEXT_SSL) | METHOD(IKEEXT_NTLM_V2) | \
	    METHOD(IKEEXT_SSL_ECDSA_P256) | METHOD(IKEEXT_SSL_ECDSA_P384))
#define METHOD_END 13
#define IKE_CIPHER_END 7 /* with those of GCM */

/* Pairs of 4.11: type and configuration. */
struct pair {
	uint8_t type;
	uint8_t config;
};
static const struct pair auth_pairs[] = { { 0, 0 }, { 1, 1 }, { 2, 2 }, { 3, 3 },
	{ 4, 4 }, { 5, 5 } };
static const struct pair cipher_pairs[] = { { 1, 1 }, { 2, 2 }, { 3, 3 }, { 4, 4 },
	{ 5, 5 }, { 3, 6 }, { 4, 7 }, { 5, 8 } };
#define AUTH_GCM_FIRST 3   /* configuration; key sizes follow in order */
#define CIPHER_GCM_FIRST 6 /* same */

static bool
pair_is_known(const struct pair *p, size_t n, uint32_t type, uint8_t config)
{
	for (size_t i = 0; i < n; i++)
		if (p[i].type == type && p[i].config == config)
			return true;
	return false;
}

static uint32_t
check_array(uint32_t n, const void *p, uint32_t max)
{
	if (n == 0)
		return FWP_E_ZERO_LENGTH_ARRAY;
	if (p == NULL)
		return FWP_E_NULL_POINTER;
	return n > max ? FWP_E_OUT_OF_BOUNDS : 0;
}

static uint32_t
check_methods(uint32_t n, const IKEEXT_AUTHENTICATION_METHOD1 *method,
    uint32_t impersonation, uint32_t not_allowed)
{
	uint32_t error = check_array(n, method, METHODS_MAX);

	if (error != 0)
		return error;
	for (uint32_t i = 0; i < n; i++) {
		if ((uint32_t)method[i].authenticationMethodType >= METHOD_END)
			return FWP_E_INVALID_ENUMERATOR;
		if ((not_allowed & METHOD(method[i].authenticationMethodType)) != 0)
			return FWP_E_INCOMPATIBLE_AUTH_METHOD;
	}
	return impersonation >= IKEEXT_IMPERSONATION_MAX ? FWP_E_INVALID_ENUMERATOR : 0;
}

/* ---- main mode ---- */

static uint32_t
check_ike_proposal(const IKEEXT_PROPOSAL0 *p, bool is_authip)
{
	if ((uint32_t)p->cipherAlgorithm.algoIdentifier >= IKE_CIPHER_END ||
	    (uint32_t)p->integrityAlgorithm.algoIdentifier >=
		IKEEXT_INTEGRITY_TYPE_MAX ||
	    (uint32_t)p->dhGroup >= IKEEXT_DH_GROUP_MAX)
		return FWP_E_INVALID_ENUMERATOR;
	return !is_authip && p->dhGroup == IKEEXT_DH_GROUP_NONE ?
		   FWP_E_INCOMPATIBLE_DH_GROUP :
		   0;
}

static uint32_t
check_main_mode(const IKEEXT_POLICY1 *p, bool is_authip)
{
	uint32_t error;

	if (p == NULL)
		return FWP_E_NULL_POINTER;
	error = check_methods(p->numAuthenticationMethods, p->authenticationMethods,
	    p->initiatorImpersonationType, is_authip ? NOT_OF_AUTHIP : NOT_OF_IKE);
	if (error == 0)
		error = check_array(p->numIkeProposals, p->ikeProposals, PROPOSALS_MAX);
	for (uint32_t i = 0; error == 0 && i < p->numIkeProposals; i++)
		error = check_ike_proposal(&p->ikeProposals[i], is_authip);
	if (error == 0 && (p->flags & ~POLICY_FLAGS_KNOWN) != 0)
		error = FWP_E_INVALID_FLAGS;
	return error;
}

/* ---- quick mode ---- */

static uint32_t
check_auth(const IPSEC_AUTH_TRANSFORM0 *t)
{
	if (!pair_is_known(auth_pairs, sizeof(auth_pairs) / sizeof(auth_pairs[0]),
		t->authTransformId.authType, t->authTransformId.authConfig))
		return FWP_E_INVALID_AUTH_TRANSFORM;
	return t->cryptoModuleId != NULL ? FWP_E_NOT_FOUND : 0;
}

static uint32_t
check_cipher(const IPSEC_CIPHER_TRANSFORM0 *t)
{
	if (!pair_is_known(cipher_pairs, sizeof(cipher_pairs) / sizeof(cipher_pairs[0]),
		t->cipherTransformId.cipherType, t->cipherTransformId.cipherConfig))
		return FWP_E_INVALID_CIPHER_TRANSFORM;
	return t->cryptoModuleId != NULL ? FWP_E_NOT_FOUND : 0;
}

/* GCM is both at once: both halves must say so, with one key size. */
static bool
halves_fit(const IPSEC_AUTH_AND_CIPHER_TRANSFORM0 *t)
{
	uint8_t auth = t->authTransform.authTransformId.authConfig;
	uint8_t cipher = t->cipherTransform.cipherTransformId.cipherConfig;

	if (auth < AUTH_GCM_FIRST && cipher < CIPHER_GCM_FIRST)
		return true;
	return auth >= AUTH_GCM_FIRST && cipher >= CIPHER_GCM_FIRST &&
	       auth - AUTH_GCM_FIRST == cipher - CIPHER_GCM_FIRST;
}

static uint32_t
check_both(const IPSEC_AUTH_AND_CIPHER_TRANSFORM0 *t)
{
	uint32_t error = check_auth(&t->authTransform);

	if (error == 0)
		error = check_cipher(&t->cipherTransform);
	if (error == 0 && !halves_fit(t))
		error = FWP_E_INVALID_CIPHER_TRANSFORM;
	return error;
}

static uint32_t
check_transform(const IPSEC_SA_TRANSFORM0 *t)
{
	if (t->ipsecTransformType < IPSEC_TRANSFORM_AH ||
	    t->ipsecTransformType > IPSEC_TRANSFORM_ESP_AUTH_FW)
		return FWP_E_INVALID_ENUMERATOR;
	if (t->ahTransform == NULL) /* all arms of the union are pointers */
		return FWP_E_NULL_POINTER;
	switch (t->ipsecTransformType) {
	case IPSEC_TRANSFORM_ESP_CIPHER:
		return check_cipher(t->espCipherTransform);
	case IPSEC_TRANSFORM_ESP_AUTH_AND_CIPHER:
		return check_both(t->espAuthAndCipherTransform);
	default:
		return check_auth(t->ahTransform);
	}
}

static uint32_t
check_proposal(const IPSEC_PROPOSAL0 *p)
{
	uint32_t error;

	if (p->lifetime.lifetimeSeconds == 0 && p->lifetime.lifetimeKilobytes == 0 &&
	    p->lifetime.lifetimePackets == 0)
		return FWP_E_INVALID_INTERVAL;
	error = check_array(p->numSaTransforms, p->saTransforms, 2);
	if (error == 0 && (uint32_t)p->pfsGroup > PFS_24)
		error = FWP_E_INVALID_ENUMERATOR;
	for (uint32_t i = 0; error == 0 && i < p->numSaTransforms; i++)
		error = check_transform(&p->saTransforms[i]);
	return error;
}

static uint32_t
check_extended_mode(const IKEEXT_EM_POLICY1 *p, bool is_authip)
{
	if (p == NULL)
		return 0;
	if (!is_authip)
		return FWP_E_EM_NOT_SUPPORTED;
	return check_methods(p->numAuthenticationMethods, p->authenticationMethods,
	    p->initiatorImpersonationType, NOT_OF_AUTHIP | METHOD(IKEEXT_ANONYMOUS));
}

uint32_t
wfp_check_transport(const IPSEC_TRANSPORT_POLICY1 *p, bool is_authip)
{
	const uint32_t both =
	    IPSEC_POLICY_FLAG_ND_SECURE | IPSEC_POLICY_FLAG_ND_BOUNDARY;
	uint32_t error;

	if (p == NULL)
		return FWP_E_NULL_POINTER;
	error = check_array(p->numIpsecProposals, p->ipsecProposals, PROPOSALS_MAX);
	for (uint32_t i = 0; error == 0 && i < p->numIpsecProposals; i++)
		error = check_proposal(&p->ipsecProposals[i]);
	if (error == 0 &&
	    ((p->flags & ~TRANSPORT_FLAGS_KNOWN) != 0 || (p->flags & both) == both))
		error = FWP_E_INVALID_FLAGS;
	return error != 0 ? error : check_extended_mode(p->emPolicy, is_authip);
}

/* ---- contexts ---- */

static bool
text_is_printable(const wchar_t *s)
{
	for (; s != NULL && *s != L'\0'; s++) {
		uint32_t c = (uint32_t)*s;

		if (c < 0x20 || (c >= 0x7f && c < 0xa0) ||
		    (c >= 0xd800 && c < 0xe000) || c > 0x10ffff)
			return false;
	}
	return true;
}

static uint32_t
check_policy(const FWPM_PROVIDER_CONTEXT1 *c)
{
	switch ((uint32_t)c->type) {
	case FWPM_IPSEC_AUTHIP_MM_CONTEXT:
		return check_main_mode(c->authIpMmPolicy, true);
	case FWPM_IPSEC_IKE_MM_CONTEXT:
		return check_main_mode(c->ikeMmPolicy, false);
	case FWPM_IPSEC_AUTHIP_QM_TRANSPORT_CONTEXT:
		return wfp_check_transport(c->authipQmTransportPolicy, true);
	case FWPM_IPSEC_IKE_QM_TRANSPORT_CONTEXT:
		return wfp_check_transport(c->ikeQmTransportPolicy, false);
	case FWPM_IPSEC_KEYING_CONTEXT:
	case FWPM_CLASSIFY_OPTIONS_CONTEXT:
	case FWPM_GENERAL_CONTEXT:
		return c->keyingPolicy == NULL ? FWP_E_NULL_POINTER : 0;
	default:
		return (uint32_t)c->type >= FWPM_PROVIDER_CONTEXT_TYPE_MAX ?
			   FWP_E_INVALID_ENUMERATOR :
			   ERROR_NOT_SUPPORTED;
	}
}

uint32_t
wfp_check_context(const FWPM_PROVIDER_CONTEXT1 *c)
{
	const uint32_t known = FWPM_PROVIDER_CONTEXT_FLAG_PERSISTENT |
			       FWPM_PROVIDER_CONTEXT_FLAG_DOWNLEVEL;

	if (c->displayData.name == NULL || c->displayData.name[0] == L'\0')
		return FWP_E_NULL_DISPLAY_NAME;
	if (!text_is_printable(c->displayData.name) ||
	    !text_is_printable(c->displayData.description))
		return FWP_E_INVALID_PARAMETER;
	if ((c->flags & ~known) != 0)
		return FWP_E_INVALID_FLAGS;
	return check_policy(c);
}
