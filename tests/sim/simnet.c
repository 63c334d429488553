/* The simulated network. */
#include "tests/sim/simnet.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"

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

	(void)flow;
	*out = h->class;
	return h->has_qm_policy;
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
	struct sim_sa *sa;

	engine_free(h->engine);
	h->engine = NULL;
	while ((sa = h->sa) != NULL) {
		h->sa = sa->next;
		free(sa);
	}
	h->n_sa = 0;
}

void
sim_restart(struct simnet *net, size_t host, const struct dialect *d)
{
	struct sim_auth **at = &net->auths, *q;

	host_stop(&net->host[host]);
	while ((q = *at) != NULL) {
		if (q->host != host) {
			at = &q->next;
			continue;
		}
		*at = q->next;
		free(q);
	}
	net->host[host].n_auth_open = 0;
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
	struct sim_packet *p;
	struct sim_auth *a;

	for (size_t i = 0; i < SIM_HOSTS; i++)
		host_stop(&net->host[i]);
	while ((p = net->packets) != NULL) {
		net->packets = p->next;
		free(p);
	}
	while ((a = net->auths) != NULL) {
		net->auths = a->next;
		free(a);
	}
}

/* ---- packets ---- */

static void
packet_add(struct simnet *net, const struct sim_packet *from, uint64_t delay_ms)
{
	struct sim_packet *p = malloc(sizeof(*p)), **at = &net->packets;

	p->from = from->from;
	p->to = from->to;
	p->n = from->n;
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
	return SIM_LATENCY_MS + (net->jitter_ms != 0 ? sim_random(net) % net->jitter_ms : 0);
}

/* ---- a NAT in front of a host: one public address, a port for each private endpoint ---- */

struct endpoint
sim_public(const struct simnet *net, size_t host, uint16_t port)
{
	struct endpoint e = { { 4, { 203, 0, net->nat[host].number, (uint8_t)host } }, port };

	return e;
}

static bool
endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && address_equal(&a->addr, &b->addr);
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
	net->nat[host] = (struct sim_nat){ .first = 20000, .number = 113, .forwards = forwards };
}

void
sim_nat_rebind(struct simnet *net, size_t host, bool new_address)
{
	struct sim_nat *nat = &net->nat[host];

	nat->first = (uint16_t)(nat->first + 1000);
	nat->n = 0;
	nat->number = (uint8_t)(nat->number + new_address);
}

