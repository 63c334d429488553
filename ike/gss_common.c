/*
 * Authentication by GSS tokens: what both roles and both rounds (main mode, extended mode)
 * share (MS-AIPS 3.8, 3.9; spec authip.md 1.4, 1.6, 4.4).
 */
#include <stdlib.h>
#include <string.h>

#include "ike/v1.h"

const char *
gss_step(const struct mm_sa *mm)
{
	return gss_is_main(mm) ? "main mode authentication" : "extended mode";
}

/* The auth role always answers; should it not, nobody else ends this at the initiator. */
static void
gss_auth_timeout(struct engine *e, void *owner)
{
	struct mm_sa *mm = owner;

	mm_fail(e, mm, gss_step(mm), IKE_ERR_AUTH_GONE, "it did not answer in time",
	    true, true);
}

/* Asks auth for the next step of the dialogue; the answer comes as engine_auth_reply(). */
uint64_t
gss_ask_auth(struct engine *e, struct mm_sa *mm, enum auth_step step, struct span token)
{
	struct engine_action *a = action_push(e, ACTION_AUTH, token);
	struct gss *g = gss_now(mm);

	if (step == AUTH_START)
		g->handle = ++e->next_handle;
	if (a == NULL)
		return g->handle;
	a->auth.handle = g->handle;
	a->auth.step = step;
	a->auth.method = (enum auth_method)g->method;
	a->auth.initiator = mm->initiator;
	a->auth.extended_mode = !gss_is_main(mm);
	if (mm->v1 != NULL)
		a->auth.hash = mm->chosen.integrity;
	a->auth.credential = g->credential;
	a->auth.local = mm->local;
	a->auth.remote = mm->remote;
	memcpy(a->auth.peer_gss_id, mm->peer_gss_id, sizeof(a->auth.peer_gss_id));
	if (mm->policy_of.target_name != NULL)
		memcpy(a->auth.target_name, mm->policy_of.target_name,
		    sizeof(a->auth.target_name));
	a->auth.uid = mm->policy_of.uid;
	g->auth_waiting = step != AUTH_ABORT;
	if (mm->initiator && g->auth_waiting)
		timer_arm(&e->timers, &mm->responder_timer,
		    e->now_ms + mm->dialect->responder_timeout_s * 1000u,
		    gss_auth_timeout, mm);
	return g->handle;
}

static void
secret_free(struct gss_secret **s)
{
	if (*s != NULL)
		secret_wipe_bytes(*s, sizeof(**s));
	free(*s);
	*s = NULL;
}

void
gss_forget(struct engine *e, struct mm_sa *mm)
{
	struct gss *g = gss_now(mm);

	if (g->handle != 0)
		gss_ask_auth(e, mm, AUTH_ABORT, SPAN_NONE);
	g->handle = 0;
	g->auth_waiting = false;
	g->local_done = g->peer_done = false;
	secret_free(&g->secret);
}

void
gss_free(struct gss *g)
{
	secret_free(&g->secret);
	blob_free(&g->peer_name);
	blob_free(&g->failure);
}

/* Established: only keys and names are needed from now on. */
void
gss_finish(struct mm_sa *mm)
{
	secret_free(&mm->gss.secret);
	secret_free(&mm->em.secret);
	if (mm->z != NULL)
		secret_wipe(mm->z);
	free(mm->z);
	mm->z = NULL;
}

const char *
gss_peer_name(const struct mm_sa *mm)
{
	return blob_text(
	    mm->em.peer_name.n > 0 ? &mm->em.peer_name : &mm->gss.peer_name);
}

void
gss_methods_cut(const struct pld_auth *offered, const struct auth_entry *mine,
    uint32_t n_mine, struct pld_auth *out)
{
	out->n = 0;
	for (size_t i = 0; i < offered->n; i++)
		for (uint32_t k = 0; k < n_mine; k++)
			if (auth_is_authip(&mine[k]) &&
			    (uint16_t)mine[k].method == offered->method[i]) {
				out->method[out->n++] = offered->method[i];
				break;
			}
}

bool
gss_has_tokens(const struct mm_sa *mm)
{
	const struct pld_auth *m = &mm->gss.methods;

	return (mm->state == MM_INIT_FIRST_DONE || mm->state == MM_RESP_FIRST_DONE) &&
	       (m->n > 1 || (m->n == 1 && m->method[0] != AUTH_ANONYMOUS));
}

bool
gss_begin_message(struct engine *e, struct mm_sa *mm)
{
	bool main = gss_is_main(mm);
	bool clear = main || mm->dialect->em_gss == EM_GSS_243_CLEAR;

	exchange_begin(e, mm, clear ? EXCHANGE_MM : EXCHANGE_EM, clear ? 0 : 1,
	    seq_take(mm, clear ? SEQ_MM : SEQ_EM, mm->dialect), !clear);
	return !clear;
}

/* ---- answers of auth ---- */

static struct mm_sa *
gss_find_handle(struct engine *e, uint64_t handle)
{
	struct mm_sa *mm;

	LIST_FOREACH (mm, &e->mm_all, all_link)
		if (gss_now(mm)->handle == handle && gss_now(mm)->auth_waiting)
			return mm;
	return NULL;
}

static bool
gss_take_secret(struct gss *g, const struct engine_auth_reply *r)
{
	g->secret = calloc(1, sizeof(*g->secret));
	if (g->secret == NULL ||
	    !blob_set_text(&g->peer_name, r->peer_name, sizeof(r->peer_name)))
		return false;
	g->secret->own = r->secret;
	memcpy(g->secret->form, r->form, sizeof(g->secret->form));
	g->local_done = true;
	return true;
}

void
engine_auth_reply(struct engine *e, uint64_t now_ms, const struct engine_auth_reply *r)
{
	struct mm_sa *mm;
	struct gss *g;

	if (now_ms > e->now_ms)
		e->now_ms = now_ms;
	/* A late answer for a main mode that is gone is nobody's. */
	if (r->handle == 0 || (mm = gss_find_handle(e, r->handle)) == NULL)
		return;
	g = gss_now(mm);
	g->auth_waiting = false;
	if (mm->initiator)
		timer_cancel(&e->timers, &mm->responder_timer);
	if (r->status == AUTH_DONE && !gss_take_secret(g, r)) {
		mm_fail(e, mm, gss_step(mm), IKE_ERR_NO_MEMORY, NULL, true, true);
		return;
	}
	if (r->status != AUTH_CONTINUE)
		g->handle = 0;
	if (mm->v1 != NULL)
		v1_auth_reply(e, mm, r);
	else if (mm->state == MM_TOKEN_FIRST)
		mm_init_token(e, mm, r);
	else if (mm->initiator)
		gss_init_auth(e, mm, r);
	else if (mm->m1.n > 0)
		mm_resp_token(e, mm, r);
	else
		gss_resp_auth(e, mm, r);
}

void
engine_auth_gone(struct engine *e, uint64_t now_ms)
{
	struct mm_sa *mm, *next;

	if (now_ms > e->now_ms)
		e->now_ms = now_ms;
	for (mm = LIST_FIRST(&e->mm_all); mm != NULL; mm = next) {
		next = LIST_NEXT(mm, all_link);
		if (mm->state == MM_DYING || gss_now(mm)->handle == 0)
			continue;
		gss_now(mm)->handle = 0;
		mm_fail(e, mm, gss_step(mm), IKE_ERR_AUTH_GONE, NULL, true, true);
	}
}
