/* Running a role: in its own process, or inside keeper's with --single. */
#ifndef AUTHIPD_DAEMON_ROLE_HOST_H
#define AUTHIPD_DAEMON_ROLE_HOST_H

#include "daemon/role.h"

struct role_host; /* owned */
/* fd: the channel to keeper, now the host's. own_process: drops privileges after start. */
struct role_host *role_host_new(const struct role_ops *ops, struct event_base *base, int fd,
    bool own_process);
void role_host_free(struct role_host *h);
/* The main function of a role process: returns when keeper is gone. */
int role_run(const struct role_ops *ops, int fd);

#endif
