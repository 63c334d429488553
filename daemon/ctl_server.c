/* The control sockets. */
#include "config.h"

#include "daemon/ctl_server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <jansson.h>

#include "daemon/ctl_flow.h"
#include "daemon/explain.h"
#include "daemon/log.h"
#include "daemon/negotiator.h"
#include "daemon/status_json.h"

#define MAX_CLIENTS 64 /* of each socket: those who only look keep nobody out */
#define MAX_CLIENTS_PER_UID 16 /* nor does one of them the others, nor root */
#define MAX_LINE_BYTES 4096
#define MAX_QUEUED_BYTES (8 * 1024 * 1024)

struct ctl_client {
	LIST_ENTRY(ctl_client) link;
	struct ctl_server *server;
	struct ctl_listener *listener;
	struct bufferevent *bev;
	uid_t uid;
	uint64_t id;
	bool is_monitor;
	bool is_keylog; /* wants session keys */
};

struct ctl_listener {
	struct ctl_server *server;
	struct event *event;
	int fd;
	bool may_change;
	size_t n_clients;
};

struct ctl_server {
	struct negotiator *n;
	struct ctl_listener listener[2];
	size_t n_listeners;
	LIST_HEAD(, ctl_client) clients;
	uint64_t next_id;
};

static void
client_free(struct ctl_client *c)
{
	LIST_REMOVE(c, link);
	c->listener->n_clients--;
	bufferevent_free(c->bev);
	free(c);
}

/* Takes ownership of doc. */
static void
client_send(struct ctl_client *c, json_t *doc)
{
	char *text = doc != NULL ? json_dumps(doc, JSON_COMPACT) : NULL;

	json_decref(doc);
	if (text == NULL)
		return;
	bufferevent_write(c->bev, text, strlen(text));
	bufferevent_write(c->bev, "\n", 1);
	free(text);
}

static bool
client_reads(const struct ctl_client *c)
{
	return evbuffer_get_length(bufferevent_get_output(c->bev)) <= MAX_QUEUED_BYTES;
}

/*
 * A status may be longer than what may be queued, but one user keeps one such answer here, on
 * however many connections that nobody reads.
 */
static bool
user_reads(const struct ctl_client *c)
{
	const struct ctl_client *other;
	size_t n = 0;

	LIST_FOREACH (other, &c->server->clients, link)
		if (other->listener == c->listener && other->uid == c->uid)
			n += evbuffer_get_length(bufferevent_get_output(other->bev));
	return c->uid == 0 || n <= MAX_QUEUED_BYTES;
}

static void
client_error(struct ctl_client *c, const char *text)
{
	client_send(c, json_pack("{s:b,s:s}", "ok", 0, "error", text));
}

/* ---- requests ---- */

static void
request_initiate(struct ctl_client *c, json_t *q)
{
	struct waiter w = { .ctl_client = c->id };
	json_t *class_id = json_object_get(q, "class");
	const char *error;
	struct flow f;

	if ((error = ctl_flow_read(q, &f)) != NULL) {
		client_error(c, error);
		return;
	}
	f.local.port = 0;
	if (!nego_acquire(c->server->n, &f,
		json_integer_value(class_id) == CLASS_ENCRYPT ? CLASS_ENCRYPT : CLASS_DEFAULT,
		&w))
		client_error(c, "the policy has no proposal for that: with --encrypt "
				"it needs one that encrypts");
}

static void
request_explain(struct ctl_client *c, json_t *q)
{
	struct negotiator *n = c->server->n;
	struct proto_flow_state ask;
	const char *error;

	memset(&ask, 0, sizeof(ask)); /* padding travels, too */
	ask.client = c->id;
	if ((error = explain_question(n, q, &ask)) != NULL)
		client_error(c, error);
	else if (ask.class_id == 0 || ask.flow.remote.port == 0 || n->plane == NULL ||
		 ipc_send(n->plane, PROTO_FLOW_ASK, &ask, sizeof(ask), -1) != 0)
		client_send(c, explain_json(n, &ask));
}

