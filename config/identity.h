/*
 * Who an authenticated peer is on this host: the section impersonation. The first rule whose
 * pattern matches the peer's name says the account; without a rule the answer is no.
 */
#ifndef AUTHIPD_CONFIG_IDENTITY_H
#define AUTHIPD_CONFIG_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/policy.h"

#define IDENTITY_MAX_MAPS 32
#define IDENTITY_MAX_SERVICES 16
#define IDENTITY_NAME_MAX 256
#define IDENTITY_ACCOUNT_MAX 64
#define IDENTITY_DENY "deny" /* instead of an account */

struct identity_map {
	char peer[IDENTITY_NAME_MAX];	    /* pattern */
	char account[IDENTITY_ACCOUNT_MAX]; /* or IDENTITY_DENY */
};

struct config_identity {
	uint32_t enabled; /* 0 or 1 */
	uint32_t min_uid; /* accounts below are nobody, but where a rule names root */
	char realm
	    [IDENTITY_NAME_MAX]; /* NAME@realm without a rule is the account NAME */
	char machine_account[IDENTITY_ACCOUNT_MAX]; /* of machines without a rule */
	char service[IDENTITY_MAX_SERVICES]
		    [IDENTITY_ACCOUNT_MAX]; /* may ask, beside root */
	uint32_t n_service;
	struct identity_map map[IDENTITY_MAX_MAPS];
	uint32_t n_map;
};

enum identity_verdict {
	IDENTITY_MAPPED,
	IDENTITY_OFF,	   /* the section is off */
	IDENTITY_NAMELESS, /* nobody, or a name that is not whole */
	IDENTITY_DENIED,   /* a rule says so */
	IDENTITY_UNKNOWN,  /* no rule is about it */
};

/*
 * The account of a peer with this authenticated name. by_rule: a rule names the account, so
 * that it may be root.
 */
enum identity_verdict identity_find(const struct config_identity *c,
    enum auth_method method, const char *peer, char account[IDENTITY_ACCOUNT_MAX],
    bool *by_rule);
/* "host/NAME@REALM", "NAME$@REALM", or any certificate. */
bool identity_is_machine(enum auth_method method, const char *peer);
/* For a log line: what the verdict means, and what to change. */
const char *identity_advice(enum identity_verdict v);

#endif
