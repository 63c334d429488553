/*
 * The state of the engine: main modes, quick modes, and what one negotiation needs while
 * it runs. Internal to ike/.
 */
#ifndef AUTHIPD_IKE_STATE_H
#define AUTHIPD_IKE_STATE_H

#include <sys/queue.h>

#include "ike/blob.h"
#include "ike/chain.h"
#include "ike/chain_log.h"
#include "ike/dos.h"
#include "ike/engine.h"
#include "ike/fragment.h"
#include "ike/gss.h"
#include "ike/keys.h"
#include "ike/message.h"
#include "ike/payload.h"
#include "ike/peer.h"
#include "ike/proposal.h"
#include "ike/request.h"
#include "ike/rules.h"
#include "ike/text.h"
#include "ike/timer.h"

#define SADB_BUCKETS 4096
#define SPI_MIN 256
#define GSS_MAX_DIALOGUES 8
#define GSS_MAX_ROUNDS 40
#define GONE_QMS 16
#define NOTIFY_QUEUE_MAX 64
#define DIGEST_BYTES 16
#define ANSWERED_AGAIN_MAX 16
#define OLD_RESPONSES 8
#define MM_TIMERS 5
#define QM_TIMERS 3
#define GRACE_EXTRA_MS 5000
#define TARGET_NAME_BYTES 256

/* X(id, name of MS-AIPS 3) */
#define MM_STATES(X)                                                      \
	X(MM_TOKEN_FIRST, "waiting for the token of the first packet")    \
	X(MM_FIRST_SENT, "MM First Generalized Packet Sent")              \
	X(MM_INIT_FIRST_DONE, "MM Initiator First Exchange Done")         \
	X(MM_RESP_FIRST_DONE, "MM Responder First Exchange Done")         \
	X(MM_ESTABLISHED, "Established")                                  \
	X(MM_DYING, "deleting")

#define QM_STATES(X)                                                      \
	X(QM_PENDING, "waiting for the main mode")                        \
	X(QM_INIT_FIRST_SENT, "QM Initiator First Packet Sent")           \
	X(QM_INIT_SECOND_SENT, "QM Initiator Second Packet Sent")         \
	X(QM_INIT_DONE, "QM Initiator Done")                              \
	X(QM_RESP_FIRST_DONE, "QM Responder First Exchange Done")         \
	X(QM_RESP_DONE, "QM Responder Done")

#define STATE_ENUM(id, name) id,
enum mm_state { MM_STATES(STATE_ENUM) };
enum qm_state { QM_STATES(STATE_ENUM) };

/* The last request of the peer, by digest, and our answer (MS-AIPS 3.1, responder). */
struct answered {
	bool set;
	uint8_t digest[DIGEST_BYTES];
	struct blob response; /* empty: still in process */
	struct fragment_cut cut;
	uint32_t n_again;     /* how often it was sent again */
	bool in_fragments;    /* that is how the request came */
	uint8_t first[FRAGMENT_DIGEST_BYTES]; /* of its first fragment */
	uint64_t sent_ms;     /* the response, the last time */
};

/* Sequence numbers: one stream per kind of exchange (A30). */
enum seq_kind { SEQ_MM, SEQ_QM, SEQ_EM, SEQ_NOTIFY, SEQ_KINDS };
struct seq_window {
	bool any;
	uint32_t top;
	uint64_t seen; /* bit i: top - i */
};

struct mm_keys {
	bool ready;
	bool has_em;
	bool peer_proved; /* a message of the peer passed the ICV */
	size_t hash_n;
	size_t icv_n;
	uint8_t d[HASH_MAX_BYTES];
	uint8_t a[HASH_MAX_BYTES];
	uint8_t em[HASH_MAX_BYTES];
	uint8_t auth1[HASH_MAX_BYTES];
	uint8_t auth2[HASH_MAX_BYTES];
	uint8_t cipher_key[CIPHER_MAX_KEY_BYTES];
};

struct notify_item {
	STAILQ_ENTRY(notify_item) next;
	uint8_t protocol;
	uint16_t type;
	uint32_t code; /* of ACQUIRE: the flags */
	uint32_t message_id;
	struct flow selector; /* of ACQUIRE */
};

