/* The plane role: descriptors, messages, the clock. */
#include "config.h"

#include "daemon/plane.h"

#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/log.h"

#define PACKETS_PER_EVENT 64
#define TICK_MS 500

const char *
plane_counter_name(enum plane_counter c)
{
	static const char *const name[] = {
#define X(id, name, meaning) [id] = name,
		PLANE_COUNTERS(X)
#undef X
	};

	return (unsigned)c < PLANE_COUNTER_COUNT ? name[c] : "unknown";
}

static void
plane_clock(struct plane *p)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	p->now_ms = (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- descriptors ---- */

static void
tun_on_read(evutil_socket_t fd, short what, void *ctx)
{
	struct plane_class *c = ctx;
	struct plane *p = c->plane;

	(void)fd;
	(void)what;
	plane_clock(p);
	plane_tun_read(p, (uint32_t)(c - p->class));
}

static void
class_close(struct plane *p, uint32_t class_id)
{
	struct plane_class *c = &p->class[class_id];

	if (c->on_tun != NULL)
		event_free(c->on_tun);
	c->on_tun = NULL;
	if (p->tun_fd[class_id] >= 0)
		close(p->tun_fd[class_id]);
	p->tun_fd[class_id] = -1;
}

static void
class_open(struct plane *p, uint32_t class_id, int fd)
{
	struct plane_class *c = &p->class[class_id];

	class_close(p, class_id);
	c->plane = p;
	p->tun_fd[class_id] = fd;
	c->on_tun = event_new(p->base, fd, EV_READ | EV_PERSIST, tun_on_read, c);
	if (c->on_tun == NULL || event_add(c->on_tun, NULL) != 0)
		log_error("plane", "cannot watch aip%u", class_id);
}

static void
raw4_on_read(evutil_socket_t fd, short what, void *ctx)
{
	struct plane *p = ctx;

	(void)what;
	plane_clock(p);
	plane_raw_read(p, fd, 4, 0);
}

static void
esp6_on_read(evutil_socket_t fd, short what, void *ctx)
{
	struct plane *p = ctx;

	(void)what;
	plane_clock(p);
	plane_raw_read(p, fd, 6, IPPROTO_ESP);
}

static void
ah6_on_read(evutil_socket_t fd, short what, void *ctx)
{
	struct plane *p = ctx;

	(void)what;
	plane_clock(p);
	plane_raw_read(p, fd, 6, IPPROTO_AH);
}

static void
nat_on_read(evutil_socket_t fd, short what, void *ctx)
{
	struct plane *p = ctx;

	(void)fd;
	(void)what;
	plane_clock(p);
	plane_tun_begin(p);
	plane_nat_read(p);
	plane_tun_end(p);
}

static bool
checksum_is_missing(struct msghdr *mh)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(mh); c != NULL; c = CMSG_NXTHDR(mh, c)) {
		struct tpacket_auxdata aux;

		if (c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA)
			continue;
		memcpy(&aux, CMSG_DATA(c), sizeof(aux));
		return (aux.tp_status & TP_STATUS_CSUMNOTREADY) != 0;
	}
	return false;
}

static void
packet_on_read(evutil_socket_t fd, short what, void *ctx)
{
	struct plane *p = ctx;
	union {
		struct cmsghdr align;
		char b[256];
	} control;
	struct iovec iov = { p->in, PACKET_MAX_BYTES };

	(void)what;
	plane_clock(p);
	for (int i = 0; i < PACKETS_PER_EVENT; i++) {
		struct msghdr mh = {
			.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = &control,
			.msg_controllen = sizeof(control),
		};
		ssize_t n = recvmsg(fd, &mh, MSG_DONTWAIT);

		if (n <= 0)
			return;
		plane_clear_in(p, p->in, (size_t)n, checksum_is_missing(&mh));
	}
}

static void
plane_watch(struct plane *p, int fd, event_callback_fn on_read)
{
	struct event *e = event_new(p->base, fd, EV_READ | EV_PERSIST, on_read, p);

	if (e == NULL || p->n_events == sizeof(p->event) / sizeof(p->event[0])) {
		log_error("plane", "cannot watch a descriptor");
		close(fd);
		return;
	}
	p->event_fd[p->n_events] = fd;
	p->event[p->n_events++] = e;
	event_add(e, NULL);
}

