/* Names of proposals: words joined by '-'. */
#include "config/suite.h"

#include <stdio.h>
#include <string.h>

#include "config/words.h"

#define SUITE_WORDS 3

/* Cuts name into words; how many there are, SUITE_WORDS + 1 for too many or too long. */
static size_t
split(const char *name, char *copy, char *word[SUITE_WORDS])
{
	size_t n = 0;

	if (strlen(name) >= SUITE_NAME_MAX)
		return SUITE_WORDS + 1;
	strcpy(copy, name);
	for (char *rest = copy, *w; (w = strsep(&rest, "-")) != NULL; n++) {
		if (n == SUITE_WORDS)
			return SUITE_WORDS + 1;
		word[n] = w;
	}
	return n;
}

bool
suite_parse_mm(const char *name, struct mm_proposal *p, char *why)
{
	char copy[SUITE_NAME_MAX], *w[SUITE_WORDS];
	int cipher, hash, group;

	if (split(name, copy, w) != 3) {
		snprintf(why, SUITE_WHY_MAX,
		    "write CIPHER-HASH-GROUP, such as "
		    "aes128-sha1-ecp256");
		return false;
	}
	if (!word_parse(words_mm_cipher, "cipher", w[0], &cipher, why, SUITE_WHY_MAX) ||
	    !word_parse(words_mm_hash, "hash", w[1], &hash, why, SUITE_WHY_MAX) ||
	    !word_parse(words_mm_group, "group", w[2], &group, why, SUITE_WHY_MAX))
		return false;
	p->cipher = (enum cipher_id)cipher;
	p->integrity = (enum hash_id)hash;
	p->group = (enum dh_group)group;
	return true;
}

static void
set_qm(struct qm_proposal *p, bool ah, enum cipher_id cipher, enum hash_id hash)
{
	p->transform = ah		       ? QM_AH :
		       cipher_encrypts(cipher) ? QM_ESP_AUTH_CIPHER :
						 QM_ESP_AUTH;
	p->cipher = cipher;
	p->integrity = hash;
}

/* "esp-aes128-gcm", "esp-gmac128", "ah-gmac128": no hash. */
static bool
parse_gcm(const char *name, struct qm_proposal *p)
{
	bool ah = strncmp(name, "ah-", 3) == 0;

	if (!ah && strncmp(name, "esp-", 4) != 0)
		return false;
	name += ah ? 3 : 4;
	for (const struct word *w = words_qm_gcm; w->name != NULL; w++)
		if (strcmp(w->name, name) == 0 &&
		    !(ah && cipher_encrypts((enum cipher_id)w->value))) {
			set_qm(p, ah, (enum cipher_id)w->value, HASH_NONE);
			return true;
		}
	return false;
}

bool
suite_parse_qm(const char *name, struct qm_proposal *p, char *why)
{
	char copy[SUITE_NAME_MAX], *w[SUITE_WORDS];
	size_t n = split(name, copy, w);
	int cipher = CIPHER_NULL, hash;
	bool ah = n == 2 && strcmp(w[0], "ah") == 0;

	if (parse_gcm(name, p))
		return true;
	if (!ah && (n != 3 || strcmp(w[0], "esp") != 0)) {
		snprintf(why, SUITE_WHY_MAX,
		    "write esp-CIPHER-HASH or ah-HASH, such as "
		    "esp-aes128-sha1, or esp-aes256-gcm");
		return false;
	}
	if (!ah &&
	    !word_parse(words_qm_cipher, "cipher", w[1], &cipher, why, SUITE_WHY_MAX))
		return false;
	if (!word_parse(words_qm_hash, "hash", w[n - 1], &hash, why, SUITE_WHY_MAX))
		return false;
	set_qm(p, ah, (enum cipher_id)cipher, (enum hash_id)hash);
	return true;
}

void
suite_name_mm(const struct mm_proposal *p, char *name)
{
	snprintf(name, SUITE_NAME_MAX, "%s-%s-%s",
	    word_name(words_mm_cipher, (int)p->cipher),
	    word_name(words_mm_hash, (int)p->integrity),
	    word_name(words_mm_group, (int)p->group));
}

void
suite_name_qm(const struct qm_proposal *p, char *name)
{
	const char *hash = word_name(words_qm_hash, (int)p->integrity);

	if (p->integrity == HASH_NONE)
		snprintf(name, SUITE_NAME_MAX, "%s-%s",
		    p->transform == QM_AH ? "ah" : "esp",
		    word_name(words_qm_gcm, (int)p->cipher));
	else if (p->transform == QM_AH)
		snprintf(name, SUITE_NAME_MAX, "ah-%s", hash);
	else
		snprintf(name, SUITE_NAME_MAX, "esp-%s-%s",
		    word_name(words_qm_cipher, (int)p->cipher), hash);
}
