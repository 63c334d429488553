/*
 * An open engine: a connection to the daemon, and what every function of fwpmu.h does with
 * it. Results are blocks of memory for FwpmFreeMemory0.
 */
#ifndef AUTHIPD_WINSOCK_WFP_ENGINE_H
#define AUTHIPD_WINSOCK_WFP_ENGINE_H

#include "fwpmu.h"
#include "winsock/wfp_types.h"
#include "winsock/wire.h"

/* What the daemon said. */
struct wfp_engine_answer {
	UINT32 count;
	UINT64 id;
	uint8_t *whole; /* owned; the objects are in it */
	const uint8_t *objects;
	size_t n;
};

/*
 * Asks. type and value: the structure behind the request, or NULL. All fields of *r are in
 * host order. a: NULL, or freed by the caller if this returns 0.
 */
DWORD wfp_engine_ask(HANDLE engine, uint16_t verb, const struct aip_api_engine *r,
    const struct wfp_type *type, const void *value, struct wfp_engine_answer *a);
/* The one object of GET or STATISTICS, in a block of its own. */
DWORD wfp_engine_get(HANDLE engine, uint16_t verb, const struct aip_api_engine *r,
    const struct wfp_type *type, void **out);
DWORD wfp_engine_get_by_id(
    HANDLE engine, UINT32 object, UINT64 id, const struct wfp_type *type, void **out);
DWORD wfp_engine_get_by_key(HANDLE engine, UINT32 object, const GUID *key,
    const struct wfp_type *type, void **out);
DWORD wfp_engine_delete_by_id(HANDLE engine, UINT32 object, UINT64 id);
DWORD wfp_engine_delete_by_key(HANDLE engine, UINT32 object, const GUID *key);
/* A structure without pointers, straight into *out. */
DWORD wfp_engine_statistics(
    HANDLE engine, UINT32 object, const struct wfp_type *type, void *out);

/* wfp_enumerate.c */
DWORD wfp_engine_enum_open(HANDLE engine, UINT32 object, const struct wfp_type *type,
    const void *enum_template, HANDLE *out);
DWORD wfp_engine_enum(HANDLE engine, HANDLE enumeration, UINT32 object,
    const struct wfp_type *type, UINT32 wanted, void ***entries, UINT32 *returned);
DWORD wfp_engine_enum_close(HANDLE engine, HANDLE enumeration, UINT32 object);

#endif
