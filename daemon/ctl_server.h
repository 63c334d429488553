/*
 * The control sockets: newline-delimited JSON. status.sock is open to everyone and only
 * shows; ctl.sock also changes. doc/authipctl.8 documents the requests.
 */
#ifndef AUTHIPD_DAEMON_CTL_SERVER_H
#define AUTHIPD_DAEMON_CTL_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "ike/engine.h"

struct negotiator;
struct proto_flow_state;
struct ctl_server; /* owned */

struct ctl_server *ctl_server_new(struct negotiator *n);
void ctl_server_free(struct ctl_server *s);
void ctl_server_listen(struct ctl_server *s, int fd, bool may_change);
/* To every monitor. */
void ctl_server_event(struct ctl_server *s, const struct action_event *e);
/* The end of an initiate request. */
void ctl_server_result(struct ctl_server *s, uint64_t client, const struct action_result *r);
/* The end of an explain request: what the plane knows. */
void ctl_server_explained(struct ctl_server *s, const struct proto_flow_state *seen);
/* The end of a reload request; error: NULL, or why the old configuration stays. */
void ctl_server_reloaded(struct ctl_server *s, uint64_t client, const char *error);
/* Does anybody want keys? */
bool ctl_server_has_keylog(const struct ctl_server *s);
/* A line for that table of Wireshark, to everyone who asked for keys. */
void ctl_server_keylog(struct ctl_server *s, const char *table, const char *line);

#endif
