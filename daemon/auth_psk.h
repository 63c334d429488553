/*
 * Pre-shared keys of IKEv1. They do not leave this role: the negotiator gets SKEYID of one
 * main mode, which tells nothing about the next one.
 */
#ifndef AUTHIPD_DAEMON_AUTH_PSK_H
#define AUTHIPD_DAEMON_AUTH_PSK_H

#include "config/config.h"
#include "daemon/proto.h"
#include "ike/engine.h"

struct auth_psk;

/* Reads the files of c->psk[] now and never again. NULL: err says which one and why. */
struct auth_psk *auth_psk_new(const struct config *c, char *err, size_t cap);
void auth_psk_free(struct auth_psk *psk);
uint32_t auth_psk_count(const struct auth_psk *psk);
/* Answers AUTH_START of AUTH_V1_PSK: token is the parts that the engine sent. */
void auth_psk_answer(struct auth_psk *psk, const struct proto_auth_ask *ask,
    struct span token, struct engine_auth_reply *out);

#endif
