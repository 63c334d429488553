/*
 * TLS authentication (AuthIP method 4): the trust store and the certificates of this
 * host, and handshakes over memory buffers. One dialogue is one handshake; its tokens
 * are whole flights of TLS 1.2 records (spec authip.md A85). Nothing here touches the
 * network.
 */
#ifndef AUTHIPD_DAEMON_AUTH_TLS_H
#define AUTHIPD_DAEMON_AUTH_TLS_H

#include "config/config.h"
#include "daemon/auth_dialogue.h"

struct auth_tls;

/*
 * Reads trust store, certificates, keys and CRLs: c->trust_file (empty: the bundle of
 * the system), c->cert[] and c->tls.crl[]. All files are read here and never again.
 * NULL: err says which file and why. No certificates is no error: see
 * auth_dialogue_new().
 */
struct auth_tls *auth_tls_new(const struct config *c, char *err, size_t cap);
void auth_tls_free(struct auth_tls *tls);
/* How many certificates of this host there are, how many trusted ones and CRLs. */
uint32_t auth_tls_count_own(const struct auth_tls *tls);
uint32_t auth_tls_count_trusted(const struct auth_tls *tls);
uint32_t auth_tls_count_crls(const struct auth_tls *tls);

/* What peers will find wrong with the certificates of this host (auth_own.c). */
void auth_own_check(const struct auth_tls *tls, const struct config *c, config_tell *tell);

/*
 * A handshake: the initiator is the TLS client. credential counts from 0: an initiator
 * that runs out of certificates fails, a responder starts again with the first. Those
 * that fit the authorities that the responder names come first. NULL: out of memory;
 * every other failure is the answer of the first step. tls must outlive it.
 */
struct auth_dialogue *auth_dialogue_new(
    const struct auth_tls *tls, bool initiator, uint32_t credential);

#endif
