/*
 * Reading messages: header, Crypto payload, payload chain; verifying and decrypting
 * (MS-AIPS 2.2.1 to 2.2.3.2; spec authip.md 2.2 to 2.5, 3.2).
 */
#include "ike/message.h"

#include <string.h>

#include "crypto/secret.h"

#define GPH_BYTES 4
#define CRYPTO_FIXED_BYTES 8 /* GPH and seqNUM */

static bool
exchange_is_authip(uint8_t exchange)
{
	return exchange >= EXCHANGE_MM && exchange <= EXCHANGE_NOTIFY;
}

enum ike_err
isakmp_header_parse(struct span datagram, bool lenient_trailer, struct isakmp_header *h)
{
	struct cursor c;

	cursor_init(&c, datagram);
	memset(h, 0, sizeof(*h));
	if (datagram.n < ISAKMP_HEADER_BYTES)
		return IKE_ERR_TOO_SHORT;
	memcpy(h->icookie, cursor_take(&c, COOKIE_BYTES).p, COOKIE_BYTES);
	memcpy(h->rcookie, cursor_take(&c, COOKIE_BYTES).p, COOKIE_BYTES);
	h->next_payload = cursor_u8(&c);
	h->version = cursor_u8(&c);
	h->exchange = cursor_u8(&c);
	h->flags = cursor_u8(&c);
	h->message_id = cursor_u32(&c);
	h->length = cursor_u32(&c);
	if (h->version >> 4 != 1)
		return IKE_ERR_VERSION;
	if (h->length < ISAKMP_HEADER_BYTES || h->length > datagram.n)
		return IKE_ERR_LENGTH;
	if (h->length < datagram.n && !lenient_trailer)
		return IKE_ERR_LENGTH;
	if (h->exchange == EXCHANGE_IDENTITY || h->exchange == EXCHANGE_AGGRESSIVE ||
	    h->exchange == EXCHANGE_INFO || h->exchange == EXCHANGE_QUICK)
		return IKE_ERR_IKEV1;
	return exchange_is_authip(h->exchange) ? IKE_OK : IKE_ERR_EXCHANGE;
}

void
isakmp_header_write(struct writer *w, const struct isakmp_header *h)
{
	writer_bytes(w, SPAN_ARRAY(h->icookie));
	writer_bytes(w, SPAN_ARRAY(h->rcookie));
	writer_u8(w, h->next_payload);
	writer_u8(w, h->version);
	writer_u8(w, h->exchange);
	writer_u8(w, h->flags);
	writer_u32(w, h->message_id);
	writer_u32(w, h->length);
}

enum ike_err
message_parse_chain(struct message *m, uint8_t type, bool padded)
{
	struct cursor c;

	cursor_init(&c, m->chain);
	m->n_payload = 0;
	while (type != PAYLOAD_NONE) {
		struct cursor at = c;
		struct payload *p;
		uint8_t next = cursor_u8(&c);
		uint16_t n;

		cursor_skip(&c, 1);
		n = cursor_u16(&c);
		if (!cursor_ok(&c) || n < GPH_BYTES)
			return IKE_ERR_PAYLOAD_LENGTH;
		if (m->n_payload == MESSAGE_MAX_PAYLOADS)
			return IKE_ERR_PAYLOAD_COUNT;
		p = &m->payload[m->n_payload++];
		p->type = type;
		p->whole = cursor_take(&at, n);
		p->body = cursor_take(&c, n - GPH_BYTES);
		if (!cursor_ok(&c) || !cursor_ok(&at))
			return IKE_ERR_PAYLOAD_LENGTH;
		/* One Crypto payload, in front; never one inside (MS-AIPS 2.2.3.2). */
		if (type == PAYLOAD_CRYPTO)
			return IKE_ERR_CRYPTO_PAYLOAD;
		type = next;
	}
	return c.left == 0 || padded ? IKE_OK : IKE_ERR_PAYLOAD_LENGTH;
}

/* Header and Crypto payload; for E=0 also *first, the type of the first real payload. */
static enum ike_err
message_parse_crypto(struct message *m, struct cursor *c, uint8_t *first)
{
	struct cursor start = *c;
	bool encrypted = (m->h.flags & ISAKMP_FLAG_ENCRYPTED) != 0;
	uint16_t n;

	*first = cursor_u8(c);
	cursor_skip(c, 1);
	n = cursor_u16(c);
	m->seq = cursor_u32(c);
	if (!cursor_ok(c) || n < CRYPTO_FIXED_BYTES)
		return IKE_ERR_CRYPTO_PAYLOAD;
	m->iv = cursor_take(c, n - CRYPTO_FIXED_BYTES);
	m->crypto = cursor_take(&start, n);
	if (!cursor_ok(c) || (encrypted && *first != PAYLOAD_NONE))
		return IKE_ERR_CRYPTO_PAYLOAD;
	m->has_crypto = true;
	return IKE_OK;
}

