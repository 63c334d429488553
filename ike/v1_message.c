/* Form of IKEv1 messages (RFC 2408 3; RFC 2409 appendix B): parsing, encrypting. */
#include <string.h>

#include "ike/v1.h"

#define PAYLOAD_NATD_DRAFT 130
#define PAYLOAD_NATOA_DRAFT 131

/* Up to three zero bytes that make the message a multiple of four: libreswan has them. */
static bool
is_padding(const struct message *m)
{
	const struct payload *last = &m->payload[m->n_payload - 1];
	size_t n = (size_t)(m->chain.p + m->chain.n - last->whole.p) - last->whole.n;

	if (n > 3 || (n > 0 && m->raw.n % 4 != 0))
		return false;
	for (size_t i = 1; i <= n; i++)
		if (m->chain.p[m->chain.n - i] != 0)
			return false;
	return true;
}

enum ike_err
v1_message_parse(const struct isakmp_header *h, struct span datagram, struct message *m)
{
	enum ike_err err;

	memset(m, 0, offsetof(struct message, payload));
	m->n_payload = 0;
	m->h = *h;
	m->raw = span_of(datagram.p, h->length);
	m->chain =
	    span_of(m->raw.p + ISAKMP_HEADER_BYTES, m->raw.n - ISAKMP_HEADER_BYTES);
	if ((h->flags & V1_FLAG_AUTH_ONLY) != 0)
		return IKE_ERR_NOT_ENCRYPTED;
	if (h->next_payload == PAYLOAD_NONE)
		return IKE_ERR_PAYLOAD_MISSING;
	if ((h->flags & ISAKMP_FLAG_ENCRYPTED) != 0) {
		m->ciphertext = m->chain;
		m->chain = SPAN_NONE;
		return IKE_OK;
	}
	if ((err = message_parse_chain(m, h->next_payload, true)) != IKE_OK)
		return err;
	return is_padding(m) ? IKE_OK : IKE_ERR_PAYLOAD_LENGTH;
}

enum ike_err
v1_message_open(struct message *m, const struct mm_sa *mm, const struct v1_iv *iv,
    uint8_t *plain, size_t cap, struct v1_iv *next)
{
	enum cipher_id cipher = mm->chosen.cipher;
	size_t block = cipher_block_len_bytes(cipher), n = m->ciphertext.n;

	if (!mm->keys.ready)
		return IKE_ERR_NO_KEYS;
	if (n < block || n % block != 0 || n > cap)
		return IKE_ERR_DECRYPT;
	memcpy(next->b, m->ciphertext.p + n - block, block);
	if (!cipher_cbc(cipher, false,
		span_of(mm->keys.cipher_key, cipher_key_len_bytes(cipher)),
		span_of(iv->b, block), m->ciphertext.p, n, plain))
		return IKE_ERR_CRYPTO;
	m->chain = span_of(plain, n);
	return message_parse_chain(m, m->h.next_payload, true) == IKE_OK ?
		   IKE_OK :
		   IKE_ERR_DECRYPT;
}

void
v1_message_rename(struct message *m, bool draft)
{
	for (size_t i = 0; draft && i < m->n_payload; i++) {
		if (m->payload[i].type == PAYLOAD_NATD_DRAFT)
			m->payload[i].type = PAYLOAD_NATD;
		else if (m->payload[i].type == PAYLOAD_NATOA_DRAFT)
			m->payload[i].type = PAYLOAD_NATOA;
	}
}

uint8_t
v1_natd_type(const struct mm_sa *mm)
{
	return v1_natt_is_draft(mm) ? PAYLOAD_NATD_DRAFT : PAYLOAD_NATD;
}

uint8_t
v1_natoa_type(const struct mm_sa *mm)
{
	return v1_natt_is_draft(mm) ? PAYLOAD_NATOA_DRAFT : PAYLOAD_NATOA;
}

void
v1_begin(
    struct engine *e, const struct mm_sa *mm, uint8_t exchange, uint32_t message_id)
{
	struct isakmp_header h = { .exchange = exchange, .message_id = message_id };

	memcpy(h.icookie, mm->icookie, COOKIE_BYTES);
	memcpy(h.rcookie, mm->rcookie, COOKIE_BYTES);
	build_begin_bare(e->out, &h);
}

void
v1_write(struct engine *e, uint8_t type, struct span body)
{
	build_payload(e->out, (enum ike_payload_type)type);
	writer_bytes(&e->out->w, body);
	build_end(e->out);
}

bool
v1_finish(struct engine *e, struct span *wire)
{
	return build_finish(e->out, NULL, SPAN_NONE, wire) == IKE_OK;
}

/* Padding is zero and not counted anywhere (RFC 2409 appendix B). */
bool
v1_seal(struct engine *e, const struct mm_sa *mm, struct v1_iv *iv, struct span *wire)
{
	enum cipher_id cipher = mm->chosen.cipher;
	size_t block = cipher_block_len_bytes(cipher);
	struct builder *b = e->out;
	size_t body_n = b->out_n - ISAKMP_HEADER_BYTES;
	size_t padded_n = (body_n + block - 1) / block * block;
	struct writer s;

	if (!mm->keys.ready || padded_n + ISAKMP_HEADER_BYTES > MESSAGE_MAX_BYTES)
		return false;
	memset(b->buf + b->out_n, 0, padded_n - body_n);
	b->h.flags |= ISAKMP_FLAG_ENCRYPTED;
	b->h.next_payload = b->first;
	b->h.length = (uint32_t)(ISAKMP_HEADER_BYTES + padded_n);
	writer_init(&s, b->sealed, MESSAGE_MAX_BYTES);
	isakmp_header_write(&s, &b->h);
	if (!cipher_cbc(cipher, true,
		span_of(mm->keys.cipher_key, cipher_key_len_bytes(cipher)),
		span_of(iv->b, block), b->buf + ISAKMP_HEADER_BYTES, padded_n,
		b->sealed + ISAKMP_HEADER_BYTES))
		return false;
	b->out_n = b->h.length;
	memcpy(iv->b, b->sealed + b->out_n - block, block);
	*wire = span_of(b->sealed, b->out_n);
	return true;
}
