/*
 * The policy model: what may be negotiated. Plain data, shared by configuration, engine
 * and daemon; no protocol code. Names are those of the Windows policy that it mirrors.
 */
#ifndef AUTHIPD_CONFIG_POLICY_H
#define AUTHIPD_CONFIG_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "config/address.h"
#include "crypto/cipher.h"
#include "crypto/dh.h"
#include "crypto/hash.h"

#define POLICY_MAX_PROPOSALS 16
#define POLICY_MAX_AUTH 8

/*
 * Authentication methods with their wire numbers: of AuthIP (MS-AIPS 2.2.3.4), and of IKEv1
 * (attribute 3: RFC 2409 A, RFC 4754, MS-IKEE), the latter with AUTH_V1 added.
 */
#define AUTH_V1 0x10000
enum auth_method {
	AUTH_KERBEROS = 2,
	AUTH_ANONYMOUS = 3, /* main mode only */
	AUTH_TLS = 4,
	AUTH_NTLM = 5,
	AUTH_V1_PSK = AUTH_V1 + 1,
	AUTH_V1_RSA = AUTH_V1 + 3,
	AUTH_V1_ECDSA256 = AUTH_V1 + 9,	 /* P-256; main mode with SHA-256 */
	AUTH_V1_ECDSA384 = AUTH_V1 + 10, /* P-384; main mode with SHA-384 */
	AUTH_V1_KERBEROS = AUTH_V1 + 65001,
};

struct mm_proposal {
	enum cipher_id cipher;
	enum hash_id integrity;
	enum dh_group group;
	uint32_t lifetime_s;
};

enum qm_transform {
	QM_ESP_AUTH,	    /* integrity only */
	QM_ESP_AUTH_CIPHER, /* integrity and encryption */
	QM_AH,
};

struct qm_proposal {
	enum qm_transform transform;
	enum hash_id integrity; /* HASH_NONE: the cipher is GCM or GMAC */
	enum cipher_id cipher;	/* CIPHER_NULL or GMAC unless QM_ESP_AUTH_CIPHER */
	enum dh_group pfs;	/* DH_NONE: no PFS */
	uint32_t lifetime_s;
	uint32_t lifetime_kb; /* 0: no byte limit */
};

/* One entry of an authentication list. */
struct auth_entry {
	enum auth_method method;
	bool offered; /* false: listed, but impossible here: not sent */
};

/* Is it a method of AuthIP that can be used, and not one of IKEv1? */
static inline bool
auth_is_authip(const struct auth_entry *a)
{
	return a->offered && (unsigned)a->method < AUTH_V1;
}

enum nd_mode {
	ND_OFF,	     /* required: never clear text */
	ND_OUTBOUND, /* clear text out while negotiating; never in */
	ND_BOUNDARY, /* clear text in and out until secured */
};

/* Which protocols negotiate keys. */
enum keying {
	KEYING_AUTHIP,
	KEYING_IKEV1,
	KEYING_BOTH, /* both first messages go out, AuthIP is preferred */
};

struct policy {
	enum keying keying;
	/* main mode */
	struct mm_proposal mm_proposal[POLICY_MAX_PROPOSALS];
	uint32_t n_mm_proposal;
	struct auth_entry mm_auth[POLICY_MAX_AUTH];
	uint32_t n_mm_auth;
	uint32_t mm_qm_limit; /* quick modes per main mode, 0 = unlimited */
	/* quick mode */
	struct qm_proposal qm_proposal[POLICY_MAX_PROPOSALS];
	uint32_t n_qm_proposal;
	enum nd_mode nd;
	uint32_t nd_allow_clear_s; /* grace for clear text after an SA exists */
	uint32_t nd_fallback_ms;   /* so long without an answer: the peer speaks no IKE */
	uint32_t idle_s;	   /* quick mode idle time */
	uint32_t idle_failover_s;  /* same, when the peer is a cluster node */
	/* extended mode; n_em_auth 0 = no extended mode */
	struct auth_entry em_auth[POLICY_MAX_AUTH];
	uint32_t n_em_auth;
};

/* What applies to one flow on this host: the answer to "whose packet is this?". */
struct class_policy {
	uint32_t class_id; /* sockets that may share SAs (spec secure-sockets 6.4) */
	const struct policy *policy; /* borrowed, outlives the engine's use */
	bool guarantee_encryption;   /* only encrypting proposals */
	bool allow_insecure;	     /* clear text until secured */
	const char *target_name; /* who the peer must prove to be; NULL: anybody trusted. Borrowed */
	uint32_t uid;		 /* whose credentials we show; 0: this machine's */
};

/* The policy that WSASetSocketSecurity(NULL) uses on Windows (spec authip.md 7). */
void policy_set_default(struct policy *p);
/* Kerberos can be used, and will be offered where it is listed. */
void policy_offer_kerberos(struct policy *p);
/* Main mode may be established with somebody who proves nothing. */
bool policy_main_mode_is_anonymous(const struct policy *p);
/* Do the methods of main mode fit what keying says? Same answers. */
const char *policy_find_keying_fault(const struct policy *p);
/* Why p cannot work, or NULL: a sentence naming the field and what to change. */
const char *policy_find_fault(const struct policy *p);
/* Without discovery clear text is the last choice: it waits for a negotiation first. */
bool policy_clear_waits(const struct policy *p);
/* Do they say the same? */
bool policy_equal(const struct policy *a, const struct policy *b);
/* Is what they say of main mode and extended mode the same? */
bool policy_equal_main_mode(const struct policy *a, const struct policy *b);
/* Removes proposals that do not encrypt; false if none is left. */
bool policy_keep_encrypting(struct policy *p);
/* True if the first proposal that two peers with this policy would choose encrypts. */
bool policy_prefers_encryption(const struct policy *p);

#endif
