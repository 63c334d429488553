/*
 * The engine: AuthIP as a function of (state, event, now, random) to (state, actions).
 * This header is the only door to ike/. Nothing here blocks, reads a clock or opens
 * anything; time is the caller's, in milliseconds of a clock that never goes back.
 *
 *	engine_input(e, now, ...);             an event
 *	while ((a = engine_next_action(e)))    what to do about it, in order
 *		perform(a);
 *	arm_timer(engine_deadline_ms(e));      when to call engine_advance()
 */
#ifndef AUTHIPD_IKE_ENGINE_H
#define AUTHIPD_IKE_ENGINE_H

#include "config/dialect.h"
#include "config/policy.h"
#include "crypto/secret.h"
#include "ike/errors.h"

struct engine;

/* ---- what the engine asks its host, synchronously ------------------------------------ */

struct engine_host {
	void *ctx;
	/* Strong random bytes; a seeded generator in simulations. */
	void (*random)(void *ctx, uint8_t *p, size_t n);
	/*
	 * Policy for main modes that this peer begins; NULL: refuse the peer. What the host
	 * lends here and below may change when the call is over: the engine has its own copy.
	 */
	const struct policy *(*mm_policy)(void *ctx, const struct endpoint *local,
	    const struct endpoint *remote);
	/*
	 * Which class of secured sockets (or rule) owns this traffic on our side? flow is
	 * what the peer proposed, seen from us. False: nobody: the quick mode is refused.
	 */
	bool (*qm_policy)(void *ctx, const struct flow *flow, struct class_policy *out);
	/* The dialect that is written for this peer, so that none is tried; NULL: none, or no host. */
	const struct dialect *(*peer_dialect)(void *ctx, const struct address *peer);
};

/* Readings of the secret of an authentication: index is the value of the knob gss_secret_*. */
#define AUTH_SECRET_FORMS 5

struct engine_params {
	struct engine_host host;
	struct dialect dialect;
	char gss_id[256]; /* our principal, UTF-8 */
	uint32_t max_mm_per_peer;	   /* 20 */
	uint32_t max_negotiations_per_peer; /* 35 */
	uint32_t max_qm_per_peer; /* that the peer began; 0: no limit */
	uint32_t max_mm_total;
	uint32_t replay_window;
	uint16_t nat_port; /* 4500; 0: no NAT traversal */
	uint32_t first_messages_per_s; /* of one /32 or IPv6 /64; 0: no limit */
	uint32_t half_open_enter;      /* first messages need a cookie; 0: never */
	uint32_t half_open_leave;      /* fewer: no longer */
	uint32_t fragment_size;	       /* IP packet; 0: 576 of IPv4, 1280 of IPv6 */
};

struct engine *engine_new(const struct engine_params *p);
void engine_free(struct engine *e);

/* ---- events ---------------------------------------------------------------------------- */

/* A UDP datagram for port 500, or for nat_port with its non-ESP marker taken off. */
void engine_input(struct engine *e, uint64_t now_ms, const struct endpoint *local,
    const struct endpoint *remote, struct span datagram);

/*
 * A flow needs an SA. The selector of the quick mode is `selector` (zero ports = any), or
 * that with local_port where the peer would mistake its pair for another one. An
 * SA pair that already covers it answers at once; a negotiation in progress is joined.
 * The answer is one ACTION_RESULT with this ticket.
 */
struct engine_acquire {
	uint64_t ticket; /* chosen by the caller, never 0 */
	struct flow selector;
	uint16_t local_port; /* of the flow, where the selector has any; 0: not known yet */
	bool renews; /* what an ACTION_SA_DELETE with renew has ended */
	bool is_shared; /* other classes of this host have connections to that port */
	struct class_policy policy;
};
void engine_acquire(struct engine *e, uint64_t now_ms, const struct engine_acquire *a);
/*
 * Would a quick mode for this flow, which is not shared, be for its port alone, if that were
 * known (ike/narrow.h)?
 */
bool engine_wants_port(const struct engine *e, uint32_t class_id, const struct flow *flow);