struct v1_mm;
LIST_HEAD(mm_list, mm_sa);
LIST_HEAD(qm_list, qm_sa);

struct mm_sa {
	LIST_ENTRY(mm_sa) all_link;
	LIST_ENTRY(mm_sa) id_link;
	LIST_ENTRY(mm_sa) cookie_link;
	LIST_ENTRY(mm_sa) peer_link;
	TAILQ_ENTRY(mm_sa) half_open_link; /* while makes_room */
	struct qm_list quick_modes;
	uint32_t id;
	enum mm_state state;
	bool initiator;
	bool expired; /* no new quick modes on it */
	bool is_first_contact; /* there was none with this peer when it began, and it said so */
	bool peer_ended; /* the peer said so */
	bool nat_detected;
	bool nat_local;	 /* we are behind a NAT */
	bool nat_remote; /* the peer is */
	bool floated;	 /* to nat_port: ESP goes in UDP */
	struct address peer_inner; /* the peer's own address, once it told */
	bool half_open;	     /* responder: the peer has proved nothing yet (dos.c) */
	bool makes_room;     /* same, IKEv1, and it may have to go (dos.c) */
	bool by_cookie;	     /* responder: M1 showed a cookie, it is CKY-R now */
	bool fragments;	     /* large messages go in fragments at once (fragment.c) */
	const struct policy *policy; /* policy_of.policy */
	struct class_policy policy_of; /* what it was negotiated for; held (policy_pool.c) */
	const struct dialect *dialect; /* borrowed from the engine (tongue.c) */
	bool may_probe;		       /* another one may be tried */
	struct habits habits;	       /* responder: what the peer did (habit.c) */
	struct chain_log log;	       /* of main mode, until the peer is proved */
	struct endpoint local, remote;
	uint8_t icookie[COOKIE_BYTES], rcookie[COOKIE_BYTES];
	uint64_t created_ms, established_ms;
	uint64_t heard_ms; /* something authentic */
	uint32_t n_quick_modes; /* ever started */
	uint32_t group_attempt;
	enum dh_group group;
	struct mm_proposal chosen;
	uint32_t vendor_seen;
	uint32_t vendor_version;
	uint32_t peer_status; /* code of a notify in clear, 0 = none */
	uint32_t peer_code; /* of the last authentic one that said that something failed */
	uint32_t cookie_n_sent; /* transmission of M1 that a DOS_COOKIE answered, 0 = none */
	char peer_gss_id[256];
	struct dh *dh;	  /* owned, until the keys exist */
	struct secret *z; /* owned, until extended mode is through */
	struct blob ni;	  /* whole Nonce payloads */
	struct blob nr;
	struct blob nr_qm;
	struct mm_keys keys;
	struct v1_mm *v1; /* owned; IKEv1 (v1.h), else NULL */
	struct mm_sa *twin; /* the same with the other protocol (v1_coexist.c) */
	struct gss gss; /* of main mode */
	struct gss em;	/* of extended mode */
	struct blob m1;	/* responder: it waits for auth to answer its token */
	uint32_t seq_next[SEQ_KINDS];
	struct seq_window seq_seen[SEQ_KINDS];
	struct request request;
	struct request notify_request;
	uint32_t notify_seq;
	STAILQ_HEAD(, notify_item) notify_queue;
	uint32_t n_notify;
	struct answered answered;
	struct answered notify_answered;
	uint32_t gone_qm[GONE_QMS]; /* ring: message IDs of quick modes that were here */
	uint32_t n_gone_qm;
	uint8_t old_response[OLD_RESPONSES][DIGEST_BYTES]; /* ring: responses already used */
	uint32_t n_old_response;
	struct reassembly *reassembly; /* owned; NULL: none open */
	struct timer reassembly_timer;
	struct timer responder_timer;
	struct timer lifetime;
};

struct ticket {
	SLIST_ENTRY(ticket) next;
	uint64_t id;
	uint16_t local_port; /* of the flow; 0: not known */
};

