/* Proposals of main mode (spec authip.md 2.6, 7.2, A36, A93). Quick mode: proposal_qm.c. */
#include "ike/proposal.h"

#include <string.h>

#define TRANSFORM_KEY_IKE 1
#define PROTO_ISAKMP 1

/* The number of a group in AUTHIP_INIT_KE_DH_GROUP (MS-IKEE; spec 6.1). */
#define VENDOR_GROUPS(X)  \
	X(DH_NONE, 0)     \
	X(DH_MODP768, 1)  \
	X(DH_MODP1024, 2) \
	X(DH_MODP2048, 3) \
	X(DH_ECP256, 4)   \
	X(DH_ECP384, 5)

uint32_t
proposal_vendor_group(enum dh_group g)
{
	switch (g) {
#define X(group, number) \
	case group:      \
		return number;
		VENDOR_GROUPS(X)
#undef X
	}
	return 0;
}

bool
proposal_method_needs_dh(uint16_t method)
{
	return method == AUTH_ANONYMOUS || method == AUTH_NTLM;
}

/* Kerberos and TLS yield a secret of their own: no DH unless it is wanted (A35). */
static enum dh_group
mm_group_of(const struct policy *p, const struct dialect *d, uint32_t i)
{
	bool needs = d->mm_dh_with_gss == MM_DH_WITH_GSS_ALWAYS;

	for (uint32_t k = 0; k < p->n_mm_auth; k++)
		needs = needs ||
			(auth_is_authip(&p->mm_auth[k]) &&
			    proposal_method_needs_dh((uint16_t)p->mm_auth[k].method));
	return needs ? p->mm_proposal[i].group : DH_NONE;
}

bool
proposal_mm_group(const struct policy *p, const struct dialect *d, uint32_t attempt,
    enum dh_group *group)
{
	enum dh_group seen[POLICY_MAX_PROPOSALS];
	uint32_t n = 0;

	for (uint32_t i = 0; i < p->n_mm_proposal; i++) {
		enum dh_group g = mm_group_of(p, d, i);
		bool is_new = true;

		for (uint32_t k = 0; k < n; k++)
			is_new = is_new && seen[k] != g;
		if (is_new)
			seen[n++] = g;
	}
	*group = attempt < n ? seen[attempt] : DH_NONE;
	return attempt < n;
}

static uint16_t
mm_key_bits(enum cipher_id c)
{
	return cipher_ike_number(c) == 7 ? (uint16_t)(cipher_key_len_bytes(c) * 8) : 0;
}

void
proposal_mm_transform(const struct mm_proposal *mine, struct pld_transform *t)
{
	memset(t, 0, sizeof(*t));
	t->id = TRANSFORM_KEY_IKE;
	t->cipher = cipher_ike_number(mine->cipher);
	t->key_bits = mm_key_bits(mine->cipher);
	t->hash = (uint16_t)mine->integrity;
	t->group = (uint16_t)mine->group;
	t->life_s = mine->lifetime_s;
}

void
proposal_mm_offer(const struct policy *p, bool mixed, enum dh_group group,
    const struct dialect *d, struct pld_sa *out)
{
	struct pld_proposal *prop = &out->proposal[0];

	out->n_proposal = 1;
	prop->number = 1;
	prop->protocol = PROTO_ISAKMP;
	prop->spi = 0;
	prop->n_transform = 0;
	for (uint32_t i = 0; i < p->n_mm_proposal; i++) {
		const struct mm_proposal *mine = &p->mm_proposal[i];
		struct pld_transform *t = &prop->transform[prop->n_transform];
		enum dh_group own = mm_group_of(p, d, i);

		if (!mixed && own != group)
			continue;
		proposal_mm_transform(mine, t);
		t->number = (uint8_t)++prop->n_transform;
		t->group = (uint16_t)own;
		t->has_group = own != DH_NONE || d->mm_dh_none == MM_DH_NONE_ZERO;
		if (d->mm_auth_attr == MM_AUTH_ATTR_INCLUDE) {
			t->has_auth_method = true;
			t->auth_method =
			    p->n_mm_auth > 0 ? (uint16_t)p->mm_auth[0].method : 0;
		}
	}
}

static bool
offer_has_group(const struct pld_sa *offer, enum dh_group g, bool *all)
{
	bool any = false;

	*all = true;
	for (size_t i = 0; i < offer->n_proposal; i++)
		for (size_t k = 0; k < offer->proposal[i].n_transform; k++) {
			bool same =
			    offer->proposal[i].transform[k].group == (uint16_t)g;

			any = any || same;
			*all = *all && same;
		}
	return any;
}

enum dh_group
proposal_mm_ke_group(const struct pld_sa *offer, bool has_vendor, uint32_t vendor_group,
    size_t ke_len_bytes)
{
	static const enum dh_group known[] = { DH_ECP256, DH_ECP384, DH_MODP2048,
		DH_MODP1024 };
	bool all;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		enum dh_group g = known[i];

		if (dh_public_len_bytes(g) != ke_len_bytes ||
		    !offer_has_group(offer, g, &all))
			continue;
		/* The length must fit whatever the vendor ID says. */
		if (!has_vendor || proposal_vendor_group(g) == vendor_group)
			return g;
	}
	return DH_NONE;
}

