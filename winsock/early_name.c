/* Target names of sockets that are not secured yet. */
#include "winsock/early_name.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "winsock/lock.h"
#include "winsock/socket_state.h"
#include "winsock2.h"

/* Of one process. Nobody tells when a socket was closed by other means than ours. */
#define NAMES_MAX 1024

/* By the cookie of the socket, which no other socket ever has: not by its descriptor. */
struct early_name {
	TAILQ_ENTRY(early_name) next;
	uint64_t cookie;
	struct aip_api_target name;
};

static TAILQ_HEAD(, early_name) names = TAILQ_HEAD_INITIALIZER(names);
static unsigned n_names;

/* Under the lock, as the next one. peer: NULL: any. */
static struct early_name *
find(uint64_t cookie, const struct aip_api_peer *peer)
{
	struct early_name *e;

	TAILQ_FOREACH (e, &names, next)
		if (e->cookie == cookie &&
		    (peer == NULL || memcmp(&e->name.peer, peer, sizeof(*peer)) == 0))
			return e;
	return NULL;
}

static void
drop(struct early_name *e)
{
	TAILQ_REMOVE(&names, e, next);
	n_names--;
	free(e);
}

int
early_name_keep(int fd, const struct aip_api_target *name)
{
	uint64_t cookie = socket_state_cookie(fd);
	struct early_name *e, *new = calloc(1, sizeof(*new));
	struct lock_before before;
	int error = 0;

	lock_take(&before);
	if ((e = find(cookie, &name->peer)) != NULL)
		drop(e);
	if (name->name[0] != '\0') {
		if (new == NULL || n_names >= NAMES_MAX) {
			error = WSAENOBUFS;
		} else {
			new->cookie = cookie;
			new->name = *name;
			TAILQ_INSERT_TAIL(&names, new, next);
			n_names++;
			new = NULL;
		}
	}
	lock_give(&before);
	free(new);
	return error;
}

int
early_name_take(int fd, struct aip_api_target *out)
{
	uint64_t cookie = socket_state_cookie(fd);
	struct early_name *e;
	struct lock_before before;

	lock_take(&before);
	e = find(cookie, NULL);
	if (e != NULL) {
		*out = e->name;
		drop(e);
	}
	lock_give(&before);
	return e != NULL;
}
