/* Tables of algorithms: Windows' numbers and ours. */
#include "daemon/wfp_names.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))
#define NOT_FOUND UINT32_MAX

struct pair {
	uint32_t windows;
	uint32_t ours;
};

static const struct pair mm_ciphers[] = {
	{ IKEEXT_CIPHER_3DES, CIPHER_3DES },
	{ IKEEXT_CIPHER_AES_128, CIPHER_AES128 },
	{ IKEEXT_CIPHER_AES_192, CIPHER_AES192 },
	{ IKEEXT_CIPHER_AES_256, CIPHER_AES256 },
};
static const struct pair mm_hashes[] = {
	{ IKEEXT_INTEGRITY_SHA1, HASH_SHA1 },
	{ IKEEXT_INTEGRITY_SHA_256, HASH_SHA256 },
	{ IKEEXT_INTEGRITY_SHA_384, HASH_SHA384 },
};
static const struct pair mm_groups[] = {
	{ IKEEXT_DH_GROUP_NONE, DH_NONE },
	{ IKEEXT_DH_GROUP_2, DH_MODP1024 },
	{ IKEEXT_DH_GROUP_14, DH_MODP2048 },
	{ IKEEXT_DH_ECP_256, DH_ECP256 },
	{ IKEEXT_DH_ECP_384, DH_ECP384 },
};
static const struct pair pfs_groups[] = {
	{ IPSEC_PFS_NONE, DH_NONE },
	{ IPSEC_PFS_2, DH_MODP1024 },
	{ IPSEC_PFS_2048, DH_MODP2048 },
	{ IPSEC_PFS_ECP_256, DH_ECP256 },
	{ IPSEC_PFS_ECP_384, DH_ECP384 },
};
static const struct pair methods[] = {
	{ IKEEXT_KERBEROS, AUTH_KERBEROS },
	{ IKEEXT_ANONYMOUS, AUTH_ANONYMOUS },
	{ IKEEXT_SSL, AUTH_TLS },
	{ IKEEXT_SSL_ECDSA_P256, AUTH_TLS },
	{ IKEEXT_SSL_ECDSA_P384, AUTH_TLS },
	{ IKEEXT_NTLM_V2, AUTH_NTLM },
	{ IKEEXT_PRESHARED_KEY, AUTH_V1_PSK },
	{ IKEEXT_CERTIFICATE, AUTH_V1_RSA },
	{ IKEEXT_CERTIFICATE_ECDSA_P256, AUTH_V1_ECDSA256 },
	{ IKEEXT_CERTIFICATE_ECDSA_P384, AUTH_V1_ECDSA384 },
	{ IKEEXT_KERBEROS, AUTH_V1_KERBEROS },
};
/* The configurations of transforms say all; the types follow from them. */
static const struct pair qm_hashes[] = {
	{ 0, HASH_MD5 },
	{ 1, HASH_SHA1 },
	{ 2, HASH_SHA256 },
};
static const struct pair qm_gmacs[] = {
	{ 3, CIPHER_AES128_GMAC },
	{ 4, CIPHER_AES192_GMAC },
	{ 5, CIPHER_AES256_GMAC },
};
static const struct pair qm_ciphers[] = {
	{ 2, CIPHER_3DES },
	{ 3, CIPHER_AES128 },
	{ 4, CIPHER_AES192 },
	{ 5, CIPHER_AES256 },
	{ 6, CIPHER_AES128_GCM },
	{ 7, CIPHER_AES192_GCM },
	{ 8, CIPHER_AES256_GCM },
};

static uint32_t
ours_of(const struct pair *p, size_t n, uint32_t windows)
{
	for (size_t i = 0; i < n; i++)
		if (p[i].windows == windows)
			return p[i].ours;
	return NOT_FOUND;
}

static uint32_t
windows_of(const struct pair *p, size_t n, uint32_t ours)
{
	for (size_t i = 0; i < n; i++)
		if (p[i].ours == ours)
			return p[i].windows;
	return NOT_FOUND;
}

#define OURS(table, windows) ours_of(table, COUNT_OF(table), windows)
#define WINDOWS(table, ours) windows_of(table, COUNT_OF(table), ours)

/* ---- from Windows ---- */

bool
wfp_mm_cipher(uint32_t ike_cipher, enum cipher_id *out)
{
	uint32_t v = OURS(mm_ciphers, ike_cipher);

	*out = (enum cipher_id)v;
	return v != NOT_FOUND;
}

bool
wfp_mm_hash(uint32_t ike_integrity, enum hash_id *out)
{
	uint32_t v = OURS(mm_hashes, ike_integrity);

	*out = (enum hash_id)v;
	return v != NOT_FOUND;
}

