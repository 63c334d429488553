/* A set of message IDs that only grows, in as little memory as it needs. */
#ifndef AUTHIPD_IKE_ID_SET_H
#define AUTHIPD_IKE_ID_SET_H

#include <stdbool.h>
#include <stdint.h>

#define ID_SET_MAX 32768 /* 128 kB */

/* All zero: empty. */
struct id_set {
	uint32_t *id; /* owned; in ascending order: no choice of IDs makes it slow */
	uint32_t n;
	uint32_t cap;
};

bool id_set_has(const struct id_set *s, uint32_t id);
/* False: it is full, or there is no memory. */
bool id_set_add(struct id_set *s, uint32_t id);
void id_set_free(struct id_set *s);

#endif
