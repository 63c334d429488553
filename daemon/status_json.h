/* What the daemon shows, as JSON: the contract of authipctl --json. */
#ifndef AUTHIPD_DAEMON_STATUS_JSON_H
#define AUTHIPD_DAEMON_STATUS_JSON_H

#include <jansson.h>

#include "ike/engine.h"

#define STATUS_SCHEMA_VERSION 1

struct negotiator;

/* New references; NULL: out of memory. */
json_t *status_json(struct negotiator *n);
json_t *status_json_event(const struct action_event *e);
/* Traffic as it is shown everywhere: addresses and ports. */
json_t *status_json_selector(const struct flow *f);
/* What a peer says about itself need not be UTF-8. */
json_t *status_json_text(const char *s);

#endif
