/* The surroundings of a plane under test: TUNs, negotiator, network. */
#define _GNU_SOURCE
#include <sys/socket.h>
#include <sys/uio.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/sockdiag.h"
#include "tests/unit/check_plane.h"

struct rig rig;

ssize_t __wrap_sendto(int fd, const void *b, size_t n, int flags,
    const struct sockaddr *to, socklen_t to_n);

/* The network: the linker puts it into the place of sendto(). */
ssize_t
__wrap_sendto(int fd, const void *b, size_t n, int flags, const struct sockaddr *to,
    socklen_t to_n)
{
	const uint8_t *p = b;
	bool v4 = p[0] >> 4 == 4;

	(void)flags;
	(void)to_n;
	ck_assert_int_eq(fd, rig.p->raw_out_fd[v4 ? 0 : 1]);
	ck_assert_int_eq(to->sa_family, v4 ? AF_INET : AF_INET6);
	if (rig.send_errno != 0) {
		errno = rig.send_errno;
		return -1;
	}
	ck_assert_uint_lt(rig.n_sent, RIG_MAX_SENT);
	ck_assert_uint_le(n, RIG_PACKET_BYTES);
	memcpy(rig.sent[rig.n_sent].b, b, n);
	rig.sent[rig.n_sent++].n = n;
	return (ssize_t)n;
}

int __wrap_sendmmsg(int fd, struct mmsghdr *m, unsigned n, int flags);

/* Fails at rig.fail_at, as a full queue would. */
int
__wrap_sendmmsg(int fd, struct mmsghdr *m, unsigned n, int flags)
{
	unsigned i;

	for (i = 0; i < n; i++) {
		const struct msghdr *h = &m[i].msg_hdr;

		if ((rig.fail_at > 0 && rig.n_sent + 1 == rig.fail_at) ||
		    __wrap_sendto(fd, h->msg_iov[0].iov_base, h->msg_iov[0].iov_len, flags,
			h->msg_name, h->msg_namelen) < 0)
			break;
	}
	rig.n_bursts++;
	return i > 0 ? (int)i : -1;
}

/* sockdiag.c: a user has 10000 ports. */
bool
sockdiag_owner(const struct flow *f, uint32_t *uid)
{
	*uid = f->local.port / 10000;
	return *uid > 0;
}

/* role.c */
void
role_stopped(struct ipc *keeper)
{
	(void)ipc_send(keeper, PROTO_STOPPED, NULL, 0, -1);
}

void
rig_pair(int fd[2])
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, fd), 0);
}

void
rig_connect(void)
{
	int fd[2];

	if (rig.negotiator >= 0)
		close(rig.negotiator);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0);
	rig.negotiator = fd[0];
	plane_role.peer(rig.p, ROLE_NEGOTIATOR, fd[1]);
}

void
rig_setup(void)
{
	int fd[2];

	memset(&rig, 0, sizeof(rig));
	rig.negotiator = -1;
	config_set_default(&rig.config);
	rig.config.limits.held_packets_per_flow = 4;
	rig.base = event_base_new();
	rig.p = plane_role.start(rig.base, &rig.config, NULL);
	ck_assert_ptr_nonnull(rig.p);
	for (uint32_t i = 1; i <= RIG_CLASSES; i++) {
		rig_pair(fd);
		rig.tun[i] = fd[0];
		plane_role.fd(rig.p, FD_TUN, i, fd[1]);
	}
	plane_role.fd(rig.p, FD_RAW_OUT4, 0, dup(0));
	plane_role.fd(rig.p, FD_RAW_OUT6, 0, dup(0));
	rig_connect();
	plane_clear_class(rig.p,
	    &(struct proto_class){
		.class_id = CLASS_INSECURE, .in_use = true, .allow_insecure = true });
	rig.p->now_ms = 1000000;
}

void
rig_teardown(void)
{
	plane_role.free(rig.p);
	event_base_free(rig.base);
	close(rig.negotiator);
	for (uint32_t i = 1; i <= RIG_CLASSES; i++)
		close(rig.tun[i]);
}

void
rig_turn(void)
{
	event_base_loop(rig.base, EVLOOP_NONBLOCK);
}

struct frame {
	uint16_t type;
	uint16_t zero;
	uint32_t length;
	uint8_t body[4096];
};
#define FRAME_HEAD offsetof(struct frame, body)

/* The next one; what is only told of clear flows is kept for those who want it. */
static ssize_t
rig_recv(struct frame *f, uint16_t wanted)
{
	ssize_t got;

	do {
		got = recv(rig.negotiator, f, sizeof(*f), MSG_DONTWAIT);
		if (got > 0 && f->type == PROTO_FLOW_CLEAR) {
			memcpy(&rig.told, f->body, sizeof(rig.told));
			rig.n_told++;
		}
	} while (got > 0 && f->type == PROTO_FLOW_CLEAR && wanted != PROTO_FLOW_CLEAR);
	return got;
}

void
rig_expect(uint16_t type, void *body, size_t n)
{
	struct frame f = { 0 };
	ssize_t got = rig_recv(&f, type);

	ck_assert_msg(got > 0, "no message %s", proto_name(type));
	ck_assert_str_eq(proto_name(f.type), proto_name(type));
	ck_assert_uint_eq((size_t)got, FRAME_HEAD + n);
	memcpy(body, f.body, n);
}

void
rig_expect_silence(void)
{
	struct frame f = { 0 };
	ssize_t got = rig_recv(&f, PROTO_ACQUIRE);

	ck_assert_msg(got < 0, "message %s", proto_name(f.type));
}

void
rig_post(uint16_t type, const void *body, size_t n)
{
	struct frame f = { .type = type, .length = (uint32_t)n };

	memcpy(f.body, body, n);
	ck_assert_int_gt(send(rig.negotiator, &f, FRAME_HEAD + n, 0), 0);
}

void
rig_say(uint16_t type, const void *body, size_t n)
{
	rig_post(type, body, n);
	rig_turn();
}

size_t
rig_tun_read(uint32_t class_id, uint8_t *b)
{
	static const uint8_t nothing_to_do[SUPER_HEAD_BYTES];
	uint8_t head[SUPER_HEAD_BYTES];
	size_t n = rig_tun_read_super(class_id, head, b, RIG_PACKET_BYTES);

	if (n > 0)
		ck_assert_mem_eq(head, nothing_to_do, SUPER_HEAD_BYTES);
	return n;
}

size_t
rig_tun_read_super(uint32_t class_id, uint8_t *head, uint8_t *b, size_t cap)
{
	struct iovec iov[2] = { { head, SUPER_HEAD_BYTES }, { b, cap } };
	struct msghdr mh = { .msg_iov = iov, .msg_iovlen = 2 };
	ssize_t n = recvmsg(rig.tun[class_id], &mh, MSG_DONTWAIT);

	return n < SUPER_HEAD_BYTES ? 0 : (size_t)n - SUPER_HEAD_BYTES;
}

void
rig_tun_write(uint32_t class_id, const void *head, const uint8_t *b, size_t n)
{
	static uint8_t nothing_to_do[SUPER_HEAD_BYTES];
	struct iovec iov[2] = { { head != NULL ? (void *)(uintptr_t)head : nothing_to_do,
				    SUPER_HEAD_BYTES },
		{ (void *)(uintptr_t)b, n } };

	ck_assert_int_eq(writev(rig.tun[class_id], iov, 2), (ssize_t)(SUPER_HEAD_BYTES + n));
	rig_turn();
}
