/* The world of a storm: its policies and faults. */
#include "tests/sim/storm.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define STEPS 40
#define MAX_ACQUIRES 5 /* of a host, during the storm */

/* One in n. */
static bool
chance(struct storm *s, uint32_t n)
{
	return sim_random(&s->net) % n == 0;
}

static uint32_t
below(struct storm *s, uint32_t n)
{
	return (uint32_t)(sim_random(&s->net) % n);
}

/* ---- the world ---- */

static void
choose_methods(struct storm *s)
{
	static const enum auth_method main_mode[] = { AUTH_ANONYMOUS, AUTH_ANONYMOUS, AUTH_TLS,
		AUTH_KERBEROS };
	static const enum auth_method extended[][2] = { { 0, 0 }, { AUTH_TLS, 0 },
		{ AUTH_KERBEROS, 0 }, { AUTH_KERBEROS, AUTH_TLS }, { AUTH_TLS, AUTH_KERBEROS } };
	enum auth_method main_method = main_mode[below(s, 4)];
	const enum auth_method *em = extended[below(s, 5)];
	size_t bad = below(s, 2);

	for (size_t i = 0; i < SIM_HOSTS; i++) {
		struct policy *p = &s->net.host[i].policy;

		p->mm_auth[0] = (struct auth_entry){ main_method, true };
		p->n_mm_auth = 1;
		p->n_em_auth = 0;
		while (p->n_em_auth < 2 && em[p->n_em_auth] != 0) {
			p->em_auth[p->n_em_auth] =
			    (struct auth_entry){ em[p->n_em_auth], true };
			p->n_em_auth++;
		}
	}
	s->is_impossible = chance(s, 8) && (main_method != AUTH_ANONYMOUS || em[0] != 0);
	if (s->is_impossible) {
		strcpy(s->net.host[bad].ca, "two");
		s->net.host[bad].krb_mark = 0x61;
	}
}

/* The same with IKEv1. */
static void
choose_ikev1(struct storm *s)
{
	static const enum auth_method method[] = { AUTH_V1_PSK, AUTH_V1_RSA, AUTH_V1_KERBEROS };
	enum auth_method m = method[below(s, 3)];

	for (size_t i = 0; i < SIM_HOSTS; i++) {
		struct policy *p = &s->net.host[i].policy;

		p->keying = KEYING_IKEV1;
		p->mm_auth[0] = (struct auth_entry){ m, true };
		p->n_mm_auth = 1;
		p->n_em_auth = 0;
	}
	s->is_impossible = m == AUTH_V1_PSK && chance(s, 8);
	if (s->is_impossible)
		strcpy(s->net.host[0].psk, "another key");
}

static void
choose_proposals(struct storm *s)
{
	static const uint32_t lifetime_s[] = { 60, 300, 3600 };
	uint32_t qm_s = lifetime_s[below(s, 3)], mm_s = lifetime_s[below(s, 3)];
	enum dh_group pfs = chance(s, 4) ? DH_ECP256 : DH_NONE;
	uint32_t n = chance(s, 3) ? 1 : 4, limit = chance(s, 3) ? 1 + below(s, 3) : 0;

	for (size_t i = 0; i < SIM_HOSTS; i++) {
		struct policy *p = &s->net.host[i].policy;

		for (uint32_t k = 0; k < p->n_mm_proposal; k++)
			p->mm_proposal[k].lifetime_s = mm_s;
		for (uint32_t k = 0; k < p->n_qm_proposal; k++) {
			p->qm_proposal[k].lifetime_s = qm_s;
			p->qm_proposal[k].pfs = pfs;
		}
		if (n < p->n_qm_proposal)
			p->n_qm_proposal = n;
		p->mm_qm_limit = limit;
		p->nd = chance(s, 3) ? ND_BOUNDARY : ND_OFF;
	}
}

