/*
 * Conditions of templates. A value, a subnet and a range are all intervals of numbers with
 * 16 bytes, the highest byte first.
 */
#include "daemon/wfp_socket.h"

#include <string.h>

#define FLAGS_KNOWN 0x1fu

struct interval {
	uint8_t low[16];
	uint8_t high[16];
};

/* ---- values as intervals ---- */

static void
put_number(uint8_t out[16], uint64_t v)
{
	memset(out, 0, 16);
	for (int i = 0; i < 8; i++)
		out[15 - i] = (uint8_t)(v >> 8 * i);
}

/* False: the value is no number, or not there. */
static bool
single_value(FWP_DATA_TYPE type, const FWP_VALUE0 *v, uint8_t out[16])
{
	switch ((uint32_t)type) {
	case FWP_UINT8:
		put_number(out, v->uint8);
		return true;
	case FWP_UINT16:
		put_number(out, v->uint16);
		return true;
	case FWP_UINT32:
		put_number(out, v->uint32);
		return true;
	case FWP_UINT64:
		if (v->uint64 == NULL)
			return false;
		put_number(out, *v->uint64);
		return true;
	case FWP_BYTE_ARRAY16_TYPE:
		if (v->byteArray16 == NULL)
			return false;
		memcpy(out, v->byteArray16->byteArray16, 16);
		return true;
	default:
		return false;
	}
}

static uint32_t
v4_interval(const FWP_V4_ADDR_AND_MASK *m, struct interval *out)
{
	if (m == NULL)
		return FWP_E_NULL_POINTER;
	if ((~m->mask & (~m->mask + 1)) != 0)
		return FWP_E_INVALID_NET_MASK;
	put_number(out->low, m->addr & m->mask);
	put_number(out->high, m->addr | ~m->mask);
	return 0;
}

static uint32_t
v6_interval(const FWP_V6_ADDR_AND_MASK *m, struct interval *out)
{
	if (m == NULL)
		return FWP_E_NULL_POINTER;
	if (m->prefixLength > 128)
		return FWP_E_INVALID_NET_MASK;
	for (int i = 0; i < 16; i++) {
		int bits = m->prefixLength - 8 * i;
		uint8_t mask = bits >= 8 ? 0xff :
			       bits <= 0 ? 0 :
					   (uint8_t)(0xff << (8 - bits));

		out->low[i] = m->addr[i] & mask;
		out->high[i] = m->addr[i] | (uint8_t)~mask;
	}
	return 0;
}

static uint32_t
range_interval(const FWP_RANGE0 *r, struct interval *out)
{
	if (r == NULL)
		return FWP_E_NULL_POINTER;
	if (r->valueLow.type != r->valueHigh.type ||
	    !single_value(r->valueLow.type, &r->valueLow, out->low) ||
	    !single_value(r->valueHigh.type, &r->valueHigh, out->high))
		return FWP_E_TYPE_MISMATCH;
	return memcmp(out->low, out->high, 16) > 0 ? FWP_E_INVALID_RANGE : 0;
}

static uint32_t
value_interval(const FWP_CONDITION_VALUE0 *v, struct interval *out)
{
	FWP_VALUE0 single;
	_Static_assert(sizeof(single) == sizeof(*v), "values have one layout");

	switch ((uint32_t)v->type) {
	case FWP_V4_ADDR_MASK:
		return v4_interval(v->v4AddrMask, out);
	case FWP_V6_ADDR_MASK:
		return v6_interval(v->v6AddrMask, out);
	case FWP_RANGE_TYPE:
		return range_interval(v->rangeValue, out);
	default: /* The arms that a single value has are in both unions. */
		memcpy(&single, v, sizeof(single));
		if (!single_value(v->type, &single, out->low))
			return FWP_E_TYPE_MISMATCH;
		memcpy(out->high, out->low, 16);
		return 0;
	}
}

/* ---- fields ---- */

#define VALUE_OF(t) (1u << (t))
#define SUBNET_V4 (1u << 30)
#define SUBNET_V6 (1u << 31)
#define ANY_VALUE 0u /* not compared: our filters have no such condition */

struct field {
	const GUID *key;
	uint32_t v4; /* values that it may have in layers of IPv4 */
	uint32_t v6;
	bool is_address; /* the layers of IKEEXT have only these */
};

