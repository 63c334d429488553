/* Negotiations that programs ask for before they connect. */
#include "daemon/api_preconnect.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "daemon/api_socket.h"
#include "daemon/class_table.h"

#define WSAEACCES 10013
#define WSAENETDOWN 10050
#define WSAENOBUFS 10055
#define WSAETIMEDOUT 10060

/* A program that asks and goes away leaves a negotiation behind: not without end. */
static bool
user_has_too_many(const struct negotiator *n, uint32_t uid)
{
	const struct waiter *w;
	size_t count = 0;

	TAILQ_FOREACH (w, &n->waiters, next)
		count += w->api_ask != 0 && w->uid == uid;
	return uid != 0 && count >= API_PRECONNECTS_PER_UID;
}

/*
 * The program's socket gets the port now that connect() would give it. It may connect
 * meanwhile: then it has one. 0: it does not get any; connect() will say why.
 */
static uint16_t
choose_port(struct negotiator *n, int fd, const struct endpoint *peer)
{
	bool is_v4 = peer->addr.family == 4;
	struct sockaddr_storage any = { .ss_family = is_v4 ? AF_INET : AF_INET6 };
	uint32_t class_id;
	struct flow f;

	(void)bind(fd, (struct sockaddr *)&any,
	    is_v4 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
	return api_socket_plan(n, fd, peer, &class_id, &f) == 0 ? f.local.port : 0;
}

/*
 * What may be clear does not wait: its first packet goes so meanwhile. Unless clear text is its
 * last choice: then that packet would wait, and with the kernel's IPsec be lost.
 */
static bool
clear_waits(const struct class_spec *s)
{
	return s->allow_insecure && policy_clear_waits(&s->policy);
}

/* A peer that is known not to answer is asked again, but the program does not wait for that. */
static void
clear_begin(struct negotiator *n, uint32_t class_id, struct waiter *w)
{
	if (nego_clear_is_silent(n, class_id, &w->flow.remote.addr)) {
		nego_clear_now(n, class_id, &w->flow, false, w->api_ask);
		w->api_ask = NEGO_NOBODY;
		return;
	}
	w->may_be_clear = true;
	w->fallback_ms = nego_now_ms() + nego_clear_patience_ms(n, class_id);
}

bool
api_preconnect(struct negotiator *n, int fd, const struct endpoint *peer, uint64_t ask,
    uint32_t uid, uint32_t *winsock_error)
{
	struct waiter w = {
		.api_ask = ask, .uid = uid, .cookie = api_socket_cookie(fd)
	};
	const struct class_spec *spec;
	uint32_t class_id;
	bool is_awaited;
	struct flow f;

	*winsock_error = api_socket_plan(n, fd, peer, &class_id, &f);
	if (*winsock_error != 0 || class_id == 0)
		return false;
	/* The answers of a UDP server, say: the client has negotiated. */
	if (engine_find_qm(n->engine, class_id, &f) != 0)
		return false;
	if ((spec = class_by_id(n->classes, class_id)) == NULL) {
		*winsock_error = WSAENETDOWN;
		return false;
	}
	if (f.local.port == 0 &&
	    (clear_waits(spec) || engine_wants_port(n->engine, class_id, &f) ||
		nego_port_is_shared(n, class_id, &f)))
		f.local.port = choose_port(n, fd, peer);
	w.flow = f;
	f.local.port = 0; /* one pair for all connections to that port */
	if (user_has_too_many(n, uid)) {
		/* Of those that need not wait the first packet asks. */
		*winsock_error = spec->allow_insecure ? 0 : WSAENOBUFS;
		return false;
	}
	is_awaited = !spec->allow_insecure || clear_waits(spec);
	if (!is_awaited)
		w.api_ask = NEGO_NOBODY;
	else if (spec->allow_insecure)
		clear_begin(n, class_id, &w);
	if (!nego_acquire(n, &f, class_id, &w)) {
		*winsock_error = WSAEACCES;
		return false;
	}
	nego_clear_arm(n);
	return is_awaited;
}

uint32_t
api_preconnect_error(enum ike_err e)
{
	switch (e) {
	case IKE_OK:
		return 0;
	case IKE_ERR_TIMED_OUT:
	case IKE_ERR_PEER_SILENT:
		return WSAETIMEDOUT;
	case IKE_ERR_PEER_MM_LIMIT:
	case IKE_ERR_PEER_NEGOTIATION_LIMIT:
	case IKE_ERR_TOTAL_LIMIT:
		return WSAENOBUFS;
	default:
		return WSAEACCES;
	}
}
