/*
 * IKEv1 (RFC 2407 to 2409, 3706, 3947, 4754; MS-IKEE): a main mode whose mm->v1 is set. It
 * shares tables, timers, requests, rekeying and IPsec SAs with AuthIP. Internal to ike/.
 */
#ifndef AUTHIPD_IKE_V1_H
#define AUTHIPD_IKE_V1_H

#include "ike/auth_part.h"
#include "ike/id_set.h"
#include "ike/state.h"

#define V1_TIMERS 3
/* Revisions of NAT traversal, best first. Drafts have private payload numbers. */
#define V1_NATT_REVISIONS(X) \
	X(VENDOR_RFC3947)    \
	X(VENDOR_NATT_03)    \
	X(VENDOR_NATT_02N)   \
	X(VENDOR_NATT_02)
#define V1_DELETE_NONCE_BYTES 32 /* MS-IKEE 7, note 23 */
#define V1_FLAG_AUTH_ONLY 0x04

/* X(id, name): what is expected next. */
#define V1_STEPS(X)                                           \
	X(V1_INIT_WAITS_START, "first message is held back")  \
	X(V1_INIT_SA_SENT, "first message sent")              \
	X(V1_INIT_ASKS_AUTH, "prepares its key exchange")     \
	X(V1_INIT_KE_SENT, "key exchange sent")               \
	X(V1_INIT_AUTHENTICATES, "authenticates itself")      \
	X(V1_INIT_ID_SENT, "identity sent")                   \
	X(V1_INIT_VERIFIES, "verifies the peer")              \
	X(V1_RESP_SA_SENT, "first message answered")          \
	X(V1_RESP_AUTHENTICATES, "prepares its key exchange") \
	X(V1_RESP_KE_SENT, "key exchange answered")           \
	X(V1_RESP_VERIFIES, "verifies the peer")              \
	X(V1_RESP_SIGNS, "authenticates itself")              \
	X(V1_DONE, "Established")

enum v1_step { V1_STEPS(STATE_ENUM) };

/* A CBC chain: the last block of ciphertext. */
struct v1_iv {
	uint8_t b[CIPHER_MAX_BLOCK_BYTES];
};

/* A Delete that the peer has to confirm, as Windows does (MS-IKEE 3.8). */
struct v1_delete {
	LIST_ENTRY(v1_delete) next;
	uint32_t message_id;
	uint8_t ni[V1_DELETE_NONCE_BYTES];
	struct request request;
};

#define V1_CONFIRMED_MAX 64
/* A Delete of the peer that was confirmed: it may come again. */
struct v1_confirmed {
	uint32_t message_id;
	uint32_t n_again;
};

struct v1_mm {
	enum v1_step step;
	struct v1_iv iv; /* of main mode; its last block begins every later exchange */
	struct v1_iv iv_before; /* the same before our message 5 or 6 */
	uint8_t skeyid[HASH_MAX_BYTES];
	struct blob sa_i; /* body of the initiator's SA payload */
	struct blob ke_i; /* bodies of the KE payloads */
	struct blob ke_r;
	struct blob token_i; /* of Kerberos */
	struct blob token_r;
	struct blob own_id; /* body of our ID payload */
	struct blob
	    parts; /* what auth told: certificates and authorities of ours, ... */
	struct blob wanted; /* authorities that the peer asked for, as parts */
	char own_gss_id[256];
	enum ike_vendor
	    natt; /* the revision of NAT traversal to speak; VENDOR_UNKNOWN: none */
	bool peer_knows_dpd;
	bool garbled; /* something of the peer could not be decrypted */
	bool sent_malformed;
	bool asked_sign; /* our signature was asked for */
	struct endpoint m5_local; /* between which message 5 came: not proved yet */
	struct endpoint m5_remote;
	struct id_set seen; /* message IDs that the peer used */
	struct id_set own;  /* ours: a hash has no direction, and may come back */
	uint32_t dpd_seq;      /* of our last R-U-THERE */
	uint32_t dpd_peer_seq; /* of the peer's last one */
	bool dpd_peer_any;
	LIST_HEAD(, v1_delete) deletes;
	uint32_t n_delete;
	bool delete_waits; /* that of the main mode, for those of its pairs */
	struct v1_confirmed confirmed[V1_CONFIRMED_MAX]; /* ring */
	uint32_t n_confirmed;
	struct request dpd;
	struct timer dpd_timer;
	struct timer rekey_timer;
};

