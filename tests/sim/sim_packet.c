/* Packets of the simulated network: their way, their faults, and the NATs on it. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/simnet_parts.h"

static void
packet_add(struct simnet *net, const struct sim_packet *from, uint64_t delay_ms)
{
	/* Only what there is of its bytes: most are small, and the sanitizer keeps them long. */
	struct sim_packet *p = malloc(offsetof(struct sim_packet, b) + from->n);
	struct sim_packet **at = &net->packets;

	p->from = from->from;
	p->to = from->to;
	p->n = from->n;
	p->is_data = from->is_data;
	memcpy(p->b, from->b, from->n);
	p->at_ms = net->now_ms + delay_ms;
	p->order = net->order++;
	while (*at != NULL && (*at)->at_ms <= p->at_ms)
		at = &(*at)->next;
	p->next = *at;
	*at = p;
}

static uint64_t
packet_delay(struct simnet *net)
{
	return SIM_LATENCY_MS +
	       (net->jitter_ms != 0 ? sim_random(net) % net->jitter_ms : 0);
}

/* ---- a NAT in front of a host: one public address, a port for each private endpoint ---- */

struct endpoint
sim_public(const struct simnet *net, size_t host, uint16_t port)
{
	struct endpoint e = { { 4, { 203, 0, net->nat[host].number, (uint8_t)host } },
		port };

	return e;
}

static uint16_t
nat_port_of(struct sim_nat *nat, const struct endpoint *private)
{
	for (uint16_t i = 0; i < nat->n; i++)
		if (endpoint_equal(&nat->map[i], private))
			return (uint16_t)(nat->first + i);
	if (nat->n == SIM_NAT_PORTS)
		abort();
	nat->map[nat->n] = *private;
	return (uint16_t)(nat->first + nat->n++);
}

static bool
nat_forward(const struct sim_nat *nat, size_t host, struct endpoint *to)
{
	if (nat->forwards && (to->port == 500 || to->port == 4500)) {
		*to = sim_endpoint(host, 1, 4, to->port);
		return true;
	}
	if (to->port < nat->first || to->port >= nat->first + nat->n)
		return false;
	*to = nat->map[to->port - nat->first];
	return true;
}

/* False: there is nobody at its destination. */
static bool
packet_translate(struct simnet *net, size_t from_host, struct sim_packet *p)
{
	struct sim_nat *nat = &net->nat[from_host];

	if (nat->first != 0 && !nat->forwards)
		p->from = sim_public(net, from_host, nat_port_of(nat, &p->from));
	else if (nat->first != 0)
		p->from = sim_public(net, from_host, p->from.port);
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		struct endpoint public = sim_public(net, i, p->to.port);

		if (net->nat[i].first != 0 && endpoint_equal(&public, &p->to))
			return nat_forward(&net->nat[i], i, &p->to);
	}
	return p->to.addr.family == 6 || p->to.addr.b[0] == 10;
}

void
sim_nat_begin(struct simnet *net, size_t host, bool forwards)
{
	net->nat[host] =
	    (struct sim_nat){ .first = 20000, .number = 113, .forwards = forwards };
}

void
sim_nat_rebind(struct simnet *net, size_t host, bool new_address)
{
	struct sim_nat *nat = &net->nat[host];

	nat->first = (uint16_t)(nat->first + 1000);
	nat->n = 0;
	nat->number = (uint8_t)(nat->number + new_address);
}

void
sim_packet_send(struct simnet *net, struct sim_host *h, const struct action_send *s)
{
	static struct sim_packet p;
	size_t head_n = s->remote.addr.family == 4 ? 28 : 48;

	if (s->data.n > sizeof(p.b))
		abort();
	p.from = s->local;
	p.to = s->remote;
	p.n = s->data.n;
	p.is_data = false;
	memcpy(p.b, s->data.p, s->data.n);
	h->bytes_sent += p.n;
	h->n_sent++;
	for (size_t i = 0; i < p.n; i++)
		net->trace = (net->trace ^ p.b[i]) * 0x100000001b3u;
	if (net->tap != NULL && !net->tap(net->tap_ctx, h->index, p.b, &p.n))
		return;
	if (!packet_translate(net, h->index, &p))
		return;
	if (net->mtu != 0 && p.n + head_n > net->mtu)
		return;
	if (net->loss_pct != 0 && sim_random(net) % 100 < net->loss_pct)
		return;
	packet_add(net, &p, packet_delay(net));
	if (net->dup_pct != 0 && sim_random(net) % 100 < net->dup_pct)
		packet_add(net, &p, packet_delay(net) + 1);
}

void
sim_data_send(struct simnet *net, size_t from_host, struct span data)
{
	static struct sim_packet p;

	p.to = sim_endpoint(1 - from_host, 1, 4, 0);
	p.is_data = true;
	p.n = data.n;
	memcpy(p.b, data.p, data.n);
	packet_add(net, &p, packet_delay(net));
	if (net->dup_pct != 0 && sim_random(net) % 100 < net->dup_pct)
		packet_add(net, &p, packet_delay(net) + 1);
}

void
sim_packet_deliver(struct simnet *net)
{
	struct sim_packet *p = net->packets;
	size_t host = p->to.addr.b[1] % SIM_HOSTS;

	net->packets = p->next;
	if (p->is_data)
		net->data(net->data_ctx, host, p->b, p->n);
	else
		engine_input(net->host[host].engine, sim_clock(net, host), &p->to, &p->from,
		    span_of(p->b, p->n));
	free(p);
}

void
sim_packet_free(struct simnet *net)
{
	struct sim_packet *p;

	while ((p = net->packets) != NULL) {
		net->packets = p->next;
		free(p);
	}
}
