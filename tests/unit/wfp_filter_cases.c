/* Filters of secured sockets: which there are, and which a template finds. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/socket_table.h"
#include "tests/unit/wfp_rig.h"

static HANDLE engine;
static int server, client;
static uint16_t server_port, client_port;
static FWPM_FILTER_CONDITION0 condition[8];
static FWPM_FILTER_ENUM_TEMPLATE0 t;

static void
secure(int fd, uint8_t family, uint8_t protocol, uint32_t class_id, uint32_t uid)
{
	struct secured_socket r = { .cookie = socket_cookie(fd),
		.class_id = class_id,
		.uid = uid,
		.family = family,
		.protocol = protocol };

	ck_assert_uint_ne(socket_table_add(rig.n.sockets, &r), 0);
}

static void
put(int i, const GUID *field, FWP_DATA_TYPE type, UINT32 value)
{
	condition[i] = (FWPM_FILTER_CONDITION0){ .fieldKey = *field };
	condition[i].conditionValue.type = type;
	if (type == FWP_UINT8)
		condition[i].conditionValue.uint8 = (UINT8)value;
	else if (type == FWP_UINT16)
		condition[i].conditionValue.uint16 = (UINT16)value;
	else
		condition[i].conditionValue.uint32 = value;
}

/* The 5-tuple of the client; addresses are numbers in host order. */
static void
five_tuple(void)
{
	put(0, &FWPM_CONDITION_IP_LOCAL_ADDRESS, FWP_UINT32, 0x7f000001);
	put(1, &FWPM_CONDITION_IP_REMOTE_ADDRESS, FWP_UINT32, 0x7f000001);
	put(2, &FWPM_CONDITION_IP_LOCAL_PORT, FWP_UINT16, client_port);
	put(3, &FWPM_CONDITION_IP_REMOTE_PORT, FWP_UINT16, server_port);
	put(4, &FWPM_CONDITION_IP_PROTOCOL, FWP_UINT8, 17);
	put(5, &FWPM_CONDITION_IP_LOCAL_ADDRESS_TYPE, FWP_UINT8, 1);
	t = (FWPM_FILTER_ENUM_TEMPLATE0){
		.layerKey = FWPM_LAYER_OUTBOUND_TRANSPORT_V4,
		.numFilterConditions = 6,
		.filterCondition = condition,
		.actionMask = 0xffffffff,
	};
}

/* A UDP server that is not connected, and a client that is. */
static void
setup(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET };

	wfp_setup();
	server = bound_socket(4, SOCK_DGRAM, "127.0.0.1", &server_port);
	client = bound_socket(4, SOCK_DGRAM, "127.0.0.1", &client_port);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a.sin_port = htons(server_port);
	ck_assert_int_eq(connect(client, (struct sockaddr *)&a, sizeof(a)), 0);
	secure(server, 4, 17, CLASS_DEFAULT, getuid());
	secure(client, 4, 17, CLASS_ENCRYPT, getuid());
	engine = wfp_open(0);
	five_tuple();
}

static void
teardown(void)
{
	FwpmEngineClose0(engine);
	close(server);
	close(client);
	wfp_teardown();
}

static DWORD
enumerate(const FWPM_FILTER_ENUM_TEMPLATE0 *template, FWPM_FILTER0 ***list, UINT32 *n)
{
	HANDLE e;
	DWORD error = FwpmFilterCreateEnumHandle0(engine, template, &e);

	*n = 0;
	*list = NULL;
	if (error != 0)
		return error;
	ck_assert_uint_eq(FwpmFilterEnum0(engine, e, 0xffffffff, list, n), 0);
	return FwpmFilterDestroyEnumHandle0(engine, e);
}

static UINT32
count(const FWPM_FILTER_ENUM_TEMPLATE0 *template)
{
	FWPM_FILTER0 **list;
	UINT32 n;

	ck_assert_uint_eq(enumerate(template, &list, &n), 0);
	FwpmFreeMemory0((void **)&list);
	return n;
}

