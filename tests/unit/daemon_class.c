/* The classes: found by what tells them apart, limited, ended, restored. */
#include <string.h>

#include "daemon/class_table.h"
#include "tests/unit/check_daemon.h"

static struct class_spec
spec_of(uint32_t owner, const char *target)
{
	struct class_spec s = {
		.owner = owner, .follows_default = true, .policy = rig.config.policy
	};

	strcpy(s.target_name, target);
	return s;
}

static uint32_t
make(const struct class_spec *s)
{
	enum class_error err;
	uint32_t id = class_find_or_make(rig.n.classes, s, &err);

	ck_assert_uint_ne(id, 0);
	return id;
}

static enum class_error
refused(const struct class_spec *s)
{
	enum class_error err;

	ck_assert_uint_eq(class_find_or_make(rig.n.classes, s, &err), 0);
	return err;
}

START_TEST(nothing_special_is_predefined)
{
	struct class_spec s = spec_of(1000, "");

	ck_assert_uint_eq(make(&s), CLASS_DEFAULT);
	s.guarantee_encryption = true;
	ck_assert_uint_eq(make(&s), CLASS_ENCRYPT);
	s.guarantee_encryption = false;
	s.allow_insecure = true;
	ck_assert_uint_eq(make(&s), CLASS_INSECURE);
	ck_assert_uint_eq(rig.made_class, 0);
}
END_TEST

/* Row 73: every ingredient makes another class, and nothing else does. */
START_TEST(every_ingredient_counts)
{
	struct class_spec base = spec_of(1000, "host/a"), s;
	uint32_t id = make(&base), n;

	ck_assert_uint_gt(id, CLASS_PREDEFINED);
	ck_assert_uint_eq(rig.made_class, id);
	s = base;
	s.owner = 1001;
	ck_assert_uint_eq(make(&s), id);
	n = class_count(rig.n.classes);
	for (int i = 0; i < 12; i++) {
		s = base;
		switch (i) {
		case 0:
			s.uid = 1000;
			break;
		case 1:
			s.guarantee_encryption = true;
			break;
		case 2:
			s.allow_insecure = true;
			break;
		case 3:
			strcpy(s.target_name, "host/b");
			break;
		case 4:
			s.policy.qm_proposal[0].lifetime_s++;
			break;
		case 5:
			s.policy.mm_proposal[1].group = DH_MODP2048;
			break;
		case 6:
			s.policy.n_em_auth--;
			break;
		case 7:
			s.policy.idle_s++;
			break;
		case 8:
			s.ipsec_flags = CLASS_TARGET_OPTIONAL;
			break;
		case 9:
			s.ipsec_flags = CLASS_FIRST_UNENCRYPTED;
			break;
		case 10:
			s.n_target = 1;
			s.target[0].peer.addr.family = 4;
			break;
		default:
			s.kind = CLASS_OF_RULE;
			break;
		}
		ck_assert_uint_eq(make(&s), id + 1 + (uint32_t)i);
	}
	ck_assert_uint_eq(class_count(rig.n.classes), n + 12);
	ck_assert_uint_eq(make(&base), id);
}
END_TEST

START_TEST(for_the_engine)
{
	struct class_spec s = spec_of(1000, "host/a");
	struct class_policy p;
	uint32_t id;

	s.guarantee_encryption = true;
	s.uid = 1000;
	id = make(&s);
	ck_assert(class_policy(rig.n.classes, id, NULL, &p));
	ck_assert_uint_eq(p.class_id, id);
	ck_assert_uint_eq(p.uid, 1000);
	ck_assert_str_eq(p.target_name, "host/a");
	ck_assert(p.guarantee_encryption && !p.allow_insecure);
	for (uint32_t i = 0; i < p.policy->n_qm_proposal; i++)
		ck_assert_int_eq(
		    p.policy->qm_proposal[i].transform, QM_ESP_AUTH_CIPHER);
	ck_assert(class_policy(rig.n.classes, CLASS_DEFAULT, NULL, &p));
	ck_assert_ptr_null(p.target_name);
	ck_assert(!class_policy(rig.n.classes, 0, NULL, &p));
	ck_assert(!class_policy(rig.n.classes, id + 1, NULL, &p));
	ck_assert(!class_policy(rig.n.classes, CLASS_MAX + 1, NULL, &p));
}
END_TEST

