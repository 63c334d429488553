/* SOCK_TARGET: a socket gets the class that its target name asks for, or loses it. */
#include "config.h"

#include <endian.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/api_client.h"
#include "daemon/class_table.h"
#include "daemon/log.h"
#include "daemon/socket_table.h"

#define WSAEINVAL 10022
#define WSAEOPNOTSUPP 10045
#define WSAENETDOWN 10050
#define WSAENOBUFS 10055
#define WSAEISCONN 10056

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
	memset(spec.target_name, 0, sizeof(spec.target_name));
	memcpy(spec.target_name, c->request.target, sizeof(c->request.target));
	id = class_find_or_make(n->classes, &spec, &why);
	*error = id == 0 ? WSAENOBUFS : 0;
	if (id == 0)
		log_warn("api", "refused the target name %s of user %u: %s",
		    c->request.target, c->uid, class_error_text(why));
	return id;
}

/*
 * A UDP socket has one name, for one peer: its class is all that tells its traffic apart. *is_done:
 * there is nothing to do.
 */
static uint32_t
check_target_peer(const struct client *c, const struct secured_socket *s, bool *is_done)
{
	const struct endpoint *peer = &c->request.peer;
	bool has_name = s->target_peer.addr.family != 0, same;

	*is_done = false;
	if (s->protocol != IPPROTO_UDP)
		return 0;
	same = peer->port == s->target_peer.port &&
	       address_equal(&peer->addr, &s->target_peer.addr);
	*is_done = c->request.target[0] == '\0' && !same;
	return has_name && !same && c->request.target[0] != '\0' ? WSAEOPNOTSUPP : 0;
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
	uint32_t error = check_target_peer(c, s, is_done);

	if (error != 0 || *is_done)
		return error;
	if ((ask.class_id = class_with_target(c, s, &error)) == 0)
		return error;
	*is_done = ask.class_id == s->class_id;
	if (*is_done ||
	    ipc_send(n->keeper, PROTO_SECURE_ASK, &ask, sizeof(ask), fd) != 0) {
		class_unref(n->classes, ask.class_id);
		return *is_done ? 0 : WSAENETDOWN;
	}
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
	uint64_t cookie;
	socklen_t len = sizeof(cookie);
	uint32_t error = WSAEINVAL;

	if (n->is_stopping)
		error = WSAENETDOWN;
	else if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len) == 0 &&
		 socket_table_find(n->sockets, cookie, &s))
		error = target_ask_keeper(c, &s, fd, &is_done);
	if (error != 0 || is_done)
		client_reply(c, error, &reply, sizeof(reply));
}

/* Keeper has moved the socket, or has not. */
void
client_moved(struct api_server *s, struct client *c, const struct proto_secure_reply *r)
{
	static const struct endpoint nobody;
	struct aip_api_target_reply reply = { .class_id = htole32(r->class_id) };
	bool has_name = c != NULL && c->request.target[0] != '\0';
	bool keep = has_name && r->protocol == IPPROTO_UDP;
	/* Who takes the name off a connected socket changes nothing that is established. */
	bool is_fine = r->winsock_error == WSAEISCONN && !has_name;

	if (r->winsock_error == 0)
		socket_table_move(s->n->sockets, r->cookie, r->class_id,
		    keep ? &c->request.peer : &nobody);
	class_unref(s->n->classes, r->class_id);
	if (c == NULL)
		return;
	c->is_waiting = false;
	client_reply(c, is_fine ? 0 : r->winsock_error, &reply, sizeof(reply));
}
