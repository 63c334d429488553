/* The text of a configuration file before it is parsed (internal to config/). */
#ifndef AUTHIPD_CONFIG_SOURCE_H
#define AUTHIPD_CONFIG_SOURCE_H

#include <stddef.h>

#include "config/config.h"

#define SOURCE_MAX_BYTES (1024 * 1024)

/* Reads a file into a new string (*n bytes and a NUL), or NULL with *err filled. */
char *source_read_file(const char *file, size_t *n, struct config_error *err);
/*
 * Refuses what cannot be configuration (control characters, variables, masses of sections,
 * strings, comments and sections that never end) and overwrites comments with blanks:
 * libconfuse 3.3 miscounts lines after comments, takes none inside lists and accepts what
 * never ends. 0, or -1 with *err filled.
 */
int source_clean(char *text, size_t n, struct config_error *err);

#endif
