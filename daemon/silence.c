/* Peers that say nothing: see daemon/silence.h. */
#include "daemon/silence.h"

#define DOUBLINGS 5
#define FEW 3 /* a question and its repetitions are more */

void
silence_heard(struct silence *s, uint64_t now_ms)
{
	s->heard_ms = now_ms;
	s->since_ms = s->n_sent = 0;
	s->n_asked = 0;
}

void
silence_sent(struct silence *s, uint64_t n, uint64_t now_ms)
{
	if (s->n_sent == 0)
		s->since_ms = now_ms;
	s->n_sent += n;
	s->sent_ms = now_ms;
}

bool
silence_asks(struct silence *s, uint64_t now_ms)
{
	uint64_t wait = s->first_ms << (s->n_asked < DOUBLINGS ? s->n_asked : DOUBLINGS);

	/* What was sent long ago shows nothing of now. */
	if (s->n_sent < FEW || now_ms - s->since_ms < wait ||
	    now_ms - s->sent_ms >= s->first_ms)
		return false;
	s->n_asked++;
	s->n_sent = 0; /* the next wait begins with the next packet */
	return true;
}

void
silence_inherit(struct silence *s, const struct silence *old)
{
	if (s->heard_ms == 0 && old->n_asked > s->n_asked)
		s->n_asked = old->n_asked;
}
