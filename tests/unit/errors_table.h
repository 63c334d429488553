/* The errors of the secure socket functions, in their order. */
#ifndef AUTHIPD_TESTS_ERRORS_TABLE_H
#define AUTHIPD_TESTS_ERRORS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ws2tcpip.h"

#define NAME_HEAD offsetof(SOCKET_PEER_TARGET_NAME, AllStrings)
#define SETTINGS_BYTES 100 /* 84, and room for strings */

/* F(name, text): a function, and the kind of its socket. */
#define FUNCTION_LIST(F)                                    \
	F(SECURE, "WSASetSocketSecurity")                   \
	F(QUERY, "WSAQuerySocketSecurity of TCP")           \
	F(QUERY_UDP, "WSAQuerySocketSecurity of UDP")       \
	F(TARGET, "WSASetSocketPeerTargetName of TCP")      \
	F(TARGET_UDP, "WSASetSocketPeerTargetName of UDP")  \
	F(DELETE, "WSADeleteSocketPeerTargetName of TCP")   \
	F(DELETE_UDP, "WSADeleteSocketPeerTargetName of UDP") \
	F(IMPERSONATE, "WSAImpersonateSocketPeer of TCP")   \
	F(IMPERSONATE_UDP, "WSAImpersonateSocketPeer of UDP")

enum function {
#define FUNCTION_ENUM(name, text) name,
	FUNCTION_LIST(FUNCTION_ENUM) FUNCTIONS
};
extern const char *const function_names[FUNCTIONS];

/* What is wrong; at and value are explained where they count. */
enum op {
	/* the arguments */
	CLOSED,
	PIPE,
	OTHER_SOCKET, /* of family at and type value */
	NO_BUFFER,
	LENGTH, /* value bytes of the buffer */
	PUT,	/* value is at at */
	PUT_LONG, /* the same, in a template of IPSEC2 */
	CLEAR,	/* value zero bytes are at at */
	NO_LENGTH,
	INFO_LENGTH,
	NO_INFO,
	NOTHING, /* neither buffer nor info */
	/* the socket */
	CONNECTED,
	NOT_CONNECTED,
	BOUND,
	OPTION, /* value is on */
	NONBLOCKING,
	RESET,
	/* the rest */
	ENDED,
	NO_DAEMON,
	NO_DESCRIPTOR,
	DAEMON,	      /* it says this error */
	DAEMON_FAULT, /* its answer has the fault value */
	NO_ACCOUNT,
};

/* What a row changes: two rows with a slot in common exclude each other. */
enum slot {
	S_NONE = 0,
	S_FD = 1,
	S_BUFFER = 2,
	S_FORM = 4,
	S_STRINGS = 8,
	S_FLAGS = 16,
	S_STATE = 32,
	S_DAEMON = 64,
	S_PEER = 128,
	S_INFO = 256,
};

struct error_row {
	enum function f;
	const char *what;
	int error;
	unsigned slots;
	enum op op;
	uint32_t at, value;
};
extern const struct error_row error_rows[];
extern const size_t n_error_rows;

/*
 * The call with these faults (NULL: none); its error (errors_call.c). After one of impersonation
 * the thread is what the process is, whoever it was before.
 */
int call_error(enum function f, bool by_ioctl, const struct error_row *a,
    const struct error_row *b);

#endif
