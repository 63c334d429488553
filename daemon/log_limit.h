/* Lines that somebody else can cause as often as he likes. */
#ifndef AUTHIPD_DAEMON_LOG_LIMIT_H
#define AUTHIPD_DAEMON_LOG_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "config/address.h"

#define LOG_LIMIT_LINES 10 /* a minute */

/* Zero: none was written yet. */
struct log_limit {
	uint64_t since_ms;
	uint32_t n;
};

/* False: too many within a minute; the first time it says so. */
bool log_limit_pass(struct log_limit *l, const char *token, uint64_t now_ms);

/* What peers cause: each has some lines, and all of them together. Zero: none yet. */
#define LOG_PEER_LINES 200  /* a minute */
#define LOG_PEERS_LINES 6000
#define LOG_PEERS 256

struct log_peers {
	struct log_peer {
		struct address addr;
		struct log_limit lines;
	} peer[LOG_PEERS];
	struct log_limit all;
};

bool log_limit_pass_peer(struct log_peers *p, const struct address *peer, uint64_t now_ms);

#endif
