/* What the files of the kernel data plane share. */
#ifndef AUTHIPD_DAEMON_XFRM_STATE_H
#define AUTHIPD_DAEMON_XFRM_STATE_H

#include <sys/queue.h>

#include "daemon/ipc.h"
#include "daemon/log_limit.h"
#include "daemon/plane_counters.h"
#include "daemon/silence.h"
#include "daemon/xfrm.h"
#include "daemon/xfrm_netlink.h"

#define XFRM_BUCKETS 4096
#define XFRM_MAX_SECURED 16384 /* flows that are never clear again */
/* Connections of one selector: the kernel compares a packet with all policies of two addresses. */
#define XFRM_MAX_LIVE 1024
#define XFRM_MAX_POLICIES 65536 /* of ours; no more gates then */
#define XFRM_CLEAR_MS (10 * 60 * 1000) /* like FLOW_IDLE_MS of the plane */

/* Offsets from XFRM_PRIORITY_FIRST; a smaller one counts first. */
enum xfrm_priority {
	XFRM_PRIORITY_EXEMPT,	  /* multicast, broadcast, this host */
	XFRM_PRIORITY_CONNECTION, /* as the next, with both ports: it is one connection */
	XFRM_PRIORITY_FLOW,   /* a flow that was secured, or must not try again yet */
	XFRM_PRIORITY_CLEAR,  /* one that is clear: none of those that were secured */
	XFRM_PRIORITY_REMOTE, /* a class and one remote address (xfrm_remote.c) */
	XFRM_PRIORITY_CLASS,
	XFRM_PRIORITY_GUARD, /* blocks what the others do not cover */
	/* For each rule of the configuration, in their order: the first six of this list. */
	XFRM_PRIORITY_RULES,
	XFRM_PRIORITY_COUNT = XFRM_PRIORITY_RULES +
			      (XFRM_PRIORITY_CLASS + 1) * (CONFIG_MAX_RULES + 1),
};

/* One policy of ours: in the kernel, and here to put it back. */
struct xfrm_entry {
	LIST_ENTRY(xfrm_entry) link;
	struct xfrm_rule rule;
	uint32_t class_id;
	uint64_t until_ms;     /* UINT64_MAX: no end */
	struct xfrm_rule base; /* of the configuration, for the same traffic */
	uint32_t generation;   /* of base; not that of now: there is none */
	bool is_missing;       /* the kernel refused it: tried again by the tick */
	bool was_refused;      /* and that was said */
};

/* Both directions of an SA; index 0 outbound, 1 inbound. */
struct xfrm_pair {
	LIST_ENTRY(xfrm_pair) by_id;
	LIST_ENTRY(xfrm_pair) by_peer;
	LIST_ENTRY(xfrm_pair) by_spi[2]; /* once name is known */
	uint32_t qm_id;
	struct action_sa_add sa; /* without keys */
	struct xfrm_sa_name name[2];
	bool exists[2];
	uint64_t bytes[2];
	uint64_t packets[2];
	uint64_t was[2]; /* at the last tick */
	uint64_t sent;   /* since then */
	bool is_read[2]; /* at this one */
	uint32_t replayed; /* inbound packets refused */
	uint32_t integrity_failed;
	uint64_t since_ms;
	uint64_t last_ms;
	uint64_t soft_ms;
	uint64_t again_ms;
	uint64_t nat_sent_ms;
	uint64_t unanswered_ms; /* when the first of these was seen */
	uint64_t n_unanswered;	/* packets sent since the last one received */
	uint64_t heard;		/* packets of the peer when that was looked at */
	uint64_t heard_now;	/* by all its pairs of this class, if is_summed */
	bool is_summed;
	struct silence silence; /* of what is not TCP */
	bool was_complete; /* both directions existed: what follows from that is undone once */
	bool has_newer;
	bool is_expired; /* the negotiator was told */
	struct xfrm_guaranteed *guaranteed; /* NULL: it guarantees nothing */
	bool receives_only; /* its traffic is guaranteed encryption: xfrm_guarantee.c */
	bool stays_clear; /* its peer prefers clear text: xfrm_boundary.c */
};

/* A packet waits, or goes in clear meanwhile; the negotiator was asked. */
struct xfrm_acquire {
	TAILQ_ENTRY(xfrm_acquire) link;
	uint32_t class_id;
	struct flow flow;
	bool starts;
	uint32_t seq; /* of the kernel's larval state */
	uint32_t reqid;
	struct xfrm_sa_name larval;
};

