/* ENGINE_* on a connection of the API. */
#include "config.h"

#include "daemon/api_engine.h"

#include <endian.h>
#include <grp.h>
#include <string.h>
#include <sys/socket.h>

#define ERROR_INVALID_PARAMETER 87
#define MAX_GROUPS 64

static void
engine_reply(void *ctx, const struct wfp_answer *a)
{
	static uint8_t out[AIP_API_MAX_BYTES];
	struct api_engine *e = ctx;
	size_t fixed =
	    sizeof(struct aip_api_header) + sizeof(struct aip_api_engine_reply);
	size_t n = a->error == 0 ? a->objects.n : 0;
	struct aip_api_header h = {
		.magic = htole32(AIP_API_MAGIC),
		.verb = htole16(e->verb),
		.flags = htole16(AIP_API_REPLY),
		.request_id = htole32(e->request_id),
		.length = htole32((uint32_t)(fixed + n)),
	};
	struct aip_api_engine_reply r = {
		.error = htole32(a->error),
		.count = htole32(a->count),
		.id = htole64(a->id),
	};

	e->is_waiting = false;
	memcpy(out, &h, sizeof(h));
	memcpy(out + sizeof(h), &r, sizeof(r));
	if (n > 0)
		memcpy(out + fixed, a->objects.p, n);
	/* A client asks one thing at a time: if it does not read, it has lost interest. */
	(void)!send(e->fd, out, fixed + n, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Is the other end in the group of those who may look at everything? */
static bool
is_in_group(int fd, const char *name)
{
	const struct group *g = getgrnam(name);
	gid_t group[MAX_GROUPS];
	socklen_t n = sizeof(group);
	struct ucred cred;
	socklen_t cred_n = sizeof(cred);

	if (g == NULL || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &cred_n) != 0)
		return false;
	if (cred.gid == g->gr_gid)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, group, &n) != 0)
		return false;
	for (size_t i = 0; i < n / sizeof(group[0]); i++)
		if (group[i] == g->gr_gid)
			return true;
	return false;
}

static void
engine_open(struct api_engine *e, struct wfp *w, uid_t uid, struct span body)
{
	struct wfp_caller who = {
		.uid = uid,
		.is_admin = uid == 0,
		.sees_all = uid == 0 || is_in_group(e->fd, "authip"),
	};

	e->session = wfp_session_open(w, &who, body, engine_reply, e);
}

void
api_engine_ask(
    struct api_engine *e, struct wfp *w, int fd, uid_t uid, const struct api_request *r)
{
	struct wfp_answer wrong = { .error = ERROR_INVALID_PARAMETER };

	e->fd = fd;
	e->verb = r->verb;
	e->request_id = r->id;
	e->is_waiting = true;
	if ((r->verb == AIP_API_ENGINE_OPEN) != (e->session == NULL))
		engine_reply(e, &wrong);
	else if (e->session == NULL)
		engine_open(e, w, uid, r->body);
	else
		wfp_session_ask(e->session, r->verb, r->body);
}

void
api_engine_close(struct api_engine *e)
{
	wfp_session_free(e->session);
	e->session = NULL;
}
