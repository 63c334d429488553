/* From the TUN to the network: sealed, held, or refused; never in clear by accident. */
#include "config.h"

#include "daemon/plane.h"

#define HOLD_DOWN_MS 1000
#define CLEAR_HOLD_DOWN_MS 30000 /* allow-insecure: spec secure-sockets 6.5 */

static void
seal_and_send(struct plane *p, struct pair *s, struct span raw)
{
	size_t n;
	int r;

	if (s->seq_out == UINT32_MAX || esp_seal(s->out, s->seq_out + 1, raw.p, raw.n,
					    p->out, sizeof(p->out), &n) != ESP_OK) {
		p->count[PC_BAD_PACKET]++;
		return;
	}
	s->seq_out++;
	/* What was sealed has used up bytes and a number of the key, sent or not. */
	plane_sa_used(p, s, raw.n, false);
	if (s->nat.local.port != 0)
		r = plane_nat_send(p, s, span_of(p->out, n));
	else
		r = plane_send_fitting(p, raw, span_of(p->out, n));
	if (r == 0)
		p->count[PC_OUT_SEALED]++;
	plane_send_result(p, s->class_id, raw, PACKET_ROOM_BYTES, r);
}

void
plane_clear_out(struct plane *p, uint32_t class_id, struct span raw)
{
	int r = plane_send_fitting(p, raw, raw);

	if (r == 0)
		p->count[PC_OUT_CLEAR]++;
	plane_send_result(p, class_id, raw, 0, r);
}

static bool
may_be_clear(const struct plane *p, const struct plane_flow *f)
{
	return p->class[f->class_id].allow_insecure && !f->was_secured;
}

bool
plane_out_acquire(struct plane *p, struct plane_flow *f)
{
	struct proto_acquire a = { f->class_id, f->flow, f->starts, may_be_clear(p, f) };

	if (ipc_is_behind(p->negotiator))
		return false;
	f->state = FLOW_WAITING;
	(void)ipc_send(p->negotiator,
	    f->guarantees_encryption ? PROTO_ACQUIRE_ENCRYPTED : PROTO_ACQUIRE, &a,
	    sizeof(a), -1);
	return true;
}

/* A packet of a flow that may be clear. */
static void
flow_send_clear(struct plane *p, struct plane_flow *f, struct span raw)
{
	plane_clear_tell(p, f,
	    f->state == FLOW_CLEAR  ? CLEAR_PEER_NAT :
	    f->state == FLOW_FAILED ? CLEAR_FAILED :
	    f->fell_back	    ? CLEAR_NO_ANSWER :
				      CLEAR_NEGOTIATING);
	plane_clear_out(p, f->class_id, raw);
}

/* What waited is clear text now. */
static void
flow_release_clear(struct plane *p, struct plane_flow *f)
{
	struct held *h;

	f->fell_back = true;
	STAILQ_FOREACH (h, &f->held, next)
		flow_send_clear(p, f, span_of(h->b, h->n));
	plane_hold_drop(p, f);
}

/* Without negotiation discovery clear text is not the first choice, but the last. */
static bool
clear_waits(const struct plane *p, const struct plane_flow *f)
{
	return p->class[f->class_id].clear_waits && f->state == FLOW_WAITING && !f->fell_back;
}

/*
 * A peer with a boundary policy behind a NAT: what was not secured yet stays in clear,
 * as MS-IKEE 3.7.4.1 has it. What comes from the peer protected secures the flow.
 */
static bool
stays_clear(const struct plane *p, const struct plane_flow *f, const struct pair *s)
{
	return s->nat.local.port != 0 && s->peer_boundary && may_be_clear(p, f);
}

/* Nobody negotiates for what would be dropped here meanwhile. */
static bool
out_ask(struct plane *p, struct plane_flow *f, size_t bytes)
{
	bool waits = !may_be_clear(p, f) ||
		     (p->class[f->class_id].clear_waits && !f->fell_back);

	return (!waits || plane_hold_has_room(p, f, bytes)) && plane_out_acquire(p, f);
}

