/* ENGINE_* on a connection of the API: its session, and frames for its answers. */
#ifndef AUTHIPD_DAEMON_API_ENGINE_H
#define AUTHIPD_DAEMON_API_ENGINE_H

#include <sys/types.h>

#include "daemon/api_frame.h"
#include "daemon/wfp.h"

/* All zero: no session yet. */
struct api_engine {
	struct wfp_session *session; /* owned; NULL until ENGINE_OPEN */
	bool is_waiting;	     /* for the transaction of another session */
	int fd;			     /* of the connection, borrowed */
	uint16_t verb;
	uint32_t request_id;
};

/*
 * A request that api_frame_parse() found good; it is answered, now or later. viewers: the group
 * that may look at everything.
 */
void api_engine_ask(struct api_engine *e, struct wfp *w, int fd, uid_t uid, gid_t viewers,
    const struct api_request *r);
void api_engine_close(struct api_engine *e);

#endif
