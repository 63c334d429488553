/* Configuration: each mistake, the line it is reported at, and what is said. */
#include "tests/unit/check_config.h"

#include <string.h>

#define MM "default_policy {\nmain_mode {\n"
#define QM "default_policy {\nquick_mode {\n"
#define EM "default_policy {\nextended_mode {\n"
#define MM_GOOD "proposal aes128-sha1-ecp256 {}\n"
#define QM_GOOD "proposal esp-aes128-sha1 {}\n"
#define END "}\n}\n"
#define X8(a) a a a a a a a a
#define X64(a) X8(X8(a))

static const struct {
	int line;
	const char *says; /* a part of the error's text */
	const char *text;
} row_table[] = {
	/* the language */
	{ 2, "no such option 'usr': write one of user, gss_id", "\nusr = x" },
	{ 3, "no such option 'perpeer': write one of main_modes_per_peer",
	    "limits {\n\nperpeer = 1}" },
	{ 1, "no such option 'include'", "include(\"/etc/passwd\")" },
	{ 4, "missing equal sign", "/* a */ # b\n/*\n*/ // c\nuser \"x\"" },
	{ 2, "this { is never closed", "\nlimits {\nmain_modes_total = 1\n" },
	{ 2, "this { is never closed", MM "proposal aes128-sha1-ecp256 {\n}\n" },
	{ 1, "one } too many", "}" },
	{ 1, "too many { inside each other", X8("{") "{" },
	{ 1, "a value or a closing } is missing", "user =" },
	{ 2, "one } too many", "user = x\n}" },
	{ 1, "write NAME { ... }", "limits = 3" },
	{ 3, "as in proposal \"NAME\"", MM "proposal { }" END },
	{ 1, "unexpected token ','", "user = a, b" },
	{ 1, "unexpected token '{'", "user = { a }" },
	{ 1, "+= is not supported", "user += a" },
	{ 2, "never ends", "\nuser = \"x\n\n" },
	{ 2, "never ends", "\nuser = 'x\\'" },
	{ 1, "is the closing \" missing?", "user = \"" X8(X64(X8("a"))) "a\"" },
	{ 2, "comment never ends", "\n/* user = 3\n\n" },
	{ 2, "${ is not supported", "\nuser = \"${USER}\"" },
	{ 2, "control character 0x01", "\n\x01" },
	{ 3, "user is given twice", "user = a\n\nuser = b" },
	{ 4, "auth is given twice", EM "auth = { tls }\nauth = { tls }" END },
	{ 3, "section limits is given twice", "limits {}\nlimits\n{}" },
	{ 3, "section main_mode is given twice",
	    "default_policy {\nmain_mode { " MM_GOOD "} main_mode {}}" },
	{ 1, "write NAME = VALUE", "\"\" = 3" },
	/* the daemon */
	{ 1, "user is empty", "user = \"\"" },
	{ 1, "user is too long: 64 characters, write at most 63", "user = " X64("a") },
	{ 1, "trust is too long", "trust = " X64("a") X64("a") X64("a") X64("a") },
	{ 1, "line break", "user = \"a\\nb\"" },
	{ 1, "key_log = 'perhaps': write true or false", "key_log = perhaps" },
	{ 1, "write a number from 1 to 65535", "ike_port = 0" },
	{ 1, "ike_port = '65536' is not possible", "ike_port = 65536" },
	{ 1, "nat_port = '65536' is not possible", "nat_port = 65536" },
	{ 1, "write another nat_port", "ike_port = 4500" },
	{ 1, "write another nat_port", "nat_port = 500" },
	{ 1, "ike_port = 'five' is not possible", "ike_port = five" },
	{ 1, "ike_port = '-1' is not possible", "ike_port = -1" },
	{ 1, "ike_port = '' is not possible", "ike_port = \"\"" },
	{ 1, "ike_port = '0x' is not possible", "ike_port = 0x" },
	{ 1, "ike_port = '0x0x5' is not possible", "ike_port = 0x0x5" },
	{ 1, "ike_port = '5 ' is not possible", "ike_port = \"5 \"" },
	{ 2, "write true or false", "\ni_accept_unauthenticated_peers = maybe" },
	{ 2, "credentials without key", "\ncredentials { certificate = a }" },
	{ 2, "credentials without certificate", "\ncredentials { key = a }" },
	{ 5, "too many credentials: write at most 4",
	    X8("credentials { certificate = a key = b }\n") },
	{ 2, "write a number from 1 to 500", "limits {\nhalf_open_leave = 501 }" },
	{ 1, "half_open_leave = 100 is more", "limits { half_open_enter = 99 }" },
	{ 1, "a number from 256 to 1500", "fragment_size = 255" },
	{ 2, "write a number from 1 to 100000", "limits {\nmain_modes_per_peer = 0 }" },
	{ 1, "main_modes_total = '4294967296' is", "limits { main_modes_total = 4294967296 }" },
	{ 2, "one run of at least 2 bits", "plane {\nmark_mask = 0x10 }" },
	{ 1, "one run of at least 2 bits", "plane { mark_mask = 0x90 }" },
	{ 2, "does not fit into mark_mask 0x00000030: write a number from 1 to 1",
	    "plane { mark_mask = 0x30\nmark_value = 2 }" },
	{ 1, "from 1 to 4294967295", "plane { mark_value = 0 }" },
	{ 1, "is a table of the system", "plane { route_table = 254 }" },
	{ 1, "from 1 to 32765", "plane { rule_priority = 32766 }" },
	{ 1, "from 32 to 4096", "plane { replay_window = 5000 }" },
	{ 1, "from 0 to 1024", "plane { held_packets = 1025 }" },
	/* certificates of peers */
	{ 1, "no such option 'clr': write one of crl, crl_strict, peer_names, eku",
	    "tls { clr = { a } }" },
	{ 2, "section tls is given twice", "tls {}\ntls {}" },
	{ 3, "crl is given twice", "tls {\ncrl = { a }\ncrl = { b } }" },
	{ 2, "crl is an empty list", "\ntls {\ncrl = { } }" },
	{ 1, "peer_names is an empty list", "tls { peer_names = {} }" },
	{ 1, "eku is an empty list", "tls { eku = {} }" },
	{ 2, "crl '': it is empty", "tls {\ncrl = { a, '' } }" },
	{ 1, "it is too long", "tls { crl = { " X64("a") X64("a") X64("a") X64("a") " } }" },
	{ 1, "crl 'a\nb': it has a control character", "tls { crl = { \"a\\nb\" } }" },
	{ 3, "crl has too many entries: write at most 8",
	    "tls { crl = {\n" X8("a, ") "\na } }" },
	{ 2, "crl_strict = 'maybe': write true or false",
	    "tls { crl = { a }\ncrl_strict = maybe }" },
	{ 2, "crl_strict without crl would refuse every peer",
	    "tls {\ncrl_strict = true }" },
	{ 1, "peer_names '': it is empty", "tls { peer_names = { '' } }" },
	{ 1, "it is not ASCII: write DNS names as xn--",
	    "tls { peer_names = { 'm\xc3\xbcnchen.example' } }" },
	{ 2, "peer_names has too many entries: write at most 16",
	    "tls { peer_names = { " X8("a, ") X8("b, ") "\nc } }" },
	{ 2, "eku 'server': write serverAuth, clientAuth", "tls {\neku = { server } }" },
	{ 1, "eku ''", "tls { eku = { '' } }" },
	{ 1, "eku '1'", "tls { eku = { 1 } }" },
	{ 1, "eku '1.'", "tls { eku = { '1.' } }" },
	{ 1, "eku '1..2'", "tls { eku = { '1..2' } }" },
	{ 1, "eku '1.2.'", "tls { eku = { '1.2.' } }" },
	{ 1, "eku '1.02'", "tls { eku = { '1.02' } }" },
	{ 1, "eku '1.2.x'", "tls { eku = { '1.2.x' } }" },
	{ 1, "eku '3.2.1'", "tls { eku = { '3.2.1' } }" },
	{ 1, "eku '1.40.1'", "tls { eku = { '1.40.1' } }" },
	{ 1, "eku '1.2.1", "tls { eku = { '1.2." X64("1") "' } }" },
	{ 2, "eku has too many entries: write at most 8",
	    "tls { eku = { " X8("1.2, ") "\n1.2 } }" },
	{ 1, "enabled = 'si': write true or false", "impersonation { enabled = si }" },
	{ 1, "min_uid = '0' is not possible", "impersonation { min_uid = 0 }" },
	{ 2, "map 'a' without account", "impersonation {\nmap a { } }" },
	{ 2, "map needs the name of a peer", "impersonation {\nmap \"\" { account = a } }" },
	{ 1, "services: '' is no account", "impersonation { services = { '' } }" },
	{ 2, "services has too many names: write at most 16",
	    "impersonation { services = { " X8("a, ") X8("b, ") "\nc } }" },
	{ 2, "kdf_nonce = 'both' is not possible: write one of body, payload",
	    "dialect {\nkdf_nonce = both }" },
	{ 2, "retransmit_max = '8' is not possible: write a number from 0 to 7",
	    "dialect {\nretransmit_max = 8 }" },
	{ 1, "from 8 to 256", "dialect { nonce_len = 7 }" },
	{ 1, "no such option 'kdf_noce'", "dialect { kdf_noce = body }" },
	/* main mode */
	{ 2, "main_mode has no proposal", MM END },
	{ 4, "MD5", MM "\nproposal aes128-md5-ecp256 {\n\n}" END },
	{ 3, "56-bit", MM "proposal des-sha1-ecp256 {}" END },
	{ 3, "must encrypt", MM "proposal null-sha1-ecp256 {}" END },
	{ 3, "modp768 is refused", MM "proposal aes128-sha1-modp768 {}" END },
	{ 2, "no other secret", MM "proposal aes128-sha1-none {}" END },
	{ 3, "unknown cipher 'aes': write one of aes128, aes192, aes256, 3des",
	    MM "proposal aes-sha1-ecp256 {}" END },
	{ 3, "unknown hash 'sha2': write one of sha1, sha256, sha384",
	    MM "proposal aes128-sha2-ecp256 {}" END },
	{ 3, "unknown group 'ecp521'", MM "proposal aes128-sha1-ecp521 {}" END },
	{ 3, "CIPHER-HASH-GROUP", MM "proposal aes128-sha1 {}" END },
	{ 3, "CIPHER-HASH-GROUP", MM "proposal a-b-c-d {}" END },
	{ 3, "CIPHER-HASH-GROUP", MM "proposal \"\" {}" END },
	{ 3, "CIPHER-HASH-GROUP", MM "proposal " X64("-") " {}" END },
	{ 4, "from 60", MM "proposal aes128-sha1-ecp256 {\nlifetime = 59 }" END },
	{ 4, "duplicate title", MM MM_GOOD MM_GOOD END },
	{ 3, "unknown method 'psk'", MM "auth = { psk }" MM_GOOD END },
	{ 2, "no method that this build can do", MM "auth = { kerberos }" MM_GOOD END },
	{ 2, "no method that this build can do", MM "auth = {}" MM_GOOD END },
	{ 4, "auth has too many methods: write at most 8",
	    MM "auth = {\n" X8("tls,") "tls }" MM_GOOD END },
	{ 3, "quick_mode_limit = 'x'", MM "quick_mode_limit = x " MM_GOOD END },
	/* quick mode */
	{ 2, "quick_mode has no proposal", QM END },
	{ 3, "MD5", QM "proposal esp-aes128-md5 {}" END },
	{ 3, "quick mode does not know it", QM "proposal esp-aes128-sha384 {}" END },
	{ 1, "write the address of the peer", "psk host { secret_file = /x }" },
	{ 1, "write the address of the peer", "psk 192.0.2.1/33 { secret_file = /x }" },
	{ 1, "write the address of the peer", "psk 192.0.2.1/ { secret_file = /x }" },
	{ 1, "write the address of the peer", "psk 192.0.2.1/8x { secret_file = /x }" },
	{ 1, "bits behind its prefix", "psk 192.0.2.1/24 { secret_file = /x }" },
	{ 1, "bits behind its prefix", "psk 2001:db8::/16 { secret_file = /x }" },
	{ 1, "without key", "psk 192.0.2.1 { }" },
	{ 2, "given twice", "psk 192.0.2.1 { secret_file = /x }\n"
			    "psk 192.0.2.1/32 { secret_file = /x }" },
	{ 3, "esp-CIPHER-HASH", QM "proposal esp-aes128-gcm-sha1 {}" END },
	{ 3, "esp-CIPHER-HASH", QM "proposal ah-aes128-gcm {}" END },
	{ 3, "esp-CIPHER-HASH", QM "proposal ah-gmac128-sha1 {}" END },
	{ 3, "esp-CIPHER-HASH", QM "proposal esp-gmac {}" END },
	{ 3, "unknown cipher 'gmac128'", QM "proposal esp-gmac128-sha1 {}" END },
	{ 3, "unknown hash 'gmac128'", QM "proposal esp-aes128-gmac128 {}" END },
	{ 3, "56-bit", QM "proposal esp-des-sha1 {}" END },
	{ 3, "esp-CIPHER-HASH", QM "proposal esp-sha1 {}" END },
	{ 3, "esp-CIPHER-HASH", QM "proposal ah-aes128-sha1 {}" END },
	{ 3, "unknown hash 'none'", QM "proposal esp-aes128-none {}" END },
	{ 2, "same pfs", QM QM_GOOD "proposal ah-sha1 { pfs = ecp256 }" END },
	{ 4, "pfs: unknown group 'x'", QM "proposal ah-sha1 {\npfs = x }" END },
	{ 3, "pfs: group modp768 is refused", QM "proposal ah-sha1 { pfs = modp768 }" END },
	{ 2, "at least 1 MB", QM "proposal ah-sha1 { data_kb = 1 }" END },
	{ 3, "unknown value 'maybe': write one of off, outbound, boundary",
	    QM "negotiation_discovery = maybe " QM_GOOD END },
	{ 3, "from 1 to", QM "idle = 0 " QM_GOOD END },
	{ 3, "from 1 to", QM "idle_failover = 0 " QM_GOOD END },
	/* extended mode */
	{ 2, "i_accept_unauthenticated_peers = true", EM "auth = { }" END },
	{ 3, "it belongs to main_mode", EM "auth = { anonymous }" END },
	{ 2, "no method that this build can do", EM "auth = { kerberos, ntlm }" END },
};

