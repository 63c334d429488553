/* What the tests of the plane share: a plane whose surroundings are the test. */
#ifndef AUTHIPD_TESTS_CHECK_PLANE_H
#define AUTHIPD_TESTS_CHECK_PLANE_H

#include <check.h>

#include "daemon/plane.h"

#define RIG_MAX_SENT 64
#define RIG_PACKET_BYTES 4096

/* A packet: a flow as seen from this host, and where it goes. */
struct sample {
	struct flow flow;
	bool outbound;
	size_t payload_n; /* filled with mark */
	uint8_t mark;
	uint8_t tcp_flags;
};

struct sent {
	size_t n;
	uint8_t b[RIG_PACKET_BYTES];
};

#define RIG_CLASSES (CLASS_PREDEFINED + 1)

struct rig {
	struct event_base *base;
	struct config config;
	struct plane *p;
	int negotiator;			/* the negotiator's end of the channel, or -1 */
	int tun[RIG_CLASSES + 1];	/* the kernel's ends */
	struct sent sent[RIG_MAX_SENT]; /* what went to the network */
	size_t n_sent;
	int send_errno; /* 0: sending works */
	size_t n_bursts; /* calls of sendmmsg() */
	size_t n_told; /* messages of flows in clear, skipped by rig_expect() */
	struct proto_flow_clear told; /* the last one */
	size_t fail_at;	 /* the packet, from 1 on, that it cannot send; 0: none */
};
extern struct rig rig;

void rig_setup(void);
void rig_teardown(void);
/* Gives the plane a new negotiator. */
void rig_connect(void);
/* One turn of the event loop. */
void rig_turn(void);
/* The next message to the negotiator has to be this; its body into body. */
void rig_expect(uint16_t type, void *body, size_t n);
void rig_expect_silence(void);
/* Sends a message to the plane, which does not look yet. */
void rig_post(uint16_t type, const void *body, size_t n);
/* Sends a message to the plane and lets it work. */
void rig_say(uint16_t type, const void *body, size_t n);
/* The next packet that the TUN of a class got, 0: none. */
size_t rig_tun_read(uint32_t class_id, uint8_t *b);
/* The same with what says that it is a super-packet, if it is one. */
size_t rig_tun_read_super(uint32_t class_id, uint8_t *head, uint8_t *b, size_t cap);
/* The kernel sends a packet; head NULL: nothing is left to do. */
void rig_tun_write(uint32_t class_id, const void *head, const uint8_t *b, size_t n);
/* A socket pair of datagrams, non-blocking. */
void rig_pair(int fd[2]);

struct flow flow_of(uint8_t family, uint8_t protocol, uint16_t local, uint16_t remote);
/* Writes the packet; returns its length. */
size_t sample_write(const struct sample *s, uint8_t *b);
/* An outbound packet of the flow into the TUN of its class. */
void out_sample(uint32_t class_id, const struct flow *f, uint8_t mark);

/* Installs both directions; spi_out = qm_id + 0x1000, spi_in = qm_id + 0x10000. */
void pair_add(uint32_t qm_id, uint32_t class_id, const struct flow *selector);
/* The parameters of one direction, to be changed. */
struct action_sa_add pair_action(
    uint32_t qm_id, uint32_t class_id, const struct flow *selector, bool inbound);
/* What the peer of that pair would send: returns the length. */
size_t peer_seal(uint32_t qm_id, uint32_t seq, const struct sample *s, uint8_t *b);
/* Opens what the plane sent to the peer; returns the mark in it, -1: it cannot. */
int peer_open(uint32_t qm_id, const struct sent *sent);
/* The internet checksum of RFC 1071, slowly. */
uint16_t slow_sum(const uint8_t *p, size_t n);

void plane_packet_tests(Suite *s);
void plane_icmp_tests(Suite *s);
void plane_out_tests(Suite *s);
void plane_hold_tests(Suite *s);
void plane_frag_tests(Suite *s);
void plane_in_tests(Suite *s);
/* The plane said that this pair ends, and why. */
void expect_expired(uint32_t qm_id, enum engine_expiry why);
void plane_rekey_tests(Suite *s);
void plane_sa_tests(Suite *s);
void plane_nat_tests(Suite *s);
void plane_clear_tests(Suite *s);
void plane_discovery_tests(Suite *s);
void plane_told_tests(Suite *s);
void plane_role_tests(Suite *s);
void plane_raw_tests(Suite *s);
void plane_super_tests(Suite *s);
void plane_burst_tests(Suite *s);

#endif
