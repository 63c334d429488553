/*
 * Accounts for peers. Who keeps them may be a directory that answers late, or never: a child
 * asks it, and keeper goes on. One user's questions leave children for those of others.
 */
#define _GNU_SOURCE
#include "config.h"

#include <sys/prctl.h>
#include <sys/queue.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/account.h"
#include "daemon/keeper_state.h"
#include "daemon/log.h"

#define CHILDREN 16
#define CHILDREN_PER_UID 4 /* root's services have all */
#define MAX_QUESTIONS 512  /* a program has one at a time */
#define PATIENCE_S 20

struct question {
	TAILQ_ENTRY(question) next;
	struct keeper *keeper;
	struct proto_identity_ask ask;
	struct event *answered; /* NULL: it has no child yet */
	int fd;
};

struct identity_desk {
	TAILQ_HEAD(, question) questions; /* oldest first */
	size_t n_questions;
	size_t n_children;
};

static void
answer(struct keeper *k, const struct proto_identity_ask *ask, struct account_found *found)
{
	account_tell(ask, found);
	found->reply.request = ask->request;
	(void)ipc_send(k->role[ROLE_NEGOTIATOR].ipc, PROTO_IDENTITY_REPLY, &found->reply,
	    sizeof(found->reply), -1);
}

static void
refuse(struct keeper *k, const struct proto_identity_ask *ask, const char *why)
{
	struct account_found found;

	account_refuse(&found, why);
	answer(k, ask, &found);
}

static void
question_free(struct identity_desk *d, struct question *q)
{
	TAILQ_REMOVE(&d->questions, q, next);
	d->n_questions--;
	if (q->answered != NULL) {
		d->n_children--;
		event_free(q->answered);
		close(q->fd);
	}
	free(q);
}

/* ---- the child ---- */

/* It has nothing of keeper's but the pipe, and does not outlive it, nor the patience. */
static void
child_main(const struct keeper *k, const struct proto_identity_ask *ask, int fd)
{
	static const int own[] = { SIGTERM, SIGINT, SIGCHLD, SIGHUP, SIGALRM };
	struct account_found found;

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		(void)signal(own[i], SIG_DFL);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)alarm(PATIENCE_S);
	if (dup2(fd, 3) < 0)
		_exit(1);
	(void)close_range(4, ~0u, 0);
	account_look(&k->config->identity, ask, &found);
	_exit(write(3, &found, sizeof(found)) == sizeof(found) ? 0 : 1);
}

static void children_start(struct keeper *k);

static void
on_answer(evutil_socket_t fd, short what, void *ctx)
{
	struct question *q = ctx;
	struct keeper *k = q->keeper;
	struct account_found found;

	_Static_assert(sizeof(found) <= 4096, "a pipe takes it in one piece");
	(void)what;
	if (read(fd, &found, sizeof(found)) == sizeof(found))
		answer(k, &q->ask, &found);
	else
		refuse(k, &q->ask, "looking up its account failed, or took too long: does "
				   "the directory of accounts (nsswitch.conf) answer?");
	question_free(k->identity, q);
	children_start(k);
}

static bool
child_start(struct question *q)
{
	struct keeper *k = q->keeper;
	pid_t pid;
	int fd[2];

	if (pipe2(fd, O_CLOEXEC) != 0)
		return false;
	if ((pid = fork()) == 0)
		child_main(k, &q->ask, fd[1]);
	close(fd[1]);
	q->answered = pid > 0 ? event_new(k->base, fd[0], EV_READ, on_answer, q) : NULL;
	if (q->answered == NULL || event_add(q->answered, NULL) != 0) {
		if (q->answered != NULL)
			event_free(q->answered);
		q->answered = NULL;
		close(fd[0]);
		return false;
	}
	q->fd = fd[0];
	k->identity->n_children++;
	return true;
}

static size_t
children_of(const struct identity_desk *d, uint32_t uid)
{
	const struct question *q;
	size_t n = 0;

	TAILQ_FOREACH (q, &d->questions, next)
		n += q->answered != NULL && q->ask.uid == uid;
	return n;
}

static struct question *
question_next(const struct identity_desk *d)
{
	struct question *q;

	if (d->n_children >= CHILDREN)
		return NULL;
	TAILQ_FOREACH (q, &d->questions, next)
		if (q->answered == NULL &&
		    (q->ask.uid == 0 || children_of(d, q->ask.uid) < CHILDREN_PER_UID))
			break;
	return q;
}

static void
children_start(struct keeper *k)
{
	struct question *q;

	while ((q = question_next(k->identity)) != NULL)
		if (!child_start(q)) {
			refuse(k, &q->ask, "out of memory or processes");
			question_free(k->identity, q);
		}
}

/* ---- questions ---- */

static struct identity_desk *
desk(struct keeper *k)
{
	if (k->identity == NULL && (k->identity = calloc(1, sizeof(*k->identity))) != NULL)
		TAILQ_INIT(&k->identity->questions);
	return k->identity;
}

static bool
question_add(struct keeper *k, const struct proto_identity_ask *ask)
{
	struct identity_desk *d = desk(k);
	struct question *q;

	if (d == NULL || d->n_questions >= MAX_QUESTIONS ||
	    (q = calloc(1, sizeof(*q))) == NULL)
		return false;
	q->keeper = k;
	q->ask = *ask;
	TAILQ_INSERT_TAIL(&d->questions, q, next);
	d->n_questions++;
	return true;
}

bool
keeper_identity(struct keeper *k, struct span body)
{
	struct proto_identity_ask ask;
	struct account_found found;

	if (!proto_body(body, &ask, sizeof(ask)))
		return false;
	ask.peer[sizeof(ask.peer) - 1] = '\0';
	if (!account_may_wait(&k->config->identity, &ask)) {
		account_look(&k->config->identity, &ask, &found);
		answer(k, &ask, &found);
	} else if (question_add(k, &ask)) {
		children_start(k);
	} else {
		refuse(k, &ask, "too many questions for accounts wait");
	}
	return true;
}

void
keeper_identity_end(struct keeper *k)
{
	struct question *q;

	if (k->identity == NULL)
		return;
	while ((q = TAILQ_FIRST(&k->identity->questions)) != NULL)
		question_free(k->identity, q);
	free(k->identity);
	k->identity = NULL;
}
