/*
 * The state of the engine: main modes, quick modes, peers, and what one negotiation needs
 * while it runs. Internal to ike/ (and to ike/engine_test.h).
 */
#ifndef AUTHIPD_IKE_STATE_H
#define AUTHIPD_IKE_STATE_H

#include <sys/queue.h>

#include "ike/chain.h"
#include "ike/engine.h"
#include "ike/keys.h"
#include "ike/message.h"
#include "ike/payload.h"
#include "ike/proposal.h"
#include "ike/rules.h"
#include "ike/timer.h"

#define ENGINE_BUCKETS 4096
#define GSS_MAX_DIALOGUES 8
#define GSS_MAX_ROUND_TRIPS 20
#define QM_GONE_MAX 16
#define DIGEST_BYTES 16
/* The sequence numbers that may arrive out of order before one counts as old (A30). */
#define SEQ_WINDOW 64

/* Owned bytes. */
struct bytes {
	uint8_t *p;
	size_t n;
};

static inline struct span
bytes_span(const struct bytes *b)
{
	return span_of(b->p, b->n);
}

/* Copies s; false: out of memory, b emptied. */
bool bytes_set(struct bytes *b, struct span s);
/* Wipes and frees. */
void bytes_free(struct bytes *b);

/* Intrusive hash chain. */
struct hash_node {
	struct hash_node *next;
	uint64_t key;
};

/* X(id, name of MS-AIPS 3; ours in lower case) */
#define MM_STATES(X)                                                    \
	X(MM_I_FIRST_SENT, "MM First Generalized Packet Sent")          \
	X(MM_I_FIRST_DONE, "MM Initiator First Exchange Done")          \
	X(MM_I_GSS_SENT, "GSS-API Request Sent")                        \
	X(MM_R_FIRST_DONE, "MM Responder First Exchange Done")          \
	X(MM_GSS_DONE, "GSS_API Done")                                  \
	X(MM_DONE, "Established")                                       \
	X(EM_I_FIRST_SENT, "EM First Request Sent")                     \
	X(EM_I_GSS_SENT, "GSS-API Request Sent")                        \
	X(EM_R_FIRST_DONE, "EM Responder First Exchange Done")          \
	X(EM_GSS_DONE, "GSS_API Done")                                  \
	X(EM_I_FINAL_SENT, "EM Initiator Final Exchange Request Sent")  \
	X(EM_COMPLETE, "EM Complete")                                   \
	X(MM_DELETING, "deleting")                                      \
	X(MM_GONE, "deleted")

#define QM_STATES(X)                                                    \
	X(QM_QUEUED, "waiting for the main mode")                       \
	X(QM_I_FIRST_SENT, "QM Initiator First Packet Sent")            \
	X(QM_I_SECOND_SENT, "QM Initiator Second Packet Sent")          \
	X(QM_I_DONE, "QM Initiator Done")                               \
	X(QM_R_FIRST_DONE, "QM Responder First Exchange Done")          \
	X(QM_R_DONE, "QM Responder Done")

#define STATE_ENUM(id, name) id,
enum mm_state { MM_STATES(STATE_ENUM) };
enum qm_state { QM_STATES(STATE_ENUM) };

enum em_progress { EM_NONE, EM_RUNNING, EM_DONE, EM_FAILED };

enum timer_kind {
	TIMER_MM_OUT,	 /* retransmission of a request of the main mode */
	TIMER_MM_IN,	 /* responder time-out, or end of the stored answer */
	TIMER_MM_NOTIFY, /* retransmission of a reliable notify */
	TIMER_MM_AUTH,	 /* the auth role does not answer */
	TIMER_MM_LIFE,	 /* lifetime, or end of a deleted main mode */
	TIMER_QM_OUT,
	TIMER_QM_IN,
	TIMER_QM_LIFE,
};
#define MM_TIMERS 5
#define QM_TIMERS 3

