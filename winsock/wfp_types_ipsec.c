/* Tables: quick mode policies. */
#include "fwpmtypes.h"
#include "winsock/wfp_types.h"

#define T IPSEC_AUTH_TRANSFORM0
static const struct wfp_field auth_fields[] = { N(authTransformId.authType),
	N(authTransformId.authConfig), TO(cryptoModuleId, wfp_guid) };
WFP_TYPE_STATIC(auth, auth_fields);
#undef T

#define T IPSEC_CIPHER_TRANSFORM0
static const struct wfp_field cipher_fields[] = { N(cipherTransformId.cipherType),
	N(cipherTransformId.cipherConfig), TO(cryptoModuleId, wfp_guid) };
WFP_TYPE_STATIC(cipher, cipher_fields);
#undef T

#define T IPSEC_AUTH_AND_CIPHER_TRANSFORM0
static const struct wfp_field both_fields[] = { INSIDE(authTransform, auth),
	INSIDE(cipherTransform, cipher) };
WFP_TYPE_STATIC(both, both_fields);
#undef T

#define KIND ipsecTransformType
#define T IPSEC_SA_TRANSFORM0
static const struct wfp_field transform_fields[] = { N(KIND),
	TO_IF(ahTransform, auth, KIND, IPSEC_TRANSFORM_AH, IPSEC_TRANSFORM_ESP_AUTH),
	TO_IS(espCipherTransform, cipher, KIND, IPSEC_TRANSFORM_ESP_CIPHER),
	TO_IS(
	    espAuthAndCipherTransform, both, KIND, IPSEC_TRANSFORM_ESP_AUTH_AND_CIPHER),
	TO_IS(espAuthFwTransform, auth, KIND, IPSEC_TRANSFORM_ESP_AUTH_FW) };
WFP_TYPE_STATIC(transform, transform_fields);
#undef T

#define T IPSEC_PROPOSAL0
static const struct wfp_field proposal_fields[] = { NUMBERS(lifetime),
	N(numSaTransforms), MANY(saTransforms, numSaTransforms, transform),
	N(pfsGroup) };
WFP_TYPE_STATIC(proposal, proposal_fields);
#undef T

#define TRANSPORT(em)                                                            \
	N(numIpsecProposals), MANY(ipsecProposals, numIpsecProposals, proposal), \
	    N(flags), N(ndAllowClearTimeoutSeconds), NUMBERS(saIdleTimeout),     \
	    TO(emPolicy, em)

#define T IPSEC_TRANSPORT_POLICY0
static const struct wfp_field transport0[] = { TRANSPORT(wfp_em_policy0) };
WFP_TYPE(wfp_transport_policy0, transport0);
#undef T
#define T IPSEC_TRANSPORT_POLICY1
static const struct wfp_field transport1[] = { TRANSPORT(wfp_em_policy1) };
WFP_TYPE(wfp_transport_policy1, transport1);
#undef T

#define T IPSEC_KEYING_POLICY0
static const struct wfp_field keying[] = { N(numKeyMods),
	MANY(keyModKeys, numKeyMods, wfp_guid) };
WFP_TYPE(wfp_keying_policy, keying);
#undef T
