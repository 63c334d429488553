/* Who watches a storm: what must never happen, at every action. */
#include <stdarg.h>
#include <stdio.h>

#include "tests/sim/storm.h"

void
storm_broken(struct storm *s, const char *format, ...)
{
	va_list list;

	if (s->broken[0] != '\0')
		return; /* the first one is the cause */
	va_start(list, format);
	vsnprintf(s->broken, sizeof(s->broken), format, list);
	va_end(list);
}

static bool
same_secret(const struct secret *a, const struct secret *b)
{
	return a->n == b->n && memcmp(a->b, b->b, a->n) == 0;
}

/* Whoever may send by it must be sure that the peer can open it. */
static void
watch_outbound(struct storm *s, size_t host, const struct action_sa_add *a)
{
	const struct policy *p = &s->net.host[host].policy;
	size_t peer = 1 - host;

	/* Of a fast quick mode nothing says that Q2 has arrived (A54). */
	if (s->dialect.fast_qm != FAST_QM_OFF && p->n_qm_proposal == 1 &&
	    p->qm_proposal[0].pfs == DH_NONE)
		return;
	for (size_t i = 0; i < s->n_inbound[peer]; i++) {
		const struct storm_sa *in = &s->inbound[peer][i];

		if (in->spi == a->spi && same_secret(&in->cipher_key, &a->cipher_key) &&
		    same_secret(&in->integrity_key, &a->integrity_key))
			return;
	}
	storm_broken(s, "host %zu may send by SPI %08x, which its peer never could open", host, a->spi);
}

static void
watch_sa(struct storm *s, size_t host, const struct action_sa_add *a)
{
	struct storm_sa *in;

	if (s->is_impossible)
		storm_broken(s, "host %zu has an SA with who it cannot know", host);
	if (!a->inbound) {
		watch_outbound(s, host, a);
		return;
	}
	if (s->n_inbound[host] == STORM_SAS) {
		storm_broken(s, "host %zu has made too many SAs", host);
		return;
	}
	in = &s->inbound[host][s->n_inbound[host]++];
	in->spi = a->spi;
	in->cipher_key = a->cipher_key;
	in->integrity_key = a->integrity_key;
}

bool
storm_has_pair(const struct sim_host *h, uint32_t qm_id)
{
	const struct sim_sa *sa = h->sa;

	while (sa != NULL && sa->add.qm_id != qm_id)
		sa = sa->next;
	return sa != NULL && sim_other_direction(h, sa) != NULL;
}

static void
watch_result(struct storm *s, size_t host, const struct action_result *r)
{
	struct storm_ticket *t = &s->ticket[host][r->ticket - 1];

	if (r->ticket == 0 || r->ticket > s->n_ticket[host]) {
		storm_broken(s, "host %zu got an answer that nobody asked for", host);
		return;
	}
	if (t->n_results++ > 0)
		storm_broken(s, "host %zu got two answers to %u", host, (unsigned)r->ticket);
	t->error = r->error;
	if (r->error == IKE_OK && !storm_has_pair(&s->net.host[host], r->qm_id))
		storm_broken(s, "host %zu has a good answer, and no pair", host);
	if (r->error != IKE_OK && r->text[0] == '\0')
		storm_broken(s, "host %zu got a failure without a reason", host);
}

static void
trace(const struct storm *s, size_t host, const struct engine_action *a)
{
	printf("%8.3f s, host %zu: ", (double)(s->net.now_ms - STORM_BOOTED_MS) / 1000, host);
	if (a->type == ACTION_SEND)
		printf("sends %zu bytes of exchange %u\n", a->send.data.n, a->send.data.p[18]);
	else if (a->type == ACTION_AUTH)
		printf("asks auth about %u, step %u\n", (unsigned)a->auth.handle, a->auth.step);
	else if (a->type == ACTION_SA_ADD)
		printf("%s %08x of quick mode %u\n", a->sa_add.inbound ? "receives by" : "sends by",
		    a->sa_add.spi, a->sa_add.qm_id);
	else if (a->type == ACTION_RESULT)
		printf("answer to %u: %s\n", (unsigned)a->result.ticket,
		    ike_err_counter(a->result.error));
	else if (a->type == ACTION_EVENT)
		printf("main mode %u: %s: %s\n", a->event.mm_id, ike_err_counter(a->event.error),
		    a->event.text);
	else
		printf("%s\n", a->type == ACTION_SA_DELETE ? "deletes a pair" : "moves a pair");
}

void
storm_watch(void *ctx, size_t host, const struct engine_action *a)
{
	struct storm *s = ctx;

	if (s->is_traced)
		trace(s, host, a);
	if (a->type == ACTION_SA_ADD)
		watch_sa(s, host, &a->sa_add);
	else if (a->type == ACTION_RESULT)
		watch_result(s, host, &a->result);
	else if (a->type == ACTION_EVENT && a->event.type == EVENT_NEGOTIATION_FAILED &&
		 a->event.text[0] == '\0')
		storm_broken(s, "host %zu says that something failed, and not why", host);
}
