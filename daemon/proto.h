/*
 * Messages between the roles of one daemon. Both ends are the same binary, so that plain
 * structs travel; every receiver still checks the length, and keeper checks the meaning
 * of every field: it trusts no child. Struct bodies are copied out with proto_body().
 *
 *	keeper     privileged: opens sockets, TUN, routes; marks application sockets
 *	negotiator UDP 500, engine, API
 *	auth       keys, trust store and keytab; TLS, Kerberos
 *	plane      TUN, raw sockets, ESP/AH, UDP 4500
 */
#ifndef AUTHIPD_DAEMON_PROTO_H
#define AUTHIPD_DAEMON_PROTO_H

#include "config/config.h"
#include "crypto/secret.h"
#include "crypto/span.h"
#include "daemon/class_spec.h"


/* X(number, id, "name", from, to) */
#define PROTO_MESSAGES(X)                                                             \
	/* start-up: keeper hands a role its descriptors */                           \
	X(1, PROTO_START, "start", "keeper", "any")                                   \
	X(2, PROTO_PEER, "peer", "keeper", "any")                                     \
	X(3, PROTO_READY, "ready", "any", "keeper")                                   \
	X(4, PROTO_STOP, "stop", "keeper", "any")                                     \
	X(5, PROTO_STOPPED, "stopped", "negotiator", "keeper")                        \
	X(6, PROTO_FD, "fd", "keeper", "any")                                         \
	X(7, PROTO_CONFIG, "config", "keeper", "any")                                 \
	/* its channel to another role broke, though that one may live: another, please */ \
	X(8, PROTO_PEER_LOST, "peer-lost", "negotiator", "keeper")                    \
	/* application sockets */                                                     \
	X(16, PROTO_SECURE_ASK, "secure-ask", "negotiator", "keeper")                 \
	X(17, PROTO_SECURE_REPLY, "secure-reply", "keeper", "negotiator")             \
	X(18, PROTO_ADOPT, "adopt", "keeper", "negotiator")                           \
	X(19, PROTO_SOCKETS_LEFT, "sockets-left", "negotiator", "keeper")             \
	X(20, PROTO_IDENTITY_ASK, "identity-ask", "negotiator", "keeper")             \
	X(21, PROTO_IDENTITY_REPLY, "identity-reply", "keeper", "negotiator")         \
	X(22, PROTO_SOCKET_END, "socket-end", "negotiator", "keeper")                 \
	/* classes; those that exist are told before PROTO_ADOPTED */                  \
	X(24, PROTO_CLASS_ASK, "class-ask", "negotiator", "keeper")                   \
	X(25, PROTO_CLASS_FAILED, "class-failed", "keeper", "negotiator")             \
	X(26, PROTO_CLASS_END, "class-end", "negotiator", "keeper")                   \
	X(27, PROTO_CLASS_KNOWN, "class-known", "keeper", "negotiator")               \
	X(28, PROTO_CLASS_GONE, "class-gone", "keeper", "plane")                      \
	X(29, PROTO_ADOPTED, "adopted", "keeper", "negotiator")                       \
	X(30, PROTO_RULES, "rules", "negotiator", "keeper")                           \
	X(31, PROTO_RELOAD_ASK, "reload-ask", "negotiator", "keeper")                 \
	X(34, PROTO_RELOAD_REPLY, "reload-reply", "keeper", "negotiator")             \
	/* authentication */                                                          \
	X(32, PROTO_AUTH_ASK, "auth-ask", "negotiator", "auth")                       \
	X(33, PROTO_AUTH_REPLY, "auth-reply", "auth", "negotiator")                   \
	X(35, PROTO_CACHE_ASK, "cache-ask", "auth", "keeper")                         \
	X(36, PROTO_CACHE_REPLY, "cache-reply", "keeper", "auth")                     \
	/* data plane */                                                              \
	X(48, PROTO_CLASS, "class", "negotiator", "plane")                            \
	X(49, PROTO_SA_ADD, "sa-add", "negotiator", "plane")                          \
	X(50, PROTO_SA_DELETE, "sa-delete", "negotiator", "plane")                    \
	X(51, PROTO_ACQUIRE, "acquire", "plane", "negotiator")                        \
	X(52, PROTO_ACQUIRE_DONE, "acquire-done", "negotiator", "plane")              \
	X(53, PROTO_QM_EXPIRED, "qm-expired", "plane", "negotiator")                  \
	X(54, PROTO_QM_USAGE, "qm-usage", "plane", "negotiator")                      \
	X(55, PROTO_OWNER_ASK, "owner-ask", "plane", "negotiator")                    \
	X(56, PROTO_OWNER_REPLY, "owner-reply", "negotiator", "plane")                \
	X(57, PROTO_PLANE_COUNTERS, "plane-counters", "plane", "negotiator")          \
	/* NAT traversal: the plane owns UDP 4500 */                                  \
	X(58, PROTO_NAT_IN, "nat-in", "plane", "negotiator")                          \
	X(59, PROTO_NAT_OUT, "nat-out", "negotiator", "plane")                        \
	X(60, PROTO_SA_MOVE, "sa-move", "negotiator", "plane")                        \
	X(61, PROTO_PEER_MOVED, "peer-moved", "plane", "negotiator")                  \
	/* the kernel as data plane: each SA_ADD is answered when the kernel has it */ \
	X(62, PROTO_SA_ADDED, "sa-added", "plane", "negotiator")                      \
	/* ACQUIRE for a flow that was guaranteed encryption: only such an SA will do */ \
	X(63, PROTO_ACQUIRE_ENCRYPTED, "acquire-encrypted", "plane", "negotiator")    \
	/* clear text: what goes so, once for each flow; and what waits no longer */  \
	X(64, PROTO_FLOW_CLEAR, "flow-clear", "plane", "negotiator")                  \
	X(65, PROTO_CLEAR_NOW, "clear-now", "negotiator", "plane")                    \
	/* what the data plane knows of a flow, for authipctl explain */              \
	X(66, PROTO_FLOW_ASK, "flow-ask", "negotiator", "plane")                      \
	X(67, PROTO_FLOW_REPLY, "flow-reply", "plane", "negotiator")                  \
	/* flows that may never be clear again: keeper remembers them, for the next plane */ \
	X(68, PROTO_FLOW_SECURED, "flow-secured", "plane", "keeper")                  \
	X(69, PROTO_FLOW_FORGOTTEN, "flow-forgotten", "plane", "keeper")              \
	/* CLEAR_NOW was obeyed: the program that waits for it may send */            \
	X(70, PROTO_CLEAR_DONE, "clear-done", "plane", "negotiator")

