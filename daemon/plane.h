/* The data plane: TUN on one side, ESP and AH on the other. What its files share. */
#ifndef AUTHIPD_DAEMON_PLANE_H
#define AUTHIPD_DAEMON_PLANE_H

#include <sys/queue.h>

#include <event2/event.h>

#include "config/config.h"
#include "crypto/esp.h"
#include "crypto/replay.h"
#include "daemon/ipc.h"
#include "daemon/packet.h"
#include "daemon/plane_counters.h"
#include "daemon/proto.h"
#include "daemon/role.h"
#include "daemon/silence.h"
#include "daemon/superpacket.h"
#include "daemon/user_load.h"
#include "ike/engine.h"

#define PLANE_BUCKETS 16384
#define PLANE_MAX_FLOWS 65536
#define PLANE_HELD_UNITS 8192 /* of packets that wait: plane_hold.c */
#define SILENT_PACKETS 2 /* without an answer; the next one is too many */
#define SILENT_MS 2500
#define SILENT_AGAIN_MS 60000
#define OWNER_SLOTS 1024
#define TOLD_PER_TICK 64
#define OWNER_HELD 4
#define FRAG_SLOTS 32
#define OUTER_MTU_MAX_BYTES 1500
#define BURST_PACKETS 64
#define BURST_PACKET_BYTES 2048

/* Both directions of an SA. */
struct pair {
	LIST_ENTRY(pair) by_id;
	LIST_ENTRY(pair) by_spi; /* once the inbound direction exists */
	LIST_ENTRY(pair) by_peer;
	LIST_HEAD(, plane_flow) flows; /* that have it cached */
	uint32_t qm_id;
	uint32_t class_id;
	uint32_t spi_in;
	uint8_t protocol;
	bool guarantees_encryption; /* one side insisted on it */
	bool peer_boundary;	    /* the peer takes clear packets of flows that are not secured */
	struct flow selector;
	struct nat_encap nat; /* nat.local.port 0: not in UDP */
	uint64_t nat_sent_ms;
	struct esp_sa *in;  /* owned; NULL: not yet */
	struct esp_sa *out; /* owned; NULL: not yet */
	struct replay replay;
	uint32_t seq_out; /* last used */
	uint64_t lifetime_ms; /* 0: for ever */
	uint64_t hard_ms; /* from then on it is of no use, whatever the negotiator does */
	uint64_t lifetime_bytes;
	uint64_t soft_bytes;
	uint64_t soft_ms;  /* when to ask for another one; UINT64_MAX: never */
	uint64_t again_ms; /* not before: the negotiator was asked */
	struct pair *newer; /* of the same traffic, both directions; NULL: none */
	bool is_newer;	    /* than another one that knows it */
	uint64_t idle_ms;
	uint64_t allow_clear_ms;
	uint64_t last_ms;
	struct proto_qm_usage usage;
	bool usage_changed;
	uint32_t n_unanswered; /* packets sent since the last one received */
	uint64_t unanswered_ms;
	struct silence silence; /* of what is not TCP */
	bool is_expired; /* the negotiator was told */
};

struct held {
	STAILQ_ENTRY(held) next;
	size_t n;
	uint8_t b[];
};
STAILQ_HEAD(held_list, held);

enum flow_state {
	FLOW_NEW,
	FLOW_WAITING, /* for a negotiation */
	FLOW_FAILED,  /* until retry_ms */
	FLOW_CLEAR,   /* there is an SA, and its peer prefers clear text (see plane_out.c) */
};

