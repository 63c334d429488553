/* Negotiations of IKEv1 as they should go. */
#include "tests/sim/check_sim_v1.h"
#include "tests/unit/run_suite.h"

#include <stdlib.h>
#include <string.h>

struct simnet net;

static const struct dialect dialect = DIALECT_DEFAULT;

static enum hash_id
hash_for(enum auth_method method)
{
	return method == AUTH_V1_ECDSA256 ? HASH_SHA256 :
	       method == AUTH_V1_ECDSA384 ? HASH_SHA384 :
					    HASH_SHA1;
}

void
v1_prepare(uint64_t seed, enum auth_method method)
{
	sim_init(&net, seed);
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		struct policy *p = &net.host[i].policy;

		p->keying = KEYING_IKEV1;
		p->mm_auth[0] = (struct auth_entry){ method, true };
		p->n_mm_auth = 1;
		p->n_em_auth = 0;
		for (uint32_t k = 0; k < p->n_mm_proposal; k++)
			p->mm_proposal[k].integrity = hash_for(method);
	}
}

void
v1_begin_psk(uint64_t seed)
{
	v1_prepare(seed, AUTH_V1_PSK);
	sim_start(&net, &dialect, &dialect);
}

static bool
last_mm(void *ctx, const struct engine_mm_status *s)
{
	*(struct engine_mm_status *)ctx = *s;
	return true;
}

struct engine_mm_status
v1_mm_of(size_t host)
{
	struct engine_mm_status s = { .id = 0 };

	engine_walk_mm(net.host[host].engine, net.now_ms, last_mm, &s);
	ck_assert_uint_ne(s.id, 0);
	return s;
}

void
v1_expect_pair(void)
{
	ck_assert_uint_eq(net.host[0].result.error, IKE_OK);
	ck_assert_uint_eq(net.host[0].n_sa, 2);
	ck_assert_uint_eq(net.host[1].n_sa, 2);
	ck_assert(sim_sas_agree(&net));
}

void
v1_connect_now(void)
{
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 30000));
	sim_run(&net, 1000);
}

/* ---- methods and suites ---- */

static const enum auth_method methods[] = { AUTH_V1_PSK, AUTH_V1_RSA, AUTH_V1_ECDSA256,
	AUTH_V1_ECDSA384, AUTH_V1_KERBEROS };
#define METHOD_COUNT (int)(sizeof(methods) / sizeof(methods[0]))

START_TEST(each_method)
{
	struct engine_mm_status s;

	v1_prepare(1, methods[_i]);
	sim_start(&net, &dialect, &dialect);
	v1_connect_now();
	v1_expect_pair();
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		s = v1_mm_of(i);
		ck_assert(s.is_ikev1);
		ck_assert_str_eq(s.state, "Established");
		ck_assert_uint_eq(s.method, methods[_i]);
		ck_assert_str_ne(s.peer_name, "");
		ck_assert_uint_eq(net.host[i].n_auth_open, 0);
		ck_assert_uint_eq(net.host[i].n_failure, 0);
	}
	sim_free(&net);
}
END_TEST

static const struct mm_proposal suites[] = {
	{ CIPHER_AES128, HASH_SHA1, DH_ECP256, 7200 },
	{ CIPHER_AES192, HASH_SHA1, DH_MODP1024, 7200 },
	{ CIPHER_AES256, HASH_SHA1, DH_MODP2048, 7200 },
	{ CIPHER_AES256, HASH_SHA256, DH_ECP384, 7200 },
	{ CIPHER_AES256, HASH_SHA384, DH_ECP384, 7200 },
	{ CIPHER_3DES, HASH_SHA1, DH_MODP1024, 7200 },
	{ CIPHER_3DES, HASH_SHA384, DH_ECP256, 7200 },
};
#define SUITE_COUNT (int)(sizeof(suites) / sizeof(suites[0]))

