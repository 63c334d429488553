/* What main mode may be when a peer begins it: users share what the configuration leaves. */
#include <string.h>

#include "daemon/class_table.h"
#include "tests/unit/check_daemon.h"

static const enum cipher_id ciphers[] = { CIPHER_3DES, CIPHER_AES128, CIPHER_AES192,
	CIPHER_AES256 };
static const enum hash_id hashes[] = { HASH_SHA1, HASH_SHA256, HASH_SHA384 };
static const enum dh_group groups[] = { DH_MODP1024, DH_MODP2048, DH_ECP256, DH_ECP384 };
#define N_ALL 48

/* All that there are, from one on. */
static struct mm_proposal
proposal(size_t i)
{
	return (struct mm_proposal){ ciphers[i % 4], hashes[i / 4 % 3], groups[i / 12 % 4],
		3600 };
}

static bool
takes(size_t i)
{
	struct mm_proposal m = proposal(i);
	struct endpoint e = { .addr = { 4, { 10, 0, 0, 1 } } };
	const struct policy *p = nego_mm_policy(&rig.n, &e, &e);

	for (uint32_t k = 0; k < p->n_mm_proposal; k++)
		if (p->mm_proposal[k].cipher == m.cipher &&
		    p->mm_proposal[k].integrity == m.integrity &&
		    p->mm_proposal[k].group == m.group)
			return true;
	return false;
}

/* A class of this user with n proposals from `from` on. */
static void
add_class(uint32_t owner, size_t from, uint32_t n)
{
	struct class_spec s = { .owner = owner, .policy = rig.config.policy };
	enum class_error err;

	s.policy.n_mm_proposal = n;
	for (uint32_t i = 0; i < n; i++)
		s.policy.mm_proposal[i] = proposal(from + i);
	ck_assert_uint_ne(class_find_or_make(rig.n.classes, &s, &err), 0);
}

/* The policy of the configuration has the last two. */
static void
setup(void)
{
	rig_setup();
	rig.config.policy.n_mm_proposal = 2;
	rig.config.policy.mm_proposal[0] = proposal(N_ALL - 2);
	rig.config.policy.mm_proposal[1] = proposal(N_ALL - 1);
}

START_TEST(one_user_leaves_room)
{
	for (size_t i = 0; i < 4; i++)
		add_class(1000, i * 8, 8);
	ck_assert(takes(N_ALL - 1));
	ck_assert(takes(0));
	ck_assert(takes(8));
	add_class(1001, 40, 4);
	for (size_t i = 40; i < 44; i++)
		ck_assert(takes(i));
	ck_assert(takes(0)); /* his share */
	add_class(1002, 44, 1);
	add_class(1003, 45, 1);
	ck_assert(takes(44));
	ck_assert(takes(45));
	ck_assert(takes(N_ALL - 1));
}
END_TEST

/* More users than there is room for: nothing breaks. */
START_TEST(many_users)
{
	for (uint32_t i = 0; i < 40; i++)
		add_class(1000 + i, i, 1);
	ck_assert(takes(N_ALL - 1));
	ck_assert(takes(13));
	ck_assert(!takes(14));
}
END_TEST

/* What is only listed keeps no place from what can be used. */
START_TEST(methods_that_can_be_used)
{
	struct class_spec s = { .owner = 1000 };
	struct endpoint e = { .addr = { 4, { 10, 0, 0, 1 } } };
	enum class_error err;

	rig.config.policy.n_mm_auth = 0;
	for (int i = 0; i < POLICY_MAX_AUTH; i++)
		rig.config.policy.mm_auth[rig.config.policy.n_mm_auth++] =
		    (struct auth_entry){ (enum auth_method)(2 + i), i != 3 };
	s.policy = rig.config.policy;
	s.policy.mm_auth[3] = (struct auth_entry){ AUTH_V1_PSK, true };
	ck_assert_uint_ne(class_find_or_make(rig.n.classes, &s, &err), 0);
	ck_assert_int_eq(
	    nego_mm_policy(&rig.n, &e, &e)->mm_auth[3].method, AUTH_V1_PSK);
}
END_TEST

void
daemon_mm_policy_tests(Suite *s)
{
	TCase *t = tcase_create("mm_policy");

	tcase_add_checked_fixture(t, setup, rig_teardown);
	tcase_add_test(t, one_user_leaves_room);
	tcase_add_test(t, many_users);
	tcase_add_test(t, methods_that_can_be_used);
	suite_add_tcase(s, t);
}
