/*
 * What stands behind the ICV: byte 0 is the type of the first payload, the rest the
 * payload chain. Sealed, opened again, and through every decoder.
 */
#include <string.h>

#include "tests/fuzz/decode_all.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/seal.h"

static const uint8_t key[20] = "a key for fuzzing";

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const struct message_keys keys = { CIPHER_AES128, { key, 16 }, HASH_SHA1,
		{ key, 20 }, 12 };
	static const struct isakmp_header h = { .icookie = { 1 }, .rcookie = { 1 },
		.exchange = EXCHANGE_QM };
	static uint8_t wire[SEAL_MAX_BYTES], plain[SEAL_MAX_BYTES];
	static struct message m;
	size_t wire_n;
	enum ike_err err;

	if (n < 1 || n > SEAL_MAX_CHAIN_BYTES)
		return 0;
	decode_body(span_of(p + 1, n - 1));
	wire_n = fuzz_seal(&keys, &h, 1, p[0], span_of(p + 1, n - 1), wire);
	FUZZ_ASSERT(message_parse(span_of(wire, wire_n), false, &m) == IKE_OK);
	err = message_open(&m, &keys, true, plain, sizeof(plain));
	FUZZ_ASSERT(err != IKE_ERR_ICV && err != IKE_ERR_DECRYPT && err != IKE_ERR_CRYPTO);
	if (err != IKE_OK)
		return 0;
	FUZZ_ASSERT(m.chain.n == n - 1 && memcmp(m.chain.p, p + 1, n - 1) == 0);
	decode_message(&m);
	return 0;
}