static inline bool
v1_natt_is_draft(const struct mm_sa *mm)
{
	return mm->v1 != NULL && mm->v1->natt != VENDOR_UNKNOWN &&
	       mm->v1->natt != VENDOR_RFC3947;
}

/* ---- v1_message.c: form ------------------------------------------------------------------ */

/* A datagram whose header was checked. Encrypted: only the ciphertext is found. */
enum ike_err v1_message_parse(
    const struct isakmp_header *h, struct span datagram, struct message *m);
/*
 * Decrypts with this chain into plain (m->chain, m->payload). *next is the chain behind the
 * message, to be kept only if the message is accepted. Nothing is authentic yet.
 */
enum ike_err v1_message_open(struct message *m, const struct mm_sa *mm,
    const struct v1_iv *iv, uint8_t *plain, size_t cap, struct v1_iv *next);
/* Payloads with the numbers of a draft get those of RFC 3947. */
void v1_message_rename(struct message *m, bool draft);
void v1_begin(
    struct engine *e, const struct mm_sa *mm, uint8_t exchange, uint32_t message_id);
/* In clear. */
bool v1_finish(struct engine *e, struct span *wire);
/* Encrypts what v1_finish() made and moves the chain on. */
bool v1_seal(
    struct engine *e, const struct mm_sa *mm, struct v1_iv *iv, struct span *wire);
void v1_write(struct engine *e, uint8_t type, struct span body);
uint8_t v1_natd_type(const struct mm_sa *mm);
uint8_t v1_natoa_type(const struct mm_sa *mm);

/* ---- v1_keys.c --------------------------------------------------------------------------- */

/* SKEYID of every method but pre-shared keys (RFC 2409 5). */
bool v1_keys_skeyid(struct mm_sa *mm);
/* From SKEYID: _d, _a, the cipher key and the first IV. */
bool v1_keys_derive(struct mm_sa *mm);
/* HASH_I or HASH_R over this ID. */
bool v1_keys_auth_hash(
    const struct mm_sa *mm, bool of_initiator, struct span id, uint8_t *out);
/* The IV of an exchange after main mode. */
bool v1_keys_iv(const struct mm_sa *mm, uint32_t message_id, struct v1_iv *out);
/* Others begin otherwise while main mode is not through. */
#define V1_IV_READINGS 4
/* The IV by reading number i of theirs; false: none. */
bool v1_keys_iv_reading(
    const struct mm_sa *mm, uint32_t message_id, size_t i, struct v1_iv *out);
/* prf(SKEYID_a, parts). */
bool v1_keys_hash(
    const struct mm_sa *mm, const struct span *part, size_t n, uint8_t *out);
bool v1_keys_ipsec(const struct qm_sa *qm, uint32_t spi, struct secret *cipher_key,
    struct secret *integrity_key);
/* KEYMAT (RFC 2409 5.5): prf chained over seed until out is full. */
bool v1_keymat(enum hash_id hash, struct span key, const struct span *seed,
    size_t n_seed, uint8_t *out, size_t out_n);

/* ---- v1_proposal.c ----------------------------------------------------------------------- */

void v1_proposal_offer(const struct policy *p, struct span gss_id, struct pld_sa *out);
/* First of our list that the offer has; the answer is the peer's transform as it came. */
enum ike_err v1_proposal_select(const struct policy *p, const struct pld_sa *offer,
    struct mm_proposal *chosen, enum auth_method *method, struct pld_sa *answer);
