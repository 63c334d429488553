/* Messages and results that wait until the kernel has the SAs that they announce. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/negotiator.h"

#define MAX_DEFERRED 4096

struct deferred {
	STAILQ_ENTRY(deferred) next;
	struct engine_action action;
	uint8_t data[]; /* of a message */
};

bool
nego_defer(struct negotiator *n, const struct engine_action *a)
{
	bool is_send = a->type == ACTION_SEND;
	size_t data_n = is_send ? a->send.data.n : 0;
	struct deferred *d;

	if (n->n_sa_pending == 0 || (!is_send && a->type != ACTION_RESULT) ||
	    n->n_deferred >= MAX_DEFERRED || (d = malloc(sizeof(*d) + data_n)) == NULL)
		return false;
	d->action = *a;
	if (is_send) {
		memcpy(d->data, a->send.data.p, data_n);
		d->action.send.data = span_of(d->data, data_n);
	}
	STAILQ_INSERT_TAIL(&n->deferred, d, next);
	n->n_deferred++;
	return true;
}

static struct deferred *
take(struct negotiator *n)
{
	struct deferred *d = STAILQ_FIRST(&n->deferred);

	if (d == NULL)
		return NULL;
	STAILQ_REMOVE_HEAD(&n->deferred, next);
	n->n_deferred--;
	return d;
}

static void
flush(struct negotiator *n)
{
	struct deferred *d;

	while ((d = take(n)) != NULL) {
		nego_perform(n, &d->action);
		free(d);
	}
}

void
nego_defer_sa_added(struct negotiator *n)
{
	if (n->n_sa_pending > 0 && --n->n_sa_pending == 0)
		flush(n);
}

void
nego_defer_end(struct negotiator *n)
{
	n->n_sa_pending = 0;
	flush(n);
}

void
nego_defer_free(struct negotiator *n)
{
	struct deferred *d;

	while ((d = take(n)) != NULL)
		free(d);
}