START_TEST(encryption_that_is_impossible)
{
	struct class_spec s = spec_of(1000, "");
	struct class_policy p;

	s.policy.n_qm_proposal = 1; /* the first one does not encrypt */
	s.guarantee_encryption = true;
	ck_assert_int_eq(refused(&s), CLASS_NO_ENCRYPTION);
	class_set_default_policy(rig.n.classes, &s.policy);
	ck_assert(!class_policy(rig.n.classes, CLASS_ENCRYPT, NULL, &p));
	ck_assert(class_policy(rig.n.classes, CLASS_DEFAULT, NULL, &p));
	ck_assert_uint_eq(p.policy->n_qm_proposal, 1);
}
END_TEST

START_TEST(limit_of_a_user)
{
	struct class_spec s = spec_of(1000, "");

	for (uint32_t i = 0; i < rig.config.limits.classes_per_user; i++) {
		snprintf(s.target_name, sizeof(s.target_name), "host/%u", i);
		(void)make(&s);
	}
	strcpy(s.target_name, "host/one-more");
	ck_assert_int_eq(refused(&s), CLASS_USER_LIMIT);
	strcpy(s.target_name, "host/7");
	ck_assert_uint_gt(make(&s), CLASS_PREDEFINED); /* one that is there */
	strcpy(s.target_name, "host/one-more");
	s.owner = 1001;
	(void)make(&s);
}
END_TEST

START_TEST(limit_of_marks)
{
	struct class_spec s = spec_of(0, "");

	for (uint32_t i = CLASS_PREDEFINED; i < CLASS_MAX; i++) {
		snprintf(s.target_name, sizeof(s.target_name), "host/%u", i);
		ck_assert_uint_eq(make(&s), i + 1);
	}
	strcpy(s.target_name, "host/one-more");
	ck_assert_int_eq(refused(&s), CLASS_FULL);
}
END_TEST

/* Users, however many, do not keep rules out: their traffic would go in clear. */
START_TEST(users_leave_room_for_rules)
{
	struct class_spec s = spec_of(1000, "host/a"), rule = spec_of(0, "");
	enum class_error err = CLASS_OK;
	uint32_t n = 0;

	for (; err == CLASS_OK && n < CLASS_MAX; n++) {
		s.owner = 1000 + n;
		snprintf(s.target_name, sizeof(s.target_name), "host/%u", n);
		(void)class_find_or_make(rig.n.classes, &s, &err);
	}
	ck_assert_int_eq(err, CLASS_FULL);
	ck_assert_uint_gt(n, 800);
	rule.kind = CLASS_OF_RULE;
	for (uint32_t i = 0; i < CONFIG_MAX_RULES; i++) {
		snprintf(rule.rule.name, sizeof(rule.rule.name), "rule %u", i);
		(void)make(&rule);
	}
}
END_TEST

/* With the linger time left out: rules end at once, what failed does, too. */
START_TEST(ends_when_nobody_has_it)
{
	struct class_spec s = spec_of(0, "");
	uint32_t id;

	s.kind = CLASS_OF_RULE;
	id = make(&s);
	ck_assert_uint_eq(make(&s), id);
	class_unref(rig.n.classes, id);
	rig_turn();
	ck_assert_uint_eq(rig.ended_class, 0);
	class_set_sockets(rig.n.classes, id, 1);
	class_unref(rig.n.classes, id);
	rig_turn();
	ck_assert_uint_eq(rig.ended_class, 0);
	class_set_sockets(rig.n.classes, id, 0);
	ck_assert_uint_eq(make(&s), id); /* just in time */
	rig_turn();
	ck_assert_uint_eq(rig.ended_class, 0);
	class_unref(rig.n.classes, id);
	rig_turn();
	ck_assert_uint_eq(rig.ended_class, id);
	ck_assert_ptr_null(class_by_id(rig.n.classes, id));
	/* Its number is not given away again soon: packets may still carry the mark. */
	ck_assert_uint_eq(make(&s), id + 1);
}
END_TEST

START_TEST(sockets_linger)
{
	struct class_spec s = spec_of(0, "host/a");
	uint32_t id = make(&s);

	class_set_sockets(rig.n.classes, id, 1);
	class_unref(rig.n.classes, id);
	class_set_sockets(rig.n.classes, id, 0);
	rig_turn();
	ck_assert_uint_eq(rig.ended_class, 0);
	ck_assert_uint_eq(make(&s), id);
}
END_TEST