static DWORD
error_of(void)
{
	FWPM_FILTER0 **list;
	DWORD error;
	UINT32 n;

	error = enumerate(&t, &list, &n);
	FwpmFreeMemory0((void **)&list);
	return error;
}

START_TEST(filters_of_a_client)
{
	FWPM_FILTER0 **list, *one;
	const FWPM_FILTER0 *f;
	UINT32 n;

	ck_assert_uint_eq(enumerate(&t, &list, &n), 0);
	ck_assert_uint_eq(n, 1);
	f = list[0];
	ck_assert_mem_eq(&f->subLayerKey, &FWPM_SUBLAYER_SECURE_SOCKET, sizeof(GUID));
	ck_assert_mem_eq(f->providerKey, &FWPM_PROVIDER_IKEEXT, sizeof(GUID));
	ck_assert_uint_eq(f->action.type, FWP_ACTION_CALLOUT_TERMINATING);
	ck_assert_mem_eq(&f->action.calloutKey,
	    &FWPM_CALLOUT_IPSEC_OUTBOUND_TRANSPORT_V4, sizeof(GUID));
	ck_assert_uint_eq(f->numFilterConditions, 6);
	ck_assert_uint_eq(f->filterCondition[0].conditionValue.uint32, 0x7f000001);
	ck_assert_uint_eq(FwpmFilterGetById0(engine, f->filterId, &one), 0);
	ck_assert_mem_eq(&one->filterKey, &f->filterKey, sizeof(GUID));
	FwpmFreeMemory0((void **)&one);
	ck_assert_uint_eq(FwpmFilterGetByKey0(engine, &f->filterKey, &one), 0);
	ck_assert_uint_eq(one->filterId, f->filterId);
	FwpmFreeMemory0((void **)&one);
	FwpmFreeMemory0((void **)&list);
	ck_assert_uint_eq(FwpmFilterGetById0(engine, 1, &one), FWP_E_FILTER_NOT_FOUND);
	ck_assert_uint_eq(
	    FwpmFilterGetByKey0(engine, &GUID_NULL, &one), FWP_E_FILTER_NOT_FOUND);
}
END_TEST

START_TEST(contexts_of_layers)
{
	FWPM_FILTER0 **list;
	UINT32 n;

	t.layerKey = FWPM_LAYER_ALE_AUTH_CONNECT_V4;
	ck_assert_uint_eq(enumerate(&t, &list, &n), 0);
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(list[0]->rawContext,
	    FWPM_CONTEXT_ALE_SET_CONNECTION_REQUIRE_IPSEC_SECURITY |
		FWPM_CONTEXT_ALE_SET_CONNECTION_REQUIRE_IPSEC_ENCRYPTION);
	FwpmFreeMemory0((void **)&list);
	t.layerKey = FWPM_LAYER_IPSEC_V4;
	ck_assert_uint_eq(enumerate(&t, &list, &n), 0);
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(list[0]->flags, FWPM_FILTER_FLAG_HAS_PROVIDER_CONTEXT);
	ck_assert_mem_eq(&list[0]->providerContextKey,
	    &FWPM_PROVIDER_CONTEXT_SECURE_SOCKET_IPSEC, sizeof(GUID));
	FwpmFreeMemory0((void **)&list);
	/* no template: all layers of both sockets */
	ck_assert_uint_eq(count(NULL), 12);
}
END_TEST

/* A field that the template does not mention is not contained, but overlaps. */
START_TEST(fully_contained_or_overlapping)
{
	t.numFilterConditions = 5;
	ck_assert_uint_eq(count(&t), 0);
	t.enumType = FWP_FILTER_ENUM_OVERLAPPING;
	ck_assert_uint_eq(count(&t), 1);
	t.numFilterConditions = 0;
	ck_assert_uint_eq(count(&t), 2);
	five_tuple();
	condition[3].conditionValue.uint16++;
	ck_assert_uint_eq(count(&t), 0);
	t.enumType = FWP_FILTER_ENUM_OVERLAPPING;
	ck_assert_uint_eq(count(&t), 0);
	/* what the filter does not have does no harm */
	five_tuple();
	put(6, &FWPM_CONDITION_FLAGS, FWP_UINT32, 1);
	t.numFilterConditions = 7;
	ck_assert_uint_eq(count(&t), 1);
}
END_TEST