/* No SA yet. */
static void
out_unsecured(struct plane *p, struct plane_flow *f, struct span raw)
{
	bool failed = f->state == FLOW_FAILED && p->now_ms < f->retry_ms;

	if (f->state != FLOW_WAITING && f->state != FLOW_CLEAR && !failed &&
	    !out_ask(p, f, raw.n)) {
		p->count[PC_HELD_DROPPED]++;
		return;
	}
	if (may_be_clear(p, f) && !clear_waits(p, f)) {
		flow_send_clear(p, f, raw);
	} else if (failed) {
		p->count[PC_REFUSED]++;
		plane_tell_sender(p, f->class_id, raw, 0);
	} else {
		plane_hold(p, f, raw);
	}
}

static void
flow_use(struct plane *p, struct plane_flow *f, struct pair *s)
{
	plane_flow_set_pair(f, s);
	f->state = FLOW_NEW;
	f->guarantees_encryption |= s->guarantees_encryption;
	plane_flow_secure(p, f, s);
}

void
plane_out_use(struct plane *p, struct plane_flow *f, struct pair *s)
{
	struct held *h;

	flow_use(p, f, s);
	STAILQ_FOREACH (h, &f->held, next)
		seal_and_send(p, s, span_of(h->b, h->n));
	plane_hold_drop(p, f);
}

/* Finds the flow of a packet (NULL: no memory) and the pair that it is sent by (NULL: none). */
static struct pair *
out_choose(struct plane *p, uint32_t class_id, const struct packet *packet,
    struct plane_flow **flow)
{
	struct plane_flow *f = plane_flow_get(p, class_id, &packet->flow);
	struct pair *s;

	if ((*flow = f) == NULL)
		return NULL;
	if (f->state == FLOW_NEW && f->pair == NULL)
		f->starts = packet->starts;
	s = f->pair != NULL ? plane_sa_newest(f->pair) : NULL;
	if (s != NULL && !plane_sa_may_send(s, f))
		s = NULL;
	if (s == NULL || s->is_expired)
		s = plane_sa_for_known(p, f);
	if (s != NULL && packet->wants_answer && plane_sa_is_silent(p, s, f))
		s = NULL;
	if (s == NULL || stays_clear(p, f, s)) {
		f->state = s != NULL		  ? FLOW_CLEAR :
			   f->state == FLOW_CLEAR ? FLOW_NEW :
						    f->state;
		plane_flow_set_pair(f, NULL);
		return NULL;
	}
	if (f->pair != s)
		plane_out_use(p, f, s);
	return s;
}

void
plane_out_packet(struct plane *p, uint32_t class_id, struct span raw)
{
	struct plane_flow *f;
	struct packet packet;
	struct pair *s;

	switch (packet_parse(raw, true, &packet)) {
	case PACKET_GOOD:
		break;
	case PACKET_FRAGMENT:
		plane_frag_out(p, class_id, packet.raw);
		return;
	case PACKET_OTHER: /* the kernel's own, such as IPv6 multicast listener reports */
		return;
	default:
		p->count[PC_BAD_PACKET]++;
		return;
	}
	s = out_choose(p, class_id, &packet, &f);
	if (s != NULL)
		seal_and_send(p, s, packet.raw);
	else if (f != NULL)
		out_unsecured(p, f, packet.raw);
}

/* ---- super-packets ---- */

static struct span
cut(struct plane *p, const struct cutter *c, size_t i)
{
	return span_of(p->segment, cutter_write(c, i, p->segment));
}

/* Seals segments from `from` on; how many, 0: s can seal no more. */
static size_t
burst_seal(struct plane *p, struct pair *s, const struct cutter *c, size_t from)
{
	size_t i = 0, n;

	while (i < BURST_PACKETS && from + i < c->n_segments && !s->is_expired &&
	       s->seq_out != UINT32_MAX) {
		struct span raw = cut(p, c, from + i);

		if (esp_seal(s->out, s->seq_out + 1, raw.p, raw.n, p->burst.b[i],
			sizeof(p->burst.b[i]), &n) != ESP_OK)
			break;
		s->seq_out++;
		plane_sa_used(p, s, raw.n, false);
		p->burst.wire[i] = span_of(p->burst.b[i], n);
		i++;
	}
	return i;
}