struct qm_sa {
	LIST_ENTRY(qm_sa) all_link;
	LIST_ENTRY(qm_sa) id_link;
	LIST_ENTRY(qm_sa) mm_link;
	LIST_ENTRY(qm_sa) peer_link;
	LIST_ENTRY(qm_sa) spi_link; /* once sadb_qm_name() was called */
	struct mm_sa *mm; /* NULL: the main mode's lifetime is over (A86) */
	uint32_t id;
	uint32_t mm_id;
	enum qm_state state;
	bool initiator;
	bool is_first;	 /* inside the main-mode exchange */
	bool is_fast;	 /* no synchronize exchange (A54) */
	bool negotiated; /* both sides chose */
	bool in_installed, out_installed;
	bool guaranteed_encryption;
	bool peer_boundary;
	bool is_shared; /* see struct engine_acquire */
	bool is_doubted; /* nobody waits for it, see rekey_afresh() */
	uint8_t n_afresh;
	bool is_kept; /* we see that there is one as long as its connection lives (narrow.h) */
	bool udp; /* ESP in UDP */
	struct address id_initiator; /* responder: IDs as they came */
	struct address id_responder;
	struct address peer_inner; /* the peer's own address behind its NAT */
	uint8_t peer[DIGEST_BYTES]; /* who it is, once SAs are installed; ESP in UDP only */
	uint32_t message_id;
	struct class_policy policy; /* held (policy_pool.c) */
	struct flow selector;
	uint32_t spi_in, spi_out;
	struct qm_choice choice;
	uint64_t created_ms;
	uint64_t usable_ms;
	uint32_t usable_after; /* the newest id when it became usable */
	uint32_t rekeyed_from;
	uint32_t n_rekeys;
	bool is_replaced; /* a newer pair carries its traffic */
	bool is_contested; /* both were new: the peer may have it the other way round */
	bool is_told;	  /* the peer knows that it ends */
	uint64_t ends_ms; /* of its lifetime; UINT64_MAX: none */
	uint32_t policy_round; /* when it was last checked against the policy */
	uint32_t peer_method;	/* how the peer proved who it is: it outlives the main mode */
	struct blob peer_name;	/* text */
	bool is_v1, is_named;
	uint8_t v1_iv[CIPHER_MAX_BLOCK_BYTES]; /* last block of ciphertext */
	struct blob ni; /* whole Nonce payloads */
	struct blob nr;
	struct dh *dh;	  /* owned; PFS */
	struct secret *z; /* owned; PFS */
	SLIST_HEAD(, ticket) tickets;
	struct request request;
	struct answered answered;
	struct timer responder_timer;
	struct timer lifetime;
};

struct action_node {
	STAILQ_ENTRY(action_node) next;
	struct engine_action action;
	uint8_t *owned; /* what the action's span points to */
	size_t owned_n;
};

/* One small datagram that needs no memory: the answer to a flood. */
#define QUICK_SEND_BYTES 64
struct quick_send {
	bool queued;
	struct action_node node;
	uint8_t b[QUICK_SEND_BYTES];
};

struct engine {
	struct engine_params p;
	uint64_t now_ms;
	bool shutting_down;
	uint64_t hash_seed[4];
	uint32_t next_mm_id, next_qm_id;
	uint64_t next_handle;
	uint32_t n_mm;
	struct mm_list mm_all;
	struct qm_list qm_all;
	struct mm_list bucket[SADB_BUCKETS];  /* by initiator cookie */
	struct mm_list mm_peer[SADB_BUCKETS]; /* by remote address */
	struct qm_list qm_peer[SADB_BUCKETS];
	struct mm_list mm_id[SADB_BUCKETS]; /* by id, which counts */
	struct qm_list qm_id[SADB_BUCKETS];
	struct qm_list qm_spi[SADB_BUCKETS]; /* of IKEv1, by protocol and SPI of the peer */
	LIST_HEAD(, held_policy) policies;
	uint32_t policy_round; /* how often the policy has changed */
	struct timer_heap timers;
	STAILQ_HEAD(, action_node) actions;
	struct action_node *current; /* the action that the host is looking at */
	struct quick_send quick;
	struct dos dos;
	struct {
		struct dialect *known[64]; /* owned */
		size_t n_known;
		struct dialect trial; /* while candidates are tried */
		const struct dialect *last_good; /* NULL: that of the configuration */
		struct habits habits;		 /* of whoever came last */
		uint64_t second_ms;
		uint32_t n_probes; /* in this second */
	} tongue;
	struct peer_memory *peers; /* owned; NULL: nobody yet */
	struct reassembly_list reassemblies; /* oldest first */
	size_t reassembly_bytes;
	uint16_t fragment_id;
	uint8_t *whole; /* owned: a message made of fragments */
	bool in_whole;	/* that is what e->datagram is */
	uint8_t whole_first[FRAGMENT_DIGEST_BYTES]; /* of its first fragment */
	uint64_t error_count[IKE_ERR_COUNT];
	uint64_t event_count[EVENT_DROP + 1];
	/* scratch, valid within one event */
	struct builder *out; /* owned */
	uint8_t *plain;	     /* owned, MESSAGE_MAX_BYTES + 1 */
	struct message in;
	struct span datagram;
	uint8_t digest[DIGEST_BYTES]; /* of datagram */
	const struct endpoint *in_local, *in_remote;
	struct pld_sa sa_in, sa_out;
};

