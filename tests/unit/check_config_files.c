/* Configuration: loading files, the files they name, the sample and the manual. */
#include "tests/unit/check_config.h"

#include <sys/stat.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SAMPLE TEST_SRCDIR "/doc/authipd.conf.sample"
#define MANUAL TEST_SRCDIR "/doc/authipd.conf.5"

static char *
read_file(const char *file)
{
	char *text = calloc(1, 65536);
	FILE *f = fopen(file, "r");

	ck_assert_msg(f != NULL, "cannot open %s", file);
	ck_assert_uint_lt(fread(text, 1, 65535, f), 65535);
	fclose(f);
	return text;
}

/* A new file with n bytes of content; name is a template of mkstemp(3). */
static void
write_file(char *name, const char *content, size_t n)
{
	int fd = mkstemp(name);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, content, n), (ssize_t)n);
	close(fd);
}

/* Loading this content must fail at that line with that text. */
static void
check_bad_file(const char *content, size_t n, int line, const char *says)
{
	char name[] = "/tmp/check_config.XXXXXX";
	struct config_error err;
	struct config c;

	write_file(name, content, n);
	ck_assert_int_eq(config_load(&c, name, false, &err), -1);
	ck_assert_str_eq(err.file, name);
	ck_assert_msg(strstr(err.text, says) != NULL, "%s", err.text);
	ck_assert_int_eq(err.line, line);
	unlink(name);
}

/* A file of 1 MB must be refused at once, whatever fills it. */
static void
check_repeated(const char *unit, int line, const char *says)
{
	size_t n = strlen(unit), count = 1024 * 1024 / n;
	char *text = malloc(count * n);

	for (size_t i = 0; i < count; i++)
		memcpy(text + i * n, unit, n);
	check_bad_file(text, count * n, line, says);
	free(text);
}

START_TEST(test_bad_files)
{
	struct config_error err;
	struct config c;
	char *large = malloc(1024 * 1024 + 1);

	memset(large, '\n', 1024 * 1024 + 1);
	check_bad_file(large, 1024 * 1024 + 1, 0, "larger than 1 MB");
	check_repeated("limits {}\n", 1001, "too many sections");
	check_repeated("a, ", 1, "too many sections or list entries");
	check_bad_file("user = x\n\0user = y", 18, 2, "control character 0x00");
	check_bad_file("user = x\n\"\\", 11, 2, "never ends");
	free(large);
	ck_assert_int_eq(config_load(&c, "/nonexistent/file", false, &err), -1);
	ck_assert_str_eq(err.file, "/nonexistent/file");
	ck_assert_ptr_nonnull(strstr(err.text, "No such file"));
	ck_assert_int_eq(config_load(&c, "/tmp", false, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "Is a directory"));
}
END_TEST

/* With check_files; the names in text are TEST_SRCDIR/name. */
static void
check_named_files(const char *text, int line, const char *says)
{
	struct config_error err;
	struct config c;
	int rc = config_load_text(&c, "x", text, true, &err);

	if (says == NULL) {
		ck_assert_msg(rc == 0, "%s", err.text);
		return;
	}
	ck_assert_int_eq(rc, -1);
	ck_assert_msg(strstr(err.text, says) != NULL, "%s", err.text);
	ck_assert_int_eq(err.line, line);
	ck_assert_int_eq(config_load_text(&c, "x", text, false, &err), 0);
}

START_TEST(test_named_files)
{
	check_named_files("trust = '" SAMPLE "'\n", 0, NULL);
	check_named_files("\ntrust = /nonexistent\n", 2,
	    "trust: cannot read /nonexistent: No such file");
	check_named_files("trust = /tmp", 1, "not a regular file");
	check_named_files("trust = /dev/null", 1, "not a regular file");
	check_named_files("trust = '" SAMPLE "'\ncredentials { certificate = '" SAMPLE "'\n"
			  "key = '" SAMPLE "' }", 0, NULL);
	check_named_files("trust = '" SAMPLE "'\ncredentials { certificate = '" SAMPLE "'\n"
			  "key = /nonexistent.key }", 3, "key: cannot read /nonexistent.key: No");
	check_named_files("trust = '" SAMPLE "'\ncredentials { certificate = /no.pem\n"
			  "key = /nonexistent.key }", 2, "certificate: cannot read /no.pem: No");
	check_named_files("trust = '" SAMPLE "'\ntls { crl = { '" SAMPLE "' } }", 0, NULL);
	check_named_files("trust = '" SAMPLE "'\ntls { crl = { '" SAMPLE "',\n/no.crl } }", 3,
	    "crl: cannot read /no.crl: No such file");
}
END_TEST

/* ---- warnings ---- */

static char told[4096];

static void
tell(const char *line)
{
	size_t n = strlen(told);

	snprintf(told + n, sizeof(told) - n, "%s\n", line);
}

/* A configuration whose every file has this mode and owner is told this; NULL: nothing. */
static void
check_warning(mode_t mode, uid_t uid, const char *says)
{
	char name[] = "/tmp/check_config.XXXXXX";
	struct config c;

	write_file(name, "0123456789012345678901234567890", 31);
	ck_assert_int_eq(chmod(name, mode), 0);
	ck_assert_int_eq(chown(name, uid, 0), 0);
	config_set_default(&c);
	strcpy(c.trust_file, name);
	strcpy(c.cert[0].certificate, name);
	strcpy(c.cert[0].key, name);
	c.n_cert = 1;
	told[0] = '\0';
	config_warn(&c, name, tell);
	unlink(name);
	if (says == NULL)
		ck_assert_str_eq(told, "");
	else
		ck_assert_msg(strstr(told, says) != NULL, "%s", told);
}

