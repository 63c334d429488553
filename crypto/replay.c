/* Anti-replay window (RFC 6479): a ring of 64-bit blocks, one more than the window has. */
#include "crypto/replay.h"

#include <string.h>

#define REPLAY_BLOCKS (REPLAY_WINDOW_MAX / 64 + 1)

void
replay_init(struct replay *r, uint32_t window)
{
	memset(r, 0, sizeof(*r));
	if (window > REPLAY_WINDOW_MAX)
		window = REPLAY_WINDOW_MAX;
	r->window = (window + 63) / 64 * 64;
	if (r->window == 0)
		r->window = 64;
}

bool
replay_check(const struct replay *r, uint64_t seq)
{
	if (seq == 0)
		return false;
	if (seq > r->highest)
		return true;
	if (r->highest - seq >= r->window)
		return false;
	return (r->block[seq / 64 % REPLAY_BLOCKS] >> (seq % 64) & 1) == 0;
}

bool
replay_update(struct replay *r, uint64_t seq)
{
	if (!replay_check(r, seq))
		return false;
	if (seq > r->highest) {
		uint64_t from = r->highest / 64, to = seq / 64;

		/* Clear the blocks that the window moves over. */
		if (to - from >= REPLAY_BLOCKS)
			memset(r->block, 0, sizeof(r->block));
		else
			for (uint64_t i = from + 1; i <= to; i++)
				r->block[i % REPLAY_BLOCKS] = 0;
		r->highest = seq;
	}
	r->block[seq / 64 % REPLAY_BLOCKS] |= (uint64_t)1 << (seq % 64);
	return true;
}
