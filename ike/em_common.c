/* Extended mode: what both roles share (MS-AIPS 3.6 to 3.9; spec authip.md 1.6, 4.4). */
#include <stdlib.h>
#include <string.h>

#include "ike/state.h"

/* Asks auth for the next step of the dialogue; the answer comes as engine_auth_reply(). */
uint64_t
gss_ask_auth(struct engine *e, struct mm_sa *mm, enum auth_step step, struct span token)
{
	struct engine_action *a = action_push(e, ACTION_AUTH, token);
	struct em *em = &mm->em;

	if (step == AUTH_START)
		em->handle = ++e->next_handle;
	if (a == NULL)
		return em->handle;
	a->auth.handle = em->handle;
	a->auth.step = step;
	a->auth.method = (enum auth_method)em->method;
	a->auth.initiator = mm->initiator;
	a->auth.extended_mode = true;
	a->auth.credential = em->credential;
	a->auth.local = mm->local;
	a->auth.remote = mm->remote;
	memcpy(a->auth.peer_gss_id, mm->peer_gss_id, sizeof(a->auth.peer_gss_id));
	if (mm->policy_of.target_name != NULL)
		memcpy(a->auth.target_name, mm->policy_of.target_name,
		    sizeof(a->auth.target_name));
	a->auth.uid = mm->policy_of.uid;
	em->auth_waiting = step != AUTH_ABORT;
	return em->handle;
}

void
em_forget_dialogue(struct engine *e, struct mm_sa *mm)
{
	if (mm->em.handle != 0)
		gss_ask_auth(e, mm, AUTH_ABORT, SPAN_NONE);
	mm->em.handle = 0;
	mm->em.auth_waiting = false;
	mm->em.local_done = mm->em.peer_done = false;
	if (mm->em.secret != NULL)
		secret_wipe(mm->em.secret);
	free(mm->em.secret);
	mm->em.secret = NULL;
}

/* Established: only keys and names are needed from now on. */
void
em_finish(struct mm_sa *mm)
{
	if (mm->em.secret != NULL)
		secret_wipe(mm->em.secret);
	free(mm->em.secret);
	mm->em.secret = NULL;
	if (mm->z != NULL)
		secret_wipe(mm->z);
	free(mm->z);
	mm->z = NULL;
}

static struct mm_sa *
em_find_handle(struct engine *e, uint64_t handle)
{
	struct mm_sa *mm;

	LIST_FOREACH (mm, &e->mm_all, all_link)
		if (mm->em.handle == handle && mm->em.auth_waiting)
			return mm;
	return NULL;
}

void
engine_auth_reply(struct engine *e, uint64_t now_ms, const struct engine_auth_reply *r)
{
	struct mm_sa *mm;

	if (now_ms > e->now_ms)
		e->now_ms = now_ms;
	/* A late answer for a main mode that is gone is nobody's. */
	if (r->handle == 0 || (mm = em_find_handle(e, r->handle)) == NULL)
		return;
	mm->em.auth_waiting = false;
	if (r->status == AUTH_DONE) {
		mm->em.secret = calloc(1, sizeof(*mm->em.secret));
		if (mm->em.secret == NULL ||
		    !blob_set_text(&mm->em.peer_name, r->peer_name, sizeof(r->peer_name))) {
			mm_fail(e, mm, "extended mode", IKE_ERR_NO_MEMORY, NULL, true, true);
			return;
		}
		*mm->em.secret = r->secret;
		mm->em.local_done = true;
	}
	if (r->status != AUTH_CONTINUE)
		mm->em.handle = 0;
	if (mm->initiator)
		em_init_auth(e, mm, r);
	else
		em_resp_auth(e, mm, r);
}

void
engine_auth_gone(struct engine *e, uint64_t now_ms)
{
	struct mm_sa *mm, *next;

	if (now_ms > e->now_ms)
		e->now_ms = now_ms;
	for (mm = LIST_FIRST(&e->mm_all); mm != NULL; mm = next) {
		next = LIST_NEXT(mm, all_link);
		if (mm->em.handle == 0 || mm->state == MM_DYING)
			continue;
		mm->em.handle = 0;
		mm_fail(e, mm, "extended mode", IKE_ERR_AUTH_GONE, NULL, true, true);
	}
}
