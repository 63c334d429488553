/* Complaints of libconfuse in our words (internal to config/). */
#ifndef AUTHIPD_CONFIG_COMPLAINT_H
#define AUTHIPD_CONFIG_COMPLAINT_H

#include <stdarg.h>

#include "config/tree.h"

/* Reports a syntax error of this section, with what to write instead. */
void complaint_report(cfg_t *section, const char *fmt, va_list ap, struct config_error *err)
    __attribute__((format(printf, 2, 0)));

#endif
