/* Words of the configuration language and the numbers they stand for (internal). */
#ifndef AUTHIPD_CONFIG_WORDS_H
#define AUTHIPD_CONFIG_WORDS_H

#include <stdbool.h>
#include <stddef.h>

struct word {
	const char *name; /* NULL ends a table */
	int value;
	const char *
	    refusal; /* NULL, or why it is known but may not be used, and what to write */
};

extern const struct word words_mm_cipher[];
extern const struct word words_mm_hash[];
extern const struct word words_mm_group[];
extern const struct word words_mm_auth[];
extern const struct word words_keying[];
extern const struct word words_qm_cipher[];
extern const struct word words_qm_hash[];
extern const struct word words_qm_gcm[]; /* with their own integrity, without a hash */
extern const struct word words_qm_pfs[];
extern const struct word words_discovery[];
extern const struct word words_em_auth[];
extern const struct word words_backend[];

/* False with a sentence in why: text is unknown or refused. what: "cipher", ... */
bool word_parse(const struct word *table, const char *what, const char *text,
    int *value, char *why, size_t n);
/* "unknown" if the table has no such value. */
const char *word_name(const struct word *table, int value);

#endif
