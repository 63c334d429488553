/* Entries of doc/authip-checklist.md about extended mode: methods, credentials, ends. */
#include <string.h>

#include "tests/sim/check_sim_list.h"

static const struct dialect dialect = DIALECT_DEFAULT;

/* The initiator's first dialogue is refused; with or without RETRY. */
static void
refuse_once(bool wants_retry)
{
	sim_init(&net, 5);
	net.host[INITIATOR].n_bad_start = 1;
	net.host[RESPONDER].wants_retry = wants_retry;
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		net.host[i].policy.em_auth[0] = (struct auth_entry){ AUTH_NTLM, true };
		net.host[i].policy.em_auth[1] = (struct auth_entry){ AUTH_TLS, true };
		net.host[i].policy.n_em_auth = 2;
	}
	list_record(4);
	ck_assert(sim_sas_agree(&net));
	ck_assert_uint_eq(net.host[RESPONDER].n_sa, 2);
	ck_assert_uint_eq(seen->n, GOOD_MESSAGES + 2);
}

static void
expect_gss(size_t which, uint32_t status, uint8_t flags)
{
	const struct item *gss = recipe_find(&seen->m[which], PAYLOAD_GSS, 0);
	uint8_t want[5] = { (uint8_t)(status >> 24), (uint8_t)(status >> 16),
		(uint8_t)(status >> 8), (uint8_t)status, flags };

	ck_assert_ptr_nonnull(gss);
	ck_assert_mem_eq(gss->b, want, 5);
}

/* The same method with another credential, and the status of the refusal in it. */
START_TEST(t042_t044_t046_another_credential)
{
	refuse_once(true);
	expect_gss(GSS1, 0, GSS_FLAG_NEW);
	expect_gss(GSS2, 0x80090325, GSS_FLAG_RETRY);
	expect_gss(GSS3, 0x80090325, GSS_FLAG_NEW | GSS_FLAG_RETRY);
	expect_gss(GSS4, 0, 0);
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		ck_assert_uint_eq(hostile_mm(i)->em.method, AUTH_NTLM);
		ck_assert_uint_eq(hostile_mm(i)->em.credential, 1);
	}
	sim_free(&net);
}
END_TEST

START_TEST(t044_t045_t151_next_method)
{
	refuse_once(false);
	expect_gss(GSS1, 0, GSS_FLAG_NEW);
	expect_gss(GSS2, 0x80090325, 0);
	expect_gss(GSS3, 0, GSS_FLAG_NEW);
	for (size_t i = 0; i < SIM_HOSTS; i++)
		ck_assert_uint_eq(hostile_mm(i)->em.method, AUTH_TLS);
	sim_free(&net);
}
END_TEST

/* No token to begin with: the peer hears why, in a message that says which method it was. */
START_TEST(local_first_failure)
{
	const struct item *gss;

	sim_init(&net, 5);
	net.host[INITIATOR].no_credential = 1u << AUTH_KERBEROS;
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		net.host[i].policy.em_auth[0] = (struct auth_entry){ AUTH_KERBEROS, true };
		net.host[i].policy.em_auth[1] = (struct auth_entry){ AUTH_TLS, true };
		net.host[i].policy.n_em_auth = 2;
	}
	list_record(4);
	ck_assert_uint_eq(seen->n, GOOD_MESSAGES + 2);
	expect_gss(GSS1, 0x8009030e, GSS_FLAG_NEW);
	ck_assert_uint_eq(recipe_find(&seen->m[GSS1], PAYLOAD_GSS, 0)->n, 5);
	gss = recipe_find(&seen->m[GSS2], PAYLOAD_GSS, 0);
	ck_assert_ptr_nonnull(gss);
	ck_assert_uint_eq(gss->n, 5); /* a failure: no token, a status, no RETRY */
	ck_assert_mem_ne(gss->b, "\0\0\0\0", 4);
	ck_assert_uint_eq(gss->b[4], 0);
	expect_gss(GSS3, 0, GSS_FLAG_NEW);
	for (size_t i = 0; i < SIM_HOSTS; i++)
		ck_assert_uint_eq(hostile_mm(i)->em.method, AUTH_TLS);
	sim_free(&net);
}
END_TEST

static bool
see_user(void *ctx, const struct engine_mm_status *s)
{
	*(bool *)ctx = s->peer_is_user;
	return true;
}

