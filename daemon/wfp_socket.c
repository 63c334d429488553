/* Secured sockets as the kernel has them now. */
#include "daemon/wfp_socket.h"

#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/class_table.h"
#include "daemon/negotiator.h"
#include "daemon/sockdiag.h"

struct collect {
	struct wfp_session *s;
	struct wfp_sockets *out;
};

static bool
address_is_any(const struct address *a)
{
	static const uint8_t none[16];

	return memcmp(a->b, none, sizeof(none)) == 0;
}

static bool
sockets_grow(struct wfp_sockets *o)
{
	size_t room = o->room > 0 ? 2 * o->room : 16;
	struct wfp_socket *list;

	if (o->n < o->room)
		return true;
	list = realloc(o->list, room * sizeof(*list));
	if (list == NULL) {
		o->no_memory = true;
		return false;
	}
	o->list = list;
	o->room = room;
	return true;
}

static void
collect_one(void *ctx, const struct sockdiag_entry *d)
{
	struct collect *c = ctx;
	struct secured_socket r;

	if (d->cookie == 0 || d->local.port == 0 ||
	    !socket_table_find(c->s->w->n->sockets, d->cookie, &r))
		return;
	if ((!c->s->who.sees_all && r.uid != c->s->who.uid) || !sockets_grow(c->out))
		return;
	c->out->list[c->out->n++] = (struct wfp_socket){
		.registration = r.id,
		.cookie = r.cookie,
		.class_id = r.class_id,
		.family = d->family,
		.is_listening = d->protocol == 6 && d->state == TCP_LISTEN,
		.flow = { d->protocol, d->local, d->remote },
	};
}

static int
by_registration(const void *a, const void *b)
{
	const struct wfp_socket *x = a, *y = b;

	return x->registration < y->registration ? -1 :
						   x->registration > y->registration;
}

/* The kernel shows a socket twice when others are opened while it answers. */
static void
drop_repeated(struct wfp_sockets *o)
{
	size_t n = 0;

	if (o->n > 0)
		qsort(o->list, o->n, sizeof(*o->list), by_registration);
	for (size_t i = 0; i < o->n; i++)
		if (i == 0 || o->list[i].registration != o->list[n - 1].registration)
			o->list[n++] = o->list[i];
	o->n = n;
}

void
wfp_sockets_collect(struct wfp_session *s, struct wfp_sockets *out)
{
	struct collect c = { s, out };

	memset(out, 0, sizeof(*out));
	for (uint8_t family = 4; family <= 6; family += 2) {
		(void)sockdiag_dump(family, 6, 0, collect_one, &c);
		(void)sockdiag_dump(family, 17, 0, collect_one, &c);
	}
	drop_repeated(out);
}

bool
wfp_socket_has(const struct wfp_socket *sock, const struct engine_qm_status *qm)
{
	const struct flow *f = &sock->flow, *sel = &qm->selector;

	if (sock->class_id != qm->class_id || sock->family != sel->local.addr.family ||
	    (sel->protocol != 0 && sel->protocol != f->protocol) ||
	    (sel->local.port != 0 && sel->local.port != f->local.port))
		return false;
	if (!address_is_any(&f->local.addr) &&
	    !address_equal(&f->local.addr, &sel->local.addr))
		return false;
	return f->remote.port == 0 ||
	       (address_equal(&f->remote.addr, &sel->remote.addr) &&
		   (sel->remote.port == 0 || sel->remote.port == f->remote.port));
}

struct wfp_socket
wfp_socket_of_pair(const struct engine_qm_status *qm)
{
	struct wfp_socket s = {
		.class_id = qm->class_id,
		.family = qm->selector.local.addr.family,
		.flow = qm->selector,
	};

	return s;
}

bool
wfp_socket_policy(
    struct wfp_session *s, const struct wfp_socket *sock, struct class_policy *out)
{
	return class_policy(s->w->n->classes, sock->class_id, &sock->flow.remote, out);
}
