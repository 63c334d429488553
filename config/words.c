/* Words of the configuration language: the tables are its vocabulary. */
#include "config/words.h"

#include <stdio.h>
#include <string.h>

#include "config/config.h"

#define NO_DES "a 56-bit key is found in hours; write aes128"
#define NO_MD5                                                                         \
	"MD5 is for interoperability tests of the code, not for a policy; write sha1 " \
	"or sha256"
#define NO_MODP768 "this group can be broken; write ecp256 or modp2048"

const struct word words_mm_cipher[] = {
	{ "aes128", CIPHER_AES128, NULL },
	{ "aes192", CIPHER_AES192, NULL },
	{ "aes256", CIPHER_AES256, NULL },
	{ "3des", CIPHER_3DES, NULL },
	{ "des", CIPHER_DES, NO_DES },
	{ "null", CIPHER_NULL, "main mode must encrypt; write aes128" },
	{ NULL, 0, NULL },
};

const struct word words_mm_hash[] = {
	{ "sha1", HASH_SHA1, NULL },
	{ "sha256", HASH_SHA256, NULL },
	{ "sha384", HASH_SHA384, NULL },
	{ "md5", HASH_MD5, NO_MD5 },
	{ NULL, 0, NULL },
};

const struct word words_mm_group[] = {
	{ "ecp256", DH_ECP256, NULL },
	{ "ecp384", DH_ECP384, NULL },
	{ "modp2048", DH_MODP2048, NULL },
	{ "modp1024", DH_MODP1024, NULL },
	{ "modp768", DH_MODP768, NO_MODP768 },
	{ "none", DH_NONE, NULL },
	{ NULL, 0, NULL },
};

const struct word words_mm_auth[] = {
	{ "anonymous", AUTH_ANONYMOUS, NULL },
	{ "kerberos", AUTH_KERBEROS, NULL },
	{ "tls", AUTH_TLS, NULL },
	{ "ntlm", AUTH_NTLM, NULL },
	{ "ikev1-psk", AUTH_V1_PSK, NULL },
	{ "ikev1-rsa", AUTH_V1_RSA, NULL },
	{ "ikev1-ecdsa256", AUTH_V1_ECDSA256, NULL },
	{ "ikev1-ecdsa384", AUTH_V1_ECDSA384, NULL },
	{ "ikev1-kerberos", AUTH_V1_KERBEROS, NULL },
	{ NULL, 0, NULL },
};

const struct word words_keying[] = {
	{ "authip", KEYING_AUTHIP, NULL },
	{ "ikev1", KEYING_IKEV1, NULL },
	{ "both", KEYING_BOTH, NULL },
	{ NULL, 0, NULL },
};

const struct word words_qm_cipher[] = {
	{ "null", CIPHER_NULL, NULL },
	{ "aes128", CIPHER_AES128, NULL },
	{ "aes192", CIPHER_AES192, NULL },
	{ "aes256", CIPHER_AES256, NULL },
	{ "3des", CIPHER_3DES, NULL },
	{ "des", CIPHER_DES, NO_DES },
	{ NULL, 0, NULL },
};

const struct word words_qm_hash[] = {
	{ "sha1", HASH_SHA1, NULL },
	{ "sha256", HASH_SHA256, NULL },
	{ "sha384", HASH_SHA384, "quick mode does not know it; write sha256" },
	{ "md5", HASH_MD5, NO_MD5 },
	{ NULL, 0, NULL },
};

const struct word words_qm_gcm[] = {
	{ "aes128-gcm", CIPHER_AES128_GCM, NULL },
	{ "aes192-gcm", CIPHER_AES192_GCM, NULL },
	{ "aes256-gcm", CIPHER_AES256_GCM, NULL },
	{ "gmac128", CIPHER_AES128_GMAC, NULL },
	{ "gmac192", CIPHER_AES192_GMAC, NULL },
	{ "gmac256", CIPHER_AES256_GMAC, NULL },
	{ NULL, 0, NULL },
};

const struct word words_qm_pfs[] = {
	{ "none", DH_NONE, NULL },
	{ "ecp256", DH_ECP256, NULL },
	{ "ecp384", DH_ECP384, NULL },
	{ "modp2048", DH_MODP2048, NULL },
	{ "modp1024", DH_MODP1024, NULL },
	{ "modp768", DH_MODP768, NO_MODP768 },
	{ NULL, 0, NULL },
};

const struct word words_discovery[] = {
	{ "off", ND_OFF, NULL },
	{ "outbound", ND_OUTBOUND, NULL },
	{ "boundary", ND_BOUNDARY, NULL },
	{ NULL, 0, NULL },
};

const struct word words_em_auth[] = {
	{ "tls", AUTH_TLS, NULL },
	{ "kerberos", AUTH_KERBEROS, NULL },
	{ "ntlm", AUTH_NTLM, NULL },
	{ "anonymous", AUTH_ANONYMOUS,
	    "it belongs to main_mode, extended mode proves who the peer is; write "
	    "tls" },
	{ NULL, 0, NULL },
};

const struct word words_backend[] = {
	{ "auto", BACKEND_AUTO, NULL },
	{ "kernel", BACKEND_KERNEL, NULL },
	{ "plane", BACKEND_PLANE, NULL },
	{ NULL, 0, NULL },
};

static void
list_words(const struct word *table, char *out, size_t n)
{
	size_t len = 0;

	out[0] = '\0';
	for (const struct word *w = table; w->name != NULL && len < n; w++)
		if (w->refusal == NULL)
			len += (size_t)snprintf(
			    out + len, n - len, "%s%s", len > 0 ? ", " : "", w->name);
}

bool
word_parse(const struct word *table, const char *what, const char *text, int *value,
    char *why, size_t n)
{
	char list[128];

	for (const struct word *w = table; w->name != NULL; w++) {
		if (strcmp(w->name, text) != 0)
			continue;
		if (w->refusal != NULL) {
			snprintf(
			    why, n, "%s %s is refused: %s", what, text, w->refusal);
			return false;
		}
		*value = w->value;
		return true;
	}
	list_words(table, list, sizeof(list));
	snprintf(why, n, "unknown %s '%.40s': write one of %s", what, text, list);
	return false;
}

const char *
word_name(const struct word *table, int value)
{
	for (const struct word *w = table; w->name != NULL; w++)
		if (w->value == value)
			return w->name;
	return "unknown";
}
