/*
 * Payload bodies: decode and encode side by side (spec authip.md 2.6-2.19). Decoders read
 * only; every one answers "well formed?" and fills a plain struct that borrows the body.
 */
#ifndef AUTHIPD_IKE_PAYLOAD_H
#define AUTHIPD_IKE_PAYLOAD_H

#include "config/policy.h"
#include "ike/message.h"

#define PLD_MAX_PROPOSALS 16
#define PLD_MAX_TRANSFORMS 64 /* in one proposal */
#define PLD_MAX_AUTH 16
#define PLD_MAX_GSS_ID_BYTES 2048
#define PLD_MAX_TOKEN_BYTES 64000

/* A transform of either mode; which fields count depends on the protocol. */
struct pld_transform {
	uint8_t number;
	uint8_t id;	/* MM: 1 KEY_IKE; ESP/AH: transform id */
	uint16_t cipher;    /* MM attr 1, wire number */
	uint16_t key_bits;  /* MM attr 14, QM attr 6 */
	uint16_t hash;	    /* MM attr 2 */
	uint16_t group;	    /* MM attr 4, QM attr 3 */
	bool has_group;
	uint16_t auth_method; /* MM attr 3 */
	bool has_auth_method;
	uint16_t encapsulation; /* QM attr 4 */
	uint16_t authentication; /* QM attr 5 */
	struct span gss_id; /* MM attr 16384: IKEv1 with Kerberos, UTF-16 */
	uint32_t life_s;
	uint32_t life_kb;
	struct span raw; /* the whole transform as received: copied back in the answer */
};

struct pld_proposal {
	uint8_t number;
	uint8_t protocol; /* 1 ISAKMP, 2 AH, 3 ESP, 4 IPComp */
	uint32_t spi;	  /* quick mode */
	struct pld_transform transform[PLD_MAX_TRANSFORMS];
	size_t n_transform;
};

struct pld_sa {
	struct pld_proposal proposal[PLD_MAX_PROPOSALS];
	size_t n_proposal;
};

/* quick: SPI size must be 4; main mode: 0, 8 or 16 (ignored). */
enum ike_err pld_sa_decode(struct span body, bool quick, struct pld_sa *sa);
/* Writes a body (no GPH) as it stands in sa; raw spans are used when set. */
void pld_sa_encode(struct writer *w, const struct pld_sa *sa, bool quick);

/* Lifetimes of quick mode as attributes alone: RESPONDER-LIFETIME. */
enum ike_err pld_life_decode(struct span data, struct pld_transform *t);
void pld_life_encode(struct writer *w, uint32_t life_s, uint32_t life_kb);

struct pld_auth {
	uint16_t method[PLD_MAX_AUTH];
	size_t n;
};
enum ike_err pld_auth_decode(struct span body, struct pld_auth *a);
void pld_auth_encode(struct writer *w, const struct pld_auth *a);

struct pld_gss {
	uint32_t status;
	uint8_t flags;
	struct span token;
};
enum ike_err pld_gss_decode(struct span body, struct pld_gss *g);
void pld_gss_encode(struct writer *w, const struct pld_gss *g);

/* Types of IDs (RFC 2407 4.6.2.1). */
enum pld_id_type {
	ID_IPV4 = 1,
	ID_IPV4_SUBNET = 4,
	ID_IPV6 = 5,
	ID_IPV6_SUBNET = 6,
	ID_IPV4_RANGE = 7,
	ID_IPV6_RANGE = 8,
};

/* ids: 1 IPv4 address, 4 subnet, 5 IPv6 address, 6 subnet, 7/8 ranges. */
struct pld_id {
	uint8_t type;
	uint8_t protocol;
	uint16_t port;
	struct span data;
};
enum ike_err pld_id_decode(struct span body, struct pld_id *id);
void pld_id_encode_endpoint(struct writer *w, uint8_t protocol, const struct endpoint *e);
/* Host address IDs only; false for every other type. */
bool pld_id_to_endpoint(const struct pld_id *id, struct endpoint *e);

/* NAT-OA (RFC 3947 5.2): a host's own address. */
enum ike_err pld_natoa_decode(struct span body, struct address *a);
void pld_natoa_encode(struct writer *w, const struct address *a);

struct pld_notify {
	uint8_t protocol;
	uint8_t flags;
	uint16_t type;
	struct span data;
};
enum ike_err pld_notify_decode(struct span body, struct pld_notify *n);
void pld_notify_encode(struct writer *w, const struct pld_notify *n);
/* The u32 in the data of STATUS, ACK, EXCHANGE_INFO (last four bytes); false if absent. */
bool pld_notify_u32(const struct pld_notify *n, uint32_t *v);

/* GSS_ID: UTF-16LE (or BE, A44) on the wire, UTF-8 here; NUL-terminated, empty on failure. */
enum ike_err pld_gss_id_decode(struct span body, char *utf8, size_t cap);
void pld_gss_id_encode(struct writer *w, const char *utf8);

enum ike_err pld_nonce_check(struct span body);

/* Vendor IDs: recognised on the first 16 bytes where a number follows. */
enum ike_vendor pld_vendor_decode(struct span body, uint32_t *number);
void pld_vendor_encode(struct writer *w, enum ike_vendor v, uint32_t number);
const char *pld_vendor_name(enum ike_vendor v);

/* NAT-D: HASH(CKY-I | CKY-R | IP | port) (RFC 3947 3.2). */
bool pld_natd_compute(enum hash_id hash, const uint8_t *icookie, const uint8_t *rcookie,
    const struct endpoint *e, uint8_t *out);

#endif