static void
request_delete(struct ctl_client *c, json_t *q)
{
	const char *what = json_string_value(json_object_get(q, "what"));
	json_t *number = json_object_get(q, "id");
	json_int_t id = json_integer_value(number);
	struct negotiator *n = c->server->n;

	if (!json_is_integer(number) || id < 0 || id > UINT32_MAX) {
		client_error(c, "\"id\" must be the number of an SA, or 0 for all");
		return;
	}
	if (what != NULL && strcmp(what, "quick-mode") == 0) {
		engine_delete_qm(n->engine, nego_now_ms(), (uint32_t)id);
	} else if (what != NULL && strcmp(what, "main-mode") == 0) {
		engine_delete_mm(n->engine, nego_now_ms(), (uint32_t)id);
	} else {
		client_error(c, "\"what\" must be main-mode or quick-mode");
		return;
	}
	nego_pump(n);
	client_send(c, json_pack("{s:b}", "ok", 1));
}

static void
request_keylog(struct ctl_client *c)
{
	if (c->server->n->config->key_log == 0) {
		client_error(c, "the key log is off: write key_log = true, and start authipd again");
		return;
	}
	c->is_keylog = true;
	client_send(c, json_pack("{s:b}", "ok", 1));
}

static void
request_reload(struct ctl_client *c)
{
	struct proto_reload ask;

	memset(&ask, 0, sizeof(ask));
	ask.client = c->id;
	if (ipc_send(c->server->n->keeper, PROTO_RELOAD_ASK, &ask, sizeof(ask), -1) != 0)
		client_error(c, "keeper does not answer");
}

static void
client_request(struct ctl_client *c, const char *line)
{
	json_t *q = json_loads(line, 0, NULL);
	const char *cmd = json_string_value(json_object_get(q, "cmd"));
	bool changes = cmd != NULL &&
	    (strcmp(cmd, "initiate") == 0 || strcmp(cmd, "delete") == 0 ||
		strcmp(cmd, "keylog") == 0 || strcmp(cmd, "reload") == 0);

	if (cmd == NULL)
		client_error(c, "a request is one JSON object with \"cmd\"");
	else if (changes && !c->listener->may_change)
		client_error(c, "this socket only shows: use ctl.sock, as root");
	else if (!user_reads(c))
		client_error(c, "answers of your other connections wait to be read: read or "
				"close them");
	else if (strcmp(cmd, "status") == 0)
		client_send(c, status_json(c->server->n));
	else if (strcmp(cmd, "explain") == 0)
		request_explain(c, q);
	else if (strcmp(cmd, "initiate") == 0)
		request_initiate(c, q);
	else if (strcmp(cmd, "delete") == 0)
		request_delete(c, q);
	else if (strcmp(cmd, "keylog") == 0)
		request_keylog(c);
	else if (strcmp(cmd, "reload") == 0)
		request_reload(c);
	else if (strcmp(cmd, "monitor") == 0)
		c->is_monitor = true;
	else
		client_error(c, "unknown \"cmd\": status, monitor, explain, initiate, delete, reload "
				"or keylog");
	json_decref(q);
}

/* ---- connections ---- */

static void
client_on_read(struct bufferevent *bev, void *ctx)
{
	struct ctl_client *c = ctx;
	bool reads = true;
	char *line;

	while (reads &&
	    (line = evbuffer_readln(bufferevent_get_input(bev), NULL, EVBUFFER_EOL_LF)) !=
		NULL) {
		reads = client_reads(c); /* what it asked for before */
		if (reads)
			client_request(c, line);
		free(line);
	}
	if (!reads || evbuffer_get_length(bufferevent_get_input(bev)) > MAX_LINE_BYTES)
		client_free(c);
}

static void
client_on_event(struct bufferevent *bev, short what, void *ctx)
{
	(void)bev;
	(void)what;
	client_free(ctx);
}

static bool
listener_has_room(const struct ctl_listener *l, uid_t uid)
{
	const struct ctl_client *c;
	size_t same = 0;

	LIST_FOREACH (c, &l->server->clients, link)
		same += c->listener == l && c->uid == uid;
	return l->n_clients < MAX_CLIENTS && (uid == 0 || same < MAX_CLIENTS_PER_UID);
}

