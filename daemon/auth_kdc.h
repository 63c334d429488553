/*
 * Asking the KDC without waiting for it: a few threads fetch tickets, and the answer
 * comes on the event loop, in bounded time.
 */
#ifndef AUTHIPD_DAEMON_AUTH_KDC_H
#define AUTHIPD_DAEMON_AUTH_KDC_H

#include <event2/event.h>

#include "daemon/auth_krb.h"

#define AUTH_KDC_THREADS 8

struct auth_kdc;

/* ticket is yours; NULL: *failure says why (its handle is not set). */
typedef void auth_kdc_answer(void *ctx, uint64_t handle, struct krb_ticket *ticket,
    const struct engine_auth_reply *failure);

/* krb is taken, also on failure (NULL). */
struct auth_kdc *auth_kdc_new(struct event_base *base, struct auth_krb *krb,
    uint32_t timeout_s, auth_kdc_answer *answer, void *ctx);
/* Questions in progress are forgotten. Waits for threads a moment at most. */
void auth_kdc_free(struct auth_kdc *kdc);
/* user_cache: see krb_ticket_fetch(); taken. One answer will come, later. False: out of memory. */
bool auth_kdc_ask(
    struct auth_kdc *kdc, uint64_t handle, const char *gss_id, int user_cache);
/* No answer any more. */
void auth_kdc_cancel(struct auth_kdc *kdc, uint64_t handle);
void auth_kdc_cancel_all(struct auth_kdc *kdc);
/* Questions that will be answered. */
size_t auth_kdc_count(const struct auth_kdc *kdc);

#endif
