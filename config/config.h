/* The whole configuration of a daemon: read once, checked once, then read-only data. */
#ifndef AUTHIPD_CONFIG_CONFIG_H
#define AUTHIPD_CONFIG_CONFIG_H

#include <stdio.h>

#include "config/dialect.h"
#include "config/identity.h"
#include "config/policy.h"
#include "config/rule.h"

#define CONFIG_MAX_CERTS 4
#define CONFIG_PATH_MAX 256
#define CONFIG_MAX_CRLS 8
#define CONFIG_MAX_PEER_NAMES 16
#define CONFIG_NAME_MAX 256
#define CONFIG_MAX_EKUS 8
#define CONFIG_EKU_MAX 64

/* A certificate this host may show: PEM files. */
struct config_cert {
	char certificate[CONFIG_PATH_MAX]; /* leaf first, then intermediates */
	char key[CONFIG_PATH_MAX];
};

/* What a peer's certificate must be beyond being valid. Empty lists: no rule. */
struct config_tls {
	char crl[CONFIG_MAX_CRLS][CONFIG_PATH_MAX]; /* PEM files */
	uint32_t n_crl;
	uint32_t crl_strict; /* 0 or 1: every issuer must have a CRL */
	char peer_name[CONFIG_MAX_PEER_NAMES][CONFIG_NAME_MAX]; /* patterns */
	uint32_t n_peer_name;
	char eku[CONFIG_MAX_EKUS][CONFIG_EKU_MAX]; /* dotted numbers */
	uint32_t n_eku;
};

#define CONFIG_MAX_PSKS 16

/* Which peers of IKEv1 share a key with this host. The key is in the file alone. */
struct config_psk {
	struct address remote;
	uint32_t prefix; /* bits of remote that count */
	char file[CONFIG_PATH_MAX];
	char peer_id[CONFIG_NAME_MAX]; /* whose it is; empty: whoever has that address */
};

#define CONFIG_MAX_PEER_DIALECTS 8

/* How one peer, or those of a network, read the document: nothing else is tried with them. */
struct config_peer_dialect {
	struct address remote;
	uint32_t prefix; /* bits of remote that count */
	struct dialect dialect;
};

#define CONFIG_MAX_REALMS 8

/* Kerberos: this host's keys, and who a peer may be. */
struct config_kerberos {
	char keytab[CONFIG_PATH_MAX];	 /* empty: no Kerberos */
	char principal[CONFIG_NAME_MAX]; /* of this host; empty: chosen from keytab */
	char realm[CONFIG_MAX_REALMS][CONFIG_NAME_MAX]; /* of peers; none: our own */
	uint32_t n_realm;
	/* Names of peers without realm, "*" is anything; none: every machine. */
	char peer_name[CONFIG_MAX_PEER_NAMES][CONFIG_NAME_MAX];
	uint32_t n_peer_name;
	uint32_t timeout_s; /* how long a KDC may take */
	char user_cache[CONFIG_PATH_MAX]; /* tickets of users, with "%{uid}" */
};

#define CONFIG_MAX_POLICIES 16
#define CONFIG_MAX_RULES 64

/* A policy with a name, for rules. */
struct config_policy {
	char name[RULE_NAME_BYTES];
	struct policy policy;
};

/* A connection-security rule with what protects its traffic. */
struct config_rule {
	struct rule rule;
	uint32_t policy; /* 0: the default policy, else 1 + index of named_policy */
	uint32_t authentication; /* same: whose authentication methods */
	uint32_t encryption; /* 0 or 1: only proposals that encrypt */
	char target_name[CONFIG_NAME_MAX]; /* who the peer must prove to be; empty: any */
};

#define CONFIG_NO_GROUP UINT32_MAX

