/* Talking to the daemon's control sockets: one JSON document a line. */
#ifndef AUTHIPD_CTL_CONNECTION_H
#define AUTHIPD_CTL_CONNECTION_H

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

/*
 * Connects to ctl.sock in run_dir, or, when nothing is to be changed and ctl.sock is not
 * for us, to status.sock. NULL after telling why.
 */
FILE *connection_open(const char *run_dir, bool changes);
/* Sends a request (ownership is taken). False after telling why. */
bool connection_send(FILE *f, json_t *request);
/* The next document, a new reference; NULL at the end or after telling why. */
json_t *connection_receive(FILE *f);

#endif
