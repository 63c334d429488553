/* The knobs of the dialect by name: one table made from the lists in dialect.h. */
#include "config/dialect.h"

#include <stdio.h>
#include <string.h>

#include "config/number.h"

#define KNOB_WORD(name, word) word,
#define KNOB_WORDS(field, entry, help)                                                   \
	static const char *const words_of_##field[] = { KNOB_VALUES_##field(KNOB_WORD) };    \
	_Static_assert(sizeof(enum dialect_##field) == sizeof(uint32_t), "read as numbers");
DIALECT_ENUM_KNOBS(KNOB_WORDS)

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))
#define ENUM_KNOB(field, entry, help)                                                    \
	{ #field, entry, help, words_of_##field, 0, 0, COUNT_OF(words_of_##field) - 1,       \
		offsetof(struct dialect, field) },
#define INT_KNOB(field, def, lo, hi, entry, help)                                        \
	{ #field, entry, help, NULL, def, lo, hi, offsetof(struct dialect, field) },

static const struct dialect_knob knob_table[] = {
	DIALECT_ENUM_KNOBS(ENUM_KNOB)
	DIALECT_INT_KNOBS(INT_KNOB)
};

const struct dialect_knob *
dialect_knobs(size_t *n)
{
	*n = COUNT_OF(knob_table);
	return knob_table;
}

static bool
find_value(const struct dialect_knob *k, const char *text, uint32_t *value)
{
	if (k->word == NULL)
		return number_parse(text, value) && *value >= k->low && *value <= k->high;
	for (*value = 0; *value <= k->high; (*value)++)
		if (strcmp(k->word[*value], text) == 0)
			return true;
	return false;
}

bool
dialect_set(struct dialect *d, const struct dialect_knob *k, const char *text)
{
	uint32_t value;

	if (!find_value(k, text, &value))
		return false;
	memcpy((char *)d + k->offset, &value, sizeof(value));
	return true;
}

uint32_t
dialect_value(const struct dialect *d, const struct dialect_knob *k)
{
	uint32_t value;

	memcpy(&value, (const char *)d + k->offset, sizeof(value));
	return value;
}

void
dialect_describe(const struct dialect_knob *k, char *out, size_t n)
{
	size_t len = 0;

	if (k->word == NULL) {
		snprintf(out, n, "%u to %u", k->low, k->high);
		return;
	}
	out[0] = '\0';
	for (uint32_t i = 0; i <= k->high && len < n; i++)
		len += (size_t)snprintf(out + len, n - len, "%s%s", i > 0 ? ", " : "",
		    k->word[i]);
}
