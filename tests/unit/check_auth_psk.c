/* Pre-shared keys of IKEv1: whose they are, SKEYID, and files that are refused. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "config/psk_file.h"
#include "daemon/auth_psk.h"
#include "tests/unit/auth_v1_talk.h"

static struct config c;
static struct auth_psk *psk;
static struct engine_auth_reply r;

static void
write_key(const char *name, const char *text, mode_t mode)
{
	FILE *f = fopen(pki_path(name, "psk"), "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
	ck_assert_int_eq(chmod(pki_path(name, "psk"), mode), 0);
}

static void
add(const char *name, const uint8_t *addr, uint8_t family, uint32_t prefix)
{
	struct config_psk *p = &c.psk[c.n_psk++];

	memset(p, 0, sizeof(*p));
	p->remote.family = family;
	memcpy(p->remote.b, addr, family == 4 ? 4 : 16);
	p->prefix = prefix;
	snprintf(p->file, sizeof(p->file), "%s", pki_path(name, "psk"));
}

static void
begin(void)
{
	static const uint8_t net[4] = { 10 }, host[4] = { 10, 0, 0, 7 };
	static const uint8_t net6[16] = { 0xfd };
	char err[600] = "";

	memset(&c, 0, sizeof(c));
	write_key("net", "the key of the net\n", 0600);
	write_key("host", "mekmitasdigoat", 0400);
	write_key("net6", "six\r\n", 0600);
	add("net", net, 4, 8);
	add("host", host, 4, 32);
	add("net6", net6, 6, 8);
	psk = auth_psk_new(&c, err, sizeof(err));
	ck_assert_msg(psk != NULL, "%s", err);
	ck_assert_uint_eq(auth_psk_count(psk), 3);
}

static void
ask(uint8_t family, const uint8_t *addr, enum hash_id hash, size_t nonces_n)
{
	static const uint8_t nonces[600] = "Ni and Nr, 8 bytes and more";
	struct proto_auth_ask q = { .hash = hash, .method = AUTH_V1_PSK };
	static struct v1_token t;

	q.remote.addr.family = family;
	memcpy(q.remote.addr.b, addr, family == 4 ? 4 : 16);
	v1_token_begin(&t);
	v1_token_add(&t, AUTH_PART_NONCES, span_of(nonces, nonces_n));
	auth_psk_answer(psk, &q, span_of(t.b, t.w.n), &r);
}

static void
expect_skeyid(const char *key, enum hash_id hash, const char *name)
{
	struct span nonces = span_of("Ni and Nr, 8 bytes and more\0\0\0\0\0", 32);
	uint8_t want[HASH_MAX_BYTES];

	ck_assert_msg(r.status == AUTH_DONE, "%s", r.text);
	ck_assert(hash_hmac(hash, span_of(key, strlen(key)), &nonces, 1, want));
	ck_assert_uint_eq(r.secret.n, hash_len_bytes(hash));
	ck_assert_mem_eq(r.secret.b, want, r.secret.n);
	ck_assert_str_eq(r.peer_name, name);
}

START_TEST(longest_prefix_counts)
{
	static const uint8_t host[4] = { 10, 0, 0, 7 }, other[4] = { 10, 0, 0, 6 };
	static const uint8_t six[16] = { 0xfd, [15] = 1 };

	begin();
	ask(4, host, HASH_SHA1, 32);
	expect_skeyid("mekmitasdigoat", HASH_SHA1, "psk 10.0.0.7/32");
	ask(4, other, HASH_SHA256, 32);
	expect_skeyid("the key of the net", HASH_SHA256, "psk 10.0.0.0/8");
	ask(6, six, HASH_SHA384, 32);
	expect_skeyid("six", HASH_SHA384, "psk fd00::/8");
	auth_psk_free(psk);
}
END_TEST

/* Whose it is goes with the key: an address, user@name, or a name. */
START_TEST(identity_that_goes_with_a_key)
{
	static const uint8_t host[4] = { 10, 0, 0, 7 };
	static const struct {
		const char *text;
		uint8_t type;
		const char *data;
		size_t n;
	} rows[] = {
		{ "", 0, "", 0 },
		{ "peer.example", 2, "peer.example", 12 },
		{ "peer@example", 3, "peer@example", 12 },
		{ "10.1.2.3", 1, "\x0a\x01\x02\x03", 4 },
		{ "fd00::1", 5, "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01", 16 },
	};
	struct auth_part_list parts;
	struct span id;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin();
		strcpy(c.psk[1].peer_id, rows[i].text);
		auth_psk_free(psk);
		psk = auth_psk_new(&c, (char[600]){ 0 }, 600);
		ask(4, host, HASH_SHA1, 32);
		ck_assert_int_eq(r.status, AUTH_DONE);
		ck_assert(auth_parts_read(r.token, &parts));
		id = auth_part_data(&parts, AUTH_PART_ID);
		ck_assert_uint_eq(id.n, rows[i].n == 0 ? 0 : 4 + rows[i].n);
		if (id.n > 0) {
			ck_assert_uint_eq(id.p[0], rows[i].type);
			ck_assert_mem_eq(id.p + 4, rows[i].data, rows[i].n);
		}
		auth_psk_free(psk);
	}
}
END_TEST