/* A request of ours that waits for its response (MS-AIPS 3.1, requester). */
struct outgoing {
	struct bytes data; /* empty: none outstanding */
	enum ike_message_id what;
	uint8_t exchange;
	uint32_t message_id;
	uint32_t seq;
	uint32_t n_sent;
	uint32_t max_resend;
	uint32_t interval_ms;
	bool has_response; /* last_response is set */
	uint8_t last_response[DIGEST_BYTES];
	struct timer timer;
};

/* The last request of the peer and our answer (MS-AIPS 3.1, responder). */
struct incoming {
	bool has_request;
	bool in_process; /* waits for the auth role: duplicates are dropped */
	bool keep;	 /* the timer ends the stored answer, not the negotiation */
	uint8_t digest[DIGEST_BYTES];
	uint8_t exchange; /* of the request: the answer uses the same */
	bool encrypted;
	uint32_t message_id;
	uint32_t seq;
	struct bytes reply;
	struct timer timer;
};

/* Which sequence numbers of one stream of the peer were seen. */
struct seq_window {
	bool any;
	uint32_t top;
	uint64_t seen; /* bit i: top - i */
};

enum seq_stream { SEQ_MM, SEQ_QM, SEQ_EM, SEQ_NOTIFY, SEQ_STREAMS };

/* One authentication round (MS-AIPS 3.8, 3.9): in main mode or in extended mode. */
struct gss {
	bool running;
	uint16_t method[PLD_MAX_AUTH]; /* the agreed list */
	size_t n_method;
	size_t at; /* position in it */
	uint32_t credential;
	bool rejected_by_peer; /* last failure: the peer did not like us */
	bool failed;	       /* last dialogue failed: NEW moves on (spec 4.4) */
	bool sent_failure;     /* initiator: we reported our own failure */
	bool may_retry;	       /* initiator: own failure, other credential possible */
	bool is_open;	       /* the auth role knows the dialogue */
	bool is_waiting;       /* a question to the auth role is out */
	bool own_done;
	bool peer_done;
	uint32_t n_dialogue;
	uint32_t n_round_trip;
	uint64_t handle;
	uint8_t send_flags; /* of the next request */
	uint32_t send_status;
	struct secret secret;
	char peer_name[256];
	char reason[256]; /* why the last dialogue failed */
};

/* What exists only while main mode and extended mode are negotiated. */
struct mm_nego {
	uint32_t attempt; /* which group of the policy (A36) */
	enum dh_group group;
	struct dh *dh; /* owned */
	struct secret z;
	struct key skeyid;
	struct chain chain;
	struct chain em_chain;
	struct gss gss;
	uint16_t sent_method[PLD_MAX_AUTH]; /* our Auth list, M1 or E1 */
	size_t n_sent_method;
	uint32_t clear_status;	 /* code of an unauthenticated STATUS, 0 = none */
	enum ike_err last_error; /* why an answer was not acceptable */
	char offered[192];	 /* for failure texts */
};

struct notify_item {
	STAILQ_ENTRY(notify_item) link;
	uint8_t protocol;
	uint16_t type;
	uint32_t code;
	uint32_t message_id;
};

struct peer {
	struct hash_node by_address;
	struct address address;
	LIST_HEAD(, mm_sa) mm;
	LIST_HEAD(, qm_sa) qm;
	uint32_t n_ref;	 /* main and quick modes that point here */
	uint32_t n_mm;	 /* established main modes */
	uint32_t n_open; /* negotiations that the peer has in progress */
};