/* The other host knows this one last of all. */
START_TEST(each_suite)
{
	struct policy *p;

	v1_prepare(2, AUTH_V1_PSK);
	p = &net.host[0].policy;
	p->mm_proposal[p->n_mm_proposal++] = suites[_i];
	p = &net.host[1].policy;
	p->mm_proposal[0] = suites[_i];
	p->n_mm_proposal = 1;
	sim_start(&net, &dialect, &dialect);
	v1_connect_now();
	v1_expect_pair();
	ck_assert_uint_eq(v1_mm_of(1).cipher, suites[_i].cipher);
	ck_assert_uint_eq(v1_mm_of(1).integrity, suites[_i].integrity);
	ck_assert_uint_eq(v1_mm_of(0).group, suites[_i].group);
	sim_free(&net);
}
END_TEST

static const struct qm_proposal pairs[] = {
	{ QM_ESP_AUTH, HASH_SHA1, CIPHER_NULL, DH_NONE, 3600, 0 },
	{ QM_ESP_AUTH_CIPHER, HASH_SHA1, CIPHER_AES128, DH_NONE, 3600, 0 },
	{ QM_ESP_AUTH_CIPHER, HASH_SHA256, CIPHER_AES256, DH_ECP256, 3600, 0 },
	{ QM_ESP_AUTH_CIPHER, HASH_SHA1, CIPHER_3DES, DH_MODP1024, 3600, 0 },
	{ QM_ESP_AUTH_CIPHER, HASH_NONE, CIPHER_AES128_GCM, DH_MODP2048, 3600, 0 },
	{ QM_ESP_AUTH_CIPHER, HASH_NONE, CIPHER_AES256_GCM, DH_ECP384, 3600, 0 },
	{ QM_ESP_AUTH, HASH_NONE, CIPHER_AES128_GMAC, DH_NONE, 3600, 0 },
	{ QM_AH, HASH_SHA1, CIPHER_NULL, DH_NONE, 3600, 0 },
	{ QM_AH, HASH_SHA256, CIPHER_NULL, DH_ECP256, 3600, 0 },
	{ QM_AH, HASH_NONE, CIPHER_AES128_GMAC, DH_NONE, 3600, 0 },
};
#define PAIR_COUNT (int)(sizeof(pairs) / sizeof(pairs[0]))

START_TEST(each_pair)
{
	const struct action_sa_add *a;

	v1_prepare(3, AUTH_V1_PSK);
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		net.host[i].policy.qm_proposal[0] = pairs[_i];
		net.host[i].policy.n_qm_proposal = 1;
	}
	sim_start(&net, &dialect, &dialect);
	v1_connect_now();
	v1_expect_pair();
	a = &net.host[1].sa->add;
	ck_assert_uint_eq(a->protocol, pairs[_i].transform == QM_AH ? 51 : 50);
	ck_assert_uint_eq(a->cipher, pairs[_i].cipher);
	ck_assert_uint_eq(a->cipher_key.n, cipher_keymat_len_bytes(pairs[_i].cipher));
	sim_free(&net);
}
END_TEST

/* Several methods in one offer: the responder's choice is followed. */
START_TEST(several_methods)
{
	struct policy *p;

	v1_prepare(1, AUTH_V1_RSA);
	p = &net.host[0].policy;
	p->mm_auth[p->n_mm_auth++] = (struct auth_entry){ AUTH_V1_PSK, true };
	net.host[1].policy.mm_auth[0].method = AUTH_V1_PSK;
	sim_start(&net, &dialect, &dialect);
	v1_connect_now();
	v1_expect_pair();
	ck_assert_uint_eq(v1_mm_of(0).method, AUTH_V1_PSK);
	sim_free(&net);
}
END_TEST

/* Each traffic has its pair, all on one main mode, and both sides may ask. */
START_TEST(many_quick_modes)
{
	v1_begin_psk(4);
	for (uint16_t i = 0; i < 20; i++)
		sim_acquire(&net, 0, i + 1u, 4, (uint16_t)(80 + i));
	ck_assert(sim_run_results(&net, 0, 20, 30000));
	for (uint16_t i = 0; i < 5; i++)
		sim_acquire(&net, 1, i + 1u, 4, (uint16_t)(5000 + i));
	ck_assert(sim_run_results(&net, 1, 5, 30000));
	sim_run(&net, 1000);
	ck_assert_uint_eq(net.host[0].first_error, IKE_OK);
	ck_assert_uint_eq(net.host[1].first_error, IKE_OK);
	ck_assert_uint_eq(net.host[0].n_sa, 50);
	ck_assert_uint_eq(net.host[1].n_sa, 50);
	ck_assert(sim_sas_agree(&net));
	ck_assert_uint_eq(sim_count_mm(&net, 0), 1);
	ck_assert_uint_eq(sim_count_mm(&net, 1), 1);
	sim_free(&net);
}
END_TEST

