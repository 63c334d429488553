/*
 * Who a peer must prove to be, as one text: [optional:][raw:]NAME. NAME is a service principal
 * ("host/server.example"), a DNS name, or with "=" in it the subject of a certificate.
 *
 *	optional:	another peer is told in the log, and taken
 *	raw:		NAME is compared as it is, and not taken apart
 */
#ifndef AUTHIPD_CONFIG_TARGET_H
#define AUTHIPD_CONFIG_TARGET_H

#include <stdbool.h>
#include <stddef.h>

struct target {
	const char *name; /* within the text; empty: anybody who is trusted */
	bool is_optional;
	bool is_raw;
};

struct target target_read(const char *text);
/* False: it does not fit. An empty name gives an empty text. */
bool target_write(const struct target *t, char *out, size_t cap);
/* A peer without this name is refused. */
bool target_is_demanded(const char *text);

#endif
