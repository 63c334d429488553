/* How the configuration reports its first problem (internal to config/). */
#ifndef AUTHIPD_CONFIG_FAULT_H
#define AUTHIPD_CONFIG_FAULT_H

struct config_error;

/* Fills *err unless it already holds a problem: the first one counts. Always -1. */
int config_fail(struct config_error *err, int line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