/* Exactly one transform, and one that we offered. */
enum ike_err v1_proposal_verify(const struct policy *p, const struct pld_sa *answer,
    struct mm_proposal *chosen, enum auth_method *method);
void v1_proposal_text(struct text *t, const struct pld_sa *sa);
void v1_proposal_policy_text(struct text *t, const struct policy *p);
const char *v1_method_name(uint32_t method);
bool v1_policy_allows(const struct policy *p);

/* ---- v1_common.c ------------------------------------------------------------------------- */

struct mm_sa *v1_new(struct engine *e, bool initiator, const struct endpoint *local,
    const struct endpoint *remote, const uint8_t *icookie);
void v1_free(struct engine *e, struct mm_sa *mm);
void v1_write_vendors(struct engine *e, struct mm_sa *mm, bool first_message, bool all);
void v1_read_vendors(struct mm_sa *mm, const struct message *m);
bool v1_make_ke(struct engine *e, struct mm_sa *mm);
/* KE and Nonce of the peer; the shared secret. */
enum ike_err v1_read_ke(struct engine *e, struct mm_sa *mm);
/* KE, nonce, NAT-D and, for signatures, CERTREQs: messages 3 and 4. */
void v1_write_ke(struct engine *e, struct mm_sa *mm);
/* Our ID payload: our address, as every method but signatures has it. */
bool v1_own_id(struct mm_sa *mm);
void v1_read_certreqs(struct mm_sa *mm, const struct message *m);
/* ID, CERTs and the body of HASH or SIG: messages 5 and 6. */
bool v1_build_id(
    struct engine *e, struct mm_sa *mm, struct span proof, struct span *wire);
/* The body of HASH or SIG in e->in, by the method; empty: the wrong one is there. */
struct span v1_proof(const struct engine *e, const struct mm_sa *mm);
void v1_established(struct engine *e, struct mm_sa *mm);
/* A message of the peer cannot be read: noted, told once in clear. */
void v1_garbled(struct engine *e, struct mm_sa *mm);
bool v1_is_signed(const struct mm_sa *mm);

/* ---- v1_init.c, v1_resp.c, v1_auth.c ------------------------------------------------------ */

struct mm_sa *v1_init_start(struct engine *e, const struct endpoint *local,
    const struct endpoint *remote, const struct class_policy *policy,
    struct mm_sa *twin);
void v1_init_m2(struct engine *e, struct mm_sa *mm);
void v1_init_m4(struct engine *e, struct mm_sa *mm);
void v1_init_m6(struct engine *e, struct mm_sa *mm, const struct v1_iv *next);
void v1_init_send_ke(struct engine *e, struct mm_sa *mm);
void v1_init_send_id(struct engine *e, struct mm_sa *mm, struct span proof);
void v1_resp_m1(struct engine *e);
void v1_resp_m3(struct engine *e, struct mm_sa *mm);
void v1_resp_m5(struct engine *e, struct mm_sa *mm, const struct v1_iv *next);
void v1_resp_send_ke(struct engine *e, struct mm_sa *mm);
void v1_resp_send_id(struct engine *e, struct mm_sa *mm, struct span proof);
void v1_auth_ask(
    struct engine *e, struct mm_sa *mm, enum auth_step step, struct span parts);
/* START with what the method wants. */
bool v1_auth_start(struct engine *e, struct mm_sa *mm);
/* Our hash over our ID: asks for the signature; false: it is the proof itself. */
void v1_auth_sign(struct engine *e, struct mm_sa *mm);
/* The peer's ID, certificates and proof in e->in. */
enum ike_err v1_auth_verify(struct engine *e, struct mm_sa *mm);
void v1_auth_reply(
    struct engine *e, struct mm_sa *mm, const struct engine_auth_reply *r);

