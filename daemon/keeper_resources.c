/* What keeper opens for the roles, and what it leaves behind: nothing. */
#include "config.h"

#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/keeper_state.h"
#include "daemon/log.h"
#include "daemon/net_lock.h"
#include "daemon/net_reply.h"
#include "daemon/net_sockets.h"
#include "daemon/secure_socket.h"
#include "daemon/sockdiag.h"
#include "winsock/wire.h"

#define TCP_STATE_TIME_WAIT 6

/* What we send must not be caught by a rule. */
static bool
sends_packets(enum proto_fd_kind kind)
{
	return kind == FD_UDP4 || kind == FD_UDP6 || kind == FD_NAT4 || kind == FD_RAW_OUT4 ||
	    kind == FD_RAW_OUT6;
}

static bool
is_kernel(const struct keeper *k)
{
	return k->config->backend == BACKEND_KERNEL;
}

/* Nor what we receive. */
static bool
exempt_from_policies(int fd, uint8_t family)
{
	uint8_t policy[XFRM_SOCKET_POLICY_BYTES];

	for (int inbound = 0; inbound < 2; inbound++)
		if (!secure_socket_policy(fd, family, policy,
			xfrm_socket_exempt(family, inbound == 1, policy, sizeof(policy))))
			return false;
	return true;
}

static bool
resource_add(struct keeper *k, enum role_id role, enum proto_fd_kind kind, uint32_t number,
    int fd)
{
	uint32_t mark = net_bypass_mark(k->config);

	if (fd < 0 || k->n_fd == KEEPER_MAX_FDS)
		return false;
	if (sends_packets(kind) && mark != 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) != 0)
		log_error("keeper", "cannot mark our own packets: %s", strerror(errno));
	if (is_kernel(k) && sends_packets(kind) &&
	    !exempt_from_policies(fd, kind == FD_UDP6 ? 6 : 4))
		log_error("keeper", "cannot exempt our own packets from IPsec: %s",
		    strerror(errno));
	k->fd[k->n_fd++] = (struct keeper_fd){ role, { kind, number }, fd };
	return true;
}

