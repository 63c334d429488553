/* Proposals of quick mode (RFC 2407 4.4, 4.5; spec authip.md 2.7, 7.4, A93). */
#include <string.h>

#include "ike/proposal.h"

enum {
	PROTO_AH = 2,
	PROTO_ESP = 3,
};

/* X(cipher, ESP transform id, key length bits or 0) */
#define ESP_TRANSFORMS(X)          \
	X(CIPHER_3DES, 3, 0)       \
	X(CIPHER_NULL, 11, 0)      \
	X(CIPHER_AES128, 12, 128)  \
	X(CIPHER_AES192, 12, 192)  \
	X(CIPHER_AES256, 12, 256)        \
	X(CIPHER_AES128_GCM, 20, 128)    \
	X(CIPHER_AES192_GCM, 20, 192)    \
	X(CIPHER_AES256_GCM, 20, 256)    \
	X(CIPHER_AES128_GMAC, 23, 128)   \
	X(CIPHER_AES192_GMAC, 23, 192)   \
	X(CIPHER_AES256_GMAC, 23, 256)

/* X(cipher with integrity, AH transform id and authentication attribute of that integrity) */
#define GMAC_TRANSFORMS(X)         \
	X(CIPHER_AES128_GCM, 11)   \
	X(CIPHER_AES192_GCM, 12)   \
	X(CIPHER_AES256_GCM, 13)   \
	X(CIPHER_AES128_GMAC, 11)  \
	X(CIPHER_AES192_GMAC, 12)  \
	X(CIPHER_AES256_GMAC, 13)

/* X(hash, AH transform id, authentication attribute) */
#define AUTH_TRANSFORMS(X)    \
	X(HASH_MD5, 2, 1)     \
	X(HASH_SHA1, 3, 2)    \
	X(HASH_SHA256, 5, 5)

static void
esp_numbers(enum cipher_id c, uint8_t *id, uint16_t *bits)
{
	*id = 0;
	*bits = 0;
	switch (c) {
#define X(cipher, number, key_bits) \
	case cipher:                \
		*id = number;       \
		*bits = key_bits;   \
		break;
		ESP_TRANSFORMS(X)
#undef X
	default:
		break;
	}
}

static void
auth_numbers(enum hash_id h, uint8_t *ah_id, uint16_t *attribute)
{
	*ah_id = 0;
	*attribute = 0;
	switch (h) {
#define X(hash, id, attr)          \
	case hash:                 \
		*ah_id = id;       \
		*attribute = attr; \
		break;
		AUTH_TRANSFORMS(X)
#undef X
	default:
		break;
	}
}

/* 0 for a cipher without integrity. */
static uint8_t
gmac_number(enum cipher_id c)
{
	switch (c) {
#define X(cipher, number)  \
	case cipher:       \
		return number;
		GMAC_TRANSFORMS(X)
#undef X
	default:
		return 0;
	}
}

/* The wire form of one proposal of ours. */
static void
qm_to_wire(const struct qm_proposal *mine, unsigned want, uint8_t *protocol,
    struct pld_transform *t)
{
	uint8_t ah_id, gmac = gmac_number(mine->cipher);

	memset(t, 0, sizeof(*t));
	t->number = 1;
	*protocol = mine->transform == QM_AH ? PROTO_AH : PROTO_ESP;
	auth_numbers(mine->integrity, &ah_id, &t->authentication);
	if (gmac != 0) {
		ah_id = gmac;
		if (mine->transform == QM_AH || (want & QM_WANT_AUTH_ATTR) != 0)
			t->authentication = gmac;
	}
	if (mine->transform == QM_AH)
		t->id = ah_id;
	else
		esp_numbers(mine->cipher, &t->id, &t->key_bits);
	t->encapsulation = ENCAPSULATION_TRANSPORT;
	if ((want & QM_WANT_UDP) != 0)
		t->encapsulation = (want & QM_WANT_UDP_DRAFT) != 0 ?
		    ENCAPSULATION_UDP_TRANSPORT_DRAFT :
		    ENCAPSULATION_UDP_TRANSPORT;
	t->life_s = mine->lifetime_s;
	t->life_kb = mine->lifetime_kb;
	t->group = (uint16_t)mine->pfs;
	t->has_group = mine->pfs != DH_NONE;
}

