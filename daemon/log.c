/* Logging to stderr or syslog. */
#include "daemon/log.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <syslog.h>
#include <time.h>

static const char *log_role = "authipd";
static bool log_to_stderr = true;
static int log_level;

void
log_init(const char *role, bool to_stderr, int verbosity)
{
	log_role = role;
	log_to_stderr = to_stderr;
	log_level = verbosity;
	if (!to_stderr)
		openlog("authipd", LOG_PID, LOG_DAEMON);
}

int
log_verbosity(void)
{
	return log_level;
}

/* What a peer says may stand in a text: one line, printable, C1 of UTF-8 included. */
void
log_clean(char *s)
{
	uint8_t before = 0;

	for (; *s != '\0'; s++) {
		uint8_t c = (uint8_t)*s;

		if (c < 0x20 || c == 0x7f || (c >= 0x80 && c < 0xa0 && before < 0x80))
			*s = '?';
		else if (c >= 0x80 && c < 0xa0 && before == 0xc2)
			s[-1] = s[0] = '?';
		before = c;
	}
}

static void __attribute__((format(printf, 4, 0)))
log_write(int priority, const char *word, const char *token, const char *fmt, va_list ap)
{
	char text[1024], when[32];
	struct timespec now;
	struct tm tm;

	vsnprintf(text, sizeof(text), fmt, ap);
	log_clean(text);
	if (!log_to_stderr) {
		syslog(priority, "%s %s: %s%s", log_role, token, word, text);
		return;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &tm);
	strftime(when, sizeof(when), "%H:%M:%S", &tm);
	fprintf(stderr, "%s.%03ld %s %s: %s%s\n", when, now.tv_nsec / 1000000, log_role, token,
	    word, text);
}

#define LOG_FUNCTION(name, priority, word)             \
	void name(const char *token, const char *fmt, ...) \
	{                                              \
		va_list ap;                            \
                                                       \
		va_start(ap, fmt);                     \
		log_write(priority, word, token, fmt, ap); \
		va_end(ap);                            \
	}

LOG_FUNCTION(log_error, LOG_ERR, "error: ")
LOG_FUNCTION(log_warn, LOG_WARNING, "warning: ")
LOG_FUNCTION(log_info, LOG_INFO, "")

void
log_debug(const char *token, const char *fmt, ...)
{
	va_list ap;

	if (log_level < 1)
		return;
	va_start(ap, fmt);
	log_write(LOG_DEBUG, "", token, fmt, ap);
	va_end(ap);
}