/* Who may write there could put links, or sockets of his own, in the place of our files. */
static bool
resource_run_dir(const char *dir)
{
	struct stat st;

	if ((mkdir(dir, 0755) != 0 && errno != EEXIST) || stat(dir, &st) != 0) {
		log_error("keeper", "cannot make %s: %s", dir, strerror(errno));
		return false;
	}
	if (!S_ISDIR(st.st_mode) || (st.st_uid != 0 && st.st_uid != geteuid()) ||
	    (st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		log_error("keeper",
		    "%s: others can write there: let it belong to root with mode 755, or "
		    "name another --run-dir",
		    dir);
		return false;
	}
	return true;
}

/* One daemon per run directory. */
static bool
resource_lock(struct keeper *k)
{
	char path[128];

	if (!resource_run_dir(k->options->run_dir))
		return false;
	snprintf(path, sizeof(path), "%s/authipd.pid", k->options->run_dir);
	k->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (k->lock_fd < 0) {
		log_error("keeper", "cannot open %s: %s", path, strerror(errno));
		return false;
	}
	if (flock(k->lock_fd, LOCK_EX | LOCK_NB) != 0) {
		log_error("keeper",
		    "another authipd uses %s: stop it, or give this one its own --run-dir",
		    k->options->run_dir);
		close(k->lock_fd);
		k->lock_fd = -1; /* its files are not ours to remove */
		return false;
	}
	return true;
}

static bool
resource_listen(struct keeper *k)
{
	const char *dir = k->options->run_dir;

	return resource_add(k, ROLE_NEGOTIATOR, FD_API, 0,
		   net_socket_listen(dir, AIP_API_SOCKET, SOCK_SEQPACKET, 0666)) &&
	    resource_add(k, ROLE_NEGOTIATOR, FD_STATUS, 0,
		net_socket_listen(dir, "status.sock", SOCK_STREAM, 0666)) &&
	    resource_add(k, ROLE_NEGOTIATOR, FD_CTL, 0,
		net_socket_listen(dir, "ctl.sock", SOCK_STREAM, 0660));
}

/*
 * The plane takes ESP out of UDP. The kernel can do that too: then the negotiator gets the
 * IKE messages without a detour.
 */
static bool
resource_nat(struct keeper *k)
{
	int fd;

	if (k->config->nat_port == 0)
		return true;
	fd = net_socket_udp(AF_INET, k->config->nat_port);
	if (!is_kernel(k))
		return resource_add(k, ROLE_PLANE, FD_NAT4, 0, fd);
	if (fd >= 0 && !net_socket_decapsulate(fd)) {
		log_error("net", "this kernel has no ESP in UDP: %s", strerror(errno));
		close(fd);
		return false;
	}
	return resource_add(k, ROLE_NEGOTIATOR, FD_NAT4, 0, fd);
}

/* IPv6 is left out on hosts that do not have it. */
static bool
resource_ipv6(struct keeper *k)
{
	int probe = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (probe < 0) {
		log_warn("net", "this host has no IPv6");
		return true;
	}
	close(probe);
	if (!resource_add(k, ROLE_NEGOTIATOR, FD_UDP6, 0,
		net_socket_udp(AF_INET6, k->config->ike_port)))
		return false;
	return is_kernel(k) ||
	    (resource_add(k, ROLE_PLANE, FD_RAW_OUT6, 0, net_socket_raw_out(AF_INET6)) &&
	    resource_add(k, ROLE_PLANE, FD_RAW_ESP6, 0,
		net_socket_raw_in(AF_INET6, IPPROTO_ESP)) &&
	    resource_add(k, ROLE_PLANE, FD_RAW_AH6, 0, net_socket_raw_in(AF_INET6, IPPROTO_AH)));
}

static bool
resource_ipv4(struct keeper *k)
{
	if (!resource_add(k, ROLE_NEGOTIATOR, FD_UDP4, 0,
		net_socket_udp(AF_INET, k->config->ike_port)) ||
	    !resource_nat(k))
		return false;
	return is_kernel(k) ||
	    (resource_add(k, ROLE_PLANE, FD_RAW_OUT4, 0, net_socket_raw_out(AF_INET)) &&
	    resource_add(k, ROLE_PLANE, FD_RAW_ESP4, 0,
		net_socket_raw_in(AF_INET, IPPROTO_ESP)) &&
	    resource_add(k, ROLE_PLANE, FD_RAW_AH4, 0,
		net_socket_raw_in(AF_INET, IPPROTO_AH)));
}

/* Watched from before it is made. */
static void
resource_table(struct keeper *k)
{
	k->table = net_table_watch(k->base, keeper_classes_table_lost, k);
	(void)net_reply_up(k->config, k->options->run_dir);
	net_table_note(k->table);
}

static bool
resource_classes(struct keeper *k)
{
	k->packet_fd = net_socket_packet();
	if (!resource_add(k, ROLE_PLANE, FD_PACKET, 0, k->packet_fd))
		return false;
	resource_table(k);
	if (!keeper_classes_open(k))
		return false;
	xfrm_leftovers_remove(k->config, NULL);
	return (k->routes = net_routes_new(k->base, k->config, k->tun)) != NULL;
}

static int
resource_find(const struct keeper *k, enum proto_fd_kind kind)
{
	for (size_t i = 0; i < k->n_fd; i++)
		if (k->fd[i].what.kind == kind)
			return k->fd[i].fd;
	return -1;
}

static bool
resource_kernel(struct keeper *k)
{
	resource_table(k);
	k->xfrm = xfrm_new(k->base, k->config, resource_find(k, FD_NAT4));
	if (k->xfrm == NULL || !keeper_classes_open(k))
		return false;
	xfrm_secured_watch(k->xfrm, keeper_secured_told, k);
	/* New policies before old ones go: at no time is a marked packet clear. */
	xfrm_leftovers_remove(k->config, k->xfrm);
	return true;
}

bool
keeper_resources_open(struct keeper *k)
{
	for (uint32_t id = 0; id <= CLASS_MAX; id++)
		k->tun[id].fd = -1;
	/* The order matters: what fails when another daemon runs comes before the devices. */
	return resource_lock(k) && resource_ipv4(k) && resource_ipv6(k) && net_lock() &&
	    (is_kernel(k) ? resource_kernel(k) : resource_classes(k)) &&
	    resource_add(k, ROLE_NEGOTIATOR, FD_DIAG, 0, net_socket_diag_destroy()) &&
	    resource_listen(k);
}

/* ---- live secured sockets ---- */

static void
dump_sockets(sockdiag_each *each, void *ctx)
{
	for (uint8_t family = 4; family <= 6; family += 2) {
		(void)sockdiag_dump(family, IPPROTO_TCP, 0, each, ctx);
		(void)sockdiag_dump(family, IPPROTO_UDP, 0, each, ctx);
	}
}

struct adoption {
	struct keeper *keeper;
	uint32_t class_id; /* 0: all */
};

static void
adopt_one(void *ctx, const struct sockdiag_entry *e)
{
	const struct adoption *of = ctx;
	uint32_t class_id = net_mark_class(of->keeper->config, e->mark);
	struct proto_adopt a = { e->cookie, class_id, e->uid, e->family, e->protocol };

	if (class_id != 0 && (of->class_id == 0 || of->class_id == class_id) &&
	    e->state != TCP_STATE_TIME_WAIT)
		(void)ipc_send(of->keeper->role[ROLE_NEGOTIATOR].ipc, PROTO_ADOPT, &a,
		    sizeof(a), -1);
}

void
keeper_adopt_class(struct keeper *k, uint32_t class_id)
{
	struct adoption of = { k, class_id };

	dump_sockets(adopt_one, &of);
}

void
keeper_adopt(struct keeper *k)
{
	keeper_classes_tell(k);
	keeper_adopt_class(k, 0);
	(void)ipc_send(k->role[ROLE_NEGOTIATOR].ipc, PROTO_ADOPTED, NULL, 0, -1);
}

static void
count_one(void *ctx, const struct sockdiag_entry *e)
{
	struct keeper *k = ctx;
	uint32_t class_id = net_mark_class(k->config, e->mark);

	if (class_id != 0 && e->state != TCP_STATE_TIME_WAIT &&
	    k->sockets_left[class_id] < UINT32_MAX) /* the negotiator may have said anything */
		k->sockets_left[class_id]++;
}

void
keeper_count_sockets(struct keeper *k)
{
	dump_sockets(count_one, k);
}

struct search {
	const struct keeper *keeper;
	uint32_t class_id;
	bool found;
};

static void
search_one(void *ctx, const struct sockdiag_entry *e)
{
	struct search *s = ctx;

	if (e->state != TCP_STATE_TIME_WAIT &&
	    net_mark_class(s->keeper->config, e->mark) == s->class_id)
		s->found = true;
}

bool
keeper_class_has_sockets(const struct keeper *k, uint32_t class_id)
{
	struct search s = { k, class_id, false };

	dump_sockets(search_one, &s);
	return s.found;
}

void
keeper_resources_close(struct keeper *k)
{
	static const char *const names[] = { AIP_API_SOCKET, "status.sock", "ctl.sock" };
	char path[128];

	net_table_free(k->table);
	k->table = NULL;
	net_routes_free(k->routes);
	k->routes = NULL;
	keeper_count_sockets(k);
	keeper_classes_close(k);
	xfrm_free(k->xfrm);
	k->xfrm = NULL;
	for (size_t i = 0; i < k->n_fd; i++)
		close(k->fd[i].fd);
	k->n_fd = 0;
	net_unlock();
	if (k->lock_fd < 0)
		return;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", k->options->run_dir, names[i]);
		(void)unlink(path);
	}
	snprintf(path, sizeof(path), "%s/authipd.pid", k->options->run_dir);
	(void)unlink(path);
	close(k->lock_fd);
}
