/*
 * What carries the traffic of a class: its TUN device with rule and routes, or its policies
 * in the kernel, and its part of the nftables table. The predefined classes always have
 * theirs, the others on demand. Nothing that the negotiator says is taken for granted.
 */
#include "config.h"

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/gate.h"
#include "daemon/keeper_state.h"
#include "daemon/log.h"
#include "daemon/log_limit.h"
#include "daemon/net_reply.h"
#include "daemon/net_sockets.h"

static bool
class_is_rule(const struct keeper *k, uint32_t class_id)
{
	return k->class[class_id] != NULL && k->class[class_id]->kind == CLASS_OF_RULE;
}

/* The plane listens to clear packets; what comes out of a TUN is not clear. */
static void
skip_devices(const struct keeper *k)
{
	uint32_t skip[CLASS_MAX];
	size_t n = 0;

	if (k->xfrm != NULL)
		return; /* there is no plane */
	for (uint32_t id = 1; id <= CLASS_MAX; id++)
		if (k->tun[id].fd >= 0)
			skip[n++] = k->tun[id].ifindex;
	if (!net_socket_packet_skip(k->packet_fd, skip, n))
		log_error("keeper", "cannot tell clear packets from others");
}

static void
hand_over(const struct keeper *k, uint32_t class_id)
{
	struct proto_fd what = { FD_TUN, class_id };

	(void)ipc_send(k->role[ROLE_PLANE].ipc, PROTO_FD, &what, sizeof(what),
	    k->tun[class_id].fd);
}

bool
keeper_class_is_up(const struct keeper *k, uint32_t class_id)
{
	return k->xfrm != NULL ? xfrm_class_is_up(k->xfrm, class_id) :
				 k->tun[class_id].fd >= 0;
}

static bool
allows_clear(const struct keeper *k, uint32_t class_id)
{
	const struct class_spec *s = k->class[class_id];

	return s == NULL ? class_id == CLASS_INSECURE :
			   s->allow_insecure && s->kind != CLASS_OF_RULE;
}

static void
add_to_table(const struct keeper *k, uint32_t class_id)
{
	(void)net_reply_add_class(k->config, class_id, class_is_rule(k, class_id));
	if (k->xfrm != NULL && allows_clear(k, class_id))
		(void)net_reply_allow_clear(k->config, class_id);
}

void
keeper_classes_table_lost(void *ctx)
{
	struct keeper *k = ctx;
	bool ok = net_reply_up(k->config, k->options->run_dir);

	for (uint32_t id = 1; id <= CLASS_MAX; id++)
		if (keeper_class_is_up(k, id))
			add_to_table(k, id);
	keeper_rules_apply(k);
	net_table_note(k->table);
	if (per_minute_take_now(&k->table_alarms, LOG_LIMIT_LINES))
		log_error("keeper",
		    "ALARM: another program took away the table of nftables; it was %s, and "
		    "what rules forbid may have come in meanwhile",
		    ok ? "put back" : "not put back");
}

/* What the plane of a killed daemon left would take the packets. */
static bool
class_up_kernel(struct keeper *k, uint32_t class_id)
{
	net_class_remove(k->config, class_id);
	if (!xfrm_class_up(k->xfrm, class_id, k->class[class_id]))
		return false;
	add_to_table(k, class_id);
	return true;
}

bool
keeper_class_up(struct keeper *k, uint32_t class_id)
{
	if (k->xfrm != NULL)
		return class_up_kernel(k, class_id);
	if (!net_class_up(k->config, class_id, &k->tun[class_id])) {
		net_class_down(k->config, class_id, &k->tun[class_id], false);
		return false;
	}
	add_to_table(k, class_id);
	skip_devices(k);
	if (k->routes != NULL) /* else all at once, later */
		net_routes_add_class(k->routes, class_id);
	return true;
}

