/* Complaints of libconfuse: it says what is wrong, we add what to write. */
#include "config/complaint.h"

#include <string.h>

#include "config/fault.h"

static const struct {
	const char *part;
	const char *advice;
} advice_table[] = {
	{ "missing equal sign", ": write NAME = VALUE" },
	{ "premature end of file", ": a value or a closing } is missing" },
	{ "unexpected closing brace", ": there is one } too many" },
	{ "missing opening brace", ": write NAME { ... }" },
	{ "missing title", ": write a name first, as in proposal \"NAME\" { ... }" },
	{ "duplicate title", ": remove one of the two, or give it another name" },
	{ "unexpected token", ": write NAME = VALUE; a text with special characters needs "
			      "quotes, a list is { \"A\", \"B\" }" },
};

static const char *
advice_for(const char *complaint)
{
	for (size_t i = 0; i < sizeof(advice_table) / sizeof(advice_table[0]); i++)
		if (strstr(complaint, advice_table[i].part) != NULL)
			return advice_table[i].advice;
	return "";
}

static void
list_options(const cfg_t *section, char *out, size_t n)
{
	size_t len = 0;

	out[0] = '\0';
	for (const cfg_opt_t *o = section->opts; o->name != NULL; o++) {
		if (o->name[0] == '(') /* internal */
			continue;
		if (len + strlen(o->name) + sizeof(", ...") > n) {
			snprintf(out + len, n - len, " ...");
			return;
		}
		len += (size_t)snprintf(out + len, n - len, "%s%s", len > 0 ? ", " : "",
		    o->name);
	}
}

void
complaint_report(cfg_t *section, const char *fmt, va_list ap, struct config_error *err)
{
	char text[160], names[240];

	vsnprintf(text, sizeof(text), fmt, ap);
	if (strstr(fmt, "no such option") == NULL) {
		config_fail(err, section->line, "%s%s", text, advice_for(text));
		return;
	}
	list_options(section, names, sizeof(names));
	config_fail(err, section->line, "%s: write one of %s", text, names);
}