bool
proposal_mm_transform_is(const struct pld_transform *t, const struct mm_proposal *mine)
{
	return t->id == TRANSFORM_KEY_IKE &&
	       t->cipher == cipher_ike_number(mine->cipher) &&
	       t->key_bits == mm_key_bits(mine->cipher) &&
	       t->hash == (uint16_t)mine->integrity;
}

/* A responder takes the group of its proposal, or none where the secret needs none (A35). */
static bool
mm_group_fits(
    const struct pld_transform *t, const struct mm_proposal *mine, bool needs_dh)
{
	return t->group == (uint16_t)mine->group || (t->group == 0 && !needs_dh);
}

uint32_t
proposal_lifetime(uint32_t mine, uint32_t theirs, uint32_t least)
{
	if (theirs == 0)
		return mine;
	if (theirs < least)
		theirs = least;
	return mine != 0 && mine < theirs ? mine : theirs;
}

void
proposal_mm_choose(struct mm_proposal *chosen, const struct mm_proposal *mine,
    const struct pld_transform *t)
{
	*chosen = *mine;
	chosen->group = (enum dh_group)t->group;
	chosen->lifetime_s = proposal_lifetime(mine->lifetime_s, t->life_s, LIFETIME_LEAST_S);
}

void
proposal_mm_answer(struct pld_sa *answer, const struct pld_proposal *offered,
    const struct pld_transform *t)
{
	answer->n_proposal = 1;
	answer->proposal[0].number = offered->number;
	answer->proposal[0].protocol = PROTO_ISAKMP;
	answer->proposal[0].n_transform = 1;
	answer->proposal[0].transform[0] = *t;
}

enum ike_err
proposal_mm_select(const struct policy *p, const struct pld_sa *offer, bool needs_dh,
    enum dh_group ke_group, struct mm_proposal *chosen, struct pld_sa *answer)
{
	enum ike_err e = IKE_ERR_NO_PROPOSAL;

	for (uint32_t m = 0; m < p->n_mm_proposal; m++)
		for (size_t i = 0; i < offer->n_proposal; i++)
			for (size_t k = 0; k < offer->proposal[i].n_transform; k++) {
				const struct pld_proposal *prop = &offer->proposal[i];
				const struct pld_transform *t = &prop->transform[k];
				const struct mm_proposal *mine = &p->mm_proposal[m];

				if (!proposal_mm_transform_is(t, mine) ||
				    !mm_group_fits(t, mine, needs_dh))
					continue;
				if (t->group != (uint16_t)ke_group) {
					e = IKE_ERR_GROUP;
					continue;
				}
				proposal_mm_choose(chosen, mine, t);
				proposal_mm_answer(answer, prop, t);
				return IKE_OK;
			}
	return e;
}

enum ike_err
proposal_mm_verify(const struct policy *p, const struct dialect *d, enum dh_group group,
    const struct pld_sa *answer, struct mm_proposal *chosen)
{
	if (answer->n_proposal != 1 || answer->proposal[0].n_transform != 1)
		return IKE_ERR_NO_PROPOSAL;
	for (uint32_t m = 0; m < p->n_mm_proposal; m++) {
		const struct mm_proposal *mine = &p->mm_proposal[m];
		const struct pld_transform *t = &answer->proposal[0].transform[0];

		if (mm_group_of(p, d, m) == group && t->group == (uint16_t)group &&
		    proposal_mm_transform_is(t, mine)) {
			proposal_mm_choose(chosen, mine, t);
			return IKE_OK;
		}
	}
	return IKE_ERR_NO_PROPOSAL;
}

static void
mm_words(struct text *t, uint16_t cipher, uint16_t bits, uint16_t hash, uint16_t group)
{
	if (t->n > 0)
		text_str(t, ", ");
	if (cipher == 7) {
		text_str(t, "aes");
		text_u32(t, bits);
	} else if (cipher == 5) {
		text_str(t, "3des");
	} else {
		text_str(t, "cipher ");
		text_u32(t, cipher);
	}
	text_str(t, "-");
	if (hash_len_bytes((enum hash_id)hash) > 0) {
		text_str(t, hash_name((enum hash_id)hash));
	} else {
		text_str(t, "hash ");
		text_u32(t, hash);
	}
	text_str(t, "-");
	if (group == 0 || dh_public_len_bytes((enum dh_group)group) > 0) {
		text_str(t, dh_name((enum dh_group)group));
	} else {
		text_str(t, "group ");
		text_u32(t, group);
	}
}

void
proposal_mm_text(struct text *t, const struct pld_sa *sa)
{
	for (size_t i = 0; i < sa->n_proposal; i++)
		for (size_t k = 0; k < sa->proposal[i].n_transform; k++) {
			const struct pld_transform *tr = &sa->proposal[i].transform[k];

			mm_words(t, tr->cipher, tr->key_bits, tr->hash, tr->group);
		}
}

void
proposal_mm_policy_text(struct text *t, const struct policy *p)
{
	for (uint32_t i = 0; i < p->n_mm_proposal; i++) {
		const struct mm_proposal *m = &p->mm_proposal[i];

		mm_words(t, cipher_ike_number(m->cipher), mm_key_bits(m->cipher),
		    (uint16_t)m->integrity, (uint16_t)m->group);
	}
}
