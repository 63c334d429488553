/*
 * Clear packets of sockets that allow them. Their socket filter refuses what does not come
 * from the TUN, so that the plane decides: it listens to clear packets, asks whose they
 * are, and puts into the TUN what the flow's history allows.
 */
#include <sys/socket.h>
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdlib.h>

#include "daemon/log.h"
#include "daemon/plane.h"

#define OWNER_TTL_MS 1000

static struct owner_slot *
owner_slot(struct plane *p, const struct flow *f)
{
	uint8_t key[19] = { f->protocol };

	memcpy(key + 1, f->local.addr.b, 16);
	memcpy(key + 17, &f->local.port, 2);
	return &p->owner[plane_hash(p, key, sizeof(key)) % OWNER_SLOTS];
}

static bool
owner_is_for(const struct owner_slot *o, const struct flow *f)
{
	return o->flow.protocol == f->protocol && o->flow.local.port == f->local.port &&
	    address_equal(&o->flow.local.addr, &f->local.addr);
}

static void
owner_clear(struct owner_slot *o)
{
	struct held *h;

	while ((h = STAILQ_FIRST(&o->held)) != NULL) {
		STAILQ_REMOVE_HEAD(&o->held, next);
		free(h);
	}
	o->n_held = 0;
	o->is_pending = false;
}

static void
owner_hold(struct plane *p, struct owner_slot *o, struct span raw)
{
	struct held *h;

	if (o->n_held >= OWNER_HELD || (h = plane_held_new(raw)) == NULL) {
		p->count[PC_HELD_DROPPED]++;
		return;
	}
	STAILQ_INSERT_TAIL(&o->held, h, next);
	o->n_held++;
}

static void
owner_ask(struct plane *p, struct owner_slot *o, const struct flow *f, struct span raw)
{
	struct proto_owner ask = { .flow = *f };

	if (ipc_is_behind(p->negotiator)) { /* strangers can ask for many */
		p->count[PC_HELD_DROPPED]++;
		return;
	}
	owner_clear(o);
	o->flow = *f;
	o->is_pending = true;
	o->until_ms = p->now_ms + OWNER_TTL_MS;
	owner_hold(p, o, raw);
	(void)ipc_send(p->negotiator, PROTO_OWNER_ASK, &ask, sizeof(ask), -1);
}

void
plane_clear_tell(struct plane *p, struct plane_flow *f, enum clear_reason why)
{
	struct proto_flow_clear c;

	if (f->is_told)
		return;
	f->is_told = true;
	if (p->n_told >= TOLD_PER_TICK) { /* strangers can make many */
		p->n_untold++;
		return;
	}
	memset(&c, 0, sizeof(c));
	c.class_id = f->class_id;
	c.why = why;
	c.untold = p->n_untold;
	c.flow = f->flow;
	p->n_told++;
	p->n_untold = 0;
	(void)ipc_send(p->negotiator, PROTO_FLOW_CLEAR, &c, sizeof(c), -1);
}

/* A clear packet for a socket that allows clear text. */
static void
clear_deliver(struct plane *p, struct plane_flow *f, struct span raw)
{
	if (f->was_secured && p->now_ms >= f->secured_ms + f->allow_clear_ms) {
		p->count[PC_IN_CLEAR_REFUSED]++;
		return;
	}
	p->count[PC_IN_CLEAR]++;
	plane_clear_tell(p, f, CLEAR_INBOUND);
	plane_to_tun(p, f->class_id, raw);
}

struct plane_flow *
plane_clear_flow(struct plane *p, const struct flow *f)
{
	struct plane_flow *found = NULL;

	for (size_t i = 0; i < p->n_insecure && found == NULL; i++)
		found = plane_flow_find(p, p->insecure[i], f);
	return found;
}

/* Does the owner of a port take clear packets? */
static bool
owner_allows(const struct plane *p, const struct owner_slot *o)
{
	return o->class_id <= CLASS_MAX && p->class[o->class_id].allow_insecure &&
	    !p->class[o->class_id].is_rule;
}

void
plane_clear_in(struct plane *p, uint8_t *raw, size_t n, bool checksum_missing)
{
	struct packet packet;
	struct owner_slot *o;
	struct plane_flow *f;

	if (packet_parse(span_of(raw, n), false, &packet) != PACKET_GOOD)
		return; /* not ours to judge: most of it belongs to other programs */
	if (checksum_missing)
		packet_fill_checksum(raw, packet.raw.n, &packet);
	if ((f = plane_clear_flow(p, &packet.flow)) != NULL) {
		clear_deliver(p, f, packet.raw);
		return;
	}
	o = owner_slot(p, &packet.flow);
	if (!owner_is_for(o, &packet.flow) || p->now_ms >= o->until_ms)
		owner_ask(p, o, &packet.flow, packet.raw);
	else if (o->is_pending)
		owner_hold(p, o, packet.raw);
	else if (owner_allows(p, o) &&
	    (f = plane_flow_get(p, o->class_id, &packet.flow)) != NULL)
		clear_deliver(p, f, packet.raw);
}

void
plane_clear_owner(struct plane *p, const struct proto_owner *reply)
{
	struct owner_slot *o = owner_slot(p, &reply->flow);
	struct packet packet;
	struct plane_flow *f;
	struct held *h;

	if (!owner_is_for(o, &reply->flow) || !o->is_pending)
		return;
	o->class_id = reply->class_id;
	if (owner_allows(p, o))
		STAILQ_FOREACH (h, &o->held, next)
			if (packet_parse(span_of(h->b, h->n), false, &packet) == PACKET_GOOD &&
			    (f = plane_flow_get(p, o->class_id, &packet.flow)) != NULL)
				clear_deliver(p, f, packet.raw);
	owner_clear(o);
}

void
plane_clear_listen(struct plane *p)
{
	struct sockaddr_ll a = { .sll_family = AF_PACKET };

	p->n_insecure = 0;
	for (uint32_t id = 1; id <= CLASS_MAX; id++)
		if (p->class[id].in_use && p->class[id].allow_insecure && !p->class[id].is_rule)
			p->insecure[p->n_insecure++] = id;
	a.sll_protocol = htons(p->n_insecure > 0 ? ETH_P_ALL : ETH_P_LOOPBACK);
	if (p->packet_fd >= 0 && bind(p->packet_fd, (struct sockaddr *)&a, sizeof(a)) != 0)
		log_error("plane", "cannot listen to clear packets");
}

void
plane_clear_class(struct plane *p, const struct proto_class *c)
{
	struct plane_class *mine;

	if (c->class_id == 0 || c->class_id > CLASS_MAX)
		return;
	mine = &p->class[c->class_id];
	mine->in_use = c->in_use;
	mine->is_rule = c->is_rule;
	mine->allow_insecure = c->allow_insecure;
	mine->guarantee_encryption = c->guarantee_encryption;
	mine->clear_waits = c->clear_waits;
	plane_clear_listen(p);
}

void
plane_clear_free(struct plane *p)
{
	for (size_t i = 0; i < OWNER_SLOTS; i++)
		owner_clear(&p->owner[i]);
}
