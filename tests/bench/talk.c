/* Two engines that negotiate. */
#include "tests/bench/talk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "tests/bench/measure.h"

static void
need(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "bench: %s\n", what);
	exit(1);
}

static void
host_random(void *ctx, uint8_t *p, size_t n)
{
	(void)ctx;
	need(RAND_bytes(p, (int)n) == 1, "no random numbers");
}

static const struct policy *
host_mm_policy(void *ctx, const struct endpoint *local, const struct endpoint *remote)
{
	const struct talk_side *s = ctx;

	(void)local;
	(void)remote;
	return &s->policy;
}

static bool
host_qm_policy(void *ctx, const struct flow *flow, struct class_policy *out)
{
	const struct talk_side *s = ctx;

	(void)flow;
	*out = s->class;
	return true;
}

static void
side_begin(struct talk_side *s, struct talk *t, const struct auth_tls *tls)
{
	struct engine_params p = {
		.host = { s, host_random, host_mm_policy, host_qm_policy, NULL },
		.dialect = DIALECT_DEFAULT,
		.gss_id = "host/bench.example",
		.max_mm_per_peer = 20,
		.max_negotiations_per_peer = 35,
		.max_mm_total = 1000000,
		.nat_port = 4500,
		.replay_window = 1024,
	};

	s->talk = t;
	s->tls = tls;
	policy_set_default(&s->policy);
	if (tls == NULL)
		s->policy.n_em_auth = 0;
	s->class = (struct class_policy){ .class_id = 1, .policy = &s->policy };
	s->engine = engine_new(&p);
	need(s->engine != NULL, "no memory");
}

void
talk_begin(struct talk *t, const struct auth_tls *tls)
{
	memset(t, 0, sizeof(*t));
	for (size_t i = 0; i < TALK_SIDES; i++)
		side_begin(&t->side[i], t, tls);
}

void
talk_end(struct talk *t)
{
	for (size_t i = 0; i < TALK_SIDES; i++) {
		engine_free(t->side[i].engine);
		auth_dialogue_free(t->side[i].dialogue);
	}
}

static struct talk_side *
side_other(struct talk_side *s)
{
	return &s->talk->side[s == &s->talk->side[0] ? 1 : 0];
}

static void
queue_put(struct talk_side *to, struct span data)
{
	struct talk_datagram *d = &to->queue[to->n_queue++];

	need(to->n_queue <= TALK_QUEUE && (d->p = malloc(data.n)) != NULL, "queue");
	memcpy(d->p, data.p, data.n);
	d->n = data.n;
}

static struct talk_datagram
queue_take(struct talk_side *s)
{
	struct talk_datagram d = s->queue[0];

	memmove(&s->queue[0], &s->queue[1], --s->n_queue * sizeof(d));
	return d;
}

static void
dialogue_free(struct talk_side *s)
{
	auth_dialogue_free(s->dialogue);
	s->dialogue = NULL;
}

/* What the auth role does, without the trip to another process. */
static void
side_auth(struct talk_side *s, const struct action_auth *a)
{
	struct engine_auth_reply r;

	if (a->step != AUTH_STEP)
		dialogue_free(s);
	if (a->step == AUTH_ABORT)
		return;
	if (a->step == AUTH_START)
		s->dialogue = auth_dialogue_new(s->tls, a->initiator, a->credential);
	need(s->dialogue != NULL, "no authentication dialogue");
	auth_dialogue_step(s->dialogue, a->token, &r);
	need(r.status != AUTH_FAILED, r.text);
	r.handle = a->handle;
	engine_auth_reply(s->engine, s->talk->now_ms, &r);
	if (r.status == AUTH_DONE)
		dialogue_free(s);
	secret_wipe(&r.secret);
}

static void
side_perform(struct talk_side *s, const struct engine_action *a)
{
	switch (a->type) {
	case ACTION_SEND:
		queue_put(side_other(s), a->send.data);
		break;
	case ACTION_AUTH:
		side_auth(s, &a->auth);
		break;
	case ACTION_RESULT:
		need(a->result.error == IKE_OK, a->result.text);
		s->talk->n_done++;
		break;
	case ACTION_EVENT:
		need(a->event.type != EVENT_NEGOTIATION_FAILED, a->event.text);
		break;
	case ACTION_SA_ADD:
	case ACTION_SA_DELETE:
	case ACTION_SA_MOVE:
		break;
	}
}

static void
side_flush(struct talk_side *s)
{
	const struct engine_action *a;

	while ((a = engine_next_action(s->engine)) != NULL)
		side_perform(s, a);
}

static void
side_input(struct talk_side *s)
{
	double start_s = measure_cpu_s();
	struct talk_datagram d = queue_take(s);

	engine_input(
	    s->engine, s->talk->now_ms, &s->at, &side_other(s)->at, span_of(d.p, d.n));
	side_flush(s);
	free(d.p);
	s->cpu_s += measure_cpu_s() - start_s;
}

static void
side_acquire(struct talk_side *s)
{
	double start_s = measure_cpu_s();
	struct engine_acquire a = {
		.ticket = s->talk->n_done + 1,
		.selector = { 6, s->at, side_other(s)->at },
		.policy = s->class,
	};

	a.selector.local.port = 0;
	a.selector.remote.port = 443;
	engine_acquire(s->engine, s->talk->now_ms, &a);
	side_flush(s);
	s->cpu_s += measure_cpu_s() - start_s;
}

void
talk_negotiate(struct talk *t)
{
	uint32_t before = t->n_done, n = before + 1;

	t->now_ms++;
	for (size_t i = 0; i < TALK_SIDES; i++)
		t->side[i].at = (struct endpoint){
			.addr = { 4, { (uint8_t)(10 + i), (uint8_t)(n >> 16),
					 (uint8_t)(n >> 8), (uint8_t)n } },
			.port = 500,
		};
	side_acquire(&t->side[0]);
	while (t->side[0].n_queue + t->side[1].n_queue > 0)
		for (size_t i = 0; i < TALK_SIDES; i++)
			while (t->side[i].n_queue > 0)
				side_input(&t->side[i]);
	need(t->n_done == before + 1, "the negotiation did not end");
}

void
talk_wait(struct talk *t, uint64_t ms)
{
	t->now_ms += ms;
	for (size_t i = 0; i < TALK_SIDES; i++) {
		engine_advance(t->side[i].engine, t->now_ms);
		side_flush(&t->side[i]);
	}
}
