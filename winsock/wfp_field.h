/* The fields of a structure in memory: what encoder and decoder share. */
#ifndef AUTHIPD_WINSOCK_WFP_FIELD_H
#define AUTHIPD_WINSOCK_WFP_FIELD_H

#include <stdbool.h>
#include <string.h>
#include <wchar.h>

#include "winsock/wfp_codec.h"

_Static_assert(sizeof(wchar_t) == 4, "a character has 32 bits");

/* A number of n bytes as this machine has it. */
static inline uint64_t
wfp_field_load(const uint8_t *p, size_t n)
{
	uint16_t v2;
	uint32_t v4;
	uint64_t v8;

	switch (n) {
	case 1:
		return *p;
	case 2:
		memcpy(&v2, p, n);
		return v2;
	case 4:
		memcpy(&v4, p, n);
		return v4;
	default:
		memcpy(&v8, p, n);
		return v8;
	}
}

static inline bool
wfp_field_is_there(const struct wfp_field *f, const uint8_t *structure)
{
	uint64_t v;

	if (f->guard_at == WFP_ALWAYS)
		return true;
	v = wfp_field_load(structure + f->guard_at, 4);
	return v >= f->low && v <= f->high;
}

#endif
