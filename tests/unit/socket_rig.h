/* A table of sockets under test. */
#ifndef AUTHIPD_TESTS_SOCKET_RIG_H
#define AUTHIPD_TESTS_SOCKET_RIG_H

#include "daemon/socket_table.h"
#include "tests/unit/check_daemon.h"

extern struct socket_table *table;
extern uint32_t n_changed[CLASS_MAX + 1]; /* how often the table said that a class changed */

void socket_rig_begin(void);
void socket_rig_end(void);
/* Registers it; its number. */
uint64_t socket_rig_add(int fd, uint32_t class_id, uint8_t family, uint8_t protocol);
/* From this address and port to another host. */
struct flow flow_to(uint8_t protocol, const char *local, uint16_t port);
/* Until the table has said it so often, or for two seconds. */
void wait_changed(uint32_t class_id, uint32_t n);

#endif