/* The IDs of quick mode carry protocol and ports: each pair is for its own flow. */
START_TEST(ids_with_ports)
{
	size_t n_80 = 0;

	v1_begin_psk(5);
	sim_acquire(&net, 0, 1, 4, 80);
	sim_acquire(&net, 0, 2, 4, 443);
	ck_assert(sim_run_results(&net, 0, 2, 30000));
	sim_run(&net, 1000);
	ck_assert_uint_eq(net.host[1].n_sa, 4);
	for (size_t i = 0; i < SIM_HOSTS; i++)
		for (const struct sim_sa *sa = net.host[i].sa; sa != NULL; sa = sa->next) {
			const struct flow *f = &sa->add.selector;
			uint16_t port = i == 0 ? f->remote.port : f->local.port;

			ck_assert_uint_eq(f->protocol, 6);
			ck_assert_uint_eq(i == 0 ? f->local.port : f->remote.port, 0);
			ck_assert(port == 80 || port == 443);
			n_80 += port == 80;
		}
	ck_assert_uint_eq(n_80, 4);
	sim_free(&net);
}
END_TEST

START_TEST(ipv6)
{
	v1_begin_psk(5);
	sim_acquire(&net, 0, 1, 6, 80);
	ck_assert(sim_run_results(&net, 0, 1, 30000));
	sim_run(&net, 1000);
	v1_expect_pair();
	sim_free(&net);
}
END_TEST

/* Messages 3 and 4 name the authorities that their sender accepts. */
START_TEST(authorities_are_named)
{
	v1_prepare(5, _i == 0 ? AUTH_V1_RSA : AUTH_V1_ECDSA384);
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		strcpy(net.host[i].trusts, i == 0 ? "one" : "two");
		strcpy(net.host[i].ca, i == 0 ? "two" : "one");
	}
	sim_start(&net, &dialect, &dialect);
	v1_connect_now();
	v1_expect_pair();
	ck_assert_str_eq(net.host[0].wanted, "two");
	ck_assert_str_eq(net.host[1].wanted, "one");
	sim_free(&net);
}
END_TEST

struct padding {
	size_t more;   /* zero bytes than are needed for a multiple of four */
	uint8_t value; /* of the last byte */
	size_t n;
};

/* Messages in clear get what some implementations put behind the last payload. */
static bool
pad_clear(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	struct padding *pad = ctx;
	size_t add = (4 - *n % 4) % 4;

	(void)from;
	if ((p[19] & 1) != 0 || add == 0)
		return true;
	add += pad->more;
	memset(p + *n, 0, add);
	p[*n + add - 1] = pad->value;
	*n += add;
	p[26] = (uint8_t)(*n >> 8);
	p[27] = (uint8_t)*n;
	pad->n++;
	return true;
}

static const struct padding paddings[] = { { .value = 0 }, { .more = 4 },
	{ .more = 1 }, { .value = 1 } };
#define PADDINGS (int)(sizeof(paddings) / sizeof(paddings[0]))

/* Up to a multiple of four, by zeros, and no further. */
START_TEST(padding_behind_the_last_payload)
{
	struct padding pad = paddings[_i];

	v1_prepare(5, AUTH_V1_RSA);
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		strcpy(net.host[i].trusts, "three");
		strcpy(net.host[i].ca, "three");
	}
	sim_start(&net, &dialect, &dialect);
	net.tap = pad_clear;
	net.tap_ctx = &pad;
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 200000);
	ck_assert_uint_gt(pad.n, 0);
	if (_i == 0)
		v1_expect_pair();
	else
		ck_assert_uint_eq(net.host[0].result.error, IKE_ERR_TIMED_OUT);
	sim_free(&net);
}
END_TEST

