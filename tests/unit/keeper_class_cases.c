/* Classes and rules that a negotiator wants: impossible ones, nonsense, floods. */
#include <check.h>
#include <dirent.h>
#include <stddef.h>
#include <string.h>

#include "tests/unit/check_keeper.h"

static struct proto_class_spec
good_class(uint32_t id)
{
	struct proto_class_spec s;

	memset(&s, 0, sizeof(s));
	s.class_id = id;
	s.spec.policy = rig.config.policy;
	return s;
}

static void
make_class(uint32_t id, bool is_rule)
{
	struct proto_class_spec s = good_class(id);

	if (is_rule)
		s.spec.kind = CLASS_OF_RULE;
	rig_say(ROLE_NEGOTIATOR, PROTO_CLASS_ASK, &s, sizeof(s), -1);
	ck_assert(rig.is_up[id]);
}

static void
end_class(uint32_t id)
{
	struct proto_class_id end = { id };

	rig_say(ROLE_NEGOTIATOR, PROTO_CLASS_END, &end, sizeof(end), -1);
}

static unsigned
descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	ck_assert_ptr_nonnull(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

static void
expect_failed(const struct proto_class_spec *s)
{
	struct proto_class_id failed = { 0 };

	rig_say(ROLE_NEGOTIATOR, PROTO_CLASS_ASK, s, sizeof(*s), -1);
	ck_assert_uint_eq(
	    rig_hear(ROLE_NEGOTIATOR, &failed, sizeof(failed)), PROTO_CLASS_FAILED);
	ck_assert_uint_eq(failed.class_id, s->class_id);
	ck_assert(rig_is_trusted(ROLE_NEGOTIATOR));
	keeper_expect_kept();
}

START_TEST(classes_that_may_not_be)
{
	static const uint32_t ids[] = { 0, 1, 2, 3, CLASS_MAX, CLASS_MAX + 1, 1u << 31,
		UINT32_MAX };
	struct proto_class_spec s;

	rig_begin(_i);
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		s = good_class(ids[i]);
		expect_failed(&s);
	}
	make_class(4, false);
	s = good_class(4);
	expect_failed(&s);
	rig.may_not_make = true;
	s = good_class(5);
	expect_failed(&s);
	rig.may_not_make = false;
	make_class(5, false);
	rig.k.is_lost[6] = true;
	s = good_class(6);
	expect_failed(&s);
	keeper_case_end();
}
END_TEST

#define BYTE(field) offsetof(struct class_spec, field), 1, 2
#define FILL(field)                                                                  \
	offsetof(struct class_spec, field), sizeof(((struct class_spec *)0)->field), \
	    0xff
static const struct {
	size_t at, n;
	uint8_t value;
} insane[] = {
	{ FILL(kind) },
	{ BYTE(kind) }, /* CLASS_LOST is not for the asking */
	{ BYTE(guarantee_encryption) },
	{ BYTE(allow_insecure) },
	{ BYTE(follows_default) },
	{ FILL(target_name) },
	{ FILL(policy.n_mm_proposal) },
	{ FILL(policy.n_qm_proposal) },
	{ FILL(policy.n_mm_auth) },
	{ FILL(policy.n_em_auth) },
	{ BYTE(policy.em_auth[0].offered) },
	{ FILL(policy.keying) },
	{ FILL(policy.nd) },
	{ FILL(policy.mm_proposal[0].cipher) },
	{ FILL(policy.mm_proposal[0].integrity) },
	{ FILL(policy.mm_proposal[1].group) },
	{ FILL(policy.qm_proposal[0].transform) },
	{ FILL(policy.qm_proposal[0].cipher) },
	{ FILL(policy.qm_proposal[1].integrity) },
	{ FILL(policy.qm_proposal[0].pfs) },
};

START_TEST(classes_of_nonsense)
{
	struct proto_class_spec s;

	rig_begin(false);
	s = good_class(4);
	memset((uint8_t *)&s.spec + insane[_i].at, insane[_i].value, insane[_i].n);
	expect_failed(&s);
	ck_assert(!rig.is_up[4]);
	keeper_case_end();
}
END_TEST

#define RULE_FILL(field) offsetof(struct rule, field), sizeof(((struct rule *)0)->field)
static const struct {
	size_t at, n;
} insane_rules[] = {
	{ RULE_FILL(name) },
	{ RULE_FILL(local.addr.family) },
	{ RULE_FILL(local.bits) },
	{ RULE_FILL(remote.bits) },
	{ RULE_FILL(protocol) },
	{ RULE_FILL(action) },
};

START_TEST(rules_of_nonsense)
{
	struct proto_class_spec s;

	rig_begin(false);
	s = good_class(4);
	s.spec.kind = CLASS_OF_RULE;
	memset((uint8_t *)&s.spec.rule + insane_rules[_i].at, 0xff, insane_rules[_i].n);
	expect_failed(&s);
	keeper_case_end();
}
END_TEST

