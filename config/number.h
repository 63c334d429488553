/* Numbers of the configuration language: decimal, or hexadecimal with 0x. */
#ifndef AUTHIPD_CONFIG_NUMBER_H
#define AUTHIPD_CONFIG_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* The whole text is one number that fits. A leading zero does not mean octal. */
bool number_parse(const char *text, uint32_t *out);

#endif
