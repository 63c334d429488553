/* The authentication of the simulated hosts: dialogues like those of TLS and Kerberos. */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/simnet_parts.h"

static void
auth_refuse(struct engine_auth_reply *r, uint32_t status, const char *why)
{
	r->status = AUTH_FAILED;
	r->gss_status = status;
	strcpy(r->text, why);
}

static void
auth_done(
    struct engine_auth_reply *r, const char *peer, const char *secret, uint32_t form)
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
	uint8_t number = a->token.n > 0 && !h->never_ends ? a->token.p[0] : 0;

	if (a->token.n >= 18 && number < 3 && strcmp(h->trusts, "*") != 0 &&
	    strcmp((const char *)a->token.p + 1, h->trusts) != 0) {
		auth_refuse(
		    r, 0x80090325, "certificate signed by an unknown authority");
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
	if (number == 3 || number == 4 || (number == 2 && h->resumes))
		auth_done(r, "CN=sim", "the session key of a simulated TLS",
		    h->dialect.gss_secret_tls);
	if (number == 4 || (number == 3 && h->resumes))
		r->token = SPAN_NONE;
}

/* Two tokens, like Kerberos: mark, number. */
static void
auth_step_kerberos(
    struct sim_host *h, const struct action_auth *a, struct sim_auth *out)
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
	else if (a->initiator && a->step == AUTH_START &&
		 (h->no_credential >> a->method & 1) != 0)
		auth_refuse(r, 0x8009030e, "no credentials");
	else if (a->token.n > 0 && (h->refuses_peer >> a->method & 1) != 0)
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

/* It crosses the engine's word that nobody wants it any more. */
static bool
last_answer_is_under_way(const struct sim_host *h, uint64_t handle)
{
	const struct sim_auth *q = h->net->auths;

	while (q != NULL && (q->host != h->index || q->reply.handle != handle))
		q = q->next;
	return q != NULL && q->reply.status != AUTH_CONTINUE;
}

void
sim_auth_ask(struct simnet *net, struct sim_host *h, const struct action_auth *a)
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
		if (!last_answer_is_under_way(h, a->handle))
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

void
sim_auth_deliver(struct simnet *net)
{
	struct sim_auth *q = net->auths;
	struct sim_host *h = &net->host[q->host];

	net->auths = q->next;
	if (q->reply.status != AUTH_CONTINUE)
		h->n_auth_open--;
	engine_auth_reply(h->engine, sim_clock(net, q->host), &q->reply);
	free(q);
}

void
sim_auth_free(struct simnet *net, size_t host)
{
	struct sim_auth **at = &net->auths, *q;

	while ((q = *at) != NULL) {
		if (q->host != host) {
			at = &q->next;
			continue;
		}
		*at = q->next;
		free(q);
	}
	net->host[host].n_auth_open = 0;
}

void
sim_auth_crash(struct simnet *net, size_t host)
{
	sim_auth_free(net, host);
	net->host[host].auth_is_silent = true;
}

void
sim_auth_begin(struct simnet *net, size_t host)
{
	net->host[host].auth_is_silent = false;
	net->host[host].n_auth_open = 0;
	engine_auth_gone(net->host[host].engine, sim_clock(net, host));
	sim_flush(net);
}
