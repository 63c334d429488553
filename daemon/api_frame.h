/* Frames of the registration protocol, checked: bytes in, request out. Pure. */
#ifndef AUTHIPD_DAEMON_API_FRAME_H
#define AUTHIPD_DAEMON_API_FRAME_H

#include <stdbool.h>

#include "config/address.h"
#include "crypto/span.h"
#include "winsock/wire.h"

struct api_request {
	uint16_t verb;
	uint32_t id;
	uint32_t security_flags; /* SOCK_SECURE */
	uint32_t ipsec_flags;
	uint8_t policy_key[2][16]; /* SOCK_SECURE: of main and quick mode; zero: default */
	struct endpoint peer; /* of the other verbs for sockets; family 0: the socket's */
	char target[AIP_API_TARGET_BYTES]; /* SOCK_TARGET; empty: none */
	struct span body;     /* ENGINE_*: as it came */
};

enum api_verdict {
	API_GOOD,
	API_REFUSE, /* answer with *winsock_error (ENGINE_*: a Win32 error) */
	API_BREAK,  /* not our protocol: close the connection */
};

#define API_REPLY_MAX_BYTES \
	(sizeof(struct aip_api_header) + sizeof(struct aip_api_identity_reply))

/* said_hello: HELLO came before on this connection. has_fd: a descriptor came with it. */
enum api_verdict api_frame_parse(struct span datagram, bool said_hello, bool has_fd,
    struct api_request *r, uint32_t *winsock_error);
/*
 * Writes the answer to r: a header and body_n bytes of body, or for an error the error
 * number and zeroes up to the verb's length. Returns the length; out holds
 * API_REPLY_MAX_BYTES.
 */
size_t api_frame_reply(const struct api_request *r, uint32_t winsock_error, const void *body,
    size_t body_n, uint8_t *out);

#endif