START_TEST(best_match)
{
	FWPM_FILTER0 **list;
	UINT32 n;

	t.enumType = FWP_FILTER_ENUM_OVERLAPPING;
	t.numFilterConditions = 0;
	t.flags = FWP_FILTER_ENUM_FLAG_SORTED;
	ck_assert_uint_eq(enumerate(&t, &list, &n), 0);
	ck_assert_uint_eq(n, 2);
	ck_assert_uint_ge(
	    *list[0]->effectiveWeight.uint64, *list[1]->effectiveWeight.uint64);
	ck_assert_uint_eq(list[0]->numFilterConditions, 6); /* more are heavier */
	ck_assert_uint_eq(list[1]->numFilterConditions, 4);
	FwpmFreeMemory0((void **)&list);
	t.flags = FWP_FILTER_ENUM_FLAG_BEST_TERMINATING_MATCH;
	ck_assert_uint_eq(enumerate(&t, &list, &n), 0);
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(list[0]->numFilterConditions, 6);
	FwpmFreeMemory0((void **)&list);
}
END_TEST

START_TEST(subnets_and_ranges)
{
	FWP_V4_ADDR_AND_MASK net = { 0x7f000000, 0xff000000 };
	FWP_RANGE0 range = { { .type = FWP_UINT16, .uint16 = client_port },
		{ .type = FWP_UINT16, .uint16 = client_port } };

	t.enumType = FWP_FILTER_ENUM_OVERLAPPING;
	condition[0].conditionValue.type = FWP_V4_ADDR_MASK;
	condition[0].conditionValue.v4AddrMask = &net;
	condition[2].conditionValue.type = FWP_RANGE_TYPE;
	condition[2].conditionValue.rangeValue = &range;
	condition[2].matchType = FWP_MATCH_RANGE;
	ck_assert_uint_eq(count(&t), 1);
	t.enumType = FWP_FILTER_ENUM_FULLY_CONTAINED;
	ck_assert_uint_eq(
	    count(&t), 0); /* the net is larger than the filter's address */
	t.enumType = FWP_FILTER_ENUM_OVERLAPPING;
	net.addr = 0x80000000;
	ck_assert_uint_eq(count(&t), 0);
	net.mask = 0xff00ff00;
	ck_assert_uint_eq(error_of(), FWP_E_INVALID_NET_MASK);
	net.mask = 0xffffffff;
	range.valueLow.uint16 = 65535;
	range.valueHigh.uint16 = 1;
	ck_assert_uint_eq(error_of(), FWP_E_INVALID_RANGE);
	range.valueHigh.type = FWP_UINT8;
	ck_assert_uint_eq(error_of(), FWP_E_TYPE_MISMATCH);
}
END_TEST

START_TEST(action_and_callout)
{
	GUID callout = FWPM_CALLOUT_IPSEC_OUTBOUND_TRANSPORT_V4, provider = GUID_NULL;

	t.actionMask = FWP_ACTION_FLAG_CALLOUT;
	t.calloutKey = &callout;
	ck_assert_uint_eq(count(&t), 1);
	callout.Data1++;
	ck_assert_uint_eq(count(&t), 0);
	t.calloutKey = NULL;
	t.actionMask = FWP_ACTION_FLAG_NON_TERMINATING;
	ck_assert_uint_eq(count(&t), 0);
	t.actionMask = 0xffffffff;
	t.providerKey = &provider;
	ck_assert_uint_eq(count(&t), 0);
	provider = FWPM_PROVIDER_IKEEXT;
	ck_assert_uint_eq(count(&t), 1);
}
END_TEST

