/* The ends of a channel under test, and what arrived there. */
#ifndef AUTHIPD_TESTS_IPC_ENDS_H
#define AUTHIPD_TESTS_IPC_ENDS_H

#include "tests/unit/check_daemon.h"

struct seen {
	struct ipc *ipc; /* NULL: freed */
	size_t n;
	uint16_t type;
	size_t body_n;
	uint8_t body[IPC_MAX_BYTES];
	int fd; /* the last one, open */
	size_t n_closed;
	bool in_order;
	uint32_t next;
	bool free_in_handler;
	bool free_in_closed;
};
extern struct seen seen[2];

/* Two ends, both the daemon's. */
void both_ends(void);
/* One end, seen[0]; the other is the test's. */
int one_end(void);
void free_ends(void);

#endif
