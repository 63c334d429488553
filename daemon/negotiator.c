/* The negotiator role: wiring. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/api_server.h"
#include "daemon/class_table.h"
#include "daemon/ctl_server.h"
#include "daemon/log.h"
#include "daemon/negotiator.h"
#include "daemon/socket_table.h"
#include "daemon/wfp.h"

#define STOP_PATIENCE_S 3

/* ---- auth ---- */

static void
auth_message(void *ctx, uint16_t type, struct span body, int fd)
{
	struct negotiator *n = ctx;
	struct proto_auth_reply r;
	struct engine_auth_reply reply;

	if (fd >= 0)
		close(fd);
	if (type != PROTO_AUTH_REPLY || body.n < sizeof(r)) {
		log_warn("auth", "unexpected message from auth");
		return;
	}
	memcpy(&r, body.p, sizeof(r));
	memset(&reply, 0, sizeof(reply));
	reply.handle = r.handle;
	reply.status = (enum auth_status)(r.status <= AUTH_FAILED ? r.status : AUTH_FAILED);
	reply.token = span_of(body.p + sizeof(r), body.n - sizeof(r));
	reply.gss_status = r.gss_status;
	reply.retry_possible = r.retry_possible;
	reply.wrong_target = r.wrong_target;
	reply.secret = r.secret;
	if (reply.secret.n > SECRET_MAX_BYTES)
		reply.secret.n = 0;
	_Static_assert(PROTO_SECRET_FORMS == AUTH_SECRET_FORMS, "one list");
	for (size_t i = 0; i < AUTH_SECRET_FORMS; i++)
		if (r.form[i].n <= SECRET_MAX_BYTES)
			reply.form[i] = r.form[i];
	memcpy(reply.peer_name, r.peer_name, sizeof(reply.peer_name) - 1);
	memcpy(reply.text, r.text, sizeof(reply.text) - 1);
	engine_auth_reply(n->engine, nego_now_ms(), &reply);
	secret_wipe_bytes(&r, sizeof(r));
	secret_wipe_bytes(&reply, sizeof(reply));
	nego_pump(n);
}

/* Keeper connects us again, now or when that role is back. */
static void
peer_lost(struct negotiator *n, enum role_id r)
{
	struct proto_peer lost = { r };

	(void)ipc_send(n->keeper, PROTO_PEER_LOST, &lost, sizeof(lost), -1);
}

static void
auth_gone(struct negotiator *n)
{
	ipc_free(n->auth);
	n->auth = NULL;
	engine_auth_gone(n->engine, nego_now_ms());
	nego_pump(n);
}

static void
auth_closed(void *ctx)
{
	auth_gone(ctx);
	peer_lost(ctx, ROLE_AUTH);
}

/* ---- plane ---- */

static void
plane_acquire(struct negotiator *n, const struct proto_acquire *a, bool guarantee_encryption)
{
	struct waiter w = { .is_plane = true, .class_id = a->class_id, .flow = a->flow,
		.guarantee_encryption = guarantee_encryption };
	struct proto_acquire_done refused = { a->class_id, a->flow, IKE_ERR_NO_QM_POLICY };
	uint32_t patience_ms = nego_clear_patience_ms(n, a->class_id);
	struct flow selector = a->flow;

	if (a->may_be_clear && patience_ms > 0)
		w.fallback_ms = nego_now_ms() + patience_ms;
	if (a->starts)
		selector.local.port = 0;
	if (!nego_user_begin(n, &w)) {
		refused.error = IKE_ERR_TOTAL_LIMIT;
	} else if (nego_acquire(n, &selector, a->class_id, &w)) {
		nego_clear_arm(n);
		return;
	} else {
		nego_user_end(n, &w);
	}
	/* Its packets need not wait. */
	(void)ipc_send(n->plane, PROTO_ACQUIRE_DONE, &refused, sizeof(refused), -1);
	nego_clear_arm(n);
}

static void
plane_usage(struct negotiator *n, const struct proto_qm_usage *total)
{
	struct usage *u = nego_usage(n, total->qm_id);
	bool is_first;

	if (u == NULL)
		return;
	is_first = u->total.packets_in == 0 && total->packets_in > 0;
	u->total = *total;
	if (!is_first)
		return;
	engine_qm_in_use(n->engine, nego_now_ms(), total->qm_id);
	nego_pump(n);
}

