/*
 * The key log: session keys in the formats of Wireshark, for whoever may see them. It is off
 * unless the configuration says key_log = true, and only ctl.sock (root) hands it out.
 */
#ifndef AUTHIPD_DAEMON_KEYLOG_H
#define AUTHIPD_DAEMON_KEYLOG_H

#include "ike/engine.h"

struct negotiator;

/* A main mode was established: the line for Wireshark's ikev1_decryption_table. */
void keylog_main_mode(struct negotiator *n, const struct action_event *e);
/* An ESP SA is installed: the line for its esp_sa. AH has nothing to decrypt. */
void keylog_sa(struct negotiator *n, const struct action_sa_add *a);

#endif
