/* A client of the registration protocol and a fake keeper. */
#include "tests/unit/api_client.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct api_rig api;

/* As negotiator_message() does. */
static void
on_keeper(void *ctx, uint16_t type, struct span body, int fd)
{
	struct proto_secure_reply reply;

	(void)ctx;
	ck_assert_int_eq(fd, -1);
	ck_assert_uint_eq(type, PROTO_SECURE_REPLY);
	ck_assert(proto_body(body, &reply, sizeof(reply)));
	api_server_secured(api.server, &reply);
}

static void
on_keeper_closed(void *ctx)
{
	(void)ctx;
	ipc_free(rig.n.keeper);
	rig.n.keeper = NULL;
}

void
api_setup(void)
{
	int fd[2];

	rig_setup();
	memset(&api, 0, sizeof(api));
	api.asked_fd = -1;
	api.protocol = 6;
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0);
	rig.n.keeper = ipc_new(rig.base, fd[0], on_keeper, on_keeper_closed, NULL);
	api.keeper = fd[1];
	api.server = rig.n.api = api_server_new(&rig.n);
	api_server_listen(
	    api.server, rig_listen(SOCK_SEQPACKET, &api.address, &api.address_n));
}

void
api_teardown(void)
{
	api_server_free(api.server);
	ipc_free(rig.n.keeper);
	close(api.keeper);
	if (api.asked_fd >= 0)
		close(api.asked_fd);
	rig_teardown();
}

int
api_dial(void)
{
	return rig_dial(SOCK_SEQPACKET, &api.address, api.address_n);
}

void
api_send(
    int c, uint16_t verb, uint32_t id, const void *body, size_t n, int fd, size_t count)
{
	struct aip_api_header h = { AIP_API_MAGIC, verb, 0, id,
		(uint32_t)(sizeof(h) + n) };
	struct iovec iov[2] = { { &h, sizeof(h) }, { (void *)body, n } };
	union {
		struct cmsghdr align;
		char b[CMSG_SPACE(32 * sizeof(int))];
	} control = { .b = { 0 } };
	struct msghdr mh = { .msg_iov = iov, .msg_iovlen = 2 };
	struct cmsghdr *m = &control.align;

	if (count > 0) {
		mh.msg_control = &control;
		mh.msg_controllen = CMSG_SPACE(count * sizeof(int));
		m->cmsg_level = SOL_SOCKET;
		m->cmsg_type = SCM_RIGHTS;
		m->cmsg_len = CMSG_LEN(count * sizeof(int));
		for (size_t i = 0; i < count; i++)
			memcpy(CMSG_DATA(m) + i * sizeof(int), &fd, sizeof(fd));
	}
	ck_assert_int_eq(sendmsg(c, &mh, MSG_NOSIGNAL), (ssize_t)(sizeof(h) + n));
	rig_turn();
}

uint32_t
api_answer(int c, uint16_t verb, uint32_t id, size_t n, uint8_t *body)
{
	uint8_t b[2048];
	struct aip_api_header h;
	ssize_t got = recv(c, b, sizeof(b), MSG_DONTWAIT);
	uint32_t error;

	ck_assert_int_eq(got, (ssize_t)(sizeof(h) + n));
	memcpy(&h, b, sizeof(h));
	ck_assert_uint_eq(h.magic, AIP_API_MAGIC);
	ck_assert_uint_eq(h.verb, verb);
	ck_assert_uint_eq(h.flags, AIP_API_REPLY);
	ck_assert_uint_eq(h.request_id, id);
	ck_assert_uint_eq(h.length, sizeof(h) + n);
	memcpy(&error, b + sizeof(h), sizeof(error));
	if (body != NULL)
		memcpy(body, b + sizeof(h), n);
	return error;
}

bool
api_is_silent(int c)
{
	uint8_t b[256];

	return recv(c, b, sizeof(b), MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

bool
api_is_closed(int c)
{
	uint8_t b[256];
	ssize_t n = recv(c, b, sizeof(b), MSG_DONTWAIT);

	return n == 0 || (n < 0 && errno == ECONNRESET);
}

int
api_hello(void)
{
	struct aip_api_hello hello = { 1, 0 };
	int c = api_dial();

	api_send(c, AIP_API_HELLO, 1, &hello, sizeof(hello), -1, 0);
	ck_assert_uint_eq(api_answer(c, AIP_API_HELLO, 1, 16, NULL), 0);
	return c;
}

void
api_secure(int c, uint32_t flags, int fd)
{
	struct aip_api_secure s = { flags, 0 };

	api_send(c, AIP_API_SOCK_SECURE, 2, &s, sizeof(s), fd, fd >= 0);
}

struct ask_frame {
	uint16_t type;
	uint16_t zero;
	uint32_t length;
	struct proto_secure_ask ask;
};

bool
keeper_asked(void)
{
	struct ask_frame f;
	union {
		struct cmsghdr align;
		char b[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { &f, sizeof(f) };
	struct msghdr mh = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(api.keeper, &mh, MSG_DONTWAIT);

	if (n < 0)
		return false;
	ck_assert_uint_eq(f.type, PROTO_SECURE_ASK);
	ck_assert_uint_eq(f.length, sizeof(f.ask));
	ck_assert_ptr_nonnull(CMSG_FIRSTHDR(&mh));
	if (api.asked_fd >= 0)
		close(api.asked_fd);
	memcpy(&api.asked_fd, CMSG_DATA(CMSG_FIRSTHDR(&mh)), sizeof(int));
	api.ask = f.ask;
	return true;
}

void
keeper_says(uint32_t error, uint64_t cookie)
{
	struct {
		uint16_t type;
		uint16_t zero;
		uint32_t length;
		struct proto_secure_reply r;
	} f = {
		PROTO_SECURE_REPLY,
		0,
		sizeof(f.r),
		{ api.ask.request, error, api.ask.class_id, api.ask.uid, api.ask.from_class,
		    cookie, 4, api.protocol },
	};

	ck_assert_int_eq(send(api.keeper, &f, sizeof(f), 0), sizeof(f));
	rig_turn();
}