static const struct field fields[] = {
	{ &FWPM_CONDITION_IP_LOCAL_ADDRESS, VALUE_OF(FWP_UINT32) | SUBNET_V4,
	    VALUE_OF(FWP_BYTE_ARRAY16_TYPE) | SUBNET_V6, true },
	{ &FWPM_CONDITION_IP_REMOTE_ADDRESS, VALUE_OF(FWP_UINT32) | SUBNET_V4,
	    VALUE_OF(FWP_BYTE_ARRAY16_TYPE) | SUBNET_V6, true },
	{ &FWPM_CONDITION_IP_LOCAL_PORT, VALUE_OF(FWP_UINT16), VALUE_OF(FWP_UINT16),
	    false },
	{ &FWPM_CONDITION_IP_REMOTE_PORT, VALUE_OF(FWP_UINT16), VALUE_OF(FWP_UINT16),
	    false },
	{ &FWPM_CONDITION_IP_PROTOCOL, VALUE_OF(FWP_UINT8), VALUE_OF(FWP_UINT8),
	    false },
	{ &FWPM_CONDITION_IP_LOCAL_ADDRESS_TYPE, VALUE_OF(FWP_UINT8),
	    VALUE_OF(FWP_UINT8), false },
	{ &FWPM_CONDITION_IP_LOCAL_INTERFACE, ANY_VALUE, ANY_VALUE, false },
	{ &FWPM_CONDITION_FLAGS, ANY_VALUE, ANY_VALUE, false },
	{ &FWPM_CONDITION_ALE_APP_ID, ANY_VALUE, ANY_VALUE, false },
	{ &FWPM_CONDITION_ALE_USER_ID, ANY_VALUE, ANY_VALUE, false },
	{ &FWPM_CONDITION_ALE_REMOTE_USER_ID, ANY_VALUE, ANY_VALUE, false },
	{ &FWPM_CONDITION_ALE_REMOTE_MACHINE_ID, ANY_VALUE, ANY_VALUE, false },
};

static bool
guid_equal(const GUID *a, const GUID *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static const struct field *
field_find(const GUID *key)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (guid_equal(fields[i].key, key))
			return &fields[i];
	return NULL;
}

/* The kind of a value, or of the ends of a range. */
static uint32_t
value_kind(const FWP_CONDITION_VALUE0 *v)
{
	uint32_t type = v->type;

	if (type == FWP_V4_ADDR_MASK)
		return SUBNET_V4;
	if (type == FWP_V6_ADDR_MASK)
		return SUBNET_V6;
	if (type == FWP_RANGE_TYPE && v->rangeValue != NULL)
		type = v->rangeValue->valueLow.type;
	return type < 30 ? VALUE_OF(type) : 0;
}

/* ---- layers ---- */

struct layer {
	const GUID *key[2]; /* IPv4, IPv6 */
	bool is_ikeext;
};

static const struct layer layers[] = {
	{ { &FWPM_LAYER_OUTBOUND_TRANSPORT_V4, &FWPM_LAYER_OUTBOUND_TRANSPORT_V6 },
	    false },
	{ { &FWPM_LAYER_INBOUND_TRANSPORT_V4, &FWPM_LAYER_INBOUND_TRANSPORT_V6 },
	    false },
	{ { &FWPM_LAYER_ALE_AUTH_CONNECT_V4, &FWPM_LAYER_ALE_AUTH_CONNECT_V6 }, false },
	{ { &FWPM_LAYER_ALE_AUTH_RECV_ACCEPT_V4, &FWPM_LAYER_ALE_AUTH_RECV_ACCEPT_V6 },
	    false },
	{ { &FWPM_LAYER_IPSEC_V4, &FWPM_LAYER_IPSEC_V6 }, false },
	{ { &FWPM_LAYER_IKEEXT_V4, &FWPM_LAYER_IKEEXT_V6 }, true },
};

static bool
layer_find(const GUID *key, bool *v6, bool *is_ikeext)
{
	for (size_t i = 0; i < sizeof(layers) / sizeof(layers[0]); i++)
		for (int family = 0; family < 2; family++)
			if (guid_equal(layers[i].key[family], key)) {
				*v6 = family == 1;
				*is_ikeext = layers[i].is_ikeext;
				return true;
			}
	return false;
}

/* ---- templates ---- */

static uint32_t
check_condition(const FWPM_FILTER_CONDITION0 *c, bool v6, bool is_ikeext)
{
	const struct field *f = field_find(&c->fieldKey);
	struct interval unused;
	uint32_t allowed;

	if (f == NULL || (is_ikeext && !f->is_address))
		return FWP_E_CONDITION_NOT_FOUND;
	if ((allowed = v6 ? f->v6 : f->v4) == ANY_VALUE)
		return 0;
	if (c->matchType != FWP_MATCH_EQUAL && c->matchType != FWP_MATCH_RANGE)
		return FWP_E_MATCH_TYPE_MISMATCH;
	if ((value_kind(&c->conditionValue) & allowed) == 0)
		return FWP_E_TYPE_MISMATCH;
	return value_interval(&c->conditionValue, &unused);
}

static uint32_t
check_conditions(const FWPM_FILTER_ENUM_TEMPLATE0 *t, bool v6, bool is_ikeext)
{
	uint32_t error = 0;

	if (t->numFilterConditions > 0 && t->filterCondition == NULL)
		return FWP_E_NULL_POINTER;
	for (uint32_t i = 0; error == 0 && i < t->numFilterConditions; i++) {
		for (uint32_t k = 0; k < i; k++)
			if (guid_equal(&t->filterCondition[i].fieldKey,
				&t->filterCondition[k].fieldKey))
				return FWP_E_DUPLICATE_CONDITION;
		error = check_condition(&t->filterCondition[i], v6, is_ikeext);
	}
	return error;
}

