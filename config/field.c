/* Reading of options that are one text or one number. */
#include "config/field.h"

#include <string.h>

#include "config/fault.h"
#include "config/number.h"

static bool
is_printable(const char *text)
{
	for (const char *p = text; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return false;
	return true;
}

static int
read_text(const struct config_value *v, const struct field *f, void *base,
    struct config_error *err)
{
	size_t n = strlen(v->text);

	if (n < f->low)
		return config_fail(err, v->line,
		    "%s is empty: write a value, or remove the "
		    "line for the default",
		    f->name);
	if (n > f->high)
		return config_fail(err, v->line,
		    "%s is too long: %zu characters, write at most %u", f->name, n,
		    f->high);
	if (!is_printable(v->text))
		return config_fail(err, v->line,
		    "%s has a control character or line break in it: write it on one "
		    "line",
		    f->name);
	memcpy((char *)base + f->offset, v->text, n + 1);
	return 0;
}

static int
read_number(const struct config_value *v, const struct field *f, void *base,
    struct config_error *err)
{
	uint32_t n;
	uint16_t n16;

	if (!number_parse(v->text, &n) || n < f->low || n > f->high)
		return config_fail(err, v->line,
		    "%s = '%.40s' is not possible: write a number from %u to %u",
		    f->name, v->text, f->low, f->high);
	n16 = (uint16_t)n;
	if (f->kind == FIELD_UINT16)
		memcpy((char *)base + f->offset, &n16, sizeof(n16));
	else
		memcpy((char *)base + f->offset, &n, sizeof(n));
	return 0;
}

static int
read_bool(const struct config_value *v, const struct field *f, void *base,
    struct config_error *err)
{
	int is = cfg_parse_boolean(v->text);
	uint32_t n = is == 1;

	if (is < 0)
		return config_fail(
		    err, v->line, "%s = '%.40s': write true or false", f->name, v->text);
	memcpy((char *)base + f->offset, &n, sizeof(n));
	return 0;
}

static int
field_read(const struct config_value *v, const struct field *f, void *base,
    struct config_error *err)
{
	switch (f->kind) {
	case FIELD_TEXT:
		return read_text(v, f, base, err);
	case FIELD_BOOL:
		return read_bool(v, f, base, err);
	default:
		return read_number(v, f, base, err);
	}
}

int
fields_read(cfg_t *section, const struct field *field, size_t n, void *base,
    struct config_error *err)
{
	for (size_t i = 0; i < n; i++) {
		const struct config_value *v = tree_value(section, field[i].name, 0);

		if (v != NULL && field_read(v, &field[i], base, err) < 0)
			return -1;
	}
	return 0;
}
