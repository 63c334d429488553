/*
 * The errors of the secure socket functions, in the order of their checks: library, descriptor,
 * kind, pointers, lengths, contents, state, references, daemon.
 */
#include "config.h"

#include "tests/unit/errors_table.h"
#include "tests/unit/fake_daemon.h"

const char *const function_names[FUNCTIONS] = {
#define FUNCTION_NAME(name, text) text,
	FUNCTION_LIST(FUNCTION_NAME)
};

/* Of every function. */
#define FIRST(f)                                                                        \
	{ f, "after WSACleanup", WSANOTINITIALISED, S_NONE, ENDED, 0, 0 },              \
	{ f, "not open", WSAENOTSOCK, S_FD, CLOSED, 0, 0 },                             \
	{ f, "a pipe", WSAENOTSOCK, S_FD, PIPE, 0, 0 },                                 \
	{ f, "a socket of AF_UNIX", WSAEINVAL, S_FD, OTHER_SOCKET, AF_UNIX, SOCK_STREAM },
#define LAST(f)                                                                       \
	{ f, "no daemon", WSAENETDOWN, S_DAEMON, NO_DAEMON, 0, 0 },                   \
	{ f, "no descriptor left", WSAEMFILE, S_DAEMON, NO_DESCRIPTOR, 0, 0 }, \
	{ f, "the daemon ends", WSAENETDOWN, S_DAEMON, DAEMON_FAULT, 0, CLOSE },      \
	{ f, "a broken answer", WSAENETDOWN, S_DAEMON, DAEMON_FAULT, 0, MAGIC },      \
	{ f, "not served", WSAEACCES, S_DAEMON, DAEMON, 0, 0 },                       \
	{ f, "a limit", WSAENOBUFS, S_DAEMON, DAEMON, 0, 0 },                         \
	{ f, "refused by the daemon", WSAEINVAL, S_DAEMON, DAEMON, 0, 0 },

/* The address of a peer begins at at: 128 bytes. */
#define PEER_OF_UDP(f, at)                                                     \
	{ f, "a peer without a port", WSAEINVAL, S_PEER, CLEAR, (at) + 2, 2 }, \
	{ f, "a peer without an address", WSAEINVAL, S_PEER, CLEAR, (at) + 4, 4 },

/* Offsets of SOCKET_SECURITY_SETTINGS_IPSEC. */
#define FLAGS_AT 4
#define IPSEC_FLAGS_AT 8
#define RESERVED_AT 44
#define RESERVED2_AT 64
#define USER_AT 72
#define DOMAIN_AT 76
#define PASSWORD_AT 80
/* Of templates and names. */
#define PEER_AT 8
#define QUERY_FLAGS_AT 140
#define QUERY_FIELDS_AT 144
#define NAME_BYTES_AT 136
#define NAME_AT 140

