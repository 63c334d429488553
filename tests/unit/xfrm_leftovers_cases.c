/* Unit tests of what an earlier daemon left in the kernel, perhaps with another mark_mask. */
#include <sys/socket.h>
#include <linux/xfrm.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/xfrm_state.h"
#include "tests/unit/check_xfrm_netlink.h"

#define MASK 0x7ff00000u
#define OTHER_MASK 0x000ff000u

static struct config config = { .mark_mask = MASK };
static struct xfrm_netlink *nl;

/* ---- fakes ---- */

void
log_info(const char *token, const char *fmt, ...)
{
	(void)token;
	(void)fmt;
}

struct xfrm_entry *
xfrm_policy_find(struct xfrm *x, const struct xfrm_rule *r)
{
	(void)x;
	(void)r;
	return NULL;
}

void
xfrm_larval_end(struct xfrm_netlink *of, const struct xfrm_sa_name *larval, uint32_t reqid,
    uint32_t seq, struct xfrm_mark_value mark)
{
	(void)of;
	(void)larval;
	(void)reqid;
	(void)seq;
	(void)mark;
}

void
xfrm_counters_begin(struct xfrm *x)
{
	(void)x;
}

/* ---- rig ---- */

static void
setup(void)
{
	xfrm_netns_enter();
	ck_assert_ptr_nonnull(nl = xfrm_netlink_open());
}

static void
teardown(void)
{
	xfrm_netlink_close(nl);
}

static struct xfrm_rule
rule(enum xfrm_priority priority, enum xfrm_level level, uint32_t mask)
{
	return (struct xfrm_rule){
		.family = 4,
		.mark = { 5u << __builtin_ctz(mask), mask },
		.priority = XFRM_PRIORITY_FIRST + priority,
		.level = level,
		.protocol = 50,
		.reqid = XFRM_REQID_FIRST + 5,
	};
}

static struct xfrm_rule
guard(uint32_t mask)
{
	struct xfrm_rule r = rule(XFRM_PRIORITY_GUARD, XFRM_LEVEL_BLOCK, mask);

	r.remote_prefix = 1;
	return r;
}

static struct xfrm_rule
exempt(uint32_t mask)
{
	struct xfrm_rule r = rule(XFRM_PRIORITY_EXEMPT, XFRM_LEVEL_ALLOW, mask);

	r.remote_prefix = 4;
	r.selector.remote.addr.b[0] = 224;
	return r;
}

static void
add(struct xfrm_rule r)
{
	uint8_t buf[XFRM_MESSAGE_BYTES];

	ck_assert_int_eq(
	    xfrm_netlink_talk(nl, xfrm_message_policy_add(buf, &r, false)), 0);
}

static void
add_class(uint32_t mask)
{
	struct xfrm_rule of_rule = rule(XFRM_PRIORITY_RULES, XFRM_LEVEL_ALLOW, mask);

	add(rule(XFRM_PRIORITY_CLASS, XFRM_LEVEL_REQUIRED, mask));
	add(guard(mask));
	add(exempt(mask));
	of_rule.mark.value = 0;
	add(of_rule);
}

static void
count(void *ctx, const struct xfrm_event *e)
{
	size_t *n = ctx;

	*n += e->type == XFRM_EVENT_POLICY;
}

static size_t
policies(void)
{
	size_t n = 0;

	ck_assert_int_eq(xfrm_netlink_dump(XFRM_MSG_GETPOLICY, count, &n), 0);
	return n;
}

/* ---- cases ---- */

/* All of ours goes, whatever mask it was made with. 0: that of now. */
START_TEST(all_is_removed)
{
	add_class(_i == 0 ? MASK : OTHER_MASK);
	ck_assert_uint_eq(policies(), 4);
	xfrm_leftovers_remove(&config, NULL);
	ck_assert_uint_eq(policies(), 0);
}
END_TEST

/* What only looks like it stays: one thing is another in each. */
START_TEST(others_stay)
{
	struct xfrm_rule r[5];

	for (size_t i = 0; i < 5; i++)
		r[i] = guard(OTHER_MASK);
	r[0].mark.mask = r[0].mark.value = 0;
	r[1].priority = 100;
	r[2].level = XFRM_LEVEL_ALLOW;
	r[2].mark.value += 1u << 12;
	r[3].remote_prefix = 2;
	r[4] = rule(XFRM_PRIORITY_CLASS, XFRM_LEVEL_REQUIRED, OTHER_MASK);
	add_class(MASK);
	for (size_t i = 0; i < 5; i++)
		add(r[i]);
	xfrm_leftovers_remove(&config, NULL);
	ck_assert_uint_eq(policies(), 5);
}
END_TEST

/* A socket that was secured with the other mask never speaks in clear. */
START_TEST(live_sockets_stay_blocked)
{
	uint32_t mark = guard(OTHER_MASK).mark.value;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	add_class(OTHER_MASK);
	xfrm_leftovers_remove(&config, NULL);
	ck_assert_uint_eq(policies(), 1);
	close(fd);
	xfrm_leftovers_remove(&config, NULL);
	ck_assert_uint_eq(policies(), 0);
}
END_TEST

TCase *
xfrm_leftovers_cases(void)
{
	TCase *t = tcase_create("leftovers");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, all_is_removed, 0, 2);
	tcase_add_test(t, others_stay);
	tcase_add_test(t, live_sockets_stay_blocked);
	return t;
}
