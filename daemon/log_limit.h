/* Lines that somebody else can cause as often as he likes. */
#ifndef AUTHIPD_DAEMON_LOG_LIMIT_H
#define AUTHIPD_DAEMON_LOG_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#define LOG_LIMIT_LINES 10 /* a minute */

/* Zero: none was written yet. */
struct log_limit {
	uint64_t since_ms;
	uint32_t n;
};

/* False: too many within a minute; the first time it says so. */
bool log_limit_pass(struct log_limit *l, const char *token, uint64_t now_ms);

#endif
