/* The registered sockets. */
#include "daemon/socket_table.h"

#include <sys/queue.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/class_spec.h"
#include "daemon/log.h"
#include "daemon/sockdiag.h"

#define BUCKETS 4096
#define GONE_MAX 4096

struct entry {
	LIST_ENTRY(entry) link;
	struct secured_socket s;
	bool moves;    /* see socket_table_moves() */
	bool seen;     /* in a dump of the kernel's sockets, once */
	bool seen_now; /* in the dump that runs */
};

struct socket_table {
	LIST_HEAD(, entry) bucket[BUCKETS];
	uint64_t next_id;
	struct event_base *base;
	struct event *event;
	int fd;
	void (*changed)(void *ctx, uint32_t class_id);
	void (*moved_end)(void *ctx, uint64_t cookie);
	void *ctx;
	uint32_t n_of_class[CLASS_MAX + 1];
	/*
	 * The last that ended and were not registered: a program that is killed while keeper
	 * secures its socket may be gone before keeper's answer is here.
	 */
	uint64_t gone[GONE_MAX];
	size_t n_gone;
};

static struct entry *
table_find(const struct socket_table *t, uint64_t cookie)
{
	struct entry *e;

	LIST_FOREACH (e, &t->bucket[cookie % BUCKETS], link)
		if (e->s.cookie == cookie)
			return e;
	return NULL;
}

struct socket_table *
socket_table_new(
    struct event_base *base, void (*changed)(void *ctx, uint32_t class_id), void *ctx)
{
	struct socket_table *t = calloc(1, sizeof(*t));

	if (t != NULL) {
		t->base = base;
		t->changed = changed;
		t->ctx = ctx;
		t->fd = -1;
	}
	return t;
}

void
socket_table_free(struct socket_table *t)
{
	struct entry *e;

	if (t == NULL)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		while ((e = LIST_FIRST(&t->bucket[i])) != NULL) {
			LIST_REMOVE(e, link);
			free(e);
		}
	if (t->event != NULL)
		event_free(t->event);
	if (t->fd >= 0)
		close(t->fd);
	free(t);
}

static void
table_changed(struct socket_table *t, uint32_t class_id, int more)
{
	if (class_id <= CLASS_MAX)
		t->n_of_class[class_id] += (uint32_t)more;
	if (t->changed != NULL)
		t->changed(t->ctx, class_id);
}

static bool
is_gone(const struct socket_table *t, uint64_t cookie)
{
	for (size_t i = 0; i < GONE_MAX && i < t->n_gone; i++)
		if (t->gone[i] == cookie)
			return true;
	return false;
}

uint64_t
socket_table_add(struct socket_table *t, const struct secured_socket *s)
{
	struct entry *e = table_find(t, s->cookie);
	uint32_t old_class = e != NULL ? e->s.class_id : 0;

	if (is_gone(t, s->cookie))
		return 0;
	if (e == NULL) {
		if ((e = calloc(1, sizeof(*e))) == NULL)
			return 0;
		LIST_INSERT_HEAD(&t->bucket[s->cookie % BUCKETS], e, link);
	}
	e->s = *s;
	e->s.id = ++t->next_id;
	table_changed(t, s->class_id, 1);
	if (old_class != 0)
		table_changed(t, old_class, -1);
	return t->next_id;
}

void
socket_table_move(struct socket_table *t, uint64_t cookie, uint32_t class_id)
{
	struct entry *e = table_find(t, cookie);
	uint32_t old_class;

	if (e == NULL)
		return;
	old_class = e->s.class_id;
	e->s.class_id = class_id;
	table_changed(t, class_id, 1);
	table_changed(t, old_class, -1);
}

void
socket_table_on_moved_end(
    struct socket_table *t, void (*ended)(void *ctx, uint64_t cookie))
{
	t->moved_end = ended;
}

bool
socket_table_moves(struct socket_table *t, uint64_t cookie)
{
	struct entry *e = table_find(t, cookie);

	if (e != NULL)
		e->moves = true;
	return e != NULL;
}