enum proto_type {
#define PROTO_ENUM(number, id, name, from, to) id = number,
	PROTO_MESSAGES(PROTO_ENUM)
};

const char *proto_name(uint16_t type);
/* Copies exactly n bytes of a body into out; false if the length differs. */
bool proto_body(struct span body, void *out, size_t n);
/* SA_ADD; false, too, if a bool of it is neither 0 nor 1. */
struct action_sa_add;
bool proto_sa_add(struct span body, struct action_sa_add *out);

/* Descriptors that PROTO_FD carries, one each; the body is struct proto_fd. */
enum proto_fd_kind {
	FD_UDP4, /* port 500, for the negotiator */
	FD_UDP6,
	FD_API,	    /* listening sockets of the API */
	FD_CTL,
	FD_STATUS,
	FD_DIAG,    /* NETLINK_SOCK_DIAG with the destroy groups */
	FD_TUN,	    /* number = class */
	FD_RAW_OUT4, /* IPPROTO_RAW with IP_HDRINCL */
	FD_RAW_OUT6,
	FD_RAW_ESP4,
	FD_RAW_ESP6,
	FD_RAW_AH4,
	FD_RAW_AH6,
	FD_NAT4,    /* UDP nat_port, for the plane */
	FD_PACKET,  /* clear traffic of allow-insecure sockets (AF_PACKET) */
};
struct proto_fd {
	uint32_t kind;
	uint32_t number;
};

/*
 * PROTO_START carries the parsed configuration (struct config) as its body, PROTO_CONFIG the
 * one that replaces it.
 */

/* RELOAD_ASK, RELOAD_REPLY: read the configuration again; what was wrong with it. */
struct proto_reload {
	uint64_t client; /* of authipctl */
	bool ok;	 /* reply */
	char text[1024];
};

/* PROTO_PEER: a channel to another role comes with it; replaces an older one. */
struct proto_peer {
	uint32_t role; /* enum role_id */
};