/* One flow of a secured socket. */
struct plane_flow {
	LIST_ENTRY(plane_flow) by_flow;
	TAILQ_ENTRY(plane_flow) by_age; /* last used at the end */
	LIST_ENTRY(plane_flow) by_pair; /* while pair is not NULL */
	uint32_t class_id;
	struct flow flow;
	enum flow_state state;
	struct pair *pair; /* cached; NULL: look it up */
	bool has_peer;	   /* behind a NAT: never another one's, while this is known */
	uint8_t peer[16];  /* struct nat_encap */
	bool starts;
	bool was_secured;	    /* never clear again */
	bool is_remembered;	    /* by keeper, as one that was secured */
	bool fell_back;		    /* the peer does not answer: clear text waits no more */
	bool is_told;		    /* the negotiator knows that it is clear */
	bool guarantees_encryption; /* never again by a pair that does not */
	uint64_t secured_ms;
	uint64_t allow_clear_ms;
	uint64_t retry_ms;
	uint64_t silent_ms; /* when the peer was last suspected, 0 = never */
	uint64_t last_ms;
	struct held_list held;
	size_t n_held;
	size_t held_units;
	bool has_owner; /* what is held counts for: */
	uint32_t owner; /* user */
};

TAILQ_HEAD(flow_queue, plane_flow);

/* Whose is a local port? Answers of the negotiator, kept for a second. */
struct owner_slot {
	struct flow flow; /* remote is not part of the key */
	uint32_t class_id;
	bool is_pending;
	uint64_t until_ms;
	struct held_list held;
	size_t n_held;
};

/* A datagram that is being put together. */
struct frag_slot {
	uint8_t *b; /* owned, PACKET_MAX_BYTES; NULL: free */
	size_t n;
	size_t front_n;
	uint32_t class_id;
	uint32_t id;
	uint64_t since_ms;
};

/* What goes to the network with one system call. */
struct burst {
	struct span wire[BURST_PACKETS];
	uint8_t b[BURST_PACKETS][BURST_PACKET_BYTES];
};

/* What the negotiator says of a class, and its device. */
struct plane_class {
	struct plane *plane;
	struct event *on_tun;
	bool in_use;
	bool is_rule;
	bool allow_insecure;
	bool guarantee_encryption;
	bool clear_waits; /* for the end of a negotiation, or PROTO_CLEAR_NOW */
};

struct plane {
	const struct config *config;
	struct event_base *base;
	struct ipc *keeper;
	struct ipc *negotiator; /* NULL: away */
	int tun_fd[CLASS_MAX + 1];
	struct plane_class class[CLASS_MAX + 1];
	uint32_t insecure[CLASS_MAX]; /* classes with sockets that allow clear text */
	size_t n_insecure;
	int raw_out_fd[2]; /* IPv4, IPv6 */
	int packet_fd;
	int nat_fd; /* UDP nat_port */
	struct event *event[16];
	int event_fd[16];
	size_t n_events;
	struct event *tick;
	uint64_t now_ms;
	LIST_HEAD(, pair) pair_by_id[PLANE_BUCKETS];
	LIST_HEAD(, pair) pair_by_spi[PLANE_BUCKETS];
	LIST_HEAD(, pair) pair_by_peer[PLANE_BUCKETS];
	LIST_HEAD(, plane_flow) flow[PLANE_BUCKETS];
	struct flow_queue flow_age[2]; /* [was_secured]: these are forgotten last */
	size_t n_flows;
	size_t n_held;
	size_t held_units;
	struct user_loads held_by;
	struct owner_slot owner[OWNER_SLOTS];
	uint32_t n_told;   /* flows in clear, since the last tick */
	uint32_t n_untold; /* too many to tell */
	struct frag_slot frag[FRAG_SLOTS];
	uint32_t frag_id;
	uint32_t outer_mtu; /* of the packets that we send */
	uint64_t seed;
	uint64_t count[PLANE_COUNTER_COUNT];
	uint64_t count_sent[PLANE_COUNTER_COUNT];
	uint8_t in[PACKET_MAX_BYTES + 128];
	uint8_t out[PACKET_MAX_BYTES + 512];
	uint8_t segment[PACKET_MAX_BYTES];
	struct burst burst;
	struct merger merged; /* for merged_class, not written yet */
	uint32_t merged_class;
	bool may_merge; /* between plane_tun_begin() and plane_tun_end() */
	struct raw_batch *raw_batch; /* owned */
};