/* The answer to an ACTION_AUTH. */
enum auth_status {
	AUTH_CONTINUE, /* token for the peer; more to come */
	AUTH_DONE,     /* token may be empty; secret and peer name are set */
	AUTH_FAILED,   /* gss_status and text are set */
};
struct engine_auth_reply {
	uint64_t handle; /* of the ACTION_AUTH */
	enum auth_status status;
	struct span token;
	struct secret secret; /* as the configuration wants it */
	struct secret form[AUTH_SECRET_FORMS]; /* empty: auth does not have it */
	char peer_name[256];
	uint32_t gss_status; /* SEC_E_* for the peer, AUTH_FAILED only */
	char text[256];	     /* for our log: what went wrong and what to change */
	bool retry_possible; /* another credential of this method could work */
	bool wrong_target;   /* AUTH_FAILED: the peer is good, but not the one that was named */
};
void engine_auth_reply(struct engine *e, uint64_t now_ms, const struct engine_auth_reply *r);
/* The auth role died: every dialogue in progress fails. */
void engine_auth_gone(struct engine *e, uint64_t now_ms);

/* Timers: call at or after engine_deadline_ms(). */
void engine_advance(struct engine *e, uint64_t now_ms);

/* The data plane says that a quick mode must end. */
enum engine_expiry {
	EXPIRY_BYTES,
	EXPIRY_IDLE,
	EXPIRY_PLANE_GONE,
	EXPIRY_SILENT, /* the peer does not answer what TCP must answer: it may have restarted */
	/*
	 * Not yet, but soon, and it carries traffic: a new one is negotiated meanwhile. Said
	 * again as long as it is true.
	 */
	EXPIRY_SOFT,
	EXPIRY_UNHEARD, /* the same: the peer owes no answer, but was not heard for long */
};
void engine_qm_expired(struct engine *e, uint64_t now_ms, uint32_t qm_id,
    enum engine_expiry why);

/* The first authentic packet came by this quick mode: the peer sends by it. */
void engine_qm_in_use(struct engine *e, uint64_t now_ms, uint32_t qm_id);

/* An authentic packet of this quick mode came from another endpoint (NAT rebinding). */
void engine_peer_moved(struct engine *e, uint64_t now_ms, uint32_t qm_id,
    const struct endpoint *remote);

/* Deletes on request: id 0 = all. Tells the peers with reliable STATUS notifies. */
void engine_delete_mm(struct engine *e, uint64_t now_ms, uint32_t mm_id);
void engine_delete_qm(struct engine *e, uint64_t now_ms, uint32_t qm_id);
/* Deletes the quick modes of a class that ends. */
void engine_class_ended(struct engine *e, uint64_t now_ms, uint32_t class_id);
/*
 * The policy changed: what no longer matches what lookup says of its class ends, with reliable
 * notifies; what does stays, and is rekeyed as it would be negotiated now. False of lookup:
 * there is no such class.
 */
typedef bool class_lookup(void *ctx, uint32_t class_id, const struct endpoint *remote,
    struct class_policy *out);
void engine_policy_changed(struct engine *e, uint64_t now_ms, class_lookup *lookup, void *ctx);
/* New limits and readings for what begins from now on; host and nat_port stay as they are. */
void engine_set_params(struct engine *e, const struct engine_params *p);
/* Deletes every SA that belongs to a local address that went away. */
void engine_address_removed(struct engine *e, uint64_t now_ms, const struct address *a);
/* Deletes everything; engine_is_idle() tells when the notifies are done (bounded). */
void engine_shutdown(struct engine *e, uint64_t now_ms);
bool engine_is_idle(const struct engine *e);

/* ---- actions --------------------------------------------------------------------------- */

/* X(id, name) */
#define ENGINE_ACTIONS(X)             \
	X(ACTION_SEND, "send")        \
	X(ACTION_AUTH, "auth")        \
	X(ACTION_SA_ADD, "sa-add")    \
	X(ACTION_SA_DELETE, "sa-delete") \
	X(ACTION_SA_MOVE, "sa-move") \
	X(ACTION_RESULT, "result")    \
	X(ACTION_EVENT, "event")