/* SECURE_ASK: with the application's socket. */
struct proto_secure_ask {
	uint64_t request;
	uint32_t class_id; /* 0: no mark and no gate, it is only registered */
	uint32_t from_class; /* it is secured, and moves; 0: it is not yet */
	uint32_t uid; /* of the caller, from SO_PEERCRED */
};
struct proto_secure_reply {
	uint64_t request;
	uint32_t winsock_error; /* 0 or WSAE... */
	uint32_t class_id;
	uint32_t uid;	 /* as asked */
	uint32_t was_class; /* from_class, as asked */
	uint64_t cookie; /* SO_COOKIE of the socket */
	uint8_t family;	 /* 4 or 6 */
	uint8_t protocol; /* 6 or 17 */
};
/* SOCKET_END: a socket that may have moved is no more, and needs no gate. */
struct proto_socket_end {
	uint64_t cookie;
};
/* A live secured socket found after a restart. */
struct proto_adopt {
	uint64_t cookie;
	uint32_t class_id;
	uint32_t uid;
	uint8_t family;
	uint8_t protocol;
};

/* IDENTITY_ASK: which account of this host is this authenticated peer? */
#define PROTO_IDENTITY_GROUPS 256
struct proto_identity_ask {
	uint64_t request;
	uint32_t uid;	 /* of the program that wants to act for it, from SO_PEERCRED */
	uint32_t method; /* enum auth_method */
	char peer[256];
};
struct proto_identity_reply {
	uint64_t request;
	uint32_t winsock_error; /* 0 or WSAEACCES */
	uint32_t uid;
	uint32_t gid;
	uint32_t n_groups;
	uint32_t groups[PROTO_IDENTITY_GROUPS];
	char account[64];
};

/*
 * CLASS_ASK: make mark, rule, routes and device (or kernel policies) of this class; nothing
 * is answered when it worked. SECURE_ASK may follow at once. CLASS_KNOWN: it exists.
 */
struct proto_class_spec {
	uint32_t class_id;
	struct class_spec spec;
};
/* CLASS_FAILED: keeper could not make it. CLASS_END: nobody has it. CLASS_GONE: forget it. */
struct proto_class_id {
	uint32_t class_id;
};

/* RULES: the classes of the rules that are in force, in their order. */
struct proto_rules {
	uint32_t n;
	uint32_t class_id[CONFIG_MAX_RULES];
};

struct proto_auth_ask {
	uint64_t handle;
	uint32_t step;	 /* enum auth_step */
	uint32_t method; /* enum auth_method */
	uint32_t credential;
	uint32_t hash; /* enum hash_id, IKEv1 only */
	bool initiator;
	bool extended_mode;
	struct endpoint local;
	struct endpoint remote;
	char peer_gss_id[256];
	char target_name[256]; /* empty: any */
	uint32_t uid;	       /* whose credentials; 0: this machine's */
	/* token follows */
};
#define PROTO_SECRET_FORMS 5 /* AUTH_SECRET_FORMS of ike/engine.h */
struct proto_auth_reply {
	uint64_t handle;
	uint32_t status; /* enum auth_status */
	uint32_t gss_status;
	bool retry_possible;
	bool wrong_target;
	struct secret secret;
	struct secret form[PROTO_SECRET_FORMS]; /* of AuthIP; index: knob gss_secret_* */
	char peer_name[256];
	char text[256];
	/* token follows */
};

/* CACHE_ASK, CACHE_REPLY: the Kerberos tickets of a user; a copy of the file comes along. */
struct proto_cache {
	uint64_t handle; /* of the AUTH_ASK */
	uint32_t uid;
	uint32_t error; /* reply: errno, 0: there is a descriptor */
};

/* CLASS: what the plane has to know of a class, and whether it has sockets (or is a rule). */
struct proto_class {
	uint32_t class_id;
	bool in_use;
	bool is_rule;
	bool allow_insecure;
	bool guarantee_encryption;
	bool clear_waits; /* what may be clear waits until CLEAR_NOW or ACQUIRE_DONE */
};

/* SA_ADD: struct action_sa_add of ike/engine.h as it is. */

/* SA_ADDED: no body. */

struct proto_sa_delete {
	uint32_t qm_id;
};

