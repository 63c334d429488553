/* What the files of wfp_* share. */
#ifndef AUTHIPD_DAEMON_WFP_STATE_H
#define AUTHIPD_DAEMON_WFP_STATE_H

#include <sys/queue.h>

#include <event2/event.h>

#include "daemon/wfp.h"
#include "winsock/wfp_types.h"

#include "fwpmguid.h"
#include "fwpmtypes.h"
#include "winerror.h"

#define WFP_CONTEXTS_PER_UID 64
#define WFP_SESSIONS_PER_UID 8
#define WFP_ENUMERATIONS_PER_SESSION 16
#define WFP_SNAPSHOT_MAX_BYTES (8u << 20) /* all enumerations of a session */
#define WFP_TXN_WAIT_MS 15000
#define WFP_TXN_LIFE_S 3600

/* A provider context. Its bytes are those of wfp_context1. */
struct wfp_context {
	TAILQ_ENTRY(wfp_context) next;
	GUID key;
	uint64_t id;
	uint32_t uid; /* of the owner */
	uint32_t type;
	bool is_builtin;
	GUID provider;		   /* zero: none */
	struct wfp_session *owner; /* dynamic: goes with it; NULL: static */
	struct wfp_session *added; /* in its transaction, not committed; NULL: it is */
	struct wfp_session *deleted; /* same for its end */
	size_t n;
	uint8_t bytes[];
};

TAILQ_HEAD(wfp_contexts, wfp_context);

/* What an enumeration will return: a snapshot, each object after its length. */
struct wfp_enumeration {
	LIST_ENTRY(wfp_enumeration) next;
	uint64_t id;
	uint8_t *p;
	size_t n;
	size_t room;
	size_t at;
	bool is_full; /* an object found no room */
};

enum wfp_txn { WFP_TXN_NONE, WFP_TXN_READ, WFP_TXN_WRITE };

struct wfp_session {
	LIST_ENTRY(wfp_session) next;
	struct wfp *w;
	struct wfp_caller who;
	wfp_reply *reply;
	void *ctx;
	GUID key;
	bool is_dynamic;
	uint32_t wait_ms;
	enum wfp_txn txn;
	bool txn_timed_out;
	struct event *txn_timer;
	/* a request that waits for the transaction of another session */
	bool is_waiting;
	struct event *wait_timer;
	uint16_t verb;
	uint8_t *body;
	size_t body_n;
	LIST_HEAD(, wfp_enumeration) enumerations;
	size_t snapshot_bytes;
	uint64_t next_enumeration;
};

LIST_HEAD(wfp_sessions, wfp_session);

/* A socket that was secured with contexts; looked at only when one is to be deleted. */
struct wfp_use {
	LIST_ENTRY(wfp_use) next;
	uint64_t cookie;
	uint32_t uid;
	GUID key[2];
};

/* What happened since the daemon began. */
struct wfp_totals {
	uint64_t started; /* main modes */
	uint64_t established;
	uint64_t failed;
	uint64_t quick_modes;
	uint64_t extended_modes;
};

struct wfp {
	struct negotiator *n;
	struct wfp_totals totals[2][2]; /* AuthIP, IKEv1; IPv4, IPv6 */
	uint64_t rekeys;
	LIST_HEAD(, wfp_use) uses;
	size_t n_uses;
	size_t sweep_at; /* uses of sockets that are gone are looked for then */
	struct wfp_contexts contexts;
	struct wfp_sessions sessions;
	uint64_t next_id;
};

/* wfp_session.c */
uint32_t wfp_txn_begin(struct wfp_session *s, uint32_t flags);
void wfp_txn_end(struct wfp_session *s, bool commit);

/* wfp_request.c: body is a struct aip_api_engine, and maybe a structure */
void wfp_request_perform(struct wfp_session *s, uint16_t verb, struct span body);
void wfp_request_answer(struct wfp_session *s, uint32_t error, uint64_t id);

