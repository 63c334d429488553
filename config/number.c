/* Numbers of the configuration language. */
#include "config/number.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

bool
number_parse(const char *text, uint32_t *out)
{
	int base = text[0] == '0' && (text[1] == 'x' || text[1] == 'X') ? 16 : 10;
	const char *digits = base == 16 ? text + 2 : text;
	unsigned long long v;
	char *end;

	/* strtoull would take blanks and a sign. */
	if (!isxdigit((unsigned char)digits[0]))
		return false;
	errno = 0;
	v = strtoull(digits, &end, base);
	if (*end != '\0' || end == digits || errno != 0 || v > UINT32_MAX)
		return false;
	/* strtoull in base 16 takes a second 0x. */
	if (base == 16 && (digits[1] == 'x' || digits[1] == 'X'))
		return false;
	*out = (uint32_t)v;
	return true;
}
