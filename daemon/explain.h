/* Why traffic is protected, clear or blocked: authipctl explain. */
#ifndef AUTHIPD_DAEMON_EXPLAIN_H
#define AUTHIPD_DAEMON_EXPLAIN_H

#include <jansson.h>

#include "daemon/proto.h"

struct negotiator;

/*
 * Which traffic a request means ("socket", or an address and so on), and whose it is: fills flow
 * and class_id. A flow without a remote port is that of a socket that nobody is connected to.
 * NULL, or what is wrong.
 */
const char *explain_question(struct negotiator *n, json_t *q, struct proto_flow_state *ask);
/* The answer; seen is the plane's, or the question if it cannot be asked. New reference. */
json_t *explain_json(struct negotiator *n, const struct proto_flow_state *seen);

#endif
