/* What may happen so many times in a minute, wherever that minute begins. */
#ifndef AUTHIPD_DAEMON_PER_MINUTE_H
#define AUTHIPD_DAEMON_PER_MINUTE_H

#include <stdbool.h>
#include <stdint.h>

#define PER_MINUTE_MAX 60

struct per_minute { /* all zero: nothing has happened */
	uint64_t n;
	int64_t at_s[PER_MINUTE_MAX]; /* the last of them, as a ring of `limit` */
};

/* Once more. False, and it does not count: it happened `limit` times in the last minute. */
bool per_minute_take(struct per_minute *m, uint32_t limit, int64_t now_s);
bool per_minute_take_now(struct per_minute *m, uint32_t limit);

#endif
