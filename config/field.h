/* Options that are one text or one number, described by tables (internal to config/). */
#ifndef AUTHIPD_CONFIG_FIELD_H
#define AUTHIPD_CONFIG_FIELD_H

#include "config/tree.h"

enum field_kind {
	FIELD_TEXT,   /* char array */
	FIELD_UINT16, /* uint16_t */
	FIELD_UINT32, /* uint32_t */
	FIELD_BOOL,   /* uint32_t: 0 or 1 */
};

struct field {
	const char *name;
	enum field_kind kind;
	size_t offset;	    /* in the struct that holds it */
	uint32_t low, high; /* numbers: range; texts: fewest and most characters */
};

#define FIELD_TEXT_OF(name, type, member, low)                 \
	{                                                      \
		name, FIELD_TEXT, offsetof(type, member), low, \
		    sizeof(((type *)0)->member) - 1            \
	}

/* Reads the fields that are written in the section into base; others keep their value. */
int fields_read(cfg_t *section, const struct field *field, size_t n, void *base,
    struct config_error *err);

#endif
