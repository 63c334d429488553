/* Patterns for names. Linear but for the last star: what peers are called is not long. */
#include "config/glob.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

/* A character, or an escaped one: "\," must not pass for the "," between attributes. */
static size_t
unit(const char *p)
{
	return p[0] == '\\' && p[1] != '\0' ? 2 : 1;
}

static bool
unit_equal(const char *a, const char *b, size_t n, bool fold)
{
	if (unit(a) != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (a[i] != b[i] &&
		    (!fold || tolower((unsigned char)a[i]) != tolower((unsigned char)b[i])))
			return false;
	return true;
}

bool
glob_matches(const char *pattern, const char *text, bool fold)
{
	const char *star = NULL, *mark = NULL;

	while (*text != '\0') {
		size_t n = unit(text);

		if (*pattern == '*') {
			star = ++pattern;
			mark = text;
		} else if (*pattern != '\0' && unit_equal(pattern, text, n, fold)) {
			pattern += n;
			text += n;
		} else if (star != NULL) {
			mark += unit(mark);
			text = mark;
			pattern = star;
		} else {
			return false;
		}
	}
	return pattern[strspn(pattern, "*")] == '\0';
}