struct mm_sa {
	struct hash_node by_cookie;
	struct hash_node by_id;
	TAILQ_ENTRY(mm_sa) link;
	LIST_ENTRY(mm_sa) peer_link;
	struct peer *peer;
	LIST_HEAD(, qm_sa) qm;
	uint32_t id;
	enum mm_state state;
	bool initiator;
	bool is_counted_mm;   /* in peer->n_mm */
	bool is_counted_open; /* in peer->n_open */
	bool is_proven;	      /* a message of the peer passed the ICV */
	bool is_draining;     /* no new quick modes (A63) */
	bool is_reported;     /* its failure or end was told */
	bool is_dead;	      /* freed at the end of the event */
	bool has_keys;
	bool nat_detected;
	bool em_required;
	enum em_progress em;
	const struct policy *policy;	/* borrowed */
	const struct policy *em_policy; /* borrowed; NULL: no extended mode */
	struct endpoint local;
	struct endpoint remote;
	uint8_t icookie[COOKIE_BYTES];
	uint8_t rcookie[COOKIE_BYTES];
	struct mm_proposal chosen;
	uint64_t created_ms;
	uint32_t vendor_seen;
	uint32_t vendor_version;
	uint32_t n_qm_done; /* quick modes ever completed */
	uint32_t n_qm_started;
	/* keys */
	struct key skeyid_d;
	struct key skeyid_a;
	struct key skeyid_em;
	struct key auth1;
	struct key auth2;
	uint8_t cipher_key[CIPHER_MAX_KEY_BYTES];
	uint8_t icv_len_bytes;
	struct bytes ni; /* whole Nonce payloads */
	struct bytes nr;
	struct bytes nr_qm; /* from M2 */
	/* sequence numbers */
	uint32_t seq_next[SEQ_STREAMS];
	struct seq_window seq_seen[SEQ_STREAMS];
	/* exchanges */
	struct outgoing out;
	struct outgoing notify_out;
	struct incoming in;
	struct incoming notify_in;
	STAILQ_HEAD(, notify_item) notify_queue;
	uint32_t notify_max_resend;
	uint32_t qm_gone[QM_GONE_MAX]; /* message IDs of deleted quick modes */
	uint32_t n_qm_gone;
	struct timer auth_timer;
	struct timer life_timer;
	struct mm_nego *nego; /* owned; NULL once complete */
	uint16_t em_method;
	struct bytes em_peer_name; /* NUL-terminated */
	struct bytes peer_gss_id;  /* NUL-terminated, unauthenticated */
};

struct ticket {
	struct ticket *next;
	uint64_t id;
};

/* What exists only while a quick mode is negotiated, and 60 s longer at the responder. */
struct qm_nego {
	struct outgoing out;
	struct incoming in;
	struct bytes ni; /* whole Nonce payloads */
	struct bytes nr;
	struct dh *dh; /* owned; PFS */
	struct secret z;
	char offered[192];
};

struct qm_sa {
	struct hash_node by_id;
	struct hash_node by_spi;
	TAILQ_ENTRY(qm_sa) link;
	LIST_ENTRY(qm_sa) mm_link;
	LIST_ENTRY(qm_sa) peer_link;
	struct mm_sa *mm; /* NULL: the main mode's lifetime is over (A86) */
	struct peer *peer;
	uint32_t id;
	uint32_t mm_id;
	enum qm_state state;
	bool initiator;
	bool is_counted_open;
	bool is_dead;
	bool is_fast; /* no synchronize exchange needed (A54) */
	bool guaranteed_encryption;
	bool has_in; /* the host installed it */
	bool has_out;
	uint8_t exchange; /* of Q1: 243 or 244 */
	uint32_t message_id;
	struct class_policy policy;
	struct flow selector;
	uint32_t spi_in;
	uint32_t spi_out;
	struct qm_proposal chosen;
	uint64_t created_ms;
	struct ticket *ticket; /* owned list */
	struct qm_nego *nego;  /* owned */
	struct timer life_timer;
};

struct action_node {
	STAILQ_ENTRY(action_node) link;
	struct engine_action action;
	uint8_t *owned; /* what the action's span points to */
	size_t owned_n;
};