/* ACQUIRE: a packet of this flow waits. */
struct proto_acquire {
	uint32_t class_id;
	struct flow flow; /* exact ports */
	bool starts;	  /* TCP SYN or UDP: our side began the flow */
	bool may_be_clear; /* it was never secured, and its class allows clear text */
};
struct proto_acquire_done {
	uint32_t class_id;
	struct flow flow;
	uint32_t error; /* enum ike_err; IKE_OK: SAs were added before this message */
};
/* FLOW_CLEAR: X(id, what is said of the flow) */
#define CLEAR_REASONS(X)                                                                \
	X(CLEAR_NEGOTIATING, "is sent in clear while it is negotiated")                 \
	X(CLEAR_FAILED, "is sent in clear: its negotiation failed")                     \
	X(CLEAR_NO_ANSWER, "is sent in clear: the peer does not answer")                \
	X(CLEAR_PEER_NAT, "is sent in clear: a NAT is between, and the peer takes it so") \
	X(CLEAR_INBOUND, "came in clear, as its socket allows")
enum clear_reason {
#define CLEAR_REASON_ENUM(id, text) id,
	CLEAR_REASONS(CLEAR_REASON_ENUM) CLEAR_REASON_COUNT
};
struct proto_flow_clear {
	uint32_t class_id;
	uint32_t why; /* enum clear_reason */
	uint32_t untold; /* flows before this one, of a flood, that nothing was said of */
	struct flow flow;
};
/*
 * CLEAR_NOW: the peer of this flow does not answer; what waits is sent in clear, and so is what
 * comes next. The flow need not have had a packet yet: its program may have asked.
 */
struct proto_clear_now {
	uint32_t class_id;
	struct flow flow;
	bool failed; /* it does answer, and refuses */
	uint64_t ask; /* of a program; 0: nobody wants a CLEAR_DONE */
};
struct proto_clear_done {
	uint64_t ask;
};
/* FLOW_SECURED (to a new plane, too), FLOW_FORGOTTEN */
struct proto_flow_secured {
	uint32_t class_id;
	struct flow flow;
};
/* FLOW_ASK, FLOW_REPLY: X(id, name) */
#define FLOW_SEEN(X)                                             \
	X(SEEN_NEVER, "unknown")   /* no packet of it, or long ago */ \
	X(SEEN_OPEN, "open")       /* its packets are sent */    \
	X(SEEN_WAITING, "waiting") /* for a negotiation */       \
	X(SEEN_FAILED, "failed")   /* that failed, a moment ago */ \
	X(SEEN_CLEAR, "clear")     /* there is an SA, whose peer prefers clear text */
enum flow_seen {
#define FLOW_SEEN_ENUM(id, name) id,
	FLOW_SEEN(FLOW_SEEN_ENUM) FLOW_SEEN_COUNT
};
struct proto_flow_state {
	uint64_t client; /* of authipctl */
	uint32_t class_id;
	struct flow flow;
	/* reply */
	uint32_t seen;	/* enum flow_seen */
	uint32_t qm_id; /* that it is sent by; 0: none, or not known */
	uint32_t n_held;
	bool was_secured;
	bool fell_back;
};
/* QM_EXPIRED: byte limit or idle time reached; a soft limit is told again and again. */
struct proto_qm_expired {
	uint32_t qm_id;
	uint32_t why; /* enum engine_expiry */
};
/* QM_USAGE: running totals, sent when they changed. */
struct proto_qm_usage {
	uint32_t qm_id;
	uint64_t bytes_in;
	uint64_t bytes_out;
	uint64_t packets_in;
	uint64_t packets_out;
};
/* OWNER_ASK: clear packet for a port: does an allow-insecure socket own it? */
struct proto_owner {
	struct flow flow;
	uint32_t class_id; /* reply: 0 = nobody */
};

/* NAT_IN, NAT_OUT: an IKE message, without its non-ESP marker. */
struct proto_nat {
	struct endpoint local;
	struct endpoint remote;
	/* message follows */
};
/* SA_MOVE, PEER_MOVED: the peer's end of the UDP encapsulation is another one now. */
struct proto_move {
	uint32_t qm_id;
	struct endpoint remote;
};

/* PLANE_COUNTERS: totals by index of PLANE_COUNTERS (daemon/plane_counters.h). */

#endif
