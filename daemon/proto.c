/* Messages between the roles. */
#include "daemon/proto.h"

#include <string.h>

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