/* Traffic that was secured once, seen as the selector of its SA. */
struct xfrm_secured {
	LIST_ENTRY(xfrm_secured) link;
	uint32_t class_id;
	struct flow selector;
	uint8_t protocol;
	uint64_t closes_ms; /* to clear packets */
	uint64_t seen_ms;   /* when there was an SA or a connection, where that counts */
	/* xfrm_narrow.c */
	uint64_t ended_ms; /* when there was no SA any more; 0: there is one */
	uint32_t n_live;   /* connections that were seen then */
};

struct xfrm_guaranteed; /* xfrm_guarantee.c */
struct sockdiag_entry;

/* What the daemon has to know of a class. */
struct xfrm_class {
	bool is_up;
	bool allow_insecure;
	bool clear_waits; /* what may be clear waits for a negotiation first */
	bool guarantee_encryption;
	uint8_t protocol; /* of its templates: ESP unless its policy has only AH */
	bool in_use;	  /* it has sockets */
	uint64_t end_ms;  /* when a class without sockets forgets its flows */
	bool is_rule;	  /* of the configuration: it selects traffic by itself */
	bool takes_clear; /* such a rule, inbound */
	struct rule rule;
	uint32_t order; /* of that rule among all */
};

/* xfrm_answer.c */
struct xfrm_answers {
	struct event *look;
	uint64_t until_ms; /* so long new flows may leave in clear without a question */
	size_t n; /* sockets that get answers in clear, when they were counted last */
};

/* xfrm_narrow.c */
struct xfrm_narrow {
	uint64_t looked_ms; /* before the tick */
	size_t n_new; /* connections, at that look */
};

struct xfrm {
	const struct config *config;
	struct event_base *base;
	struct ipc *negotiator; /* NULL: away */
	struct xfrm_netlink *netlink;
	int events_fd;
	struct log_limit refused; /* policies */
	struct log_limit alarms;
	bool events_lost; /* and events_fd is not read empty yet */
	int nat_fd;
	struct event *on_event;
	struct event *tick;
	uint64_t now_ms;
	LIST_HEAD(, xfrm_entry) entry[XFRM_BUCKETS];
	LIST_HEAD(, xfrm_pair) by_id[XFRM_BUCKETS];
	LIST_HEAD(, xfrm_pair) by_peer[XFRM_BUCKETS];
	LIST_HEAD(, xfrm_pair) by_spi[2][XFRM_BUCKETS];
	TAILQ_HEAD(, xfrm_acquire) acquires;
	LIST_HEAD(, xfrm_secured) secured[XFRM_BUCKETS];
	uint32_t n_secured_of[XFRM_BUCKETS];
	LIST_HEAD(, xfrm_guaranteed) guaranteed[XFRM_BUCKETS];
	size_t n_entries;
	size_t n_pairs;
	size_t n_acquires;
	size_t n_secured;
	size_t n_guaranteed;
	struct xfrm_answers answers;
	struct xfrm_narrow narrow;
	uint32_t rules[CONFIG_MAX_RULES]; /* those in force, in their order */
	size_t n_rules;
	xfrm_secured_told *told; /* NULL: nobody */
	void *told_ctx;
	uint32_t generation; /* of the rules; 0: never set */
	uint64_t count[PLANE_COUNTER_COUNT];
	uint64_t count_sent[PLANE_COUNTER_COUNT];
	uint64_t host_count[PLANE_COUNTER_COUNT]; /* xfrm_counters.c */
	struct xfrm_class class[CLASS_MAX + 1];
};

void xfrm_clock_read(struct xfrm *x);
bool xfrm_has_ipv6(void);
size_t xfrm_bucket(const struct address *a);
/* The mark and reqid of a class, and the class of a reqid (0: not ours). */
struct xfrm_mark_value xfrm_mark(const struct xfrm *x, uint32_t class_id);
/*
 * The mark that policies of a class look at. Traffic of a rule has none, and neither do its
 * states set one.
 */
struct xfrm_mark_value xfrm_policy_mark(const struct xfrm *x, uint32_t class_id);
struct xfrm_mark_value xfrm_state_mark(const struct xfrm *x, uint32_t class_id);
uint32_t xfrm_reqid(uint32_t class_id);
/* Of what only pairs for one connection each may send: no other pair of the class is taken. */
uint32_t xfrm_reqid_connection(uint32_t class_id);
uint32_t xfrm_reqid_class(uint32_t reqid);
/* REQUIRED or OPTIONAL: may its traffic ever be clear? */
enum xfrm_level xfrm_class_level(const struct xfrm *x, uint32_t class_id);
/* The same for what leaves, to peers of which nothing is known. */
enum xfrm_level xfrm_class_level_out(const struct xfrm *x, uint32_t class_id);

