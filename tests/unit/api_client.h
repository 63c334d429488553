/* A client of the registration protocol and a fake keeper, for the tests of the API. */
#ifndef AUTHIPD_TESTS_API_CLIENT_H
#define AUTHIPD_TESTS_API_CLIENT_H

#include "daemon/api_server.h"
#include "tests/unit/check_daemon.h"
#include "winsock/wire.h"

struct api_rig {
	struct api_server *server;
	struct sockaddr_un address;
	socklen_t address_n;
	int keeper;		     /* its end of the channel */
	struct proto_secure_ask ask; /* the last one */
	int asked_fd;
	uint8_t protocol; /* of the socket, in keeper's answer */
};
extern struct api_rig api;

void api_setup(void);
void api_teardown(void);
int api_dial(void);
/* Sends a request with count descriptors (copies of fd). */
void api_send(int c, uint16_t verb, uint32_t id, const void *body, size_t n, int fd,
    size_t count);
/* The answer to verb and id; returns its error number, the body in body[24]. */
uint32_t api_answer(int c, uint16_t verb, uint32_t id, size_t n, uint8_t *body);
/* Nothing there and still connected. */
bool api_is_silent(int c);
bool api_is_closed(int c);
/* A client that said hello. */
int api_hello(void);
/* Asks to secure fd with these flags. */
void api_secure(int c, uint32_t flags, int fd);
/* The question that keeper got, into api.ask. False: none. */
bool keeper_asked(void);
/* Keeper's answer: cookie, or an error. */
void keeper_says(uint32_t error, uint64_t cookie);

#endif