/* The message that v1_auth_verify() did not like; *next is behind it. mm may be gone. */
void v1_auth_refuse(struct engine *e, struct mm_sa *mm, enum ike_err err,
    const struct v1_iv *next);

/* ---- v1_id.c ------------------------------------------------------------------------------- */

enum ike_err v1_id_check(struct span body);
/* Is the pre-shared key of mm for a peer with this (checked) ID? */
bool v1_id_has_key(const struct mm_sa *mm, struct span id);
void v1_id_text(struct text *t, struct span id);

/* ---- v1_input.c, v1_info.c ----------------------------------------------------------------- */

void v1_input(struct engine *e, const struct isakmp_header *h);
/* False: somebody used this message ID before. */
bool v1_id_is_new(const struct mm_sa *mm, uint32_t message_id);
/* One that nobody used, and that is ours now. */
uint32_t v1_id_make(struct engine *e, struct mm_sa *mm);
/* Authentic by its hash. */
void v1_info_input(struct engine *e, struct mm_sa *mm);
/* What AuthIP says by a reliable notify: a Delete, or an error. */
void v1_info_status(struct engine *e, struct mm_sa *mm, uint16_t type, uint8_t protocol,
    uint32_t message_id, uint32_t code);
void v1_info_notify(
    struct engine *e, struct mm_sa *mm, uint16_t type, struct span data);
void v1_info_clear(struct engine *e, const struct mm_sa *mm, uint16_t type);
void v1_info_clear_input(struct engine *e, struct mm_sa *mm);
/* HASH(1) and what follows: *id is the new message ID. */
uint32_t v1_info_begin(struct engine *e, struct mm_sa *mm);
bool v1_info_finish(
    struct engine *e, const struct mm_sa *mm, uint32_t id, struct span *wire);
struct span v1_info_cookies(const struct mm_sa *mm, uint8_t *b);
struct span v1_info_spi(uint32_t spi, uint8_t *b);
/* How a notify names a quick mode; b has 8 bytes. */
struct span v1_info_names(const struct qm_sa *qm, uint32_t spi, uint8_t *b);
void v1_write_notify(struct engine *e, uint8_t protocol, uint16_t type, struct span spi,
    struct span data);

/* ---- v1_delete.c --------------------------------------------------------------------------- */

/* Of the main mode, or of this quick mode; to Windows until it confirms. */
void v1_delete_tell(struct engine *e, struct mm_sa *mm, const struct qm_sa *qm);
/* Delete payloads; mm may be gone afterwards. */
void v1_delete_input(struct engine *e, struct mm_sa *mm);
/* Which of ours has this message ID; NULL: none. */
struct v1_delete *v1_delete_find(const struct mm_sa *mm, uint32_t message_id);
/* Is this (opened) message its confirmation? mm may be gone afterwards. */
void v1_delete_confirmed(struct engine *e, struct mm_sa *mm, struct v1_delete *d);
/* An authentic message again: a Delete is confirmed again, and not obeyed again. */
void v1_delete_again(struct engine *e, struct mm_sa *mm);
/* A new one in e->in; false: it wants no confirmation, or is none. */
bool v1_delete_confirm(struct engine *e, struct mm_sa *mm);
bool v1_delete_is_pending(const struct mm_sa *mm);
void v1_delete_forget(struct engine *e, struct mm_sa *mm);
/* Are these the cookies of mm? */
bool v1_info_is_ours(const struct mm_sa *mm, struct span spi);
/* ESP or AH, as payloads number them. */
uint8_t v1_qm_protocol(const struct qm_sa *qm);
/* sadb.c: sets the SPI that the peer receives with, of IKEv1, by which a Delete names the pair. */
void sadb_qm_name(struct engine *e, struct qm_sa *qm, uint32_t spi_out);
/* First in the list that may hold pairs of that name, of any peer. */
struct qm_sa *sadb_qm_first_named(const struct engine *e, uint8_t protocol, uint32_t spi_out);
/* R-U-THERE. */
bool v1_dpd_build(struct engine *e, struct mm_sa *mm, uint32_t seq, struct span *wire);

