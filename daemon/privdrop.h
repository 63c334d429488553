/* Giving up privilege, for good. */
#ifndef AUTHIPD_DAEMON_PRIVDROP_H
#define AUTHIPD_DAEMON_PRIVDROP_H

#include <stdbool.h>

/*
 * Becomes the system user: no groups, no capabilities, no new privileges, no core dumps.
 * False after logging why it did not work: the caller must end. Does nothing (true) when
 * the process is not root: then there is nothing to give up.
 */
bool privdrop_to_user(const char *user);
/* No core dumps, no tracing, no new privileges: for every role. */
bool privdrop_harden(void);

#endif
