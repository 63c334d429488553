/* Policies: target names, main modes of several classes, policies that change. */
#include <string.h>

#include "tests/sim/check_sim.h"

static struct simnet net;
static struct policy other;

static void
start(void)
{
	static const struct dialect d = DIALECT_DEFAULT;

	sim_start(&net, &d, &d);
}

static void
setup(void)
{
	sim_init(&net, 7);
}

static void
teardown(void)
{
	sim_free(&net);
}

static void
connect_one(uint64_t ticket, uint16_t port)
{
	sim_acquire(&net, 0, ticket, 4, port);
	ck_assert(sim_run_results(&net, 0, ticket, 20000));
	sim_run(&net, 1000);
}

/* ---- target names ---- */

START_TEST(target_that_is_the_peer)
{
	net.host[0].class.target_name = "CN=sim";
	start();
	connect_one(1, 80);
	ck_assert_int_eq(net.host[0].result.error, IKE_OK);
	ck_assert_uint_eq(net.host[0].n_sa, 2);
	ck_assert_str_eq(net.host[0].target_name, "CN=sim");
	ck_assert_str_eq(net.host[1].target_name, "");
}
END_TEST

START_TEST(target_that_is_another)
{
	net.host[0].class.target_name = "CN=other";
	start();
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 100000));
	ck_assert_int_eq(net.host[0].result.error, IKE_ERR_TARGET_NAME);
	ck_assert_ptr_nonnull(strstr(net.host[0].failure, "target name"));
	sim_run(&net, 100000);
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
}
END_TEST

/* A server, too, may say who its peers are: asked once the socket is known. */
START_TEST(target_of_the_responder)
{
	net.host[1].class.target_name = _i == 0 ? "CN=sim" : "CN=other";
	start();
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 200000);
	ck_assert_str_eq(net.host[1].target_name, net.host[1].class.target_name);
	ck_assert_uint_eq(net.host[1].n_sa, _i == 0 ? 2 : 0);
	if (_i == 1)
		ck_assert_uint_ge(
		    engine_error_count(net.host[1].engine, IKE_ERR_TARGET_NAME), 1);
}
END_TEST

/* Whose main mode is there already cannot become somebody else. */
START_TEST(target_of_a_later_socket)
{
	start();
	connect_one(1, 80);
	net.host[1].class.target_name = "CN=sim";
	net.host[1].class.class_id = 2;
	sim_acquire(&net, 0, 2, 4, 81);
	sim_run(&net, 100000);
	ck_assert_uint_ge(
	    engine_error_count(net.host[1].engine, IKE_ERR_TARGET_NAME), 1);
	ck_assert_uint_eq(net.host[1].n_sa, 2);
}
END_TEST

/* ---- who shares a main mode ---- */

START_TEST(main_modes_are_shared_by_equals)
{
	start();
	connect_one(1, 80);
	net.host[0].class.class_id = 2;
	other = net.host[0].policy; /* says the same, elsewhere */
	net.host[0].class.policy = &other;
	connect_one(2, 81);
	ck_assert_uint_eq(sim_count_mm(&net, 0), 1);
	net.host[0].class.class_id = 3;
	if (_i == 0)
		net.host[0].class.target_name = "CN=sim";
	else if (_i == 1)
		net.host[0].class.uid = 1000;
	else
		other.mm_proposal[0].lifetime_s--;
	connect_one(3, 82);
	ck_assert_int_eq(net.host[0].result.error, IKE_OK);
	ck_assert_uint_eq(sim_count_mm(&net, 0), 2);
	ck_assert_uint_eq(net.host[0].uid, _i == 1 ? 1000 : 0);
}
END_TEST

/* The main mode that the peer made is not what this socket demands. */
START_TEST(main_mode_that_is_too_weak)
{
	other = net.host[1].policy;
	other.mm_proposal[0].group = DH_ECP384;
	net.host[1].class.policy = &other;
	start();
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 100000);
	ck_assert_uint_ge(
	    engine_error_count(net.host[1].engine, IKE_ERR_MM_MISMATCH), 1);
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
}
END_TEST

/* Extended mode comes after the quick mode that says whose it is. */
START_TEST(extended_mode_is_that_of_the_socket)
{
	other = net.host[1].policy;
	other.n_em_auth = 1;
	other.em_auth[0] = (struct auth_entry){ AUTH_KERBEROS, true };
	net.host[1].class.policy = &other;
	policy_offer_kerberos(&net.host[0].policy);
	start();
	connect_one(1, 80);
	ck_assert_int_eq(net.host[1].auth_method, AUTH_KERBEROS);
	ck_assert_uint_eq(net.host[1].n_sa, 2);
}
END_TEST

