/*
 * The Windows Filtering Platform of the daemon: who may store which policies, and what
 * programs see of filters and SAs. Structures are those of Windows (winsock/include), their
 * bytes those of winsock/wfp_codec.h.
 */
#ifndef AUTHIPD_DAEMON_WFP_H
#define AUTHIPD_DAEMON_WFP_H

#include <stdbool.h>

#include "config/policy.h"
#include "crypto/span.h"
#include "winsock/wire.h"

struct action_event;
struct negotiator;
struct wfp;	    /* owned */
struct wfp_session; /* owned; one connection with ENGINE_OPEN */

struct wfp *wfp_new(struct negotiator *n);
void wfp_free(struct wfp *w);
/* The built-in contexts show what the configuration says now. False: no memory for it. */
bool wfp_builtin_set(struct wfp *w);

/* For the statistics: by protocol and family, while its SAs can still be asked. */
void wfp_note_event(struct wfp *w, const struct action_event *e);

/* Who asks, as the kernel says. */
struct wfp_caller {
	uint32_t uid;
	bool is_admin; /* root: everything */
	bool sees_all; /* group authip: may look at everything */
};

struct wfp_answer {
	uint32_t error; /* 0, a Win32 error or FWP_E_ */
	uint32_t count; /* of objects */
	uint64_t id;
	struct span objects; /* each after its length, 32 bits */
};
typedef void wfp_reply(void *ctx, const struct wfp_answer *a);

/*
 * The answer to ENGINE_OPEN goes to reply, at once; NULL: refused, or no memory. The
 * session uses reply for all that follow, until it is freed.
 */
struct wfp_session *wfp_session_open(struct wfp *w, const struct wfp_caller *who,
    struct span body, wfp_reply *reply, void *ctx);
/* A request; the answer comes at once, or later if another transaction is in the way. */
void wfp_session_ask(struct wfp_session *s, uint16_t verb, struct span body);
/* Ends it: its transaction is aborted, and what is dynamic in it goes. */
void wfp_session_free(struct wfp_session *s);

/* ---- for sockets with a policy of their own -------------------------------------------- */

/*
 * What two keys of SOCKET_SECURITY_SETTINGS_IPSEC mean for a socket of this user; sixteen
 * zero bytes are the default. 0 with *out and *as_user (the credentials of the user, not of
 * the machine); or FWP_E_, and a sentence in text.
 */
uint32_t wfp_policy_resolve(struct wfp *w, const uint8_t mm_key[16],
    const uint8_t qm_key[16], uint32_t uid, struct policy *out, bool *as_user,
    char text[256]);
/* Do the keys mean the policy of the configuration, whatever it says some day? */
bool wfp_policy_is_default(const uint8_t mm_key[16], const uint8_t qm_key[16]);
/*
 * The socket of this user with this cookie was secured with these two: until it is gone, they cannot be
 * deleted. False: no memory.
 */
bool wfp_policy_hold(struct wfp *w, uint64_t cookie, uint32_t uid, const uint8_t mm_key[16],
    const uint8_t qm_key[16]);

#endif