enum engine_action_type {
#define ENGINE_ACTION_ENUM(id, name) id,
	ENGINE_ACTIONS(ENGINE_ACTION_ENUM)
};

/* A datagram to send; from nat_port: the host puts the non-ESP marker in front. */
struct action_send {
	struct endpoint local;
	struct endpoint remote;
	struct span data;
};

/* A step of an authentication dialogue for the auth role. */
enum auth_step {
	AUTH_START, /* new dialogue (initiator: no token yet; responder: first token) */
	AUTH_STEP,  /* next token of the peer */
	AUTH_ABORT, /* forget the dialogue; no answer is expected */
};
/*
 * A dialogue of IKEv1 (methods with AUTH_V1) is one phase 1. Its tokens, both ways, are lists
 * of parts (ike/auth_part.h), and it is AUTH_DONE, with the name of the peer, when both
 * sides have proved who they are:
 *
 *	AUTH_V1_PSK        START nonces          -> DONE, secret is SKEYID; ID, if the peer
 *	                                            has to show that one
 *	AUTH_V1_RSA,       START authorities*    -> own ID, certificates, authorities*
 *	AUTH_V1_ECDSA...   initiator, before it signs: STEP authorities -> the same again
 *	                   STEP  hash            -> signature of ours
 *	                   STEP  hash, signature, ID, certificates: verifies those of the peer
 *	AUTH_V1_KERBEROS   initiator: START      -> gss; STEP gss -> nothing
 *	                   responder: START gss  -> gss
 *	                   STEP  hash            -> signature: our wrapped hash
 *	                   STEP  hash, signature: verifies that of the peer
 *
 * The initiator signs first, the responder verifies first: auth refuses to sign before.
 */
#define AUTH_PARTS(X)                                                              \
	X(AUTH_PART_NONCES, 1, "nonces")     /* Ni_b | Nr_b */                     \
	X(AUTH_PART_HASH, 2, "hash")         /* HASH_I or HASH_R */                \
	X(AUTH_PART_SIGNATURE, 3, "signature") /* body of SIG, or of HASH (GSS) */ \
	X(AUTH_PART_ID, 4, "ID")             /* whole body: type, protocol, port, data */ \
	X(AUTH_PART_CERT, 5, "CERT")         /* whole body: encoding, data */      \
	X(AUTH_PART_AUTHORITY, 6, "authority") /* data of CERTREQ: a DER name */   \
	X(AUTH_PART_GSS, 7, "GSS")           /* a token of Kerberos */

enum auth_part_kind {
#define AUTH_PART_ENUM(id, number, name) id = number,
	AUTH_PARTS(AUTH_PART_ENUM)
};

struct action_auth {
	uint64_t handle; /* one dialogue; never reused */
	enum auth_step step;
	enum auth_method method;
	bool initiator;
	bool extended_mode;
	uint32_t credential; /* 0, 1, ...: try the n-th credential of this method */
	enum hash_id hash;   /* IKEv1: that of main mode */
	struct endpoint local;
	struct endpoint remote;
	char peer_gss_id[256]; /* unauthenticated hint */
	char target_name[256]; /* who the peer must prove to be; empty: anybody trusted */
	uint32_t uid;	       /* whose credentials to show; 0: this machine's */
	struct span token;
};

/* ESP in UDP (RFC 3948). local.port 0: no NAT, plain ESP or AH. */
struct nat_encap {
	struct endpoint local;
	struct endpoint remote;
	bool keepalive;	      /* we are behind a NAT: keep its mapping */
	bool peer_moves;      /* the peer is: follow its authentic packets */
	struct address inner; /* the peer's own address, as it says */
	uint8_t peer[16];     /* digest of who it is: two behind one NAT differ */
};

