/* The ring is as long as the limit: its oldest is the one that counts. */
#include "config.h"

#include "daemon/per_minute.h"

#include <time.h>

bool
per_minute_take(struct per_minute *m, uint32_t limit, int64_t now_s)
{
	int64_t *oldest = &m->at_s[m->n % limit];

	if (m->n >= limit && now_s - *oldest < 60)
		return false;
	*oldest = now_s;
	m->n++;
	return true;
}

bool
per_minute_take_now(struct per_minute *m, uint32_t limit)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return per_minute_take(m, limit, t.tv_sec);
}
