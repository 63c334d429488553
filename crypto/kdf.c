/* A-KDF (MS-AIPS 3.1.7.4, SP 800-56A March 2007, 5.8.1). */
#include "crypto/kdf.h"

#include <string.h>

#include "crypto/secret.h"

#define KDF_MAX_BYTES 4096
#define KDF_MAX_PARTS 16

bool
kdf_concat(enum hash_id hash, enum kdf_counter order, struct span z, const struct span *info,
    size_t n_info, uint8_t *out, size_t out_len)
{
	struct span part[KDF_MAX_PARTS + 2];
	uint8_t counter_be[4], block[HASH_MAX_BYTES];
	size_t len = hash_len_bytes(hash), done = 0;
	uint32_t counter = 0;
	bool ok = true;

	if (len == 0 || out_len > KDF_MAX_BYTES || n_info > KDF_MAX_PARTS)
		return false;
	part[order == KDF_COUNTER_FIRST ? 0 : 1] = SPAN_ARRAY(counter_be);
	part[order == KDF_COUNTER_FIRST ? 1 : 0] = z;
	for (size_t i = 0; i < n_info; i++)
		part[i + 2] = info[i];
	while (ok && done < out_len) {
		size_t take = out_len - done < len ? out_len - done : len;

		counter++;
		counter_be[0] = 0;
		counter_be[1] = 0;
		counter_be[2] = (uint8_t)(counter >> 8);
		counter_be[3] = (uint8_t)counter;
		ok = hash_digest(hash, part, n_info + 2, block);
		if (ok)
			memcpy(out + done, block, take);
		done += take;
	}
	secret_wipe_bytes(block, sizeof(block));
	if (!ok)
		secret_wipe_bytes(out, out_len);
	return ok;
}