uint32_t
wfp_match_check(const FWPM_FILTER_ENUM_TEMPLATE0 *t)
{
	bool v6, is_ikeext;

	if (!layer_find(&t->layerKey, &v6, &is_ikeext))
		return FWP_E_LAYER_NOT_FOUND;
	if ((uint32_t)t->enumType > FWP_FILTER_ENUM_OVERLAPPING)
		return FWP_E_INVALID_ENUMERATOR;
	if ((t->flags & ~FLAGS_KNOWN) != 0)
		return FWP_E_INVALID_FLAGS;
	if (t->actionMask == 0)
		return FWP_E_NEVER_MATCH;
	if (t->actionMask == FWP_ACTION_FLAG_CALLOUT && t->calloutKey == NULL)
		return FWP_E_NULL_POINTER;
	/* More than there are fields: some come twice. */
	if (t->numFilterConditions > sizeof(fields) / sizeof(fields[0]))
		return FWP_E_DUPLICATE_CONDITION;
	return check_conditions(t, v6, is_ikeext);
}

/* Is the filter's condition satisfied by all (or by some) of what the template allows? */
static bool
condition_fits(const FWPM_FILTER_ENUM_TEMPLATE0 *t, const FWPM_FILTER_CONDITION0 *c)
{
	bool overlapping = t->enumType == FWP_FILTER_ENUM_OVERLAPPING;
	struct interval asked, has;

	for (uint32_t i = 0; i < t->numFilterConditions; i++) {
		const FWPM_FILTER_CONDITION0 *a = &t->filterCondition[i];

		if (!guid_equal(&a->fieldKey, &c->fieldKey))
			continue;
		if (value_interval(&a->conditionValue, &asked) != 0 ||
		    value_interval(&c->conditionValue, &has) != 0)
			return false;
		if (overlapping)
			return memcmp(asked.low, has.high, 16) <= 0 &&
			       memcmp(asked.high, has.low, 16) >= 0;
		return memcmp(asked.low, has.low, 16) >= 0 &&
		       memcmp(asked.high, has.high, 16) <= 0;
	}
	return overlapping;
}

static bool
context_fits(const FWPM_PROVIDER_CONTEXT_ENUM_TEMPLATE0 *t, const FWPM_FILTER0 *f)
{
	bool is_mm = guid_equal(&f->layerKey, &FWPM_LAYER_IKEEXT_V4) ||
		     guid_equal(&f->layerKey, &FWPM_LAYER_IKEEXT_V6);

	if ((f->flags & FWPM_FILTER_FLAG_HAS_PROVIDER_CONTEXT) == 0)
		return false;
	return t->providerContextType ==
	       (is_mm ? FWPM_IPSEC_AUTHIP_MM_CONTEXT :
			FWPM_IPSEC_AUTHIP_QM_TRANSPORT_CONTEXT);
}

bool
wfp_match_filter(const FWPM_FILTER_ENUM_TEMPLATE0 *t, const FWPM_FILTER0 *f)
{
	if (!guid_equal(&t->layerKey, &f->layerKey) ||
	    (t->actionMask != 0xffffffff && (t->actionMask & f->action.type) == 0) ||
	    (t->providerKey != NULL && !guid_equal(t->providerKey, f->providerKey)) ||
	    (t->calloutKey != NULL &&
		!guid_equal(t->calloutKey, &f->action.calloutKey)) ||
	    (t->providerContextTemplate != NULL &&
		!context_fits(t->providerContextTemplate, f)))
		return false;
	for (uint32_t i = 0; i < f->numFilterConditions; i++)
		if (!condition_fits(t, &f->filterCondition[i]))
			return false;
	return true;
}

/* ---- subnets ---- */

uint32_t
wfp_match_subnet_check(const FWP_CONDITION_VALUE0 *v)
{
	struct interval unused;

	return v->type == FWP_EMPTY ? 0 : value_interval(v, &unused);
}

bool
wfp_match_address(const FWP_CONDITION_VALUE0 *v, const struct address *a)
{
	uint32_t kind = value_kind(v);
	bool v6 = (kind & (SUBNET_V6 | VALUE_OF(FWP_BYTE_ARRAY16_TYPE))) != 0;
	uint8_t number[16];
	struct interval i;

	if (v->type == FWP_EMPTY)
		return true;
	if (v6 != (a->family == 6) || value_interval(v, &i) != 0)
		return false;
	if (v6)
		memcpy(number, a->b, 16);
	else
		put_number(number, wfp_v4(a));
	return memcmp(number, i.low, 16) >= 0 && memcmp(number, i.high, 16) <= 0;
}