/* What was lent may go: the engine has its own copy. */
START_TEST(lent_policy_goes)
{
	static char name[] = "CN=sim";

	other = net.host[0].policy;
	other.qm_proposal[0].lifetime_s = 300;
	net.host[0].class.policy = &other;
	net.host[0].class.target_name = name;
	start();
	connect_one(1, 80);
	memset(&other, 0xff, sizeof(other));
	memset(name, 'x', sizeof(name));
	net.host[0].class.policy = &net.host[0].policy;
	net.host[0].class.target_name = NULL;
	engine_qm_expired(
	    net.host[0].engine, net.now_ms, net.host[0].result.qm_id, EXPIRY_SOFT);
	sim_run(&net, 5000);
	ck_assert_uint_eq(sim_count_qm(&net, 0), 2);
	ck_assert(sim_sas_agree(&net));
}
END_TEST

/* ---- policies that change ---- */

static bool
lookup(void *ctx, uint32_t class_id, const struct endpoint *remote,
    struct class_policy *out)
{
	(void)remote;
	*out = *(const struct class_policy *)ctx;
	return out->class_id == class_id;
}

static void
policy_changes(struct class_policy *now)
{
	engine_policy_changed(net.host[0].engine, net.now_ms, lookup, now);
	sim_run(&net, 10000);
}

START_TEST(change_that_matters_not)
{
	struct class_policy now;

	start();
	connect_one(1, 80);
	now = net.host[0].class;
	other = net.host[0].policy;
	now.policy = &other;
	if (_i > 0) { /* what was chosen is still there */
		other.qm_proposal[1] = other.qm_proposal[0];
		other.qm_proposal[0].cipher = CIPHER_AES256;
		other.qm_proposal[0].transform = QM_ESP_AUTH_CIPHER;
		other.idle_s = 7;
	}
	policy_changes(&now);
	ck_assert_uint_eq(net.host[0].n_sa, 2);
	ck_assert_uint_eq(net.host[1].n_sa, 2);
	ck_assert_uint_eq(sim_count_mm(&net, 0), 1);
}
END_TEST

/* The peer hears of it, and both have nothing left. */
START_TEST(t059_changed_policy_is_told)
{
	struct class_policy now;

	start();
	connect_one(1, 80);
	now = net.host[0].class;
	other = net.host[0].policy;
	now.policy = &other;
	switch (_i) {
	case 0: /* no such class */
		now.class_id = 99;
		break;
	case 1: /* no such proposal */
		(void)policy_keep_encrypting(&other);
		break;
	case 2:
		now.guarantee_encryption = true;
		break;
	case 3: /* another peer */
		now.target_name = "CN=other";
		break;
	case 4: /* a main mode that this one is not */
		other.mm_proposal[0].group = DH_ECP384;
		break;
	default:
		other.n_em_auth = 1;
		break;
	}
	policy_changes(&now);
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
	ck_assert_uint_eq(sim_count_qm(&net, 0) + sim_count_qm(&net, 1), 0);
}
END_TEST

/* In the middle of everything. */
START_TEST(change_at_any_time)
{
	struct class_policy now;

	start();
	now = net.host[0].class;
	now.class_id = 99;
	net.jitter_ms = 20;
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, (uint64_t)_i * 5);
	policy_changes(&now);
	ck_assert_uint_eq(net.host[0].n_result, 1);
	sim_run(&net, 200000);
	ck_assert_uint_eq(net.host[0].n_sa, 0);
	ck_assert_uint_eq(sim_count_qm(&net, 0), 0);
}
END_TEST

/* A main mode without traffic stays only if it would be made again. */
START_TEST(idle_main_mode)
{
	struct class_policy now;

	start();
	connect_one(1, 80);
	engine_delete_qm(net.host[0].engine, net.now_ms, 0);
	sim_run(&net, 5000);
	ck_assert_uint_eq(sim_count_mm(&net, 0), 1);
	now = net.host[0].class;
	if (_i == 1)
		net.host[0].policy.mm_proposal[0].group = DH_ECP384;
	policy_changes(&now);
	ck_assert_uint_eq(sim_count_mm(&net, 0), _i == 1 ? 0 : 1);
}
END_TEST

TCase *
sim_policy_cases(void)
{
	TCase *t = tcase_create("policy");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, target_that_is_the_peer);
	tcase_add_test(t, target_that_is_another);
	tcase_add_loop_test(t, target_of_the_responder, 0, 2);
	tcase_add_test(t, target_of_a_later_socket);
	tcase_add_loop_test(t, main_modes_are_shared_by_equals, 0, 3);
	tcase_add_test(t, main_mode_that_is_too_weak);
	tcase_add_test(t, extended_mode_is_that_of_the_socket);
	tcase_add_test(t, lent_policy_goes);
	tcase_add_loop_test(t, change_that_matters_not, 0, 2);
	tcase_add_loop_test(t, t059_changed_policy_is_told, 0, 6);
	tcase_add_loop_test(t, change_at_any_time, 0, 30);
	tcase_add_loop_test(t, idle_main_mode, 0, 2);
	return t;
}
