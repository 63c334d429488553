/*
 * What a pair sends, and whether its peer is still heard. TCP must be answered, and has a watch
 * of its own. Nothing else has to be: but where packets leave for long and none comes, the peer
 * may have lost its keys, by a restart, say. So it is asked, by a new pair for the old one
 * (EXPIRY_UNHEARD); more and more seldom, since it may just have nothing to say.
 */
#ifndef AUTHIPD_DAEMON_SILENCE_H
#define AUTHIPD_DAEMON_SILENCE_H

#include <stdbool.h>
#include <stdint.h>

struct silence {
	uint64_t heard_ms; /* the last packet of the peer; 0: none */
	uint64_t since_ms; /* our first one after that; 0: none */
	uint64_t sent_ms;  /* our last one */
	uint64_t n_sent;   /* from the first to the last */
	uint32_t n_asked;  /* since the peer was heard */
	uint64_t first_ms; /* how long it lasts until the peer is asked the first time */
};

void silence_heard(struct silence *s, uint64_t now_ms);
void silence_sent(struct silence *s, uint64_t n, uint64_t now_ms);
/* Has it lasted long enough to ask the peer? Then it also counts as asked. */
bool silence_asks(struct silence *s, uint64_t now_ms);
/* There is a new pair for the traffic of an old one. */
void silence_inherit(struct silence *s, const struct silence *old);

#endif
