/* Of which SA is the traffic of a socket? Its descriptor is all the proof that is needed. */
#include "config.h"

#include "daemon/api_socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/net.h"

#define WSAENOTSOCK 10038
#define WSAEINVAL 10022
#define WSAEAFNOSUPPORT 10047
#define WSAENOTCONN 10057

static bool
get_int(int fd, int name, int *value)
{
	socklen_t n = sizeof(*value);

	return getsockopt(fd, SOL_SOCKET, name, value, &n) == 0;
}

uint64_t
api_socket_cookie(int fd)
{
	uint64_t cookie;
	socklen_t n = sizeof(cookie);

	return getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &n) == 0 ? cookie : 0;
}

bool
api_socket_is_in_group(int fd, gid_t group)
{
	struct ucred cred;
	socklen_t cred_n = sizeof(cred), n = 0;
	gid_t *list;
	bool found = false;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &cred_n) != 0)
		return false;
	if (cred.gid == group)
		return true;
	/* Where there is no room for them, the kernel says how much they take. */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &n) == 0 || errno != ERANGE ||
	    (list = malloc(n)) == NULL)
		return false;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, list, &n) == 0)
		for (size_t i = 0; i < n / sizeof(*list) && !found; i++)
			found = list[i] == group;
	free(list);
	return found;
}

static bool
endpoint_of(const struct sockaddr_storage *ss, struct endpoint *e)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)ss;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)ss;

	memset(e, 0, sizeof(*e));
	if (ss->ss_family == AF_INET) {
		e->addr.family = 4;
		memcpy(e->addr.b, &in->sin_addr, 4);
		e->port = ntohs(in->sin_port);
	} else if (ss->ss_family == AF_INET6) {
		e->addr.family = 6;
		memcpy(e->addr.b, &in6->sin6_addr, 16);
		e->port = ntohs(in6->sin6_port);
	}
	return e->addr.family != 0;
}

static bool
is_unspecified(const struct address *a)
{
	static const struct address none = { 0, { 0 } };

	return memcmp(a->b, none.b, sizeof(a->b)) == 0;
}

/* The peer of the socket, or the one that the program names. */
static uint32_t
flow_remote(int fd, const struct endpoint *peer, struct flow *f)
{
	struct sockaddr_storage ss;
	socklen_t n = sizeof(ss);

	if (getpeername(fd, (struct sockaddr *)&ss, &n) == 0) {
		(void)endpoint_of(&ss, &f->remote);
		if (f->protocol == IPPROTO_TCP || peer->addr.family == 0)
			return 0;
	} else if (f->protocol == IPPROTO_TCP || peer->addr.family == 0) {
		return WSAENOTCONN;
	}
	if (peer->addr.family != f->local.addr.family)
		return WSAEAFNOSUPPORT;
	if (is_unspecified(&peer->addr) || peer->port == 0)
		return WSAEINVAL;
	f->remote = *peer;
	return 0;
}

/* Protocol and local end. */
static uint32_t
flow_local(int fd, struct flow *f)
{
	struct sockaddr_storage ss;
	socklen_t n = sizeof(ss);
	struct stat st;
	int protocol;

	memset(f, 0, sizeof(*f));
	if (fstat(fd, &st) != 0 || !S_ISSOCK(st.st_mode))
		return WSAENOTSOCK;
	if (!get_int(fd, SO_PROTOCOL, &protocol) ||
	    (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP) ||
	    getsockname(fd, (struct sockaddr *)&ss, &n) != 0 ||
	    !endpoint_of(&ss, &f->local))
		return WSAEINVAL;
	f->protocol = (uint8_t)protocol;
	return 0;
}

static uint32_t
socket_flow(int fd, const struct endpoint *peer, struct flow *f)
{
	uint32_t error = flow_local(fd, f);

	return error != 0 ? error : flow_remote(fd, peer, f);
}

/* The newest usable pair of a UDP socket that has no address of its own yet. */
struct search {
	uint32_t class_id;
	const struct flow *flow;
	uint32_t qm_id;
};

static bool
search_any_local(void *ctx, const struct engine_qm_status *s)
{
	struct search *w = ctx;
	struct flow f = *w->flow;

	f.local.addr = s->selector.local.addr;
	if (s->is_usable && s->class_id == w->class_id && s->id > w->qm_id &&
	    flow_matches(&s->selector, &f))
		w->qm_id = s->id;
	return true;
}