/* xfrm_policy.c */
bool xfrm_policy_class_up(struct xfrm *x, uint32_t class_id);
bool xfrm_policy_guard(struct xfrm *x, uint32_t class_id);
void xfrm_policy_class_down(struct xfrm *x, uint32_t class_id, bool keep_guard);
/* Sets or replaces. */
bool xfrm_policy_set(
    struct xfrm *x, uint32_t class_id, const struct xfrm_rule *r, uint64_t until_ms);
void xfrm_policy_unset(struct xfrm *x, const struct xfrm_rule *r);
/* Is there room for what a flood may do without? Gates need the rest. */
bool xfrm_policy_has_room(const struct xfrm *x);
/* Is this one of ours, and which? */
struct xfrm_entry *xfrm_policy_find(struct xfrm *x, const struct xfrm_rule *r);
void xfrm_policy_repair(struct xfrm *x, struct xfrm_entry *e);
/* Every one that is not in the kernel as it should be; how many that were. */
size_t xfrm_policy_repair_all(struct xfrm *x);
/* The memory of all entries; the kernel keeps what is there. */
void xfrm_policy_forget(struct xfrm *x);
/* Takes away what has ended. */
void xfrm_policy_tick(struct xfrm *x);
/* Ends one: what the configuration says about its traffic stays. */
void xfrm_policy_end(struct xfrm *x, struct xfrm_entry *e);
/* Ends what lets clear text pass for a time: traffic of the selector was secured. */
void xfrm_policy_end_clear(struct xfrm *x, uint32_t class_id, const struct flow *selector);
/* xfrm_class_level_out() has changed. */
void xfrm_policy_class_changed(struct xfrm *x, uint32_t class_id);
uint32_t xfrm_rule_priority(
    const struct xfrm *x, uint32_t class_id, enum xfrm_priority priority);
/* A policy of the class of this kind, for any traffic of the family. */
struct xfrm_rule xfrm_rule_new(const struct xfrm *x, uint32_t class_id, uint8_t family,
    enum xfrm_priority priority, enum xfrm_level level);
/* Multicast of both families, and the broadcast address of IPv4. */
struct xfrm_rule xfrm_rule_exempt(
    const struct xfrm *x, uint32_t class_id, uint8_t family, bool broadcast);
/* Rules of one flow (selector) and of one remote address of a class. */
struct xfrm_rule xfrm_rule_flow(const struct xfrm *x, uint32_t class_id,
    const struct flow *selector, enum xfrm_level level, uint8_t protocol);
struct xfrm_rule xfrm_rule_remote(
    const struct xfrm *x, uint32_t class_id, const struct address *remote);

/* xfrm_install.c: by priority, and by mark or reqid: no other program has both. */
bool xfrm_rule_is_ours(const struct config *c, const struct xfrm_rule *r);
/*
 * 0 or -errno; -EEXIST: another program's policy is there, and stays. was_there: ours was.
 */
int xfrm_install(struct xfrm *x, const struct xfrm_rule *r, bool was_there);
/* is_there: ours is known to be; else whose it is is looked at first. */
void xfrm_uninstall(struct xfrm *x, const struct xfrm_rule *r, bool is_there);
/* Says why, and what to change. */
void xfrm_install_failed(struct xfrm *x, const struct xfrm_rule *r, int error);

/* xfrm_remote.c: is the negotiator asked for anything to this peer, or was it? */
void xfrm_remote_asked(struct xfrm *x, uint32_t class_id, const struct address *remote);
/* A pair to it is complete. */
void xfrm_remote_secured(struct xfrm *x, uint32_t class_id, const struct address *remote);
/* Nothing asks for it, and no pair goes to it. */
void xfrm_remote_idle(struct xfrm *x, uint32_t class_id, const struct address *remote);
/* It does not answer: without an SA its traffic is clear from now on, for a time. */
void xfrm_remote_clear(struct xfrm *x, uint32_t class_id, const struct address *remote);
bool xfrm_remote_is_clear(struct xfrm *x, uint32_t class_id, const struct flow *flow);

/* xfrm_rules.c: is this what the configuration says, and nothing more? */
bool xfrm_rules_is_base(const struct xfrm *x, const struct xfrm_entry *e);
/* What leaves by the rule of a class. */
struct xfrm_rule xfrm_rules_out(
    const struct xfrm *x, uint32_t class_id, uint8_t family, uint8_t protocol);

