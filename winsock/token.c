/* Who the peer of a socket is. */
#include "winsock/token.h"

#include <endian.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "authiptoken.h"
#include "winsock/connection.h"
#include "winsock/handle.h"
#include "winsock2.h"

struct token {
	struct handle handle;
	struct aip_api_identity_reply id;
};

void
token_fill_peer(const struct sockaddr *peer, struct aip_api_peer *out)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)peer;
	const struct sockaddr_in6 *in6 =
	    (const struct sockaddr_in6 *)(const void *)peer;

	memset(out, 0, sizeof(*out));
	if (peer == NULL)
		return;
	if (peer->sa_family == AF_INET) {
		out->family = htole16(4);
		out->port = in->sin_port;
		memcpy(out->address, &in->sin_addr, 4);
	} else {
		out->family = htole16(6);
		out->port = in6->sin6_port;
		memcpy(out->address, &in6->sin6_addr, 16);
	}
}

/* Nothing of it is trusted further than its lengths. */
static int
check_answer(struct aip_api_identity_reply *id)
{
	id->flags = le32toh(id->flags);
	id->uid = le32toh(id->uid);
	id->gid = le32toh(id->gid);
	id->n_groups = le32toh(id->n_groups);
	if (id->n_groups > AIP_API_MAX_GROUPS)
		return WSAENETDOWN;
	for (uint32_t i = 0; i < id->n_groups; i++)
		id->groups[i] = le32toh(id->groups[i]);
	id->account[sizeof(id->account) - 1] = '\0';
	id->peer[sizeof(id->peer) - 1] = '\0';
	return 0;
}

int
token_ask(int fd, const struct sockaddr *peer, struct aip_api_identity_reply *out)
{
	struct aip_api_identity body;
	struct connection c;
	int error;

	token_fill_peer(peer, &body.peer);
	error = connection_open(&c);
	if (error == 0)
		error = connection_ask(&c, AIP_API_SOCK_IDENTITY, &body, sizeof(body),
		    fd, out, sizeof(*out));
	connection_close(&c);
	return error != 0 ? error : check_answer(out);
}

static void
token_destroy(struct handle *h)
{
	free(h);
}

HANDLE
token_open(const struct aip_api_identity_reply *id)
{
	struct token *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->id = *id;
	return handle_open(&t->handle, HANDLE_TOKEN, token_destroy);
}

static struct token *
token_get(HANDLE h)
{
	struct token *t = (struct token *)(void *)handle_get(h, HANDLE_TOKEN);

	if (t == NULL)
		WSASetLastError(WSA_INVALID_HANDLE);
	return t;
}

bool
token_read(HANDLE h, struct aip_api_identity_reply *out)
{
	struct token *t = token_get(h);

	if (t == NULL)
		return false;
	*out = t->id;
	handle_put(&t->handle);
	return true;
}

INT WINAPI
AuthipTokenGetUid(HANDLE Token, uid_t *Uid, gid_t *Gid)
{
	struct token *t = token_get(Token);
	bool has;

	if (t == NULL)
		return SOCKET_ERROR;
	has = (t->id.flags & AIP_API_IDENTITY_ACCOUNT) != 0;
	if (has && Uid != NULL)
		*Uid = t->id.uid;
	if (has && Gid != NULL)
		*Gid = t->id.gid;
	handle_put(&t->handle);
	if (!has)
		WSASetLastError(WSAEACCES);
	return has ? 0 : SOCKET_ERROR;
}

INT WINAPI
AuthipTokenGetName(HANDLE Token, char *Name, size_t Size)
{
	struct token *t = token_get(Token);
	size_t n;

	if (t == NULL)
		return SOCKET_ERROR;
	n = strlen(t->id.peer);
	if (Name != NULL && Size > 0) {
		size_t cut = n < Size ? n : Size - 1;

		memcpy(Name, t->id.peer, cut);
		Name[cut] = '\0';
	}
	handle_put(&t->handle);
	return (INT)n;
}