/* One direction of an IPsec SA pair. Keys are wiped after the action was fetched. */
struct action_sa_add {
	uint32_t qm_id;
	uint32_t mm_id;
	uint32_t class_id;
	bool inbound;
	bool guaranteed_encryption;
	bool peer_boundary; /* the peer takes clear packets of flows that are not secured */
	uint8_t protocol; /* 50 ESP, 51 AH */
	uint32_t spi;	  /* host order */
	struct flow selector;
	enum cipher_id cipher;
	enum hash_id integrity;
	struct secret cipher_key;
	struct secret integrity_key;
	uint32_t lifetime_s;
	uint64_t lifetime_bytes; /* 0 = none; hard limit */
	uint64_t soft_ms;	 /* after this time, say EXPIRY_SOFT; 0 = never */
	uint64_t soft_bytes;	 /* same, after so many of them in a direction */
	uint32_t idle_s;
	uint32_t unheard_s;	 /* nothing was heard for so long: say EXPIRY_UNHEARD */
	uint32_t allow_clear_ms; /* grace for clear text of a flow that may use it */
	uint32_t replay_window;
	struct nat_encap nat;
};

/* The peer's end of the UDP encapsulation changed. */
struct action_sa_move {
	uint32_t qm_id;
	struct endpoint remote;
};

/* Both directions of a pair (or the one that exists). */
struct action_sa_delete {
	uint32_t qm_id;
	uint32_t class_id;
	struct flow selector;
	bool replaced; /* a newer pair carries the traffic: nothing to hold */
	bool renew;    /* it is to be negotiated again, if its connection lives (ike/narrow.h) */
	bool guarantee_encryption;
	uint64_t lived_ms;
};

/* The end of an engine_acquire(). */
struct action_result {
	uint64_t ticket;
	enum ike_err error; /* IKE_OK: usable SA pair */
	uint32_t win32;	    /* code for NegotiationWinerr, 0 on success */
	uint32_t mm_id;
	uint32_t qm_id;
	char text[512]; /* failure: one line for a person */
};

/* X(id, name, severity: 0 debug 1 info 2 warning) */
#define ENGINE_EVENTS(X)                                             \
	X(EVENT_MM_STARTED, "main-mode-started", 1)                  \
	X(EVENT_MM_ESTABLISHED, "main-mode-established", 1)          \
	X(EVENT_EM_ESTABLISHED, "extended-mode-established", 1)      \
	X(EVENT_QM_ESTABLISHED, "quick-mode-established", 1)         \
	X(EVENT_MM_DELETED, "main-mode-deleted", 1)                  \
	X(EVENT_QM_DELETED, "quick-mode-deleted", 1)                 \
	X(EVENT_NEGOTIATION_FAILED, "negotiation-failed", 2)         \
	X(EVENT_RETRANSMIT, "retransmit", 0)                         \
	X(EVENT_PEER_STATUS, "peer-status", 2)                       \
	X(EVENT_FLOOD, "flood", 2)                                   \
	X(EVENT_DECLINED, "declined", 1)                             \
	X(EVENT_FLOW_CLEAR, "flow-clear", 0)                         \
	X(EVENT_CLEAR_FALLBACK, "clear-fallback", 0)                 \
	X(EVENT_DROP, "drop", 0)

enum engine_event_type {
#define ENGINE_EVENT_ENUM(id, name, severity) id,
	ENGINE_EVENTS(ENGINE_EVENT_ENUM)
};

struct action_event {
	enum engine_event_type type;
	enum ike_err error;
	uint32_t mm_id;
	uint32_t qm_id;
	struct endpoint local;
	struct endpoint remote;
	uint8_t icookie[8];
	/*
	 * The story, one line: for failures who, step, what was offered, what we want and
	 * what to change. No secrets.
	 */
	char text[512];
};

struct engine_action {
	enum engine_action_type type;
	union {
		struct action_send send;
		struct action_auth auth;
		struct action_sa_add sa_add;
		struct action_sa_delete sa_delete;
		struct action_sa_move sa_move;
		struct action_result result;
		struct action_event event;
	};
};

/* The next thing to do, or NULL. Valid until the next call of any engine function. */
const struct engine_action *engine_next_action(struct engine *e);
/* When to call engine_advance(); UINT64_MAX: no timer runs. */
uint64_t engine_deadline_ms(const struct engine *e);