/* xfrm_pair.c */
void xfrm_pair_add(struct xfrm *x, const struct action_sa_add *a);
void xfrm_pair_delete(struct xfrm *x, uint32_t qm_id);
/* Of a class; 0: all. */
void xfrm_pair_flush(struct xfrm *x, uint32_t class_id);
/* reqid is ours: which pair, and which direction? */
struct xfrm_pair *xfrm_pair_find(
    struct xfrm *x, const struct xfrm_sa_name *name, bool *inbound);
/* Does any pair of the class go to this address? */
bool xfrm_pair_has_remote(
    struct xfrm *x, uint32_t class_id, const struct address *remote);
/* Does any pair of the class carry some of this traffic? */
bool xfrm_pair_overlaps(
    const struct xfrm *x, uint32_t class_id, const struct flow *selector);
/* Is there a whole pair for this flow? */
bool xfrm_pair_serves(const struct xfrm *x, uint32_t class_id, const struct flow *f);
/* What it carries is guaranteed encryption, by another pair. */
void xfrm_pair_stop_sending(struct xfrm *x, struct xfrm_pair *p);
/* Does it select one connection only? */
bool xfrm_is_connection(const struct flow *selector);
/* Its pair, or its guarantee, is gone; what was secured once stays so. */
void xfrm_pair_connection_end(
    struct xfrm *x, uint32_t class_id, const struct flow *selector, uint8_t protocol);
/* Is there a whole pair for this connection alone, or may only such a one send it? */
bool xfrm_pair_is_of_connection(
    const struct xfrm *x, uint32_t class_id, const struct flow *selector);
void xfrm_pair_expire(struct xfrm *x, struct xfrm_pair *p, enum engine_expiry why);
/* It ends soon. */
void xfrm_pair_soft(struct xfrm *x, struct xfrm_pair *p);
/* The peer's end of the UDP encapsulation is there now. */
void xfrm_pair_move(struct xfrm *x, struct xfrm_pair *p, const struct endpoint *remote);
struct xfrm_pair *xfrm_pair_by_id(struct xfrm *x, uint32_t qm_id);

/* xfrm_usage.c: counters, idle time, silent peers */
void xfrm_usage_tick(struct xfrm *x);
/* What a pair carried since the last tick, before it is deleted. */
void xfrm_usage_last(struct xfrm *x, struct xfrm_pair *p);

/* xfrm_counters.c: what this host's IPsec has refused until now is not our doing */
void xfrm_counters_begin(struct xfrm *x);
void xfrm_counters_tick(struct xfrm *x);
/* A new negotiator knows no counters. */
void xfrm_counters_again(struct xfrm *x);

/* xfrm_check.c: NULL, or what is wrong with a request */
const char *xfrm_check_sa(const struct xfrm *x, const struct action_sa_add *a);

/* xfrm_acquire.c */
void xfrm_acquire_new(struct xfrm *x, const struct xfrm_event *e);
/*
 * Finds the questions that we have not heard, but another program has: the kernel asks again
 * only after 30 seconds.
 */
void xfrm_acquire_look(struct xfrm *x);
void xfrm_acquire_done(struct xfrm *x, const struct proto_acquire_done *d);
void xfrm_acquire_clear_now(struct xfrm *x, const struct proto_clear_now *c);
/* May the flow be clear later, but not yet? */
bool xfrm_acquire_waits(struct xfrm *x, uint32_t class_id, const struct flow *flow);
void xfrm_acquire_ask_again(struct xfrm *x);
/* Answers PROTO_FLOW_ASK: policies of a flow are all that is remembered of it. */
void xfrm_acquire_tell(struct xfrm *x, const struct proto_flow_state *ask);
void xfrm_acquire_flush(struct xfrm *x, uint32_t class_id);
/* Is the negotiator asked for anything to this address? */
bool xfrm_acquire_asks(
    const struct xfrm *x, uint32_t class_id, const struct address *remote);
/* Ends the state that stands for a question of the kernel; seq 0: not known. */
void xfrm_larval_end(struct xfrm_netlink *nl, const struct xfrm_sa_name *larval,
    uint32_t reqid, uint32_t seq, struct xfrm_mark_value mark);

/* xfrm_secured.c: flows of sockets that allowed clear text until they were secured */
typedef void xfrm_secured_each(struct xfrm *x, struct xfrm_secured *s);
/* Each may end. */
void xfrm_secured_walk(struct xfrm *x, xfrm_secured_each *each);
struct xfrm_secured *xfrm_secured_new(
    struct xfrm *x, uint32_t class_id, const struct flow *f, uint8_t protocol);
/* Of the very same selector; NULL: none. */
struct xfrm_secured *xfrm_secured_of(
    struct xfrm *x, uint32_t class_id, const struct flow *selector);