void
socket_table_negotiated(struct socket_table *t, uint64_t cookie, uint32_t winerr)
{
	struct entry *e = table_find(t, cookie);

	if (e != NULL)
		e->s.winerr = winerr;
}

void
socket_table_walk(const struct socket_table *t,
    void (*each)(void *ctx, const struct secured_socket *s), void *ctx)
{
	const struct entry *e;

	for (size_t i = 0; i < BUCKETS; i++)
		LIST_FOREACH (e, &t->bucket[i], link)
			each(ctx, &e->s);
}

bool
socket_table_find(
    const struct socket_table *t, uint64_t cookie, struct secured_socket *out)
{
	const struct entry *e = table_find(t, cookie);

	if (e != NULL)
		*out = e->s;
	return e != NULL;
}

struct count {
	uint32_t wanted;
	uint32_t n;
};

static void
count_uid(void *ctx, const struct secured_socket *s)
{
	struct count *c = ctx;

	c->n += s->uid == c->wanted && !s->is_accepted;
}

static void
count_asked(void *ctx, const struct secured_socket *s)
{
	struct count *c = ctx;

	c->n += s->class_id == c->wanted && !s->is_accepted;
}

uint32_t
socket_table_count_asked(const struct socket_table *t, uint32_t class_id)
{
	struct count c = { class_id, 0 };

	socket_table_walk(t, count_asked, &c);
	return c.n;
}

uint32_t
socket_table_count_uid(const struct socket_table *t, uint32_t uid)
{
	struct count c = { uid, 0 };

	socket_table_walk(t, count_uid, &c);
	return c.n;
}

uint32_t
socket_table_count_class(const struct socket_table *t, uint32_t class_id)
{
	return class_id <= CLASS_MAX ? t->n_of_class[class_id] : 0;
}

/* ---- whose traffic? ---- */

struct owner {
	const struct socket_table *t;
	const struct flow *flow;
	uint32_t class_id;
	bool is_ambiguous;
};

static bool
address_is_any(const struct address *a)
{
	static const struct address none = { 0, { 0 } };

	return memcmp(a->b, none.b, sizeof(a->b)) == 0;
}

/* Could packets of this flow be those of this socket? */
static bool
has_flow(const struct sockdiag_entry *d, const struct flow *f)
{
	return d->local.port == f->local.port &&
	       (address_is_any(&d->local.addr) ||
		   address_equal(&d->local.addr, &f->local.addr)) &&
	       (d->remote.port == 0 || f->remote.port == 0 ||
		   d->remote.port == f->remote.port) &&
	       (address_is_any(&d->remote.addr) ||
		   address_equal(&d->remote.addr, &f->remote.addr));
}

static void
owner_check(void *ctx, const struct sockdiag_entry *d)
{
	struct owner *o = ctx;
	const struct entry *e = table_find(o->t, d->cookie);

	if (e == NULL || !has_flow(d, o->flow))
		return;
	o->is_ambiguous =
	    o->is_ambiguous || (o->class_id != 0 && o->class_id != e->s.class_id);
	o->class_id = e->s.class_id;
}

static void
owner_any_port(void *ctx, const struct secured_socket *s)
{
	struct owner *o = ctx;

	if (s->class_id == 0 ||
	    (s->protocol != o->flow->protocol && o->flow->protocol != 0))
		return;
	o->is_ambiguous =
	    o->is_ambiguous || (o->class_id != 0 && o->class_id != s->class_id);
	o->class_id = s->class_id;
}

uint32_t
socket_table_owner(struct socket_table *t, const struct flow *flow)
{
	struct owner o = { t, flow, 0, false };

	if (flow->local.port == 0)
		socket_table_walk(t, owner_any_port, &o);
	else if (flow->protocol == 6 || flow->protocol == 17)
		(void)sockdiag_dump(flow->local.addr.family, flow->protocol,
		    flow->local.port, owner_check, &o);
	return o.is_ambiguous ? 0 : o.class_id;
}

/* ---- how negotiations ended that no program asked for ---- */

struct failed {
	struct socket_table *t;
	const struct flow *flow;
	uint32_t winerr;
};

