/*
 * Logging: one line per state change, one line per failure that says what to change. The
 * first argument is a token of the subsystem ("mm", "api", "plane", ...), by which debug
 * output can be filtered. To stderr in the foreground, to syslog otherwise.
 */
#ifndef AUTHIPD_DAEMON_LOG_H
#define AUTHIPD_DAEMON_LOG_H

#include <stdbool.h>

/* Makes s one printable line, whoever said it: control characters become question marks. */
void log_clean(char *s);
/* role: "keeper", ...; verbosity: 0 info, 1 debug. */
void log_init(const char *role, bool to_stderr, int verbosity);
int log_verbosity(void);
void log_error(const char *token, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void log_warn(const char *token, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_info(const char *token, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_debug(const char *token, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