struct engine {
	struct engine_params p;
	uint64_t now_ms;
	bool is_shutdown;
	uint64_t seed[2];
	uint32_t next_mm_id;
	uint32_t next_qm_id;
	uint32_t next_dialogue;
	TAILQ_HEAD(mm_list, mm_sa) mm;
	TAILQ_HEAD(qm_list, qm_sa) qm;
	struct mm_list dead_mm; /* freed at the end of the event */
	struct qm_list dead_qm;
	uint32_t n_mm; /* without deleted ones that linger */
	struct hash_node *mm_by_cookie[ENGINE_BUCKETS];
	struct hash_node *mm_by_id[ENGINE_BUCKETS];
	struct hash_node *qm_by_id[ENGINE_BUCKETS];
	struct hash_node *qm_by_spi[ENGINE_BUCKETS];
	struct hash_node *peer_by_address[ENGINE_BUCKETS];
	struct timer_heap timers;
	STAILQ_HEAD(, action_node) actions;
	struct action_node *current; /* the action that the host is looking at */
	uint64_t error_count[IKE_ERR_COUNT];
	uint64_t event_count[EVENT_DROP + 1];
	/* scratch, valid within one event */
	struct builder build;
	struct message message;
	uint8_t plain[MESSAGE_MAX_BYTES + 1];
	uint8_t input[MESSAGE_MAX_BYTES + 1];
};

/* ---- sadb.c: tables, life and death of the objects ------------------------------------- */

struct mm_sa *sadb_mm_new(struct engine *e, const struct endpoint *local,
    const struct endpoint *remote, const uint8_t *icookie, bool initiator);
/* Re-files under new cookies (second attempt of an initiator; M2). */
void sadb_mm_set_cookies(struct engine *e, struct mm_sa *mm, const uint8_t *icookie,
    const uint8_t *rcookie);
struct mm_sa *sadb_mm_find(const struct engine *e, const uint8_t *icookie);
struct mm_sa *sadb_mm_find_id(const struct engine *e, uint32_t id);
struct qm_sa *sadb_qm_new(struct engine *e, struct mm_sa *mm, bool initiator);
void sadb_qm_set_spi(struct engine *e, struct qm_sa *qm, uint32_t spi);
bool sadb_spi_is_free(const struct engine *e, uint32_t spi);
struct qm_sa *sadb_qm_find_id(const struct engine *e, uint32_t id);
struct qm_sa *sadb_qm_find_mid(const struct mm_sa *mm, uint32_t message_id);
/* Moves a queued quick mode to another main mode. */
void sadb_qm_move(struct qm_sa *qm, struct mm_sa *mm);
/* The quick mode outlives its main mode. */
void sadb_qm_orphan(struct qm_sa *qm);
/* Marks; sadb_sweep() frees at the end of the event. */
void sadb_mm_kill(struct engine *e, struct mm_sa *mm);
void sadb_qm_kill(struct engine *e, struct qm_sa *qm);
void sadb_sweep(struct engine *e);
void sadb_free(struct engine *e);
struct peer *sadb_peer_find(const struct engine *e, const struct address *a);
void sadb_mm_count(struct mm_sa *mm, bool established, bool open);
void sadb_qm_count(struct qm_sa *qm, bool open);
void sadb_mm_nego_free(struct mm_sa *mm);
void sadb_qm_nego_free(struct engine *e, struct qm_sa *qm);
void sadb_random(struct engine *e, void *p, size_t n);
/* Random u32 of at least 2, for message IDs. */
uint32_t sadb_random_mid(struct engine *e, const struct mm_sa *mm);

/* ---- action.c: what the host shall do ---------------------------------------------------- */

void action_send(struct engine *e, const struct mm_sa *mm, struct span data);
void action_send_to(struct engine *e, const struct endpoint *local,
    const struct endpoint *remote, struct span data);
/* token is copied. */
void action_auth(struct engine *e, struct action_auth *a, struct span token);
void action_sa_add(struct engine *e, const struct action_sa_add *a);
void action_sa_delete(struct engine *e, const struct qm_sa *qm, bool replaced);
void action_result(struct engine *e, uint64_t ticket, enum ike_err err, uint32_t win32,
    uint32_t mm_id, uint32_t qm_id, const char *text);
void action_event(struct engine *e, enum engine_event_type type, enum ike_err err,
    const struct mm_sa *mm, const struct qm_sa *qm, const char *text);
void action_event_at(struct engine *e, enum engine_event_type type, enum ike_err err,
    const struct endpoint *local, const struct endpoint *remote, const uint8_t *icookie,
    const char *text);
