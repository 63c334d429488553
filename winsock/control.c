/* Control data of a datagram to send. */
#define _GNU_SOURCE /* struct in_pktinfo */
#include "winsock/control.h"

#include <netinet/in.h>
#include <string.h>

/* The address to send from has another name here; what is received has both. */
static void
set_source(struct cmsghdr *h)
{
	struct in_pktinfo info;

	if (h->cmsg_level != IPPROTO_IP || h->cmsg_type != IP_PKTINFO ||
	    h->cmsg_len < CMSG_LEN(sizeof(info)))
		return;
	memcpy(&info, CMSG_DATA(h), sizeof(info));
	if (info.ipi_addr.s_addr == INADDR_ANY)
		return;
	info.ipi_spec_dst = info.ipi_addr;
	memcpy(CMSG_DATA(h), &info, sizeof(info));
}

bool
control_to_send(union control *c, const WSABUF *from, struct msghdr *m)
{
	struct cmsghdr *h;

	if (from->buf == NULL || from->len == 0)
		return true;
	if (from->len > sizeof(c->bytes))
		return false;
	memcpy(c->bytes, from->buf, from->len);
	m->msg_control = c->bytes;
	m->msg_controllen = from->len;
	for (h = CMSG_FIRSTHDR(m); h != NULL; h = CMSG_NXTHDR(m, h))
		set_source(h);
	return true;
}