static void
class_down(struct keeper *k, uint32_t class_id, bool keep)
{
	struct proto_class_id gone = { class_id };

	(void)ipc_send(
	    k->role[ROLE_PLANE].ipc, PROTO_CLASS_GONE, &gone, sizeof(gone), -1);
	if (k->xfrm != NULL)
		xfrm_class_down(k->xfrm, class_id, keep);
	if (!keep && k->xfrm == NULL)
		gate_forget(k->tun[class_id].ifindex);
	net_class_down(k->config, class_id, &k->tun[class_id], keep);
	if (!keep)
		net_reply_remove_class(k->config, class_id);
	if (keep)
		return;
	free(k->class[class_id]);
	k->class[class_id] = NULL;
}

/* ---- messages ---- */

/* Could it be one that is made on demand? */
static bool
is_dynamic(const struct keeper *k, uint32_t class_id)
{
	return class_id > CLASS_PREDEFINED && class_id <= CLASS_MAX &&
	       class_id <= net_class_limit(k->config);
}

static bool
may_make(const struct keeper *k, const struct proto_class_spec *ask)
{
	return ask->class_id > CLASS_PREDEFINED &&
	       ask->class_id <= net_class_limit(k->config) &&
	       k->class[ask->class_id] == NULL && !k->is_lost[ask->class_id] &&
	       class_spec_is_sane(&ask->spec);
}

bool
keeper_class_ask(struct keeper *k, struct span body)
{
	struct proto_class_spec ask;
	struct proto_class_id failed;
	struct class_spec *spec = NULL;

	if (!proto_body(body, &ask, sizeof(ask)))
		return false;
	failed.class_id = ask.class_id;
	if (!k->is_stopping && may_make(k, &ask) &&
	    (spec = malloc(sizeof(*spec))) != NULL) {
		*spec = ask.spec;
		k->class[ask.class_id] = spec;
		if (keeper_class_up(k, ask.class_id)) {
			hand_over(k, ask.class_id);
			class_file_save(k);
			return true;
		}
		free(spec);
		k->class[ask.class_id] = NULL;
	}
	log_error("keeper", "cannot make class %u", ask.class_id);
	(void)ipc_send(k->role[ROLE_NEGOTIATOR].ipc, PROTO_CLASS_FAILED, &failed,
	    sizeof(failed), -1);
	return true;
}

/* The negotiator learns what is there. */
static void
tell(struct keeper *k, uint32_t class_id)
{
	struct proto_class_spec known = { .class_id = class_id };

	if (k->class[class_id] != NULL)
		known.spec = *k->class[class_id];
	else if (k->is_lost[class_id])
		known.spec.kind = CLASS_LOST;
	else
		return;
	(void)ipc_send(k->role[ROLE_NEGOTIATOR].ipc, PROTO_CLASS_KNOWN, &known,
	    sizeof(known), -1);
}

bool
keeper_class_end(struct keeper *k, struct span body)
{
	struct proto_class_id end;

	if (!proto_body(body, &end, sizeof(end)) || end.class_id <= CLASS_PREDEFINED ||
	    end.class_id > CLASS_MAX)
		return false;
	if (k->class[end.class_id] == NULL)
		return true; /* it could not be made */
	if (keeper_class_has_sockets(k, end.class_id)) {
		log_error("keeper",
		    "class %u stays: sockets have it, and their traffic would leave in clear",
		    end.class_id);
		tell(k, end.class_id);
		keeper_adopt_class(k, end.class_id);
		return true;
	}
	class_down(k, end.class_id, false);
	skip_devices(k);
	class_file_save(k);
	return true;
}

void
keeper_classes_hand_over(struct keeper *k)
{
	for (uint32_t id = 1; id <= CLASS_MAX; id++)
		if (k->tun[id].fd >= 0)
			hand_over(k, id);
}

void
keeper_classes_tell(struct keeper *k)
{
	for (uint32_t id = CLASS_PREDEFINED + 1; id <= CLASS_MAX; id++)
		tell(k, id);
}