const struct error_row error_rows[] = {
	FIRST(SECURE)
	{ SECURE, "7 bytes", WSAEMSGSIZE, S_BUFFER, LENGTH, 0, 7 },
	{ SECURE, "83 bytes", WSAEMSGSIZE, S_BUFFER | S_FORM, LENGTH, 0, 83 },
	{ SECURE, "strings without room", WSAEMSGSIZE, S_STRINGS | S_FORM, PUT, USER_AT, 20 },
	{ SECURE, "strings of 4 GB", WSAEMSGSIZE, S_STRINGS | S_FORM, PUT, DOMAIN_AT,
	    0xfffffffc },
	{ SECURE, "an unknown protocol", WSAEINVAL, S_FORM, PUT, 0, 3 },
	{ SECURE, "unknown flags", WSAEINVAL, S_FLAGS, PUT, FLAGS_AT, 4 },
	{ SECURE, "contradictory flags", WSAEINVAL, S_FLAGS, PUT, FLAGS_AT, 3 },
	{ SECURE, "unknown flags of IPsec", WSAEINVAL, S_NONE, PUT, IPSEC_FLAGS_AT, 0x10 },
	{ SECURE, "Reserved", WSAEINVAL, S_NONE, PUT, RESERVED_AT, 1 },
	{ SECURE, "Reserved2", WSAEINVAL, S_NONE, PUT, RESERVED2_AT, 1 },
	{ SECURE, "half a character", WSAEINVAL, S_STRINGS, PUT, USER_AT, 3 },
	{ SECURE, "a password without a user", WSAEINVAL, S_STRINGS, PUT, PASSWORD_AT, 4 },
	{ SECURE, "a domain without a user", WSAEINVAL, S_STRINGS, PUT, DOMAIN_AT, 4 },
	{ SECURE, "connected", WSAEISCONN, S_STATE, CONNECTED, 0, 0 },
	{ SECURE, "bound", WSAEINVAL, S_STATE, BOUND, 0, 0 },
	{ SECURE, "SO_REUSEADDR", WSAEINVAL, S_NONE, OPTION, 0, SO_REUSEADDR },
	{ SECURE, "SO_REUSEPORT", WSAEINVAL, S_NONE, OPTION, 0, SO_REUSEPORT },
	{ SECURE, "explicit credentials", WSAEINVAL, S_STRINGS, PUT, USER_AT, 4 },
	LAST(SECURE)
	{ SECURE, "no IPsec for the family", WSAEAFNOSUPPORT, S_DAEMON, DAEMON, 0, 0 },

	FIRST(QUERY)
	{ QUERY, "no length", WSAEFAULT, S_NONE, NO_LENGTH, 0, 0 },
	{ QUERY, "143 bytes", WSAEMSGSIZE, S_BUFFER, LENGTH, 0, 143 },
	{ QUERY, "an unknown protocol", WSAEINVAL, S_FORM, PUT, 0, 3 },
	{ QUERY, "unknown flags", WSAEINVAL, S_FORM, PUT_LONG, QUERY_FLAGS_AT, 2 },
	{ QUERY, "unknown fields", WSAEINVAL, S_FORM, PUT_LONG, QUERY_FIELDS_AT, 4 },
	{ QUERY, "nothing", WSAEFAULT, S_BUFFER | S_INFO | S_FORM, NOTHING, 0, 0 },
	{ QUERY, "no room at all", WSAEMSGSIZE, S_INFO, NO_INFO, 0, 0 },
	{ QUERY, "room of 23 bytes", WSAEMSGSIZE, S_INFO, INFO_LENGTH, 0, 23 },
	{ QUERY, "pinning", WSAEOPNOTSUPP, S_FORM, PUT_LONG, QUERY_FLAGS_AT, 1 },
	{ QUERY, "not connected", WSAENOTCONN, S_STATE, NOT_CONNECTED, 0, 0 },
	{ QUERY, "reset", WSAECONNRESET, S_STATE, RESET, 0, 0 },
	LAST(QUERY)

	FIRST(QUERY_UDP)
	{ QUERY_UDP, "no length", WSAEFAULT, S_NONE, NO_LENGTH, 0, 0 },
	{ QUERY_UDP, "no template", WSAEMSGSIZE, S_BUFFER | S_FORM | S_PEER, NO_BUFFER, 0, 0 },
	{ QUERY_UDP, "143 bytes", WSAEMSGSIZE, S_BUFFER, LENGTH, 0, 143 },
	{ QUERY_UDP, "an unknown protocol", WSAEINVAL, S_FORM, PUT, 0, 3 },
	{ QUERY_UDP, "unknown flags", WSAEINVAL, S_FORM, PUT_LONG, QUERY_FLAGS_AT, 2 },
	{ QUERY_UDP, "unknown fields", WSAEINVAL, S_FORM, PUT_LONG, QUERY_FIELDS_AT, 4 },
	{ QUERY_UDP, "no family", WSAEAFNOSUPPORT, S_PEER, CLEAR, PEER_AT, 2 },
	{ QUERY_UDP, "another family", WSAEAFNOSUPPORT, S_PEER, PUT, PEER_AT, AF_INET6 },
	PEER_OF_UDP(QUERY_UDP, PEER_AT)
	{ QUERY_UDP, "no room at all", WSAEMSGSIZE, S_INFO, NO_INFO, 0, 0 },
	{ QUERY_UDP, "room of 23 bytes", WSAEMSGSIZE, S_INFO, INFO_LENGTH, 0, 23 },
	{ QUERY_UDP, "pinning", WSAEOPNOTSUPP, S_FORM, PUT_LONG, QUERY_FLAGS_AT, 1 },
	LAST(QUERY_UDP)
	{ QUERY_UDP, "an unknown peer", WSAENOTCONN, S_DAEMON, DAEMON, 0, 0 },

	FIRST(TARGET)
	{ TARGET, "no name", WSAEFAULT, S_BUFFER, NO_BUFFER, 0, 0 },
	{ TARGET, "139 bytes", WSAEMSGSIZE, S_BUFFER, LENGTH, 0, 139 },
	{ TARGET, "an unknown protocol", WSAEINVAL, S_FORM, PUT, 0, 3 },
	{ TARGET, "more than there is", WSAEMSGSIZE, S_STRINGS, PUT, NAME_BYTES_AT, 400 },
	{ TARGET, "half a character", WSAEINVAL, S_STRINGS, PUT, NAME_BYTES_AT, 23 },
	{ TARGET, "an empty name", WSAEINVAL, S_STRINGS, PUT, NAME_BYTES_AT, 0 },
	{ TARGET, "a NUL inside", WSAEINVAL, S_STRINGS, PUT, NAME_AT + 8, 0 },
	{ TARGET, "a line feed inside", WSAEINVAL, S_STRINGS, PUT, NAME_AT + 8, '\n' },
	{ TARGET, "no character", WSAEINVAL, S_STRINGS, PUT, NAME_AT + 8, 0x110000 },
	{ TARGET, "another family", WSAEAFNOSUPPORT, S_PEER, PUT, PEER_AT, AF_INET6 },
	{ TARGET, "connected", WSAEISCONN, S_STATE, CONNECTED, 0, 0 },
	LAST(TARGET)

	FIRST(TARGET_UDP)
	{ TARGET_UDP, "no name", WSAEFAULT, S_BUFFER, NO_BUFFER, 0, 0 },
	{ TARGET_UDP, "139 bytes", WSAEMSGSIZE, S_BUFFER, LENGTH, 0, 139 },
	{ TARGET_UDP, "an unknown protocol", WSAEINVAL, S_FORM, PUT, 0, 3 },
	{ TARGET_UDP, "more than there is", WSAEMSGSIZE, S_STRINGS, PUT, NAME_BYTES_AT, 400 },
	{ TARGET_UDP, "an empty name", WSAEINVAL, S_STRINGS, PUT, NAME_BYTES_AT, 0 },
	{ TARGET_UDP, "no peer", WSAEINVAL, S_PEER, CLEAR, PEER_AT, 128 },
	PEER_OF_UDP(TARGET_UDP, PEER_AT)
	{ TARGET_UDP, "another family", WSAEAFNOSUPPORT, S_PEER, PUT, PEER_AT, AF_INET6 },
	{ TARGET_UDP, "connected", WSAEISCONN, S_STATE, CONNECTED, 0, 0 },
	LAST(TARGET_UDP)

	FIRST(DELETE)
	{ DELETE, "no address", WSAEFAULT, S_BUFFER, NO_BUFFER, 0, 0 },
	{ DELETE, "15 bytes", WSAEMSGSIZE, S_BUFFER, LENGTH, 0, 15 },
	{ DELETE, "16 bytes of IPv6", WSAEMSGSIZE, S_PEER, PUT, 0, AF_INET6 },
	{ DELETE, "no family", WSAEAFNOSUPPORT, S_PEER, CLEAR, 0, 2 },
	LAST(DELETE)

	FIRST(DELETE_UDP)
	{ DELETE_UDP, "no address", WSAEFAULT, S_BUFFER, NO_BUFFER, 0, 0 },
	{ DELETE_UDP, "15 bytes", WSAEMSGSIZE, S_BUFFER, LENGTH, 0, 15 },
	{ DELETE_UDP, "16 bytes of IPv6", WSAEMSGSIZE, S_PEER, PUT, 0, AF_INET6 },
	{ DELETE_UDP, "no family", WSAEAFNOSUPPORT, S_PEER, CLEAR, 0, 2 },
	LAST(DELETE_UDP)

	FIRST(IMPERSONATE)
	{ IMPERSONATE, "not blocking", WSAEINVAL, S_NONE, NONBLOCKING, 0, 0 },
	{ IMPERSONATE, "not connected", WSAENOTCONN, S_STATE, NOT_CONNECTED, 0, 0 },
	LAST(IMPERSONATE)
	{ IMPERSONATE, "no account here", WSAEACCES, S_DAEMON, NO_ACCOUNT, 0, 0 },

	FIRST(IMPERSONATE_UDP)
	{ IMPERSONATE_UDP, "not blocking", WSAEINVAL, S_NONE, NONBLOCKING, 0, 0 },
	{ IMPERSONATE_UDP, "no address", WSAEFAULT, S_BUFFER | S_PEER, NO_BUFFER, 0, 0 },
	{ IMPERSONATE_UDP, "15 bytes", WSAEMSGSIZE, S_BUFFER, LENGTH, 0, 15 },
	{ IMPERSONATE_UDP, "16 bytes of IPv6", WSAEMSGSIZE, S_PEER, PUT, 0, AF_INET6 },
	{ IMPERSONATE_UDP, "no family", WSAEAFNOSUPPORT, S_PEER, CLEAR, 0, 2 },
	PEER_OF_UDP(IMPERSONATE_UDP, 0)
	LAST(IMPERSONATE_UDP)
	{ IMPERSONATE_UDP, "an unknown peer", WSAENOTCONN, S_DAEMON, DAEMON, 0, 0 },
	{ IMPERSONATE_UDP, "no account here", WSAEACCES, S_DAEMON, NO_ACCOUNT, 0, 0 },
};
const size_t n_error_rows = sizeof(error_rows) / sizeof(error_rows[0]);
