/* Log lines: one line each, and nothing in them moves a terminal. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/log_limit.h"
#include "tests/unit/check_daemon.h"

/* What log_info() writes about a peer's text, from after "token: ". */
static const char *
logged(const char *peer)
{
	static char line[4096];
	int ends[2], old = dup(2);
	ssize_t n;
	char *at;

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(dup2(ends[1], 2), 2);
	log_init("role", true, 0);
	log_info("token", "%s", peer);
	fflush(stderr);
	dup2(old, 2);
	n = read(ends[0], line, sizeof(line) - 1);
	close(old);
	close(ends[0]);
	close(ends[1]);
	ck_assert_int_gt(n, 0);
	line[n] = '\0';
	ck_assert_ptr_eq(strchr(line, '\n'), line + n - 1);
	line[n - 1] = '\0';
	at = strstr(line, " role token: ");
	ck_assert_ptr_nonnull(at);
	return at + 13;
}

START_TEST(text_as_it_is)
{
	ck_assert_str_eq(logged("CN=host.example, \"quoted\" 100%s ~"),
	    "CN=host.example, \"quoted\" 100%s ~");
	ck_assert_str_eq(logged(""), "");
	/* é, À, “, emoji */
	ck_assert_str_eq(logged("\xc3\xa9 \xc3\x80 \xe2\x80\x9c \xf0\x9f\x98\x80"),
	    "\xc3\xa9 \xc3\x80 \xe2\x80\x9c \xf0\x9f\x98\x80");
}
END_TEST

START_TEST(control_characters)
{
	char text[8] = "a.b";

	for (int c = 1; c < 256; c++) {
		bool control = c < 0x20 || (c >= 0x7f && c < 0xa0);

		text[1] = (char)c;
		ck_assert_msg(
		    (logged(text)[1] == '?') == (control || c == '?'), "%d", c);
	}
	ck_assert_str_eq(
	    logged("x\n12:00:00 role token: forged"), "x?12:00:00 role token: forged");
	ck_assert_str_eq(logged("\x1b[2J\x1b]0;title\a"), "?[2J?]0;title?");
	/* U+009B, the control sequence introducer, in UTF-8 */
	ck_assert_str_eq(logged("a\xc2\x9b"
				"2J"),
	    "a??2J");
	ck_assert_str_eq(logged("a\xc2\xa0z"), "a\xc2\xa0z");
}
END_TEST

START_TEST(long_text_is_cut)
{
	static char text[5000];

	memset(text, 'x', sizeof(text) - 1);
	ck_assert_uint_eq(strlen(logged(text)), 1023);
}
END_TEST

START_TEST(verbosity)
{
	log_init("role", true, 0);
	ck_assert_int_eq(log_verbosity(), 0);
	log_init("role", true, 2);
	ck_assert_int_eq(log_verbosity(), 2);
	log_debug("token", "seen");
	log_warn("token", "seen");
	log_error("token", "seen");
	log_init("role", true, 0);
}
END_TEST

/* One peer, and all of them: so many lines in a minute. */
START_TEST(lines_that_peers_cause)
{
	static struct log_peers p;
	struct address a = { 4, { 10, 0, 0, 1 } }, b = { 6, { 0x20, 1 } };
	size_t n = 0;

	for (size_t i = 0; i < 1000; i++)
		n += log_limit_pass_peer(&p, &a, 1000 + i);
	ck_assert_uint_eq(n, LOG_PEER_LINES);
	ck_assert(log_limit_pass_peer(&p, &b, 1500));
	ck_assert(!log_limit_pass_peer(&p, &a, 60999));
	ck_assert(log_limit_pass_peer(&p, &a, 61000));
	/* whose addresses are not their own */
	n = 0;
	for (uint32_t i = 0; i < 3 * LOG_PEERS_LINES; i++) {
		a.b[1] = (uint8_t)i;
		a.b[2] = (uint8_t)(i >> 8);
		n += log_limit_pass_peer(&p, &a, 200000);
	}
	ck_assert_uint_eq(n, LOG_PEERS_LINES);
	ck_assert(log_limit_pass_peer(&p, &b, 260000));
}
END_TEST

void
daemon_log_tests(Suite *s)
{
	TCase *t = tcase_create("log");

	tcase_add_test(t, text_as_it_is);
	tcase_add_test(t, control_characters);
	tcase_add_test(t, long_text_is_cut);
	tcase_add_test(t, verbosity);
	tcase_add_test(t, lines_that_peers_cause);
	suite_add_tcase(s, t);
}
