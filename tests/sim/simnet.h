/*
 * Two engines in one process, a network with a virtual clock and seeded faults, and an
 * authentication that works like TLS or Kerberos: what every test of the protocol stands
 * on.
 */
#ifndef AUTHIPD_TESTS_SIMNET_H
#define AUTHIPD_TESTS_SIMNET_H

#include "ike/engine.h"

#define SIM_HOSTS 2
#define SIM_LATENCY_MS 5
#define SIM_MAX_PACKET 20000
#define SIM_MAX_TOKEN 16000

struct sim_sa {
	struct action_sa_add add;
	uint64_t since_ms;
	uint64_t used_ms;  /* for tests that play the plane: last packet, 0 = none */
	uint64_t bytes;
	uint64_t again_ms; /* they said EXPIRY_SOFT and wait until then */
	struct sim_sa *next;
};

struct sim_host {
	struct engine *engine;
	struct simnet *net;
	size_t index;
	int64_t clock_ms; /* of this host, ahead of the network's */
	struct policy policy;
	struct class_policy class; /* of every flow that arrives */
	bool has_mm_policy;
	bool has_qm_policy;
	uint16_t unserved_port; /* it has none for that one; 0: for all */
	/* authentication */
	char ca[16];	   /* who signed our certificate */
	char trusts[16];   /* whose certificates we accept; "*" all */
	uint32_t n_bad_start; /* so many of our TLS dialogues begin with a token of "bad" */
	bool wants_retry;     /* refuse: another credential could work */
	bool never_ends;      /* TLS: one token after the other */
	bool resumes;	      /* TLS: the initiator's second token is its last, and the last */
	uint32_t no_credential; /* bit 1 << method: an initiator cannot even start */
	uint32_t refuses_peer;	/* same: the peer's token is not accepted */
	uint32_t bad_credentials; /* TLS: so many of ours are refused with RETRY */
	char psk[32];	   /* of IKEv1 */
	char wanted[16];   /* the authority that the peer named, of IKEv1 */
	char psk_id[32];   /* the name that goes with that key; empty: none */
	uint8_t krb_mark;	/* first byte of Kerberos tokens, 0x60 */
	uint64_t auth_delay_ms;
	bool auth_is_silent;
	bool without_nat_t;
	const struct dialect *pinned; /* of its peer; NULL: none */
	struct dialect dialect;	      /* its own */
	size_t token_n; /* bytes in a token; 0: few */
	uint64_t n_auth_open; /* dialogues that auth still knows */
	/* what happened */
	struct sim_sa *sa;
	size_t n_sa;
	size_t n_moves;
	size_t n_result;
	struct action_result result; /* the last one */
	enum ike_err first_error;    /* first result that was none */
	char failure[512];	     /* text of the last failed negotiation */
	size_t n_failure;
	enum auth_method auth_method; /* of the last dialogue that began */
	char target_name[256];	      /* of that one, and whose credentials */
	uint32_t uid;
	size_t n_dialogue;
	size_t n_main_steps; /* questions to auth in main mode */
	size_t bytes_sent;
	size_t n_sent;
};

struct sim_packet {
	uint64_t at_ms;
	uint64_t order;
	struct endpoint from;
	struct endpoint to;
	size_t n;
	bool is_data; /* for a plane, not for an engine */
	struct sim_packet *next;
	uint8_t b[SIM_MAX_PACKET]; /* the last: only n of them are there, on the network */
};

struct sim_auth {
	uint64_t at_ms;
	size_t host;
	struct engine_auth_reply reply;
	uint8_t token[SIM_MAX_TOKEN];
	struct sim_auth *next;
};

#define SIM_NAT_PORTS 64
struct sim_nat {
	uint16_t first; /* of its public ports; 0: no NAT */
	uint16_t n;
	uint8_t number; /* part of its public address */
	bool forwards;	/* 500 and 4500 to the first address of the host */
	struct endpoint map[SIM_NAT_PORTS]; /* private endpoints by public port */
};

