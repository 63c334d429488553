/* The negotiator: the engine's host. What its files share. */
#ifndef AUTHIPD_DAEMON_NEGOTIATOR_H
#define AUTHIPD_DAEMON_NEGOTIATOR_H

#include <sys/queue.h>

#include "daemon/ipc.h"
#include "daemon/log_limit.h"
#include "daemon/plane_counters.h"
#include "daemon/proto.h"
#include "daemon/role.h"
#include "daemon/user_load.h"
#include "ike/engine.h"

struct api_server;
struct class_table;
struct ctl_server;
struct socket_table;
struct wfp;
struct deferred;
struct renewal;

/* Who waits for an engine_acquire(). */
struct waiter {
	TAILQ_ENTRY(waiter) next;
	uint64_t ticket;
	bool is_plane;
	bool is_renewal; /* nego_renew.c */
	uint32_t class_id; /* plane */
	bool guarantee_encryption; /* the flow does, whatever its class says */
	struct flow flow;
	uint64_t ctl_client; /* authipctl initiate */
	uint64_t api_ask;    /* a program that is about to connect; 0: none */
	uint32_t uid;	     /* of that program, or whose packets wait */
	bool is_counted;     /* nego_user.c: for uid */
	uint64_t cookie;     /* of its socket; 0: none */
	struct flow asked_for; /* the selector of the negotiation */
	uint64_t fallback_ms; /* no answer until then: it stays clear; 0: never */
	bool may_be_clear; /* of a program: it goes on, however this ends */
};

/* Why the last negotiations failed, for authipctl explain; a ring. */
#define NEGO_FAILURES 64
struct failure {
	uint64_t at_ms; /* 0: none */
	uint32_t class_id;
	struct flow selector;
	char text[512];
};

#define NEGO_USAGE_BUCKETS 4096
/* Peers that did not answer: what may be clear waits no more for them; a ring. */
#define NEGO_SILENT 64
struct silent_peer {
	uint64_t at_ms;
	uint32_t class_id; /* 0: none */
	struct address remote;
};

/* Bytes and packets of a quick mode, as the plane counts them. */
struct usage {
	LIST_ENTRY(usage) next;
	struct proto_qm_usage total;
	uint32_t class_id;
};

#define NEGO_NOBODY UINT64_MAX /* api_ask of a program that does not wait */

struct negotiator {
	const struct config *config;
	struct event_base *base;
	struct ipc *keeper;
	struct ipc *auth;  /* NULL: not there now */
	struct ipc *plane; /* the plane role, or keeper for the kernel; NULL: not there now */
	struct engine *engine;
	struct event *engine_timer;
	struct event *stop_timer;
	struct event *udp_event[2]; /* IPv4, IPv6 */
	int udp_fd[2];
	struct event *nat_event; /* nat_port, with the kernel's IPsec */
	int nat_fd;		 /* -1: the plane has it */
	struct event *address_event; /* local addresses that come and go */
	int address_fd;
	struct class_table *classes;
	struct proto_rules rules; /* in force, each with a reference to its class */
	bool auth_missing; /* the engine asked while auth was away */
	bool is_stopping;
	uint64_t next_ticket;
	uint32_t n_sa_pending; /* SA_ADDs that keeper has not answered */
	STAILQ_HEAD(, deferred) deferred; /* what waits for them, in order */
	size_t n_deferred;
	TAILQ_HEAD(, waiter) waiters;
	uint32_t n_plane_waiters;
	struct user_loads loads;
	TAILQ_HEAD(, renewal) renewals;
	size_t n_renewals;
	struct event *renew_timer;
	LIST_HEAD(, usage) usages[NEGO_USAGE_BUCKETS]; /* by qm_id */
	uint64_t plane_count[PLANE_COUNTER_COUNT];
	struct socket_table *sockets;
	struct api_server *api;
	struct wfp *wfp; /* policies of programs, views of SAs */
	struct policy responding; /* for peers that begin: that of the file, and of classes */
	struct ctl_server *ctl;
	struct event *clear_timer; /* the next waiter that falls back */
	uint64_t clear_flows[CLEAR_REASON_COUNT]; /* by why they were clear at first */
	uint64_t clear_fallbacks;
	struct silent_peer silent[NEGO_SILENT];
	uint32_t next_silent;
	struct failure failure[NEGO_FAILURES];
	uint32_t next_failure;
	struct log_limit users_secured, users_refused, users_waiting; /* lines by users */
	struct log_peers peers_logged;
	uint64_t clear_log_ms; /* what is said of them is bounded */
	uint32_t clear_log_n;
};

uint64_t nego_now_ms(void);

/* May something be logged that this user can cause as often as he likes? */
static inline bool
nego_may_log(struct log_limit *l, uint32_t uid)
{
	return uid == 0 || log_limit_pass(l, "api", nego_now_ms());
}

/* nego_class.c */
bool nego_class_new(struct negotiator *n);
/* The class that owns this traffic on our side, 0 = nobody. */
uint32_t nego_flow_class(struct negotiator *n, const struct flow *flow);
/* Of struct engine_host; ctx is a struct negotiator. */
const struct policy *nego_mm_policy(void *ctx, const struct endpoint *local,
    const struct endpoint *remote);