/* plane_sa.c: pairs */
bool plane_sa_add(struct plane *p, const struct action_sa_add *a);
void plane_sa_delete(struct plane *p, uint32_t qm_id);
void plane_sa_flush(struct plane *p);
/* With equal selectors: are these two hosts behind one NAT? */
bool plane_sa_are_neighbours(const struct pair *a, const struct pair *b);
struct pair *plane_sa_by_id(struct plane *p, uint32_t qm_id);
struct pair *plane_sa_by_spi(struct plane *p, uint8_t protocol, uint32_t spi);
/* The newest pair that can send this flow, or NULL. */
struct pair *plane_sa_for_flow(struct plane *p, uint32_t class_id, const struct flow *f);
/* Same for a flow that may have had a pair: of the same peer only; that for it alone first. */
struct pair *plane_sa_for_known(struct plane *p, const struct plane_flow *f);
bool plane_sa_is_of(const struct pair *s, const struct plane_flow *f);
/* What guaranteed encryption once is sent by a pair that does so, too. */
bool plane_sa_may_send(const struct pair *s, const struct plane_flow *f);
/* The newest pair of the traffic of s that can send. */
struct pair *plane_sa_newest(struct pair *s);
/* Its time or bytes are used up: nothing is accepted by it, also while nobody deletes it. */
bool plane_sa_is_over(const struct plane *p, const struct pair *s);
/* Counts a packet, and tells the negotiator when the pair must end. */
void plane_sa_used(struct plane *p, struct pair *s, size_t bytes, bool inbound);
/* A segment of f wants an answer; gives up a pair whose peer gives none. True: given up. */
bool plane_sa_is_silent(struct plane *p, struct pair *s, struct plane_flow *f);
/* Tells totals that changed, and pairs that were idle too long. */
void plane_sa_tick(struct plane *p);
size_t plane_hash(const struct plane *p, const void *data, size_t n);

/* plane_flow.c: flows */
struct plane_flow *plane_flow_find(struct plane *p, uint32_t class_id, const struct flow *f);
/* Same, without making it younger. */
struct plane_flow *plane_flow_look(struct plane *p, uint32_t class_id, const struct flow *f);
/* Finds or makes; NULL: no memory. */
struct plane_flow *plane_flow_get(struct plane *p, uint32_t class_id, const struct flow *f);
/* From now on it is never clear, once the pair's grace is over. */
void plane_flow_secure(struct plane *p, struct plane_flow *f, const struct pair *s);
/* An earlier plane secured it, and its grace is over. */
void plane_flow_restore(struct plane *p, const struct proto_flow_secured *m);
/* Caches the pair of a flow; NULL: none. */
void plane_flow_set_pair(struct plane_flow *f, struct pair *s);
/* Answers PROTO_FLOW_ASK. */
void plane_flow_tell(struct plane *p, const struct proto_flow_state *ask);
void plane_flow_tick(struct plane *p);
void plane_flow_free_all(struct plane *p);

/* plane_hold.c: the packets that wait for a negotiation */
struct held *plane_held_new(struct span packet);
/* Does the owner of this flow have room for another one? */
bool plane_hold_has_room(struct plane *p, struct plane_flow *f, size_t bytes);
void plane_hold(struct plane *p, struct plane_flow *f, struct span packet);
void plane_hold_drop(struct plane *p, struct plane_flow *f);

/* plane_tun.c: the devices, and super-packets */
void plane_tun_read(struct plane *p, uint32_t class_id);
void plane_to_tun(struct plane *p, uint32_t class_id, struct span raw);
/* Between these, segments of a flow that follow each other are merged. */
void plane_tun_begin(struct plane *p);
void plane_tun_end(struct plane *p);

