/* The command line. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/options.h"
#include "tests/unit/check_daemon.h"

static struct options options;

/* Arguments separated by blanks. */
static int
parse(const char *line)
{
	char text[512], *argv[16] = { "authipd" }, *at;
	int argc = 1;

	snprintf(text, sizeof(text), "%s", line);
	for (at = strtok(text, " "); at != NULL; at = strtok(NULL, " "))
		argv[argc++] = at;
	argv[argc] = NULL;
	optind = 0; /* glibc: starts anew */
	if (options.config_file != NULL)
		free((char *)options.config_file);
	argc = options_parse(argc, argv, &options);
	if (options.config_file != NULL)
		options.config_file = strdup(options.config_file);
	if (options.run_dir != NULL && options.run_dir >= text &&
	    options.run_dir < text + sizeof(text))
		options.run_dir = "given";
	return argc;
}

START_TEST(defaults)
{
	ck_assert_int_eq(parse(""), 0);
	ck_assert_ptr_null(options.config_file);
	ck_assert_ptr_nonnull(options.run_dir);
	ck_assert(!options.foreground && !options.check_only && !options.single);
	ck_assert(!options.print_policy);
	ck_assert_int_eq(options.verbosity, 0);
	ck_assert_int_eq(options.role, ROLE_KEEPER);
}
END_TEST

START_TEST(everything)
{
	ck_assert_int_eq(
	    parse("-c /a/b -f -n -vv --single --run-dir /tmp/x --role plane"), 0);
	ck_assert_str_eq(options.config_file, "/a/b");
	ck_assert_str_eq(options.run_dir, "given");
	ck_assert(options.foreground && options.check_only && options.single);
	ck_assert_int_eq(options.verbosity, 2);
	ck_assert_int_eq(options.role, ROLE_PLANE);
	ck_assert_int_eq(parse("--config=/c --foreground --check --verbose "
			       "--print-default-policy"),
	    0);
	ck_assert_str_eq(options.config_file, "/c");
	ck_assert(options.foreground && options.check_only && options.print_policy);
	ck_assert_int_eq(options.verbosity, 1);
	ck_assert_int_eq(parse(""), 0);
}
END_TEST

START_TEST(roles)
{
	char line[64];

	for (int r = 0; r < ROLE_COUNT; r++) {
		snprintf(line, sizeof(line), "--role %s", role_name((enum role_id)r));
		ck_assert_int_eq(parse(line), 0);
		ck_assert_int_eq(options.role, r);
	}
	ck_assert_int_eq(parse("--role root"), 3);
	ck_assert_int_eq(parse("--role"), 3);
}
END_TEST

START_TEST(mistakes)
{
	static const char *const wrong[] = { "-x", "--nonsense", "-c", "--config",
		"--run-dir", "argument", "-f argument", "--single=1", "-- -f",
		"--run-dir "
		"/123456789/123456789/123456789/123456789/123456789/123456789/"
		"123456789/"
		"1234567890" };

	ck_assert_int_eq(parse(wrong[_i]), 3);
}
END_TEST

START_TEST(help_and_version)
{
	ck_assert_int_eq(parse("--help"), 1);
	ck_assert_int_eq(parse("--version"), 1);
}
END_TEST

START_TEST(longest_run_dir)
{
	char line[128] = "--run-dir ";

	memset(line + 10, '/', 80);
	ck_assert_int_eq(parse(line), 0);
	line[90] = 'x';
	ck_assert_int_eq(parse(line), 3);
}
END_TEST

void
daemon_options_tests(Suite *s)
{
	TCase *t = tcase_create("options");

	tcase_add_test(t, defaults);
	tcase_add_test(t, everything);
	tcase_add_test(t, roles);
	tcase_add_loop_test(t, mistakes, 0, 10);
	tcase_add_test(t, help_and_version);
	tcase_add_test(t, longest_run_dir);
	suite_add_tcase(s, t);
}
