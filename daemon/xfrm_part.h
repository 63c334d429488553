/* Parts of the kernel's XFRM structures from our plain data, and back. */
#ifndef AUTHIPD_DAEMON_XFRM_PART_H
#define AUTHIPD_DAEMON_XFRM_PART_H

#include <linux/xfrm.h>

#include "daemon/xfrm_message.h"

struct nlmsghdr;

void xfrm_part_address(xfrm_address_t *out, const struct address *a);
/* family: AF_INET or AF_INET6; false: another one. */
bool xfrm_part_address_read(
    struct address *out, const xfrm_address_t *a, uint16_t family);
/* Prefixes: 255 is the whole address. inbound: the remote end is the source. */
void xfrm_part_selector(struct xfrm_selector *out, const struct flow *f, bool inbound,
    uint8_t local_prefix, uint8_t remote_prefix);
/* Nothing for a mask of 0. */
void xfrm_part_mark(struct nlmsghdr *nlh, struct xfrm_mark_value mark);
struct xfrm_lifetime_cfg xfrm_part_lifetime_none(void);
struct xfrm_user_tmpl xfrm_part_template(
    uint8_t protocol, uint8_t family, uint32_t reqid, bool optional);

#endif
