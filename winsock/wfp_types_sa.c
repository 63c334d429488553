/* Tables: IPsec SAs and statistics. */
#include "fwpmtypes.h"
#include "winsock/wfp_types.h"

/* ---- keys, or rather their algorithms ---- */

#define T IPSEC_SA_AUTH_INFORMATION0
static const struct wfp_field auth_fields[] = {
	N(authTransform.authTransformId.authType),
	N(authTransform.authTransformId.authConfig),
	TO(authTransform.cryptoModuleId, wfp_guid), BLOB(authKey)
};
WFP_TYPE_STATIC(auth, auth_fields);
#undef T

#define T IPSEC_SA_CIPHER_INFORMATION0
static const struct wfp_field cipher_fields[] = {
	N(cipherTransform.cipherTransformId.cipherType),
	N(cipherTransform.cipherTransformId.cipherConfig),
	TO(cipherTransform.cryptoModuleId, wfp_guid), BLOB(cipherKey)
};
WFP_TYPE_STATIC(cipher, cipher_fields);
#undef T

#define T IPSEC_SA_AUTH_AND_CIPHER_INFORMATION0
static const struct wfp_field both_fields[] = { INSIDE(saCipherInformation, cipher),
	INSIDE(saAuthInformation, auth) };
WFP_TYPE_STATIC(both, both_fields);
#undef T

#define KIND saTransformType
#define T IPSEC_SA0
static const struct wfp_field sa_fields[] = { N(spi), N(KIND),
	TO_IF(ahInformation, auth, KIND, IPSEC_TRANSFORM_AH, IPSEC_TRANSFORM_ESP_AUTH),
	TO_IS(espCipherInformation, cipher, KIND, IPSEC_TRANSFORM_ESP_CIPHER),
	TO_IS(espAuthAndCipherInformation, both, KIND,
	    IPSEC_TRANSFORM_ESP_AUTH_AND_CIPHER),
	TO_IS(espAuthFwInformation, auth, KIND, IPSEC_TRANSFORM_ESP_AUTH_FW) };
WFP_TYPE_STATIC(sa, sa_fields);
#undef T

/* ---- bundles ---- */

#define T IPSEC_TOKEN0
static const struct wfp_field token_fields[] = { N(type), N(principal), N(mode),
	N(token) };
WFP_TYPE_STATIC(token, token_fields);
#undef T

#define T IPSEC_ID0
static const struct wfp_field id_fields[] = { STRING(mmTargetName),
	STRING(emTargetName), N(numTokens), MANY(tokens, numTokens, token),
	N(explicitCredentials), N(logonId) };
WFP_TYPE_STATIC(id, id_fields);
#undef T

#define T IPSEC_KEYMODULE_STATE0
static const struct wfp_field module_fields[] = { GUIDS(keyModuleKey),
	BLOB(stateBlob) };
WFP_TYPE_STATIC(module, module_fields);
#undef T

#define BUNDLE                                                                        \
	N(flags), NUMBERS(lifetime), N(idleTimeoutSeconds),                           \
	    N(ndAllowClearTimeoutSeconds), TO(ipsecId, id), N(napContext), N(qmSaId), \
	    N(numSAs), MANY(saList, numSAs, sa), TO(keyModuleState, module),          \
	    N(ipVersion), N_IS(peerV4PrivateAddress, ipVersion, FWP_IP_VERSION_V4),   \
	    N(mmSaId), N(pfsGroup)

#define T IPSEC_SA_BUNDLE0
static const struct wfp_field bundle_fields0[] = { BUNDLE, ABSENT(24) };
WFP_TYPE_STATIC(bundle0, bundle_fields0);
#undef T
#define T IPSEC_SA_BUNDLE1
static const struct wfp_field bundle_fields1[] = { BUNDLE, GUIDS(saLookupContext),
	N(qmFilterId) };
WFP_TYPE_STATIC(bundle1, bundle_fields1);
#undef T

#define TRAFFIC                                                                      \
	N(ipVersion), N_IS(localV4Address, ipVersion, FWP_IP_VERSION_V4),            \
	    BYTES_IS(localV6Address, ipVersion, FWP_IP_VERSION_V6),                  \
	    N_IS(remoteV4Address, ipVersion, FWP_IP_VERSION_V4),                     \
	    BYTES_IS(remoteV6Address, ipVersion, FWP_IP_VERSION_V6), N(trafficType), \
	    N(ipsecFilterId), N(remotePort)

#define T IPSEC_TRAFFIC0
static const struct wfp_field traffic_fields0[] = { TRAFFIC, ABSENT(15) };
WFP_TYPE_STATIC(traffic0, traffic_fields0);
#undef T
#define T IPSEC_TRAFFIC1
static const struct wfp_field traffic_fields1[] = { TRAFFIC, N(localPort),
	N(ipProtocol), N(localIfLuid), N(realIfProfileId) };
WFP_TYPE_STATIC(traffic1, traffic_fields1);
#undef T

/* ---- SAs and contexts ---- */

#define DETAILS(t, b)                                                             \
	N(ipVersion), N(saDirection), INSIDE(traffic, t), INSIDE(saBundle, b),    \
	    TO_IS(udpEncapsulation, wfp_udp_ports, ipVersion, FWP_IP_VERSION_V4), \
	    TO(transportFilter, wfp_filter)

#define T IPSEC_SA_DETAILS0
static const struct wfp_field details0[] = { DETAILS(traffic0, bundle0) };
WFP_TYPE(wfp_sa_details0, details0);
#undef T
#define T IPSEC_SA_DETAILS1
static const struct wfp_field details1[] = { DETAILS(traffic1, bundle1) };
WFP_TYPE(wfp_sa_details1, details1);
#undef T

#define T IPSEC_SA_CONTEXT0
static const struct wfp_field context0[] = { N(saContextId),
	TO(inboundSa, wfp_sa_details0), TO(outboundSa, wfp_sa_details0) };
WFP_TYPE(wfp_sa_context0, context0);
#undef T
#define T IPSEC_SA_CONTEXT1
static const struct wfp_field context1[] = { N(saContextId),
	TO(inboundSa, wfp_sa_details1), TO(outboundSa, wfp_sa_details1) };
WFP_TYPE(wfp_sa_context1, context1);
#undef T

#define T IPSEC_SA_ENUM_TEMPLATE0
static const struct wfp_field direction[] = { N(saDirection) };
WFP_TYPE(wfp_sa_template, direction);
#undef T

#define T IPSEC_SA_CONTEXT_ENUM_TEMPLATE0
static const struct wfp_field subnets[] = { INSIDE(localSubNet, wfp_condition_value),
	INSIDE(remoteSubNet, wfp_condition_value) };
WFP_TYPE(wfp_sa_context_template, subnets);
#undef T

/* ---- statistics ---- */

#define FIRST                                                             \
	NUMBERS(aggregateSaStatistics), NUMBERS(espDropPacketStatistics), \
	    NUMBERS(ahDropPacketStatistics), NUMBERS(aggregateDropPacketStatistics)

#define T IPSEC_STATISTICS0
static const struct wfp_field statistics0[] = { FIRST, ABSENT(4),
	LONGS(inboundTrafficStatistics), ABSENT(8), LONGS(outboundTrafficStatistics),
	ABSENT(8) };
WFP_TYPE(wfp_ipsec_statistics0, statistics0);
#undef T
#define T IPSEC_STATISTICS1
static const struct wfp_field statistics1[] = { FIRST, LONGS(inboundTrafficStatistics),
	LONGS(outboundTrafficStatistics) };
WFP_TYPE(wfp_ipsec_statistics1, statistics1);
#undef T