/* wfp_store.c */
struct wfp_context *wfp_context_by_key(const struct wfp_session *s, const GUID *key);
struct wfp_context *wfp_context_by_id(const struct wfp_session *s, uint64_t id);
/* May s read it? Those of other users do not exist for it. */
bool wfp_context_is_visible(const struct wfp_session *s, const struct wfp_context *c);
/* Adds the context with these bytes; 0 and *id, or FWP_E_. */
uint32_t wfp_context_add(struct wfp_session *s, struct span bytes, uint64_t *id);
uint32_t wfp_context_delete(struct wfp_session *s, struct wfp_context *c);
/* The one that a socket of this user may use, committed; NULL: there is none. */
const struct wfp_context *wfp_context_for_socket(
    const struct wfp *w, const uint8_t key[16], uint32_t uid);
/* The end of a transaction, and of a session. */
void wfp_contexts_commit(struct wfp_session *s);
void wfp_contexts_abort(struct wfp_session *s);
void wfp_contexts_end(struct wfp_session *s);
void wfp_uses_free(struct wfp *w);
/* The context that the socket with this cookie uses; which: 0 main mode, 1 quick mode. */
GUID wfp_context_of_socket(const struct wfp *w, uint64_t cookie, int which);
/* For built-in ones: a copy of *value under its key, instead of the one there. False: no memory. */
bool wfp_context_set_builtin(struct wfp *w, const FWPM_PROVIDER_CONTEXT1 *value);

/* wfp_check.c: what a provider context must be (0 or FWP_E_) */
uint32_t wfp_check_context(const FWPM_PROVIDER_CONTEXT1 *c);
uint32_t wfp_check_transport(const IPSEC_TRANSPORT_POLICY1 *p, bool is_authip);

/* wfp_enum.c */
uint32_t wfp_enum_open(
    struct wfp_session *s, uint32_t object, struct span template_bytes, uint64_t *id);
/* The next objects, at most max; *a is the answer. */
void wfp_enum_next(
    struct wfp_session *s, uint64_t id, uint32_t max, struct wfp_answer *a);
uint32_t wfp_enum_close(struct wfp_session *s, uint64_t id);
void wfp_enum_free(struct wfp_session *s, struct wfp_enumeration *e);
/* Puts an object into a snapshot. */
void wfp_enum_add(struct wfp_session *s, struct wfp_enumeration *e,
    const struct wfp_type *t, const void *value);
void wfp_enum_add_bytes(
    struct wfp_session *s, struct wfp_enumeration *e, struct span bytes);

/* wfp_view_*.c: filters and SAs as s may see them */
uint32_t wfp_filters_enum(struct wfp_session *s, struct wfp_enumeration *e,
    const FWPM_FILTER_ENUM_TEMPLATE0 *t);
uint32_t wfp_filter_get(
    struct wfp_session *s, struct wfp_enumeration *e, const GUID *key, uint64_t id);
uint32_t wfp_sa_contexts_enum(struct wfp_session *s, struct wfp_enumeration *e,
    const IPSEC_SA_CONTEXT_ENUM_TEMPLATE0 *t);
uint32_t wfp_sas_enum(
    struct wfp_session *s, struct wfp_enumeration *e, const IPSEC_SA_ENUM_TEMPLATE0 *t);
uint32_t wfp_sa_context_get(
    struct wfp_session *s, struct wfp_enumeration *e, uint64_t id);
uint32_t wfp_sa_context_delete(struct wfp_session *s, uint64_t id);
uint32_t wfp_ike_sas_enum(struct wfp_session *s, struct wfp_enumeration *e,
    const IKEEXT_SA_ENUM_TEMPLATE0 *t);
uint32_t wfp_ike_sa_get(struct wfp_session *s, struct wfp_enumeration *e, uint64_t id);
uint32_t wfp_ike_sa_delete(struct wfp_session *s, uint64_t id);
/* wfp_statistics.c */
uint32_t wfp_statistics_get(
    struct wfp_session *s, struct wfp_enumeration *e, uint32_t object);

#endif