/* plane_send.c: a packet to the network. All return 0 or -errno, but for these. */
int plane_raw_send(struct plane *p, struct span raw); /* as it is */
/* wire, which is raw or raw protected; in pieces if it must be and may be. */
int plane_send_fitting(struct plane *p, struct span raw, struct span wire);
/* All to one destination; how many were sent before one that needs a closer look. */
size_t plane_send_many(struct plane *p, const struct span *wire, size_t n);
/* Counts a failure r; an ICMP error if raw, to which room bytes were added, is too big. */
void plane_send_result(
    struct plane *p, uint32_t class_id, struct span raw, uint32_t room, int r);
/* mtu 0: refused. */
void plane_tell_sender(struct plane *p, uint32_t class_id, struct span raw, uint32_t mtu);

/* plane_out.c: from the TUN to the network */
void plane_out_packet(struct plane *p, uint32_t class_id, struct span raw);
void plane_out_super(struct plane *p, uint32_t class_id, const struct cutter *c);
/* False: the negotiator is far behind. The next packet will ask. */
bool plane_out_acquire(struct plane *p, struct plane_flow *f);
/* The flow is secured by s from now on; sends what waited for that. */
void plane_out_use(struct plane *p, struct plane_flow *f, struct pair *s);
/* The negotiation for this flow is over. */
void plane_out_done(struct plane *p, const struct proto_acquire_done *d);
/* The peer of a flow does not answer: what waited goes in clear. */
void plane_out_clear_now(struct plane *p, const struct proto_clear_now *c);
/* The negotiator is back: asks again for everything that waits. */
void plane_out_ask_again(struct plane *p);

/* plane_frag.c: datagrams that are larger than the path takes */
void plane_frag_out(struct plane *p, uint32_t class_id, struct span raw);
int plane_frag_send(struct plane *p, struct span raw, uint32_t mtu);
void plane_frag_drop(struct frag_slot *s);

/* plane_nat.c: ESP in UDP, and the IKE messages between */
void plane_nat_read(struct plane *p);
/* wire: a whole IPv4 packet of protocol 50; 0 or -errno. */
int plane_nat_send(struct plane *p, struct pair *s, struct span wire);
/* The body of PROTO_NAT_OUT. */
void plane_nat_ike(struct plane *p, struct span body);
void plane_nat_move(struct plane *p, const struct proto_move *m);
/* An authentic packet, newer than all before, came from there. */
void plane_nat_follow(struct plane *p, struct pair *s, const struct endpoint *remote);
/* Keeps the mapping of our NAT. */
void plane_nat_keepalive(struct plane *p, struct pair *s);

/* plane_raw.c: what raw sockets receive; protocol is for IPv6 only */
void plane_raw_read(struct plane *p, int fd, uint8_t family, uint8_t protocol);
void plane_raw_free(struct plane *p);

/* plane_in.c: from the network to the TUN */
void plane_in_packet(struct plane *p, struct span raw);
/* The pair of a packet that just came; NULL: counted. */
struct pair *plane_in_find(struct plane *p, uint8_t protocol, uint32_t spi);
/* raw: a packet of protocol 50 to this pair; from: the peer's end of UDP, or NULL. */
void plane_in_pair(struct plane *p, struct pair *s, struct span raw, uint32_t seq,
    const struct endpoint *from);

/* plane_clear.c: clear packets of sockets that allow them */
void plane_clear_out(struct plane *p, uint32_t class_id, struct span raw);
void plane_clear_in(struct plane *p, uint8_t *raw, size_t n, bool checksum_missing);
/* A packet of this flow goes, or came, in clear: the negotiator is told once. */
void plane_clear_tell(struct plane *p, struct plane_flow *f, enum clear_reason why);
void plane_clear_owner(struct plane *p, const struct proto_owner *o);
/* The flow of a socket that allows clear text, of whatever class; NULL: none. */
struct plane_flow *plane_clear_flow(struct plane *p, const struct flow *f);
/* What the negotiator says of a class. */
void plane_clear_class(struct plane *p, const struct proto_class *c);
/* Listens to clear packets only while a socket may want them. */
void plane_clear_listen(struct plane *p);
void plane_clear_free(struct plane *p);

#endif
