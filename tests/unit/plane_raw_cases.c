/* Real raw sockets, as root, in a network of their own: what the kernel hands over. */
#define _GNU_SOURCE
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/net_sockets.h"
#include "tests/unit/check_plane.h"

/* False: not root. */
static bool
own_network(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd;

	if (geteuid() != 0 || unshare(CLONE_NEWNET) != 0)
		return false;
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	ck_assert_int_eq(ioctl(fd, SIOCSIFFLAGS, &lo), 0);
	close(fd);
	return true;
}

/* Sends a whole packet to this host. */
static void
send_raw(uint8_t family, const uint8_t *b, size_t n)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_in four = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = net_socket_raw_out(family == 4 ? AF_INET : AF_INET6);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(
	    connect(fd,
		family == 4 ? (struct sockaddr *)&four : (struct sockaddr *)&six,
		family == 4 ? sizeof(four) : sizeof(six)),
	    0);
	ck_assert_int_eq(send(fd, b, n, 0), (ssize_t)n);
	close(fd);
}

static struct flow
flow_to_itself(uint8_t family)
{
	struct flow f = flow_of(family, 6, 1000, 80);

	memset(f.local.addr.b, 0, sizeof(f.local.addr.b));
	if (family == 4)
		memcpy(f.local.addr.b, "\x7f\0\0\1", 4);
	else
		f.local.addr.b[15] = 1;
	f.remote.addr = f.local.addr;
	return f;
}

START_TEST(received_from_the_kernel)
{
	uint8_t family = _i == 0 ? 4 : 6, b[RIG_PACKET_BYTES], clear[RIG_PACKET_BYTES];
	struct sample s = { flow_to_itself(family), false, 32, 9, 0x10 };
	size_t n, clear_n = sample_write(&s, clear), front = family == 4 ? 20 : 40;
	int fd;

	if (!own_network())
		return;
	fd = net_socket_raw_in(family == 4 ? AF_INET : AF_INET6, IPPROTO_ESP);
	ck_assert_int_ge(fd, 0);
	plane_role.fd(rig.p, family == 4 ? FD_RAW_ESP4 : FD_RAW_ESP6, 0, fd);
	pair_add(1, 1, &s.flow);
	send_raw(family, b, peer_seal(1, 1, &s, b));
	rig_turn();
	n = rig_tun_read(1, b);
	ck_assert_uint_eq(n, clear_n);
	ck_assert_mem_eq(b + front, clear + front, n - front);
	ck_assert_mem_eq(b + (family == 4 ? 12 : 8), clear + (family == 4 ? 12 : 8),
	    family == 4 ? 8 : 32);
	ck_assert_uint_eq(rig.p->count[PC_IN_OPENED], 1);
}
END_TEST

void
plane_raw_tests(Suite *s)
{
	TCase *t = tcase_create("raw");

	tcase_add_checked_fixture(t, rig_setup, rig_teardown);
	tcase_add_loop_test(t, received_from_the_kernel, 0, 2);
	suite_add_tcase(s, t);
}