static void
choose_network(struct storm *s)
{
	struct simnet *net = &s->net;
	size_t token_n = chance(s, 3) ? 1000 + below(s, 6000) : 0;

	net->loss_pct = below(s, 31);
	net->dup_pct = below(s, 41);
	net->jitter_ms = chance(s, 2) ? below(s, 3000) : below(s, 50);
	net->mtu = token_n != 0 && chance(s, 2) ? 1280 : 0;
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		net->host[i].token_n = token_n;
		net->host[i].auth_delay_ms = chance(s, 3) ? below(s, 2000) : 0;
	}
	if (chance(s, 5))
		sim_nat_begin(net, 0, false);
}

static void
choose_dialect(struct storm *s)
{
	s->dialect = (struct dialect)DIALECT_DEFAULT;
	s->dialect.fast_qm =
	    chance(s, 4) ? FAST_QM_ON : chance(s, 2) ? FAST_QM_OFF : FAST_QM_AUTO;
	if (chance(s, 4))
		s->dialect.fragment_send = FRAGMENT_SEND_ALWAYS;
	if (chance(s, 4))
		s->dialect.mm_dh_with_gss = MM_DH_WITH_GSS_ALWAYS;
	if (chance(s, 4))
		s->dialect.dialect_auto = DIALECT_AUTO_OFF;
	/* A first message cannot go in fragments. */
	if (s->net.mtu == 0 && chance(s, 4))
		s->dialect.optimistic_gss = OPTIMISTIC_GSS_ON;
}

void
storm_begin(struct storm *s, uint64_t seed, bool is_traced)
{
	memset(s, 0, sizeof(*s));
	s->seed = seed;
	s->is_traced = is_traced;
	sim_init(&s->net, seed * 0x9e3779b97f4a7c15u + 1);
	s->net.now_ms = STORM_BOOTED_MS;
	s->is_mild = chance(s, 4);
	if (chance(s, 5))
		choose_ikev1(s);
	else
		choose_methods(s);
	choose_proposals(s);
	choose_network(s);
	choose_dialect(s);
	sim_start(&s->net, &s->dialect, &s->dialect);
	s->net.watch = storm_watch;
	s->net.watch_ctx = s;
}

void
storm_end(struct storm *s)
{
	sim_free(&s->net);
}

/* ---- what happens in it ---- */

size_t
storm_acquire(struct storm *s, size_t host)
{
	size_t n = s->n_ticket[host];

	if (n == STORM_TICKETS) {
		storm_broken(s, "too many tickets");
		return 0;
	}
	s->n_ticket[host] = n + 1;
	sim_acquire(&s->net, host, n + 1, 4, (uint16_t)(80 + below(s, 3)));
	return n;
}

static void
auth_crash_or_begin(struct storm *s, size_t host)
{
	if (s->net.host[host].auth_is_silent) {
		sim_auth_begin(&s->net, host);
		return;
	}
	sim_auth_crash(&s->net, host);
	s->n_crashes++;
	if (chance(s, 2)) /* noticed at once */
		sim_auth_begin(&s->net, host);
}

/* Mostly seconds, as of a machine that was busy; rarely hours, as of one that slept. */
static void
clock_jump(struct storm *s, size_t host)
{
	int64_t by = 1 + (int64_t)below(s, 10000);

	if (chance(s, 10))
		by = 1 + (int64_t)below(s, 3 * 3600 * 1000);
	else if (chance(s, 3)) /* the engine must not mind, though no clock here does it */
		by = -(int64_t)below(s, 3000);
	s->net.host[host].clock_ms += by;
	s->n_jumps++;
}