/* The key was given for somebody else: not who the peer says it is. */
START_TEST(key_of_somebody_else)
{
	v1_prepare(5, AUTH_V1_PSK);
	strcpy(net.host[_i].psk_id, "peer.example");
	sim_start(&net, &dialect, &dialect);
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 300000);
	ck_assert_uint_eq(net.host[0].n_result, 1);
	ck_assert_uint_ne(net.host[0].result.error, IKE_OK);
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
	ck_assert_uint_eq(engine_error_count(net.host[_i].engine, IKE_ERR_PEER_ID), 1);
	ck_assert_ptr_nonnull(strstr(net.host[_i].failure, "peer_id"));
	sim_free(&net);
}
END_TEST

static bool
set_commit_bit(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	(void)n;
	if (from == *(size_t *)ctx)
		p[19] |= 0x02;
	return true;
}

/* Who sets the commit bit (RFC 2408 3.1) is neither refused nor waited for. */
START_TEST(commit_bit)
{
	size_t who = (size_t)_i;

	v1_begin_psk(5);
	net.tap = set_commit_bit;
	net.tap_ctx = &who;
	v1_connect_now();
	v1_expect_pair();
	engine_delete_mm(net.host[1].engine, net.now_ms, 0);
	sim_run(&net, 1000);
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
	sim_free(&net);
}
END_TEST

/* The shorter lifetime holds at both ends, whoever has it (RESPONDER-LIFETIME). */
START_TEST(lifetimes)
{
	v1_prepare(6, AUTH_V1_PSK);
	net.host[_i].policy.mm_proposal[0].lifetime_s = 600;
	for (uint32_t k = 0; k < net.host[_i].policy.n_qm_proposal; k++) {
		net.host[_i].policy.qm_proposal[k].lifetime_s = 300;
		net.host[_i].policy.qm_proposal[k].lifetime_kb = 30720;
	}
	sim_start(&net, &dialect, &dialect);
	v1_connect_now();
	v1_expect_pair();
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		ck_assert_uint_eq(net.host[i].sa->add.lifetime_s, 300);
		ck_assert_uint_eq(net.host[i].sa->add.lifetime_bytes, 30720 * 1024);
	}
	ck_assert_uint_eq(v1_mm_of(1).lifetime_s, 600);
	sim_free(&net);
}
END_TEST

/* A main mode carries so many quick modes; what comes then has another one. */
START_TEST(limit_of_quick_modes)
{
	v1_prepare(6, AUTH_V1_PSK);
	net.host[0].policy.mm_qm_limit = 2;
	sim_start(&net, &dialect, &dialect);
	for (uint16_t i = 0; i < 5; i++) {
		sim_acquire(&net, 0, i + 1u, 4, (uint16_t)(80 + i));
		ck_assert(sim_run_results(&net, 0, i + 1u, 5000));
		sim_run(&net, 1000);
		ck_assert_uint_eq(
		    engine_event_count(net.host[0].engine, EVENT_MM_ESTABLISHED), i / 2u + 1);
	}
	ck_assert_uint_eq(net.host[1].n_sa, 10);
	sim_free(&net);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("sim_v1");
	TCase *t = tcase_create("ikev1");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, each_method, 0, METHOD_COUNT);
	tcase_add_loop_test(t, each_suite, 0, SUITE_COUNT);
	tcase_add_loop_test(t, each_pair, 0, PAIR_COUNT);
	tcase_add_test(t, several_methods);
	tcase_add_test(t, many_quick_modes);
	tcase_add_test(t, ids_with_ports);
	tcase_add_test(t, ipv6);
	tcase_add_loop_test(t, authorities_are_named, 0, 2);
	tcase_add_loop_test(t, padding_behind_the_last_payload, 0, PADDINGS);
	tcase_add_loop_test(t, key_of_somebody_else, 0, 2);
	tcase_add_loop_test(t, commit_bit, 0, 2);
	tcase_add_loop_test(t, lifetimes, 0, 2);
	tcase_add_test(t, limit_of_quick_modes);
	suite_add_tcase(s, t);
	suite_add_tcase(s, sim_v1_refused_cases());
	suite_add_tcase(s, sim_v1_fault_cases());
	suite_add_tcase(s, sim_v1_flood_cases());
	suite_add_tcase(s, sim_v1_life_cases());
	suite_add_tcase(s, sim_v1_windows_cases());
	suite_add_tcase(s, sim_v1_coexist_cases());
	return run_suite(s);
}
