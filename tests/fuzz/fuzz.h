/* What the fuzz targets, the replay driver and the seed generator share. */
#ifndef AUTHIPD_TESTS_FUZZ_H
#define AUTHIPD_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Each target defines it: the entry point of libFuzzer. */
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* A broken promise is a crash, with or without NDEBUG. */
#define FUZZ_ASSERT(x)                                                              \
	do {                                                                        \
		if (!(x)) {                                                         \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #x);     \
			abort();                                                    \
		}                                                                   \
	} while (0)

#endif