static void
plane_message(void *ctx, uint16_t type, struct span body, int fd)
{
	struct negotiator *n = ctx;
	struct proto_acquire acquire;
	struct proto_clear_done done;
	struct proto_flow_clear clear;
	struct proto_flow_state state;
	struct proto_qm_expired expired;
	struct proto_qm_usage usage;
	struct proto_owner owner;
	struct proto_move move;

	if (fd >= 0)
		close(fd);
	if ((type == PROTO_ACQUIRE || type == PROTO_ACQUIRE_ENCRYPTED) &&
	    proto_body(body, &acquire, sizeof(acquire))) {
		plane_acquire(n, &acquire, type == PROTO_ACQUIRE_ENCRYPTED);
	} else if (type == PROTO_QM_EXPIRED && proto_body(body, &expired, sizeof(expired))) {
		engine_qm_expired(n->engine, nego_now_ms(), expired.qm_id,
		    (enum engine_expiry)expired.why);
		nego_pump(n);
	} else if (type == PROTO_QM_USAGE && proto_body(body, &usage, sizeof(usage))) {
		plane_usage(n, &usage);
	} else if (type == PROTO_FLOW_CLEAR && proto_body(body, &clear, sizeof(clear))) {
		nego_clear_flow(n, &clear);
	} else if (type == PROTO_CLEAR_DONE && proto_body(body, &done, sizeof(done))) {
		api_server_negotiated(n->api, done.ask, IKE_OK);
	} else if (type == PROTO_FLOW_REPLY && proto_body(body, &state, sizeof(state))) {
		ctl_server_explained(n->ctl, &state);
	} else if (type == PROTO_SA_ADDED) {
		nego_defer_sa_added(n);
	} else if (type == PROTO_NAT_IN) {
		nego_udp_nat(n, body);
	} else if (type == PROTO_PEER_MOVED && proto_body(body, &move, sizeof(move))) {
		engine_peer_moved(n->engine, nego_now_ms(), move.qm_id, &move.remote);
		nego_pump(n);
	} else if (type == PROTO_OWNER_ASK && proto_body(body, &owner, sizeof(owner))) {
		owner.class_id = nego_clear_owner(n, &owner.flow);
		(void)ipc_send(n->plane, PROTO_OWNER_REPLY, &owner, sizeof(owner), -1);
	} else if (type != PROTO_PLANE_COUNTERS ||
	    !proto_body(body, n->plane_count, sizeof(n->plane_count))) {
		log_warn("plane", "unexpected message %s from plane", proto_name(type));
	}
}

static void
plane_gone(struct negotiator *n)
{
	ipc_free(n->plane);
	n->plane = NULL;
	nego_defer_end(n);
	/* Keys and sequence numbers of the dead plane are never used again. */
	engine_qm_expired(n->engine, nego_now_ms(), 0, EXPIRY_PLANE_GONE);
	nego_pump(n);
}

static void
plane_closed(void *ctx)
{
	plane_gone(ctx);
	peer_lost(ctx, ROLE_PLANE);
}

static void
class_changed(void *ctx, uint32_t class_id)
{
	nego_class_changed(ctx, class_id);
}

/* ---- role ---- */

static void
moved_end(void *ctx, uint64_t cookie)
{
	struct proto_socket_end m = { cookie };

	(void)ipc_send(((struct negotiator *)ctx)->keeper, PROTO_SOCKET_END, &m, sizeof(m), -1);
}

static void *
negotiator_start(struct event_base *base, const struct config *c, struct ipc *keeper)
{
	struct negotiator *n = calloc(1, sizeof(*n));

	if (n == NULL)
		return NULL;
	n->base = base;
	n->config = c;
	n->keeper = keeper;
	n->udp_fd[0] = n->udp_fd[1] = n->nat_fd = n->address_fd = -1;
	TAILQ_INIT(&n->waiters);
	STAILQ_INIT(&n->deferred);
	n->sockets = socket_table_new(base, class_changed, n);
	n->api = api_server_new(n);
	n->ctl = ctl_server_new(n);
	n->wfp = wfp_new(n);
	if (n->sockets == NULL || n->api == NULL || n->ctl == NULL || n->wfp == NULL ||
	    !nego_class_new(n) || !nego_engine_new(n) || !nego_clear_new(n) ||
	    !nego_renew_new(n)) {
		log_error("negotiator", "out of memory");
		return NULL;
	}
	socket_table_on_moved_end(n->sockets, moved_end);
	nego_address_watch(n);
	return n;
}