/* The class of a live socket stays, and the negotiator learns of it and of them again. */
START_TEST(class_of_a_live_socket_stays)
{
	struct proto_class_spec known;
	struct proto_adopt adopt;

	rig_begin(_i);
	make_class(4, false);
	make_class(5, false);
	rig.live_class[0] = 4;
	end_class(4);
	ck_assert(rig.is_up[4]);
	ck_assert_ptr_nonnull(strstr(rig.log, "class 4 stays"));
	ck_assert_uint_eq(
	    rig_hear(ROLE_NEGOTIATOR, &known, sizeof(known)), PROTO_CLASS_KNOWN);
	ck_assert_uint_eq(known.class_id, 4);
	ck_assert_uint_eq(
	    rig_hear(ROLE_NEGOTIATOR, &adopt, sizeof(adopt)), PROTO_ADOPT);
	ck_assert_uint_eq(adopt.class_id, 4);
	end_class(5);
	ck_assert(!rig.is_up[5]);
	end_class(5); /* nothing to do */
	rig.live_class[0] = 0;
	end_class(4);
	ck_assert(!rig.is_up[4]);
	ck_assert(rig_is_trusted(ROLE_NEGOTIATOR));
	keeper_case_end();
}
END_TEST

START_TEST(predefined_classes_never_end)
{
	static const uint32_t ids[] = { 0, 1, 2, 3, CLASS_MAX + 1, UINT32_MAX };

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		rig_begin(_i);
		end_class(ids[i]);
		keeper_expect_distrust(ROLE_NEGOTIATOR);
	}
}
END_TEST

START_TEST(rules_of_any_order)
{
	struct proto_rules r = { .n = 5, .class_id = { 5, 4, 5, 900, 0 } };

	rig_begin(_i);
	make_class(4, false);
	make_class(5, true);
	rig_say(ROLE_NEGOTIATOR, PROTO_RULES, &r, sizeof(r), -1);
	ck_assert_uint_eq(rig.n_rules, 2); /* what is no rule is left out */
	end_class(5);
	r.n = CONFIG_MAX_RULES;
	rig_say(ROLE_NEGOTIATOR, PROTO_RULES, &r, sizeof(r), -1);
	ck_assert_uint_eq(rig.n_rules, 0);
	r.n = CONFIG_MAX_RULES + 1;
	rig_say(ROLE_NEGOTIATOR, PROTO_RULES, &r, sizeof(r), -1);
	keeper_expect_distrust(ROLE_NEGOTIATOR);
	rig_begin(_i);
	r.n = 2;
	r.class_id[1] = CLASS_MAX + 1;
	rig_say(ROLE_NEGOTIATOR, PROTO_RULES, &r, sizeof(r), -1);
	keeper_expect_distrust(ROLE_NEGOTIATOR);
}
END_TEST

/* Ten thousand classes, made and ended: nothing is left of them. */
START_TEST(flood_of_classes)
{
	unsigned before;

	rig_begin(_i);
	make_class(4, false);
	end_class(4);
	before = descriptors();
	for (uint32_t i = 0; i < 10000; i++) {
		make_class(4 + i % 1000, false);
		end_class(4 + i % 1000);
		while (rig_hear(ROLE_PLANE, NULL, 0) != 0)
			;
	}
	ck_assert_uint_eq(descriptors(), before);
	keeper_case_end();
}
END_TEST

/* 0: a class comes back at a restart. 1: the kernel refuses it: its live sockets are blocked. */
START_TEST(class_that_does_not_come_back)
{
	struct proto_class_spec s = good_class(6);
	bool is_refused = _i == 1;

	rig_begin(true);
	rig.options.run_dir = "/nonexistent";
	memset(rig.is_up, 0, sizeof(rig.is_up)); /* another daemon begins */
	rig.left = &s;
	rig.may_not_make_one = is_refused ? 6 : 0;
	ck_assert(keeper_classes_open(&rig.k));
	ck_assert(rig.is_up[CLASS_DEFAULT]);
	ck_assert(rig.is_up[6] == !is_refused);
	ck_assert(rig.has_guard[6] == is_refused);
	ck_assert(rig.k.is_lost[6] == is_refused);
	ck_assert((rig.k.class[6] == NULL) == is_refused);
	/* Nobody gets it anew while they live. */
	rig.may_not_make_one = 0;
	if (is_refused) {
		rig_say(ROLE_NEGOTIATOR, PROTO_CLASS_ASK, &s, sizeof(s), -1);
		ck_assert(!rig.is_up[6]);
	}
	keeper_case_end();
}
END_TEST

TCase *
keeper_class_cases(void)
{
	TCase *t = tcase_create("keeper class");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, classes_that_may_not_be, 0, 2);
	tcase_add_loop_test(
	    t, classes_of_nonsense, 0, (int)(sizeof(insane) / sizeof(insane[0])));
	tcase_add_loop_test(t, rules_of_nonsense, 0,
	    (int)(sizeof(insane_rules) / sizeof(insane_rules[0])));
	tcase_add_loop_test(t, class_of_a_live_socket_stays, 0, 2);
	tcase_add_loop_test(t, predefined_classes_never_end, 0, 2);
	tcase_add_loop_test(t, rules_of_any_order, 0, 2);
	tcase_add_loop_test(t, flood_of_classes, 0, 2);
	tcase_add_loop_test(t, class_that_does_not_come_back, 0, 2);
	return t;
}
