/* For ipc_new(): an end that does nothing with what it hears. */
#ifndef AUTHIPD_TESTS_IPC_IGNORE_H
#define AUTHIPD_TESTS_IPC_IGNORE_H

#include "daemon/ipc.h"

static inline void
ignore_message(void *ctx, uint16_t type, struct span body, int fd)
{
	(void)ctx;
	(void)type;
	(void)body;
	(void)fd;
}

static inline void
ignore_end(void *ctx)
{
	(void)ctx;
}

#endif
