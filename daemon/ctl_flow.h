/* The traffic that a request of authipctl names. */
#ifndef AUTHIPD_DAEMON_CTL_FLOW_H
#define AUTHIPD_DAEMON_CTL_FLOW_H

#include <jansson.h>

#include "config/address.h"

/*
 * From "to", "from", "protocol", "port" and "local_port" (0 if it is missing). Without "from": the
 * address that packets would be sent from. NULL, or what is wrong.
 */
const char *ctl_flow_read(json_t *q, struct flow *f);

#endif