/* Keeper made the TUN smaller than the network by what ESP adds. */
static void
plane_read_mtu(struct plane *p, int fd)
{
	struct ifreq ifr = { .ifr_name = "aip1" };

	if (ioctl(fd, SIOCGIFMTU, &ifr) == 0 && ifr.ifr_mtu > 0)
		p->outer_mtu = (uint32_t)ifr.ifr_mtu + PACKET_ROOM_BYTES;
	if (p->outer_mtu > OUTER_MTU_MAX_BYTES)
		p->outer_mtu = OUTER_MTU_MAX_BYTES;
}

static void
plane_fd(void *self, uint32_t kind, uint32_t number, int fd)
{
	struct plane *p = self;

	switch (kind) {
	case FD_TUN:
		if (number == 0 || number > CLASS_MAX)
			close(fd);
		else
			class_open(p, number, fd);
		break;
	case FD_RAW_OUT4:
	case FD_RAW_OUT6:
		p->raw_out_fd[kind == FD_RAW_OUT4 ? 0 : 1] = fd;
		plane_read_mtu(p, fd);
		break;
	case FD_RAW_ESP4:
	case FD_RAW_AH4:
		plane_watch(p, fd, raw4_on_read);
		break;
	case FD_RAW_ESP6:
		plane_watch(p, fd, esp6_on_read);
		break;
	case FD_RAW_AH6:
		plane_watch(p, fd, ah6_on_read);
		break;
	case FD_NAT4:
		p->nat_fd = fd;
		plane_watch(p, fd, nat_on_read);
		break;
	case FD_PACKET:
		p->packet_fd = fd;
		plane_watch(p, fd, packet_on_read);
		break;
	default:
		close(fd);
	}
}

/* ---- messages ---- */

static void
plane_sa_message(struct plane *p, struct span body)
{
	struct action_sa_add a;

	if (!proto_sa_add(body, &a) || !plane_sa_add(p, &a))
		log_error("plane", "cannot install an SA");
	secret_wipe_bytes(&a, sizeof(a));
}

static void
negotiator_message(void *ctx, uint16_t type, struct span body, int fd)
{
	struct proto_acquire_done done;
	struct proto_clear_now now;
	struct proto_flow_state ask;
	struct proto_sa_delete del;
	struct proto_class class;
	struct proto_owner owner;
	struct proto_move move;
	struct plane *p = ctx;

	if (fd >= 0)
		close(fd);
	plane_clock(p);
	if (type == PROTO_SA_ADD)
		plane_sa_message(p, body);
	else if (type == PROTO_SA_DELETE && proto_body(body, &del, sizeof(del)))
		plane_sa_delete(p, del.qm_id);
	else if (type == PROTO_ACQUIRE_DONE && proto_body(body, &done, sizeof(done)))
		plane_out_done(p, &done);
	else if (type == PROTO_CLEAR_NOW && proto_body(body, &now, sizeof(now)))
		plane_out_clear_now(p, &now);
	else if (type == PROTO_FLOW_ASK && proto_body(body, &ask, sizeof(ask)))
		plane_flow_tell(p, &ask);
	else if (type == PROTO_OWNER_REPLY && proto_body(body, &owner, sizeof(owner)))
		plane_clear_owner(p, &owner);
	else if (type == PROTO_CLASS && proto_body(body, &class, sizeof(class)))
		plane_clear_class(p, &class);
	else if (type == PROTO_NAT_OUT)
		plane_nat_ike(p, body);
	else if (type == PROTO_SA_MOVE && proto_body(body, &move, sizeof(move)))
		plane_nat_move(p, &move);
	else
		log_warn("plane", "unexpected message %s", proto_name(type));
}

/* Whoever knew about these SAs is gone. */
static void
negotiator_closed(void *ctx)
{
	struct plane *p = ctx;

	ipc_free(p->negotiator);
	p->negotiator = NULL;
	plane_sa_flush(p);
}