void action_queue_free(struct engine *e);

/* ---- report.c: sentences ----------------------------------------------------------------- */

struct report {
	const char *step;    /* "M1", "extended mode", ... */
	const char *offered; /* NULL or "": left out */
	const char *wanted;
	const char *detail;
};
/* One line: peer, step, what went wrong, offered, wanted, what to change. */
void report_failure(char *buf, size_t cap, const struct endpoint *remote, enum ike_err err,
    uint32_t win32, const struct report *r);
/* Counts a drop and tells it. mm may be NULL. */
void report_drop(struct engine *e, const struct endpoint *local,
    const struct endpoint *remote, const struct mm_sa *mm, enum ike_err err);
const char *report_mm_state(enum mm_state s);
const char *report_qm_state(enum qm_state s);

/* ---- exchange.c: requests, responses, duplicates ----------------------------------------- */

struct exchange_head {
	uint8_t exchange;
	bool encrypted;
	uint32_t message_id;
	uint32_t seq;
};

void exchange_begin(struct engine *e, const struct mm_sa *mm, const struct exchange_head *h);
/* Seals; the bytes live in e->build until the next message. */
enum ike_err exchange_finish(struct engine *e, const struct mm_sa *mm, struct span *wire);
/* Stores and sends a finished request, and arms its retransmission. */
enum ike_err exchange_request(struct engine *e, struct mm_sa *mm, struct outgoing *out,
    enum ike_message_id what, const struct exchange_head *h, struct span wire);
/* Stores and sends a finished answer to the request in `in`. */
enum ike_err exchange_reply(struct engine *e, struct mm_sa *mm, struct incoming *in,
    struct span wire);
/* Header of the answer to the request in `in`. */
struct exchange_head exchange_reply_head(const struct engine *e, const struct incoming *in);
/* The next number of a stream for a request of ours. */
uint32_t exchange_next_seq(struct engine *e, struct mm_sa *mm, enum seq_stream s);
enum seq_stream exchange_stream(uint8_t exchange);
/* True and answered (or dropped, while in process) when m repeats the stored request. */
bool exchange_is_duplicate(struct engine *e, struct mm_sa *mm, struct incoming *in,
    struct span datagram);
/* Takes m as the new request of this slot. */
void exchange_accept(struct engine *e, struct incoming *in, const struct message *m);
/* Does m answer the outstanding request? False: dropped and counted. */
bool exchange_is_response(struct engine *e, struct mm_sa *mm, struct outgoing *out,
    const struct message *m);
/* The response was good: stops the timer, forgets the request. */
void exchange_answered(struct engine *e, struct outgoing *out, const struct message *m);
void exchange_stop(struct engine *e, struct outgoing *out);
/* Retransmits; false when the budget is spent. */
bool exchange_resend(struct engine *e, struct mm_sa *mm, struct outgoing *out);
/* Keeps the stored answer of a finished exchange for 60 s more. */
void exchange_keep(struct engine *e, struct incoming *in);
void exchange_forget(struct engine *e, struct incoming *in);
/* A request of the peer with an authenticated number: false if it was seen or is old. */
bool exchange_seq_accept(struct seq_window *w, uint32_t seq);
void exchange_digest(struct span datagram, uint8_t *digest);
void exchange_message_keys(const struct mm_sa *mm, struct message_keys *k);

/* ---- mm_payload.c: what M1 and M2 share -------------------------------------------------- */

void mm_payload_nonce(struct engine *e, size_t n, struct bytes *whole);
void mm_payload_vendors(struct engine *e, const struct mm_sa *mm, bool with_group);
void mm_payload_natd(struct engine *e, const struct mm_sa *mm, enum hash_id hash);
void mm_payload_gss_id(struct engine *e);
void mm_payload_read_vendors(struct mm_sa *mm, const struct message *m, bool *has_group,
    uint32_t *group);
