/* Shared copies of policies. */
#include "ike/policy_pool.h"

#include <stdlib.h>
#include <string.h>

struct held_policy {
	struct policy policy; /* first: found again by its address */
	LIST_ENTRY(held_policy) link;
	uint32_t n_users;
	char target_name[TARGET_NAME_BYTES]; /* empty: none */
};

static bool
name_is(const char *held, const char *name)
{
	return strcmp(held, name != NULL ? name : "") == 0;
}

static struct held_policy *
pool_find(struct engine *e, const struct class_policy *c)
{
	struct held_policy *h;

	LIST_FOREACH (h, &e->policies, link)
		if (name_is(h->target_name, c->target_name) &&
		    (&h->policy == c->policy || policy_equal(&h->policy, c->policy)))
			return h;
	return NULL;
}

static struct held_policy *
pool_add(struct engine *e, const struct class_policy *c)
{
	struct held_policy *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return NULL;
	h->policy = *c->policy;
	if (c->target_name != NULL)
		memcpy(h->target_name, c->target_name,
		    strnlen(c->target_name, sizeof(h->target_name) - 1));
	LIST_INSERT_HEAD(&e->policies, h, link);
	return h;
}

bool
policy_hold(struct engine *e, struct class_policy *c)
{
	struct held_policy *h = pool_find(e, c);

	if (h == NULL && (h = pool_add(e, c)) == NULL) {
		c->policy = NULL;
		c->target_name = NULL;
		return false;
	}
	h->n_users++;
	c->policy = &h->policy;
	c->target_name = h->target_name[0] != '\0' ? h->target_name : NULL;
	return true;
}

void
policy_release(struct class_policy *c)
{
	/* The policy is the first member of what holds it; it was lent as const. */
	struct held_policy *h = (struct held_policy *)(uintptr_t)c->policy;

	c->policy = NULL;
	c->target_name = NULL;
	if (h == NULL || --h->n_users > 0)
		return;
	LIST_REMOVE(h, link);
	free(h);
}

/* Could the main mode that there is have been negotiated for p? */
static bool
mm_fits(const struct mm_sa *mm, const struct policy *p)
{
	bool method = false, proposal = false;

	for (uint32_t i = 0; i < p->n_mm_proposal; i++)
		proposal = proposal ||
			   (p->mm_proposal[i].cipher == mm->chosen.cipher &&
			       p->mm_proposal[i].integrity == mm->chosen.integrity &&
			       (p->mm_proposal[i].group == mm->chosen.group ||
				   mm->chosen.group == DH_NONE));
	for (uint32_t i = 0; i < p->n_mm_auth; i++)
		method = method || p->mm_auth[i].method == mm->gss.method;
	return proposal && method;
}

/* Does its extended mode, which began already, what p demands? */
static bool
em_fits(const struct mm_sa *mm, const struct policy *p)
{
	struct policy other = *mm->policy;

	memcpy(other.em_auth, p->em_auth, sizeof(other.em_auth));
	other.n_em_auth = p->n_em_auth;
	return policy_equal_main_mode(mm->policy, &other);
}

bool
policy_mm_satisfies(const struct mm_sa *mm, const struct policy *p)
{
	return mm_fits(mm, p) && em_fits(mm, p);
}

/* A quick mode was accepted on it: what that one demands of the peer stands. */
static bool
is_promised(const struct mm_sa *mm)
{
	const struct qm_sa *qm;

	LIST_FOREACH (qm, &mm->quick_modes, mm_link)
		if (qm->negotiated)
			return true;
	return false;
}

enum ike_err
policy_adopt(struct engine *e, struct mm_sa *mm, const struct class_policy *c)
{
	struct class_policy wanted = *c;

	if (!mm_fits(mm, c->policy))
		return IKE_ERR_MM_MISMATCH;
	/* Who the peer is was asked, or is: another name cannot be proved on this one. */
	if (mm->initiator || mm->em.state != GSS_NONE || !mm_needs_em(mm) ||
	    is_promised(mm)) {
		if (c->uid != mm->policy_of.uid || !em_fits(mm, c->policy))
			return IKE_ERR_MM_MISMATCH;
		if (c->target_name != NULL &&
		    !name_is(c->target_name, mm->policy_of.target_name))
			return IKE_ERR_TARGET_NAME;
		return IKE_OK;
	}
	if (!policy_hold(e, &wanted))
		return IKE_ERR_NO_MEMORY;
	policy_release(&mm->policy_of);
	mm->policy_of = wanted;
	mm->policy = wanted.policy;
	return IKE_OK;
}

bool
policy_same_target(const struct class_policy *a, const struct class_policy *b)
{
	return a->uid == b->uid &&
	       name_is(a->target_name != NULL ? a->target_name : "", b->target_name);
}

bool
policy_same_peer(const struct class_policy *a, const struct class_policy *b)
{
	return policy_same_target(a, b) &&
	       (a->policy == b->policy || policy_equal_main_mode(a->policy, b->policy));
}
