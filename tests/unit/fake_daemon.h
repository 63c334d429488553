/*
 * A daemon for the tests of libfwpuclnt: one thread that serves one connection at a time,
 * spoils the answer it is told to spoil, and notes what it was sent.
 */
#ifndef AUTHIPD_TESTS_FAKE_DAEMON_H
#define AUTHIPD_TESTS_FAKE_DAEMON_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "winsock/wire.h"

/* What is wrong with an answer of the daemon. */
enum fault {
	NONE,
	MAGIC,
	VERB,
	NOT_A_REPLY,
	MORE_FLAGS,
	REQUEST_ID,
	LENGTH_LESS,
	LENGTH_MORE,
	CUT_HEADER,
	CUT_BODY,
	LONGER,
	HUGE,
	SHORT_DATAGRAM, /* the length is right, the datagram is not */
	LONG_DATAGRAM,
	OLD_ANSWER, /* a good answer to another request comes first */
	DESCRIPTOR,
	CLOSE,
	SILENT,
	LATE, /* right, after 100 ms */
	FAULTS
};

struct fake_daemon {
	char dir[64];
	char path[96];
	int listener;
	pthread_t thread;
	/* the script */
	uint16_t verb; /* the answer to spoil; the others are right */
	enum fault fault;
	uint32_t error;
	pthread_t asker; /* gets this signal when SILENT was asked; 0: nobody does */
	int signal;
	struct aip_api_query_reply query_reply; /* of good answers */
	struct aip_api_identity_reply identity_reply;
	/* what was seen */
	int connection; /* that is served */
	unsigned int hellos;
	unsigned int secures;
	struct aip_api_hello hello;
	struct aip_api_secure secure;
	unsigned int queries;
	struct aip_api_peer peer; /* of the last SOCK_QUERY, SOCK_IDENTITY or SOCK_TARGET */
	char target[AIP_API_TARGET_BYTES];
	bool had_fd;
	struct stat fd;
	bool ids_differ;
};
extern struct fake_daemon fake;

/* Binds and listens on fake.path, without serving. */
void fake_listen(int backlog);
/* Serves: the answer to verb has the fault and the error, all others are right. */
void fake_start(uint16_t verb, enum fault fault, uint32_t error);
void fake_stop(void);

#endif
