/* The simulated network. */
#include "tests/sim/simnet.h"

#include <stdlib.h>
#include <string.h>

#include "tests/sim/simnet_parts.h"

/* splitmix64: reproducible, and good enough for cookies in a test. */
static uint64_t
sim_next(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

uint64_t
sim_random(struct simnet *net)
{
	return sim_next(&net->rng);
}

uint64_t
sim_clock(const struct simnet *net, size_t host)
{
	return net->now_ms + (uint64_t)net->host[host].clock_ms;
}

static void
host_random(void *ctx, uint8_t *p, size_t n)
{
	struct sim_host *h = ctx;

	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(sim_next(&h->net->rng) >> 24);
}

static const struct policy *
host_mm_policy(void *ctx, const struct endpoint *local, const struct endpoint *remote)
{
	struct sim_host *h = ctx;

	(void)local;
	(void)remote;
	return h->has_mm_policy ? &h->policy : NULL;
}

static bool
host_qm_policy(void *ctx, const struct flow *flow, struct class_policy *out)
{
	struct sim_host *h = ctx;

	*out = h->class;
	return h->has_qm_policy &&
	       (h->unserved_port == 0 || h->unserved_port != flow->local.port);
}

static const struct dialect *
host_peer_dialect(void *ctx, const struct address *peer)
{
	struct sim_host *h = ctx;

	(void)peer;
	return h->pinned;
}

struct endpoint
sim_endpoint(size_t host, uint16_t number, int family, uint16_t port)
{
	struct endpoint e = { .addr.family = (uint8_t)family, .port = port };

	e.addr.b[0] = family == 4 ? 10 : 0xfd;
	e.addr.b[1] = (uint8_t)host;
	e.addr.b[2] = (uint8_t)(number >> 8);
	e.addr.b[3] = (uint8_t)number;
	return e;
}

void
sim_init(struct simnet *net, uint64_t seed)
{
	memset(net, 0, sizeof(*net));
	net->rng = seed;
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		struct sim_host *h = &net->host[i];

		h->net = net;
		h->index = i;
		policy_set_default(&h->policy);
		h->class = (struct class_policy){ .class_id = 1, .policy = &h->policy };
		h->has_mm_policy = h->has_qm_policy = true;
		strcpy(h->ca, "one");
		strcpy(h->trusts, "one");
		strcpy(h->psk, "a key that both hosts have");
		h->krb_mark = 0x60;
	}
}

static void
host_start(struct sim_host *h, const struct dialect *d)
{
	struct engine_params p = {
		.host = { .ctx = h,
		    .random = host_random,
		    .mm_policy = host_mm_policy,
		    .qm_policy = host_qm_policy,
		    .peer_dialect = host_peer_dialect },
		.dialect = *d,
		.gss_id = "host/sim.example",
		.max_mm_per_peer = 20,
		.max_negotiations_per_peer = 35,
		.max_mm_total = 100000,
		.nat_port = h->without_nat_t ? 0 : 4500,
		.replay_window = 1024,
		.first_messages_per_s = h->net->first_messages_per_s,
		.half_open_enter = h->net->half_open_enter,
		.half_open_leave = h->net->half_open_leave,
	};

	h->dialect = *d;
	h->engine = engine_new(&p);
	if (h->engine == NULL)
		abort();
}

void
sim_start(struct simnet *net, const struct dialect *a, const struct dialect *b)
{
	for (size_t i = 0; i < SIM_HOSTS; i++)
		host_start(&net->host[i], i == 0 ? a : b);
}

static void
host_stop(struct sim_host *h)
{
	engine_free(h->engine);
	h->engine = NULL;
	sim_sa_free(h);
}

void
sim_restart(struct simnet *net, size_t host, const struct dialect *d)
{
	host_stop(&net->host[host]);
	sim_auth_free(net, host);
	host_start(&net->host[host], d);
}

void
sim_init_dialect(struct simnet *net, uint64_t seed, const struct dialect *d)
{
	sim_init(net, seed);
	sim_start(net, d, d);
}

void
sim_free(struct simnet *net)
{
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		host_stop(&net->host[i]);
		sim_auth_free(net, i);
	}
	sim_packet_free(net);
}

void
sim_inject(struct simnet *net, size_t to_host, const uint8_t *p, size_t n)
{
	struct endpoint to = sim_endpoint(to_host, 1, 4, 500);
	struct endpoint from = sim_endpoint(1 - to_host, 1, 4, 500);

	engine_input(net->host[to_host].engine, sim_clock(net, to_host), &to, &from, span_of(p, n));
	sim_flush(net);
}

/* ---- actions ---- */

