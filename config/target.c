/* The text of a target name. */
#include "config/target.h"

#include <stdio.h>
#include <string.h>

#define OPTIONAL "optional:"
#define RAW "raw:"

static bool
take(const char **text, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(*text, word, n) != 0)
		return false;
	*text += n;
	return true;
}

struct target
target_read(const char *text)
{
	struct target t = { .name = text };

	t.is_optional = take(&t.name, OPTIONAL);
	t.is_raw = take(&t.name, RAW);
	return t;
}

bool
target_write(const struct target *t, char *out, size_t cap)
{
	bool is_any = t->name[0] == '\0';
	int n = snprintf(out, cap, "%s%s%s", t->is_optional && !is_any ? OPTIONAL : "",
	    t->is_raw && !is_any ? RAW : "", t->name);

	return n >= 0 && (size_t)n < cap;
}

bool
target_is_demanded(const char *text)
{
	struct target t = target_read(text);

	return t.name[0] != '\0' && !t.is_optional;
}
