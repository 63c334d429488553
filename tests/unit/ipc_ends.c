/* The ends of a channel under test. */
#include <string.h>
#include <unistd.h>

#include "tests/unit/ipc_ends.h"

struct seen seen[2];

static void
on_message(void *ctx, uint16_t type, struct span body, int fd)
{
	struct seen *s = ctx;
	uint32_t number;

	s->n++;
	s->type = type;
	s->body_n = body.n;
	memcpy(s->body, body.p, body.n);
	if (fd >= 0) {
		if (s->fd >= 0)
			close(s->fd);
		s->fd = fd;
	}
	if (body.n >= sizeof(number)) {
		memcpy(&number, body.p, sizeof(number));
		s->in_order = s->in_order && number == s->next++;
	}
	if (s->free_in_handler) {
		ipc_free(s->ipc);
		s->ipc = NULL;
	}
}

static void
on_closed(void *ctx)
{
	struct seen *s = ctx;

	s->n_closed++;
	if (s->free_in_closed) {
		ipc_free(s->ipc);
		s->ipc = NULL;
	}
}

static void
seen_init(struct seen *s, int fd)
{
	memset(s, 0, sizeof(*s));
	s->fd = -1;
	s->in_order = true;
	s->ipc = fd >= 0 ? ipc_new(rig.base, fd, on_message, on_closed, s) : NULL;
}

void
both_ends(void)
{
	int fd[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0);
	seen_init(&seen[0], fd[0]);
	seen_init(&seen[1], fd[1]);
}

int
one_end(void)
{
	int fd[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0);
	seen_init(&seen[0], fd[0]);
	seen_init(&seen[1], -1);
	return fd[1];
}

void
free_ends(void)
{
	for (int i = 0; i < 2; i++) {
		ipc_free(seen[i].ipc);
		if (seen[i].fd >= 0)
			close(seen[i].fd);
	}
}