START_TEST(test_error_row)
{
	struct config c, before;
	struct config_error err;

	memset(&before, 0x5a, sizeof(before));
	c = before;
	ck_assert_int_eq(
	    config_load_text(&c, "a file", row_table[_i].text, false, &err), -1);
	ck_assert_mem_eq(&c, &before, sizeof(c));
	ck_assert_str_eq(err.file, "a file");
	ck_assert_msg(strstr(err.text, row_table[_i].says) != NULL, "row %d: %s\nis not in: %s",
	    _i, row_table[_i].says, err.text);
	ck_assert_msg(err.line == row_table[_i].line, "row %d: line %d, want %d: %s", _i,
	    err.line, row_table[_i].line, err.text);
}
END_TEST

START_TEST(test_too_many_proposals)
{
	static const char *const cipher[] = { "aes128", "aes192", "aes256", "3des", NULL };
	static const char *const group[] = { "ecp256", "ecp384", "modp2048", "modp1024", NULL };
	char text[4096] = "default_policy { main_mode {\n";
	struct config_error err;
	struct config c;

	for (int h = 0; h < 2; h++)
		for (int i = 0; cipher[i] != NULL; i++)
			for (int k = 0; group[k] != NULL; k++)
				snprintf(text + strlen(text), 64, "proposal %s-%s-%s {}\n",
				    cipher[i], h == 0 ? "sha1" : "sha256", group[k]);
	strcat(text, "} }");
	ck_assert_int_eq(config_load_text(&c, "x", text, false, &err), -1);
	ck_assert_int_eq(err.line, 2 + POLICY_MAX_PROPOSALS);
	ck_assert_ptr_nonnull(strstr(err.text, "too many proposals: write at most 16"));
}
END_TEST

/* A failure must leave nothing behind in libconfuse's global scanner. */
START_TEST(test_good_after_bad)
{
	struct config_error err;
	struct config c;

	for (size_t i = 0; i < sizeof(row_table) / sizeof(row_table[0]); i++) {
		ck_assert_int_eq(
		    config_load_text(&c, "x", row_table[i].text, false, &err), -1);
		load_good(&c, "user = \"good\"\nlimits { main_modes_total = 7 }");
		ck_assert_str_eq(c.user, "good");
	}
}
END_TEST

TCase *
tcase_config_errors(void)
{
	TCase *t = tcase_create("errors");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, test_error_row, 0, sizeof(row_table) / sizeof(row_table[0]));
	tcase_add_test(t, test_too_many_proposals);
	tcase_add_test(t, test_good_after_bad);
	return t;
}