/* ---- what an earlier daemon left behind ---- */

static void
tell_lost(const struct keeper *k, uint32_t class_id)
{
	log_warn("keeper",
	    "%u sockets have class %u, which nobody knows any more: their traffic waits until "
	    "they are closed",
	    k->sockets_left[class_id], class_id);
}

/* The kernel blocks what live sockets of forgotten classes send. */
static void
adopt_marks(struct keeper *k)
{
	for (uint32_t id = CLASS_PREDEFINED + 1; id <= CLASS_MAX; id++) {
		if (k->class[id] != NULL || k->sockets_left[id] == 0)
			continue;
		k->is_lost[id] = true;
		xfrm_class_guard(k->xfrm, id);
		tell_lost(k, id);
	}
}

/* A device without a class: its sockets, if there are any, stay without traffic. */
static void
adopt_device(struct keeper *k, uint32_t class_id)
{
	if (class_id > CLASS_MAX || !is_dynamic(k, class_id) ||
	    k->class[class_id] != NULL)
		return;
	k->is_lost[class_id] = k->sockets_left[class_id] > 0;
	if (net_class_up(k->config, class_id, &k->tun[class_id]))
		net_class_down(
		    k->config, class_id, &k->tun[class_id], k->is_lost[class_id]);
	if (k->is_lost[class_id])
		tell_lost(k, class_id);
}

static void
adopt_devices(struct keeper *k)
{
	struct if_nameindex *all = if_nameindex();
	uint32_t class_id;

	for (struct if_nameindex *i = all; i != NULL && i->if_index != 0; i++)
		if (sscanf(i->if_name, "aip%u", &class_id) == 1)
			adopt_device(k, class_id);
	if (all != NULL)
		if_freenameindex(all);
}

bool
keeper_classes_open(struct keeper *k)
{
	for (uint32_t id = 1; id <= CLASS_PREDEFINED; id++)
		if (!keeper_class_up(k, id))
			return false;
	keeper_count_sockets(k);
	class_file_load(k);
	if (k->xfrm != NULL)
		adopt_marks(k);
	else
		adopt_devices(k);
	for (uint32_t id = CLASS_PREDEFINED + 1; id <= CLASS_MAX; id++) {
		if (k->class[id] == NULL || keeper_class_up(k, id))
			continue;
		if (k->xfrm != NULL)
			xfrm_class_guard(k->xfrm, id);
		free(k->class[id]);
		k->class[id] = NULL;
		k->is_lost[id] = true;
	}
	keeper_rules_restore(k);
	if (!keeper_secured_open(k))
		return false;
	memset(k->sockets_left, 0, sizeof(k->sockets_left));
	class_file_save(k);
	return true;
}

void
keeper_classes_close(struct keeper *k)
{
	bool was_open = keeper_class_is_up(k, 1), keep = false;

	if (was_open)
		keeper_rules_end(k);
	for (uint32_t id = 1; id <= CLASS_MAX; id++) {
		bool keep_this = k->sockets_left[id] > 0;

		keep = keep || keep_this || k->is_lost[id];
		if (keeper_class_is_up(k, id) && keep_this)
			log_warn("keeper",
			    "secured sockets of class %u are still open: its rules "
			    "stay, so that their traffic does not leave in clear",
			    id);
		if (k->xfrm != NULL && keeper_class_is_up(k, id))
			class_down(k, id, keep_this);
		else if (k->tun[id].fd >= 0 && !keep_this && id > CLASS_PREDEFINED)
			class_down(k, id, false);
		else
			net_class_down(k->config, id, &k->tun[id], keep_this);
	}
	if (was_open)
		class_file_save(k);
	keeper_secured_close(k, keep);
	for (uint32_t id = 1; id <= CLASS_MAX; id++) {
		free(k->class[id]);
		k->class[id] = NULL;
	}
	if (was_open && !keep)
		net_reply_down(k->options->run_dir);
}
