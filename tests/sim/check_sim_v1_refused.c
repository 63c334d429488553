/* Negotiations of IKEv1 that policy does not want, or a peer cannot do. */
#include <string.h>

#include "tests/sim/check_sim_v1.h"

static const struct dialect dialect = DIALECT_DEFAULT;

static void
expect_refused(enum ike_err initiator, enum ike_err responder)
{
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 300000);
	ck_assert_uint_eq(net.host[0].n_result, 1);
	ck_assert_uint_ne(net.host[0].result.error, IKE_OK);
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
	ck_assert_uint_ge(engine_error_count(net.host[0].engine, initiator), 1);
	ck_assert_uint_ge(engine_error_count(net.host[1].engine, responder), 1);
	ck_assert_uint_eq(sim_count_mm(&net, 0) + sim_count_mm(&net, 1), 0);
	sim_free(&net);
}

/* The other side wants encryption, and none is offered: the reason says so. */
START_TEST(encryption_is_wanted)
{
	v1_prepare(6, AUTH_V1_PSK);
	net.host[0].policy.qm_proposal[0] =
	    (struct qm_proposal){ QM_ESP_AUTH, HASH_SHA1, CIPHER_NULL, DH_NONE, 3600, 0 };
	net.host[0].policy.n_qm_proposal = 1;
	net.host[1].class.guarantee_encryption = true;
	sim_start(&net, &dialect, &dialect);
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 5000));
	ck_assert_uint_eq(net.host[0].result.error, IKE_ERR_PEER_STATUS);
	ck_assert_uint_eq(
	    engine_error_count(net.host[1].engine, IKE_ERR_ENCRYPTION_REQUIRED), 1);
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
	sim_free(&net);
}
END_TEST

START_TEST(wrong_key)
{
	v1_prepare(7, AUTH_V1_PSK);
	strcpy(net.host[1].psk, "another key");
	sim_start(&net, &dialect, &dialect);
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 300000);
	ck_assert_uint_eq(net.host[0].n_result, 1);
	ck_assert_uint_eq(net.host[0].result.error, IKE_ERR_TIMED_OUT);
	ck_assert_ptr_nonnull(strstr(net.host[0].result.text, "pre-shared key"));
	ck_assert_uint_ge(engine_error_count(net.host[1].engine, IKE_ERR_DECRYPT), 1);
	ck_assert_ptr_nonnull(strstr(net.host[1].failure, "pre-shared key"));
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
	sim_free(&net);
}
END_TEST

START_TEST(wrong_certificate)
{
	v1_prepare(8, AUTH_V1_RSA);
	strcpy(net.host[_i].ca, "strange");
	sim_start(&net, &dialect, &dialect);
	expect_refused(_i == 0 ? IKE_ERR_PEER_STATUS : IKE_ERR_AUTH_FAILED,
	    _i == 0 ? IKE_ERR_AUTH_FAILED : IKE_ERR_PEER_STATUS);
}
END_TEST

START_TEST(wrong_ticket)
{
	v1_prepare(9, AUTH_V1_KERBEROS);
	net.host[0].krb_mark = 0x61;
	sim_start(&net, &dialect, &dialect);
	expect_refused(IKE_ERR_TIMED_OUT, IKE_ERR_AUTH_FAILED);
}
END_TEST

START_TEST(no_common_suite)
{
	v1_prepare(10, AUTH_V1_PSK);
	net.host[1].policy.mm_proposal[0] =
	    (struct mm_proposal){ CIPHER_AES256, HASH_SHA384, DH_ECP384, 7200 };
	net.host[1].policy.n_mm_proposal = 1;
	sim_start(&net, &dialect, &dialect);
	expect_refused(IKE_ERR_TIMED_OUT, IKE_ERR_NO_PROPOSAL);
}
END_TEST

START_TEST(no_common_method)
{
	v1_prepare(11, AUTH_V1_PSK);
	net.host[1].policy.mm_auth[0].method = AUTH_V1_RSA;
	sim_start(&net, &dialect, &dialect);
	expect_refused(IKE_ERR_TIMED_OUT, IKE_ERR_NO_PROPOSAL);
}
END_TEST

/* The main mode is good, and stays. */
START_TEST(no_common_pair)
{
	v1_prepare(12, AUTH_V1_PSK);
	net.host[0].policy.n_qm_proposal = 1;
	net.host[1].policy.qm_proposal[0] = net.host[1].policy.qm_proposal[1];
	net.host[1].policy.n_qm_proposal = 1;
	sim_start(&net, &dialect, &dialect);
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 5000)); /* told, not timed out */
	ck_assert_uint_eq(net.host[0].result.error, IKE_ERR_PEER_STATUS);
	ck_assert_ptr_nonnull(strstr(net.host[0].result.text, "NO-PROPOSAL-CHOSEN"));
	ck_assert_uint_eq(
	    engine_error_count(net.host[1].engine, IKE_ERR_NO_PROPOSAL), 1);
	ck_assert_uint_eq(sim_count_mm(&net, 0) + sim_count_mm(&net, 1), 2);
	sim_free(&net);
}
END_TEST

START_TEST(nobody_owns_the_traffic)
{
	v1_begin_psk(13);
	net.host[1].has_qm_policy = false;
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 5000));
	ck_assert_ptr_nonnull(
	    strstr(net.host[0].result.text, "INVALID-ID-INFORMATION"));
	ck_assert_uint_eq(
	    engine_error_count(net.host[1].engine, IKE_ERR_NO_QM_POLICY), 1);
	sim_free(&net);
}
END_TEST

/* A host whose policy has only AuthIP does not answer IKEv1, and the other way round. */
START_TEST(the_other_protocol)
{
	v1_prepare(14, AUTH_V1_PSK);
	if (_i == 0) {
		net.host[1].policy.keying = KEYING_AUTHIP;
	} else {
		net.host[0].policy.keying = KEYING_AUTHIP;
		net.host[0].policy.mm_auth[0].method = AUTH_ANONYMOUS;
	}
	sim_start(&net, &dialect, &dialect);
	expect_refused(
	    IKE_ERR_TIMED_OUT, _i == 0 ? IKE_ERR_IKEV1 : IKE_ERR_NO_MM_POLICY);
}
END_TEST

TCase *
sim_v1_refused_cases(void)
{
	TCase *t = tcase_create("ikev1 refused");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, encryption_is_wanted);
	tcase_add_test(t, wrong_key);
	tcase_add_loop_test(t, wrong_certificate, 0, 2);
	tcase_add_test(t, wrong_ticket);
	tcase_add_test(t, no_common_suite);
	tcase_add_test(t, no_common_method);
	tcase_add_test(t, no_common_pair);
	tcase_add_test(t, nobody_owns_the_traffic);
	tcase_add_loop_test(t, the_other_protocol, 0, 2);
	return t;
}
