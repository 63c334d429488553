/* What keeper's files share. */
#ifndef AUTHIPD_DAEMON_KEEPER_STATE_H
#define AUTHIPD_DAEMON_KEEPER_STATE_H

#include <sys/types.h>

#include <event2/event.h>

#include "config/config.h"
#include "daemon/ipc.h"
#include "daemon/net.h"
#include "daemon/net_routes.h"
#include "daemon/net_table.h"
#include "daemon/options.h"
#include "daemon/per_minute.h"
#include "daemon/proto.h"
#include "daemon/role_host.h"
#include "daemon/xfrm.h"

#define VIEWERS "authip" /* who may look at what the programs of all users do */
#define KEEPER_SIGNALS 4
#define KEEPER_MAX_FDS 24
#define KEEPER_SECURED 4096 /* flows */

/* A descriptor that belongs to a role, kept for its successors. */
struct keeper_fd {
	enum role_id role;
	struct proto_fd what;
	int fd;
};

struct keeper_role {
	struct keeper *keeper;
	enum role_id id;
	pid_t pid;		/* 0: not running (or in this process) */
	struct role_host *host; /* --single */
	struct ipc *ipc;
	struct event *restart;
	bool is_ready;
	bool was_ready; /* ever */
	struct per_minute restarts;
};

struct keeper {
	const struct config *config;
	struct config *own_config; /* the same, for keeper_reload() alone */
	char *config_path;	   /* owned, absolute; NULL: there is no file */
	const struct options *options;
	struct event_base *base;
	struct event *signal[KEEPER_SIGNALS];
	struct event *stop_timer;
	struct keeper_role role[ROLE_COUNT];
	struct keeper_fd fd[KEEPER_MAX_FDS];
	size_t n_fd;
	struct net_tun tun[CLASS_MAX + 1]; /* of the plane */
	struct class_spec *class[CLASS_MAX + 1]; /* owned; NULL: predefined, or none */
	bool is_lost[CLASS_MAX + 1]; /* live sockets, but nobody knows which class they have */
	int packet_fd;		     /* also in fd */
	struct xfrm *xfrm; /* the kernel's IPsec; NULL: there is a plane role */
	struct proto_flow_secured *secured; /* KEEPER_SECURED of them; class 0: free */
	uint32_t n_secured_lost;
	int secured_fd; /* their file, if secured is not NULL; -1: none */
	struct proto_rules rules;
	bool had_rules;
	struct net_routes *routes;
	struct net_table *table; /* NULL: no nftables */
	struct per_minute table_alarms;
	struct identity_desk *identity; /* owned; NULL: nobody asked yet */
	int lock_fd;
	int ready_pipe; /* -1: foreground */
	bool is_stopping;
	bool has_rules; /* those of the configuration are in force */
	bool said_ready;
	struct per_minute reloads; /* that roles asked for */
	struct per_minute reconnects;
	uint32_t sockets_left[CLASS_MAX + 1];
	int exit_status;
};

/* keeper_identity.c: the message of the negotiator, and the end. */
bool keeper_identity(struct keeper *k, struct span body);
void keeper_identity_end(struct keeper *k);
/* keeper_roles.c: starts the role and connects it to the others. False after logging. */
bool keeper_role_start(struct keeper *k, enum role_id id);
/* The negotiator has no channel to another role any more: it gets a new one. */
bool keeper_peer_lost(struct keeper *k, struct span body);
/* Ends a role and starts it with the configuration of now. */
void keeper_role_replace(struct keeper *k, enum role_id id);
/* It said `what`, which no role of ours says: it ends, and another one starts. */
void keeper_role_distrust(struct keeper *k, enum role_id id, const char *what);
/* Ends every role process, the hard way if need be. */
void keeper_roles_end(struct keeper *k);
/* Reaps children. */
void keeper_roles_reap(struct keeper *k);
/* keeper_resources.c: opens (closes) everything that the roles need. */
bool keeper_resources_open(struct keeper *k);
void keeper_resources_close(struct keeper *k);
/* Sends the live secured sockets that the kernel knows to the negotiator. */
void keeper_adopt(struct keeper *k);
/* Same of one class; 0: of all. */
void keeper_adopt_class(struct keeper *k, uint32_t class_id);
/* keeper_class.c: what carries the traffic of a class. False after logging. */
bool keeper_class_up(struct keeper *k, uint32_t class_id);
/* It can carry traffic. */
bool keeper_class_is_up(const struct keeper *k, uint32_t class_id);
/* The predefined ones, and those that an earlier daemon left behind. */
bool keeper_classes_open(struct keeper *k);
/* keep: sockets still have the mark. */
void keeper_classes_close(struct keeper *k);
/* Messages of the negotiator; false: none that ours sends. */
bool keeper_class_ask(struct keeper *k, struct span body);
bool keeper_class_end(struct keeper *k, struct span body);
/* Tells a new negotiator what exists; a new plane gets the devices. */
void keeper_classes_tell(struct keeper *k);
void keeper_classes_hand_over(struct keeper *k);
/* Another program took away the table of nftables: it is made anew; ctx: a struct keeper. */
void keeper_classes_table_lost(void *ctx);
/* keeper_rules.c: the message of the negotiator; what is in force; at start; at the end. */
bool keeper_rules(struct keeper *k, struct span body);
void keeper_rules_apply(struct keeper *k);
void keeper_rules_restore(struct keeper *k);
void keeper_rules_end(struct keeper *k);
/* class_file.c: what exists, for a daemon that comes after this one. */
void class_file_save(const struct keeper *k);
void class_file_load(struct keeper *k);
/*
 * keeper_secured.c: flows that may be clear no more. Reads what an earlier daemon wrote; the
 * messages of the plane (false: none that ours sends); what a new plane has to know; the end
 * (keep: sockets are still open).
 */
bool keeper_secured_open(struct keeper *k);
bool keeper_secured_message(struct keeper *k, uint16_t type, struct span body);
/* The same from the kernel's IPsec; ctx: a struct keeper. */
void keeper_secured_told(void *ctx, const struct proto_flow_secured *m, bool secured);
void keeper_secured_hand_over(const struct keeper *k);
void keeper_secured_close(struct keeper *k, bool keep);
/* keeper_resources.c: counts the live sockets of each class. */
void keeper_count_sockets(struct keeper *k);
/* Does the kernel know live ones? */
bool keeper_class_has_sockets(const struct keeper *k, uint32_t class_id);
/* keeper_reload.c: the configuration again; client of authipctl: told how it went, 0: none. */
void keeper_reload(struct keeper *k, uint64_t client);
void keeper_reload_refuse(struct keeper *k, uint64_t client, const char *why);
/* keeper_message.c: of a role, with a descriptor (or -1), which it closes. */
void keeper_message(struct keeper *k, enum role_id from, uint16_t type, struct span body,
    int fd);
/* keeper.c */
/* Takes out what the kernel cannot do; false: nothing is left. */
bool keeper_fit_policies(struct config *c);
/* Begins to stop; status is what the daemon exits with. */
void keeper_stop(struct keeper *k, int status);

#endif
