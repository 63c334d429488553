/* The tables of the structures that travel between libfwpuclnt and the daemon. */
#ifndef AUTHIPD_WINSOCK_WFP_TYPES_H
#define AUTHIPD_WINSOCK_WFP_TYPES_H

#include "winsock/wfp_codec.h"

/* wfp_types_value.c */
extern const struct wfp_type wfp_display, wfp_guid, wfp_value, wfp_condition_value,
    wfp_condition, wfp_filter, wfp_filter_template, wfp_session_type, wfp_context_template;
/* wfp_types_ike.c; the last digit is the version of the Windows structure */
extern const struct wfp_type wfp_method0, wfp_method1, wfp_ike_proposal, wfp_ike_policy0,
    wfp_ike_policy1, wfp_em_policy0, wfp_em_policy1, wfp_udp_ports, wfp_ikeext_sa0,
    wfp_ikeext_sa1, wfp_ikeext_template, wfp_ikeext_statistics0, wfp_ikeext_statistics1;
/* wfp_types_ipsec.c */
extern const struct wfp_type wfp_keying_policy, wfp_transport_policy0, wfp_transport_policy1;
/* wfp_types_sa.c */
extern const struct wfp_type wfp_sa_details0, wfp_sa_details1, wfp_sa_context0,
    wfp_sa_context1, wfp_sa_template, wfp_sa_context_template, wfp_ipsec_statistics0,
    wfp_ipsec_statistics1;
/* wfp_types_context.c */
extern const struct wfp_type wfp_context0, wfp_context1;

/* ---- to write them: T is the structure ------------------------------------------------- */

#define WFP_SIZE(f) sizeof(((T *)0)->f)
#define N(f) { WFP_NUMBER, offsetof(T, f), WFP_SIZE(f), WFP_ALWAYS, 0, 0, NULL }
#define N_IF(f, guard, low, high) \
	{ WFP_NUMBER, offsetof(T, f), WFP_SIZE(f), offsetof(T, guard), low, high, NULL }
#define N_IS(f, guard, v) N_IF(f, guard, v, v)
#define BYTES_IS(f, guard, v) \
	{ WFP_BYTES, offsetof(T, f), WFP_SIZE(f), offsetof(T, guard), v, v, NULL }
#define BYTES(f) { WFP_BYTES, offsetof(T, f), WFP_SIZE(f), WFP_ALWAYS, 0, 0, NULL }
#define NUMBERS(f) { WFP_NUMBERS, offsetof(T, f), WFP_SIZE(f) / 4, WFP_ALWAYS, 0, 0, NULL }
#define LONGS(f) { WFP_LONGS, offsetof(T, f), WFP_SIZE(f) / 8, WFP_ALWAYS, 0, 0, NULL }
#define GUIDS(f) { WFP_GUID, offsetof(T, f), 0, WFP_ALWAYS, 0, 0, NULL }
#define STRING(f) { WFP_STRING, offsetof(T, f), 0, WFP_ALWAYS, 0, 0, NULL }
#define BLOB(f) { WFP_BLOB, offsetof(T, f), 0, WFP_ALWAYS, 0, 0, NULL }
#define INSIDE(f, type) { WFP_STRUCT, offsetof(T, f), 0, WFP_ALWAYS, 0, 0, &(type) }
#define INSIDE_IF(f, type, guard, low, high) \
	{ WFP_STRUCT, offsetof(T, f), 0, offsetof(T, guard), low, high, &(type) }
#define INSIDE_IS(f, type, guard, v) INSIDE_IF(f, type, guard, v, v)
#define TO(f, type) { WFP_POINTER, offsetof(T, f), 0, WFP_ALWAYS, 0, 0, &(type) }
#define TO_IF(f, type, guard, low, high) \
	{ WFP_POINTER, offsetof(T, f), 0, offsetof(T, guard), low, high, &(type) }
#define TO_IS(f, type, guard, v) TO_IF(f, type, guard, v, v)
#define MANY(f, count, type) \
	{ WFP_ARRAY, offsetof(T, f), offsetof(T, count), WFP_ALWAYS, 0, 0, &(type) }
#define MANY_IS(f, count, type, guard, v) \
	{ WFP_ARRAY, offsetof(T, f), offsetof(T, count), offsetof(T, guard), v, v, &(type) }
#define ABSENT(n) { WFP_ABSENT, 0, n, WFP_ALWAYS, 0, 0, NULL }
#define ABSENT_IS(n, guard, v) { WFP_ABSENT, 0, n, offsetof(T, guard), v, v, NULL }

#define WFP_TYPE(name, fields) \
	const struct wfp_type name = { sizeof(T), sizeof(fields) / sizeof((fields)[0]), fields }
#define WFP_TYPE_STATIC(name, fields) static WFP_TYPE(name, fields)

#endif
