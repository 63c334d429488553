/* SOCK_QUERY and SOCK_IDENTITY: how the traffic of a socket is protected, and who its peer is. */
#include "config.h"

#include <endian.h>
#include <string.h>

#include "daemon/api_client.h"
#include "daemon/api_socket.h"
#include "daemon/socket_table.h"

#define WSAEACCES 10013
#define WSAENETDOWN 10050
#define WSAENOTCONN 10057

static uint32_t
last_failure(const struct negotiator *n, int fd)
{
	struct secured_socket s;

	return socket_table_find(n->sockets, api_socket_cookie(fd), &s) ? s.winerr : 0;
}

void
client_query(struct client *c, int fd)
{
	struct aip_api_query_reply r = { 0 };
	struct api_socket_sa sa;
	uint32_t error, flags = 0, winerr;

	error = api_socket_find(c->server->n, fd, &c->request.peer, &sa);
	if (error == 0 && sa.is_secured) {
		flags = AIP_API_SECURED;
		if (sa.qm.proposal.cipher != CIPHER_NULL)
			flags |= AIP_API_ENCRYPTED;
		if (sa.qm.peer_method != 0 &&
		    !identity_is_machine(
			(enum auth_method)sa.qm.peer_method, sa.qm.peer_name))
			flags |= AIP_API_IMPERSONATED;
		r.mm_sa_id = htole64(sa.qm.mm_id);
		r.qm_sa_id = htole64(sa.qm.id);
	} else if ((winerr = last_failure(c->server->n, fd)) != 0) {
		/* Without its connection there is at least the reason. */
		error = error == WSAENOTCONN ? 0 : error;
		r.negotiation_winerr = htole32(winerr);
	}
	r.info_flags = htole32(flags);
	client_reply(c, error, &r, sizeof(r));
}

/* The name is known here; the account, if any, is keeper's answer. */
void
client_identity(struct client *c, int fd)
{
	struct negotiator *n = c->server->n;
	struct proto_identity_ask ask = { .request = ++c->server->next_ask,
		.uid = c->uid };
	struct api_socket_sa sa;
	uint32_t error = api_socket_find(n, fd, &c->request.peer, &sa);

	if (error == 0 && (!sa.is_secured || sa.qm.peer_method == 0))
		error = WSAEACCES;
	if (error != 0) {
		client_reply(c, error, NULL, 0);
		return;
	}
	memset(&c->identity, 0, sizeof(c->identity));
	memcpy(c->identity.peer, sa.qm.peer_name, sizeof(c->identity.peer));
	if (identity_is_machine((enum auth_method)sa.qm.peer_method, sa.qm.peer_name))
		c->identity.flags = htole32(AIP_API_IDENTITY_MACHINE);
	ask.method = sa.qm.peer_method;
	memcpy(ask.peer, sa.qm.peer_name, sizeof(ask.peer));
	if (ipc_send(n->keeper, PROTO_IDENTITY_ASK, &ask, sizeof(ask), -1) != 0) {
		client_reply(c, WSAENETDOWN, NULL, 0);
		return;
	}
	c->is_waiting = true;
	c->ask = ask.request;
}

void
api_server_identified(struct api_server *s, const struct proto_identity_reply *r)
{
	struct aip_api_identity_reply *out;
	struct client *c = client_of_ask(s, r->request);

	if (c == NULL)
		return;
	c->is_waiting = false;
	out = &c->identity;
	/* Without an account, or for who may not have it, there still is the name. */
	if (r->winsock_error == 0 && r->n_groups <= AIP_API_MAX_GROUPS) {
		out->flags |= htole32(AIP_API_IDENTITY_ACCOUNT);
		out->uid = htole32(r->uid);
		out->gid = htole32(r->gid);
		out->n_groups = htole32(r->n_groups);
		for (uint32_t i = 0; i < r->n_groups; i++)
			out->groups[i] = htole32(r->groups[i]);
		memcpy(out->account, r->account, sizeof(out->account));
	}
	client_reply(c, 0, out, sizeof(*out));
}
