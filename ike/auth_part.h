/*
 * Parts of the tokens between engine and auth for IKEv1 (struct action_auth): kind, length
 * in two bytes, that many bytes. Both ends use this, and neither trusts the other.
 */
#ifndef AUTHIPD_IKE_AUTH_PART_H
#define AUTHIPD_IKE_AUTH_PART_H

#include "ike/cursor.h"
#include "ike/engine.h"

/* At most so many in a token. */
#define AUTH_PARTS_MAX 64

struct auth_part {
	uint8_t kind;	  /* enum auth_part_kind */
	struct span data; /* borrows the token */
};

struct auth_part_list {
	struct auth_part part[AUTH_PARTS_MAX];
	size_t n;
};

/* Fails (sticky) when data is too long for a part. */
void auth_part_write(struct writer *w, enum auth_part_kind kind, struct span data);
/* False: not a whole number of parts with known kinds, or too many. */
bool auth_parts_read(struct span token, struct auth_part_list *out);
/* The index-th part of a kind; NULL: there are fewer. */
const struct auth_part *auth_part_find(
    const struct auth_part_list *list, enum auth_part_kind kind, size_t index);
/* Its data, or empty. */
struct span auth_part_data(const struct auth_part_list *list, enum auth_part_kind kind);
const char *auth_part_name(unsigned kind);

#endif