struct simnet {
	struct sim_nat nat[SIM_HOSTS];
	struct sim_host host[SIM_HOSTS];
	uint64_t now_ms;
	uint64_t order;
	uint64_t rng;
	struct sim_packet *packets;
	struct sim_auth *auths;
	uint32_t loss_pct;
	uint32_t dup_pct;
	uint32_t jitter_ms;
	size_t mtu; /* larger packets are lost, as where IP fragments are; 0: none is */
	uint32_t first_messages_per_s; /* limits of the engines; 0: none */
	uint32_t half_open_enter;
	uint32_t half_open_leave;
	/* Return false to lose the packet; may change it. NULL: none. */
	bool (*tap)(void *ctx, size_t from_host, uint8_t *p, size_t *n);
	void *tap_ctx;
	/* Takes what sim_data_send() sent. */
	void (*data)(void *ctx, size_t to_host, const uint8_t *p, size_t n);
	void *data_ctx;
	/* Sees everything that an engine wants before it is performed. NULL: nobody. */
	void (*watch)(void *ctx, size_t host, const struct engine_action *a);
	void *watch_ctx;
	uint64_t trace; /* digest of everything sent, in order */
};

/* Both hosts with the default policy and the same certification authority. */
void sim_init(struct simnet *net, uint64_t seed);
/* Same, and the dialect of both. */
void sim_init_dialect(struct simnet *net, uint64_t seed, const struct dialect *d);
/* Makes the engines; change policies and dialects before. */
void sim_start(struct simnet *net, const struct dialect *a, const struct dialect *b);
void sim_free(struct simnet *net);

/* What the clock of a host shows. */
uint64_t sim_clock(const struct simnet *net, size_t host);
/* Its auth role is dead, and its dialogues with it: nothing answers, until the next one starts. */
void sim_auth_crash(struct simnet *net, size_t host);
void sim_auth_begin(struct simnet *net, size_t host);

/* The host loses all its state and begins anew. */
void sim_restart(struct simnet *net, size_t host, const struct dialect *d);

/* A step of IKEv1 (sim_auth_v1.c). */
void sim_auth_v1(struct sim_host *h, const struct action_auth *a, struct sim_auth *out);

uint64_t sim_random(struct simnet *net);
struct endpoint sim_endpoint(size_t host, uint16_t number, int family, uint16_t port);
/* TCP to port of the other host, from number-th address of this one. */
void sim_acquire(struct simnet *net, size_t host, uint64_t ticket, int family, uint16_t port);
void sim_acquire_from(struct simnet *net, size_t host, uint64_t ticket, uint16_t number,
    uint16_t port);
/* A NAT in front of all addresses of a host. */
void sim_nat_begin(struct simnet *net, size_t host, bool forwards);
/* It forgets its mappings, and maybe gets another public address. */
void sim_nat_rebind(struct simnet *net, size_t host, bool new_address);
struct endpoint sim_public(const struct simnet *net, size_t host, uint16_t port);
/* Sends a datagram as if from `from` to host. */
void sim_inject(struct simnet *net, size_t to_host, const uint8_t *p, size_t n);
/* A packet of a plane for the other one: late, reordered, doubled, but never lost on its way. */
void sim_data_send(struct simnet *net, size_t from_host, struct span data);
/* Performs what the engines want now. */
void sim_flush(struct simnet *net);
/* Runs until nothing is left to do before `until_ms` more have passed. */
void sim_run(struct simnet *net, uint64_t for_ms);
/* Runs until host has n results, at most for_ms. */
bool sim_run_results(struct simnet *net, size_t host, size_t n, uint64_t for_ms);

/* The newest usable pair of a host as its outbound SA that carries this; NULL: none. */
struct sim_sa *sim_newest(const struct sim_host *h, const struct flow *f);
/* The other SA of a pair. */
struct sim_sa *sim_other_direction(const struct sim_host *h, const struct sim_sa *sa);
/* The SA of the receiver that opens what sa seals; NULL: there is none. */
struct sim_sa *sim_opens(const struct simnet *net, size_t from_host, const struct sim_sa *sa);

/* Every inbound SA of one has its outbound SA with equal keys at the other. */
bool sim_sas_agree(const struct simnet *net);
/* The newest SA of this direction; there must be one. */
const struct action_sa_add *sim_sa_of(
    const struct simnet *net, size_t host, bool inbound);
size_t sim_count_mm(const struct simnet *net, size_t host);
size_t sim_count_qm(const struct simnet *net, size_t host);

#endif
