/* The text of a configuration file: reading it, and removing its comments. */
#include "config/source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/fault.h"

#define DEPTH_MAX 8	 /* the language needs 4 */
#define STRING_MAX 4096	 /* no option takes as much */
#define BRACES_MAX 1000	 /* libconfuse takes minutes for a file full of sections ... */
#define COMMAS_MAX 1000	 /* ... or a list of 100,000 words */

struct source {
	char *text;
	size_t n;
	size_t at;
	int line;
	int depth, braces, commas;
	int open_line[DEPTH_MAX]; /* of each open brace */
	bool in_word; /* the character before is part of an unquoted word */
	struct config_error *err;
};

static char *
read_all(FILE *f, const char *file, size_t *n, struct config_error *err)
{
	char *text = malloc(SOURCE_MAX_BYTES + 1);

	if (text == NULL) {
		config_fail(err, 0, "out of memory");
		return NULL;
	}
	*n = fread(text, 1, SOURCE_MAX_BYTES + 1, f);
	if (ferror(f))
		config_fail(err, 0, "cannot read %.200s: %s", file, strerror(errno));
	else if (*n > SOURCE_MAX_BYTES)
		config_fail(
		    err, 0, "the file is larger than 1 MB: is it the right one?");
	else {
		text[*n] = '\0';
		return text;
	}
	free(text);
	return NULL;
}

char *
source_read_file(const char *file, size_t *n, struct config_error *err)
{
	FILE *f = fopen(file, "re");
	char *text;

	if (f == NULL) {
		config_fail(err, 0, "cannot open %.200s: %s", file, strerror(errno));
		return NULL;
	}
	text = read_all(f, file, n, err);
	fclose(f);
	return text;
}

static bool
starts_with(const struct source *s, const char *word)
{
	size_t len = strlen(word);

	return s->n - s->at >= len && memcmp(s->text + s->at, word, len) == 0;
}

static void
step(struct source *s)
{
	if (s->text[s->at] == '\n')
		s->line++;
	s->at++;
}

static void
blank(struct source *s)
{
	if (s->text[s->at] != '\n')
		s->text[s->at] = ' ';
	step(s);
}

static int
skip_string(struct source *s)
{
	char quote = s->text[s->at];
	size_t begin = s->at;
	int first = s->line;

	for (step(s); s->at < s->n && s->text[s->at] != quote; step(s))
		if (s->text[s->at] == '\\' && s->at + 1 < s->n)
			step(s);
	if (s->at >= s->n)
		return config_fail(s->err, first,
		    "this text in quotes never ends: write the closing %c", quote);
	if (s->at - begin > STRING_MAX)
		return config_fail(s->err, first,
		    "this text in quotes is too long: is the closing %c missing?", quote);
	step(s);
	return 0;
}

static int
blank_block_comment(struct source *s)
{
	int first = s->line;

	blank(s);
	blank(s);
	while (s->at < s->n && !starts_with(s, "*/"))
		blank(s);
	if (s->at >= s->n)
		return config_fail(s->err, first, "this comment never ends: write */");
	blank(s);
	blank(s);
	return 0;
}

static int
pass_brace(struct source *s)
{
	if (s->text[s->at] == '}')
		s->depth -= s->depth > 0; /* libconfuse tells of one too many */
	else if (s->depth < DEPTH_MAX)
		s->open_line[s->depth++] = s->line;
	else
		return config_fail(s->err, s->line, "too many { inside each other: is a } "
						    "missing above?");
	step(s);
	return 0;
}

static int
pass_plain(struct source *s)
{
	char c = s->text[s->at];

	s->braces += c == '{';
	s->commas += c == ',';
	if (s->braces > BRACES_MAX || s->commas > COMMAS_MAX)
		return config_fail(s->err, s->line,
		    "too many sections or list entries: is this the right file?");
	if (c == '{' || c == '}')
		return pass_brace(s);
	if (starts_with(s, "+="))
		return config_fail(
		    s->err, s->line, "+= is not supported: write = and the whole list");
	s->in_word = strchr(" \t\n\r={}()+,*", c) == NULL;
	step(s);
	return 0;
}

/* libconfuse would expand them: a configuration must mean the same wherever it is read. */
static int
check_variables(const char *text, struct config_error *err)
{
	const char *variable = strstr(text, "${");
	int line = 1;

	if (variable == NULL)
		return 0;
	for (const char *p = text; p < variable; p++)
		line += *p == '\n';
	return config_fail(err, line, "${ is not supported: write the value itself");
}

/* One token, comment or character. */
static int
pass_next(struct source *s)
{
	char c = s->text[s->at];
	bool word = s->in_word;

	s->in_word = false;
	if (c == '"' || c == '\'')
		return skip_string(s);
	if (c == '#' || (!word && starts_with(s, "//"))) {
		while (s->at < s->n && s->text[s->at] != '\n')
			blank(s);
		return 0;
	}
	if (!word && starts_with(s, "/*"))
		return blank_block_comment(s);
	return pass_plain(s);
}

static int
check_characters(const char *text, size_t n, struct config_error *err)
{
	int line = 1;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];

		if ((c < ' ' && strchr("\t\n\r", c) == NULL) || c == 0 || c == 0x7f)
			return config_fail(err, line,
			    "control character 0x%02x: the file must be plain text", c);
		line += c == '\n';
	}
	return 0;
}

int
source_clean(char *text, size_t n, struct config_error *err)
{
	struct source s = { .text = text, .n = n, .line = 1, .err = err };

	if (check_characters(text, n, err) < 0)
		return -1;
	if (starts_with(&s, "\xef\xbb\xbf")) /* byte order mark */
		memset(text, ' ', 3);
	while (s.at < s.n)
		if (pass_next(&s) < 0)
			return -1;
	if (s.depth > 0)
		return config_fail(err, s.open_line[s.depth - 1],
		    "this { is never closed: write } behind the section");
	return check_variables(text, err);
}
