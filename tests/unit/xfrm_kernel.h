/* The kernel's IPsec, as far as policies go: what daemon/xfrm_*.c gives to it decides here. */
#ifndef AUTHIPD_TESTS_UNIT_XFRM_KERNEL_H
#define AUTHIPD_TESTS_UNIT_XFRM_KERNEL_H

#include <sys/types.h>
#include <linux/xfrm.h>

#include "daemon/xfrm_message.h"

struct kernel_policy {
	struct xfrm_selector selector;
	struct xfrm_mark mark;
	uint8_t direction;
	uint32_t priority;
	enum xfrm_level level;
	uint32_t reqid;
	bool is_for_icmp;
};

/* What decides about a packet; NULL: none, it passes. */
const struct kernel_policy *kernel_lookup(
    const struct flow *f, bool inbound, uint32_t mark);
size_t kernel_policies(void);
void kernel_flush(void);

#endif
