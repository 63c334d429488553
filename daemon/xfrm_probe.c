/*
 * Can this kernel do IPsec, and which algorithms has it? An SA of each is tried, for addresses
 * that exist nowhere, and removed at once.
 */
#include <sys/socket.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/secure_socket.h"
#include "daemon/xfrm_fit.h"
#include "daemon/xfrm_state.h"

/* RFC 5737, RFC 3849 */
static struct action_sa_add
probe_sa(uint8_t family, const struct qm_proposal *kind)
{
	struct action_sa_add a = {
		.qm_id = 1,
		.class_id = CLASS_DEFAULT,
		.inbound = true,
		.protocol = kind->transform == QM_AH ? 51 : 50,
		.spi = 0x41500000u | (uint32_t)getpid(),
		.cipher = kind->cipher,
		.integrity = kind->integrity,
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
	xfrm_message_any_keys(&a);
	return a;
}

static int
probe_kind(struct xfrm_netlink *nl, uint8_t family, const struct qm_proposal *kind)
{
	struct action_sa_add a = probe_sa(family, kind);
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

/* 0: some kind of ESP works; else why the first one does not. */
static int
probe_family(struct xfrm_netlink *nl, uint8_t family, uint32_t *lacks)
{
	const struct qm_proposal *kind;
	bool has_esp = false;
	int error, why = 0;

	for (size_t i = 0; (kind = xfrm_fit_kind(i)) != NULL; i++) {
		error = probe_kind(nl, family, kind);
		if (error != 0)
			*lacks |= 1u << i;
		else if (kind->transform != QM_AH)
			has_esp = true;
		if (why == 0)
			why = error;
	}
	return has_esp ? 0 : why;
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
xfrm_probe(uint32_t *lacks, char *why, size_t n)
{
	struct xfrm_netlink *nl = xfrm_netlink_open();
	int error = 0;

	*lacks = 0;
	if (nl == NULL) {
		snprintf(
		    why, n, "no XFRM netlink (module xfrm_user): %s", strerror(errno));
		return false;
	}
	for (uint8_t family = 4; family <= 6 && error == 0; family += 2) {
		if (family == 6 && !xfrm_has_ipv6())
			continue;
		if ((error = probe_family(nl, family, lacks)) != 0)
			snprintf(why, n, "no ESP over IPv%u (module esp%u): %s", family,
			    family, strerror(-error));
		else if ((error = probe_socket(family)) != 0)
			snprintf(why, n, "no IPsec policies on sockets (IPv%u): %s",
			    family, strerror(-error));
	}
	xfrm_netlink_close(nl);
	return error == 0;
}