bool
wfp_mm_group(uint32_t ike_group, enum dh_group *out)
{
	uint32_t v = OURS(mm_groups, ike_group);

	*out = (enum dh_group)v;
	return v != NOT_FOUND;
}

bool
wfp_pfs_group(uint32_t pfs, enum dh_group main_mode, enum dh_group *out)
{
	uint32_t v = pfs == IPSEC_PFS_MM ? main_mode : OURS(pfs_groups, pfs);

	*out = (enum dh_group)v;
	return v != NOT_FOUND;
}

static bool
is_of_ikev1(uint32_t method)
{
	return method >= AUTH_V1;
}

bool
wfp_method(uint32_t ike_method, bool of_ikev1, enum auth_method *out)
{
	for (size_t i = 0; i < COUNT_OF(methods); i++)
		if (methods[i].windows == ike_method &&
		    is_of_ikev1(methods[i].ours) == of_ikev1) {
			*out = (enum auth_method)methods[i].ours;
			return true;
		}
	return false;
}

/* MD5 is for interoperability of IKEv1 alone. */
bool
wfp_qm_auth(const IPSEC_AUTH_TRANSFORM_ID0 *t, struct qm_proposal *out)
{
	uint32_t hash = OURS(qm_hashes, t->authConfig);
	uint32_t gmac = OURS(qm_gmacs, t->authConfig);

	if (gmac != NOT_FOUND) {
		out->integrity = HASH_NONE;
		out->cipher = (enum cipher_id)gmac;
		return true;
	}
	out->integrity = (enum hash_id)hash;
	out->cipher = CIPHER_NULL;
	return hash != NOT_FOUND && hash != HASH_MD5;
}

bool
wfp_qm_cipher(const IPSEC_CIPHER_TRANSFORM_ID0 *t, struct qm_proposal *out)
{
	uint32_t v = OURS(qm_ciphers, t->cipherConfig);

	out->cipher = (enum cipher_id)v;
	return v != NOT_FOUND;
}

/* ---- to Windows ---- */

IKEEXT_PROPOSAL0
wfp_ike_proposal_of(
    enum cipher_id cipher, enum hash_id hash, enum dh_group group, uint32_t lifetime_s)
{
	uint32_t md5 =
	    hash == HASH_MD5 ? IKEEXT_INTEGRITY_MD5 : WINDOWS(mm_hashes, hash);
	IKEEXT_PROPOSAL0 p = {
		.cipherAlgorithm = {
			.algoIdentifier = (IKEEXT_CIPHER_TYPE)WINDOWS(mm_ciphers, cipher),
			.keyLen = (uint32_t)cipher_key_len_bytes(cipher) * 8,
		},
		.integrityAlgorithm = { (IKEEXT_INTEGRITY_TYPE)md5 },
		.maxLifetimeSeconds = lifetime_s,
		.dhGroup = (IKEEXT_DH_GROUP)WINDOWS(mm_groups, group),
	};

	return p;
}

uint32_t
wfp_method_of(uint32_t method)
{
	uint32_t v = WINDOWS(methods, method);

	return v != NOT_FOUND ? v : IKEEXT_ANONYMOUS;
}

uint32_t
wfp_pfs_of(enum dh_group group)
{
	uint32_t v = WINDOWS(pfs_groups, group);

	return v != NOT_FOUND ? v : IPSEC_PFS_NONE;
}

/* How many key sizes a GCM or GMAC is above the smallest. */
static uint8_t
key_step(enum cipher_id c)
{
	return (uint8_t)((cipher_key_len_bytes(c) - 16) / 8);
}

IPSEC_AUTH_TRANSFORM_ID0
wfp_auth_of(const struct qm_proposal *p)
{
	uint8_t config = cipher_has_integrity(p->cipher) ?
			     (uint8_t)(3 + key_step(p->cipher)) :
			     (uint8_t)WINDOWS(qm_hashes, p->integrity);
	IPSEC_AUTH_TRANSFORM_ID0 t = { (IPSEC_AUTH_TYPE)config, config };

	return t;
}

IPSEC_CIPHER_TRANSFORM_ID0
wfp_cipher_of(const struct qm_proposal *p)
{
	uint8_t config = (uint8_t)WINDOWS(qm_ciphers, p->cipher);
	IPSEC_CIPHER_TRANSFORM_ID0 t = {
		(IPSEC_CIPHER_TYPE)(config > 5 ? config - 3 : config), config
	};

	return t;
}

IPSEC_TRANSFORM_TYPE
wfp_transform_of(const struct qm_proposal *p)
{
	return p->transform == QM_AH	   ? IPSEC_TRANSFORM_AH :
	       p->transform == QM_ESP_AUTH ? IPSEC_TRANSFORM_ESP_AUTH :
					     IPSEC_TRANSFORM_ESP_AUTH_AND_CIPHER;
}
