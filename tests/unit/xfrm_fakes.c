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
	fake_x = calloc(1, sizeof(*fake_x));
	ck_assert_ptr_nonnull(fake_x);
	TAILQ_INIT(&fake_x->acquires);
	fake_x->now_ms = 1000;
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
xfrm_has_ipv6(void)
{
	return true;
}

size_t
xfrm_bucket(const struct address *a)
{
	return a->b[3];
}

struct xfrm_mark_value
xfrm_policy_mark(const struct xfrm *x, uint32_t class_id)
{
	(void)x;
	return (struct xfrm_mark_value){ class_id << 20, 0x7ff00000 };
}

uint32_t
xfrm_reqid(uint32_t class_id)
{
	return class_id;
}

uint32_t
xfrm_reqid_connection(uint32_t class_id)
{
	(void)class_id;
	return FAKE_OF_CONNECTION;
}

uint32_t
xfrm_reqid_class(uint32_t reqid)
{
	return reqid;
}

enum xfrm_level
xfrm_class_level(const struct xfrm *x, uint32_t class_id)
{
	return x->class[class_id].allow_insecure ? XFRM_LEVEL_OPTIONAL : XFRM_LEVEL_REQUIRED;
}

enum xfrm_level
xfrm_class_level_out(const struct xfrm *x, uint32_t class_id)
{
	return x->class[class_id].clear_waits ? XFRM_LEVEL_REQUIRED :
						xfrm_class_level(x, class_id);
}

bool
xfrm_is_connection(const struct flow *selector)
{
	return selector->local.port != 0 && selector->remote.port != 0;
}

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
