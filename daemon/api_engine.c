/* ENGINE_* on a connection of the API. */
#include "config.h"

#include "daemon/api_engine.h"

#include <endian.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/api_socket.h"

#define ERROR_INVALID_PARAMETER 87

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

static void
engine_open(struct api_engine *e, struct wfp *w, uid_t uid, gid_t viewers, struct span body)
{
	struct wfp_caller who = {
		.uid = uid,
		.is_admin = uid == 0,
		.sees_all = uid == 0 || api_socket_is_in_group(e->fd, viewers),
	};

	e->session = wfp_session_open(w, &who, body, engine_reply, e);
}

void
api_engine_ask(struct api_engine *e, struct wfp *w, int fd, uid_t uid, gid_t viewers,
    const struct api_request *r)
{
	struct wfp_answer wrong = { .error = ERROR_INVALID_PARAMETER };

	e->fd = fd;
	e->verb = r->verb;
	e->request_id = r->id;
	e->is_waiting = true;
	if ((r->verb == AIP_API_ENGINE_OPEN) != (e->session == NULL))
		engine_reply(e, &wrong);
	else if (e->session == NULL)
		engine_open(e, w, uid, viewers, r->body);
	else
		wfp_session_ask(e->session, r->verb, r->body);
}

void
api_engine_close(struct api_engine *e)
{
	wfp_session_free(e->session);
	e->session = NULL;
}
