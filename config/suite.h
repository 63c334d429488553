/* Names of proposals, such as "aes128-sha1-ecp256" and "esp-null-sha1" (internal). */
#ifndef AUTHIPD_CONFIG_SUITE_H
#define AUTHIPD_CONFIG_SUITE_H

#include "config/policy.h"

#define SUITE_NAME_MAX 64
#define SUITE_WHY_MAX 256

/* Sets only what the name says. False with a sentence in why (SUITE_WHY_MAX bytes). */
bool suite_parse_mm(const char *name, struct mm_proposal *p, char *why);
bool suite_parse_qm(const char *name, struct qm_proposal *p, char *why);
/* Writes SUITE_NAME_MAX bytes at most. */
void suite_name_mm(const struct mm_proposal *p, char *name);
void suite_name_qm(const struct qm_proposal *p, char *name);

#endif
