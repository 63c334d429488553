/* The kernel takes or refuses policies; classes are what their struct says. */
#include "tests/unit/xfrm_fakes.h"

#include <check.h>
#include <linux/xfrm.h>
#include <stdlib.h>
#include <string.h>

struct fake_kernel kernel;
static struct xfrm *fake_x;

struct xfrm *
fake_setup(void)
{
	memset(&kernel, 0, sizeof(kernel));
	fake_x = xfrm_empty();
	TAILQ_INIT(&fake_x->acquires);
	return fake_x;
}

void
fake_teardown(void)
{
	xfrm_policy_forget(fake_x);
	ck_assert_uint_eq(fake_x->n_entries, 0);
	free(fake_x);
}

/* ---- xfrm.c, xfrm_pair.c, xfrm_answer.c ---- */

bool
xfrm_pair_is_of_connection(
    const struct xfrm *x, uint32_t class_id, const struct flow *selector)
{
	(void)x;
	(void)class_id;
	return kernel.has_pair_of_connection && selector->local.port != 0;
}

void
xfrm_answer_begin(struct xfrm *x, uint32_t class_id, uint64_t ms)
{
	(void)x;
	(void)class_id;
	(void)ms;
}

/* ---- the kernel ---- */

int
xfrm_netlink_dump(uint16_t type, xfrm_netlink_each *each, void *ctx)
{
	ck_assert_int_eq(type, XFRM_MSG_GETPOLICY);
	for (size_t i = 0; i < kernel.n_there; i++) {
		struct xfrm_event e = { .type = XFRM_EVENT_POLICY, .rule = kernel.there[i] };

		each(ctx, &e);
	}
	return 0;
}

int
xfrm_install(struct xfrm *x, const struct xfrm_rule *r, bool was_there)
{
	(void)x;
	(void)r;
	(void)was_there;
	kernel.n_installed += kernel.refuses == 0;
	return -kernel.refuses;
}

void
xfrm_uninstall(struct xfrm *x, const struct xfrm_rule *r, bool is_there)
{
	(void)x;
	(void)r;
	(*(is_there ? &kernel.n_removed : &kernel.n_looked_at))++;
}

void
xfrm_install_failed(struct xfrm *x, const struct xfrm_rule *r, int error)
{
	(void)x;
	(void)r;
	ck_assert_int_eq(error, -kernel.refuses);
	kernel.n_said++;
}
