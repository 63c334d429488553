/* A call of a function with the faults of one or two rows: its error. */
#include "config.h"

#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/unit/errors_table.h"
#include "tests/unit/fake_daemon.h"
#include "winsock/shim.h"
#include "winsock/thread_identity.h"

/* A call that is made of nothing wrong and one or two rows. */
struct call {
	enum function f;
	bool by_ioctl;
	int fd, native, other; /* the argument, a good socket, its peer or another file */
	uint8_t bytes[512];    /* settings, template, name or address */
	ULONG n;
	bool no_buffer, no_length, no_info;
	ULONG info_n;
	enum fault fault;
	uint32_t daemon_error;
	bool no_daemon, no_descriptor, is_ended;
};

static bool
is_tcp(enum function f)
{
	return f != QUERY_UDP && f != TARGET_UDP && f != DELETE_UDP && f != IMPERSONATE_UDP;
}

/* ---- the call without fault ---- */

static void
put_address(uint8_t *at)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(80) };

	in.sin_addr.s_addr = htonl(0xc0000201);
	memcpy(at, &in, sizeof(in));
}

static void
put_name(struct call *c)
{
	SOCKET_PEER_TARGET_NAME t = { .SecurityProtocol = SOCKET_SECURITY_PROTOCOL_IPSEC2 };
	static const wchar_t name[] = L"host/b";

	t.PeerTargetNameStringLen = sizeof(name) - sizeof(wchar_t);
	if (c->f == TARGET_UDP)
		put_address((uint8_t *)&t.PeerAddress);
	memcpy(c->bytes, &t, NAME_HEAD);
	memcpy(c->bytes + NAME_HEAD, name, sizeof(name));
	c->n = NAME_HEAD + t.PeerTargetNameStringLen;
}

static void
put_arguments(struct call *c)
{
	uint32_t protocol = SOCKET_SECURITY_PROTOCOL_IPSEC;

	switch (c->f) {
	case SECURE:
		memcpy(c->bytes, &protocol, sizeof(protocol));
		c->n = SETTINGS_BYTES;
		break;
	case QUERY:
	case QUERY_UDP:
		put_address(c->bytes + 8);
		c->n = 152;
		c->info_n = sizeof(SOCKET_SECURITY_QUERY_INFO_IPSEC2);
		break;
	case TARGET:
	case TARGET_UDP:
		put_name(c);
		break;
	default:
		put_address(c->bytes);
		c->n = sizeof(struct sockaddr_in);
	}
}

/* ---- its faults ---- */

/* To a listener on loopback, or to a UDP port there. */
static void
do_connect(struct call *c)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(9) };
	socklen_t n = sizeof(a);
	int l = -1;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (is_tcp(c->f)) {
		a.sin_port = 0;
		l = socket(AF_INET, SOCK_STREAM, 0);
		ck_assert_int_eq(bind(l, (struct sockaddr *)&a, sizeof(a)), 0);
		ck_assert_int_eq(listen(l, 1), 0);
		ck_assert_int_eq(getsockname(l, (struct sockaddr *)&a, &n), 0);
	}
	ck_assert_int_eq(connect(c->native, (struct sockaddr *)&a, sizeof(a)), 0);
	if (l >= 0) {
		c->other = accept(l, NULL, NULL);
		close(l);
	}
}