bool nego_qm_policy(void *ctx, const struct flow *flow, struct class_policy *out);
/* nego_rules.c: puts the rules of the configuration into force, instead of those before. */
void nego_rules_set(struct negotiator *n);
/* The class of the first rule that selects this traffic; 0: none, or it is exempt. */
uint32_t nego_rules_class(const struct negotiator *n, const struct flow *flow);
/* The rule that exempts this traffic; NULL: none. */
const struct rule *nego_rules_exempt(const struct negotiator *n, const struct flow *flow);
/* The policies of the rules for any traffic between these hosts, one after the other from
 * *next 0 on; NULL: no more. */
const struct policy *nego_rules_policy(const struct negotiator *n, const struct address *local,
    const struct address *remote, uint32_t *next);

/* nego_class.c, again. Messages of keeper; false: it is none of these. */
bool nego_class_message(struct negotiator *n, uint16_t type, struct span body);
/* A socket of this class came or went. */
void nego_class_changed(struct negotiator *n, uint32_t class_id);
/* A new plane knows nothing. */
void nego_class_tell_plane(struct negotiator *n);

/* nego_engine.c */
bool nego_engine_new(struct negotiator *n);
/* What the configuration says for the engine. */
void nego_engine_params(struct negotiator *n, struct engine_params *p);
/* nego_params.c: all but what the engine asks its host for. */
void nego_params_set(struct engine_params *p, const struct config *c);
/* nego_reload.c: n->config says something else now. */
void nego_config_changed(struct negotiator *n);
void nego_engine_free(struct negotiator *n);
/* Performs what the engine wants and sets its timer: after every event. */
void nego_pump(struct negotiator *n);
/* Asks for an SA; the waiter is told. False: there is no such policy: it is not. */
bool nego_acquire(struct negotiator *n, const struct flow *selector, uint32_t class_id,
    const struct waiter *w);
struct usage *nego_usage(struct negotiator *n, uint32_t qm_id);

/*
 * nego_defer.c: with the kernel as data plane, what could make somebody use an SA (messages,
 * results) waits until the kernel has it: a packet that comes too early is lost there.
 */
void nego_defer_sa_added(struct negotiator *n);
/* True: the action was kept for later. */
bool nego_defer(struct negotiator *n, const struct engine_action *a);
/* Keeper is gone: nothing waits any longer. */
void nego_defer_end(struct negotiator *n);
void nego_defer_free(struct negotiator *n);
/* nego_engine.c: performs an action that was kept. */
void nego_perform(struct negotiator *n, const struct engine_action *a);

/* nego_clear.c: flows in clear text, and peers that do not speak IKE */
bool nego_clear_new(struct negotiator *n);
void nego_clear_free(struct negotiator *n);
/* What a flow of this class waits for an answer; 0: it does not wait. */
uint32_t nego_clear_patience_ms(const struct negotiator *n, uint32_t class_id);
void nego_clear_flow(struct negotiator *n, const struct proto_flow_clear *c);
/* The class of the socket that a clear packet is for; 0: none of ours, or of another host. */
uint32_t nego_clear_owner(struct negotiator *n, const struct flow *flow);
/* A waiter has a fallback_ms. */
void nego_clear_arm(struct negotiator *n);
/* Something of this class has waited in vain for this peer, not long ago. */
bool nego_clear_is_silent(
    struct negotiator *n, uint32_t class_id, const struct address *remote);
/* It has an SA now. */
void nego_clear_forget(struct negotiator *n, const struct address *remote);
/*
 * What waits, or comes next, is sent in clear. failed: the peer refused. ask: the program that is
 * told when the data plane knows (struct waiter); 0: none.
 */
void nego_clear_now(struct negotiator *n, uint32_t class_id, const struct flow *flow,
    bool failed, uint64_t ask);

/* nego_renew.c: new pairs for connections that live, when theirs have ended */
bool nego_renew_new(struct negotiator *n);
void nego_renew_free(struct negotiator *n);
void nego_renew_ended(struct negotiator *n, const struct action_sa_delete *a);
void nego_renew_result(struct negotiator *n, const struct waiter *w, enum ike_err error);

/*
 * nego_shared.c: has another class of this host connections to the port of the peer that this
 * selector names for all of them?
 */
bool nego_port_is_shared(struct negotiator *n, uint32_t class_id, const struct flow *selector);

/* nego_user.c: packets will wait for this negotiation; false: their user has too many. */
bool nego_user_begin(struct negotiator *n, struct waiter *w);
/* For each that began: it is over, or did not begin after all. */
void nego_user_end(struct negotiator *n, const struct waiter *w);
void nego_user_free(struct negotiator *n);

/* nego_address.c: does the kernel deliver here what is for this address? */
bool nego_address_is_own(const struct address *a);
/* Deletes the SAs of local addresses that go away. */
void nego_address_watch(struct negotiator *n);
void nego_address_free(struct negotiator *n);

/* nego_udp.c */
bool nego_udp_listen(struct negotiator *n, int family, int fd);
void nego_udp_send(struct negotiator *n, const struct action_send *s);
/* fd: UDP nat_port, out of which the kernel takes ESP. */
bool nego_udp_listen_nat(struct negotiator *n, int fd);
/* A message that came to nat_port: the body of PROTO_NAT_IN. */
void nego_udp_nat(struct negotiator *n, struct span body);
void nego_udp_free(struct negotiator *n);

#endif
