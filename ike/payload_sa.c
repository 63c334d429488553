/*
 * SA payload: proposals, transforms, attributes (RFC 2408 3.4 to 3.6; spec authip.md 2.6,
 * 2.7). Unknown attributes never abort (MS-IKEE 3.1.5).
 */
#include <string.h>

#include "ike/payload.h"

enum {
	DOI_IPSEC = 1,
	SIT_IDENTITY_ONLY = 1,
	PROTO_ISAKMP = 1,
	PROTO_IPCOMP = 4,
	ATTRIBUTE_GSS_ID = 16384,
};

/* Reads one attribute value: TV, or TLV, of which only up to four bytes are a number. */
static uint32_t
attribute_value(struct cursor *c, bool tv, struct span *bytes)
{
	uint32_t v = 0;

	*bytes = SPAN_NONE;
	if (tv)
		return cursor_u16(c);
	*bytes = cursor_take(c, cursor_u16(c));
	if (bytes->n > 4)
		return UINT32_MAX;
	for (size_t i = 0; i < bytes->n; i++)
		v = v << 8 | bytes->p[i];
	return v;
}

/* Numbers have 16 bits; a longer value is none of ours, and must not be cut to one. */
static uint16_t
attribute_number(uint32_t v)
{
	return v > UINT16_MAX ? UINT16_MAX : (uint16_t)v;
}

static void
attribute_set_mm(struct pld_transform *t, uint16_t type, uint32_t v, uint32_t *life_type)
{
	switch (type) {
	case 1:
		t->cipher = attribute_number(v);
		break;
	case 2:
		t->hash = attribute_number(v);
		break;
	case 3:
		t->auth_method = attribute_number(v);
		t->has_auth_method = true;
		break;
	case 4:
		t->group = attribute_number(v);
		t->has_group = true;
		break;
	case 11:
		*life_type = v;
		break;
	case 12:
		if (*life_type == 1)
			t->life_s = v;
		else if (*life_type == 2)
			t->life_kb = v;
		break;
	case 14:
		t->key_bits = attribute_number(v);
		break;
	}
}

static void
attribute_set_qm(struct pld_transform *t, uint16_t type, uint32_t v, uint32_t *life_type)
{
	switch (type) {
	case 1:
		*life_type = v;
		break;
	case 2:
		if (*life_type == 1)
			t->life_s = v;
		else if (*life_type == 2)
			t->life_kb = v;
		break;
	case 3:
		t->group = attribute_number(v);
		t->has_group = true;
		break;
	case 4:
		t->encapsulation = attribute_number(v);
		break;
	case 5:
		t->authentication = attribute_number(v);
		break;
	case 6:
		t->key_bits = attribute_number(v);
		break;
	}
}

static enum ike_err
attributes_decode(struct cursor *attrs, bool quick, struct pld_transform *t)
{
	uint32_t life_type = 0;

	while (attrs->left > 0) {
		uint16_t type = cursor_u16(attrs);
		struct span bytes;
		uint32_t v = attribute_value(attrs, (type & 0x8000) != 0, &bytes);

		if (!cursor_ok(attrs))
			return IKE_ERR_TRANSFORM;
		if (!quick && type == ATTRIBUTE_GSS_ID)
			t->gss_id = bytes;
		if (quick)
			attribute_set_qm(t, type & 0x7fff, v, &life_type);
		else
			attribute_set_mm(t, type & 0x7fff, v, &life_type);
	}
	return IKE_OK;
}

enum ike_err
pld_life_decode(struct span data, struct pld_transform *t)
{
	struct cursor c;

	cursor_init(&c, data);
	return attributes_decode(&c, true, t);
}

static enum ike_err
transform_decode(struct cursor *c, bool quick, struct pld_transform *t, bool *last)
{
	struct cursor whole = *c, attrs;
	uint8_t next = cursor_u8(c);
	uint16_t n;

	memset(t, 0, sizeof(*t));
	cursor_skip(c, 1);
	n = cursor_u16(c);
	t->number = cursor_u8(c);
	t->id = cursor_u8(c);
	cursor_skip(c, 2);
	if (!cursor_ok(c) || n < 8 || (next != PAYLOAD_NONE && next != PAYLOAD_TRANSFORM))
		return IKE_ERR_TRANSFORM;
	*last = next == PAYLOAD_NONE;
	cursor_init(&attrs, cursor_take(c, n - 8));
	t->raw = cursor_take(&whole, n);
	if (!cursor_ok(c) || !cursor_ok(&whole))
		return IKE_ERR_TRANSFORM;
	return attributes_decode(&attrs, quick, t);
}

static bool
spi_size_allowed(uint8_t protocol, bool quick, uint8_t n)
{
	if (quick && protocol == PROTO_IPCOMP) /* nobody chooses it, its CPI is not used */
		return n == 2 || n == 4;
	if (quick)
		return n == 4 && (protocol == 2 || protocol == 3);
	return (n == 0 || n == 8 || n == 16) && protocol == PROTO_ISAKMP;
}

