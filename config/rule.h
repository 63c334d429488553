/*
 * Connection-security rules: which traffic is protected without any call of a program, and
 * how strictly. The nouns are those of Windows.
 */
#ifndef AUTHIPD_CONFIG_RULE_H
#define AUTHIPD_CONFIG_RULE_H

#include "config/address.h"

#define RULE_NAME_BYTES 64

/* X(id, word of the configuration) */
#define RULE_ACTIONS(X)                   \
	X(RULE_REQUIRE, "require-in-out") \
	X(RULE_REQUEST, "request-in-out") \
	X(RULE_REQUIRE_IN, "require-in-request-out") \
	X(RULE_EXEMPT, "exempt")

enum rule_action {
#define RULE_ACTION_ENUM(id, word) id,
	RULE_ACTIONS(RULE_ACTION_ENUM) RULE_ACTION_COUNT
};

/* Addresses with a common beginning. addr.family 0: every address of both families. */
struct prefix {
	struct address addr; /* the bits behind the prefix are zero */
	uint8_t bits;
};

struct rule {
	char name[RULE_NAME_BYTES];
	struct prefix local;
	struct prefix remote;
	uint8_t protocol;    /* 6, 17; 0: both */
	uint16_t local_port; /* 0: any */
	uint16_t remote_port;
	enum rule_action action;
};

/* Is a inside p? */
bool prefix_contains(const struct prefix *p, const struct address *a);
/* The family that the rule is for: 4 or 6; 0: both. */
uint8_t rule_family(const struct rule *r);
/* Does the rule select this traffic? Ports of 0 in flow: only a rule for any port does. */
bool rule_selects(const struct rule *r, const struct flow *flow);
/* Could the rule select some traffic between these hosts? */
bool rule_is_between(
    const struct rule *r, const struct address *local, const struct address *remote);
/* Does a select everything that b selects? */
bool rule_covers(const struct rule *a, const struct rule *b);
bool rule_equal(const struct rule *a, const struct rule *b);
/* Is what it selects none of our business? */
bool rule_is_exempt(const struct rule *r);
/* May clear text leave (come in) while there is no SA? */
bool rule_allows_clear_out(const struct rule *r);
bool rule_allows_clear_in(const struct rule *r);

#endif
