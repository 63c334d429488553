/* Giving up privilege, for good. */
#include "config.h"

#include "daemon/privdrop.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>
#ifdef HAVE_LIBCAP_NG
#include <cap-ng.h>
#endif

#include "daemon/log.h"

bool
privdrop_harden(void)
{
	struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
		log_error("privileges", "cannot harden the process: %s", strerror(errno));
		return false;
	}
#ifndef AIP_SANITIZERS /* the leak checker must trace its own process */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
	return true;
}

static bool
drop_ids(const struct passwd *pw)
{
	if (setgroups(0, NULL) != 0 || setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) != 0 ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) != 0) {
		log_error("privileges", "cannot become user %s: %s", pw->pw_name,
		    strerror(errno));
		return false;
	}
	if (setuid(0) == 0) {
		log_error("privileges", "dropping root did not work");
		return false;
	}
	return true;
}

bool
privdrop_to_user(const char *user)
{
	const struct passwd *pw;

	if (geteuid() != 0)
		return privdrop_harden();
	errno = 0;
	if ((pw = getpwnam(user)) == NULL) {
		log_error("privileges",
		    "there is no system user \"%s\": create it (useradd --system "
		    "--no-create-home --shell /usr/sbin/nologin %s) or name another one with "
		    "`user`",
		    user, user);
		return false;
	}
	if (pw->pw_uid == 0) {
		log_error("privileges", "user %s is root: name an unprivileged one", user);
		return false;
	}
#ifdef HAVE_LIBCAP_NG
	capng_clear(CAPNG_SELECT_BOTH);
	if (capng_apply(CAPNG_SELECT_BOUNDS) != 0) {
		log_error("privileges", "cannot clear the capability bounding set");
		return false;
	}
#endif
	if (!drop_ids(pw))
		return false;
#ifdef HAVE_LIBCAP_NG
	if (capng_apply(CAPNG_SELECT_CAPS) != 0) {
		log_error("privileges", "cannot clear capabilities");
		return false;
	}
#endif
	return privdrop_harden();
}
