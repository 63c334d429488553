/*
 * A class: sockets (or the traffic of a rule) that policy and authentication cannot tell
 * apart, and that may therefore share SAs. What tells them apart is all in here. Plain data:
 * it travels between roles, and into keeper's file of classes.
 */
#ifndef AUTHIPD_DAEMON_CLASS_SPEC_H
#define AUTHIPD_DAEMON_CLASS_SPEC_H

#include "config/address.h"
#include "config/policy.h"
#include "config/rule.h"

/* The classes of WSASetSocketSecurity() without anything special; they always exist. */
enum predefined_class {
	CLASS_DEFAULT = 1,  /* never clear text */
	CLASS_ENCRYPT = 2,  /* SOCKET_SETTINGS_GUARANTEE_ENCRYPTION */
	CLASS_INSECURE = 3, /* SOCKET_SETTINGS_ALLOW_INSECURE */
};
#define CLASS_PREDEFINED 3
/* Highest id; the mark mask may allow fewer (net_class_limit()). */
#define CLASS_MAX 1023
#define CLASS_TARGET_BYTES 256
/* Peers of a UDP socket that have a name of their own. */
#define CLASS_MAX_TARGETS 16
/* SOCKET_SETTINGS_IPSEC_* that a class can have. */
#define CLASS_TARGET_OPTIONAL 0x2u
#define CLASS_FIRST_UNENCRYPTED 0x4u
#define CLASS_TARGET_RAW 0x8u
#define CLASS_IPSEC_FLAGS \
	(CLASS_TARGET_OPTIONAL | CLASS_FIRST_UNENCRYPTED | CLASS_TARGET_RAW)

enum class_kind {
	CLASS_OF_SOCKETS,
	CLASS_OF_RULE,
	/* Live sockets carry its mark, and nobody knows what it was: their traffic waits. */
	CLASS_LOST,
};

/* The target name of one peer. */
struct class_target {
	struct endpoint peer;
	char name[CLASS_TARGET_BYTES];
};

struct class_spec {
	uint32_t kind;	/* enum class_kind */
	uint32_t uid;	/* whose credentials are shown; 0: this machine's */
	uint32_t owner; /* whose limit it counts for; tells no classes apart */
	bool guarantee_encryption;
	bool allow_insecure;
	bool
	    follows_default; /* the policy is that of the configuration, and changes with it */
	uint32_t ipsec_flags; /* of CLASS_IPSEC_FLAGS */
	char
	    target_name /* who the peer must prove to be (config/target.h); empty: any */
		[CLASS_TARGET_BYTES];
	uint32_t n_target; /* those below count first */
	struct class_target target[CLASS_MAX_TARGETS];
	struct rule rule; /* CLASS_OF_RULE */
	struct policy policy;
};

/* May sockets of a and b share SAs? */
bool class_spec_equal(const struct class_spec *a, const struct class_spec *b);
/* The target name for this peer, empty: any. NULL: the peer is not known. */
const char *class_spec_target(
    const struct class_spec *s, const struct endpoint *remote);
/* A rule that leaves its traffic alone: it has no SAs. */
bool class_spec_is_exempt(const struct class_spec *s);
/*
 * Does this rule take clear packets? Who guarantees encryption takes none, whatever the action
 * says.
 */
bool class_spec_takes_clear(const struct class_spec *s);
/* "default", "guarantee-encryption", "allow-insecure", "rule"; of NULL: "none". */
const char *class_spec_name(const struct class_spec *s);
/* Nothing in it is out of range: what came from another process or a file. */
bool class_spec_is_sane(const struct class_spec *s);

#endif
