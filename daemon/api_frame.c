/* Frames of the registration protocol. */
#include "daemon/api_frame.h"

#include <arpa/inet.h>
#include <endian.h>
#include <string.h>

#define ERROR_INVALID_PARAMETER 87
#define WSAEINVAL 10022
#define WSAENOTSOCK 10038
#define WSAEAFNOSUPPORT 10047

#define SECURITY_FLAGS_KNOWN 0x3u
#define SECURITY_FLAGS_BOTH 0x3u
#define IPSEC_FLAGS_KNOWN 0xfu

#define ENGINE(X, verb) \
	X(verb, sizeof(struct aip_api_engine), sizeof(struct aip_api_engine_reply), 0)

/* X(verb, bytes of the request's body, bytes of the answer's body, wants a descriptor) */
#define VERB_SHAPES(X)                                                              \
	X(AIP_API_HELLO, sizeof(struct aip_api_hello), sizeof(struct aip_api_hello_reply), 0) \
	X(AIP_API_SOCK_SECURE, sizeof(struct aip_api_secure),                       \
	    sizeof(struct aip_api_secure_reply), 1)                                 \
	X(AIP_API_SOCK_QUERY, sizeof(struct aip_api_query),                         \
	    sizeof(struct aip_api_query_reply), 1)                                  \
	X(AIP_API_SOCK_IDENTITY, sizeof(struct aip_api_identity),                   \
	    sizeof(struct aip_api_identity_reply), 1)                                \
	X(AIP_API_SOCK_TARGET, sizeof(struct aip_api_target),                       \
	    sizeof(struct aip_api_target_reply), 1)                                  \
	X(AIP_API_SOCK_PRECONNECT, sizeof(struct aip_api_preconnect),               \
	    sizeof(struct aip_api_preconnect_reply), 1) \
	ENGINE(X, AIP_API_ENGINE_OPEN) \
	ENGINE(X, AIP_API_ENGINE_BEGIN) \
	ENGINE(X, AIP_API_ENGINE_COMMIT) \
	ENGINE(X, AIP_API_ENGINE_ABORT) \
	ENGINE(X, AIP_API_ENGINE_ADD) \
	ENGINE(X, AIP_API_ENGINE_GET) \
	ENGINE(X, AIP_API_ENGINE_DELETE) \
	ENGINE(X, AIP_API_ENGINE_ENUM_OPEN) \
	ENGINE(X, AIP_API_ENGINE_ENUM_NEXT) \
	ENGINE(X, AIP_API_ENGINE_ENUM_CLOSE) \
	ENGINE(X, AIP_API_ENGINE_STATISTICS)

struct shape {
	uint16_t verb;
	size_t request_n;
	size_t reply_n;
	bool wants_fd;
};

static const struct shape shapes[] = {
#define X(verb, request_n, reply_n, wants_fd) { verb, request_n, reply_n, wants_fd },
	VERB_SHAPES(X)
#undef X
};

static const struct shape *
shape_find(uint16_t verb)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		if (shapes[i].verb == verb)
			return &shapes[i];
	return NULL;
}

/* Which promises a socket asks for, and whether this daemon can keep them. */
static uint32_t
check_flags(struct span body, struct api_request *r)
{
	struct aip_api_secure_policy p;
	struct aip_api_secure s;

	memcpy(&s, body.p, sizeof(s));
	if (body.n >= sizeof(p)) {
		memcpy(&p, body.p, sizeof(p));
		memcpy(r->policy_key[0], p.mm_key, sizeof(p.mm_key));
		memcpy(r->policy_key[1], p.qm_key, sizeof(p.qm_key));
	}
	r->security_flags = le32toh(s.security_flags);
	r->ipsec_flags = le32toh(s.ipsec_flags);
	if ((r->security_flags & ~SECURITY_FLAGS_KNOWN) != 0 ||
	    r->security_flags == SECURITY_FLAGS_BOTH ||
	    (r->ipsec_flags & ~IPSEC_FLAGS_KNOWN) != 0)
		return WSAEINVAL;
	return 0;
}

