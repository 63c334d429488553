/* From the network to the TUN: opened, checked, delivered. */
#include <string.h>

#include "daemon/plane.h"

/* The addresses of a protected packet must be those that were negotiated. */
static bool
outer_matches(struct span raw, const struct flow *selector)
{
	bool v4 = raw.p[0] >> 4 == 4;
	const uint8_t *src = raw.p + (v4 ? 12 : 8), *dst = raw.p + (v4 ? 16 : 24);
	size_t n = v4 ? 4 : 16;

	return selector->remote.addr.family == (v4 ? 4 : 6) &&
	    memcmp(selector->remote.addr.b, src, n) == 0 &&
	    memcmp(selector->local.addr.b, dst, n) == 0;
}

/*
 * Two hosts behind one NAT look the same here: the second one that uses the same ports
 * must not get the answers to the first, nor go on where it stopped (RFC 3948 5.2).
 */
static bool
in_conflicts(const struct pair *s, const struct plane_flow *f)
{
	return f != NULL && !plane_sa_is_of(s, f);
}

/*
 * The peer may answer a flow of a socket that allows clear text by the SA of another class
 * whose selector covers it, too: that socket takes what is protected, by whatever.
 */
static struct plane_flow *
in_is_for_insecure(struct plane *p, const struct pair *s, const struct flow *flow)
{
	struct plane_flow *f;

	if (p->n_insecure == 0 || p->class[s->class_id].allow_insecure ||
	    plane_flow_find(p, s->class_id, flow) != NULL ||
	    (f = plane_clear_flow(p, flow)) == NULL)
		return NULL;
	plane_flow_secure(p, f, s);
	return f;
}

/* inner lies in p->out. */
static void
in_opened(struct plane *p, struct pair *s, struct span inner)
{
	struct plane_flow *f;
	struct packet packet;
	struct flow flow;

	if (packet_parse(inner, false, &packet) != PACKET_GOOD) {
		p->count[PC_MALFORMED]++;
		return;
	}
	if (!flow_matches(&s->selector, &packet.flow)) {
		p->count[PC_SELECTOR]++;
		return;
	}
	f = plane_flow_find(p, s->class_id, &packet.flow);
	if (in_conflicts(s, f)) {
		p->count[PC_NAT_CONFLICT]++;
		return;
	}
	/* Made for the addresses before the NAT; the ICV has vouched for it (RFC 3948 3.1.2). */
	if (s->nat.local.port != 0)
		packet_fill_checksum(p->out, packet.raw.n, &packet);
	p->count[PC_IN_OPENED]++;
	plane_sa_used(p, s, packet.raw.n, true);
	flow = packet.flow;
	if ((f = in_is_for_insecure(p, s, &flow)) != NULL) {
		plane_to_tun(p, f->class_id, packet.raw);
		return;
	}
	plane_to_tun(p, s->class_id, packet.raw);
	/*
	 * Answers go by the pair that the flow came on. Another one may fit, but belong to
	 * another class of sockets over there, whose device is not that of this flow.
	 */
	s = plane_sa_newest(s);
	f = plane_flow_get(p, s->class_id, &flow);
	if (f != NULL && f->pair != s && plane_sa_may_send(s, f) && s->out != NULL && !s->is_expired)
		plane_out_use(p, f, s);
}

void
plane_in_pair(struct plane *p, struct pair *s, struct span raw, uint32_t seq,
    const struct endpoint *from)
{
	bool is_newest = seq > s->replay.highest;
	enum esp_error err;
	size_t n;

	if (plane_sa_is_over(p, s)) {
		p->count[PC_EXPIRED]++;
		return;
	}
	if (!replay_check(&s->replay, seq)) {
		p->count[PC_REPLAY]++;
		return;
	}
	err = esp_open(s->in, raw.p, raw.n, p->out, sizeof(p->out), &n);
	if (err != ESP_OK && err != ESP_ERR_DUMMY) {
		p->count[err == ESP_ERR_ICV ? PC_ICV : PC_MALFORMED]++;
		return;
	}
	if (!replay_update(&s->replay, seq)) {
		p->count[PC_REPLAY]++;
		return;
	}
	if (from != NULL && is_newest)
		plane_nat_follow(p, s, from);
	if (err == ESP_OK)
		in_opened(p, s, span_of(p->out, n));
}

/*
 * The negotiator told of the SA before it told the peer, but the peer may be faster than our
 * event loop: what waits in the channel comes first.
 */
struct pair *
plane_in_find(struct plane *p, uint8_t protocol, uint32_t spi)
{
	struct pair *s = plane_sa_by_spi(p, protocol, spi);

	if (s == NULL && p->negotiator != NULL) {
		ipc_poll(p->negotiator);
		s = plane_sa_by_spi(p, protocol, spi);
	}
	if (s == NULL)
		p->count[PC_NO_SPI]++;
	return s;
}

void
plane_in_packet(struct plane *p, struct span raw)
{
	uint32_t spi, seq;
	uint8_t protocol;
	struct pair *s;

	if (esp_peek(raw.p, raw.n, &protocol, &spi, &seq) != ESP_OK) {
		p->count[PC_MALFORMED]++;
		return;
	}
	if ((s = plane_in_find(p, protocol, spi)) == NULL)
		return;
	if (!outer_matches(raw, &s->selector) || s->nat.local.port != 0) {
		p->count[PC_WRONG_PEER]++;
		return;
	}
	plane_in_pair(p, s, raw, seq, NULL);
}
