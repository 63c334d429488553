/*
 * Any datagram as a request of the registration protocol: what is accepted keeps the
 * promises of doc/api-protocol.md, and every answer has its length. The first byte says
 * what came before: 1 hello, 2 a descriptor.
 */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/api_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
require(bool what)
{
	if (!what)
		abort();
}

/* 0: no such verb. */
static size_t
reply_body_bytes(uint16_t verb)
{
	switch (verb) {
	case AIP_API_HELLO:
		return sizeof(struct aip_api_hello_reply);
	case AIP_API_SOCK_SECURE:
		return sizeof(struct aip_api_secure_reply);
	case AIP_API_SOCK_QUERY:
		return sizeof(struct aip_api_query_reply);
	case AIP_API_SOCK_IDENTITY:
		return sizeof(struct aip_api_identity_reply);
	case AIP_API_SOCK_TARGET:
		return sizeof(struct aip_api_target_reply);
	case AIP_API_SOCK_PRECONNECT:
		return sizeof(struct aip_api_preconnect_reply);
	default:
		return verb >= AIP_API_ENGINE_FIRST &&
			       verb <= AIP_API_ENGINE_STATISTICS ?
			   sizeof(struct aip_api_engine_reply) :
			   0;
	}
}

static void
check_good(const struct api_request *r, size_t n, bool said_hello, bool has_fd)
{
	require(n >= sizeof(struct aip_api_header) + 8);
	require(reply_body_bytes(r->verb) > 0);
	require(has_fd ==
		(r->verb >= AIP_API_SOCK_SECURE && r->verb < AIP_API_ENGINE_FIRST));
	require(r->verb < AIP_API_ENGINE_FIRST ||
		r->body.n >= sizeof(struct aip_api_engine));
	require(said_hello || r->verb == AIP_API_HELLO);
	require(memchr(r->target, '\0', sizeof(r->target)) != NULL);
	require(r->security_flags <= 2 && r->ipsec_flags <= 0xf);
	require(r->peer.addr.family == 0 || r->peer.addr.family == 4 ||
		r->peer.addr.family == 6);
}

static void
check_reply(const struct api_request *r, uint32_t error)
{
	static const uint8_t body[API_REPLY_MAX_BYTES];
	uint8_t *out = malloc(API_REPLY_MAX_BYTES);
	struct aip_api_header h;
	uint32_t le_error = htole32(error);
	size_t n, body_n = reply_body_bytes(r->verb);

	require(out != NULL);
	n = api_frame_reply(r, error, body, error == 0 ? body_n : 0, out);
	memcpy(&h, out, sizeof(h));
	require(n <= API_REPLY_MAX_BYTES && le32toh(h.length) == n);
	require(le32toh(h.magic) == AIP_API_MAGIC && le16toh(h.flags) == AIP_API_REPLY);
	require(le16toh(h.verb) == r->verb && le32toh(h.request_id) == r->id);
	require(memcmp(out + sizeof(h), &le_error, sizeof(le_error)) == 0);
	require(n == sizeof(h) + (body_n > 0 ? body_n : 4));
	free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	bool said_hello = n > 0 && (data[0] & 1) != 0,
	     has_fd = n > 0 && (data[0] & 2) != 0;
	struct span datagram = n > 0 ? span_of(data + 1, n - 1) : SPAN_NONE;
	enum api_verdict v;
	struct api_request r;
	uint32_t error;

	v = api_frame_parse(datagram, said_hello, has_fd, &r, &error);
	if (v == API_BREAK)
		return 0;
	require((v == API_GOOD) == (error == 0));
	if (v == API_GOOD)
		check_good(&r, datagram.n, said_hello, has_fd);
	check_reply(&r, error);
	return 0;
}
