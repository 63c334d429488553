/* The class of a socket: flags, and maybe a policy that its program has stored. */
#include "daemon/api_secure.h"

#include <string.h>

#include "daemon/log.h"
#include "daemon/wfp.h"

#define SKIP_FILTERS 0x1u /* SOCKET_SETTINGS_IPSEC_SKIP_FILTER_INSTANTIATION */

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

	if (wfp_policy_is_default(r->policy_key[0], r->policy_key[1]))
		return true;
	if (wfp_policy_resolve(n->wfp, r->policy_key[0], r->policy_key[1], uid,
		&spec->policy, &as_user, text) != 0) {
		if (nego_may_log(&n->users_refused, uid))
			log_warn("api", "refused the policy of a socket of user %u: %s",
			    uid, text);
		return false;
	}
	spec->follows_default = false;
	spec->uid = as_user ? uid : 0;
	return true;
}

enum class_error
api_secure_class(
    struct negotiator *n, uint32_t uid, const struct api_request *r, uint32_t *class_id)
{
	enum class_error err = CLASS_OK;

	struct class_spec spec = {
		.kind = CLASS_OF_SOCKETS,
		.owner = uid,
		.guarantee_encryption = r->security_flags == 1,
		.allow_insecure = r->security_flags == 2,
		.follows_default = true,
		.ipsec_flags = r->ipsec_flags & CLASS_IPSEC_FLAGS,
		.policy = n->config->policy,
	};

	*class_id = 0;
	if (!take_policy(n, uid, r, &spec))
		return CLASS_BAD_POLICY;
	/* What protects its traffic is there: a rule of the configuration, say. */
	if ((r->ipsec_flags & SKIP_FILTERS) == 0)
		*class_id = class_find_or_make(n->classes, &spec, &err);
	return err;
}

void
api_secure_hold(
    struct negotiator *n, uint64_t cookie, uint32_t uid, const struct api_request *r)
{
	if (has_policy(r))
		(void)wfp_policy_hold(
		    n->wfp, cookie, uid, r->policy_key[0], r->policy_key[1]);
}
