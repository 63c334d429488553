/* What the files of the simulated network use of each other. */
#ifndef AUTHIPD_TESTS_SIMNET_PARTS_H
#define AUTHIPD_TESTS_SIMNET_PARTS_H

#include "tests/sim/simnet.h"

/* Through the tap and the NATs onto the network, or lost there. */
void sim_packet_send(
    struct simnet *net, struct sim_host *h, const struct action_send *s);
/* The first one arrives. */
void sim_packet_deliver(struct simnet *net);
void sim_packet_free(struct simnet *net);

/* A question of the engine; its answer comes later. */
void sim_auth_ask(struct simnet *net, struct sim_host *h, const struct action_auth *a);
/* The first answer arrives. */
void sim_auth_deliver(struct simnet *net);
/* Forgets the dialogues of a host. */
void sim_auth_free(struct simnet *net, size_t host);

void sim_sa_add(struct sim_host *h, const struct action_sa_add *a);
void sim_sa_remove(struct sim_host *h, uint32_t qm_id);
void sim_sa_move(struct sim_host *h, const struct action_sa_move *m);
void sim_sa_free(struct sim_host *h);

#endif