START_TEST(strangers_and_bad_questions)
{
	static const uint8_t stranger[16] = { 11, 0, 0, 7 }, host[4] = { 10, 0, 0, 7 };
	struct proto_auth_ask q = { .hash = HASH_SHA1,
		.remote.addr = { 4, { 10, 0, 0, 7 } } };

	begin();
	for (int family = 4; family <= 6; family += 2) {
		ask((uint8_t)family, stranger, HASH_SHA1, 32);
		ck_assert_int_eq(r.status, AUTH_FAILED);
		ck_assert_uint_eq(r.gss_status, SEC_E_NO_CREDENTIALS);
		ck_assert_ptr_nonnull(strstr(r.text, "write psk \""));
	}
	for (size_t n = 0; n <= 600; n += n == 15 ? 498 : 15) {
		ask(4, host, HASH_SHA1, n);
		ck_assert_int_eq(
		    r.status, n == 513 || n < 16 || n > 512 ? AUTH_FAILED : AUTH_DONE);
	}
	for (int hash = 0; hash < 10; hash++) {
		ask(4, host, (enum hash_id)hash, 32);
		ck_assert_int_eq(r.status,
		    hash_len_bytes((enum hash_id)hash) == 0 ? AUTH_FAILED : AUTH_DONE);
	}
	auth_psk_answer(
	    psk, &q, span_of("\1\0\x40x", 4), &r); /* a part that ends early */
	ck_assert_int_eq(r.status, AUTH_FAILED);
	/* Whoever has the key may be anybody: no name can be proved with it. */
	strcpy(q.target_name, "host/server.example");
	auth_psk_answer(psk, &q,
	    span_of("\1\0\x10"
		    "0123456789abcdef",
		19),
	    &r);
	ck_assert_int_eq(r.status, AUTH_FAILED);
	ck_assert(r.wrong_target);
	ck_assert_uint_eq(r.secret.n, 0);
	auth_psk_free(psk);
}
END_TEST

START_TEST(files_that_are_refused)
{
	static const struct {
		const char *text;
		mode_t mode;
		const char *why;
	} row[] = {
		{ "x", 0640, "chmod 600" },
		{ "x", 0604, "chmod 600" },
		{ "", 0600, "empty" },
		{ "\n", 0600, "empty" },
		{ "\r\n", 0600, "empty" },
	};
	char longest[SECRET_MAX_BYTES + 2], err[600];
	struct secret key;
	const char *why;

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		write_key("bad", row[i].text, row[i].mode);
		why = psk_file_read(pki_path("bad", "psk"), &key);
		ck_assert_ptr_nonnull(why);
		ck_assert_msg(strstr(why, row[i].why) != NULL, "%s", why);
		ck_assert_uint_eq(key.n, 0);
	}
	memset(longest, 'x', sizeof(longest));
	longest[SECRET_MAX_BYTES + 1] = '\0';
	write_key("bad", longest, 0600);
	ck_assert_ptr_nonnull(psk_file_read(pki_path("bad", "psk"), &key));
	longest[SECRET_MAX_BYTES] = '\n';
	write_key("bad", longest, 0600);
	ck_assert_ptr_null(psk_file_read(pki_path("bad", "psk"), &key));
	ck_assert_uint_eq(key.n, SECRET_MAX_BYTES);
	ck_assert_ptr_nonnull(psk_file_read("/dev/null", &key));
	ck_assert_ptr_nonnull(psk_file_read("/nowhere", &key));
	memset(&c, 0, sizeof(c));
	c.n_psk = 1;
	strcpy(c.psk[0].file, "/nowhere/a.psk");
	ck_assert_ptr_null(auth_psk_new(&c, err, sizeof(err)));
	ck_assert_ptr_nonnull(strstr(err, "/nowhere/a.psk"));
}
END_TEST

TCase *
auth_psk_cases(void)
{
	TCase *t = tcase_create("psk");

	tcase_add_test(t, longest_prefix_counts);
	tcase_add_test(t, identity_that_goes_with_a_key);
	tcase_add_test(t, strangers_and_bad_questions);
	tcase_add_test(t, files_that_are_refused);
	return t;
}
