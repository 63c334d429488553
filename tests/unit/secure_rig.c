/* Sockets to be secured, in a network of their own. */
#define _GNU_SOURCE
#include <linux/filter.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tests/unit/secure_rig.h"

struct secure_socket_result secured;

uint32_t
secure(int fd)
{
	memset(&secured, 0, sizeof(secured));
	const struct secure_gate gate = { .mark = MARK, .mask = MASK, .ifindex = TUN };

	return secure_socket(fd, &gate, &secured);
}

bool
own_network(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd;

	if (!is_root() || unshare(CLONE_NEWNET) != 0)
		return false;
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	ck_assert_int_eq(ioctl(fd, SIOCSIFFLAGS, &lo), 0);
	close(fd);
	return true;
}

int
option(int fd, int level, int name)
{
	int value = -1;
	socklen_t n = sizeof(value);

	ck_assert_int_eq(getsockopt(fd, level, name, &value, &n), 0);
	return value;
}

void
set_option(int fd, int level, int name, int value)
{
	ck_assert_int_eq(setsockopt(fd, level, name, &value, sizeof(value)), 0);
}

enum filter { FILTER_NONE, FILTER_CLASSIC, FILTER_PROGRAM };

/* code: 16 instructions, of a classic one. */
static enum filter
filter_of(int fd, struct sock_filter *code)
{
	socklen_t n = 16;

	if (getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, code, &n) != 0)
		return FILTER_PROGRAM; /* the kernel does not show it */
	return n > 0 ? FILTER_CLASSIC : FILTER_NONE;
}

void
assert_secured(int fd, uint32_t mark)
{
	struct sock_filter code[16];
	enum filter filter = filter_of(fd, code);
	int none = 0;

	ck_assert_uint_eq((uint32_t)option(fd, SOL_SOCKET, SO_MARK), mark);
	ck_assert_int_eq(option(fd, SOL_SOCKET, SO_LOCK_FILTER), 1);
	ck_assert_int_ne(filter, FILTER_NONE);
	if (filter == FILTER_CLASSIC)
		ck_assert_uint_eq(code[1].k, TUN);
	ck_assert_int_eq(
	    setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof(none)), -1);
	ck_assert_int_eq(
	    setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &none, sizeof(none)), -1);
}

void
assert_untouched(int fd)
{
	struct sock_filter code[16];

	ck_assert_int_eq(option(fd, SOL_SOCKET, SO_MARK), 0);
	ck_assert_int_eq(option(fd, SOL_SOCKET, SO_LOCK_FILTER), 0);
	ck_assert_int_eq(filter_of(fd, code), FILTER_NONE);
}
