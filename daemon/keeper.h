/*
 * keeper: the one privileged process. It opens what needs privilege, hands it to the
 * roles, secures application sockets, restarts roles that die, and cleans up. It parses
 * nothing that comes from the network.
 */
#ifndef AUTHIPD_DAEMON_KEEPER_H
#define AUTHIPD_DAEMON_KEEPER_H

#include "config/config.h"
#include "daemon/options.h"

/* Runs until it is told to stop. The exit status of the daemon. */
int keeper_main(const struct config *c, const struct options *o);

#endif
