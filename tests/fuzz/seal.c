/* A raw payload chain as a sealed message. */
#include "tests/fuzz/seal.h"

#include <string.h>

#include "tests/fuzz/fuzz.h"

size_t
fuzz_seal(const struct message_keys *k, const struct isakmp_header *h, uint32_t seq,
    uint8_t first, struct span chain, uint8_t *out)
{
	static const uint8_t iv[CIPHER_MAX_BLOCK_BYTES] = "initialisation";
	static uint8_t plain[SEAL_MAX_CHAIN_BYTES + 32];
	size_t block = cipher_block_len_bytes(k->cipher), n = chain.n, head_n, pad_n;
	uint8_t icv[HASH_MAX_BYTES];
	struct isakmp_header head = *h;
	struct writer w;
	struct span part;

	FUZZ_ASSERT(n <= SEAL_MAX_CHAIN_BYTES);
	if (n > 0)
		memcpy(plain, chain.p, n);
	pad_n = (block - (n + 2) % block) % block;
	for (size_t i = 0; i < pad_n; i++)
		plain[n++] = (uint8_t)(i + 1);
	plain[n++] = (uint8_t)pad_n;
	plain[n++] = first;
	head.version = 0x10;
	head.next_payload = PAYLOAD_CRYPTO;
	head.flags = ISAKMP_FLAG_ENCRYPTED;
	head.length = 0; /* counts as zero in the ICV */
	writer_init(&w, out, SEAL_MAX_BYTES);
	isakmp_header_write(&w, &head);
	writer_u16(&w, 0);
	writer_u16(&w, (uint16_t)(8 + block));
	writer_u32(&w, seq);
	writer_bytes(&w, span_of(iv, block));
	head_n = w.n;
	writer_reserve(&w, n);
	FUZZ_ASSERT(writer_ok(&w));
	FUZZ_ASSERT(cipher_cbc(k->cipher, true, k->cipher_key, span_of(iv, block), plain, n,
	    out + head_n));
	part = span_of(out, w.n);
	FUZZ_ASSERT(hash_hmac(k->hash, k->integrity_key, &part, 1, icv));
	writer_bytes(&w, span_of(icv, k->icv_len_bytes));
	writer_patch_u32(&w, 24, (uint32_t)w.n);
	FUZZ_ASSERT(writer_ok(&w));
	return w.n;
}
