/*
 * The registration protocol between libfwpuclnt and the daemon (doc/api-protocol.md):
 * SOCK_SEQPACKET, one message a datagram, at most one descriptor with it. Possession of
 * the descriptor is the authority: no number that a client sends is ever trusted.
 * All integers little-endian; the structures have no padding. Only libc types here.
 */
#ifndef AUTHIPD_WINSOCK_WIRE_H
#define AUTHIPD_WINSOCK_WIRE_H

#include <stdint.h>

#define AIP_API_MAGIC 0x31504941u /* "AIP1": magic and version in one */
#define AIP_API_MAX_BYTES 65536
#define AIP_API_SOCKET "wfp.sock" /* below the run directory, mode 0666 */

/* V(number, name, text) */
#define AIP_API_VERBS(V)                                     \
	V(1, HELLO, "hello")                                 \
	V(2, SOCK_SECURE, "secure a socket")                 \
	V(3, SOCK_QUERY, "query the security of a socket")   \
	V(4, SOCK_IDENTITY, "who the peer of a socket is")   \
	V(5, SOCK_TARGET, "set the name that a peer must prove") \
	V(6, SOCK_PRECONNECT, "negotiate before it connects") \
	V(64, ENGINE_OPEN, "open an engine session")         \
	V(65, ENGINE_BEGIN, "begin a transaction")           \
	V(66, ENGINE_COMMIT, "commit a transaction")         \
	V(67, ENGINE_ABORT, "abort a transaction")           \
	V(68, ENGINE_ADD, "add a provider context")          \
	V(69, ENGINE_GET, "get an object")                   \
	V(70, ENGINE_DELETE, "delete an object")             \
	V(71, ENGINE_ENUM_OPEN, "begin an enumeration")      \
	V(72, ENGINE_ENUM_NEXT, "get objects of an enumeration") \
	V(73, ENGINE_ENUM_CLOSE, "end an enumeration")       \
	V(74, ENGINE_STATISTICS, "get statistics")

enum aip_api_verb {
#define AIP_API_VERB_ENUM(number, name, text) AIP_API_##name = number,
	AIP_API_VERBS(AIP_API_VERB_ENUM)
};

/* The first of those that manage policy and look at SAs. */
#define AIP_API_ENGINE_FIRST AIP_API_ENGINE_OPEN

#define AIP_API_REPLY 0x0001u /* flags: this is the answer to request_id */

struct aip_api_header {
	uint32_t magic;
	uint16_t verb;
	uint16_t flags;
	uint32_t request_id; /* chosen by the client, repeated in the answer */
	uint32_t length;     /* whole message, header included */
};

/* HELLO: client's body. */
struct aip_api_hello {
	uint32_t library_version; /* major << 16 | minor */
	uint32_t features;	  /* wanted; 0 */
};

#define AIP_API_BACKEND_PLANE 1u
#define AIP_API_BACKEND_KERNEL 2u

/* HELLO: answer. */
struct aip_api_hello_reply {
	uint32_t winsock_error; /* 0 or WSAE... */
	uint32_t daemon_version;
	uint32_t backend; /* AIP_API_BACKEND_* */
	uint32_t sockets_limit;
};

/* SOCK_SECURE: body, with the socket as the one descriptor. */
struct aip_api_secure {
	uint32_t security_flags; /* SOCKET_SETTINGS_* */
	uint32_t ipsec_flags;
};

/*
 * SOCK_SECURE: body of a socket with a policy of its own: keys of provider contexts, or
 * zeroes for the default.
 */
struct aip_api_secure_policy {
	struct aip_api_secure secure;
	uint8_t mm_key[16];
	uint8_t qm_key[16];
};

/* SOCK_SECURE: answer. */
struct aip_api_secure_reply {
	uint32_t winsock_error;
	uint32_t class_id;
	uint64_t registration_id;
};

/* A peer of a UDP socket, in network order; family 0: the one that the socket has. */
struct aip_api_peer {
	uint16_t family; /* 0, 4 or 6 */
	uint16_t port;	 /* as in a sockaddr */
	uint8_t address[16];
};

/*
 * SOCK_TARGET: body, with the socket. The peer is that of a UDP socket. An empty name: no
 * longer any. The answer says its class.
 */