void mm_payload_read_natd(struct engine *e, struct mm_sa *mm, const struct message *m);
void mm_payload_read_gss_id(struct mm_sa *mm, const struct message *m);
/* The hash of the NAT-D payloads in m, HASH_NONE if there are none (A50). */
enum hash_id mm_payload_natd_hash(const struct message *m);
/* Copies the i-th Nonce payload, generic header included. */
bool mm_payload_read_nonce(const struct message *m, size_t i, struct bytes *whole);

/* ---- mm_init.c, mm_resp.c ---------------------------------------------------------------- */

enum ike_err mm_init_start(struct engine *e, struct mm_sa *mm);
void mm_init_m2(struct engine *e, struct mm_sa *mm, const struct message *m);
/* No answer to M1: next group, or failure. */
void mm_init_no_answer(struct engine *e, struct mm_sa *mm);
/* Authentication of main mode is complete: keys, then the first quick mode. */
void mm_init_authenticated(struct engine *e, struct mm_sa *mm);
void mm_resp_m1(struct engine *e, const struct endpoint *local,
    const struct endpoint *remote, const struct message *m, struct span datagram);
/* A GSS request in clear. */
void mm_resp_gss(struct engine *e, struct mm_sa *mm, const struct message *m,
    struct span datagram);
/* Keys from the negotiation; secret empty for anonymous. */
enum ike_err mm_keys(struct engine *e, struct mm_sa *mm, struct span secret);
bool mm_is_usable(const struct mm_sa *mm);
/* Main mode and, if required, extended mode are complete. */
void mm_complete(struct engine *e, struct mm_sa *mm, enum mm_state state);
void mm_started(struct engine *e, struct mm_sa *mm);
/* The first quick mode proved the keys: tells it once. */
void mm_established(struct engine *e, struct mm_sa *mm);

/* ---- qm_init.c, qm_resp.c, qm_payload.c -------------------------------------------------- */

/* Starts what waits on this main mode, as far as its state allows. */
void qm_init_kick(struct engine *e, struct mm_sa *mm);
void qm_init_q2(struct engine *e, struct qm_sa *qm, const struct message *m);
void qm_init_q4(struct engine *e, struct qm_sa *qm, const struct message *m);
/* Tickets and event of a pair that works in both directions. */
void qm_usable(struct engine *e, struct qm_sa *qm);
void qm_resp_q1(struct engine *e, struct mm_sa *mm, const struct message *m,
    struct span datagram);
void qm_resp_q3(struct engine *e, struct qm_sa *qm, const struct message *m,
    struct span datagram);
bool qm_needs_em(const struct qm_sa *qm);
void qm_payload_hash(struct engine *e, const struct mm_sa *mm, const struct qm_sa *qm,
    const struct key *auth, size_t *fresh_at);
void qm_payload_hash_fill(struct engine *e, const struct mm_sa *mm, uint32_t message_id,
    size_t fresh_at);
enum ike_err qm_payload_hash_check(struct engine *e, struct mm_sa *mm,
    const struct message *m, bool later, const struct key *auth);
void qm_payload_ids(struct engine *e, const struct flow *selector, bool initiator);
/* EXCHANGE_INFO flags of m, 0 without (A76). */
uint32_t qm_payload_info(const struct message *m);
void qm_payload_put_info(struct engine *e, uint32_t flags);

/* ---- em_init.c, em_resp.c ------------------------------------------------------------------ */

void em_init_start(struct engine *e, struct mm_sa *mm);
void em_init_response(struct engine *e, struct mm_sa *mm, const struct message *m);
/* The GSS round is complete: Auth3. */
void em_init_authenticated(struct engine *e, struct mm_sa *mm);
void em_resp_request(struct engine *e, struct mm_sa *mm, const struct message *m,
    struct span datagram);
/* Keys of extended mode from the round's secret. */
enum ike_err em_keys(struct engine *e, struct mm_sa *mm);
enum ike_err em_chain_step(struct engine *e, struct mm_sa *mm, struct span wire,
    struct span payloads);
void em_installed(struct engine *e, struct mm_sa *mm);

/* ---- gss.c, gss_init.c, gss_resp.c --------------------------------------------------------- */