struct config_limits {
	uint32_t mm_sa_per_peer;	/* 20, MS-AIPS 3.3.7.1 */
	uint32_t negotiations_per_peer; /* 35, MS-AIPS 3.3.7.1 */
	uint32_t quick_modes_per_peer;	/* that it began */
	uint32_t mm_sa_total;		/* memory bound */
	uint32_t sockets_per_user;	/* 1024 */
	uint32_t classes_per_user;	/* 64 */
	uint32_t negotiations_per_user; /* that packets wait for: 1024 */
	uint32_t first_messages;	/* of one source, in a second: 50 */
	uint32_t half_open_enter;	/* cookies are wanted: 500 (A74) */
	uint32_t half_open_leave;	/* and no longer: 100 */
	uint32_t held_packets_per_flow; /* plane: packets kept while negotiating */
};

/* Where ESP and AH are done. */
enum config_backend {
	BACKEND_AUTO,	/* the kernel if it can, else the plane; resolved by keeper */
	BACKEND_KERNEL, /* XFRM */
	BACKEND_PLANE,	/* the plane role, over TUN devices */
};

struct config {
	char user[64];			 /* system user of the unprivileged roles */
	char gss_id[256];		 /* our GSS_ID; empty: host/<host name> */
	char trust_file[CONFIG_PATH_MAX]; /* PEM bundle of roots; default: the system store */
	struct config_cert cert[CONFIG_MAX_CERTS];
	uint32_t n_cert;
	struct config_tls tls;
	struct config_psk psk[CONFIG_MAX_PSKS];
	uint32_t n_psk;
	struct config_kerberos kerberos;
	struct config_identity identity;
	enum config_backend backend;
	uint32_t kernel_lacks;	/* bits of daemon/xfrm_fit.h; found by keeper */
	uint32_t viewers;	/* group authip, CONFIG_NO_GROUP: there is none; same */
	uint32_t key_log;	/* 0 or 1: root may see session keys */
	uint16_t ike_port;	/* 500 */
	uint16_t nat_port;	/* 4500; 0: no NAT traversal */
	uint32_t fragment_size; /* IP packet; 0: 576 of IPv4, 1280 of IPv6 */
	uint32_t mark_value;	/* first of three marks, before the shift into the mask */
	uint32_t mark_mask;	/* bits of the packet mark that are ours: 0x7ff00000 */
	uint32_t route_table;	/* first routing table of the plane */
	uint32_t rule_priority; /* priority of its ip rules */
	uint32_t replay_window; /* 1024 */
	struct config_limits limits;
	struct dialect dialect;
	struct config_peer_dialect peer_dialect[CONFIG_MAX_PEER_DIALECTS];
	uint32_t n_peer_dialect;
	struct policy policy; /* the default policy of secure sockets */
	struct config_policy named_policy[CONFIG_MAX_POLICIES];
	uint32_t n_named_policy;
	struct config_rule rule[CONFIG_MAX_RULES]; /* the first that selects counts */
	uint32_t n_rule;
};

/* One problem of a configuration file, ready for a person. */
struct config_error {
	char file[CONFIG_PATH_MAX];
	int line; /* 0: not tied to a line */
	char text[512];
};

/* Built-in values: what a daemon without a file uses. */
void config_set_default(struct config *c);
/*
 * Reads and checks file into *c (untouched on failure). check_files: also test that
 * certificates, keys and trust file can be read. 0, or -1 with *err filled.
 */
int config_load(struct config *c, const char *file, bool check_files,
    struct config_error *err);
/* Same from memory: for tests and the fuzzer. name is what errors call the text. */
int config_load_text(struct config *c, const char *name, const char *text, bool check_files,
    struct config_error *err);
/* What is allowed, but not wise, of file (NULL: none) and of those that it names. */
typedef void config_tell(const char *line);
void config_warn(const struct config *c, const char *file, config_tell *tell);
/* What is negotiated for the traffic of a rule: its policy, authentication and action. */
void config_rule_policy(const struct config *c, const struct config_rule *r,
    struct policy *out);
/* That of the longest prefix that covers a; NULL: none does. Borrows c. */
const struct dialect *config_peer_dialect(const struct config *c, const struct address *a);
/* Prints the policy in the configuration language: feeding it back yields the same. */
void config_print_policy(FILE *out, const struct policy *p);

#endif
