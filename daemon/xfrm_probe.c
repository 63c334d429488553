/* Can this kernel do IPsec? And what an earlier daemon has left in it. */
#include <sys/socket.h>
#include <errno.h>
#include <linux/xfrm.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/net.h"
#include "daemon/secure_socket.h"
#include "daemon/xfrm_state.h"

/* ---- probe ---- */

/* An SA between addresses that exist nowhere (RFC 5737, RFC 3849). */
static struct action_sa_add
probe_sa(uint8_t family)
{
	struct action_sa_add a = {
		.qm_id = 1,
		.class_id = CLASS_DEFAULT,
		.inbound = true,
		.protocol = 50,
		.spi = 0x41500000u | (uint32_t)getpid(),
		.cipher = CIPHER_AES128,
		.integrity = HASH_SHA1,
		.lifetime_s = 60,
		.replay_window = 1024,
		.selector = { 6, { .addr = { family, { 192, 0, 2, 1 } } },
		    { .addr = { family, { 192, 0, 2, 2 } } } },
	};
	static const uint8_t doc6[4] = { 0x20, 0x01, 0x0d, 0xb8 };

	if (family == 6) {
		memcpy(a.selector.local.addr.b, doc6, sizeof(doc6));
		memcpy(a.selector.remote.addr.b, doc6, sizeof(doc6));
		a.selector.local.addr.b[15] = 1;
		a.selector.remote.addr.b[15] = 2;
	}
	a.cipher_key.n = 16;
	a.integrity_key.n = 20;
	return a;
}

static int
probe_family(struct xfrm_netlink *nl, uint8_t family)
{
	struct action_sa_add a = probe_sa(family);
	const struct xfrm_mark_value none = { 0, 0 };
	uint8_t buf[XFRM_MESSAGE_BYTES];
	struct xfrm_sa_name name;
	int error;

	xfrm_sa_name_of(&a, &name);
	error = xfrm_netlink_talk(
	    nl, xfrm_message_sa_add(buf, &a, xfrm_reqid(a.class_id), none, false));
	if (error == 0)
		error = xfrm_netlink_talk(nl, xfrm_message_sa_delete(buf, &name, none));
	return error;
}

/* Sockets take a policy of their own. */
static int
probe_socket(uint8_t family)
{
	struct xfrm_rule r = {
		.inbound = true,
		.family = family,
		.level = XFRM_LEVEL_REQUIRED,
		.protocol = 50,
		.reqid = xfrm_reqid(CLASS_DEFAULT),
	};
	uint8_t buf[XFRM_SOCKET_POLICY_BYTES];
	size_t n = xfrm_message_socket_policy(buf, &r);
	int fd = socket(family == 4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int error = 0;

	if (fd < 0 || !secure_socket_policy(fd, family, buf, n))
		error = -errno;
	if (fd >= 0)
		close(fd);
	return error;
}

bool
xfrm_probe(char *why, size_t n)
{
	struct xfrm_netlink *nl = xfrm_netlink_open();
	int error = 0;

	if (nl == NULL) {
		snprintf(
		    why, n, "no XFRM netlink (module xfrm_user): %s", strerror(errno));
		return false;
	}
	for (uint8_t family = 4; family <= 6 && error == 0; family += 2) {
		if (family == 6 && !xfrm_has_ipv6())
			continue;
		if ((error = probe_family(nl, family)) != 0)
			snprintf(why, n, "no ESP over IPv%u (module esp%u): %s", family,
			    family, strerror(-error));
		else if ((error = probe_socket(family)) != 0)
			snprintf(why, n, "no IPsec policies on sockets (IPv%u): %s",
			    family, strerror(-error));
	}
	xfrm_netlink_close(nl);
	return error == 0;
}

/* ---- leftovers ---- */

struct leftovers {
	const struct config *config;
	struct xfrm *x; /* NULL: nothing is in use */
	struct xfrm_netlink *nl;
	struct xfrm_event *found;
	size_t n;
};

static bool
is_our_reqid(uint32_t reqid)
{
	return xfrm_reqid_class(reqid) != 0;
}

static void
note(struct leftovers *l, const struct xfrm_event *e)
{
	struct xfrm_event *more = realloc(l->found, (l->n + 1) * sizeof(*more));

	if (more == NULL)
		return;
	l->found = more;
	l->found[l->n++] = *e;
}

static void
on_state(void *ctx, const struct xfrm_event *e)
{
	if (e->type == XFRM_EVENT_SA && is_our_reqid(e->reqid))
		note(ctx, e);
}

static void
on_policy(void *ctx, const struct xfrm_event *e)
{
	struct leftovers *l = ctx;

	if (e->type == XFRM_EVENT_POLICY && xfrm_rule_is_ours(l->config, &e->rule) &&
	    (l->x == NULL || xfrm_policy_find(l->x, &e->rule) == NULL))
		note(l, e);
}

/* A larval state would keep the kernel from asking us for its pair of addresses. */
static void
leftover_remove(struct xfrm_netlink *nl, const struct xfrm_event *e)
{
	uint8_t buf[XFRM_MESSAGE_BYTES];

	if (e->type == XFRM_EVENT_POLICY)
		(void)xfrm_netlink_talk(nl, xfrm_message_policy_delete(buf, &e->rule));
	else if (e->sa.spi == 0)
		xfrm_larval_end(nl, &e->sa, e->reqid, 0, e->mark);
	else
		(void)xfrm_netlink_talk(nl, xfrm_message_sa_delete(buf, &e->sa, e->mark));
}

static void
leftovers_remove(struct leftovers *l)
{
	for (size_t i = 0; i < l->n; i++)
		leftover_remove(l->nl, &l->found[i]);
	if (l->n > 0)
		log_info("xfrm",
		    "removed %zu SAs and policies that an earlier authipd left", l->n);
	free(l->found);
}

void
xfrm_leftovers_remove(const struct config *c, struct xfrm *in_use)
{
	struct leftovers l = { .config = c, .x = in_use, .nl = xfrm_netlink_open() };

	if (l.nl == NULL)
		return;
	/* Deleting while a dump runs would skip some. */
	(void)xfrm_netlink_dump(XFRM_MSG_GETSA, on_state, &l);
	(void)xfrm_netlink_dump(XFRM_MSG_GETPOLICY, on_policy, &l);
	leftovers_remove(&l);
	xfrm_netlink_close(l.nl);
}