static void
do_state(struct call *c, const struct error_row *r)
{
	struct sockaddr_in any = { .sin_family = AF_INET };
	struct linger now = { 1, 0 };
	int on = 1;

	switch (r->op) {
	case CONNECTED:
		do_connect(c);
		break;
	case BOUND:
		ck_assert_int_eq(bind(c->native, (struct sockaddr *)&any, sizeof(any)), 0);
		break;
	case OPTION:
		ck_assert_int_eq(
		    setsockopt(c->native, SOL_SOCKET, (int)r->value, &on, sizeof(on)), 0);
		break;
	case NONBLOCKING:
		ck_assert_int_eq(fcntl(c->native, F_SETFL, O_NONBLOCK), 0);
		break;
	case RESET:
		do_connect(c);
		setsockopt(c->other, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
		close(c->other);
		c->other = -1;
		break;
	default:
		break;
	}
}

static void
do_arguments(struct call *c, const struct error_row *r)
{
	int pipes[2];

	switch (r->op) {
	case CLOSED:
		c->fd = -1;
		break;
	case PIPE:
		ck_assert_int_eq(pipe(pipes), 0);
		close(pipes[1]);
		c->fd = pipes[0];
		break;
	case OTHER_SOCKET:
		c->fd = socket((int)r->at, (int)r->value, 0);
		ck_assert_int_ge(c->fd, 0);
		break;
	case NO_BUFFER:
		c->no_buffer = true;
		break;
	case LENGTH:
		c->n = r->value;
		break;
	case PUT:
		memcpy(c->bytes + r->at, &r->value, 4);
		break;
	case PUT_LONG:
		memcpy(c->bytes, &(uint32_t){ SOCKET_SECURITY_PROTOCOL_IPSEC2 }, 4);
		memcpy(c->bytes + r->at, &r->value, 4);
		break;
	case CLEAR:
		memset(c->bytes + r->at, 0, r->value);
		break;
	case NO_LENGTH:
		c->no_length = true;
		break;
	case INFO_LENGTH:
		c->info_n = r->value;
		break;
	case NOTHING:
		c->no_buffer = true; /* fall through */
	case NO_INFO:
		c->no_info = true;
		break;
	default:
		break;
	}
}

static void
do_daemon(struct call *c, const struct error_row *r)
{
	switch (r->op) {
	case ENDED:
		c->is_ended = true;
		break;
	case DAEMON:
		c->daemon_error = (uint32_t)r->error;
		break;
	case DAEMON_FAULT:
		c->fault = (enum fault)r->value;
		break;
	case NO_DAEMON:
		c->no_daemon = true;
		break;
	case NO_DESCRIPTOR:
		c->no_descriptor = true;
		break;
	case NO_ACCOUNT:
		fake.identity_reply.flags = 0;
		break;
	default:
		break;
	}
}

/* ---- the call ---- */

static INT
call_function(struct call *c, void *p, void *info)
{
	ULONG *n = c->no_length ? NULL : &c->info_n;

	switch (c->f) {
	case SECURE:
		return WSASetSocketSecurity(c->fd, p, c->n, NULL, NULL);
	case QUERY:
	case QUERY_UDP:
		return WSAQuerySocketSecurity(c->fd, p, c->n, info, n, NULL, NULL);
	case TARGET:
	case TARGET_UDP:
		return WSASetSocketPeerTargetName(c->fd, p, c->n, NULL, NULL);
	case DELETE:
	case DELETE_UDP:
		return WSADeleteSocketPeerTargetName(c->fd, p, c->n, NULL, NULL);
	default:
		return WSAImpersonateSocketPeer(c->fd, p, c->n);
	}
}

static INT
call_ioctl(const struct call *c, void *p, void *info)
{
	static const DWORD codes[] = { [SECURE] = SIO_SET_SECURITY,
		[QUERY] = SIO_QUERY_SECURITY,
		[QUERY_UDP] = SIO_QUERY_SECURITY,
		[TARGET] = SIO_SET_PEER_TARGET_NAME,
		[TARGET_UDP] = SIO_SET_PEER_TARGET_NAME,
		[DELETE] = SIO_DELETE_PEER_TARGET_NAME,
		[DELETE_UDP] = SIO_DELETE_PEER_TARGET_NAME };
	DWORD returned;

	return WSAIoctl(
	    c->fd, codes[c->f], p, c->n, info, c->info_n, &returned, NULL, NULL);
}

/* In a block of the very length, for the sanitizer. */
static int
call(struct call *c)
{
	void *exact = c->no_buffer ? NULL : malloc(c->n + 1);
	SOCKET_SECURITY_QUERY_INFO_IPSEC2 room;
	void *info = c->no_info ? NULL : &room;
	struct rlimit limit, none;
	INT rc;

	if (exact != NULL)
		memcpy(exact, c->bytes, c->n);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = c->no_descriptor ? 1 : limit.rlim_cur; /* poll() wants one */
	WSASetLastError(-7);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	rc = c->by_ioctl ? call_ioctl(c, exact, info) : call_function(c, exact, info);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	free(exact);
	ck_assert_int_eq(rc, WSAGetLastError() == -7 ? 0 : SOCKET_ERROR);
	return rc == 0 ? 0 : WSAGetLastError();
}

static uint16_t
verb_of(enum function f)
{
	return f == SECURE			? AIP_API_SOCK_SECURE :
	       f == QUERY || f == QUERY_UDP	? AIP_API_SOCK_QUERY :
	       f >= IMPERSONATE			? AIP_API_SOCK_IDENTITY :
						  AIP_API_SOCK_TARGET;
}

static bool
is_connected_first(enum function f, const struct error_row *const rows[2])
{
	for (int i = 0; i < 2; i++)
		if (rows[i] != NULL && (rows[i]->op == NOT_CONNECTED || rows[i]->op == RESET))
			return false;
	return f == QUERY || f == IMPERSONATE;
}

static void
prepare(struct call *c, const struct error_row *const rows[2])
{
	c->native = socket(AF_INET, is_tcp(c->f) ? SOCK_STREAM : SOCK_DGRAM, 0);
	c->fd = c->native;
	c->other = -1;
	put_arguments(c);
	fake.identity_reply.flags = htole32(AIP_API_IDENTITY_ACCOUNT);
	fake.identity_reply.uid = htole32(getuid());
	fake.identity_reply.gid = htole32(getgid());
	if (is_connected_first(c->f, rows))
		do_connect(c);
	/* An earlier state may be needed for a later one: bound, then connected. */
	for (int i = 1; i >= 0; i--)
		if (rows[i] != NULL) {
			do_state(c, rows[i]);
			do_arguments(c, rows[i]);
			do_daemon(c, rows[i]);
		}
}

/* Of an earlier peer, say. */
static void
become_somebody(void)
{
	struct identity self = { .uid = getuid(), .gid = getgid() };

	ck_assert_int_eq(thread_identity_take(&self), 0);
	ck_assert(thread_identity_is_taken());
}

int
call_error(enum function f, bool by_ioctl, const struct error_row *a,
    const struct error_row *b)
{
	const struct error_row *const rows[2] = { a, b };
	struct call c = { .f = f, .by_ioctl = by_ioctl };
	WSADATA d;
	int error;

	prepare(&c, rows);
	ck_assert_int_eq(WSAStartup(MAKEWORD(2, 2), &d), 0);
	if (c.is_ended)
		ck_assert_int_eq(WSACleanup(), 0);
	if (!c.no_daemon)
		fake_start(verb_of(f), c.fault, c.daemon_error);
	if (f >= IMPERSONATE)
		become_somebody();
	error = call(&c);
	if (!c.no_daemon)
		fake_stop();
	if (!c.is_ended)
		ck_assert_int_eq(WSACleanup(), 0);
	ck_assert(thread_identity_is_taken() == (f >= IMPERSONATE && error == 0));
	ck_assert_int_eq(WSARevertImpersonation(), 0);
	if (c.fd != c.native && c.fd >= 0)
		close(c.fd);
	if (c.other >= 0)
		close(c.other);
	close(c.native);
	return error;
}