/* Kerberos as the user of the socket: the first token says so, and the responder shows it. */
START_TEST(t025_principal_is_a_user)
{
	bool is_kerberos = _i != 2, is_user = _i != 0, shown = !is_user;

	sim_init(&net, 5);
	net.host[INITIATOR].class.uid = is_user ? 1000 : 0;
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		net.host[i].policy.em_auth[0] = (struct auth_entry){
			is_kerberos ? AUTH_KERBEROS : AUTH_TLS, true };
		net.host[i].policy.n_em_auth = 1;
	}
	list_record(4);
	is_user = is_user && is_kerberos; /* certificates are the machine's */
	expect_gss(GSS1, 0, GSS_FLAG_NEW | (is_user ? GSS_FLAG_IMPERSONATION : 0));
	expect_gss(GSS2, 0, is_kerberos ? GSS_FLAG_COMPLETE : 0);
	if (!is_kerberos)
		expect_gss(GSS3, 0, 0);
	engine_walk_mm(net.host[RESPONDER].engine, net.now_ms, see_user, &shown);
	ck_assert_int_eq(shown, is_user);
	sim_free(&net);
}
END_TEST

/* Every credential is refused: it ends, and nothing is left. */
START_TEST(t045_t150_no_method_is_left)
{
	sim_init(&net, 5);
	net.host[INITIATOR].n_bad_start = 1000;
	net.host[RESPONDER].wants_retry = _i == 1;
	sim_start(&net, &dialect, &dialect);
	sim_acquire(&net, INITIATOR, 1, 4, 80);
	ck_assert(sim_run_results(&net, INITIATOR, 1, 10000));
	ck_assert_uint_eq(net.host[INITIATOR].result.error, IKE_ERR_AUTH_FAILED);
	sim_run(&net, 200000);
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		ck_assert_uint_eq(sim_count_mm(&net, i) + sim_count_qm(&net, i), 0);
		ck_assert_uint_eq(net.host[i].n_sa + net.host[i].n_auth_open, 0);
	}
	sim_free(&net);
}
END_TEST

/* E2 keeps what the responder accepts, in the order of E1, and says who it is. */
START_TEST(t144_e2)
{
	static const uint8_t want[8] = { 0, AUTH_KERBEROS, 0, 0, 0, AUTH_TLS };
	static const struct auth_entry mine[] = { { AUTH_KERBEROS, true },
		{ AUTH_NTLM, true }, { AUTH_TLS, true } };
	static const struct auth_entry yours[] = { { AUTH_TLS, true },
		{ AUTH_KERBEROS, true } };

	sim_init(&net, 5);
	memcpy(net.host[INITIATOR].policy.em_auth, mine, sizeof(mine));
	net.host[INITIATOR].policy.n_em_auth = 3;
	memcpy(net.host[RESPONDER].policy.em_auth, yours, sizeof(yours));
	net.host[RESPONDER].policy.n_em_auth = 2;
	list_record(4);
	EXPECT_PAYLOADS(E2, PAYLOAD_AUTH, PAYLOAD_GSS_ID);
	ck_assert_uint_eq(seen->m[E2].item[0].n, sizeof(want));
	ck_assert_mem_eq(seen->m[E2].item[0].b, want, sizeof(want));
	ck_assert_uint_eq(hostile_mm(INITIATOR)->em.method, AUTH_KERBEROS); /* T151 */
	sim_free(&net);
}
END_TEST

static bool
tap_e1_anonymous(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	static struct recipe m;
	static struct raw w;

	(void)ctx;
	if (from != INITIATOR || p[18] != EXCHANGE_EM)
		return true;
	ck_assert(recipe_read(&m, hostile_mm(from), span_of(p, *n)));
	if (m.item[0].type == PAYLOAD_AUTH) {
		m.item[0].n = 4;
		m.item[0].b[1] = AUTH_ANONYMOUS;
		recipe_write(&m, hostile_mm(from), &w);
		memcpy(p, w.b, w.n);
		*n = w.n;
	}
	return true;
}

START_TEST(t142_anonymous_is_no_method_of_extended_mode)
{
	list_record_good();
	for (size_t i = 0; i < seen->m[E1].item[0].n; i += 4)
		ck_assert_uint_ne(seen->m[E1].item[0].b[i + 1], AUTH_ANONYMOUS);
	sim_free(&net);
	hostile_begin();
	net.tap = tap_e1_anonymous;
	sim_acquire(&net, INITIATOR, 1, 4, 80);
	ck_assert(sim_run_results(&net, INITIATOR, 1, 5000));
	ck_assert_uint_ne(net.host[INITIATOR].result.error, IKE_OK);
	ck_assert_uint_eq(hostile_errors(RESPONDER, IKE_ERR_NO_EM_METHOD), 1);
	hostile_end();
}
END_TEST