static bool
qm_usable(const struct qm_proposal *mine, unsigned want)
{
	if ((want & QM_WANT_UDP) != 0 && mine->transform == QM_AH)
		return false;
	return (want & QM_WANT_ENCRYPTION) == 0 || mine->transform == QM_ESP_AUTH_CIPHER;
}

void
proposal_qm_offer(const struct policy *p, unsigned want, uint32_t spi,
    struct pld_sa *out)
{
	out->n_proposal = 0;
	for (uint32_t i = 0; i < p->n_qm_proposal; i++) {
		struct pld_proposal *prop = &out->proposal[out->n_proposal];

		if (!qm_usable(&p->qm_proposal[i], want))
			continue;
		prop->number = (uint8_t)++out->n_proposal;
		prop->spi = spi;
		prop->n_transform = 1;
		qm_to_wire(&p->qm_proposal[i], want, &prop->protocol, &prop->transform[0]);
	}
}

/* In ESP, GCM and GMAC have their integrity with or without the attribute (A11). */
static bool
qm_authentication_is(uint16_t theirs, const struct qm_proposal *mine, uint16_t ours)
{
	uint8_t gmac = gmac_number(mine->cipher);

	if (mine->transform == QM_AH || gmac == 0)
		return theirs == ours;
	return theirs == 0 || theirs == gmac;
}

/* Everything but number and lifetimes decides. */
static bool
qm_transform_is(uint8_t protocol, const struct pld_transform *t, const struct qm_proposal *mine,
    unsigned want)
{
	struct pld_transform w;
	uint8_t w_protocol;

	qm_to_wire(mine, want, &w_protocol, &w);
	return protocol == w_protocol && t->id == w.id && t->key_bits == w.key_bits &&
	    qm_authentication_is(t->authentication, mine, w.authentication) &&
	    t->encapsulation == w.encapsulation && t->group == w.group;
}

static void
qm_chosen_set(struct qm_choice *c, const struct qm_proposal *mine, const struct pld_transform *t,
    uint32_t peer_spi)
{
	c->proposal = *mine;
	c->proposal.lifetime_s =
	    proposal_lifetime(mine->lifetime_s, t->life_s, LIFETIME_LEAST_S);
	c->proposal.lifetime_kb =
	    proposal_lifetime(mine->lifetime_kb, t->life_kb, LIFETIME_LEAST_KB);
	c->peer_spi = peer_spi;
}

/* Two proposals with one number mean "both at once" (AH and ESP): not offered here (A39). */
static bool
number_is_shared(const struct pld_sa *offer, size_t at)
{
	for (size_t i = 0; i < offer->n_proposal; i++)
		if (i != at && offer->proposal[i].number == offer->proposal[at].number)
			return true;
	return false;
}

static bool
spi_is_valid(uint32_t spi)
{
	return spi > 255; /* 0 to 255 are reserved (RFC 4303 2.1) */
}

enum ike_err
proposal_qm_select(const struct policy *p, unsigned want,
    const struct pld_sa *offer, uint32_t spi, struct qm_choice *chosen, struct pld_sa *answer)
{
	for (uint32_t m = 0; m < p->n_qm_proposal; m++) {
		const struct qm_proposal *mine = &p->qm_proposal[m];

		if (!qm_usable(mine, want))
			continue;
		for (size_t i = 0; i < offer->n_proposal; i++) {
			const struct pld_proposal *prop = &offer->proposal[i];

			if (number_is_shared(offer, i) || !spi_is_valid(prop->spi))
				continue;
			for (size_t k = 0; k < prop->n_transform; k++) {
				if (!qm_transform_is(prop->protocol, &prop->transform[k], mine, want))
					continue;
				qm_chosen_set(chosen, mine, &prop->transform[k], prop->spi);
				answer->n_proposal = 1;
				answer->proposal[0].number = prop->number;
				answer->proposal[0].protocol = prop->protocol;
				answer->proposal[0].spi = spi;
				answer->proposal[0].n_transform = 1;
				answer->proposal[0].transform[0] = prop->transform[k];
				return IKE_OK;
			}
		}
	}
	return IKE_ERR_NO_PROPOSAL;
}

