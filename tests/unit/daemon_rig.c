/* The surroundings of the negotiator's parts under test. */
#include <malloc.h>
#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "daemon/net.h"
#include "daemon/class_table.h"
#include "daemon/socket_table.h"
#include "tests/unit/check_daemon.h"
#include "tests/unit/ipc_ignore.h"

struct rig rig;

/* ---- what negotiator.c, nego_engine.c, net.c, role.c and plane.c do ---- */

uint64_t
nego_now_ms(void)
{
	return rig.now_ms;
}

void
nego_pump(struct negotiator *n)
{
	rig.n_pump++;
	if (rig.pump != NULL)
		rig.pump(n);
}

bool
nego_acquire(struct negotiator *n, const struct flow *selector, uint32_t class_id,
    const struct waiter *w)
{
	rig.n_acquire++;
	rig.acquired = *selector;
	rig.acquired_class = class_id;
	rig.acquired_client = w->ctl_client;
	rig.waiter = *w;
	rig.waiter.class_id = class_id;
	if (rig.has_no_policy)
		return false;
	nego_pump(n);
	return true;
}

uint32_t
nego_rules_class(const struct negotiator *n, const struct flow *flow)
{
	(void)n;
	(void)flow;
	return rig.rule_class;
}

const struct rule *
nego_rules_exempt(const struct negotiator *n, const struct flow *flow)
{
	(void)n;
	(void)flow;
	return NULL;
}

const struct policy *
nego_rules_policy(const struct negotiator *n, const struct address *local,
    const struct address *remote, uint32_t *next)
{
	(void)n;
	(void)local;
	(void)remote;
	(void)next;
	return NULL;
}

uint32_t
nego_flow_class(struct negotiator *n, const struct flow *flow)
{
	return socket_table_owner(n->sockets, flow);
}

struct usage *
nego_usage(struct negotiator *n, uint32_t qm_id)
{
	(void)n;
	return rig.usage != NULL && rig.usage->total.qm_id == qm_id ? rig.usage : NULL;
}

uint32_t
net_mark_class(const struct config *c, uint32_t mark)
{
	return (mark & c->mark_mask) >> __builtin_ctz(c->mark_mask);
}

const char *
role_name(enum role_id r)
{
	static const char *const name[] = {
#define X(id, text) [id] = text,
		ROLES(X)
#undef X
	};

	return (unsigned)r < ROLE_COUNT ? name[r] : "unknown";
}

const char *
plane_counter_name(enum plane_counter c)
{
	static const char *const name[] = {
#define X(id, text, meaning) [id] = text,
		PLANE_COUNTERS(X)
#undef X
	};

	return name[c];
}

/* ---- the rig ---- */

static void
on_made(void *ctx, uint32_t class_id)
{
	(void)ctx;
	rig.made_class = class_id;
}

static void
on_ended(void *ctx, uint32_t class_id)
{
	(void)ctx;
	rig.ended_class = class_id;
}

static const struct class_table_ops class_ops = { on_made, on_ended };

void
rig_setup(void)
{
	memset(&rig, 0, sizeof(rig));
	config_set_default(&rig.config);
	rig.now_ms = 1000000;
	rig.base = event_base_new();
	rig.n.base = rig.base;
	rig.n.config = &rig.config;
	TAILQ_INIT(&rig.n.waiters);
	rig.n.sockets = socket_table_new(rig.base, NULL, NULL);
	rig.n.classes = class_table_new(rig.base, CLASS_MAX,
	    rig.config.limits.classes_per_user, &rig.config.policy, &class_ops, &rig);
}

void
rig_teardown(void)
{
	socket_table_free(rig.n.sockets);
	class_table_free(rig.n.classes);
	event_base_free(rig.base);
}

void
rig_turn(void)
{
	for (int i = 0; i < 5; i++)
		event_base_loop(rig.base, EVLOOP_NONBLOCK);
}

int
rig_plane_begin(void)
{
	int fd[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fd), 0);
	rig.n.plane = ipc_new(rig.base, fd[0], ignore_message, ignore_end, NULL);
	return fd[1];
}

void
rig_plane_end(int plane)
{
	ipc_free(rig.n.plane);
	rig.n.plane = NULL;
	close(plane);
}

int
rig_listen(int type, struct sockaddr_un *a, socklen_t *n)
{
	int fd = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	*a = (struct sockaddr_un){ .sun_family = AF_UNIX };
	ck_assert_int_eq(bind(fd, (struct sockaddr *)a, sizeof(sa_family_t)), 0);
	*n = sizeof(*a);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)a, n), 0);
	ck_assert_int_eq(listen(fd, 4096), 0);
	return fd;
}

int
rig_dial(int type, const struct sockaddr_un *a, socklen_t n)
{
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(connect(fd, (const struct sockaddr *)a, n), 0);
	rig_turn();
	return fd;
}

size_t
open_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	size_t n = 0;

	ck_assert_ptr_nonnull(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

/* mallinfo2() knows nothing under the sanitizer, which counts itself. */
size_t __attribute__((weak)) __sanitizer_get_current_allocated_bytes(void);

size_t
allocated_bytes(void)
{
	if (__sanitizer_get_current_allocated_bytes != NULL)
		return __sanitizer_get_current_allocated_bytes();
	return mallinfo2().uordblks;
}

bool
is_root(void)
{
	return geteuid() == 0;
}

int
bound_socket(int family, int type, const char *addr, uint16_t *port)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6,
		.sin6_port = htons(*port) };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(*port) };
	struct sockaddr *a =
	    family == 4 ? (struct sockaddr *)&four : (struct sockaddr *)&six;
	socklen_t n = family == 4 ? sizeof(four) : sizeof(six);
	int fd = socket(a->sa_family, type | SOCK_CLOEXEC, 0), one = 1;

	ck_assert_int_ge(fd, 0);
	if (family == 6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (addr[0] != '\0')
		ck_assert_int_eq(
		    inet_pton(a->sa_family, addr,
			family == 4 ? (void *)&four.sin_addr : (void *)&six.sin6_addr),
		    1);
	ck_assert_int_eq(bind(fd, a, n), 0);
	ck_assert_int_eq(getsockname(fd, a, &n), 0);
	*port = ntohs(family == 4 ? four.sin_port : six.sin6_port);
	return fd;
}

uint64_t
socket_cookie(int fd)
{
	uint64_t cookie = 0;
	socklen_t n = sizeof(cookie);

	ck_assert_int_eq(getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &n), 0);
	return cookie;
}