/* ---- sadb.c: tables, life and death of the objects ------------------------------------- */

/* Keyed hash for tables that peers must not aim at. */
uint64_t sadb_hash_bytes(const struct engine *e, const uint8_t *p, size_t n);
struct mm_sa *sadb_mm_new(struct engine *e, bool initiator, const struct endpoint *local,
    const struct endpoint *remote, const uint8_t *icookie);
/* Orphans its usable quick modes and frees the others. */
void sadb_mm_free(struct engine *e, struct mm_sa *mm);
/* NULL: there is none. */
struct mm_sa *sadb_mm_by_id(const struct engine *e, uint32_t id);
struct qm_sa *sadb_qm_by_id(const struct engine *e, uint32_t id);
/* The main mode that a message with these cookies between these addresses belongs to. */
struct mm_sa *sadb_mm_find(const struct engine *e, const uint8_t *icookie,
    const uint8_t *rcookie, const struct endpoint *local, const struct endpoint *remote);
/* The responder's main mode that this initiator cookie has already started. */
struct mm_sa *sadb_mm_find_m1(const struct engine *e, const uint8_t *icookie,
    const struct endpoint *remote);
/* Did we choose this initiator cookie? */
bool sadb_mm_is_own(const struct engine *e, const uint8_t *icookie);
/* Is there one with keys, or a pair; `but` does not count (NULL: all do). */
bool sadb_mm_exists_with(
    const struct engine *e, const struct address *peer, const struct mm_sa *but);
/* Main modes with keys, and negotiations that the peer has in progress (MS-AIPS 3.3.7.1). */
void sadb_count_peer(const struct engine *e, const struct address *peer, uint32_t *n_mm,
    uint32_t *n_negotiating);
/* The peer's address is another one now: files the main mode under it. */
void sadb_mm_set_remote(struct engine *e, struct mm_sa *mm, const struct endpoint *remote);
/* First in the list that may hold main (quick) modes with this peer: check the address. */
struct mm_sa *sadb_mm_first(const struct engine *e, const struct address *peer);
struct qm_sa *sadb_qm_first(const struct engine *e, const struct address *peer);
struct qm_sa *sadb_qm_new(struct engine *e, struct mm_sa *mm, bool initiator);
void sadb_qm_free(struct engine *e, struct qm_sa *qm);
struct qm_sa *sadb_qm_by_message_id(const struct mm_sa *mm, uint32_t message_id);
/* Moves a waiting quick mode to another main mode. */
void sadb_qm_move(struct qm_sa *qm, struct mm_sa *mm);

static inline bool
qm_is_usable(const struct qm_sa *qm)
{
	return qm->in_installed && qm->out_installed;
}

/* ---- action.c, event.c: what the host shall do ------------------------------------------- */

/* Appends an action; owned is copied and becomes its span. NULL (counted): no memory. */
struct engine_action *action_push(struct engine *e, enum engine_action_type type,
    struct span owned);