static void
failed_check(void *ctx, const struct sockdiag_entry *d)
{
	struct failed *f = ctx;
	struct entry *e = table_find(f->t, d->cookie);

	if (e != NULL && has_flow(d, f->flow))
		e->s.winerr = f->winerr;
}

void
socket_table_flow_failed(struct socket_table *t, const struct flow *flow, uint32_t winerr)
{
	struct failed f = { t, flow, winerr };

	if (flow->local.port != 0 && (flow->protocol == 6 || flow->protocol == 17))
		(void)sockdiag_dump(flow->local.addr.family, flow->protocol,
		    flow->local.port, failed_check, &f);
}

/* ---- ends ---- */

static void
entry_end(struct socket_table *t, struct entry *e)
{
	uint32_t class_id = e->s.class_id;

	if (e->moves && t->moved_end != NULL)
		t->moved_end(t->ctx, e->s.cookie);
	LIST_REMOVE(e, link);
	free(e);
	table_changed(t, class_id, -1);
}

struct heirs {
	struct socket_table *t;
	struct secured_socket listener;
};

static void
heir_check(void *ctx, const struct sockdiag_entry *d)
{
	struct heirs *h = ctx;
	struct secured_socket s = h->listener;

	if (d->remote.port == 0 || d->state == TCP_TIME_WAIT || d->cookie == 0 ||
	    table_find(h->t, d->cookie) != NULL)
		return;
	s.cookie = d->cookie;
	s.is_accepted = true;
	(void)socket_table_add(h->t, &s);
}

/*
 * What a listener accepted has its class, and its port is still theirs: they are
 * registered when the listener goes. (Ports of secured sockets are exclusive.)
 */
static void
table_destroyed(void *ctx, const struct sockdiag_entry *d)
{
	struct socket_table *t = ctx;
	struct entry *e = table_find(t, d->cookie);
	struct heirs h = { .t = t };

	if (e == NULL) {
		t->gone[t->n_gone++ % GONE_MAX] = d->cookie;
		return;
	}
	log_debug("api", "registration %llu ended", (unsigned long long)e->s.id);
	h.listener = e->s;
	entry_end(ctx, e);
	if (h.listener.protocol == IPPROTO_TCP && d->local.port != 0 &&
	    d->remote.port == 0)
		(void)sockdiag_dump(
		    h.listener.family, IPPROTO_TCP, d->local.port, heir_check, &h);
}

static void
table_seen(void *ctx, const struct sockdiag_entry *d)
{
	struct entry *e = table_find(ctx, d->cookie);

	if (e != NULL)
		e->seen = e->seen_now = true;
}

/* Notifications were lost: what was in the kernel's tables and is not any more has ended. */
static void
table_sweep(struct socket_table *t)
{
	struct entry *e, *next;

	for (uint8_t family = 4; family <= 6; family += 2) {
		if (sockdiag_dump(family, 6, 0, table_seen, t) != 0 ||
		    sockdiag_dump(family, 17, 0, table_seen, t) != 0)
			return;
	}
	for (size_t i = 0; i < BUCKETS; i++)
		for (e = LIST_FIRST(&t->bucket[i]); e != NULL; e = next) {
			next = LIST_NEXT(e, link);
			if (e->seen && !e->seen_now)
				entry_end(t, e);
			else
				e->seen_now = false;
		}
}

static void
table_on_read(evutil_socket_t fd, short what, void *ctx)
{
	(void)what;
	if (!sockdiag_read_destroyed(fd, table_destroyed, ctx))
		table_sweep(ctx);
}

void
socket_table_watch(struct socket_table *t, int fd)
{
	if (t->event != NULL) {
		close(fd);
		return;
	}
	t->fd = fd;
	t->event = event_new(t->base, fd, EV_READ | EV_PERSIST, table_on_read, t);
	if (t->event != NULL)
		event_add(t->event, NULL);
}

void
socket_table_poll(struct socket_table *t)
{
	if (t->event != NULL)
		table_on_read(t->fd, EV_READ, t);
}