/* E(what is changed, error) */
#define ERRORS(E)                                                             \
	E(t.layerKey.Data1 ^= 1, FWP_E_LAYER_NOT_FOUND)                       \
	E(t.enumType = 2, FWP_E_INVALID_ENUMERATOR)                           \
	E(t.flags = 0x20, FWP_E_INVALID_FLAGS)                                \
	E(t.actionMask = 0, FWP_E_NEVER_MATCH)                                \
	E(t.actionMask = FWP_ACTION_FLAG_CALLOUT, FWP_E_NULL_POINTER)         \
	E(t.filterCondition = NULL, FWP_E_NULL_POINTER)                       \
	E(condition[1] = condition[0], FWP_E_DUPLICATE_CONDITION)             \
	E(condition[1].fieldKey.Data1 ^= 1, FWP_E_CONDITION_NOT_FOUND)        \
	E(t.layerKey = FWPM_LAYER_IKEEXT_V4, FWP_E_CONDITION_NOT_FOUND)       \
	E(condition[2].conditionValue.type = FWP_UINT32, FWP_E_TYPE_MISMATCH) \
	E(condition[0].conditionValue.type = FWP_UINT16, FWP_E_TYPE_MISMATCH) \
	E(t.layerKey = FWPM_LAYER_OUTBOUND_TRANSPORT_V6, FWP_E_TYPE_MISMATCH) \
	E(condition[2].matchType = FWP_MATCH_GREATER, FWP_E_MATCH_TYPE_MISMATCH)

START_TEST(errors_of_templates)
{
#define E(change, error) \
	five_tuple();    \
	change;          \
	ck_assert_msg(error_of() == (error), "%s is not %s", #change, #error);
	ERRORS(E)
#undef E
}
END_TEST

static DWORD
filters_of_nobody(void)
{
	engine = wfp_open(0);
	return count(NULL);
}

START_TEST(filters_of_others)
{
	int own = bound_socket(4, SOCK_DGRAM, "127.0.0.1", &(uint16_t){ 0 });

	ck_assert_uint_eq(wfp_as_user(NOBODY, filters_of_nobody), 0);
	secure(own, 4, 17, CLASS_INSECURE, NOBODY);
	/* without those that would demand protection */
	ck_assert_uint_eq(wfp_as_user(NOBODY, filters_of_nobody), 4);
	ck_assert_uint_eq(count(NULL), 12 + 4);
	close(own);
}
END_TEST

START_TEST(filters_of_ipv6)
{
	uint16_t port = 0;
	int six = bound_socket(6, SOCK_DGRAM, "::1", &port);
	FWP_BYTE_ARRAY16 address = { { 0 } };

	address.byteArray16[15] = 1;
	secure(six, 6, 17, CLASS_DEFAULT, getuid());
	t.layerKey = FWPM_LAYER_OUTBOUND_TRANSPORT_V6;
	condition[0].conditionValue.type = condition[1].conditionValue.type =
	    FWP_BYTE_ARRAY16_TYPE;
	condition[0].conditionValue.byteArray16 = &address;
	condition[1].conditionValue.byteArray16 = &address;
	condition[2].conditionValue.uint16 = port;
	ck_assert_uint_eq(count(&t), 1);
	address.byteArray16[0] = 1;
	ck_assert_uint_eq(count(&t), 0);
	close(six);
}
END_TEST

void
wfp_filter_tests(Suite *s)
{
	TCase *tc = tcase_create("filters");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, filters_of_a_client);
	tcase_add_test(tc, contexts_of_layers);
	tcase_add_test(tc, fully_contained_or_overlapping);
	tcase_add_test(tc, best_match);
	tcase_add_test(tc, subnets_and_ranges);
	tcase_add_test(tc, action_and_callout);
	tcase_add_test(tc, errors_of_templates);
	if (is_root())
		tcase_add_test(tc, filters_of_others);
	tcase_add_test(tc, filters_of_ipv6);
	suite_add_tcase(s, tc);
}
