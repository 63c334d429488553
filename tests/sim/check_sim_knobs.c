/* Each value of each knob of the dialect, at both ends and at one. */
#include <stddef.h>
#include <string.h>

#include "tests/sim/check_sim.h"
#include "tests/sim/check_sim_list.h"

/* Every knob with every value, the same on both ends, must still work, and change what is sent. */
struct knob_value {
	size_t offset;
	int value;
	const char *name;
};

#define KNOB_COUNT_ONE(name, word) +1
#define KNOB_ROW(field, entry, help)                                              \
	{ offsetof(struct dialect, field), 0 KNOB_VALUES_##field(KNOB_COUNT_ONE), \
		#field },
static const struct knob_value knobs[] = { DIALECT_ENUM_KNOBS(KNOB_ROW) };

/* Two negotiations of the default policy are the same whatever these say. */
static bool
is_for_others(const char *name)
{
	static const char *const names[] = { "dialect_auto", "gss_secret_krb",
		"auth1_nesting", "icv_len", "ipsec_key_order", "fast_qm", "mm_dh_none",
		"mm_dh_with_gss", "optimistic_gss", "clear_status", "send_clear_status",
		"id_match", "natoa", "selector_port", "dos_exch", "dos_type",
		"qm_notify_mid", "strict_pad", "lenient_trailer", "fragment_send",
		"gcm_salt", "gcm_auth_attr", "dpd", "coexist_fallback",
		"tls_client_cert" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

START_TEST(every_knob_value)
{
	uint64_t trace = 0;

	for (int v = 0; v < knobs[_i].value; v++) {
		struct dialect d = DIALECT_DEFAULT;

		memcpy((char *)&d + knobs[_i].offset, &v, sizeof(v));
		sim_begin_with(&d);
		sim_acquire(&net, 0, 1, 4, 80);
		sim_acquire(&net, 0, 2, 4, 81);
		ck_assert_msg(
		    sim_run_results(&net, 0, 2, 200000), "%s=%d", knobs[_i].name, v);
		sim_run(&net, 2000);
		ck_assert_msg(net.host[0].first_error == IKE_OK, "%s=%d: %s",
		    knobs[_i].name, v, net.host[0].failure);
		ck_assert_msg(net.host[1].n_sa == 4 && sim_sas_agree(&net), "%s=%d",
		    knobs[_i].name, v);
		ck_assert_msg(
		    v == 0 || is_for_others(knobs[_i].name) || net.trace != trace,
		    "%s=%d changes nothing", knobs[_i].name, v);
		if (v == 0)
			trace = net.trace;
		sim_free(&net);
	}
}
END_TEST

/* Different values at both ends: a clear failure, never a wrong key. */
START_TEST(different_dialects_never_install_wrong_keys)
{
	for (int v = 1; v < knobs[_i].value; v++) {
		struct dialect a = DIALECT_DEFAULT, b = DIALECT_DEFAULT;

		memcpy((char *)&b + knobs[_i].offset, &v, sizeof(v));
		sim_init(&net, 7);
		sim_start(&net, &a, &b);
		sim_acquire(&net, 0, 1, 4, 80);
		sim_run(&net, 300000);
		ck_assert_uint_eq(net.host[0].n_result, 1);
		if (strcmp(knobs[_i].name, "ipsec_key_order") != 0)
			ck_assert_msg(sim_sas_agree(&net), "%s=%d", knobs[_i].name, v);
		sim_free(&net);
	}
}
END_TEST

TCase *
sim_knob_cases(void)
{
	TCase *t = tcase_create("knobs");

	tcase_set_timeout(t, 300);
	tcase_add_loop_test(
	    t, every_knob_value, 0, (int)(sizeof(knobs) / sizeof(knobs[0])));
	tcase_add_loop_test(t, different_dialects_never_install_wrong_keys, 0,
	    (int)(sizeof(knobs) / sizeof(knobs[0])));
	return t;
}
