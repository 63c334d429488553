/* Whose packets wait for negotiations, and how many one user may have. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "daemon/sockdiag.h"
#include "tests/unit/check_daemon.h"

#define UNASKED 256
#define LIMIT 20
#define USER 4711
#define OTHER 4712

/* A socket of this user on loopback; its port in *f, which gets a peer. */
static int
socket_of(uid_t uid, int family, int type, struct flow *f)
{
	uint16_t port = 0;
	int s;

	ck_assert_int_eq(seteuid(uid), 0);
	s = bound_socket(family, type, family == 4 ? "127.0.0.1" : "::1", &port);
	ck_assert_int_eq(seteuid(0), 0);
	*f = (struct flow){ .protocol = type == SOCK_DGRAM ? 17 : 6 };
	f->local = (struct endpoint){ { (uint8_t)family, { 127, 0, 0, 1 } }, port };
	f->remote = (struct endpoint){ { (uint8_t)family, { 10, 9, 8, 7 } }, 99 };
	if (family == 6) {
		memset(f->local.addr.b, 0, 16);
		f->local.addr.b[15] = 1;
	}
	return s;
}

static bool
begins(const struct flow *f)
{
	struct waiter w = { .is_plane = true, .flow = *f };

	return nego_user_begin(&rig.n, &w);
}

START_TEST(owner_of_a_packet)
{
	uint32_t uid;
	struct flow f;
	int s;

	for (int i = 0; i < 2; i++) {
		s = socket_of(USER, i == 0 ? 4 : 6, SOCK_DGRAM, &f);
		ck_assert(sockdiag_owner(&f, &uid));
		ck_assert_uint_eq(uid, USER);
		close(s);
		ck_assert(!sockdiag_owner(&f, &uid));
	}
	s = socket_of(USER, 4, SOCK_STREAM, &f); /* not connected: it sends nothing */
	ck_assert(!sockdiag_owner(&f, &uid));
	ck_assert_int_eq(listen(s, 1), 0);
	ck_assert(sockdiag_owner(&f, &uid));
	ck_assert_uint_eq(uid, USER);
	close(s);
}
END_TEST

START_TEST(one_user_does_not_take_all)
{
	struct waiter last = { .is_plane = true };
	struct flow f, other, roots;
	int s = socket_of(USER, 4, SOCK_DGRAM, &f),
	    s2 = socket_of(OTHER, 4, SOCK_DGRAM, &other),
	    s3 = socket_of(0, 4, SOCK_DGRAM, &roots);

	rig.config.limits.negotiations_per_user = LIMIT;
	for (int i = 0; i < UNASKED; i++)
		ck_assert(begins(&f));
	for (int i = 0; i < LIMIT - 1; i++)
		ck_assert(begins(&f));
	last.flow = f;
	ck_assert(nego_user_begin(&rig.n, &last));
	ck_assert(!begins(&f));
	ck_assert(!begins(&f));
	ck_assert(begins(&other));
	for (int i = 0; i < 2 * LIMIT; i++)
		ck_assert(begins(&roots));
	nego_user_end(&rig.n, &last);
	ck_assert(begins(&f));
	ck_assert(!begins(&f));
	/* what all users have leaves room for peers */
	rig.config.limits.mm_sa_total = 2 * UNASKED;
	ck_assert(!begins(&other));
	ck_assert(begins(&roots));
	close(s);
	close(s2);
	close(s3);
	nego_user_free(&rig.n);
}
END_TEST

void
daemon_user_tests(Suite *s)
{
	TCase *t = tcase_create("user");

	tcase_add_checked_fixture(t, rig_setup, rig_teardown);
	if (is_root()) {
		tcase_add_test(t, owner_of_a_packet);
		tcase_add_test(t, one_user_does_not_take_all);
	}
	suite_add_tcase(s, t);
}