static uint32_t
find_qm(struct negotiator *n, uint32_t class_id, const struct flow *f)
{
	struct search w = { class_id, f, 0 };

	if (!is_unspecified(&f->local.addr))
		return engine_find_qm(n->engine, class_id, f);
	engine_walk_qm(n->engine, nego_now_ms(), search_any_local, &w);
	return w.qm_id;
}

uint32_t
api_socket_find(struct negotiator *n, int fd, const struct endpoint *peer,
    struct api_socket_sa *out)
{
	uint32_t class_id, qm_id, error;
	struct flow f;
	int mark = 0;

	memset(out, 0, sizeof(*out));
	error = socket_flow(fd, peer, &f);
	if (error != 0)
		return error;
	/* Only keeper sets this mark: it stays with accepted sockets, too. */
	(void)get_int(fd, SO_MARK, &mark);
	class_id = net_mark_class(n->config, (uint32_t)mark);
	if (class_id == 0) /* a rule may protect what has no filters of its own */
		class_id = nego_rules_class(n, &f);
	if (class_id == 0 || (qm_id = find_qm(n, class_id, &f)) == 0)
		return 0;
	out->is_secured = engine_get_qm(n->engine, nego_now_ms(), qm_id, &out->qm);
	return 0;
}

size_t
api_socket_take(struct msghdr *mh, int *fd)
{
	size_t count = 0;

	*fd = -1;
	for (struct cmsghdr *m = CMSG_FIRSTHDR(mh); m != NULL; m = CMSG_NXTHDR(mh, m)) {
		if (m->cmsg_level != SOL_SOCKET || m->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < (m->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		     i++, count++) {
			int got;

			memcpy(&got, CMSG_DATA(m) + i * sizeof(int), sizeof(got));
			if (count == 0)
				*fd = got;
			else
				close(got);
		}
	}
	return count;
}

/* ---- before it connects ---- */

static socklen_t
sockaddr_of(const struct endpoint *e, struct sockaddr_storage *ss)
{
	struct sockaddr_in *in = (struct sockaddr_in *)ss;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ss;

	memset(ss, 0, sizeof(*ss));
	if (e->addr.family == 4) {
		in->sin_family = AF_INET;
		in->sin_port = htons(e->port);
		memcpy(&in->sin_addr, e->addr.b, 4);
		return sizeof(*in);
	}
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(e->port);
	memcpy(&in6->sin6_addr, e->addr.b, 16);
	return sizeof(*in6);
}

/*
 * The address that packets to remote leave from, if the socket has none yet. False: there is no
 * way to it, or it is a broadcast, for which a socket needs an option.
 */
static bool
source_for(const struct endpoint *remote, struct address *out)
{
	struct endpoint local = { .addr = *out };
	struct sockaddr_storage ss;
	socklen_t n = sockaddr_of(&local, &ss);
	int fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool ok;

	/* Its route may depend on its address. */
	if (fd >= 0 && !is_unspecified(out))
		(void)bind(fd, (struct sockaddr *)&ss, n);
	n = sockaddr_of(remote, &ss);
	ok = fd >= 0 && connect(fd, (struct sockaddr *)&ss, n) == 0;
	n = sizeof(ss);
	ok = ok && getsockname(fd, (struct sockaddr *)&ss, &n) == 0 &&
	     endpoint_of(&ss, &local);
	if (fd >= 0)
		close(fd);
	if (ok && is_unspecified(out))
		*out = local.addr;
	return ok;
}

/* Multicast and broadcast are never protected; this host is not asked. */
static bool
is_plain(const struct flow *f)
{
	const uint8_t *b = f->remote.addr.b;
	bool is_group = f->remote.addr.family == 4 ? b[0] >= 224 : b[0] == 0xff;
	bool is_loopback = f->remote.addr.family == 4 && b[0] == 127;

	return is_group || is_loopback ||
	       address_equal(&f->local.addr, &f->remote.addr);
}

uint32_t
api_socket_plan(struct negotiator *n, int fd, const struct endpoint *peer,
    uint32_t *class_id, struct flow *f)
{
	uint32_t error = flow_local(fd, f);
	int mark = 0;

	*class_id = 0;
	if (error != 0)
		return error;
	if (peer->addr.family != f->local.addr.family)
		return WSAEAFNOSUPPORT;
	f->remote = *peer;
	if (is_unspecified(&peer->addr) || peer->port == 0)
		return 0; /* connect() knows what to say */
	if (!source_for(peer, &f->local.addr))
		return 0;
	(void)get_int(fd, SO_MARK, &mark);
	if (!is_plain(f))
		*class_id = net_mark_class(n->config, (uint32_t)mark);
	return 0;
}
