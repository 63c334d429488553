/* Patterns for names: "*" stands for anything. */
#ifndef AUTHIPD_CONFIG_GLOB_H
#define AUTHIPD_CONFIG_GLOB_H

#include <stdbool.h>

/*
 * An escaped character of text ("\,") is one unit: it never passes for the separator that
 * it escapes. fold: letters of either case are the same.
 */
bool glob_matches(const char *pattern, const char *text, bool fold);

#endif
