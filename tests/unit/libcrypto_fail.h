/*
 * libcrypto that fails when it is told to: every function of it that crypto/ calls and that
 * can fail goes through here (the linker's --wrap).
 */
#ifndef AUTHIPD_TESTS_LIBCRYPTO_FAIL_H
#define AUTHIPD_TESTS_LIBCRYPTO_FAIL_H

#include <stdbool.h>
#include <stddef.h>

/* The n-th call from now on fails, once; 0: none does. Counts anew. */
void libcrypto_fail_at(size_t n);
/* Calls since then. */
size_t libcrypto_calls(void);
/* Algorithms of this name, or the curve of this number, do not exist; NULL, 0: all do. */
void libcrypto_without(const char *name, int curve);

#endif
