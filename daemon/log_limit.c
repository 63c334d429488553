/* Lines that somebody else can cause as often as he likes. */
#include "daemon/log_limit.h"

#include "daemon/log.h"

#define MINUTE_MS 60000

bool
log_limit_pass(struct log_limit *l, const char *token, uint64_t now_ms)
{
	if (l->n == 0 || now_ms - l->since_ms >= MINUTE_MS)
		*l = (struct log_limit){ now_ms, 0 };
	if (l->n++ == LOG_LIMIT_LINES)
		log_warn(token, "more of that within this minute is not logged");
	if (l->n > LOG_LIMIT_LINES + 1)
		l->n = LOG_LIMIT_LINES + 1;
	return l->n <= LOG_LIMIT_LINES;
}
