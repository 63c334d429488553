/* The program of a gate (daemon/gate.h), in eBPF. */
#ifndef AUTHIPD_DAEMON_GATE_PROGRAM_H
#define AUTHIPD_DAEMON_GATE_PROGRAM_H

#include <stdint.h>

/* The key of what a moved listener accepted. */
struct gate_connection {
	uint8_t addresses[32]; /* source and destination; what is left is 0 */
	uint8_t ports[4];
	uint8_t protocol;
	uint8_t zero[3];
};

/*
 * Loads it for sockets that hear this device at first. moved and accepted are maps with an
 * ifindex for each cookie and gate_connection. A descriptor; -1: the kernel does not take it.
 */
int gate_program_load(uint32_t ifindex, int moved, int accepted);

#endif
