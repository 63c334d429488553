/* Writing messages: the reverse of message.c. */
#include <string.h>

#include "crypto/secret.h"
#include "ike/message.h"

#define NEXT_IN_HEADER 16 /* offset of Next Payload in the ISAKMP header */

static void
build_start(struct builder *b, const struct isakmp_header *h, uint32_t seq, bool with_crypto)
{
	writer_init(&b->w, b->buf, MESSAGE_MAX_BYTES);
	b->h = *h;
	b->h.version = 0x10;
	b->seq = seq;
	b->with_crypto = with_crypto;
	b->first = PAYLOAD_NONE;
	b->body_at = 0;
	b->chain_n = 0;
	b->out_n = 0;
}

void
build_begin(struct builder *b, const struct isakmp_header *h, uint32_t seq)
{
	build_start(b, h, seq, true);
	b->h.next_payload = PAYLOAD_CRYPTO;
	if ((h->flags & ISAKMP_FLAG_ENCRYPTED) != 0) {
		/* The chain is collected from offset 0 and sealed at the end. */
		b->chain_at = 0;
		b->next_at = SIZE_MAX;
		return;
	}
	isakmp_header_write(&b->w, &b->h);
	b->next_at = b->w.n;
	writer_u8(&b->w, PAYLOAD_NONE);
	writer_u8(&b->w, 0);
	writer_u16(&b->w, 8);
	writer_u32(&b->w, seq);
	b->chain_at = b->w.n;
}

void
build_begin_bare(struct builder *b, const struct isakmp_header *h)
{
	build_start(b, h, 0, false);
	b->h.next_payload = PAYLOAD_NONE;
	isakmp_header_write(&b->w, &b->h);
	b->next_at = NEXT_IN_HEADER;
	b->chain_at = b->w.n;
}

void
build_payload(struct builder *b, enum ike_payload_type type)
{
	if (b->first == PAYLOAD_NONE)
		b->first = (uint8_t)type;
	if (b->next_at != SIZE_MAX)
		writer_patch_u8(&b->w, b->next_at, (uint8_t)type);
	b->next_at = b->w.n;
	b->body_at = b->w.n;
	writer_reserve(&b->w, 4);
}

void
build_end(struct builder *b)
{
	size_t n = b->w.n - b->body_at;

	if (n > UINT16_MAX)
		b->w.failed = true;
	writer_patch_u16(&b->w, b->body_at + 2, (uint16_t)n);
}

/* Pads like ESP (RFC 4303 2.4), encrypts and adds the ICV (MS-AIPS 2.2.3.2.3). */
static enum ike_err
build_seal(struct builder *b, const struct message_keys *k, struct span iv)
{
	size_t block = cipher_block_len_bytes(k->cipher);
	size_t pad_n = (block - (b->w.n + 2) % block) % block, head_n;
	uint8_t icv[HASH_MAX_BYTES], zero_length[4] = { 0 };
	struct span part[3];
	struct writer s;

	b->chain_n = b->w.n;
	for (size_t i = 0; i < pad_n; i++)
		writer_u8(&b->w, (uint8_t)(i + 1));
	writer_u8(&b->w, (uint8_t)pad_n);
	writer_u8(&b->w, b->first);
	if (!writer_ok(&b->w) || iv.n != block)
		return IKE_ERR_CRYPTO;
	head_n = ISAKMP_HEADER_BYTES + 8 + iv.n;
	writer_init(&s, b->sealed, MESSAGE_MAX_BYTES);
	b->h.length = (uint32_t)(head_n + b->w.n + k->icv_len_bytes);
	isakmp_header_write(&s, &b->h);
	writer_u8(&s, PAYLOAD_NONE);
	writer_u8(&s, 0);
	writer_u16(&s, (uint16_t)(8 + iv.n));
	writer_u32(&s, b->seq);
	writer_bytes(&s, iv);
	writer_reserve(&s, b->w.n);
	if (!writer_ok(&s) ||
	    !cipher_cbc(k->cipher, true, k->cipher_key, iv, b->buf, b->w.n, b->sealed + head_n))
		return IKE_ERR_CRYPTO;
	part[0] = span_of(b->sealed, 24);
	part[1] = SPAN_ARRAY(zero_length);
	part[2] = span_of(b->sealed + ISAKMP_HEADER_BYTES, s.n - ISAKMP_HEADER_BYTES);
	if (!hash_hmac(k->hash, k->integrity_key, part, 3, icv))
		return IKE_ERR_CRYPTO;
	writer_bytes(&s, span_of(icv, k->icv_len_bytes));
	b->out_n = s.n;
	return writer_ok(&s) ? IKE_OK : IKE_ERR_CRYPTO;
}

enum ike_err
build_finish(struct builder *b, const struct message_keys *keys, struct span iv,
    struct span *out)
{
	enum ike_err e;

	if (!writer_ok(&b->w) || b->first == PAYLOAD_NONE)
		return IKE_ERR_CRYPTO;
	if ((b->h.flags & ISAKMP_FLAG_ENCRYPTED) != 0) {
		if (keys == NULL)
			return IKE_ERR_NO_KEYS;
		if ((e = build_seal(b, keys, iv)) != IKE_OK)
			return e;
		*out = span_of(b->sealed, b->out_n);
		return IKE_OK;
	}
	b->chain_n = b->w.n - b->chain_at;
	writer_patch_u32(&b->w, 24, (uint32_t)b->w.n);
	if (!writer_ok(&b->w))
		return IKE_ERR_CRYPTO;
	b->out_n = b->w.n;
	*out = span_of(b->buf, b->out_n);
	return IKE_OK;
}

struct span
build_chain(const struct builder *b)
{
	return span_of(b->buf + b->chain_at, b->chain_n);
}