static void
packet_send(struct simnet *net, struct sim_host *h, const struct action_send *s)
{
	static struct sim_packet p;
	size_t head_n = s->remote.addr.family == 4 ? 28 : 48;

	if (s->data.n > sizeof(p.b))
		abort();
	p.from = s->local;
	p.to = s->remote;
	p.n = s->data.n;
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
sim_inject(struct simnet *net, size_t to_host, const uint8_t *p, size_t n)
{
	struct endpoint to = sim_endpoint(to_host, 1, 4, 500);
	struct endpoint from = sim_endpoint(1 - to_host, 1, 4, 500);

	engine_input(net->host[to_host].engine, net->now_ms, &to, &from, span_of(p, n));
	sim_flush(net);
}

/* ---- authentication ---- */

static void
auth_refuse(struct engine_auth_reply *r, uint32_t status, const char *why)
{
	r->status = AUTH_FAILED;
	r->gss_status = status;
	strcpy(r->text, why);
}

static void
auth_done(struct engine_auth_reply *r, const char *peer, const char *secret, uint32_t form)
{
	r->status = AUTH_DONE;
	strcpy(r->peer_name, peer);
	/* Each reading is the same text from another place on. */
	for (size_t i = 0; i < AUTH_SECRET_FORMS; i++)
		secret_set(&r->form[i], span_of(secret + i, strlen(secret) - i));
	r->secret = r->form[form];
}

/* Four tokens, like TLS 1.2: number, CA of the sender, number of the credential. */
static void
auth_step_tls(struct sim_host *h, const struct action_auth *a, struct sim_auth *out)
{
	struct engine_auth_reply *r = &out->reply;
	uint8_t number = a->token.n > 0 ? a->token.p[0] : 0;

	if (a->token.n >= 18 && number < 3 && strcmp(h->trusts, "*") != 0 &&
	    strcmp((const char *)a->token.p + 1, h->trusts) != 0) {
		auth_refuse(r, 0x80090325, "certificate signed by an unknown authority");
		r->retry_possible = h->wants_retry;
		return;
	}
	if (a->token.n >= 18 && number == 3 && a->token.p[17] < h->bad_credentials) {
		auth_refuse(r, 0x80090327, "another certificate, please");
		r->retry_possible = true;
		return;
	}
	out->token[0] = (uint8_t)(number + 1);
	memcpy(out->token + 1, h->ca, 16);
	if (a->step == AUTH_START && h->n_bad_start > 0) {
		h->n_bad_start--;
		strcpy((char *)out->token + 1, "bad");
	}
	out->token[17] = (uint8_t)a->credential;
	r->token = span_of(out->token, h->token_n != 0 ? h->token_n : 18);
	if (number == 3 || number == 4)
		auth_done(r, "CN=sim", "the session key of a simulated TLS",
		    h->dialect.gss_secret_tls);
	if (number == 4)
		r->token = SPAN_NONE;
}

/* Two tokens, like Kerberos: mark, number. */
static void
auth_step_kerberos(struct sim_host *h, const struct action_auth *a, struct sim_auth *out)
{
	struct engine_auth_reply *r = &out->reply;
	size_t n = h->token_n != 0 ? h->token_n : 2;
	uint8_t number = a->token.n == n ? a->token.p[1] : 0;

	if (a->token.n > 0 && (a->token.n != n || a->token.p[0] != h->krb_mark)) {
		auth_refuse(r, 0x80090308, "not a token of Kerberos");
		return;
	}
	if (number > 0)
		auth_done(r, "host/sim@SIM", "the session key of a simulated Kerberos",
		    h->dialect.gss_secret_krb);
	if (number == 2)
		return;
	out->token[0] = h->krb_mark;
	out->token[1] = (uint8_t)(number + 1);
	r->token = span_of(out->token, n);
}

static void
auth_step(struct sim_host *h, const struct action_auth *a, struct sim_auth *out)
{
	struct engine_auth_reply *r = &out->reply;

	r->handle = a->handle;
	r->status = AUTH_CONTINUE;
	if ((unsigned)a->method >= AUTH_V1)
		sim_auth_v1(h, a, out);
	else if (a->initiator && a->step == AUTH_START && (h->no_credential >> a->method & 1) != 0)
		auth_refuse(r, 0x8009030e, "no credentials");
	else if (a->token.n > 0 &&
	    (h->refuses_peer >> a->method & 1) != 0)
		auth_refuse(r, 0x8009030c, "the peer is not welcome");
	else if (a->method == AUTH_KERBEROS)
		auth_step_kerberos(h, a, out);
	else
		auth_step_tls(h, a, out);
}

static void
auth_check_target(const struct action_auth *a, struct engine_auth_reply *r)
{
	if (r->status != AUTH_DONE || a->target_name[0] == '\0' ||
	    strcmp(a->target_name, r->peer_name) == 0)
		return;
	auth_refuse(r, 0x80090322, "the peer is not the target name that was set");
	r->wrong_target = true;
}

static void
auth_ask(struct simnet *net, struct sim_host *h, const struct action_auth *a)
{
	struct sim_auth *q, **at = &net->auths;

	if (a->step != AUTH_ABORT && !a->extended_mode)
		h->n_main_steps++;
	if (a->step == AUTH_START) {
		h->n_auth_open++;
		h->n_dialogue++;
		h->auth_method = a->method;
		memcpy(h->target_name, a->target_name, sizeof(h->target_name));
		h->uid = a->uid;
	}
	if (a->step == AUTH_ABORT) {
		h->n_auth_open--;
		return;
	}
	if (h->auth_is_silent)
		return;
	q = calloc(1, sizeof(*q));
	q->at_ms = net->now_ms + h->auth_delay_ms;
	q->host = h->index;
	auth_step(h, a, q);
	auth_check_target(a, &q->reply);
	if (q->reply.token.n > 0)
		q->reply.token.p = q->token;
	while (*at != NULL && (*at)->at_ms <= q->at_ms)
		at = &(*at)->next;
	q->next = *at;
	*at = q;
}

static void
auth_deliver(struct simnet *net)
{
	struct sim_auth *q = net->auths;
	struct sim_host *h = &net->host[q->host];

	net->auths = q->next;
	if (q->reply.status != AUTH_CONTINUE)
		h->n_auth_open--;
	engine_auth_reply(h->engine, net->now_ms, &q->reply);
	free(q);
}

/* ---- actions ---- */

static void
sa_add(struct sim_host *h, const struct action_sa_add *a)
{
	struct sim_sa *sa = calloc(1, sizeof(*sa));

	sa->add = *a;
	sa->since_ms = h->net->now_ms;
	sa->next = h->sa;
	h->sa = sa;
	h->n_sa++;
}

static void
sa_remove(struct sim_host *h, uint32_t qm_id)
{
	struct sim_sa **at = &h->sa, *sa;

	while ((sa = *at) != NULL) {
		if (sa->add.qm_id != qm_id) {
			at = &sa->next;
			continue;
		}
		*at = sa->next;
		h->n_sa--;
		free(sa);
	}
}

static void
sa_move(struct sim_host *h, const struct action_sa_move *m)
{
	for (struct sim_sa *sa = h->sa; sa != NULL; sa = sa->next)
		if (sa->add.qm_id == m->qm_id)
			sa->add.nat.remote = m->remote;
	h->n_moves++;
}

static void
host_perform(struct simnet *net, struct sim_host *h, const struct engine_action *a)
{
	switch (a->type) {
	case ACTION_SEND:
		packet_send(net, h, &a->send);
		break;
	case ACTION_AUTH:
		auth_ask(net, h, &a->auth);
		break;
	case ACTION_SA_ADD:
		sa_add(h, &a->sa_add);
		break;
	case ACTION_SA_DELETE:
		sa_remove(h, a->sa_delete.qm_id);
		break;
	case ACTION_SA_MOVE:
		sa_move(h, &a->sa_move);
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
		while ((a = engine_next_action(net->host[i].engine)) != NULL)
			host_perform(net, &net->host[i], a);
}

void
sim_acquire_from(struct simnet *net, size_t host, uint64_t ticket, uint16_t number,
    uint16_t port)
{
	struct sim_host *h = &net->host[host];
	struct engine_acquire a = {
		.ticket = ticket,
		.selector = { 6, sim_endpoint(host, number, 4, 0),
		    sim_endpoint(1 - host, 1, 4, port) },
		.policy = h->class,
	};

	engine_acquire(h->engine, net->now_ms, &a);
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

	engine_acquire(h->engine, net->now_ms, &a);
	sim_flush(net);
}

/* ---- time ---- */

static uint64_t
sim_next_ms(const struct simnet *net)
{
	uint64_t t = net->packets != NULL ? net->packets->at_ms : UINT64_MAX;

	if (net->auths != NULL && net->auths->at_ms < t)
		t = net->auths->at_ms;
	for (size_t i = 0; i < SIM_HOSTS; i++)
		if (engine_deadline_ms(net->host[i].engine) < t)
			t = engine_deadline_ms(net->host[i].engine);
	return t;
}

static void
packet_deliver(struct simnet *net)
{
	struct sim_packet *p = net->packets;

	net->packets = p->next;
	engine_input(net->host[p->to.addr.b[1] % SIM_HOSTS].engine, net->now_ms, &p->to,
	    &p->from, span_of(p->b, p->n));
	free(p);
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
		packet_deliver(net);
	else if (net->auths != NULL && net->auths->at_ms <= net->now_ms)
		auth_deliver(net);
	else
		for (size_t i = 0; i < SIM_HOSTS; i++)
			engine_advance(net->host[i].engine, net->now_ms);
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

struct sim_sa *
sim_other_direction(const struct sim_host *h, const struct sim_sa *sa)
{
	struct sim_sa *other = h->sa;

	while (other != NULL &&
	    (other->add.qm_id != sa->add.qm_id || other->add.inbound == sa->add.inbound))
		other = other->next;
	return other;
}

struct sim_sa *
sim_newest(const struct sim_host *h, const struct flow *f)
{
	struct sim_sa *sa;

	for (sa = h->sa; sa != NULL; sa = sa->next)
		if (!sa->add.inbound && flow_matches(&sa->add.selector, f) &&
		    sim_other_direction(h, sa) != NULL)
			return sa;
	return NULL;
}

static struct sim_sa *
sa_find(const struct sim_host *h, uint32_t spi, bool inbound)
{
	struct sim_sa *sa = h->sa;

	while (sa != NULL && (sa->add.spi != spi || sa->add.inbound != inbound))
		sa = sa->next;
	return sa;
}

static bool
sa_same(const struct action_sa_add *a, const struct action_sa_add *b)
{
	return a->protocol == b->protocol && a->cipher == b->cipher &&
	    a->integrity == b->integrity && a->cipher_key.n == b->cipher_key.n &&
	    memcmp(a->cipher_key.b, b->cipher_key.b, a->cipher_key.n) == 0 &&
	    a->integrity_key.n == b->integrity_key.n &&
	    a->integrity_key.n == hash_len_bytes(a->integrity) &&
	    (a->integrity != HASH_NONE || cipher_has_integrity(a->cipher)) &&
	    memcmp(a->integrity_key.b, b->integrity_key.b, a->integrity_key.n) == 0 &&
	    a->selector.protocol == b->selector.protocol &&
	    a->selector.local.port == b->selector.remote.port &&
	    a->selector.remote.port == b->selector.local.port &&
	    (a->nat.local.port != 0) == (b->nat.local.port != 0) &&
	    (a->nat.local.port != 0 ||
		address_equal(&a->selector.local.addr, &b->selector.remote.addr));
}

struct sim_sa *
sim_opens(const struct simnet *net, size_t from_host, const struct sim_sa *sa)
{
	struct sim_sa *other = sa_find(&net->host[1 - from_host], sa->add.spi, true);

	return other != NULL && sa_same(&sa->add, &other->add) ? other : NULL;
}

const struct action_sa_add *
sim_sa_of(const struct simnet *net, size_t host, bool inbound)
{
	const struct sim_sa *sa = net->host[host].sa;

	while (sa != NULL && sa->add.inbound != inbound)
		sa = sa->next;
	if (sa == NULL)
		abort();
	return &sa->add;
}

bool
sim_sas_agree(const struct simnet *net)
{
	for (size_t i = 0; i < SIM_HOSTS; i++)
		for (const struct sim_sa *sa = net->host[i].sa; sa != NULL; sa = sa->next) {
			const struct sim_sa *other =
			    sa_find(&net->host[1 - i], sa->add.spi, !sa->add.inbound);

			if (other == NULL || !sa_same(&sa->add, &other->add))
				return false;
		}
	return true;
}

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

	engine_walk_mm(net->host[host].engine, net->now_ms, count_mm, &n);
	return n;
}

size_t
sim_count_qm(const struct simnet *net, size_t host)
{
	size_t n = 0;

	engine_walk_qm(net->host[host].engine, net->now_ms, count_qm, &n);
	return n;
}
