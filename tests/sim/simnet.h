/*
 * Two engines in one process, a network with a virtual clock and seeded faults, and an
 * authentication that works like TLS: what every test of the protocol stands on.
 */
#ifndef AUTHIPD_TESTS_SIMNET_H
#define AUTHIPD_TESTS_SIMNET_H

#include "ike/engine.h"

#define SIM_HOSTS 2
#define SIM_LATENCY_MS 5
#define SIM_MAX_PACKET 4096

struct sim_sa {
	struct action_sa_add add;
	struct sim_sa *next;
};

struct sim_host {
	struct engine *engine;
	struct simnet *net;
	size_t index;
	struct policy policy;
	struct class_policy class; /* of every flow that arrives */
	bool has_mm_policy;
	bool has_qm_policy;
	/* authentication */
	char ca[16];	   /* who signed our certificate */
	char trusts[16];   /* whose certificates we accept; "*" all */
	uint32_t n_bad_start; /* so many of our dialogues begin with a token of "bad" */
	bool wants_retry;     /* refuse: another credential could work */
	uint64_t auth_delay_ms;
	bool auth_is_silent;
	uint64_t n_auth_open; /* dialogues that auth still knows */
	/* what happened */
	struct sim_sa *sa;
	size_t n_sa;
	size_t n_result;
	struct action_result result; /* the last one */
	enum ike_err first_error;    /* first result that was none */
	char failure[512];	     /* text of the last failed negotiation */
	size_t n_failure;
	size_t bytes_sent;
	size_t n_sent;
};

struct sim_packet {
	uint64_t at_ms;
	uint64_t order;
	struct endpoint from;
	struct endpoint to;
	size_t n;
	uint8_t b[SIM_MAX_PACKET];
	struct sim_packet *next;
};

struct sim_auth {
	uint64_t at_ms;
	size_t host;
	struct engine_auth_reply reply;
	uint8_t token[64];
	struct sim_auth *next;
};

struct simnet {
	struct sim_host host[SIM_HOSTS];
	uint64_t now_ms;
	uint64_t order;
	uint64_t rng;
	struct sim_packet *packets;
	struct sim_auth *auths;
	uint32_t loss_pct;
	uint32_t dup_pct;
	uint32_t jitter_ms;
	/* Return false to lose the packet; may change it. NULL: none. */
	bool (*tap)(void *ctx, size_t from_host, uint8_t *p, size_t *n);
	void *tap_ctx;
	uint64_t trace; /* digest of everything sent, in order */
};

/* Both hosts with the default policy and the same certification authority. */
void sim_init(struct simnet *net, uint64_t seed);
/* Same, and the dialect of both. */
void sim_init_dialect(struct simnet *net, uint64_t seed, const struct dialect *d);
/* Makes the engines; change policies and dialects before. */
void sim_start(struct simnet *net, const struct dialect *a, const struct dialect *b);
void sim_free(struct simnet *net);

/* The host loses all its state and begins anew. */
void sim_restart(struct simnet *net, size_t host, const struct dialect *d);

uint64_t sim_random(struct simnet *net);
struct endpoint sim_endpoint(size_t host, uint16_t number, int family, uint16_t port);
/* TCP to port of the other host, from number-th address of this one. */
void sim_acquire(struct simnet *net, size_t host, uint64_t ticket, int family, uint16_t port);
void sim_acquire_from(struct simnet *net, size_t host, uint64_t ticket, uint16_t number,
    uint16_t port);
/* Sends a datagram as if from `from` to host. */
void sim_inject(struct simnet *net, size_t to_host, const uint8_t *p, size_t n);
/* Performs what the engines want now. */
void sim_flush(struct simnet *net);
/* Runs until nothing is left to do before `until_ms` more have passed. */
void sim_run(struct simnet *net, uint64_t for_ms);
/* Runs until host has n results, at most for_ms. */
bool sim_run_results(struct simnet *net, size_t host, size_t n, uint64_t for_ms);

/* Every inbound SA of one has its outbound SA with equal keys at the other. */
bool sim_sas_agree(const struct simnet *net);
size_t sim_count_mm(const struct simnet *net, size_t host);
size_t sim_count_qm(const struct simnet *net, size_t host);

#endif
