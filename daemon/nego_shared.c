/*
 * Do other classes of this host talk to the same port of a peer? A pair for all connections to
 * it would be taken for theirs, too, by a peer that has none for them any more (ike/narrow.h).
 */
#include "config.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include "daemon/class_table.h"
#include "daemon/negotiator.h"
#include "daemon/sockdiag.h"
#include "daemon/socket_table.h"

/* A connected UDP socket is ESTABLISHED, too; who has only shut down may still be told. */
#define OPEN_STATES (1u << TCP_ESTABLISHED | 1u << TCP_FIN_WAIT1 | 1u << TCP_FIN_WAIT2)

struct look {
	struct negotiator *n;
	uint32_t class_id;
	const struct endpoint *remote;
	bool is_shared;
};

static uint32_t
class_of(const struct negotiator *n, const struct sockdiag_entry *e, const struct flow *f)
{
	struct secured_socket s;

	return socket_table_find(n->sockets, e->cookie, &s) ? s.class_id : nego_rules_class(n, f);
}

static void
look_at(void *ctx, const struct sockdiag_entry *e)
{
	struct flow f = { e->protocol, endpoint_unmapped(&e->local),
		endpoint_unmapped(&e->remote) };
	struct look *l = ctx;
	uint32_t class_id;

	if (l->is_shared || f.remote.port != l->remote->port ||
	    !address_equal(&f.remote.addr, &l->remote->addr))
		return;
	class_id = class_of(l->n, e, &f);
	l->is_shared = class_id != 0 && class_id != l->class_id;
}

static bool
is_another(void *ctx, uint32_t class_id, const struct class_spec *spec)
{
	struct look *l = ctx;

	l->is_shared = class_id != l->class_id && !class_spec_is_exempt(spec) &&
	    (spec->kind == CLASS_OF_RULE || class_sockets(l->n->classes, class_id) > 0);
	return !l->is_shared;
}

/* Without others in use the sockets of this host need not be looked through. */
static bool
others_are_in_use(struct negotiator *n, uint32_t class_id)
{
	struct look l = { .n = n, .class_id = class_id };

	class_walk(n->classes, is_another, &l);
	return l.is_shared;
}

bool
nego_port_is_shared(struct negotiator *n, uint32_t class_id, const struct flow *selector)
{
	struct look l = { n, class_id, &selector->remote, false };

	if ((selector->protocol != IPPROTO_TCP && selector->protocol != IPPROTO_UDP) ||
	    selector->local.port != 0 || selector->remote.port == 0 ||
	    !others_are_in_use(n, class_id))
		return false;
	(void)sockdiag_dump_to(selector->remote.addr.family, selector->protocol, OPEN_STATES,
	    selector->remote.port, look_at, &l);
	if (!l.is_shared && selector->remote.addr.family == 4) /* of programs that rules secure */
		(void)sockdiag_dump_to(
		    6, selector->protocol, OPEN_STATES, selector->remote.port, look_at, &l);
	return l.is_shared;
}