enum ike_err
message_parse(struct span datagram, bool lenient_trailer, struct message *m)
{
	enum ike_err e;
	struct cursor c;
	uint8_t first;

	memset(m, 0, offsetof(struct message, payload));
	m->n_payload = 0;
	e = isakmp_header_parse(datagram, lenient_trailer, &m->h);
	/* A demand for a cookie may be an Informational of IKEv1 (A75). */
	if (e != IKE_OK && (e != IKE_ERR_IKEV1 || m->h.exchange != EXCHANGE_INFO ||
			       m->h.next_payload != PAYLOAD_NOTIFY))
		return e;
	m->raw = span_of(datagram.p, m->h.length);
	cursor_init(&c, m->raw);
	cursor_skip(&c, ISAKMP_HEADER_BYTES);
	if (m->h.next_payload == PAYLOAD_FRAGMENT)
		return IKE_ERR_FRAGMENT;
	if (m->h.next_payload != PAYLOAD_CRYPTO) {
		/* Only a DOS_COOKIE message has no Crypto payload (MS-AIPS 2.2.3.5). */
		if (m->h.next_payload != PAYLOAD_NOTIFY ||
		    (m->h.flags & ISAKMP_FLAG_ENCRYPTED) != 0)
			return IKE_ERR_CRYPTO_PAYLOAD;
		m->chain = cursor_rest(&c);
		return message_parse_chain(m, PAYLOAD_NOTIFY, false);
	}
	if ((e = message_parse_crypto(m, &c, &first)) != IKE_OK)
		return e;
	if ((m->h.flags & ISAKMP_FLAG_ENCRYPTED) != 0) {
		m->ciphertext = cursor_rest(&c);
		return IKE_OK;
	}
	if (first == PAYLOAD_NONE)
		return IKE_ERR_PAYLOAD_MISSING;
	m->chain = cursor_rest(&c);
	return message_parse_chain(m, first, false);
}

/* ICV over header with length zero, Crypto payload, ciphertext (MS-AIPS 2.2.3.2.1, A2). */
static bool
message_icv(const struct message_keys *k, struct span header, struct span rest, uint8_t *icv)
{
	uint8_t h[ISAKMP_HEADER_BYTES];
	struct span part[2] = { SPAN_ARRAY(h), rest };

	memcpy(h, header.p, sizeof(h));
	memset(h + 24, 0, 4);
	return hash_hmac(k->hash, k->integrity_key, part, 2, icv);
}

/* Trailer of the plaintext: padding | padding length | type of the first payload. */
static enum ike_err
message_unpad(struct message *m, struct span plain, bool strict_pad, uint8_t *first)
{
	size_t pad_n = plain.p[plain.n - 2];

	*first = plain.p[plain.n - 1];
	if (pad_n > plain.n - 2)
		return IKE_ERR_DECRYPT;
	m->chain = span_of(plain.p, plain.n - 2 - pad_n);
	for (size_t i = 0; strict_pad && i < pad_n; i++)
		if (plain.p[m->chain.n + i] != i + 1)
			return IKE_ERR_DECRYPT;
	return IKE_OK;
}

enum ike_err
message_open(struct message *m, const struct message_keys *k, bool strict_pad, uint8_t *plain,
    size_t cap)
{
	size_t block = cipher_block_len_bytes(k->cipher);
	uint8_t icv[HASH_MAX_BYTES], first;
	enum ike_err e;
	struct span covered;

	if (!m->has_crypto || (m->h.flags & ISAKMP_FLAG_ENCRYPTED) == 0)
		return IKE_ERR_NOT_ENCRYPTED;
	if (m->iv.n != block || m->ciphertext.n < block + k->icv_len_bytes)
		return IKE_ERR_CRYPTO_PAYLOAD;
	covered = span_of(m->raw.p + ISAKMP_HEADER_BYTES,
	    m->raw.n - ISAKMP_HEADER_BYTES - k->icv_len_bytes);
	if (!message_icv(k, m->raw, covered, icv))
		return IKE_ERR_CRYPTO;
	if (!secret_equal(icv, covered.p + covered.n, k->icv_len_bytes))
		return IKE_ERR_ICV;
	m->ciphertext.n -= k->icv_len_bytes;
	if (m->ciphertext.n % block != 0 || m->ciphertext.n > cap)
		return IKE_ERR_DECRYPT;
	if (!cipher_cbc(k->cipher, false, k->cipher_key, m->iv, m->ciphertext.p,
		m->ciphertext.n, plain))
		return IKE_ERR_CRYPTO;
	e = message_unpad(m, span_of(plain, m->ciphertext.n), strict_pad, &first);
	if (e != IKE_OK)
		return e;
	if (first == PAYLOAD_NONE || m->chain.n == 0)
		return IKE_ERR_PAYLOAD_MISSING;
	return message_parse_chain(m, first, false);
}

const struct payload *
message_find(const struct message *m, enum ike_payload_type type, size_t i)
{
	for (size_t k = 0; k < m->n_payload; k++)
		if (m->payload[k].type == type && i-- == 0)
			return &m->payload[k];
	return NULL;
}

size_t
message_count(const struct message *m, enum ike_payload_type type)
{
	size_t n = 0;

	for (size_t k = 0; k < m->n_payload; k++)
		n += m->payload[k].type == type;
	return n;
}

struct span
chain_find(struct span chain, uint8_t first, enum ike_payload_type type, size_t i)
{
	struct cursor c;

	cursor_init(&c, chain);
	while (first != PAYLOAD_NONE) {
		struct cursor at = c;
		uint8_t next = cursor_u8(&c);
		uint16_t n;

		cursor_skip(&c, 1);
		n = cursor_u16(&c);
		if (!cursor_ok(&c) || n < GPH_BYTES)
			break;
		cursor_skip(&c, n - GPH_BYTES);
		if (first == type && i-- == 0)
			return cursor_take(&at, n);
		first = next;
	}
	return SPAN_NONE;
}