#define AIP_API_TARGET_BYTES 256
struct aip_api_target {
	struct aip_api_peer peer;
	char name[AIP_API_TARGET_BYTES]; /* UTF-8, ends with NUL */
};
struct aip_api_target_reply {
	uint32_t winsock_error;
	uint32_t class_id;
};

/* SOCK_QUERY: body, with the socket. */
struct aip_api_query {
	struct aip_api_peer peer;
};

/* SOCK_QUERY: info_flags; the values are those of SOCKET_INFO_CONNECTION_*. */
#define AIP_API_SECURED 0x1u
#define AIP_API_ENCRYPTED 0x2u
#define AIP_API_IMPERSONATED 0x4u

/* SOCK_QUERY: answer. */
struct aip_api_query_reply {
	uint32_t winsock_error;
	uint32_t info_flags;
	uint64_t mm_sa_id;
	uint64_t qm_sa_id;
	uint32_t negotiation_winerr; /* why its last negotiation failed; 0 */
	uint32_t reserved;
};

/* SOCK_IDENTITY: body, with the socket. */
struct aip_api_identity {
	struct aip_api_peer peer;
};

#define AIP_API_MAX_GROUPS 256
#define AIP_API_IDENTITY_MACHINE 0x1u /* the peer proved a machine, not a user */
#define AIP_API_IDENTITY_ACCOUNT \
	0x2u /* it has an account here: uid and the others are set */

/* SOCK_IDENTITY: answer. Texts end with NUL. */
struct aip_api_identity_reply {
	uint32_t winsock_error;
	uint32_t flags;
	uint32_t uid;
	uint32_t gid;
	uint32_t n_groups;
	uint32_t groups[AIP_API_MAX_GROUPS];
	char account[64];
	char peer[256];
};

/* SOCK_PRECONNECT: body, with the socket. */
struct aip_api_preconnect {
	struct aip_api_peer peer; /* the one that it is going to connect to */
};

/* SOCK_PRECONNECT: answer, when the negotiation is over or need not be awaited. */
struct aip_api_preconnect_reply {
	uint32_t winsock_error; /* 0: connect now */
};

/* ---- ENGINE_*: policy and SAs, as the Windows Filtering Platform shows them ---- */

#define AIP_API_ENGINE_FORMAT 1u /* of the structures (wfp_types_*.c) */

/* O(number, name, text): what GET, DELETE, ENUM_OPEN and STATISTICS are about. */
#define AIP_API_ENGINE_OBJECTS(O)                    \
	O(1, CONTEXT, "provider context")            \
	O(2, FILTER, "filter")                       \
	O(3, SA_CONTEXT, "IPsec SA context")         \
	O(4, SA, "IPsec SA")                         \
	O(5, IKE_SA, "main mode SA")

enum aip_api_engine_object {
#define AIP_API_ENGINE_ENUM(number, name, text) AIP_API_ENGINE_##name = number,
	AIP_API_ENGINE_OBJECTS(AIP_API_ENGINE_ENUM)
};

/* Every ENGINE_*: body, and behind it one structure or none. */
struct aip_api_engine {
	uint32_t format; /* AIP_API_ENGINE_FORMAT */
	uint32_t object; /* enum aip_api_engine_object; BEGIN: flags */
	uint32_t count;	 /* ENUM_NEXT: how many at most */
	uint32_t by_key; /* GET, DELETE: 1 by key, 0 by id */
	uint64_t id;	 /* of an object, or of an enumeration */
	uint8_t key[16];
};

/* Answer, and behind it the structures, each after its length (32 bits). */
struct aip_api_engine_reply {
	uint32_t error; /* 0, a Win32 error or FWP_E_ */
	uint32_t count; /* of structures */
	uint64_t id;	/* ADD: of the object. ENUM_OPEN: of the enumeration. ENUM_NEXT: 1 if
			   there are more */
};

#define AIP_API_ENGINE_OBJECT_MAX                                              \
	(AIP_API_MAX_BYTES - sizeof(struct aip_api_header) -                   \
	    sizeof(struct aip_api_engine) - sizeof(uint32_t))

#endif
