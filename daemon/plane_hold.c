/*
 * The packets that wait for a negotiation. Users share the room for them: one of them has at most
 * as much as is left for the others.
 */
#include <stdlib.h>

#include "daemon/plane.h"

#define UNIT_BYTES 2048
#define UNASKED_UNITS 256 /* while so many wait, nobody asks for whom */

static size_t
units(size_t bytes)
{
	return 1 + bytes / UNIT_BYTES;
}

struct held *
plane_held_new(struct span packet)
{
	struct held *h = malloc(sizeof(*h) + packet.n);

	if (h != NULL) {
		h->n = packet.n;
		memcpy(h->b, packet.p, packet.n);
	}
	return h;
}

static void
drop_oldest(struct plane *p, struct plane_flow *f)
{
	struct held *h = STAILQ_FIRST(&f->held);

	STAILQ_REMOVE_HEAD(&f->held, next);
	f->n_held--;
	p->n_held--;
	f->held_units -= units(h->n);
	p->held_units -= units(h->n);
	if (f->has_owner)
		user_load_sub(&p->held_by, f->owner, units(h->n));
	free(h);
}

static bool
find_owner(struct plane *p, struct plane_flow *f)
{
	f->owner = user_load_owner(&f->flow);
	f->has_owner = user_load_add(&p->held_by, f->owner, f->held_units);
	return f->has_owner;
}

bool
plane_hold_has_room(struct plane *p, struct plane_flow *f, size_t bytes)
{
	size_t room = PLANE_HELD_UNITS - p->held_units;

	if (units(bytes) > room)
		return false;
	if (p->held_units < UNASKED_UNITS)
		return true;
	return (f->has_owner || find_owner(p, f)) &&
	       user_load_of(&p->held_by, f->owner) + units(bytes) <= room;
}

/* False: no memory. */
static bool
hold(struct plane *p, struct plane_flow *f, struct span packet)
{
	struct held *h = plane_held_new(packet);

	if (h == NULL || (f->has_owner &&
			     !user_load_add(&p->held_by, f->owner, units(packet.n)))) {
		free(h);
		return false;
	}
	STAILQ_INSERT_TAIL(&f->held, h, next);
	f->n_held++;
	p->n_held++;
	f->held_units += units(packet.n);
	p->held_units += units(packet.n);
	return true;
}

void
plane_hold(struct plane *p, struct plane_flow *f, struct span packet)
{
	p->count[PC_HELD]++;
	if (f->n_held > 0 && f->n_held >= p->config->limits.held_packets_per_flow) {
		drop_oldest(p, f);
		p->count[PC_HELD_DROPPED]++;
	}
	if (!plane_hold_has_room(p, f, packet.n) || !hold(p, f, packet))
		p->count[PC_HELD_DROPPED]++;
}

void
plane_hold_drop(struct plane *p, struct plane_flow *f)
{
	while (!STAILQ_EMPTY(&f->held))
		drop_oldest(p, f);
	f->has_owner = false; /* the port may be somebody else's by the next packet */
}
