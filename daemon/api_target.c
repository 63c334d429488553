/* SOCK_TARGET: a socket gets the class that its target name asks for, or loses it. */
#include "config.h"

#include <endian.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "config/target.h"
#include "daemon/api_client.h"
#include "daemon/api_socket.h"
#include "daemon/class_table.h"
#include "daemon/log.h"
#include "daemon/socket_table.h"

#define WSAEINVAL 10022
#define WSAEOPNOTSUPP 10045
#define WSAENETDOWN 10050
#define WSAENOBUFS 10055
#define WSAEISCONN 10056

/* class/host, and more behind it, or the subject of a certificate; empty: no name. */
static bool
is_name(const char *s)
{
	const char *slash = strchr(s, '/');

	return s[0] == '\0' || strchr(s, '=') != NULL ||
	       (slash != NULL && slash > s && slash[1] != '\0' &&
		   strchr(s, ' ') == NULL);
}

static bool
write_name(
    const struct class_spec *spec, const char *name, char out[CLASS_TARGET_BYTES])
{
	struct target t = {
		.name = name,
		.is_optional = (spec->ipsec_flags & CLASS_TARGET_OPTIONAL) != 0,
		.is_raw = (spec->ipsec_flags & CLASS_TARGET_RAW) != 0,
	};

	memset(out, 0, CLASS_TARGET_BYTES);
	return (t.is_raw || is_name(name)) && target_write(&t, out, CLASS_TARGET_BYTES);
}

/* The peer's name comes last, so that the same names in the same order are the same class. */
static uint32_t
put_peer_name(struct class_spec *spec, const struct endpoint *peer, const char *name)
{
	struct class_target *t;
	uint32_t i = 0;

	while (i < spec->n_target && !endpoint_equal(&spec->target[i].peer, peer))
		i++;
	if (i < spec->n_target) {
		spec->n_target--;
		memmove(&spec->target[i], &spec->target[i + 1],
		    (spec->n_target - i) * sizeof(*t));
		memset(&spec->target[spec->n_target], 0, sizeof(*t));
	}
	if (name[0] == '\0')
		return 0;
	if (spec->n_target == CLASS_MAX_TARGETS)
		return WSAENOBUFS;
	t = &spec->target[spec->n_target++];
	t->peer = *peer;
	return write_name(spec, name, t->name) ? 0 : WSAEINVAL;
}

/* A UDP socket has a name for each peer, or like a TCP socket one for all. */
static uint32_t
put_name(struct class_spec *spec, const struct secured_socket *s,
    const struct api_request *r)
{
	if (s->protocol == IPPROTO_UDP && r->peer.addr.family != 0)
		return put_peer_name(spec, &r->peer, r->target);
	return write_name(spec, r->target, spec->target_name) ? 0 : WSAEINVAL;
}

/* The class that the socket has, with this name; 0: *error. */
static uint32_t
class_with_target(struct client *c, const struct secured_socket *s, uint32_t *error)
{
	struct negotiator *n = c->server->n;
	const struct class_spec *now = class_by_id(n->classes, s->class_id);
	enum class_error why;
	struct class_spec spec;
	uint32_t id;

	*error = WSAEINVAL;
	if (now == NULL || now->kind != CLASS_OF_SOCKETS)
		return 0;
	spec = *now;
	spec.owner = c->uid;
	if ((*error = put_name(&spec, s, &c->request)) != 0)
		return 0;
	id = class_find_or_make(n->classes, &spec, &why);
	*error = id == 0 ? WSAENOBUFS : 0;
	if (id == 0 && nego_may_log(&n->users_refused, c->uid))
		log_warn("api", "refused the target name %s of user %u: %s",
		    c->request.target, c->uid, class_error_text(why));
	return id;
}

static uint32_t
target_ask_keeper(
    struct client *c, const struct secured_socket *s, int fd, bool *is_done)
{
	struct negotiator *n = c->server->n;
	struct proto_secure_ask ask = {
		.request = ++c->server->next_ask,
		.uid = c->uid,
		.from_class = s->class_id,
	};
	uint32_t error;

	if ((ask.class_id = class_with_target(c, s, &error)) == 0)
		return error;
	*is_done = ask.class_id == s->class_id;
	if (*is_done ||
	    ipc_send(n->keeper, PROTO_SECURE_ASK, &ask, sizeof(ask), fd) != 0) {
		class_unref(n->classes, ask.class_id);
		return *is_done ? 0 : WSAENETDOWN;
	}
	(void)socket_table_moves(n->sockets, s->cookie);
	c->is_waiting = true;
	c->ask = ask.request;
	return 0;
}

void
client_target(struct client *c, int fd)
{
	struct negotiator *n = c->server->n;
	struct aip_api_target_reply reply = { 0 };
	struct secured_socket s;
	bool is_done = false;
	uint32_t error = WSAEOPNOTSUPP; /* it is not secured */

	if (n->is_stopping)
		error = WSAENETDOWN;
	else if (socket_table_find(n->sockets, api_socket_cookie(fd), &s))
		error = target_ask_keeper(c, &s, fd, &is_done);
	if (error != 0 || is_done)
		client_reply(c, error, &reply, sizeof(reply));
}

/* Keeper has moved the socket, or has not. */
void
client_moved(struct api_server *s, struct client *c, const struct proto_secure_reply *r)
{
	struct aip_api_target_reply reply = { .class_id = htole32(r->class_id) };
	bool has_name = c != NULL && c->request.target[0] != '\0';
	/* Who takes the name off a connected socket changes nothing that is established. */
	bool is_fine = r->winsock_error == WSAEISCONN && !has_name;

	if (r->winsock_error == 0)
		socket_table_move(s->n->sockets, r->cookie, r->class_id);
	class_unref(s->n->classes, r->class_id);
	if (c == NULL)
		return;
	c->is_waiting = false;
	client_reply(c, is_fine ? 0 : r->winsock_error, &reply, sizeof(reply));
}
