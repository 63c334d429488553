/*
 * What the kernel says on NETLINK_XFRM: byte 0 is the type of the message, the rest what
 * stands behind its header. Nothing beyond that is read, and what is taken is in range.
 */
#include <string.h>

#include <libmnl/libmnl.h>

#include "daemon/xfrm_parse.h"
#include "tests/fuzz/fuzz.h"

#define FIRST_TYPE 0x10 /* XFRM_MSG_NEWSA */

static void
check_address(const struct address *a)
{
	FUZZ_ASSERT(a->family == 4 || a->family == 6);
}

static void
check_event(const struct xfrm_event *e)
{
	FUZZ_ASSERT(e->type >= XFRM_EVENT_OTHER && e->type <= XFRM_EVENT_MAPPING);
	if (e->type == XFRM_EVENT_ACQUIRE) {
		check_address(&e->flow.local.addr);
		check_address(&e->flow.remote.addr);
	}
	if (e->type == XFRM_EVENT_ACQUIRE || e->type == XFRM_EVENT_EXPIRE ||
	    e->type == XFRM_EVENT_SA || e->type == XFRM_EVENT_SA_DELETED ||
	    e->type == XFRM_EVENT_MAPPING)
		check_address(&e->sa.to);
	if (e->type == XFRM_EVENT_POLICY || e->type == XFRM_EVENT_POLICY_DELETED)
		FUZZ_ASSERT(e->rule.family == 4 || e->rule.family == 6);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct nlmsghdr *nlh;
	struct xfrm_event e;

	if (n < 1 || n > XFRM_MESSAGE_BYTES)
		return 0;
	/* Exactly as much room as it takes: a sanitizer sees every byte too many. */
	nlh = malloc(sizeof(*nlh) + n - 1);
	FUZZ_ASSERT(nlh != NULL);
	memset(nlh, 0, sizeof(*nlh));
	nlh->nlmsg_type = (uint16_t)(FIRST_TYPE + p[0] % 32);
	nlh->nlmsg_len = (uint32_t)(sizeof(*nlh) + n - 1);
	memcpy(nlh + 1, p + 1, n - 1);
	if (xfrm_parse(nlh, &e))
		check_event(&e);
	free(nlh);
	return 0;
}