bool gss_is_em(const struct mm_sa *mm);
/* Asks the auth role; the answer comes with engine_auth_reply(). */
void gss_ask(struct engine *e, struct mm_sa *mm, enum auth_step step, struct span token);
void gss_abort(struct engine *e, struct mm_sa *mm);
void gss_chain(struct engine *e, struct mm_sa *mm, struct span wire, struct span payloads);
uint16_t gss_method(const struct gss *g);
/* Moves on after a failure; false: no method is left. same: stay at this one. */
bool gss_advance(struct gss *g, bool same);
void gss_done_store(struct mm_sa *mm, const struct engine_auth_reply *r);
void gss_init_start(struct engine *e, struct mm_sa *mm, const uint16_t *method, size_t n);
void gss_init_response(struct engine *e, struct mm_sa *mm, const struct message *m);
void gss_init_answer(struct engine *e, struct mm_sa *mm, const struct engine_auth_reply *r);
void gss_resp_start(struct mm_sa *mm, const uint16_t *method, size_t n);
void gss_resp_request(struct engine *e, struct mm_sa *mm, const struct message *m,
    struct span datagram);
void gss_resp_answer(struct engine *e, struct mm_sa *mm, const struct engine_auth_reply *r);
/* The methods of wire that entry list offers, in wire's order (MS-AIPS 3.3.5.1). */
size_t gss_acceptable(const struct auth_entry *entry, size_t n_entry,
    const struct pld_auth *wire, bool em, uint16_t *out);

/* ---- notify.c ------------------------------------------------------------------------------ */

/* Queues a reliable notify. message_id 0: a random one. */
void notify_reliable(struct engine *e, struct mm_sa *mm, uint8_t protocol, uint16_t type,
    uint32_t code, uint32_t message_id);
void notify_next(struct engine *e, struct mm_sa *mm);
void notify_queue_clear(struct mm_sa *mm);
void notify_input(struct engine *e, struct mm_sa *mm, const struct message *m,
    struct span datagram);
void notify_clear_input(struct engine *e, struct mm_sa *mm, const struct message *m);
/* STATUS in clear to a peer that has no keys with us; never larger than the request. */
void notify_clear_send(struct engine *e, const struct endpoint *local,
    const struct endpoint *remote, const struct isakmp_header *h, enum ike_err err,
    size_t request_n);

/* ---- sa_install.c -------------------------------------------------------------------------- */

enum ike_err sa_install_in(struct engine *e, struct qm_sa *qm);
enum ike_err sa_install_out(struct engine *e, struct qm_sa *qm);

/* ---- teardown.c: every way in which something ends ----------------------------------------- */

/*
 * A negotiation fails: one event, one result per ticket; SAs are deleted; the peer is told
 * with STATUS when keys are proven. r NULL: built from the state.
 */
void mm_fail(struct engine *e, struct mm_sa *mm, enum ike_err err, const struct report *r);
/* The same for one quick mode; the main mode stays if anything else needs it. */
void qm_fail(struct engine *e, struct qm_sa *qm, enum ike_err err, const struct report *r);
/* The peer reported the failure: it is not told again. */
void mm_fail_by_peer(struct engine *e, struct mm_sa *mm, uint32_t code);
void qm_fail_by_peer(struct engine *e, struct qm_sa *qm, uint32_t code);
/* Ends of established SAs. */
void mm_delete(struct engine *e, struct mm_sa *mm, enum ike_err why, bool tell_peer);
void qm_delete(struct engine *e, struct qm_sa *qm, enum ike_err why, bool tell_peer);
/* The peer wants no new quick modes on it (A63). */
void mm_drain(struct engine *e, struct mm_sa *mm, uint32_t code);
void mm_expire(struct engine *e, struct mm_sa *mm);
/* Frees a main mode that nothing holds any more. */
void mm_check_drained(struct engine *e, struct mm_sa *mm);
/* No ACK came: the peer is gone. */
void mm_peer_is_silent(struct engine *e, struct mm_sa *mm);

#endif