void action_send_to(struct engine *e, const struct mm_sa *mm, struct span data);
/* Without memory, at most QUICK_SEND_BYTES; lost if the last one was not fetched yet. */
void action_send_quick(struct engine *e, const struct endpoint *local,
    const struct endpoint *remote, struct span data);
void event_mm(struct engine *e, enum engine_event_type type, const struct mm_sa *mm,
    enum ike_err err, const char *text);
void event_qm(struct engine *e, enum engine_event_type type, const struct qm_sa *qm,
    enum ike_err err, const char *text);
/* About the engine as a whole. */
void event_engine(struct engine *e, enum engine_event_type type, enum ike_err err,
    const char *text);
/* Counts a dropped message and tells it. mm may be NULL. */
void event_drop(struct engine *e, const struct mm_sa *mm, enum ike_err err);
/* One line: peer, step, what went wrong, detail, what to change. */
void event_failure_text(struct text *t, const struct mm_sa *mm, const char *step,
    enum ike_err err, const char *detail);

/* ---- exchange.c: requests, responses, duplicates ----------------------------------------- */

/* The digest of a message; of M1 but CKY-R: it may come again with a cookie (dos.c). */
void exchange_digest(struct span datagram, bool is_m1, uint8_t *digest);
void exchange_begin(struct engine *e, const struct mm_sa *mm, uint8_t exchange,
    uint32_t message_id, uint32_t seq, bool encrypted);
/* Seals; the bytes live in e->out until the next message. */
bool exchange_finish(struct engine *e, const struct mm_sa *mm, struct span *wire);
/* Checks the ICV and decrypts e->in. False: dropped and counted. */
bool exchange_open(struct engine *e, struct mm_sa *mm);
/* Same, but nothing happens on failure: for another dialect. */
enum ike_err exchange_try(struct engine *e, struct mm_sa *mm);
/* Checks the payload rules. False: dropped and counted. */
bool exchange_rules(struct engine *e, struct mm_sa *mm, enum ike_message_id id);
/* At the side that asked: has this response been used already? Remembers it. */
bool exchange_is_old_response(struct engine *e, struct mm_sa *mm);
uint32_t seq_take(struct mm_sa *mm, enum seq_kind k, const struct dialect *d);
uint32_t seq_answer(uint32_t seq, const struct dialect *d); /* to that request */
/* An authenticated number of the peer: false if it was seen or is old. */
bool seq_is_new(const struct mm_sa *mm, enum seq_kind k, uint32_t seq);
bool seq_accept(struct mm_sa *mm, enum seq_kind k, uint32_t seq);
/* Is e->digest that of its request, or first (unless NULL) that of its first fragment? */
bool answered_is(const struct engine *e, const struct answered *a, const uint8_t *first);
/* Takes the datagram as the request of this slot; its answer is still to come. */
void answered_begin(struct engine *e, struct answered *a);
/* Stores and sends the answer. */
void answered_reply(struct engine *e, struct answered *a, struct mm_sa *mm,
    struct span response);
void answered_free(struct answered *a);

/* ---- mm_keys.c: key derivation from the state --------------------------------------------- */

/* The round that runs: extended mode follows when main mode is established. */
static inline struct gss *
gss_now(struct mm_sa *mm)
{
	return mm->state == MM_ESTABLISHED ? &mm->em : &mm->gss;
}

static inline bool
gss_is_main(const struct mm_sa *mm)
{
	return mm->state != MM_ESTABLISHED;
}

/* Adds a message to the chain of main mode or extended mode. */
bool chain_add(struct mm_sa *mm, struct gss *g, struct span wire, struct span payloads);
/* Main-mode keys, Auth1 and Auth2, with the secret of its round if that has one. */
bool keys_derive_mm(struct mm_sa *mm);
bool keys_derive_em(struct mm_sa *mm);
/* Auth3 (of the initiator) or Auth4; out holds 2 * HASH_MAX_BYTES. Length, 0 on failure. */
size_t keys_auth34(const struct mm_sa *mm, bool auth4, uint8_t *out);
bool keys_derive_ipsec(const struct qm_sa *qm, uint32_t spi, struct secret *cipher_key,
    struct secret *integrity_key);

#include "ike/modes.h"

#endif