static uint32_t
check_peer(struct span body, struct api_request *r)
{
	struct aip_api_peer p;

	memcpy(&p, body.p, sizeof(p));
	r->peer.addr.family = (uint8_t)le16toh(p.family);
	r->peer.port = ntohs(p.port);
	if (le16toh(p.family) == 0)
		return 0;
	if (le16toh(p.family) != 4 && le16toh(p.family) != 6)
		return WSAEAFNOSUPPORT;
	memcpy(r->peer.addr.b, p.address, address_len_bytes(&r->peer.addr));
	return 0;
}

/* So that a log can show it. */
static bool
is_printable(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return false;
	return true;
}

static uint32_t
check_target(struct span body, struct api_request *r)
{
	struct aip_api_target t;

	memcpy(&t, body.p, sizeof(t));
	if (memchr(t.name, '\0', sizeof(t.name)) == NULL || !is_printable(t.name))
		return WSAEINVAL;
	memcpy(r->target, t.name, sizeof(r->target));
	return check_peer(body, r);
}

enum api_verdict
api_frame_parse(struct span datagram, bool said_hello, bool has_fd, struct api_request *r,
    uint32_t *winsock_error)
{
	const struct shape *shape;
	struct aip_api_header h;
	struct span body;

	memset(r, 0, sizeof(*r));
	*winsock_error = 0;
	if (datagram.n < sizeof(h))
		return API_BREAK;
	memcpy(&h, datagram.p, sizeof(h));
	r->verb = le16toh(h.verb);
	r->id = le32toh(h.request_id);
	if (le32toh(h.magic) != AIP_API_MAGIC || h.flags != 0 || le32toh(h.length) != datagram.n)
		return API_BREAK;
	if (!said_hello && r->verb != AIP_API_HELLO)
		return API_BREAK;
	body = span_of(datagram.p + sizeof(h), datagram.n - sizeof(h));
	if ((shape = shape_find(r->verb)) == NULL || body.n < shape->request_n)
		*winsock_error = WSAEINVAL;
	else if (has_fd != shape->wants_fd)
		*winsock_error = shape->wants_fd ? WSAENOTSOCK : WSAEINVAL;
	else if (r->verb == AIP_API_SOCK_SECURE)
		*winsock_error = check_flags(body, r);
	else if (r->verb == AIP_API_SOCK_TARGET)
		*winsock_error = check_target(body, r);
	else if (r->verb != AIP_API_HELLO && r->verb < AIP_API_ENGINE_FIRST) /* a peer */
		*winsock_error = check_peer(body, r);
	if (r->verb >= AIP_API_ENGINE_FIRST && shape != NULL) {
		r->body = body;
		*winsock_error = *winsock_error != 0 ? ERROR_INVALID_PARAMETER : 0;
	}
	return *winsock_error == 0 ? API_GOOD : API_REFUSE;
}

size_t
api_frame_reply(const struct api_request *r, uint32_t winsock_error, const void *body,
    size_t body_n, uint8_t *out)
{
	const struct shape *shape = shape_find(r->verb);
	size_t reply_n = shape != NULL ? shape->reply_n : sizeof(uint32_t);
	struct aip_api_header h = {
		.magic = htole32(AIP_API_MAGIC),
		.verb = htole16(r->verb),
		.flags = htole16(AIP_API_REPLY),
		.request_id = htole32(r->id),
		.length = htole32((uint32_t)(sizeof(h) + reply_n)),
	};
	uint32_t error = htole32(winsock_error);

	memset(out, 0, API_REPLY_MAX_BYTES);
	memcpy(out, &h, sizeof(h));
	if (winsock_error == 0 && body_n <= reply_n)
		memcpy(out + sizeof(h), body, body_n);
	else
		memcpy(out + sizeof(h), &error, sizeof(error));
	return sizeof(h) + reply_n;
}