/* ---- v1_dpd.c ------------------------------------------------------------------------------ */

void v1_dpd_start(struct engine *e, struct mm_sa *mm);
/* Authentic signs of life. */
void v1_dpd_alive(struct engine *e, struct mm_sa *mm);

/* ---- v1_rekey.c, v1_coexist.c --------------------------------------------------------------- */

void v1_rekey_arm(struct engine *e, struct mm_sa *mm);
/* Now, if it is the initiator who renews it. */
void v1_rekey_now(struct engine *e, struct mm_sa *mm);
/* One host, by addresses and by what it proved. */
bool v1_same_peer(const struct mm_sa *a, const struct mm_sa *b);
/* Quick modes of older main modes with the same peer belong to this one now. */
void v1_rekey_adopt(struct engine *e, struct mm_sa *mm);
/* The peer has begun anew: what there was before this main mode is stale. */
void v1_rekey_forget(struct engine *e, struct mm_sa *mm);
/* Of two main modes that were begun together this one is kept. */
void v1_twin_won(struct engine *e, struct mm_sa *mm);
/* This one ends without success: true if the other one carries on. */
bool v1_twin_lost(struct engine *e, struct mm_sa *mm);
/* A first message of AuthIP came from this peer. */
void v1_coexist_authip_seen(struct engine *e);
/* Must this first message be left to AuthIP? */
bool v1_coexist_discard(struct engine *e, const struct policy *p);

/* ---- v1_qm_common.c, v1_qm_init.c, v1_qm_resp.c ---------------------------------------------- */

void v1_qm_init_start(struct engine *e, struct qm_sa *qm);
void v1_qm_init_q2(struct engine *e, struct qm_sa *qm, const struct v1_iv *next);
void v1_qm_resp_q1(struct engine *e, struct mm_sa *mm, const struct v1_iv *next);
void v1_qm_resp_q3(struct engine *e, struct qm_sa *qm, const struct v1_iv *next);
/* HASH(1) of what follows the HASH payload of e->in; HASH(2) with Ni_b in front. */
bool v1_qm_check_hash(struct engine *e, const struct mm_sa *mm, struct span ni);
/* HASH(3). */
bool v1_qm_hash3(const struct qm_sa *qm, uint8_t *out);
/* KE of the peer, by what was chosen. */
enum ike_err v1_qm_read_ke(struct engine *e, struct qm_sa *qm);
void v1_qm_write_nonce(struct engine *e, const struct qm_sa *qm);
/* EXCHANGE_INFO behind the SA payload that was just written (MS-IKEE 3.7). */
void v1_qm_write_exchange_info(struct engine *e, const struct qm_sa *qm);
/* An ID of quick mode that is one host; names: others stand for `outer`. */
enum ike_err v1_qm_read_id(const struct payload *p, const struct address *outer,
    struct endpoint *end, uint8_t *protocol);
/* Writes a HASH payload that v1_hash_finish() fills. */
void v1_hash_begin(struct engine *e, const struct mm_sa *mm);
bool v1_hash_finish(struct engine *e, const struct mm_sa *mm, uint32_t message_id,
    struct span ni, struct v1_iv *iv, struct span *wire);
/* HASH(2) of a Delete has Ni_b in front of the message ID (MS-IKEE 3.8.5.1). */
bool v1_hash_finish_delete(struct engine *e, const struct mm_sa *mm,
    uint32_t message_id, struct span ni, struct v1_iv *iv, struct span *wire);
bool v1_check_hash_delete(struct engine *e, const struct mm_sa *mm, struct span ni);
unsigned v1_qm_want(const struct qm_sa *qm);

#endif
