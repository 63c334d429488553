/* The class of a socket: flags, and maybe a policy that its program has stored. */
#include "daemon/api_secure.h"

#include <string.h>

#include "daemon/log.h"
#include "daemon/wfp.h"

static bool
has_policy(const struct api_request *r)
{
	static const uint8_t none[2][16];

	return memcmp(r->policy_key, none, sizeof(none)) != 0;
}

/* False: there is none that works. */
static bool
take_policy(struct negotiator *n, uint32_t uid, const struct api_request *r,
    struct class_spec *spec)
{
	bool as_user;
	char text[256];

	if (!has_policy(r))
		return true;
	if (wfp_policy_resolve(n->wfp, r->policy_key[0], r->policy_key[1], uid,
		&spec->policy, &as_user, text) != 0) {
		log_warn(
		    "api", "refused the policy of a socket of user %u: %s", uid, text);
		return false;
	}
	spec->follows_default = false;
	spec->uid = as_user ? uid : 0;
	return true;
}

uint32_t
api_secure_class(struct negotiator *n, uint32_t uid, const struct api_request *r,
    enum class_error *err)
{
	struct class_spec spec = {
		.kind = CLASS_OF_SOCKETS,
		.owner = uid,
		.guarantee_encryption = r->security_flags == 1,
		.allow_insecure = r->security_flags == 2,
		.follows_default = true,
		.policy = n->config->policy,
	};

	*err = CLASS_BAD_POLICY;
	return take_policy(n, uid, r, &spec) ?
		   class_find_or_make(n->classes, &spec, err) :
		   0;
}

void
api_secure_hold(struct negotiator *n, uint64_t cookie, const struct api_request *r)
{
	if (has_policy(r))
		(void)wfp_policy_hold(
		    n->wfp, cookie, r->policy_key[0], r->policy_key[1]);
}