static void
server_add(struct ctl_listener *l, int fd)
{
	struct ctl_server *s = l->server;
	struct ctl_client *c;
	struct ucred cred;
	socklen_t n = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &n) != 0 ||
	    !listener_has_room(l, cred.uid) || (c = calloc(1, sizeof(*c))) == NULL) {
		close(fd);
		return;
	}
	c->uid = cred.uid;
	c->server = s;
	c->listener = l;
	c->id = ++s->next_id;
	c->bev = bufferevent_socket_new(s->n->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (c->bev == NULL) {
		close(fd);
		free(c);
		return;
	}
	LIST_INSERT_HEAD(&s->clients, c, link);
	l->n_clients++;
	bufferevent_setcb(c->bev, client_on_read, NULL, client_on_event, c);
	bufferevent_setwatermark(c->bev, EV_READ, 0, 2 * MAX_LINE_BYTES);
	bufferevent_enable(c->bev, EV_READ | EV_WRITE);
}

static void
server_on_accept(evutil_socket_t sock, short what, void *ctx)
{
	int fd;

	(void)what;
	while ((fd = accept4(sock, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0)
		server_add(ctx, fd);
}

void
ctl_server_listen(struct ctl_server *s, int fd, bool may_change)
{
	struct ctl_listener *l = &s->listener[s->n_listeners];

	if (s->n_listeners == 2) {
		close(fd);
		return;
	}
	s->n_listeners++;
	l->server = s;
	l->fd = fd;
	l->may_change = may_change;
	l->event = event_new(s->n->base, fd, EV_READ | EV_PERSIST, server_on_accept, l);
	if (l->event != NULL)
		event_add(l->event, NULL);
}

void
ctl_server_event(struct ctl_server *s, const struct action_event *e)
{
	struct ctl_client *c;

	LIST_FOREACH (c, &s->clients, link) {
		if (!c->is_monitor)
			continue;
		if (client_reads(c))
			client_send(c, status_json_event(e));
		else /* ends later: its own request may have brought us here */
			bufferevent_trigger_event(
			    c->bev, BEV_EVENT_ERROR, BEV_TRIG_DEFER_CALLBACKS);
	}
}

bool
ctl_server_has_keylog(const struct ctl_server *s)
{
	const struct ctl_client *c;

	LIST_FOREACH (c, &s->clients, link)
		if (c->is_keylog)
			return true;
	return false;
}

void
ctl_server_keylog(struct ctl_server *s, const char *table, const char *line)
{
	struct ctl_client *c;

	LIST_FOREACH (c, &s->clients, link)
		if (c->is_keylog && client_reads(c))
			client_send(c, json_pack("{s:s,s:s}", "table", table, "line", line));
}

static struct ctl_client *
client_find(const struct ctl_server *s, uint64_t id)
{
	struct ctl_client *c;

	LIST_FOREACH (c, &s->clients, link)
		if (c->id == id)
			return c;
	return NULL;
}

void
ctl_server_explained(struct ctl_server *s, const struct proto_flow_state *seen)
{
	struct ctl_client *c = client_find(s, seen->client);

	if (c != NULL)
		client_send(c, explain_json(s->n, seen));
}

void
ctl_server_result(struct ctl_server *s, uint64_t client, const struct action_result *r)
{
	struct ctl_client *c = client_find(s, client);

	if (c == NULL)
		return;
	if (r->error == IKE_OK)
		client_send(c, json_pack("{s:b,s:I,s:I}", "ok", 1, "main_mode_id",
			(json_int_t)r->mm_id, "quick_mode_id", (json_int_t)r->qm_id));
	else
		client_send(c, json_pack("{s:b,s:o,s:I}", "ok", 0, "error",
			status_json_text(r->text), "win32", (json_int_t)r->win32));
}

void
ctl_server_reloaded(struct ctl_server *s, uint64_t client, const char *error)
{
	struct ctl_client *c = client_find(s, client);

	if (c == NULL)
		return;
	if (error != NULL)
		client_send(c, json_pack("{s:b,s:o}", "ok", 0, "error", status_json_text(error)));
	else
		client_send(c, json_pack("{s:b}", "ok", 1));
}

struct ctl_server *
ctl_server_new(struct negotiator *n)
{
	struct ctl_server *s = calloc(1, sizeof(*s));

	if (s != NULL) {
		s->n = n;
		LIST_INIT(&s->clients);
	}
	return s;
}

void
ctl_server_free(struct ctl_server *s)
{
	struct ctl_client *c;

	if (s == NULL)
		return;
	while ((c = LIST_FIRST(&s->clients)) != NULL)
		client_free(c);
	for (size_t i = 0; i < s->n_listeners; i++) {
		if (s->listener[i].event != NULL)
			event_free(s->listener[i].event);
		close(s->listener[i].fd);
	}
	free(s);
}