static void
burst_send(
    struct plane *p, struct pair *s, const struct cutter *c, size_t from, size_t n)
{
	size_t i = 0;

	while (i < n) {
		size_t sent = plane_send_many(p, p->burst.wire + i, n - i);

		p->count[PC_OUT_SEALED] += sent;
		if ((i += sent) < n) {
			struct span raw = cut(p, c, from + i);
			int r = plane_send_fitting(p, raw, p->burst.wire[i++]);

			p->count[PC_OUT_SEALED] += r == 0;
			plane_send_result(p, s->class_id, raw, PACKET_ROOM_BYTES, r);
		}
	}
}

void
plane_out_super(struct plane *p, uint32_t class_id, const struct cutter *c)
{
	struct plane_flow *f;
	struct packet packet;
	struct pair *s;
	size_t i = 0, n;

	if (packet_parse(c->raw, true, &packet) != PACKET_GOOD) {
		p->count[PC_BAD_PACKET]++;
		return;
	}
	s = out_choose(p, class_id, &packet, &f);
	/* One system call for many; what that cannot do goes the way of other packets. */
	if (s != NULL && s->nat.local.port == 0)
		for (; (n = burst_seal(p, s, c, i)) > 0; i += n)
			burst_send(p, s, c, i, n);
	for (; i < c->n_segments; i++)
		plane_out_packet(p, class_id, cut(p, c, i));
}

/* ---- the negotiation is over ---- */

static void
flow_failed(struct plane *p, struct plane_flow *f)
{
	struct held *h;

	f->state = FLOW_FAILED;
	f->retry_ms =
	    p->now_ms + (may_be_clear(p, f) ? CLEAR_HOLD_DOWN_MS : HOLD_DOWN_MS);
	if (may_be_clear(p, f))
		flow_release_clear(p, f);
	STAILQ_FOREACH (h, &f->held, next) {
		p->count[PC_REFUSED]++;
		plane_tell_sender(p, f->class_id, span_of(h->b, h->n), 0);
	}
	plane_hold_drop(p, f);
}

void
plane_out_done(struct plane *p, const struct proto_acquire_done *d)
{
	struct plane_flow *f = plane_flow_find(p, d->class_id, &d->flow);
	struct pair *s;

	if (f == NULL || f->state != FLOW_WAITING)
		return;
	s = d->error == IKE_OK ? plane_sa_for_known(p, f) : NULL;
	if (s != NULL && stays_clear(p, f, s)) {
		f->state = FLOW_CLEAR;
		flow_release_clear(p, f);
	} else if (s != NULL)
		plane_out_use(p, f, s);
	else
		flow_failed(p, f);
}

static void
clear_now(struct plane *p, const struct proto_clear_now *c)
{
	struct plane_flow *f;

	if (c->class_id == 0 || c->class_id > CLASS_MAX ||
	    !p->class[c->class_id].clear_waits || c->flow.local.port == 0)
		f = plane_flow_find(p, c->class_id, &c->flow);
	else
		f = plane_flow_get(p, c->class_id, &c->flow);
	if (f == NULL || (f->state != FLOW_WAITING && f->state != FLOW_NEW) ||
	    !may_be_clear(p, f))
		return;
	if (c->failed)
		flow_failed(p, f);
	else
		flow_release_clear(p, f);
}

void
plane_out_clear_now(struct plane *p, const struct proto_clear_now *c)
{
	struct proto_clear_done done = { c->ask };

	clear_now(p, c);
	if (c->ask != 0)
		(void)ipc_send(p->negotiator, PROTO_CLEAR_DONE, &done, sizeof(done), -1);
}

void
plane_out_ask_again(struct plane *p)
{
	struct plane_flow *f;

	for (int secured = 0; secured < 2; secured++)
		TAILQ_FOREACH (f, &p->flow_age[secured], by_age)
			if (f->state == FLOW_WAITING && !plane_out_acquire(p, f)) {
				f->state = FLOW_NEW;
				plane_hold_drop(p, f);
			}
}
