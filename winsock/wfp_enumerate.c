/* Enumerations. Their handle is a number of the daemon, and what it enumerates. */
#include <endian.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "winsock/wfp_engine.h"

#define OBJECT_BITS 3

/* The objects of all pages so far, each after its length. */
struct pages {
	uint8_t *p;
	size_t n;
	UINT32 count;
};

static HANDLE
handle_of(UINT64 id, UINT32 object)
{
	return (HANDLE)(uintptr_t)(id << OBJECT_BITS | object);
}

/* 0: the handle is of something else. */
static UINT64
id_of(HANDLE h, UINT32 object)
{
	uintptr_t v = (uintptr_t)h;

	return (v & ((1u << OBJECT_BITS) - 1)) == object ? v >> OBJECT_BITS : 0;
}

DWORD
wfp_engine_enum_open(HANDLE engine, UINT32 object, const struct wfp_type *type,
    const void *enum_template, HANDLE *out)
{
	struct aip_api_engine r = { .object = object };
	struct wfp_engine_answer a;
	DWORD error;

	if (out == NULL)
		return FWP_E_NULL_POINTER;
	*out = NULL;
	error = wfp_engine_ask(
	    engine, AIP_API_ENGINE_ENUM_OPEN, &r, type, enum_template, &a);
	if (error != 0)
		return error;
	*out = handle_of(a.id, object);
	free(a.whole);
	return 0;
}

static DWORD
pages_add(struct pages *pages, const struct wfp_engine_answer *a)
{
	uint8_t *p = realloc(pages->p, pages->n + a->n + 1);

	if (p == NULL)
		return ERROR_NOT_ENOUGH_MEMORY;
	memcpy(p + pages->n, a->objects, a->n);
	pages->p = p;
	pages->n += a->n;
	pages->count += a->count;
	return 0;
}

static DWORD
pages_fetch(HANDLE engine, UINT64 id, UINT32 wanted, struct pages *pages)
{
	struct aip_api_engine r = { .id = id };
	struct wfp_engine_answer a;
	bool more = true;
	DWORD error = 0;

	while (error == 0 && more && pages->count < wanted) {
		r.count = wanted - pages->count;
		error = wfp_engine_ask(
		    engine, AIP_API_ENGINE_ENUM_NEXT, &r, NULL, NULL, &a);
		if (error != 0)
			break;
		more = a.id != 0 && a.count > 0;
		error =
		    a.count <= r.count ? pages_add(pages, &a) : FWP_E_SESSION_ABORTED;
		free(a.whole);
	}
	return error;
}

/* The next object; NULL: there is none, or it is cut. */
static const uint8_t *
next_object(const struct pages *pages, size_t *at, size_t *n)
{
	const uint8_t *p = pages->p + *at;
	uint32_t length;

	if (pages->n - *at < sizeof(length))
		return NULL;
	memcpy(&length, p, sizeof(length));
	*n = le32toh(length);
	if (pages->n - *at - sizeof(length) < *n)
		return NULL;
	*at += sizeof(length) + *n;
	return p + sizeof(length);
}

/* How much memory the list and its entries take; 0: they are not what they should be. */
static size_t
entries_size(const struct pages *pages, const struct wfp_type *type)
{
	size_t size = pages->count * sizeof(void *), at = 0, n, one;
	const uint8_t *p;

	for (UINT32 i = 0; i < pages->count; i++) {
		p = next_object(pages, &at, &n);
		if (p == NULL || (one = wfp_decoded_size(type, p, n)) == 0)
			return 0;
		size += one;
	}
	return at == pages->n ? size : 0;
}

/* One block: the list, and behind it the entries. */
static DWORD
entries_make(const struct pages *pages, const struct wfp_type *type, void ***entries)
{
	size_t size = entries_size(pages, type), at = 0, n = 0, used;
	uint8_t *block;

	if (size == 0)
		return FWP_E_SESSION_ABORTED;
	if ((block = malloc(size)) == NULL)
		return ERROR_NOT_ENOUGH_MEMORY;
	*entries = (void **)(void *)block;
	used = pages->count * sizeof(void *);
	for (UINT32 i = 0; i < pages->count; i++) {
		const uint8_t *p = next_object(pages, &at, &n);

		(*entries)[i] = block + used;
		wfp_decode_into(type, p, n, block + used);
		used += wfp_decoded_size(type, p, n);
	}
	return 0;
}

DWORD
wfp_engine_enum(HANDLE engine, HANDLE enumeration, UINT32 object,
    const struct wfp_type *type, UINT32 wanted, void ***entries, UINT32 *returned)
{
	UINT64 id = id_of(enumeration, object);
	struct pages pages = { 0 };
	DWORD error;

	if (entries == NULL || returned == NULL)
		return FWP_E_NULL_POINTER;
	*entries = NULL;
	*returned = 0;
	error =
	    id != 0 ? pages_fetch(engine, id, wanted, &pages) : ERROR_INVALID_HANDLE;
	if (error == 0 && pages.count > 0)
		error = entries_make(&pages, type, entries);
	if (error == 0)
		*returned = pages.count;
	free(pages.p);
	return error;
}

DWORD
wfp_engine_enum_close(HANDLE engine, HANDLE enumeration, UINT32 object)
{
	struct aip_api_engine r = { .id = id_of(enumeration, object) };

	if (r.id == 0)
		return ERROR_INVALID_HANDLE;
	return wfp_engine_ask(engine, AIP_API_ENGINE_ENUM_CLOSE, &r, NULL, NULL, NULL);
}
