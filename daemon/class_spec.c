/* What tells classes apart, and what one may look like. */
#include "daemon/class_spec.h"

#include <string.h>

static bool
targets_equal(const struct class_spec *a, const struct class_spec *b)
{
	if (strcmp(a->target_name, b->target_name) != 0 || a->n_target != b->n_target)
		return false;
	for (uint32_t i = 0; i < a->n_target; i++)
		if (!endpoint_equal(&a->target[i].peer, &b->target[i].peer) ||
		    strcmp(a->target[i].name, b->target[i].name) != 0)
			return false;
	return true;
}

/* A selector for any port of the peer (port 0) is for whoever has a name there. */
const char *
class_spec_target(const struct class_spec *s, const struct endpoint *remote)
{
	for (uint32_t i = 0; remote != NULL && i < s->n_target; i++)
		if (address_equal(&s->target[i].peer.addr, &remote->addr) &&
		    (remote->port == 0 || remote->port == s->target[i].peer.port))
			return s->target[i].name;
	return s->target_name;
}

bool
class_spec_equal(const struct class_spec *a, const struct class_spec *b)
{
	return a->kind == b->kind && a->uid == b->uid &&
	       a->guarantee_encryption == b->guarantee_encryption &&
	       a->allow_insecure == b->allow_insecure &&
	       a->follows_default == b->follows_default &&
	       a->ipsec_flags == b->ipsec_flags && targets_equal(a, b) &&
	       (a->kind != CLASS_OF_RULE || rule_equal(&a->rule, &b->rule)) &&
	       policy_equal(&a->policy, &b->policy);
}

static bool
prefix_is_sane(const struct prefix *p)
{
	return (p->addr.family == 0 || p->addr.family == 4 || p->addr.family == 6) &&
	       p->bits <= 8 * address_len_bytes(&p->addr);
}

static bool
rule_is_sane(const struct rule *r)
{
	return memchr(r->name, '\0', sizeof(r->name)) != NULL &&
	       prefix_is_sane(&r->local) && prefix_is_sane(&r->remote) &&
	       (unsigned)r->action < RULE_ACTION_COUNT &&
	       (r->local.addr.family == 0 || r->remote.addr.family == 0 ||
		   r->local.addr.family == r->remote.addr.family) &&
	       (r->protocol == 0 || r->protocol == 6 || r->protocol == 17);
}

bool
class_spec_is_exempt(const struct class_spec *s)
{
	return s->kind == CLASS_OF_RULE && rule_is_exempt(&s->rule);
}

bool
class_spec_takes_clear(const struct class_spec *s)
{
	return rule_allows_clear_in(&s->rule) && !s->guarantee_encryption;
}

const char *
class_spec_name(const struct class_spec *s)
{
	if (s == NULL)
		return "none";
	if (s->kind == CLASS_OF_RULE)
		return "rule";
	return s->guarantee_encryption ? "guarantee-encryption" :
	       s->allow_insecure       ? "allow-insecure" :
					 "default";
}

/* A byte that is neither 0 nor 1 must not be read as bool. */
static bool
is_bool(const bool *b)
{
	uint8_t byte;

	memcpy(&byte, b, sizeof(byte));
	return byte <= 1;
}

static bool
proposals_are_sane(const struct policy *p)
{
	for (uint32_t i = 0; i < p->n_mm_proposal; i++) {
		const struct mm_proposal *m = &p->mm_proposal[i];

		if ((unsigned)m->cipher > CIPHER_AES256_GMAC ||
		    hash_len_bytes(m->integrity) == 0 ||
		    dh_public_len_bytes(m->group) == 0)
			return false;
	}
	for (uint32_t i = 0; i < p->n_qm_proposal; i++) {
		const struct qm_proposal *q = &p->qm_proposal[i];

		if ((unsigned)q->transform > QM_AH ||
		    (unsigned)q->cipher > CIPHER_AES256_GMAC ||
		    (q->integrity != HASH_NONE && hash_len_bytes(q->integrity) == 0) ||
		    (q->pfs != DH_NONE && dh_public_len_bytes(q->pfs) == 0))
			return false;
	}
	return (unsigned)p->keying <= KEYING_BOTH && (unsigned)p->nd <= ND_BOUNDARY;
}

static bool
lists_are_sane(const struct policy *p)
{
	if (p->n_mm_proposal > POLICY_MAX_PROPOSALS ||
	    p->n_qm_proposal > POLICY_MAX_PROPOSALS || p->n_mm_auth > POLICY_MAX_AUTH ||
	    p->n_em_auth > POLICY_MAX_AUTH)
		return false;
	for (size_t i = 0; i < POLICY_MAX_AUTH; i++)
		if (!is_bool(&p->mm_auth[i].offered) ||
		    !is_bool(&p->em_auth[i].offered))
			return false;
	return true;
}

static bool
targets_are_sane(const struct class_spec *s)
{
	if (memchr(s->target_name, '\0', sizeof(s->target_name)) == NULL ||
	    s->n_target > CLASS_MAX_TARGETS)
		return false;
	for (uint32_t i = 0; i < s->n_target; i++) {
		const struct class_target *t = &s->target[i];

		if ((t->peer.addr.family != 4 && t->peer.addr.family != 6) ||
		    memchr(t->name, '\0', sizeof(t->name)) == NULL)
			return false;
	}
	return true;
}

bool
class_spec_is_sane(const struct class_spec *s)
{
	return is_bool(&s->guarantee_encryption) && is_bool(&s->allow_insecure) &&
	       is_bool(&s->follows_default) && s->kind <= CLASS_OF_RULE &&
	       !(s->guarantee_encryption && s->allow_insecure) &&
	       (s->ipsec_flags & ~CLASS_IPSEC_FLAGS) == 0 && targets_are_sane(s) &&
	       lists_are_sane(&s->policy) && proposals_are_sane(&s->policy) &&
	       (s->kind != CLASS_OF_RULE || rule_is_sane(&s->rule));
}
