/* Proposals of IKEv1 main mode (RFC 2409 appendix A; MS-IKEE): suites and methods in one. */
#include <string.h>

#include "ike/v1.h"

#define PROTO_ISAKMP 1
#define TRANSFORM_KEY_IKE 1

/* X(method, name, hash that it is tied to or HASH_NONE) */
#define V1_METHODS(X)                                \
	X(AUTH_V1_PSK, "psk", HASH_NONE)             \
	X(AUTH_V1_RSA, "rsa", HASH_NONE)             \
	X(AUTH_V1_ECDSA256, "ecdsa256", HASH_SHA256) \
	X(AUTH_V1_ECDSA384, "ecdsa384", HASH_SHA384) \
	X(AUTH_V1_KERBEROS, "kerberos", HASH_NONE)

const char *
v1_method_name(uint32_t method)
{
	switch (method) {
#define X(id, name, hash) \
	case id:          \
		return name;
		V1_METHODS(X)
#undef X
	default:
		return NULL;
	}
}

static bool
method_fits(uint32_t method, enum hash_id hash)
{
	switch (method) {
#define X(id, name, tied) \
	case id:          \
		return tied == HASH_NONE || hash == tied;
		V1_METHODS(X)
#undef X
	default:
		return false;
	}
}

bool
v1_policy_allows(const struct policy *p)
{
	return p != NULL && p->keying != KEYING_AUTHIP;
}

static bool
is_offered(const struct auth_entry *a, enum hash_id hash)
{
	return a->offered && method_fits((uint32_t)a->method, hash);
}

static void
offer_one(struct pld_proposal *prop, const struct mm_proposal *mine,
    enum auth_method method, struct span gss_id)
{
	struct pld_transform *t = &prop->transform[prop->n_transform];

	proposal_mm_transform(mine, t);
	t->number = (uint8_t)++prop->n_transform;
	t->has_group = true;
	t->has_auth_method = true;
	t->auth_method = (uint16_t)(method - AUTH_V1);
	if (method == AUTH_V1_KERBEROS)
		t->gss_id = gss_id;
}

void
v1_proposal_offer(const struct policy *p, struct span gss_id, struct pld_sa *out)
{
	struct pld_proposal *prop = &out->proposal[0];

	out->n_proposal = 1;
	prop->number = 1;
	prop->protocol = PROTO_ISAKMP;
	prop->spi = 0;
	prop->n_transform = 0;
	for (uint32_t i = 0; i < p->n_mm_proposal; i++)
		for (uint32_t k = 0; k < p->n_mm_auth; k++)
			if (is_offered(&p->mm_auth[k], p->mm_proposal[i].integrity) &&
			    prop->n_transform < PLD_MAX_TRANSFORMS)
				offer_one(prop, &p->mm_proposal[i],
				    p->mm_auth[k].method, gss_id);
}

/* Is this transform that suite of ours, with a method of ours? */
static bool
transform_is(const struct policy *p, const struct pld_transform *t,
    const struct mm_proposal *mine, enum auth_method *method)
{
	if (!proposal_mm_transform_is(t, mine) || !t->has_auth_method ||
	    t->group != (uint16_t)mine->group)
		return false;
	for (uint32_t k = 0; k < p->n_mm_auth; k++)
		if (is_offered(&p->mm_auth[k], mine->integrity) &&
		    (uint32_t)p->mm_auth[k].method ==
			AUTH_V1 + (uint32_t)t->auth_method) {
			*method = p->mm_auth[k].method;
			return true;
		}
	return false;
}

enum ike_err
v1_proposal_select(const struct policy *p, const struct pld_sa *offer,
    struct mm_proposal *chosen, enum auth_method *method, struct pld_sa *answer)
{
	for (uint32_t m = 0; m < p->n_mm_proposal; m++)
		for (size_t i = 0; i < offer->n_proposal; i++)
			for (size_t k = 0; k < offer->proposal[i].n_transform; k++) {
				const struct pld_proposal *prop = &offer->proposal[i];
				const struct pld_transform *t = &prop->transform[k];

				if (!transform_is(p, t, &p->mm_proposal[m], method))
					continue;
				proposal_mm_choose(chosen, &p->mm_proposal[m], t);
				proposal_mm_answer(answer, prop, t);
				return IKE_OK;
			}
	return IKE_ERR_NO_PROPOSAL;
}

enum ike_err
v1_proposal_verify(const struct policy *p, const struct pld_sa *answer,
    struct mm_proposal *chosen, enum auth_method *method)
{
	const struct pld_transform *t = &answer->proposal[0].transform[0];

	if (answer->n_proposal != 1 || answer->proposal[0].n_transform != 1)
		return IKE_ERR_NO_PROPOSAL;
	for (uint32_t m = 0; m < p->n_mm_proposal; m++)
		if (transform_is(p, t, &p->mm_proposal[m], method)) {
			proposal_mm_choose(chosen, &p->mm_proposal[m], t);
			return IKE_OK;
		}
	return IKE_ERR_NO_PROPOSAL;
}

static void
method_words(struct text *t, uint32_t method)
{
	const char *name = v1_method_name(method);

	text_str(t, t->n > 0 ? ", " : "");
	if (name != NULL) {
		text_str(t, name);
	} else {
		text_str(t, "method ");
		text_u32(t, method - AUTH_V1);
	}
}

void
v1_proposal_text(struct text *t, const struct pld_sa *sa)
{
	char buf[96];
	struct text list;

	proposal_mm_text(t, sa);
	text_init(&list, buf, sizeof(buf));
	for (size_t i = 0; i < sa->n_proposal; i++)
		for (size_t k = 0; k < sa->proposal[i].n_transform; k++) {
			const struct pld_transform *tr = &sa->proposal[i].transform[k];
			bool is_new = tr->has_auth_method;

			for (size_t j = 0; j < k; j++)
				is_new = is_new &&
					 sa->proposal[i].transform[j].auth_method !=
					     tr->auth_method;
			if (is_new)
				method_words(
				    &list, AUTH_V1 + (uint32_t)tr->auth_method);
		}
	text_str(t, " by ");
	text_str(t, buf);
}

void
v1_proposal_policy_text(struct text *t, const struct policy *p)
{
	char buf[96];
	struct text list;

	proposal_mm_policy_text(t, p);
	text_init(&list, buf, sizeof(buf));
	for (uint32_t k = 0; k < p->n_mm_auth; k++)
		if (p->mm_auth[k].offered && (uint32_t)p->mm_auth[k].method >= AUTH_V1)
			method_words(&list, (uint32_t)p->mm_auth[k].method);
	text_str(t, " by ");
	text_str(t, buf);
}