static void
negotiator_fd(void *self, uint32_t kind, uint32_t number, int fd)
{
	struct negotiator *n = self;

	(void)number;
	switch (kind) {
	case FD_UDP4:
	case FD_UDP6:
		if (!nego_udp_listen(n, kind == FD_UDP4 ? 4 : 6, fd))
			log_error("udp", "cannot listen");
		break;
	case FD_NAT4:
		if (!nego_udp_listen_nat(n, fd))
			log_error("udp", "cannot listen to the NAT port");
		break;
	case FD_API:
		api_server_listen(n->api, fd);
		break;
	case FD_CTL:
	case FD_STATUS:
		ctl_server_listen(n->ctl, fd, kind == FD_CTL);
		break;
	case FD_DIAG:
		socket_table_watch(n->sockets, fd);
		break;
	default:
		close(fd);
	}
}

static void
negotiator_peer(void *self, enum role_id r, int fd)
{
	struct negotiator *n = self;

	if (r == ROLE_AUTH) {
		if (n->auth != NULL)
			auth_gone(n);
		n->auth = ipc_new(n->base, fd, auth_message, auth_closed, n);
	} else if (r == ROLE_PLANE) {
		if (n->plane != NULL)
			plane_gone(n);
		n->plane = ipc_new(n->base, fd, plane_message, plane_closed, n);
		ipc_pace(n->plane);
		nego_class_tell_plane(n);
	} else {
		close(fd);
	}
}

static void
negotiator_message(void *self, uint16_t type, struct span body, int fd)
{
	struct negotiator *n = self;
	struct proto_identity_reply identity;
	struct proto_secure_reply reply;
	struct proto_reload reload;
	struct proto_adopt a;

	if (fd >= 0)
		close(fd);
	if (type == PROTO_SECURE_REPLY && proto_body(body, &reply, sizeof(reply))) {
		api_server_secured(n->api, &reply);
	} else if (type == PROTO_IDENTITY_REPLY && proto_body(body, &identity, sizeof(identity))) {
		api_server_identified(n->api, &identity);
	} else if (type == PROTO_ADOPT && proto_body(body, &a, sizeof(a))) {
		struct secured_socket s = { 0, a.cookie, a.class_id, a.uid, a.family,
			a.protocol, nego_now_ms(), false, 0 };

		(void)socket_table_add(n->sockets, &s);
		(void)socket_table_moves(n->sockets, s.cookie); /* perhaps */
	} else if (type == PROTO_RELOAD_REPLY && proto_body(body, &reload, sizeof(reload))) {
		reload.text[sizeof(reload.text) - 1] = '\0';
		ctl_server_reloaded(n->ctl, reload.client, reload.ok ? NULL : reload.text);
	} else if (!nego_class_message(n, type, body)) {
		log_warn("negotiator", "unexpected message %s from keeper", proto_name(type));
	}
}

static void
negotiator_config_changed(void *self)
{
	nego_config_changed(self);
}

/* The peers have been told, or do not listen. */
static void
negotiator_stopped(evutil_socket_t fd, short what, void *ctx)
{
	struct negotiator *n = ctx;
	uint32_t left[CLASS_MAX + 1] = { 0 };

	(void)fd;
	(void)what;
	socket_table_poll(n->sockets); /* what ended a moment ago is not left */
	for (uint32_t id = 1; id <= CLASS_MAX; id++)
		left[id] = socket_table_count_asked(n->sockets, id);
	(void)ipc_send(n->keeper, PROTO_SOCKETS_LEFT, left, sizeof(left), -1);
	role_stopped(n->keeper);
}

static void
negotiator_stop(void *self)
{
	struct timeval patience = { STOP_PATIENCE_S, 0 };
	struct negotiator *n = self;

	if (n->is_stopping)
		return;
	n->stop_timer = evtimer_new(n->base, negotiator_stopped, n);
	evtimer_add(n->stop_timer, &patience);
	n->is_stopping = true;
	engine_shutdown(n->engine, nego_now_ms());
	nego_pump(n);
}

static void
negotiator_free(void *self)
{
	struct negotiator *n = self;

	api_server_free(n->api);
	wfp_free(n->wfp); /* sessions went with their connections */
	ctl_server_free(n->ctl);
	nego_address_free(n);
	nego_defer_free(n);
	nego_udp_free(n);
	nego_clear_free(n);
	nego_renew_free(n);
	nego_engine_free(n);
	socket_table_free(n->sockets);
	class_table_free(n->classes);
	ipc_free(n->auth);
	ipc_free(n->plane);
	if (n->stop_timer != NULL)
		event_free(n->stop_timer);
	free(n);
}

const struct role_ops negotiator_role = {
	.id = ROLE_NEGOTIATOR,
	.start = negotiator_start,
	.fd = negotiator_fd,
	.peer = negotiator_peer,
	.message = negotiator_message,
	.config_changed = negotiator_config_changed,
	.stop = negotiator_stop,
	.free = negotiator_free,
};