const char *engine_event_name(enum engine_event_type t);
int engine_event_severity(enum engine_event_type t);

/* What the host saw of traffic: an event like the others, with its counter. */
void engine_report(struct engine *e, enum engine_event_type type, const struct flow *flow,
    const char *text);

/* ---- status ---------------------------------------------------------------------------- */

struct engine_mm_status {
	uint32_t id;
	bool initiator;
	const char *state; /* specification's state name */
	bool is_deleting;  /* out of use: only answers repeated notifies */
	struct endpoint local;
	struct endpoint remote;
	uint8_t icookie[8];
	uint8_t rcookie[8];
	enum cipher_id cipher;
	enum hash_id integrity;
	enum dh_group group;
	uint32_t lifetime_s;
	uint32_t age_s;
	uint32_t vendor_seen; /* bit 1 << enum ike_vendor */
	uint32_t vendor_version; /* peer's MS NT5 number, 0 = none */
	bool nat_detected;
	bool is_ikev1;
	const struct dialect *dialect; /* that is spoken with this peer */
	uint32_t method;     /* enum auth_method of main mode, 0 = not yet */
	char peer_name[256]; /* that it proved; empty if it is anonymous */
	bool em_required;
	const char *em_state;  /* "none", "negotiating", "established", "failed" */
	uint16_t em_method;    /* enum auth_method, 0 = none */
	char em_peer_name[256];
	bool peer_is_user;     /* so it says of the principal that it proved last */
	char peer_gss_id[256]; /* unauthenticated */
};

struct engine_qm_status {
	uint32_t id;
	uint32_t mm_id;
	bool initiator;
	const char *state;
	bool is_usable; /* both directions installed */
	uint32_t class_id;
	uint32_t spi_in;
	uint32_t spi_out;
	struct qm_proposal proposal; /* what was chosen */
	uint32_t age_s;
	struct flow selector;
	uint32_t message_id;
	bool udp; /* ESP in UDP */
	uint32_t rekeyed_from; /* the pair that it replaces, 0 = none */
	uint32_t n_rekeys;     /* since the first pair of this traffic */
	bool is_ikev1;
	uint32_t peer_method;  /* enum auth_method by which the peer proved its name, 0 = none */
	char peer_name[256];
};

/* Call back once per SA; return false to stop. */
void engine_walk_mm(const struct engine *e, uint64_t now_ms,
    bool (*each)(void *ctx, const struct engine_mm_status *s), void *ctx);
void engine_walk_qm(const struct engine *e, uint64_t now_ms,
    bool (*each)(void *ctx, const struct engine_qm_status *s), void *ctx);
/* One SA; false: there is none with this id. */
bool engine_get_mm(const struct engine *e, uint64_t now_ms, uint32_t mm_id,
    struct engine_mm_status *s);
bool engine_get_qm(const struct engine *e, uint64_t now_ms, uint32_t qm_id,
    struct engine_qm_status *s);
/*
 * The cipher key of a main mode, for a key log that was asked for. The caller wipes it. False:
 * there is no such main mode, or it has no keys yet.
 */
bool engine_mm_key(const struct engine *e, uint32_t mm_id, struct secret *key);
/* Counter of an error, and of events ("event" counters are indexed by event type). */
uint64_t engine_error_count(const struct engine *e, enum ike_err err);
uint64_t engine_event_count(const struct engine *e, enum engine_event_type t);
/* Finds the usable pair that carries flow for this class; 0 = none. */
uint32_t engine_find_qm(const struct engine *e, uint32_t class_id, const struct flow *flow);
/*
 * Does this peer speak IKE, as its main modes show? An answer of any kind counts, also one that
 * nobody vouches for; not what has ended, nor what it said before it left a first message
 * without an answer.
 */
bool engine_peer_speaks(const struct engine *e, const struct address *peer);
/* The class of a usable pair that carries flow; 0 = none. */
uint32_t engine_flow_class(const struct engine *e, const struct flow *flow);

#endif
