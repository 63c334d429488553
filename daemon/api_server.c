/* The server of the registration protocol. */
#include "config.h"

#include "daemon/api_server.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/api_engine.h"
#include "daemon/api_client.h"
#include "daemon/api_preconnect.h"
#include "daemon/api_secure.h"
#include "daemon/api_socket.h"
#include "daemon/class_table.h"
#include "daemon/log.h"
#include "daemon/negotiator.h"
#include "daemon/socket_table.h"

#define WSAEINVAL 10022
#define WSAENETDOWN 10050
#define WSAENOBUFS 10055

#define MAX_CLIENTS 512
#define CLIENTS_OF_ROOT 64 /* so many the others leave free, together */
#define MAX_CLIENTS_PER_UID 64
#define IDLE_TIMEOUT_S 30
#define DAEMON_VERSION (0u << 16 | 1)
#define MAX_DESCRIPTORS 8

static void
client_free(struct client *c)
{
	LIST_REMOVE(c, link);
	c->server->n_clients--;
	api_engine_close(&c->engine);
	event_free(c->event);
	close(c->fd);
	free(c);
}

void
client_reply(struct client *c, uint32_t error, const void *body, size_t n)
{
	uint8_t out[API_REPLY_MAX_BYTES];
	size_t out_n = api_frame_reply(&c->request, error, body, n, out);

	/* A client asks one thing at a time: if it does not read, it has lost interest. */
	(void)!send(c->fd, out, out_n, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void
client_hello(struct client *c)
{
	struct aip_api_hello_reply r = {
		.daemon_version = htole32(DAEMON_VERSION),
		.backend = htole32(c->server->n->config->backend == BACKEND_KERNEL ?
				       AIP_API_BACKEND_KERNEL :
				       AIP_API_BACKEND_PLANE),
		.sockets_limit = htole32(c->server->n->config->limits.sockets_per_user),
	};

	c->said_hello = true;
	client_reply(c, 0, &r, sizeof(r));
}

static void
refuse_class(struct client *c, enum class_error err)
{
	if (nego_may_log(&c->server->n->users_refused, c->uid))
		log_warn("api", "refused a secured socket of user %u: %s", c->uid,
		    class_error_text(err));
	client_reply(c,
	    err == CLASS_NO_ENCRYPTION || err == CLASS_BAD_POLICY ? WSAEINVAL :
								    WSAENOBUFS,
	    NULL, 0);
}

static bool
is_registered(const struct negotiator *n, int fd)
{
	struct secured_socket s;

	return socket_table_find(n->sockets, api_socket_cookie(fd), &s);
}

static void
client_secure(struct client *c, int fd)
{
	struct negotiator *n = c->server->n;
	struct proto_secure_ask ask = {
		.request = ++c->server->next_ask,
		.uid = c->uid,
	};
	enum class_error err;

	if (n->is_stopping) {
		client_reply(c, WSAENETDOWN, NULL, 0);
	} else if (socket_table_count_uid(n->sockets, c->uid) >=
		   n->config->limits.sockets_per_user) {
		if (nego_may_log(&n->users_refused, c->uid))
			log_warn("api",
			    "user %u has %u secured sockets, the limit: refused another",
			    c->uid, n->config->limits.sockets_per_user);
		client_reply(c, WSAENOBUFS, NULL, 0);
	} else if (is_registered(n, fd)) {
		client_reply(c, WSAEINVAL, NULL, 0);
	} else if ((err = api_secure_class(n, c->uid, &c->request, &ask.class_id)) !=
		   CLASS_OK) {
		refuse_class(c, err);
	} else if (ipc_send(n->keeper, PROTO_SECURE_ASK, &ask, sizeof(ask), fd) != 0) {
		class_unref(n->classes, ask.class_id);
		client_reply(c, WSAENETDOWN, NULL, 0);
	} else {
		c->is_waiting = true;
		c->ask = ask.request;
	}
}

struct client *
client_of_ask(const struct api_server *s, uint64_t ask)
{
	struct client *c;

	LIST_FOREACH (c, &s->clients, link)
		if (c->is_waiting && c->ask == ask)
			break;
	return c;
}

void
api_server_secured(struct api_server *s, const struct proto_secure_reply *r)
{
	struct aip_api_secure_reply reply = { .class_id = htole32(r->class_id) };
	struct secured_socket sock = { 0, r->cookie, r->class_id, r->uid, r->family,
		r->protocol, nego_now_ms(), false, 0 };
	struct client *c = client_of_ask(s, r->request);
	uint64_t id = 0;

	if (r->was_class != 0) {
		client_moved(s, c, r);
		return;
	}
	/* The client may have gone; the socket lives on and is registered all the same. */
	if (r->winsock_error == 0)
		id = socket_table_add(s->n->sockets, &sock);
	class_unref(s->n->classes, r->class_id);
	if (c == NULL)
		return;
	c->is_waiting = false;
	if (id != 0)
		api_secure_hold(s->n, r->cookie, c->uid, &c->request);
	reply.registration_id = htole64(id);
	if (r->winsock_error != 0)
		log_debug(
		    "api", "user %u: socket refused: %u", c->uid, r->winsock_error);
	else if (nego_may_log(&s->n->users_secured, c->uid))
		log_info("api",
		    "socket of user %u secured: class %u, registration %llu", c->uid,
		    r->class_id, (unsigned long long)id);
	client_reply(c, r->winsock_error, &reply, sizeof(reply));
}

/* A session may be idle for as long as it likes. */
static void
client_engine(struct client *c)
{
	api_engine_ask(&c->engine, c->server->n->wfp, c->fd, c->uid,
	    c->server->n->config->viewers, &c->request);
	if (c->engine.session != NULL)
		(void)event_remove_timer(c->event);
}

/* ---- SOCK_PRECONNECT ---- */

static void
client_preconnect(struct client *c, int fd)
{
	struct aip_api_preconnect_reply none = { 0 };
	uint32_t error;

	c->is_waiting = true; /* the answer may come at once */
	c->ask = ++c->server->next_ask;
	if (api_preconnect(c->server->n, fd, &c->request.peer, c->ask, c->uid, &error))
		return;
	c->is_waiting = false;
	client_reply(c, error, &none, sizeof(none));
}

void
api_server_negotiated(struct api_server *s, uint64_t ask, enum ike_err error)
{
	struct aip_api_preconnect_reply reply = { 0 };
	struct client *c = client_of_ask(s, ask);

	if (c == NULL || c->request.verb != AIP_API_SOCK_PRECONNECT)
		return;
	c->is_waiting = false;
	client_reply(c, api_preconnect_error(error), &reply, sizeof(reply));
}

/* ---- connections ---- */

/* False: the connection is to be closed. */
static bool
client_handle(struct client *c, struct span datagram, int fd)
{
	uint32_t error;

	if (c->is_waiting || c->engine.is_waiting)
		return false; /* one at a time */
	switch (
	    api_frame_parse(datagram, c->said_hello, fd >= 0, &c->request, &error)) {
	case API_BREAK:
		return false;
	case API_REFUSE:
		client_reply(c, error, NULL, 0);
		return true;
	case API_GOOD:
		if (c->request.verb == AIP_API_HELLO)
			client_hello(c);
		else if (c->request.verb >= AIP_API_ENGINE_FIRST)
			client_engine(c);
		else if (c->request.verb == AIP_API_SOCK_QUERY)
			client_query(c, fd);
		else if (c->request.verb == AIP_API_SOCK_IDENTITY)
			client_identity(c, fd);
		else if (c->request.verb == AIP_API_SOCK_TARGET)
			client_target(c, fd);
		else if (c->request.verb == AIP_API_SOCK_PRECONNECT)
			client_preconnect(c, fd);
		else
			client_secure(c, fd);
		return true;
	}
	return false;
}

static void
client_on_read(evutil_socket_t sock, short what, void *ctx)
{
	static uint8_t buf[AIP_API_MAX_BYTES];
	union {
		struct cmsghdr align;
		char b[CMSG_SPACE(MAX_DESCRIPTORS * sizeof(int))];
	} control;
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr mh = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct client *c = ctx;
	size_t n_fd;
	bool good;
	ssize_t n;
	int fd;

	if ((what & EV_TIMEOUT) != 0) {
		if (!c->is_waiting)
			client_free(c);
		return;
	}
	n = recvmsg(sock, &mh, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	n_fd = n >= 0 ? api_socket_take(&mh, &fd) : 0;
	good = n > 0 && n_fd <= 1 && (mh.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0 &&
	       client_handle(c, span_of(buf, (size_t)n), n_fd == 1 ? fd : -1);
	if (n_fd > 0)
		close(fd);
	if (!good)
		client_free(c);
}

static bool
server_has_room(const struct api_server *s, uid_t uid)
{
	const struct client *c;
	size_t same = 0;

	LIST_FOREACH (c, &s->clients, link)
		same += c->uid == uid;
	if (uid == 0)
		return s->n_clients < MAX_CLIENTS;
	return s->n_clients < MAX_CLIENTS - CLIENTS_OF_ROOT && same < MAX_CLIENTS_PER_UID;
}

static void
server_add(struct api_server *s, int fd)
{
	struct timeval idle = { IDLE_TIMEOUT_S, 0 };
	struct ucred cred;
	socklen_t n = sizeof(cred);
	struct client *c;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &n) != 0 ||
	    !server_has_room(s, cred.uid) || (c = calloc(1, sizeof(*c))) == NULL) {
		close(fd);
		return;
	}
	c->server = s;
	c->fd = fd;
	c->uid = cred.uid;
	c->event = event_new(s->n->base, fd, EV_READ | EV_PERSIST, client_on_read, c);
	if (c->event == NULL || event_add(c->event, &idle) != 0) {
		close(fd);
		free(c);
		return;
	}
	LIST_INSERT_HEAD(&s->clients, c, link);
	s->n_clients++;
}

static void
server_on_accept(evutil_socket_t sock, short what, void *ctx)
{
	int fd;

	(void)what;
	while ((fd = accept4(sock, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0)
		server_add(ctx, fd);
}

struct api_server *
api_server_new(struct negotiator *n)
{
	struct api_server *s = calloc(1, sizeof(*s));

	if (s != NULL) {
		s->n = n;
		s->fd = -1;
		LIST_INIT(&s->clients);
	}
	return s;
}

void
api_server_listen(struct api_server *s, int fd)
{
	if (s->accept != NULL) {
		close(fd);
		return;
	}
	s->fd = fd;
	s->accept =
	    event_new(s->n->base, fd, EV_READ | EV_PERSIST, server_on_accept, s);
	if (s->accept != NULL)
		event_add(s->accept, NULL);
}

void
api_server_free(struct api_server *s)
{
	struct client *c;

	if (s == NULL)
		return;
	while ((c = LIST_FIRST(&s->clients)) != NULL)
		client_free(c);
	if (s->accept != NULL)
		event_free(s->accept);
	if (s->fd >= 0)
		close(s->fd);
	free(s);
}