START_TEST(failed_class)
{
	struct class_spec s = spec_of(0, "host/a");
	uint32_t id = make(&s);
	struct class_policy p;

	class_failed(rig.n.classes, id);
	ck_assert(!class_policy(rig.n.classes, id, NULL, &p));
	ck_assert_uint_eq(make(&s), id + 1); /* another try */
	class_unref(rig.n.classes, id);
	rig_turn();
	ck_assert_uint_eq(rig.ended_class, id);
	class_failed(rig.n.classes, CLASS_DEFAULT);
	ck_assert(class_policy(rig.n.classes, CLASS_DEFAULT, NULL, &p));
}
END_TEST

START_TEST(restored)
{
	struct class_spec s = spec_of(1000, "host/a"), lost = { .kind = CLASS_LOST };
	struct class_policy p;

	class_restore(rig.n.classes, 9, &s);
	class_restore(rig.n.classes, 4, &lost);
	class_restore(rig.n.classes, CLASS_DEFAULT, &lost);
	class_restore(rig.n.classes, CLASS_MAX + 1, &s);
	ck_assert_uint_eq(make(&s), 9);
	ck_assert_uint_eq(rig.made_class, 0);
	ck_assert(!class_policy(rig.n.classes, 4, NULL, &p));
	ck_assert_ptr_null(class_by_id(rig.n.classes, 4));
	strcpy(s.target_name, "host/b");
	ck_assert_uint_eq(make(&s), 5); /* 4 has sockets that nobody knows */
	ck_assert(class_policy(rig.n.classes, CLASS_DEFAULT, NULL, &p));
}
END_TEST

/* The configuration has changed while no daemon ran: its sockets obey the new one. */
START_TEST(restored_follow_the_configuration)
{
	struct class_spec s = spec_of(1000, "host/a"), own = spec_of(1000, "host/b");
	struct class_policy p;

	s.policy.mm_proposal[0].group = own.policy.mm_proposal[0].group = DH_MODP1024;
	own.follows_default = false;
	class_restore(rig.n.classes, 9, &s);
	class_restore(rig.n.classes, 10, &own);
	ck_assert(class_policy(rig.n.classes, 9, NULL, &p));
	ck_assert(policy_equal(p.policy, &rig.config.policy));
	ck_assert(class_policy(rig.n.classes, 10, NULL, &p));
	ck_assert_int_eq(p.policy->mm_proposal[0].group, DH_MODP1024);
	s = spec_of(1000, "host/a");
	ck_assert_uint_eq(make(&s), 9); /* also what is secured now */
}
END_TEST

/* What came from another process: every field that could lead astray. */
START_TEST(insane_specs)
{
	struct class_spec good = spec_of(0, "host/a"), s;

	good.kind = CLASS_OF_RULE;
	ck_assert(class_spec_is_sane(&good));
	for (int i = 0; i < 11; i++) {
		s = good;
		switch (i) {
		case 0:
			s.kind = CLASS_LOST;
			break;
		case 1:
			memset(&s.guarantee_encryption, 2, 1);
			break;
		case 2:
			memset(s.target_name, 'x', sizeof(s.target_name));
			break;
		case 3:
			s.policy.n_qm_proposal = POLICY_MAX_PROPOSALS + 1;
			break;
		case 4:
			memset(&s.policy.em_auth[7].offered, 255, 1);
			break;
		case 5:
			memset(s.rule.name, 'x', sizeof(s.rule.name));
			break;
		case 6:
			s.rule.local.addr.family = 5;
			break;
		case 7:
			s.rule.local.addr.family = 4;
			s.rule.local.bits = 33;
			break;
		case 8:
			s.rule.protocol = 1;
			break;
		case 9:
			s.guarantee_encryption = s.allow_insecure = true;
			break;
		default:
			s.rule.local.addr.family = 4;
			s.rule.remote.addr.family = 6;
			break;
		}
		ck_assert_msg(!class_spec_is_sane(&s), "%d", i);
	}
}
END_TEST

void
daemon_class_tests(Suite *s)
{
	TCase *t = tcase_create("class");

	tcase_add_checked_fixture(t, rig_setup, rig_teardown);
	tcase_add_test(t, nothing_special_is_predefined);
	tcase_add_test(t, every_ingredient_counts);
	tcase_add_test(t, for_the_engine);
	tcase_add_test(t, encryption_that_is_impossible);
	tcase_add_test(t, limit_of_a_user);
	tcase_add_test(t, limit_of_marks);
	tcase_add_test(t, users_leave_room_for_rules);
	tcase_add_test(t, ends_when_nobody_has_it);
	tcase_add_test(t, sockets_linger);
	tcase_add_test(t, failed_class);
	tcase_add_test(t, restored);
	tcase_add_test(t, restored_follow_the_configuration);
	tcase_add_test(t, insane_specs);
	suite_add_tcase(s, t);
}