static enum ike_err
proposal_decode(struct cursor *c, bool quick, struct pld_proposal *p, bool *last)
{
	uint8_t next = cursor_u8(c), spi_n, n_transform;
	struct cursor in;
	bool end = false;
	uint16_t n;

	cursor_skip(c, 1);
	n = cursor_u16(c);
	if (!cursor_ok(c) || n < 8 || (next != PAYLOAD_NONE && next != PAYLOAD_PROPOSAL))
		return IKE_ERR_PROPOSAL;
	*last = next == PAYLOAD_NONE;
	cursor_init(&in, cursor_take(c, n - 4));
	p->number = cursor_u8(&in);
	p->protocol = cursor_u8(&in);
	spi_n = cursor_u8(&in);
	n_transform = cursor_u8(&in);
	if (!cursor_ok(c) || !cursor_ok(&in) || !spi_size_allowed(p->protocol, quick, spi_n))
		return IKE_ERR_PROPOSAL;
	p->spi = quick && spi_n == 4 ? cursor_u32(&in) : 0;
	if (!quick || spi_n != 4)
		cursor_skip(&in, spi_n);
	if (n_transform == 0 || n_transform > PLD_MAX_TRANSFORMS || !cursor_ok(&in))
		return IKE_ERR_PROPOSAL;
	for (p->n_transform = 0; p->n_transform < n_transform; p->n_transform++) {
		enum ike_err e;

		if (end)
			return IKE_ERR_PROPOSAL;
		e = transform_decode(&in, quick, &p->transform[p->n_transform], &end);
		if (e != IKE_OK)
			return e;
	}
	return end && in.left == 0 ? IKE_OK : IKE_ERR_PROPOSAL;
}

enum ike_err
pld_sa_decode(struct span body, bool quick, struct pld_sa *sa)
{
	struct cursor c;
	bool last = false;

	cursor_init(&c, body);
	sa->n_proposal = 0;
	if (cursor_u32(&c) != DOI_IPSEC || cursor_u32(&c) != SIT_IDENTITY_ONLY ||
	    !cursor_ok(&c))
		return IKE_ERR_SA;
	while (!last) {
		enum ike_err e;

		if (sa->n_proposal == PLD_MAX_PROPOSALS)
			return IKE_ERR_PROPOSAL;
		e = proposal_decode(&c, quick, &sa->proposal[sa->n_proposal], &last);
		if (e != IKE_OK)
			return e;
		sa->n_proposal++;
	}
	return c.left == 0 ? IKE_OK : IKE_ERR_SA;
}

static void
attribute_tv(struct writer *w, uint16_t type, uint16_t v)
{
	writer_u16(w, type | 0x8000);
	writer_u16(w, v);
}

static void
attribute_life(struct writer *w, uint16_t type, uint16_t life_type, uint32_t v)
{
	attribute_tv(w, type, life_type);
	writer_u16(w, type + 1);
	writer_u16(w, 4);
	writer_u32(w, v);
}

void
pld_life_encode(struct writer *w, uint32_t life_s, uint32_t life_kb)
{
	if (life_s != 0)
		attribute_life(w, 1, 1, life_s);
	if (life_kb != 0)
		attribute_life(w, 1, 2, life_kb);
}

/* Windows' order: 1, 14, 2, 4, 3, 11, 12 (spec 2.6). */
static void
transform_encode_mm(struct writer *w, const struct pld_transform *t)
{
	attribute_tv(w, 1, t->cipher);
	if (t->key_bits != 0)
		attribute_tv(w, 14, t->key_bits);
	attribute_tv(w, 2, t->hash);
	if (t->has_group)
		attribute_tv(w, 4, t->group);
	if (t->has_auth_method)
		attribute_tv(w, 3, t->auth_method);
	if (t->life_s != 0)
		attribute_life(w, 11, 1, t->life_s);
	if (t->gss_id.n > 0 && t->gss_id.n <= UINT16_MAX) {
		writer_u16(w, ATTRIBUTE_GSS_ID);
		writer_u16(w, (uint16_t)t->gss_id.n);
		writer_bytes(w, t->gss_id);
	}
}

/* Order 1, 2, 1, 2, [3], 4, [6], 5 (spec 2.7). */
static void
transform_encode_qm(struct writer *w, const struct pld_transform *t)
{
	pld_life_encode(w, t->life_s, t->life_kb);
	if (t->has_group)
		attribute_tv(w, 3, t->group);
	attribute_tv(w, 4, t->encapsulation);
	if (t->key_bits != 0)
		attribute_tv(w, 6, t->key_bits);
	if (t->authentication != 0)
		attribute_tv(w, 5, t->authentication);
}

static void
transform_encode(struct writer *w, const struct pld_transform *t, bool quick, bool last)
{
	size_t at = w->n;

	if (t->raw.n > 0) {
		/* The peer's own bytes; only the chain byte is ours. */
		writer_bytes(w, t->raw);
		writer_patch_u8(w, at, last ? PAYLOAD_NONE : PAYLOAD_TRANSFORM);
		return;
	}
	writer_u8(w, last ? PAYLOAD_NONE : PAYLOAD_TRANSFORM);
	writer_u8(w, 0);
	writer_u16(w, 0);
	writer_u8(w, t->number);
	writer_u8(w, t->id);
	writer_u16(w, 0);
	if (quick)
		transform_encode_qm(w, t);
	else
		transform_encode_mm(w, t);
	writer_patch_u16(w, at + 2, (uint16_t)(w->n - at));
}

void
pld_sa_encode(struct writer *w, const struct pld_sa *sa, bool quick)
{
	writer_u32(w, DOI_IPSEC);
	writer_u32(w, SIT_IDENTITY_ONLY);
	for (size_t i = 0; i < sa->n_proposal; i++) {
		const struct pld_proposal *p = &sa->proposal[i];
		size_t at = w->n;

		writer_u8(w, i + 1 < sa->n_proposal ? PAYLOAD_PROPOSAL : PAYLOAD_NONE);
		writer_u8(w, 0);
		writer_u16(w, 0);
		writer_u8(w, p->number);
		writer_u8(w, p->protocol);
		writer_u8(w, quick ? 4 : 0);
		writer_u8(w, (uint8_t)p->n_transform);
		if (quick)
			writer_u32(w, p->spi);
		for (size_t k = 0; k < p->n_transform; k++)
			transform_encode(w, &p->transform[k], quick, k + 1 == p->n_transform);
		writer_patch_u16(w, at + 2, (uint16_t)(w->n - at));
	}
}
