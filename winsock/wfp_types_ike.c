/* Tables: authentication methods, main mode and extended mode policies, IKE SAs. */
#include "fwpmtypes.h"
#include "winsock/wfp_types.h"

/* ---- methods ---- */

#define T IKEEXT_CERT_ROOT_CONFIG0
static const struct wfp_field root_fields[] = { BLOB(certData), N(flags) };
WFP_TYPE_STATIC(root, root_fields);
#undef T

/* One side of a certificate method: which arm of the union counts is in its type. */
#define ROOTS(side)                                                               \
	N(side##ConfigType),                                                      \
	    N_IS(side##RootArraySize, side##ConfigType,                           \
		IKEEXT_CERT_CONFIG_EXPLICIT_TRUST_LIST),                          \
	    MANY_IS(side##RootArray, side##RootArraySize, root, side##ConfigType, \
		IKEEXT_CERT_CONFIG_EXPLICIT_TRUST_LIST),                          \
	    TO_IS(side##EnterpriseStoreConfig, root, side##ConfigType,            \
		IKEEXT_CERT_CONFIG_ENTERPRISE_STORE),                             \
	    TO_IS(side##TrustedRootStoreConfig, root, side##ConfigType,           \
		IKEEXT_CERT_CONFIG_TRUSTED_ROOT_STORE)

#define T IKEEXT_CERTIFICATE_AUTHENTICATION0
static const struct wfp_field certificate0[] = { ROOTS(inbound), ROOTS(outbound),
	N(flags), ABSENT(4) };
WFP_TYPE_STATIC(cert0, certificate0);
#undef T

#define T IKEEXT_CERTIFICATE_AUTHENTICATION1
static const struct wfp_field certificate1[] = { ROOTS(inbound), ROOTS(outbound),
	N(flags), BLOB(localCertLocationUrl) };
WFP_TYPE_STATIC(cert1, certificate1);
#undef T

#define T IKEEXT_IPV6_CGA_AUTHENTICATION0
static const struct wfp_field cga_fields[] = { STRING(keyContainerName),
	STRING(cspName), N(cspType), BYTES(cgaModifier), N(cgaCollisionCount) };
WFP_TYPE_STATIC(cga, cga_fields);
#undef T

#define T IKEEXT_PRESHARED_KEY_AUTHENTICATION0
static const struct wfp_field psk_fields0[] = { BLOB(presharedKey), ABSENT(4) };
WFP_TYPE_STATIC(psk0, psk_fields0);
#undef T

#define T IKEEXT_PRESHARED_KEY_AUTHENTICATION1
static const struct wfp_field psk_fields1[] = { BLOB(presharedKey), N(flags) };
WFP_TYPE_STATIC(psk1, psk_fields1);
#undef T

#define KIND authenticationMethodType
#define METHODS(psk, cert)                                                          \
	N(KIND),                                                                    \
	    INSIDE_IS(presharedKeyAuthentication, psk, KIND, IKEEXT_PRESHARED_KEY), \
	    INSIDE_IS(certificateAuthentication, cert, KIND, IKEEXT_CERTIFICATE),   \
	    N_IS(kerberosAuthentication.flags, KIND, IKEEXT_KERBEROS),              \
	    INSIDE_IS(sslAuthentication, cert, KIND, IKEEXT_SSL),                   \
	    N_IS(ntlmV2Authentication.flags, KIND, IKEEXT_NTLM_V2),                 \
	    INSIDE_IS(cgaAuthentication, cga, KIND, IKEEXT_IPV6_CGA),               \
	    INSIDE_IF(certificateAuthentication, cert, KIND,                        \
		IKEEXT_CERTIFICATE_ECDSA_P256, IKEEXT_SSL_ECDSA_P384)

#define T IKEEXT_AUTHENTICATION_METHOD0
static const struct wfp_field method0[] = { METHODS(psk0, cert0),
	ABSENT_IS(4, KIND, IKEEXT_EAP) };
WFP_TYPE(wfp_method0, method0);
#undef T

#define T IKEEXT_AUTHENTICATION_METHOD1
static const struct wfp_field method1[] = { METHODS(psk1, cert1),
	N_IS(eapAuthentication.flags, KIND, IKEEXT_EAP) };
WFP_TYPE(wfp_method1, method1);
#undef T

/* ---- policies ---- */

#define T IKEEXT_PROPOSAL0
static const struct wfp_field ike_proposal[] = { N(cipherAlgorithm.algoIdentifier),
	N(cipherAlgorithm.keyLen), N(cipherAlgorithm.rounds),
	N(integrityAlgorithm.algoIdentifier), N(maxLifetimeSeconds), N(dhGroup),
	N(quickModeLimit) };
WFP_TYPE(wfp_ike_proposal, ike_proposal);
#undef T

#define MAIN_MODE(method)                                                    \
	N(softExpirationTime), N(numAuthenticationMethods),                  \
	    MANY(authenticationMethods, numAuthenticationMethods, method),   \
	    N(initiatorImpersonationType), N(numIkeProposals),               \
	    MANY(ikeProposals, numIkeProposals, wfp_ike_proposal), N(flags), \
	    N(maxDynamicFilters)

#define T IKEEXT_POLICY0
static const struct wfp_field policy0[] = { MAIN_MODE(wfp_method0), ABSENT(4) };
WFP_TYPE(wfp_ike_policy0, policy0);
#undef T

#define T IKEEXT_POLICY1
static const struct wfp_field policy1[] = { MAIN_MODE(wfp_method1),
	N(retransmitDurationSecs) };
WFP_TYPE(wfp_ike_policy1, policy1);
#undef T

#define T IKEEXT_EM_POLICY0
static const struct wfp_field em0[] = { N(numAuthenticationMethods),
	MANY(authenticationMethods, numAuthenticationMethods, wfp_method0),
	N(initiatorImpersonationType) };
WFP_TYPE(wfp_em_policy0, em0);
#undef T

#define T IKEEXT_EM_POLICY1
static const struct wfp_field em1[] = { N(numAuthenticationMethods),
	MANY(authenticationMethods, numAuthenticationMethods, wfp_method1),
	N(initiatorImpersonationType) };
WFP_TYPE(wfp_em_policy1, em1);
#undef T

/* ---- SAs ---- */

#define T IPSEC_V4_UDP_ENCAPSULATION0
static const struct wfp_field udp[] = { N(localUdpEncapPort), N(remoteUdpEncapPort) };
WFP_TYPE(wfp_udp_ports, udp);
#undef T

#define T IKEEXT_CERTIFICATE_CREDENTIAL0
static const struct wfp_field cert_credential0[] = { BLOB(subjectName), BLOB(certHash),
	N(flags), ABSENT(4) };
WFP_TYPE_STATIC(cert_name0, cert_credential0);
#undef T

#define T IKEEXT_CERTIFICATE_CREDENTIAL1
static const struct wfp_field cert_credential1[] = { BLOB(subjectName), BLOB(certHash),
	N(flags), BLOB(certificate) };
WFP_TYPE_STATIC(cert_name1, cert_credential1);
#undef T

#define T IKEEXT_NAME_CREDENTIAL0
static const struct wfp_field name_credential[] = { STRING(principalName) };
WFP_TYPE_STATIC(principal, name_credential);
#undef T

#define CREDENTIAL(psk, cert)                                     \
	N(KIND), N(impersonationType),                            \
	    TO_IS(presharedKey, psk, KIND, IKEEXT_PRESHARED_KEY), \
	    TO_IS(certificate, cert, KIND, IKEEXT_CERTIFICATE),   \
	    TO_IS(name, principal, KIND, IKEEXT_KERBEROS),        \
	    TO_IS(certificate, cert, KIND, IKEEXT_SSL),           \
	    TO_IS(name, principal, KIND, IKEEXT_NTLM_V2),         \
	    TO_IF(certificate, cert, KIND, IKEEXT_IPV6_CGA, IKEEXT_SSL_ECDSA_P384)

#define T IKEEXT_CREDENTIAL0
static const struct wfp_field credential_fields0[] = { CREDENTIAL(psk0, cert_name0) };
WFP_TYPE_STATIC(credential0, credential_fields0);
#undef T
#define T IKEEXT_CREDENTIAL1
static const struct wfp_field credential_fields1[] = { CREDENTIAL(psk1, cert_name1) };
WFP_TYPE_STATIC(credential1, credential_fields1);
#undef T

#define T IKEEXT_CREDENTIAL_PAIR0
static const struct wfp_field pair_fields0[] = { INSIDE(localCredentials, credential0),
	INSIDE(peerCredentials, credential0) };
WFP_TYPE_STATIC(pair0, pair_fields0);
#undef T
#define T IKEEXT_CREDENTIAL_PAIR1
static const struct wfp_field pair_fields1[] = { INSIDE(localCredentials, credential1),
	INSIDE(peerCredentials, credential1) };
WFP_TYPE_STATIC(pair1, pair_fields1);
#undef T

#define T IKEEXT_TRAFFIC0
static const struct wfp_field traffic_fields[] = { N(ipVersion),
	N_IS(localV4Address, ipVersion, FWP_IP_VERSION_V4),
	BYTES_IS(localV6Address, ipVersion, FWP_IP_VERSION_V6),
	N_IS(remoteV4Address, ipVersion, FWP_IP_VERSION_V4),
	BYTES_IS(remoteV6Address, ipVersion, FWP_IP_VERSION_V6), N(authIpFilterId) };
WFP_TYPE_STATIC(traffic, traffic_fields);
#undef T

#define IKE_SA(pair)                                                                \
	N(saId), N(keyModuleType), N(ipVersion),                                    \
	    TO_IS(v4UdpEncapsulation, wfp_udp_ports, ipVersion, FWP_IP_VERSION_V4), \
	    INSIDE(ikeTraffic, traffic), INSIDE(ikeProposal, wfp_ike_proposal),     \
	    N(cookiePair.initiator), N(cookiePair.responder),                       \
	    N(ikeCredentials.numCredentials),                                       \
	    MANY(ikeCredentials.credentials, ikeCredentials.numCredentials, pair),  \
	    GUIDS(ikePolicyKey), N(virtualIfTunnelId)

#define T IKEEXT_SA_DETAILS0
static const struct wfp_field sa0[] = { IKE_SA(pair0), ABSENT(4) };
WFP_TYPE(wfp_ikeext_sa0, sa0);
#undef T
#define T IKEEXT_SA_DETAILS1
static const struct wfp_field sa1[] = { IKE_SA(pair1), BLOB(correlationKey) };
WFP_TYPE(wfp_ikeext_sa1, sa1);
#undef T

#define T IKEEXT_SA_ENUM_TEMPLATE0
static const struct wfp_field sa_template[] = { INSIDE(
						    localSubNet, wfp_condition_value),
	INSIDE(remoteSubNet, wfp_condition_value), BLOB(localMainModeCertHash) };
WFP_TYPE(wfp_ikeext_template, sa_template);
#undef T

/* ---- statistics ---- */

#define T IKEEXT_STATISTICS0
static const struct wfp_field statistics0[] = { NUMBERS(ikeStatistics),
	NUMBERS(authipStatistics), ABSENT(sizeof(IKEEXT_KEYMODULE_STATISTICS0)),
	NUMBERS(commonStatistics) };
WFP_TYPE(wfp_ikeext_statistics0, statistics0);
#undef T
#define T IKEEXT_STATISTICS1
static const struct wfp_field statistics1[] = { NUMBERS(ikeStatistics),
	NUMBERS(authipStatistics), NUMBERS(ikeV2Statistics),
	NUMBERS(commonStatistics) };
WFP_TYPE(wfp_ikeext_statistics1, statistics1);
#undef T
