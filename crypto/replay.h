/*
 * Anti-replay window in the manner of RFC 6479: blocks of bits, 64-bit sequence numbers
 * internally. Check before the integrity check, update after it (RFC 4303 3.4.3).
 */
#ifndef AUTHIPD_CRYPTO_REPLAY_H
#define AUTHIPD_CRYPTO_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#define REPLAY_WINDOW_DEFAULT 1024
#define REPLAY_WINDOW_MAX 4096

struct replay {
	uint64_t highest; /* highest number accepted so far, 0 = none */
	uint32_t window;  /* bits */
	uint64_t block[REPLAY_WINDOW_MAX / 64 + 1];
};

/* window: rounded up to 64, bounded by REPLAY_WINDOW_MAX. */
void replay_init(struct replay *r, uint32_t window);
/* True when seq is new and not left of the window. seq 0 is never valid. */
bool replay_check(const struct replay *r, uint64_t seq);
/* Records seq; call only after its packet was authenticated. False as replay_check(). */
bool replay_update(struct replay *r, uint64_t seq);

#endif
