/* Lines that somebody else can cause as often as he likes. */
#include "daemon/log_limit.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include "daemon/log.h"

#define MINUTE_MS 60000

/* is_first: of those within this minute that are too many. */
static bool
take(struct log_limit *l, uint32_t most, uint64_t now_ms, bool *is_first)
{
	if (l->n == 0 || now_ms - l->since_ms >= MINUTE_MS)
		*l = (struct log_limit){ now_ms, 0 };
	*is_first = l->n == most;
	if (l->n <= most)
		l->n++;
	return l->n <= most;
}

bool
log_limit_pass(struct log_limit *l, const char *token, uint64_t now_ms)
{
	bool is_first, may = take(l, LOG_LIMIT_LINES, now_ms, &is_first);

	if (is_first)
		log_warn(token, "more of that within this minute is not logged");
	return may;
}

static struct log_peer *
peer_find(struct log_peers *p, const struct address *a)
{
	uint32_t h = 5381;
	struct log_peer *l;

	for (size_t i = 0; i < sizeof(a->b); i++)
		h = h * 33 + a->b[i];
	l = &p->peer[h % LOG_PEERS];
	if (!address_equal(&l->addr, a))
		*l = (struct log_peer){ .addr = *a };
	return l;
}

bool
log_limit_pass_peer(struct log_peers *p, const struct address *peer, uint64_t now_ms)
{
	char text[INET6_ADDRSTRLEN] = "?";
	bool is_first;

	if (!take(&peer_find(p, peer)->lines, LOG_PEER_LINES, now_ms, &is_first)) {
		(void)inet_ntop(
		    peer->family == 4 ? AF_INET : AF_INET6, peer->b, text, sizeof(text));
		if (is_first)
			log_warn("ike",
			    "more about %s within this minute is not logged: authipctl "
			    "monitor shows it",
			    text);
		return false;
	}
	if (take(&p->all, LOG_PEERS_LINES, now_ms, &is_first))
		return true;
	if (is_first)
		log_warn("ike",
		    "more about peers within this minute is not logged: authipctl "
		    "monitor shows it");
	return false;
}
