/* Messages between the roles. */
#include "daemon/proto.h"

#include <stddef.h>
#include <string.h>

#include "ike/engine.h"

const char *
proto_name(uint16_t type)
{
	switch (type) {
#define X(number, id, name, from, to) \
	case id:                      \
		return name;
		PROTO_MESSAGES(X)
#undef X
	}
	return "unknown";
}

bool
proto_body(struct span body, void *out, size_t n)
{
	if (body.n != n)
		return false;
	memcpy(out, body.p, n);
	return true;
}

/* The compiler takes a bool for an index: 255 would be one far behind the array. */
bool
proto_sa_add(struct span body, struct action_sa_add *out)
{
	static const size_t at[] = {
		offsetof(struct action_sa_add, inbound),
		offsetof(struct action_sa_add, guaranteed_encryption),
		offsetof(struct action_sa_add, peer_boundary),
		offsetof(struct action_sa_add, nat.keepalive),
		offsetof(struct action_sa_add, nat.peer_moves),
	};

	if (body.n != sizeof(*out))
		return false;
	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++)
		if (body.p[at[i]] > 1)
			return false;
	return proto_body(body, out, sizeof(*out));
}