START_TEST(test_warnings)
{
	struct config c;

	if (geteuid() != 0)
		return;
	check_warning(0600, 0, NULL);
	check_warning(0660, 0, NULL); /* root's group */
	check_warning(0644, 0, "everybody can read /tmp/check_config");
	check_warning(0602, 0, "others can change /tmp/check_config");
	check_warning(0600, 4711, "belongs to user 4711");
	told[0] = '\0';
	config_set_default(&c);
	config_warn(&c, NULL, tell);
	ck_assert_str_eq(told, "");
}
END_TEST

/* A key of another is a secret, a certificate is none. */
START_TEST(test_warnings_of_secrets)
{
	char name[] = "/tmp/check_config.XXXXXX";
	struct config c;

	write_file(name, "short", 5);
	config_set_default(&c);
	strcpy(c.psk[0].file, name);
	c.n_psk = 1;
	told[0] = '\0';
	config_warn(&c, NULL, tell);
	ck_assert_ptr_nonnull(strstr(told, "has 5 characters"));
	ck_assert_int_eq(chmod(name, 0644), 0);
	c.n_psk = 0;
	strcpy(c.cert[0].certificate, name);
	c.n_cert = 1;
	told[0] = '\0';
	config_warn(&c, NULL, tell);
	ck_assert_str_eq(told, "");
	strcpy(c.kerberos.keytab, name);
	config_warn(&c, NULL, tell);
	ck_assert_ptr_nonnull(strstr(told, "everybody can read"));
	unlink(name);
}
END_TEST

START_TEST(test_sample)
{
	struct config_error err;
	struct config c, standard;

	config_set_default(&standard);
	ck_assert_msg(config_load(&c, SAMPLE, false, &err) == 0, "%s", err.text);
	ck_assert_mem_eq(&c, &standard, sizeof(c));
}
END_TEST

/* Removes the '#' of every option; prose has a blank behind it. */
static void
uncomment(char *text)
{
	for (char *p = text; p != NULL; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (p[0] == '#' && p[1] != ' ' && p[1] != '\n')
			p[0] = ' ';
	}
}

START_TEST(test_sample_uncommented)
{
	struct config c, standard;
	char *text = read_file(SAMPLE);

	config_set_default(&standard);
	uncomment(text);
	ck_assert_ptr_nonnull(strstr(text, "\n user = \""));
	ck_assert_ptr_nonnull(strstr(text, "\n \tkdf_nonce = \""));
	load_good(&c, text);
	strcpy(c.user, standard.user); /* configure --with-user changes it */
	ck_assert_mem_eq(&c, &standard, sizeof(c));
	free(text);
}
END_TEST

static void
check_mentioned(const char *where, const char *text, const char *before, const char *name,
    const char *after)
{
	char line[128];

	snprintf(line, sizeof(line), "%s%s%s", before, name, after);
	ck_assert_msg(strstr(text, line) != NULL, "%s has no '%s'", where, line);
}

START_TEST(test_everything_documented)
{
	static const char *const option[] = { "user", "gss_id", "trust", "backend", "key_log",
		"ike_port", "nat_port",
		"i_accept_unauthenticated_peers", "main_modes_per_peer", "negotiations_per_peer",
		"quick_modes_per_peer",
		"main_modes_total", "sockets_per_user", "first_messages_per_second_per_peer",
		"half_open_enter", "half_open_leave", "fragment_size", "mark_value", "mark_mask",
		"route_table", "rule_priority", "replay_window", "held_packets", "auth",
		"quick_mode_limit", "negotiation_discovery", "allow_clear", "idle",
		"idle_failover", "enabled", "min_uid", "realm", "machine_account", "services",
		"account", "certificate", "key", "crl", "crl_strict", "eku", "keytab", "user_cache",
		"principal", "realms", "peer_names", "timeout", "secret_file" };
	char *sample = read_file(SAMPLE), *manual = read_file(MANUAL);
	size_t n;
	const struct dialect_knob *k = dialect_knobs(&n);

	for (size_t i = 0; i < n; i++) {
		check_mentioned("the sample", sample, "\n#\t", k[i].name, " = ");
		check_mentioned("the manual", manual, "\n.It Ic ", k[i].name, "\n");
		if (k[i].word != NULL)
			for (uint32_t v = 0; v <= k[i].high; v++)
				check_mentioned("the manual", manual, "\n.Cm ",
				    k[i].word[v], "");
	}
	for (size_t i = 0; i < sizeof(option) / sizeof(option[0]); i++) {
		check_mentioned("the sample", sample, "", option[i], " = ");
		check_mentioned("the manual", manual, "\n.It Ic ", option[i], " =");
	}
	free(sample);
	free(manual);
}
END_TEST

TCase *
tcase_config_files(void)
{
	TCase *t = tcase_create("files");

	tcase_add_test(t, test_bad_files);
	tcase_add_test(t, test_named_files);
	tcase_add_test(t, test_warnings);
	tcase_add_test(t, test_warnings_of_secrets);
	tcase_add_test(t, test_sample);
	tcase_add_test(t, test_sample_uncommented);
	tcase_add_test(t, test_everything_documented);
	return t;
}
