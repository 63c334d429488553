/* What the configuration says reaches the engine. */
#include <string.h>

#include "tests/unit/check_daemon.h"

/* Each limit is a number of its own, so that none can stand in for another. */
START_TEST(limits_reach_the_engine)
{
	struct engine_params p = { 0 };

	rig.config.limits = (struct config_limits){
		.mm_sa_per_peer = 3,
		.negotiations_per_peer = 4,
		.quick_modes_per_peer = 5,
		.mm_sa_total = 6,
		.first_messages = 7,
		.half_open_enter = 9,
		.half_open_leave = 8,
	};
	rig.config.replay_window = 64;
	rig.config.nat_port = 4501;
	rig.config.fragment_size = 900;
	nego_params_set(&p, &rig.config);
	ck_assert_uint_eq(p.max_mm_per_peer, 3);
	ck_assert_uint_eq(p.max_negotiations_per_peer, 4);
	ck_assert_uint_eq(p.max_qm_per_peer, 5);
	ck_assert_uint_eq(p.max_mm_total, 6);
	ck_assert_uint_eq(p.first_messages_per_s, 7);
	ck_assert_uint_eq(p.half_open_enter, 9);
	ck_assert_uint_eq(p.half_open_leave, 8);
	ck_assert_uint_eq(p.replay_window, 64);
	ck_assert_uint_eq(p.nat_port, 4501);
	ck_assert_uint_eq(p.fragment_size, 900);
}
END_TEST

START_TEST(dialect_and_name_reach_the_engine)
{
	struct engine_params p = { 0 };

	memset(&rig.config.dialect, 0x5a, sizeof(rig.config.dialect));
	strcpy(rig.config.gss_id, "host/a.test@TEST");
	nego_params_set(&p, &rig.config);
	ck_assert_mem_eq(&p.dialect, &rig.config.dialect, sizeof(p.dialect));
	ck_assert_str_eq(p.gss_id, "host/a.test@TEST");
	rig.config.gss_id[0] = '\0';
	nego_params_set(&p, &rig.config);
	ck_assert_int_eq(strncmp(p.gss_id, "host/", 5), 0);
	ck_assert_uint_gt(strlen(p.gss_id), 5);
}
END_TEST

void
daemon_params_tests(Suite *s)
{
	TCase *tc = tcase_create("params");

	tcase_add_checked_fixture(tc, rig_setup, rig_teardown);
	tcase_add_test(tc, limits_reach_the_engine);
	tcase_add_test(tc, dialect_and_name_reach_the_engine);
	suite_add_tcase(s, tc);
}