enum ike_err
proposal_qm_verify(const struct policy *p, unsigned want,
    const struct pld_sa *answer, struct qm_choice *chosen)
{
	const struct pld_proposal *prop = &answer->proposal[0];

	if (answer->n_proposal != 1 || prop->n_transform != 1 || !spi_is_valid(prop->spi))
		return IKE_ERR_NO_PROPOSAL;
	for (uint32_t m = 0; m < p->n_qm_proposal; m++) {
		const struct qm_proposal *mine = &p->qm_proposal[m];

		if (qm_usable(mine, want) &&
		    qm_transform_is(prop->protocol, &prop->transform[0], mine, want)) {
			qm_chosen_set(chosen, mine, &prop->transform[0], prop->spi);
			return IKE_OK;
		}
	}
	return IKE_ERR_NO_PROPOSAL;
}

void
proposal_qm_one_text(struct text *t, const struct qm_proposal *p)
{
	if (t->n > 0)
		text_str(t, ", ");
	text_str(t, p->transform == QM_AH ? "ah" : "esp");
	if (p->transform != QM_AH || cipher_has_integrity(p->cipher)) {
		text_str(t, "-");
		text_str(t, cipher_name(p->cipher));
	}
	if (!cipher_has_integrity(p->cipher)) {
		text_str(t, "-");
		text_str(t, hash_name(p->integrity));
	}
}

void
proposal_qm_policy_text(struct text *t, const struct policy *p, unsigned want)
{
	for (uint32_t i = 0; i < p->n_qm_proposal; i++)
		if (qm_usable(&p->qm_proposal[i], want))
			proposal_qm_one_text(t, &p->qm_proposal[i]);
}

static bool
wire_to_qm(uint8_t protocol, const struct pld_transform *t, struct qm_proposal *out)
{
	memset(out, 0, sizeof(*out));
	out->integrity = HASH_NONE;
#define X(hash, ah, attr)                    \
	if (t->authentication == attr)       \
		out->integrity = hash;
	AUTH_TRANSFORMS(X)
#undef X
	if (protocol == PROTO_AH) {
		out->transform = QM_AH;
#define X(c, number)            \
	if (t->id == number)    \
		out->cipher = c;
		GMAC_TRANSFORMS(X)
#undef X
		return true;
	}
	if (protocol != PROTO_ESP)
		return false;
#define X(c, number, bits)                                                                 \
	if (t->id == number && t->key_bits == bits) {                                      \
		out->cipher = c;                                                           \
		out->transform = cipher_encrypts(c) ? QM_ESP_AUTH_CIPHER : QM_ESP_AUTH;    \
		return true;                                                               \
	}
	ESP_TRANSFORMS(X)
#undef X
	return false;
}

void
proposal_qm_text(struct text *t, const struct pld_sa *sa)
{
	for (size_t i = 0; i < sa->n_proposal; i++)
		for (size_t k = 0; k < sa->proposal[i].n_transform; k++) {
			const struct pld_transform *tr = &sa->proposal[i].transform[k];
			struct qm_proposal p;

			if (wire_to_qm(sa->proposal[i].protocol, tr, &p)) {
				proposal_qm_one_text(t, &p);
			} else {
				text_str(t, t->n > 0 ? ", transform " : "transform ");
				text_u32(t, tr->id);
			}
			if (tr->encapsulation == ENCAPSULATION_FIREWALL ||
			    tr->encapsulation == ENCAPSULATION_UDP_FIREWALL)
				text_str(t, " (authenticated firewall)");
		}
}