static void
plane_says(struct storm *s, size_t host)
{
	static const enum engine_expiry why[] = { EXPIRY_BYTES, EXPIRY_IDLE, EXPIRY_SILENT,
		EXPIRY_SOFT, EXPIRY_SOFT, EXPIRY_UNHEARD };
	struct sim_host *h = &s->net.host[host];
	struct sim_sa *sa = h->sa;

	for (uint32_t n = below(s, 4); n > 0 && sa != NULL && sa->next != NULL; n--)
		sa = sa->next;
	if (sa == NULL)
		return;
	engine_qm_expired(h->engine, sim_clock(&s->net, host), sa->add.qm_id,
	    why[below(s, sizeof(why) / sizeof(why[0]))]);
	sim_flush(&s->net);
}

static void
delete_all(struct storm *s, size_t host)
{
	struct engine *e = s->net.host[host].engine;

	if (chance(s, 2))
		engine_delete_mm(e, sim_clock(&s->net, host), 0);
	else
		engine_delete_qm(e, sim_clock(&s->net, host), 0);
	sim_flush(&s->net);
}

static void
restart(struct storm *s, size_t host)
{
	for (size_t i = 0; i < s->n_ticket[host]; i++)
		s->ticket[host][i].is_void |= s->ticket[host][i].n_results == 0;
	sim_restart(&s->net, host, &s->dialect);
	s->net.host[host].auth_is_silent = false;
}

static void
happen(struct storm *s)
{
	size_t host = below(s, 2);
	uint32_t what = below(s, 24);

	if (what < 8) {
		if (s->n_ticket[host] < MAX_ACQUIRES)
			storm_acquire(s, host);
	} else if (s->is_mild) {
		return;
	} else if (what < 12) {
		auth_crash_or_begin(s, host);
	} else if (what < 16) {
		clock_jump(s, host);
	} else if (what < 20) {
		plane_says(s, host);
	} else if (what == 20) {
		delete_all(s, host);
	} else if (what == 21 && chance(s, 2)) {
		restart(s, host);
	}
}

void
storm_rage(struct storm *s)
{
	for (int step = 0; step < STEPS && s->broken[0] == '\0'; step++) {
		sim_run(&s->net, chance(s, 4) ? below(s, 20000) : below(s, 1000));
		happen(s);
	}
	for (size_t i = 0; i < SIM_HOSTS; i++)
		for (size_t k = 0; k < s->n_ticket[i]; k++)
			s->n_established +=
			    s->ticket[i][k].n_results > 0 && s->ticket[i][k].error == IKE_OK;
}

void
storm_calm(struct storm *s, uint64_t for_ms)
{
	s->net.loss_pct = s->net.dup_pct = s->net.jitter_ms = 0;
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		if (s->net.host[i].auth_is_silent)
			sim_auth_begin(&s->net, i);
		s->net.host[i].auth_delay_ms = 0;
	}
	sim_run(&s->net, for_ms);
}

/* ---- a look at the tables ---- */

struct table {
	struct storm *s;
	size_t host;
	size_t n_installed;
};

static bool
look_qm(void *ctx, const struct engine_qm_status *q)
{
	struct table *t = ctx;

	if (q->is_usable && !storm_has_pair(&t->s->net.host[t->host], q->id))
		storm_broken(t->s, "host %zu: the engine has a pair that the plane has not", t->host);
	t->n_installed += q->is_usable ? 2 : 0;
	return true;
}

void
storm_look(struct storm *s)
{
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		struct sim_host *h = &s->net.host[i];
		struct table t = { s, i, 0 };

		engine_walk_qm(h->engine, sim_clock(&s->net, i), look_qm, &t);
		if (t.n_installed != h->n_sa)
			storm_broken(s, "host %zu: %zu SAs in the plane, %zu in the engine", i, h->n_sa,
			    t.n_installed);
		if (h->n_auth_open != 0)
			storm_broken(s, "host %zu: auth still has %u dialogues", i,
			    (unsigned)h->n_auth_open);
		for (size_t k = 0; k < s->n_ticket[i]; k++)
			if (!s->ticket[i][k].is_void && s->ticket[i][k].n_results != 1)
				storm_broken(s, "host %zu: no answer to %zu", i, k + 1);
	}
}
