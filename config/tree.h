/* The configuration as libconfuse parsed it: texts with their lines (internal to config/). */
#ifndef AUTHIPD_CONFIG_TREE_H
#define AUTHIPD_CONFIG_TREE_H

#include <confuse.h>

#include "config/config.h"

/* One value as written. */
struct config_value {
	const cfg_opt_t *opt;
	int line;
	char text[];
};

/*
 * Parses a cleaned text. NULL with *err filled on failure; cfg_free() the result. Not for
 * two threads at a time: the scanner of libconfuse is global.
 */
cfg_t *tree_parse(const char *text, struct config_error *err);
/* Line of the opening brace of a section. */
int tree_line(cfg_t *section);
/* Value i of an option, NULL if there are no more. */
const struct config_value *tree_value(cfg_t *section, const char *name, unsigned int i);
/* True if the option is written at all, even as an empty list. */
bool tree_has(cfg_t *section, const char *name);
/* The section of that name, NULL if not written. */
cfg_t *tree_section(cfg_t *parent, const char *name);

#endif
