/*
 * What main mode may be when a peer begins it. Which class it wants is known only when its
 * quick mode comes: until then what any class takes is taken, and the engine compares main
 * mode with the class afterwards. A policy has room for so many proposals: users share
 * what the configuration leaves.
 */
#include "config.h"

#include <string.h>

#include "daemon/class_table.h"
#include "daemon/negotiator.h"

struct share {
	uint32_t owner;
	uint32_t n;
};

struct sum {
	struct negotiator *n;
	struct policy *out;
	struct share share[POLICY_MAX_PROPOSALS];
	uint32_t n_share;
	uint32_t most;	/* proposals that one user may have by now */
	bool wants_more; /* one of them has others */
};

/* One that can be used is worth more than one that is only listed. */
static void
add_method(struct policy *p, const struct auth_entry *a)
{
	for (uint32_t i = 0; i < p->n_mm_auth; i++)
		if (p->mm_auth[i].method == a->method)
			return;
	if (p->n_mm_auth < POLICY_MAX_AUTH) {
		p->mm_auth[p->n_mm_auth++] = *a;
		return;
	}
	for (uint32_t i = 0; a->offered && i < p->n_mm_auth; i++)
		if (!p->mm_auth[i].offered) {
			p->mm_auth[i] = *a;
			return;
		}
}

static bool
has_proposal(const struct policy *p, const struct mm_proposal *m)
{
	for (uint32_t i = 0; i < p->n_mm_proposal; i++)
		if (p->mm_proposal[i].cipher == m->cipher &&
		    p->mm_proposal[i].integrity == m->integrity &&
		    p->mm_proposal[i].group == m->group)
			return true;
	return false;
}

static void
add_proposal(struct policy *p, const struct mm_proposal *m)
{
	if (p->n_mm_proposal < POLICY_MAX_PROPOSALS && !has_proposal(p, m))
		p->mm_proposal[p->n_mm_proposal++] = *m;
}

static void
add_others(struct policy *out, const struct policy *p)
{
	for (uint32_t i = 0; i < p->n_mm_auth; i++)
		add_method(out, &p->mm_auth[i]);
	if (out->keying != p->keying)
		out->keying = KEYING_BOTH;
	/* That there is an extended mode; which one is its class's. */
	if (out->n_em_auth == 0) {
		memcpy(out->em_auth, p->em_auth, sizeof(out->em_auth));
		out->n_em_auth = p->n_em_auth;
	}
}

/* What was added before is preferred. */
static void
add_policy(struct policy *out, const struct policy *p)
{
	if (out->n_mm_proposal == 0) {
		*out = *p;
		return;
	}
	for (uint32_t i = 0; i < p->n_mm_proposal; i++)
		add_proposal(out, &p->mm_proposal[i]);
	add_others(out, p);
}

/* Each of them has a proposal at once: there are no more of them than those. */
static struct share *
share_of(struct sum *s, uint32_t owner)
{
	uint32_t i = 0;

	while (i < s->n_share && s->share[i].owner != owner)
		i++;
	if (i == s->n_share)
		s->share[s->n_share++] = (struct share){ owner, 0 };
	return &s->share[i];
}

static void
add_proposals_of(struct sum *s, uint32_t owner, const struct policy *p)
{
	for (uint32_t i = 0; i < p->n_mm_proposal; i++) {
		if (has_proposal(s->out, &p->mm_proposal[i]))
			continue;
		if (s->out->n_mm_proposal == POLICY_MAX_PROPOSALS)
			return;
		if (s->most == 0 || share_of(s, owner)->n >= s->most) {
			s->wants_more = true;
			return;
		}
		share_of(s, owner)->n++;
		add_proposal(s->out, &p->mm_proposal[i]);
	}
}

static bool
add_class(void *ctx, uint32_t class_id, const struct class_spec *spec)
{
	struct sum *s = ctx;

	/* Rules are for the addresses that they name, and were added. */
	if (spec->kind != CLASS_OF_SOCKETS)
		return true;
	if (!spec->follows_default) {
		add_proposals_of(s, spec->owner, &spec->policy);
		add_others(s->out, &spec->policy);
	} else if (class_sockets(s->n->classes, class_id) > 0) {
		add_policy(s->out, &spec->policy);
	}
	return true;
}

/* One more for each user, and again, while there is room. */
static void
add_classes(struct negotiator *n)
{
	struct sum s = { .n = n, .out = &n->responding };

	for (uint32_t most = 0; most <= POLICY_MAX_PROPOSALS; most++) {
		s.most = most;
		s.wants_more = false;
		class_walk(n->classes, add_class, &s);
		if (!s.wants_more)
			return;
	}
}

/* Where rules are for this peer, the default policy counts only if sockets have it. */
const struct policy *
nego_mm_policy(
    void *ctx, const struct endpoint *local, const struct endpoint *remote)
{
	struct negotiator *n = ctx;
	const struct policy *p;
	uint32_t next = 0;

	if (n->is_stopping)
		return NULL;
	n->responding.n_mm_proposal = 0;
	while ((p = nego_rules_policy(n, &local->addr, &remote->addr, &next)) != NULL)
		add_policy(&n->responding, p);
	if (n->responding.n_mm_proposal == 0)
		n->responding = n->config->policy;
	add_classes(n);
	return &n->responding;
}
