/* A daemon for the tests of libfwpuclnt. */
#include "config.h"

#include "tests/unit/fake_daemon.h"

#include <check.h>
#include <endian.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct fake_daemon fake;

struct packet {
	struct aip_api_header header;
	uint8_t body[2048];
};

/* Returns the length, 0 at the end; *fd is -1 or a descriptor. */
static size_t
fake_receive(int s, struct packet *p, int *fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { p, sizeof(*p) };
	struct msghdr m = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t got = recvmsg(s, &m, MSG_CMSG_CLOEXEC);
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	*fd = -1;
	if (got > 0 && c != NULL)
		memcpy(fd, CMSG_DATA(c), sizeof(*fd));
	return got > 0 ? (size_t)got : 0;
}

static void
fake_send(int s, const struct packet *p, size_t n, int fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { (void *)(uintptr_t)p, n };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd != -1) {
		memset(&control, 0, sizeof(control));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
		m.msg_control = &control;
		m.msg_controllen = sizeof(control);
	}
	(void)sendmsg(s, &m, MSG_NOSIGNAL);
}

static void
fake_remember(const struct packet *p, int fd)
{
	static uint32_t last_id;

	if (le16toh(p->header.verb) == AIP_API_HELLO) {
		fake.hellos++;
		memcpy(&fake.hello, p->body, sizeof(fake.hello));
	} else {
		bool is_secure = le16toh(p->header.verb) == AIP_API_SOCK_SECURE;

		fake.secures += is_secure;
		fake.queries += !is_secure;
		if (is_secure)
			memcpy(&fake.secure, p->body, sizeof(fake.secure));
		else
			memcpy(&fake.peer, p->body, sizeof(fake.peer));
		if (le16toh(p->header.verb) == AIP_API_SOCK_TARGET)
			memcpy(fake.target, p->body + sizeof(fake.peer), sizeof(fake.target));
		fake.had_fd = fd != -1 && fstat(fd, &fake.fd) == 0;
		fake.ids_differ = p->header.request_id != last_id;
	}
	last_id = p->header.request_id;
}

/* Spoils an answer of n bytes; returns the number of bytes to send. */
static size_t
fake_spoil(struct packet *p, size_t n)
{
	switch (fake.fault) {
	case MAGIC:
		p->header.magic ^= htole32(0x01000000);
		break;
	case VERB:
		p->header.verb ^= htole16(3);
		break;
	case NOT_A_REPLY:
		p->header.flags = 0;
		break;
	case MORE_FLAGS:
		p->header.flags |= htole16(0x8000);
		break;
	case REQUEST_ID:
	case OLD_ANSWER:
		p->header.request_id ^= htole32(0x80000000);
		break;
	case LENGTH_LESS:
		p->header.length = htole32((uint32_t)n - 1);
		break;
	case LENGTH_MORE:
		p->header.length = htole32((uint32_t)n + 1);
		break;
	case CUT_HEADER:
		return sizeof(p->header) - 1;
	case CUT_BODY:
		p->header.length = htole32((uint32_t)n - 4);
		return n - 4;
	case LONGER:
		p->header.length = htole32((uint32_t)n + 4);
		return n + 4;
	case HUGE:
		p->header.length = htole32((uint32_t)sizeof(*p));
		return sizeof(*p);
	case SHORT_DATAGRAM:
		return n - 4;
	case LONG_DATAGRAM:
		return n + 4;
	default:
		break;
	}
	return n;
}

/* Fills in the good answer to a verb; its length. */
static size_t
fake_body(struct packet *p)
{
	memset(p->body, 0, sizeof(p->body));
	switch (le16toh(p->header.verb)) {
	case AIP_API_HELLO:
		return sizeof(struct aip_api_hello_reply);
	case AIP_API_SOCK_QUERY:
		memcpy(p->body, &fake.query_reply, sizeof(fake.query_reply));
		return sizeof(fake.query_reply);
	case AIP_API_SOCK_IDENTITY:
		memcpy(p->body, &fake.identity_reply, sizeof(fake.identity_reply));
		return sizeof(fake.identity_reply);
	case AIP_API_SOCK_TARGET:
		return sizeof(struct aip_api_target_reply);
	default:
		return sizeof(struct aip_api_secure_reply);
	}
}

static void
fake_answer(int s, struct packet *p)
{
	size_t n = sizeof(p->header) + fake_body(p);
	struct packet good;

	p->header.flags = htole16(AIP_API_REPLY);
	p->header.length = htole32((uint32_t)n);
	good = *p;
	if (le16toh(p->header.verb) != fake.verb) {
		fake_send(s, p, n, -1);
		return;
	}
	memcpy(p->body, &(uint32_t){ htole32(fake.error) }, 4);
	if (fake.fault == LATE)
		usleep(100000);
	fake_send(s, p, fake_spoil(p, n), fake.fault == DESCRIPTOR ? s : -1);
	if (fake.fault == OLD_ANSWER)
		fake_send(s, &good, n, -1);
}

/* Returns false when the connection is to be closed. */
static bool
fake_serve(int s)
{
	struct packet p;
	int fd;
	size_t n = fake_receive(s, &p, &fd);

	if (n == 0)
		return false;
	ck_assert_uint_ge(n, sizeof(p.header));
	ck_assert_uint_eq(le32toh(p.header.magic), AIP_API_MAGIC);
	ck_assert_uint_eq(le32toh(p.header.length), n);
	ck_assert_uint_eq(p.header.flags, 0);
	fake_remember(&p, fd);
	if (fd != -1)
		close(fd);
	if (le16toh(p.header.verb) == fake.verb && fake.fault == CLOSE)
		return false;
	if (le16toh(p.header.verb) == fake.verb && fake.fault == SILENT) {
		if (fake.signal != 0)
			(void)pthread_kill(fake.asker, fake.signal);
		return true;
	}
	fake_answer(s, &p);
	return true;
}

static void *
fake_run(void *arg)
{
	int s;

	(void)arg;
	while ((s = accept4(fake.listener, NULL, NULL, SOCK_CLOEXEC)) != -1) {
		fake.connection = s;
		while (fake_serve(s))
			;
		close(s);
	}
	return NULL;
}

void
fake_listen(int backlog)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	strcpy(a.sun_path, fake.path);
	fake.listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(fake.listener, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(listen(fake.listener, backlog), 0);
}

void
fake_start(uint16_t verb, enum fault fault, uint32_t error)
{
	sigset_t all, old;

	fake.verb = verb;
	fake.fault = fault;
	fake.error = error;
	fake.hellos = fake.secures = fake.queries = 0;
	fake.had_fd = false;
	fake_listen(64);
	/* Signals of a test are for the library. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ck_assert_int_eq(pthread_create(&fake.thread, NULL, fake_run, NULL), 0);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

void
fake_stop(void)
{
	shutdown(fake.listener, SHUT_RDWR);
	pthread_join(fake.thread, NULL);
	close(fake.listener);
	unlink(fake.path);
}
