/* Accounts of this host, for impersonation. */
#define _GNU_SOURCE
#include "daemon/account.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <shadow.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/log.h"
#include "daemon/log_limit.h"

#define WSAEACCES 10013
#define LOOKUP_BYTES 16384
#define SECONDS_PER_DAY 86400

/* May a program of this user become somebody else's account? */
static bool
service_may_ask(const struct config_identity *c, uint32_t uid)
{
	char buf[LOOKUP_BYTES], *end;
	struct passwd pw, *found;

	if (uid == 0)
		return true;
	for (uint32_t i = 0; i < c->n_service; i++) {
		unsigned long number = strtoul(c->service[i], &end, 10);

		if (*end == '\0') {
			if (number == uid)
				return true;
		} else if (getpwnam_r(c->service[i], &pw, buf, sizeof(buf), &found) ==
			       0 &&
			   found != NULL && pw.pw_uid == uid) {
			return true;
		}
	}
	return false;
}

/* Locked or expired, as far as the shadow file knows the account. */
static bool
is_locked(const char *account)
{
	char buf[LOOKUP_BYTES];
	struct spwd sp, *found;

	if (getspnam_r(account, &sp, buf, sizeof(buf), &found) != 0 || found == NULL)
		return false;
	/* "!" before a password is a lock; "*" or "!" alone is an account without one. */
	if (sp.sp_pwdp != NULL && sp.sp_pwdp[0] == '!' && sp.sp_pwdp[1] == '$')
		return true;
	return sp.sp_expire > 0 && time(NULL) / SECONDS_PER_DAY >= sp.sp_expire;
}

/* NULL, or why this account is not for peers. */
static const char *
account_fault(const struct config_identity *c, const struct passwd *pw, bool by_rule)
{
	if (pw->pw_uid == 0 && !by_rule)
		return "it is root, which only a rule may name";
	if (pw->pw_uid != 0 && pw->pw_uid < c->min_uid)
		return "its number is below min_uid";
	if (is_locked(pw->pw_name))
		return "it is locked or expired";
	return NULL;
}

/* False: it is in more groups than can be said. */
static bool
fill_groups(const struct passwd *pw, struct proto_identity_reply *reply)
{
	gid_t groups[PROTO_IDENTITY_GROUPS];
	int n = PROTO_IDENTITY_GROUPS;

	if (getgrouplist(pw->pw_name, pw->pw_gid, groups, &n) < 0)
		return false;
	for (int i = 0; i < n; i++)
		reply->groups[i] = groups[i];
	reply->n_groups = (uint32_t)n;
	return true;
}

/* A program may ask as often as it likes. */
static bool
may_log(uint32_t uid)
{
	static struct log_limit limit;
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return uid == 0 || log_limit_pass(&limit, "identity",
			       (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000);
}

/* Returns false. */
__attribute__((format(printf, 2, 3))) static bool
refuse(struct account_found *out, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(out->why, sizeof(out->why), fmt, ap);
	va_end(ap);
	return false;
}

static bool
look(const struct config_identity *c, const struct proto_identity_ask *ask, bool by_rule,
    struct account_found *out)
{
	struct proto_identity_reply *reply = &out->reply;
	char buf[LOOKUP_BYTES];
	struct passwd pw, *found;
	const char *fault;

	if (getpwnam_r(reply->account, &pw, buf, sizeof(buf), &found) != 0 || found == NULL)
		return refuse(out, "there is no account %s: add it, or change the rule",
		    reply->account);
	if ((fault = account_fault(c, &pw, by_rule)) != NULL)
		return refuse(
		    out, "account %s is not for peers: %s", reply->account, fault);
	if (pw.pw_uid != ask->uid && !service_may_ask(c, ask->uid))
		return refuse(out, "its program runs as a user that may not: add it to "
				   "services of section impersonation");
	if (!fill_groups(&pw, reply))
		return refuse(out, "the account is in too many groups");
	reply->uid = pw.pw_uid;
	reply->gid = pw.pw_gid;
	return true;
}

bool
account_may_wait(const struct config_identity *c, const struct proto_identity_ask *ask)
{
	char account[IDENTITY_ACCOUNT_MAX];
	bool by_rule;

	return identity_find(c, (enum auth_method)ask->method, ask->peer, account,
		   &by_rule) == IDENTITY_MAPPED;
}

void
account_look(const struct config_identity *c, const struct proto_identity_ask *ask,
    struct account_found *out)
{
	enum identity_verdict v;
	bool by_rule, ok;

	memset(out, 0, sizeof(*out));
	v = identity_find(c, (enum auth_method)ask->method, ask->peer,
	    out->reply.account, &by_rule);
	ok = v == IDENTITY_MAPPED ? look(c, ask, by_rule, out) :
				    refuse(out, "%s", identity_advice(v));
	if (!ok)
		account_refuse(out, NULL);
}

void
account_refuse(struct account_found *out, const char *why)
{
	memset(&out->reply, 0, sizeof(out->reply));
	out->reply.winsock_error = WSAEACCES;
	if (why != NULL)
		snprintf(out->why, sizeof(out->why), "%s", why);
}

void
account_tell(const struct proto_identity_ask *ask, const struct account_found *found)
{
	if (found->reply.winsock_error == 0)
		log_info("identity", "user %u acts as the peer %s: account %s", ask->uid,
		    ask->peer, found->reply.account);
	else if (may_log(ask->uid))
		log_warn("identity", "user %u may not act as the peer %s: %s", ask->uid,
		    ask->peer, found->why);
}

uint32_t
account_group(const char *name)
{
	const struct group *g = getgrnam(name);

	return g != NULL ? g->gr_gid : CONFIG_NO_GROUP;
}