/* Selectors are by remote address (xfrm_bucket()), those of one connection by its ports, too. */
size_t xfrm_selector_bucket(const struct flow *selector);
void xfrm_secured_end(struct xfrm *x, struct xfrm_secured *s);
void xfrm_clear_secured(struct xfrm *x, const struct xfrm_pair *p);
/* A new pair carries connections that waited for one. */
void xfrm_secured_serve(struct xfrm *x, const struct action_sa_add *a);
/* The traffic of the very same selector was secured once. */
bool xfrm_clear_is_secured(
    struct xfrm *x, uint32_t class_id, const struct flow *selector);
/* Was all traffic of the selector secured once? */
bool xfrm_clear_never(struct xfrm *x, uint32_t class_id, const struct flow *selector);
void xfrm_clear_forget(struct xfrm *x, uint32_t class_id);

/* xfrm_clear.c: what comes in in clear, and how long is remembered what was secured */
void xfrm_clear_in_use(struct xfrm *x, uint32_t class_id, bool in_use);
/* For all traffic of s; false: there is none, and that was said. */
bool xfrm_clear_gate(struct xfrm *x, const struct xfrm_secured *s);
void xfrm_clear_gate_end(struct xfrm *x, const struct xfrm_secured *s);
void xfrm_clear_tick(struct xfrm *x);

/*
 * xfrm_narrow.c: selectors without an SA are remembered by their connections. begin: before
 * sockets are looked at, end: afterwards; saw_all: that did not fail. pair_gone: maybe the last.
 */
void xfrm_narrow_begin(struct xfrm *x);
void xfrm_narrow_socket(struct xfrm *x, const struct sockdiag_entry *e);
void xfrm_narrow_end(struct xfrm *x, bool saw_all);
void xfrm_narrow_pair_gone(
    struct xfrm *x, uint32_t class_id, const struct flow *selector);
/* May the socket be of this class? */
bool xfrm_socket_is_of(
    const struct xfrm *x, uint32_t class_id, const struct sockdiag_entry *e);

/*
 * xfrm_answer.c: answers in clear to what leaves in clear, where a rule takes it in no other way.
 * begin: so long from now on flows of the class may leave so, asked or not. now: what waited
 * leaves so.
 */
bool xfrm_answer_new(struct xfrm *x);
void xfrm_answer_free(struct xfrm *x);
void xfrm_answer_begin(struct xfrm *x, uint32_t class_id, uint64_t ms);
void xfrm_answer_now(struct xfrm *x, uint32_t class_id);
void xfrm_answer_tick(struct xfrm *x);

/*
 * xfrm_guarantee.c: traffic that only pairs send which guarantee encryption. note: that of a
 * new pair, leave: of one that ends; false after logging that there is no room. forbids: a may
 * receive, and not send. of_connection: only a pair for this connection alone will do. serve: a
 * new pair does for connections, too. covers: the flow belongs to such traffic.
 */
bool xfrm_guarantee_note(struct xfrm *x, struct xfrm_pair *p);
void xfrm_guarantee_leave(struct xfrm *x, struct xfrm_pair *p);
bool xfrm_guarantee_forbids(const struct xfrm *x, const struct action_sa_add *a);
bool xfrm_guarantee_of_connection(
    const struct xfrm *x, uint32_t class_id, const struct flow *selector);
void xfrm_guarantee_serve(struct xfrm *x, const struct action_sa_add *a);
bool xfrm_guarantee_covers(const struct xfrm *x, uint32_t class_id, const struct flow *f);
void xfrm_guarantee_tick(struct xfrm *x);
void xfrm_guarantee_forget(struct xfrm *x, uint32_t class_id);

/*
 * xfrm_boundary.c: an SA whose traffic stays in clear. begin: before the outbound state exists.
 * tell: the negotiator, when the pair is complete. is_clear: does the very same traffic?
 */
void xfrm_boundary_begin(struct xfrm *x, struct xfrm_pair *p);
void xfrm_boundary_tell(struct xfrm *x, const struct xfrm_pair *p);
void xfrm_boundary_tick(struct xfrm *x, struct xfrm_pair *p);
bool xfrm_boundary_is_clear(
    struct xfrm *x, uint32_t class_id, const struct flow *selector);
void xfrm_boundary_end(struct xfrm *x, struct xfrm_pair *p);

/*
 * xfrm_exempt.c: is the question about a broadcast, or about this host itself? Then it is answered
 * here.
 */
bool xfrm_exempt_take(struct xfrm *x, uint32_t class_id, const struct xfrm_event *e);
void xfrm_exempt_tick(struct xfrm *x);

/* xfrm_event.c */
void xfrm_event_read(struct xfrm *x);

#endif
