/* Tables: provider contexts. The types that are not here travel without their policy. */
#include "fwpmtypes.h"
#include "winsock/wfp_types.h"

#define T FWPM_CLASSIFY_OPTION0
static const struct wfp_field option_fields[] = { N(type), INSIDE(value, wfp_value) };
WFP_TYPE_STATIC(option, option_fields);
#undef T

#define T FWPM_CLASSIFY_OPTIONS0
static const struct wfp_field options_fields[] = { N(numOptions),
	MANY(options, numOptions, option) };
WFP_TYPE_STATIC(options, options_fields);
#undef T

#define T FWP_BYTE_BLOB
static const struct wfp_field data_fields[] = { { WFP_BLOB, 0, 0, WFP_ALWAYS, 0, 0,
    NULL } };
WFP_TYPE_STATIC(data, data_fields);
#undef T

#define CONTEXT(transport, main_mode)                                                \
	GUIDS(providerContextKey), INSIDE(displayData, wfp_display), N(flags),       \
	    TO(providerKey, wfp_guid), BLOB(providerData), N(type),                  \
	    TO_IS(keyingPolicy, wfp_keying_policy, type, FWPM_IPSEC_KEYING_CONTEXT), \
	    TO_IS(ikeQmTransportPolicy, transport, type,                             \
		FWPM_IPSEC_IKE_QM_TRANSPORT_CONTEXT),                                \
	    TO_IS(authipQmTransportPolicy, transport, type,                          \
		FWPM_IPSEC_AUTHIP_QM_TRANSPORT_CONTEXT),                             \
	    TO_IS(ikeMmPolicy, main_mode, type, FWPM_IPSEC_IKE_MM_CONTEXT),          \
	    TO_IS(authIpMmPolicy, main_mode, type, FWPM_IPSEC_AUTHIP_MM_CONTEXT),    \
	    TO_IS(classifyOptions, options, type, FWPM_CLASSIFY_OPTIONS_CONTEXT),    \
	    TO_IS(dataBuffer, data, type, FWPM_GENERAL_CONTEXT), N(providerContextId)

#define T FWPM_PROVIDER_CONTEXT0
static const struct wfp_field context0[] = { CONTEXT(
    wfp_transport_policy0, wfp_ike_policy0) };
WFP_TYPE(wfp_context0, context0);
#undef T
#define T FWPM_PROVIDER_CONTEXT1
static const struct wfp_field context1[] = { CONTEXT(
    wfp_transport_policy1, wfp_ike_policy1) };
WFP_TYPE(wfp_context1, context1);
#undef T