static void
plane_peer(void *self, enum role_id r, int fd)
{
	struct plane *p = self;

	if (r != ROLE_NEGOTIATOR) {
		close(fd);
		return;
	}
	if (p->negotiator != NULL)
		negotiator_closed(p);
	p->negotiator = ipc_new(p->base, fd, negotiator_message, negotiator_closed, p);
	/* A new one knows no counters, and says anew whether clear packets are wanted. */
	memset(p->count_sent, 0, sizeof(p->count_sent));
	for (size_t i = 0; i <= CLASS_MAX; i++)
		p->class[i].in_use = false;
	plane_clear_listen(p);
	plane_out_ask_again(p);
}

static void
plane_on_tick(evutil_socket_t fd, short what, void *ctx)
{
	struct plane *p = ctx;

	(void)fd;
	(void)what;
	plane_clock(p);
	p->n_told = 0;
	plane_sa_tick(p);
	plane_flow_tick(p);
	if (memcmp(p->count, p->count_sent, sizeof(p->count)) == 0)
		return;
	memcpy(p->count_sent, p->count, sizeof(p->count));
	(void)ipc_send(p->negotiator, PROTO_PLANE_COUNTERS, p->count, sizeof(p->count), -1);
}

/* ---- life ---- */

static void *
plane_start(struct event_base *base, const struct config *c, struct ipc *keeper)
{
	struct timeval tick = { 0, TICK_MS * 1000 };
	struct plane *p = calloc(1, sizeof(*p));

	if (p == NULL || getrandom(&p->seed, sizeof(p->seed), 0) != sizeof(p->seed)) {
		log_error("plane", "out of memory");
		free(p);
		return NULL;
	}
	p->base = base;
	p->config = c;
	p->keeper = keeper;
	for (size_t i = 0; i <= CLASS_MAX; i++)
		p->tun_fd[i] = -1;
	p->class[CLASS_INSECURE].allow_insecure = true;
	p->class[CLASS_ENCRYPT].guarantee_encryption = true;
	p->raw_out_fd[0] = p->raw_out_fd[1] = p->packet_fd = p->nat_fd = -1;
	p->outer_mtu = OUTER_MTU_MAX_BYTES;
	for (size_t i = 0; i < OWNER_SLOTS; i++)
		STAILQ_INIT(&p->owner[i].held);
	TAILQ_INIT(&p->flow_age[false]);
	TAILQ_INIT(&p->flow_age[true]);
	p->tick = event_new(base, -1, EV_PERSIST, plane_on_tick, p);
	event_add(p->tick, &tick);
	plane_clock(p);
	return p;
}

static void
plane_message(void *self, uint16_t type, struct span body, int fd)
{
	struct proto_flow_secured secured;
	struct proto_class_id gone;

	if (fd >= 0)
		close(fd);
	if (type == PROTO_FLOW_SECURED && proto_body(body, &secured, sizeof(secured)))
		plane_flow_restore(self, &secured);
	else if (type == PROTO_CLASS_GONE && proto_body(body, &gone, sizeof(gone)) &&
	    gone.class_id <= CLASS_MAX)
		class_close(self, gone.class_id);
	else
		log_warn("plane", "unexpected message %s from keeper", proto_name(type));
}

static void
plane_stop(void *self)
{
	struct plane *p = self;

	role_stopped(p->keeper);
}

static void
plane_free(void *self)
{
	struct plane *p = self;

	ipc_free(p->negotiator);
	p->negotiator = NULL;
	plane_sa_flush(p);
	plane_flow_free_all(p);
	user_load_free(&p->held_by);
	plane_clear_free(p);
	plane_raw_free(p);
	for (size_t i = 0; i < FRAG_SLOTS; i++)
		plane_frag_drop(&p->frag[i]);
	event_free(p->tick);
	for (uint32_t id = 0; id <= CLASS_MAX; id++)
		class_close(p, id);
	for (size_t i = 0; i < p->n_events; i++) {
		event_free(p->event[i]);
		close(p->event_fd[i]);
	}
	for (size_t i = 0; i < 2; i++)
		if (p->raw_out_fd[i] >= 0)
			close(p->raw_out_fd[i]);
	free(p);
}

const struct role_ops plane_role = {
	.id = ROLE_PLANE,
	.start = plane_start,
	.fd = plane_fd,
	.peer = plane_peer,
	.message = plane_message,
	.stop = plane_stop,
	.free = plane_free,
};