static void
host_perform(struct simnet *net, struct sim_host *h, const struct engine_action *a)
{
	switch (a->type) {
	case ACTION_SEND:
		sim_packet_send(net, h, &a->send);
		break;
	case ACTION_AUTH:
		sim_auth_ask(net, h, &a->auth);
		break;
	case ACTION_SA_ADD:
		sim_sa_add(h, &a->sa_add);
		break;
	case ACTION_SA_DELETE:
		sim_sa_remove(h, a->sa_delete.qm_id);
		break;
	case ACTION_SA_MOVE:
		sim_sa_move(h, &a->sa_move);
		break;
	case ACTION_RESULT:
		h->n_result++;
		h->result = a->result;
		if (h->first_error == IKE_OK)
			h->first_error = a->result.error;
		break;
	case ACTION_EVENT:
		if (a->event.type == EVENT_NEGOTIATION_FAILED) {
			h->n_failure++;
			memcpy(h->failure, a->event.text, sizeof(h->failure));
		}
		break;
	}
}

void
sim_flush(struct simnet *net)
{
	const struct engine_action *a;

	for (size_t i = 0; i < SIM_HOSTS; i++)
		while ((a = engine_next_action(net->host[i].engine)) != NULL) {
			if (net->watch != NULL)
				net->watch(net->watch_ctx, i, a);
			host_perform(net, &net->host[i], a);
		}
}

void
sim_acquire_from(
    struct simnet *net, size_t host, uint64_t ticket, uint16_t number, uint16_t port)
{
	struct sim_host *h = &net->host[host];
	struct engine_acquire a = {
		.ticket = ticket,
		.selector = { 6, sim_endpoint(host, number, 4, 0),
		    sim_endpoint(1 - host, 1, 4, port) },
		.policy = h->class,
	};

	engine_acquire(h->engine, sim_clock(net, host), &a);
	sim_flush(net);
}

void
sim_acquire(struct simnet *net, size_t host, uint64_t ticket, int family, uint16_t port)
{
	struct sim_host *h = &net->host[host];
	struct engine_acquire a = {
		.ticket = ticket,
		.selector = { 6, sim_endpoint(host, 1, family, 0),
		    sim_endpoint(1 - host, 1, family, port) },
		.policy = h->class,
	};

	engine_acquire(h->engine, sim_clock(net, host), &a);
	sim_flush(net);
}

/* ---- time ---- */

static uint64_t
sim_next_ms(const struct simnet *net)
{
	uint64_t t = net->packets != NULL ? net->packets->at_ms : UINT64_MAX;

	if (net->auths != NULL && net->auths->at_ms < t)
		t = net->auths->at_ms;
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		uint64_t at = engine_deadline_ms(net->host[i].engine), clock = sim_clock(net, i);

		if (at != UINT64_MAX) /* on the clock of the network */
			at = at <= clock ? net->now_ms : net->now_ms + (at - clock);
		if (at < t)
			t = at;
	}
	return t;
}

/* One thing; false: nothing before until_ms. */
static bool
sim_step(struct simnet *net, uint64_t until_ms)
{
	uint64_t t = sim_next_ms(net);

	if (t > until_ms)
		return false;
	if (t > net->now_ms)
		net->now_ms = t;
	if (net->packets != NULL && net->packets->at_ms <= net->now_ms)
		sim_packet_deliver(net);
	else if (net->auths != NULL && net->auths->at_ms <= net->now_ms)
		sim_auth_deliver(net);
	else
		for (size_t i = 0; i < SIM_HOSTS; i++)
			engine_advance(net->host[i].engine, sim_clock(net, i));
	sim_flush(net);
	return true;
}

void
sim_run(struct simnet *net, uint64_t for_ms)
{
	uint64_t until = net->now_ms + for_ms;

	sim_flush(net);
	while (sim_step(net, until))
		;
	net->now_ms = until;
}

bool
sim_run_results(struct simnet *net, size_t host, size_t n, uint64_t for_ms)
{
	uint64_t until = net->now_ms + for_ms;

	while (net->host[host].n_result < n)
		if (!sim_step(net, until))
			return false;
	return true;
}

/* ---- questions ---- */

static bool
count_mm(void *ctx, const struct engine_mm_status *s)
{
	(void)s;
	++*(size_t *)ctx;
	return true;
}

static bool
count_qm(void *ctx, const struct engine_qm_status *s)
{
	(void)s;
	++*(size_t *)ctx;
	return true;
}

size_t
sim_count_mm(const struct simnet *net, size_t host)
{
	size_t n = 0;

	engine_walk_mm(net->host[host].engine, sim_clock(net, host), count_mm, &n);
	return n;
}

size_t
sim_count_qm(const struct simnet *net, size_t host)
{
	size_t n = 0;

	engine_walk_qm(net->host[host].engine, sim_clock(net, host), count_qm, &n);
	return n;
}