static bool
tap_change_flags(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	static struct recipe m;
	static struct raw w;
	struct item *gss;

	(void)ctx;
	if (!recipe_read(&m, hostile_mm(from), span_of(p, *n)))
		return true;
	if ((gss = recipe_find(&m, PAYLOAD_GSS, 0)) == NULL)
		return true;
	gss->b[4] |= 0xe0;
	recipe_write(&m, hostile_mm(from), &w);
	memcpy(p, w.b, w.n);
	*n = w.n;
	return true;
}

/* Flags that nobody knows: all tokens are exchanged; only the proof of E3 tells. */
START_TEST(t021_unknown_gss_flags_are_ignored)
{
	hostile_begin();
	net.tap = tap_change_flags;
	sim_acquire(&net, INITIATOR, 1, 4, 80);
	ck_assert(sim_run_results(&net, INITIATOR, 1, 5000));
	ck_assert_uint_eq(hostile_errors(RESPONDER, IKE_ERR_AUTH_HASH), 1);
	ck_assert_uint_eq(hostile_errors(RESPONDER, IKE_ERR_AUTH_FAILED), 0);
	hostile_end();
}
END_TEST

/* A resumed session of TLS: the responder is done, and has nothing more to say but that. */
START_TEST(t023_responder_is_done_without_a_token)
{
	const struct item *gss;

	sim_init(&net, 5);
	net.host[INITIATOR].resumes = net.host[RESPONDER].resumes = true;
	list_record(4);
	ck_assert_uint_eq(seen->n, GOOD_MESSAGES);
	expect_gss(GSS4, 0, GSS_FLAG_COMPLETE);
	gss = recipe_find(&seen->m[GSS4], PAYLOAD_GSS, 0);
	ck_assert_uint_eq(gss->n, 5);
	ck_assert_uint_eq(recipe_find(&seen->m[GSS3], PAYLOAD_GSS, 0)->n, 5 + 18);
	ck_assert_uint_eq(net.host[RESPONDER].n_sa, 2);
	ck_assert(sim_sas_agree(&net));
	sim_free(&net);
}
END_TEST

/* Both lists: what cannot be done is counted, the rest is agreed. 0 main, 1 extended mode. */
START_TEST(ntlm_is_declined)
{
	bool main_mode = _i == 0;

	sim_init(&net, 5);
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		struct policy *p = &net.host[i].policy;
		struct auth_entry *list = main_mode ? p->mm_auth : p->em_auth;

		list[0] = list[1] = (struct auth_entry){ AUTH_TLS, true };
		if (i == INITIATOR)
			list[0] = (struct auth_entry){ AUTH_NTLM, true };
		p->n_mm_auth = main_mode ? 2 : p->n_mm_auth;
		p->n_em_auth = main_mode ? 0 : 2;
	}
	list_record(4);
	ck_assert_uint_eq(hostile_errors(RESPONDER, IKE_ERR_NTLM), 1);
	ck_assert_uint_eq(engine_event_count(net.host[RESPONDER].engine, EVENT_DECLINED), 1);
	ck_assert_uint_eq(hostile_errors(INITIATOR, IKE_ERR_NTLM), 0);
	for (size_t i = 0; i < SIM_HOSTS; i++)
		ck_assert_uint_eq(main_mode ? hostile_mm(i)->gss.method :
					      hostile_mm(i)->em.method,
		    AUTH_TLS);
	ck_assert(sim_sas_agree(&net));
	sim_free(&net);
}
END_TEST

TCase *
sim_list_auth_cases(void)
{
	TCase *t = tcase_create("checklist of extended mode");

	tcase_add_test(t, t023_responder_is_done_without_a_token);
	tcase_add_loop_test(t, ntlm_is_declined, 0, 2);
	tcase_add_test(t, t021_unknown_gss_flags_are_ignored);
	tcase_add_test(t, t042_t044_t046_another_credential);
	tcase_add_test(t, t044_t045_t151_next_method);
	tcase_add_test(t, local_first_failure);
	tcase_add_loop_test(t, t025_principal_is_a_user, 0, 3);
	tcase_add_loop_test(t, t045_t150_no_method_is_left, 0, 2);
	tcase_add_test(t, t142_anonymous_is_no_method_of_extended_mode);
	tcase_add_test(t, t144_e2);
	return t;
}
