/* Tables: values, conditions, filters, sessions. */
#include "fwpmtypes.h"
#include "winsock/wfp_types.h"

#define T GUID
static const struct wfp_field guid[] = { { WFP_GUID, 0, 0, WFP_ALWAYS, 0, 0, NULL } };
WFP_TYPE(wfp_guid, guid);
#undef T

#define T FWPM_DISPLAY_DATA0
static const struct wfp_field display[] = { STRING(name), STRING(description) };
WFP_TYPE(wfp_display, display);
#undef T

#define T UINT64
static const struct wfp_field eight[] = { { WFP_NUMBER, 0, 8, WFP_ALWAYS, 0, 0,
    NULL } };
WFP_TYPE_STATIC(number64, eight);
#undef T

#define T FWP_BYTE_ARRAY16
static const struct wfp_field array16[] = { BYTES(byteArray16) };
WFP_TYPE_STATIC(bytes16, array16);
#undef T

#define T FWP_BYTE_BLOB
static const struct wfp_field whole_blob[] = { { WFP_BLOB, 0, 0, WFP_ALWAYS, 0, 0,
    NULL } };
WFP_TYPE_STATIC(blob, whole_blob);
#undef T

#define T FWP_V4_ADDR_AND_MASK
static const struct wfp_field v4[] = { N(addr), N(mask) };
WFP_TYPE_STATIC(v4_mask, v4);
#undef T

#define T FWP_V6_ADDR_AND_MASK
static const struct wfp_field v6[] = { BYTES(addr), N(prefixLength) };
WFP_TYPE_STATIC(v6_mask, v6);
#undef T

/* Of the other types (security identifiers and descriptors, text) only the type travels. */
#define SINGLE_VALUES                                                                  \
	N(type), N_IS(uint8, type, FWP_UINT8), N_IS(uint16, type, FWP_UINT16),         \
	    N_IS(uint32, type, FWP_UINT32), TO_IS(uint64, number64, type, FWP_UINT64), \
	    N_IS(int8, type, FWP_INT8), N_IS(int16, type, FWP_INT16),                  \
	    N_IS(int32, type, FWP_INT32), TO_IS(int64, number64, type, FWP_INT64),     \
	    N_IS(float32, type, FWP_FLOAT),                                            \
	    TO_IS(double64, number64, type, FWP_DOUBLE),                               \
	    TO_IS(byteArray16, bytes16, type, FWP_BYTE_ARRAY16_TYPE),                  \
	    TO_IS(byteBlob, blob, type, FWP_BYTE_BLOB_TYPE)

#define T FWP_VALUE0
static const struct wfp_field value[] = { SINGLE_VALUES };
WFP_TYPE(wfp_value, value);
#undef T

#define T FWP_RANGE0
static const struct wfp_field range_fields[] = { INSIDE(valueLow, wfp_value),
	INSIDE(valueHigh, wfp_value) };
WFP_TYPE_STATIC(range, range_fields);
#undef T

#define T FWP_CONDITION_VALUE0
static const struct wfp_field condition_value[] = { SINGLE_VALUES,
	TO_IS(v4AddrMask, v4_mask, type, FWP_V4_ADDR_MASK),
	TO_IS(v6AddrMask, v6_mask, type, FWP_V6_ADDR_MASK),
	TO_IS(rangeValue, range, type, FWP_RANGE_TYPE) };
WFP_TYPE(wfp_condition_value, condition_value);
#undef T

#define T FWPM_FILTER_CONDITION0
static const struct wfp_field condition[] = { GUIDS(fieldKey), N(matchType),
	INSIDE(conditionValue, wfp_condition_value) };
WFP_TYPE(wfp_condition, condition);
#undef T

#define T FWPM_FILTER0
static const struct wfp_field filter[] = { GUIDS(filterKey),
	INSIDE(displayData, wfp_display), N(flags), TO(providerKey, wfp_guid),
	BLOB(providerData), GUIDS(layerKey), GUIDS(subLayerKey),
	INSIDE(weight, wfp_value), N(numFilterConditions),
	MANY(filterCondition, numFilterConditions, wfp_condition), N(action.type),
	GUIDS(action.calloutKey), GUIDS(providerContextKey), N(filterId),
	INSIDE(effectiveWeight, wfp_value) };
WFP_TYPE(wfp_filter, filter);
#undef T

#define T FWPM_PROVIDER_CONTEXT_ENUM_TEMPLATE0
static const struct wfp_field context_template[] = { TO(providerKey, wfp_guid),
	N(providerContextType) };
WFP_TYPE(wfp_context_template, context_template);
#undef T

#define T FWPM_FILTER_ENUM_TEMPLATE0
static const struct wfp_field filter_template[] = { TO(providerKey, wfp_guid),
	GUIDS(layerKey), N(enumType), N(flags),
	TO(providerContextTemplate, wfp_context_template), N(numFilterConditions),
	MANY(filterCondition, numFilterConditions, wfp_condition), N(actionMask),
	TO(calloutKey, wfp_guid) };
WFP_TYPE(wfp_filter_template, filter_template);
#undef T

/* The daemon knows by itself who the caller is. */
#define T FWPM_SESSION0
static const struct wfp_field session[] = { GUIDS(sessionKey),
	INSIDE(displayData, wfp_display), N(flags), N(txnWaitTimeoutInMSec) };
WFP_TYPE(wfp_session_type, session);
#undef T
