/* Target names of sockets that are not secured yet. */
#include "winsock/early_name.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>

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
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static uint64_t
cookie_of(int fd)
{
	uint64_t cookie;
	socklen_t n = sizeof(cookie);

	return getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &n) == 0 ? cookie : 0;
}

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
	uint64_t cookie = cookie_of(fd);
	struct early_name *e, *new = calloc(1, sizeof(*new));
	int error = 0;

	(void)pthread_mutex_lock(&lock);
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
	(void)pthread_mutex_unlock(&lock);
	free(new);
	return error;
}

int
early_name_take(int fd, struct aip_api_target *out)
{
	struct early_name *e;

	(void)pthread_mutex_lock(&lock);
	e = find(cookie_of(fd), NULL);
	if (e != NULL) {
		*out = e->name;
		drop(e);
	}
	(void)pthread_mutex_unlock(&lock);
	return e != NULL;
}
