/*
 * IKEv1: one message is wrong, and then the right one comes. What is wrong changes nothing: who
 * can spoil an answer in clear could otherwise choose what is agreed, or end it.
 */
#include <string.h>

#include "tests/hostile/check_v1.h"

static const struct dialect dialect = DIALECT_DEFAULT;

/* The once that one message of this kind is changed; NULL: it was. */
struct once {
	size_t from;
	uint8_t first; /* payload, in clear */
	void (*change)(const struct once *o, uint8_t *p, size_t n);
	unsigned type, value; /* of an attribute */
	bool is_over;
};

static bool
tap_once(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	struct once *o = ctx;

	if (o->is_over || from != o->from || p[18] != EXCHANGE_IDENTITY ||
	    p[16] != o->first || (p[19] & ISAKMP_FLAG_ENCRYPTED) != 0)
		return true;
	o->is_over = true;
	o->change(o, p, *n);
	return true;
}

static void
begin(enum auth_method method, struct once *o)
{
	v1_prepare();
	for (size_t i = 0; i < SIM_HOSTS; i++)
		v1_net.host[i].policy.mm_auth[0] = (struct auth_entry){ method, true };
	sim_start(&v1_net, &dialect, &dialect);
	v1_net.tap = tap_once;
	v1_net.tap_ctx = o;
	sim_acquire(&v1_net, INITIATOR, 1, 4, 80);
}

static void
expect_connection(void)
{
	ck_assert(sim_run_results(&v1_net, INITIATOR, 1, 30000));
	sim_run(&v1_net, 1000);
	v1_expect_unharmed();
}

/* ---- message 2 ---- */

#define ATTRIBUTES_AT (28 + 12 + 8 + 8) /* headers of SA, proposal and transform */

static void
change_attribute(const struct once *o, uint8_t *p, size_t n)
{
	for (size_t at = ATTRIBUTES_AT; at + 4 <= n; at += 4)
		if (p[at] == (o->type >> 8 | 0x80) && p[at + 1] == (o->type & 0xff)) {
			p[at + 2] = (uint8_t)(o->value >> 8);
			p[at + 3] = (uint8_t)o->value;
			return;
		}
	ck_abort_msg("no attribute %u", o->type);
}

/* Weaker than anything that was offered, or by a method that was not. */
START_TEST(answer_that_was_not_offered)
{
	static const struct once rows[] = {
		{ .type = 1, .value = 1 },   /* DES */
		{ .type = 1, .value = 5 },   /* 3DES, with the rest of another suite */
		{ .type = 14, .value = 64 }, /* bits of the key */
		{ .type = 2, .value = 1 },   /* MD5 */
		{ .type = 4, .value = 1 },   /* MODP 768 */
		{ .type = 4, .value = 2 },   /* of another suite */
		{ .type = 3, .value = 3 },   /* signatures */
		{ .type = 3, .value = 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct once o = rows[i];
		const struct mm_sa *mm;
		size_t sent;

		o.from = RESPONDER;
		o.first = PAYLOAD_SA;
		o.change = change_attribute;
		begin(AUTH_V1_PSK, &o);
		sent = v1_net.host[INITIATOR].n_sent;
		sim_run(&v1_net, 100);
		ck_assert(o.is_over);
		mm = v1_mm(INITIATOR);
		ck_assert_msg(engine_error_count(v1_net.host[INITIATOR].engine,
				  IKE_ERR_NO_PROPOSAL) == 1,
		    "row %zu", i);
		ck_assert_uint_eq(v1_net.host[INITIATOR].n_sent, sent);
		ck_assert_int_eq(mm->v1->step, V1_INIT_SA_SENT);
		ck_assert_int_eq(mm->state, MM_FIRST_SENT);
		expect_connection();
		sim_free(&v1_net);
	}
}
END_TEST

/* ---- messages 3 and 4 ---- */

static void
clear_ke(const struct once *o, uint8_t *p, size_t n)
{
	(void)o;
	(void)n;
	memset(p + 32, 0, (size_t)(p[30] << 8 | p[31]) - 4);
}

START_TEST(key_exchange_that_is_none)
{
	struct once o = { .from = (size_t)_i, .first = PAYLOAD_KE, .change = clear_ke };
	size_t to = 1 - o.from, sent;

	begin(AUTH_V1_PSK, &o);
	while (!o.is_over)
		sim_run(&v1_net, 1);
	sent = v1_net.host[to].n_sent;
	sim_run(&v1_net, 100);
	ck_assert_uint_eq(engine_error_count(v1_net.host[to].engine, IKE_ERR_DH), 1);
	ck_assert_uint_eq(v1_net.host[to].n_sent, sent);
	expect_connection();
	sim_free(&v1_net);
}
END_TEST

/* Our own value comes back: nobody but us would know the keys. */
static bool
tap_reflect_ke(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	static uint8_t own[256];
	struct once *o = ctx;
	size_t length = (size_t)(p[30] << 8 | p[31]) - 4;

	(void)n;
	if (p[18] != EXCHANGE_IDENTITY || p[16] != PAYLOAD_KE || length > sizeof(own))
		return true;
	if (from == INITIATOR) {
		memcpy(own, p + 32, length);
	} else if (!o->is_over) {
		o->is_over = true;
		memcpy(p + 32, own, length);
	}
	return true;
}

START_TEST(key_exchange_of_our_own)
{
	struct once o = { .is_over = false };

	begin(AUTH_V1_PSK, &o);
	v1_net.tap = tap_reflect_ke;
	sim_run(&v1_net, 100);
	ck_assert(o.is_over);
	ck_assert_uint_eq(
	    engine_error_count(v1_net.host[INITIATOR].engine, IKE_ERR_KE), 1);
	expect_connection();
	sim_free(&v1_net);
}
END_TEST

static void
rename_token(const struct once *o, uint8_t *p, size_t n)
{
	uint8_t *type = p + 16;

	(void)o;
	for (size_t at = 28; *type != 0 && at + 4 <= n;
	     type = p + at, at += (size_t)(p[at + 2] << 8 | p[at + 3]))
		if (*type == PAYLOAD_GSS)
			*type = PAYLOAD_VID;
}

/* Kerberos without its token, of either side. */
START_TEST(key_exchange_without_a_token)
{
	struct once o = {
		.from = (size_t)_i, .first = PAYLOAD_KE, .change = rename_token
	};

	begin(AUTH_V1_KERBEROS, &o);
	sim_run(&v1_net, 100);
	ck_assert(o.is_over);
	ck_assert_uint_eq(
	    engine_error_count(v1_net.host[1 - o.from].engine, IKE_ERR_PAYLOAD_MISSING),
	    1);
	expect_connection();
	sim_free(&v1_net);
}
END_TEST

/* ---- names of Kerberos in messages 1 and 2 ---- */

struct names {
	size_t n[SIM_HOSTS];
	char of_peer[SIM_HOSTS][32];
};

static void
watch_names(void *ctx, size_t host, const struct engine_action *a)
{
	struct names *names = ctx;

	if (a->type != ACTION_AUTH)
		return;
	names->n[host]++;
	memcpy(names->of_peer[host], a->auth.peer_gss_id,
	    sizeof(names->of_peer[host]) - 1);
}

/* Each side says its own name: a ticket is asked for that one. */
START_TEST(names_of_kerberos)
{
	struct names names = { .n = { 0 } };
	struct once o = { .is_over = true };

	begin(AUTH_V1_KERBEROS, &o);
	strcpy(v1_net.host[RESPONDER].engine->p.gss_id, "host/second.example");
	v1_net.watch = watch_names;
	v1_net.watch_ctx = &names;
	expect_connection();
	ck_assert_str_eq(names.of_peer[INITIATOR], "host/second.example");
	ck_assert_str_eq(names.of_peer[RESPONDER], "host/sim.example");
	sim_free(&v1_net);
}
END_TEST

/* What is no name: message 1 is taken, because the ticket tells; message 2 is waited for. */
static void
spoil_name(const struct once *o, uint8_t *p, size_t n)
{
	(void)o;
	for (size_t at = ATTRIBUTES_AT; at + 8 <= n; at++)
		if (p[at] == 0x40 && p[at + 1] == 0 && p[at + 2] == 0) {
			p[at + 5] =
			    0xdc; /* half of a surrogate pair, in either order */
			p[at + 4] = 0xdc;
			return;
		}
	ck_abort_msg("no name");
}

START_TEST(name_of_kerberos_that_is_none)
{
	struct names names = { .n = { 0 } };
	struct once o = {
		.from = (size_t)_i, .first = PAYLOAD_SA, .change = spoil_name
	};

	v1_net.watch = NULL;
	begin(AUTH_V1_KERBEROS, &o);
	v1_net.watch = watch_names;
	v1_net.watch_ctx = &names;
	sim_run(&v1_net, 100);
	ck_assert(o.is_over);
	ck_assert_uint_eq(
	    engine_error_count(v1_net.host[INITIATOR].engine, IKE_ERR_GSS_ID),
	    _i == RESPONDER);
	ck_assert_uint_eq(names.n[INITIATOR] > 0, _i == INITIATOR);
	ck_assert_str_eq(names.of_peer[RESPONDER], "");
	ck_assert(sim_run_results(&v1_net, INITIATOR, 1, 30000));
	sim_free(&v1_net);
}
END_TEST

/* ---- informational exchanges ---- */

static bool
lose_message_2(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	(void)ctx;
	(void)p;
	(void)n;
	return from != RESPONDER;
}

/* A demand for a cookie is that one notify; with anything beside it, it is a word like others. */
START_TEST(demand_with_another_payload)
{
	static const uint8_t demand[] = { 0, 0, 0, 1, 1, 0, 0x9c, 0x55, 'a', ' ', 'c',
		'o', 'o', 'k', 'i', 'e' };
	struct engine *e;
	struct span wire;
	size_t sent;

	v1_start();
	v1_net.tap = lose_message_2;
	sim_acquire(&v1_net, INITIATOR, 1, 4, 80);
	sim_run(&v1_net, 10);
	e = v1_net.host[RESPONDER].engine;
	for (int n = 2; n > 0; n--) {
		v1_begin(e, v1_mm(INITIATOR), EXCHANGE_INFO, 7);
		for (int i = 0; i < n; i++) {
			uint8_t b[sizeof(demand)];

			memcpy(b, demand, sizeof(b));
			b[6] = (uint8_t)(NOTIFY_DOS_COOKIE_IKEV1 >> 8);
			b[7] = (uint8_t)NOTIFY_DOS_COOKIE_IKEV1;
			v1_write(e, PAYLOAD_NOTIFY, SPAN_ARRAY(b));
		}
		ck_assert(v1_finish(e, &wire));
		sent = v1_net.host[INITIATOR].n_sent;
		sim_inject(&v1_net, INITIATOR, wire.p, wire.n);
		ck_assert_uint_eq(v1_net.host[INITIATOR].n_sent, sent + (n == 1));
	}
	v1_net.tap = NULL;
	expect_connection();
	sim_free(&v1_net);
}
END_TEST

static struct span
confirmation(struct mm_sa *mm, const struct v1_delete *d, bool nonce, bool body)
{
	static const uint8_t nr[V1_DELETE_NONCE_BYTES] = { 1 },
			     del[12] = { 0, 0, 0, 1, 3, 4, 0, 1 };
	struct engine *e = v1_net.host[RESPONDER].engine;
	struct span wire;
	struct v1_iv iv;

	v1_begin(e, mm, EXCHANGE_INFO, d->message_id);
	v1_hash_begin(e, mm);
	if (nonce)
		v1_write(e, PAYLOAD_NONCE, SPAN_ARRAY(nr));
	if (body)
		v1_write(e, PAYLOAD_DELETE, SPAN_ARRAY(del));
	ck_assert(
	    v1_keys_iv(mm, d->message_id, &iv) &&
	    v1_hash_finish_delete(e, mm, d->message_id, SPAN_ARRAY(d->ni), &iv, &wire));
	return wire;
}

static bool
lose_all(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	(void)ctx;
	(void)from;
	(void)p;
	(void)n;
	return false;
}

/* Under the right hash, but without its nonce or without what it confirms. */
START_TEST(confirmation_that_lacks_a_payload)
{
	const struct v1_delete *d;
	struct mm_sa *mm;

	v1_connect();
	v1_net.tap = lose_all;
	engine_delete_qm(v1_net.host[INITIATOR].engine, v1_net.now_ms, 0);
	sim_flush(&v1_net);
	mm = v1_mm(INITIATOR);
	d = LIST_FIRST(&mm->v1->deletes);
	ck_assert_ptr_nonnull(d);
	v1_expect_drop(
	    INITIATOR, confirmation(mm, d, false, true), IKE_ERR_PAYLOAD_MISSING);
	v1_expect_drop(
	    INITIATOR, confirmation(mm, d, true, false), IKE_ERR_PAYLOAD_MISSING);
	ck_assert(v1_delete_is_pending(mm));
	sim_inject(&v1_net, INITIATOR, confirmation(mm, d, true, true).p,
	    confirmation(mm, d, true, true).n);
	ck_assert(!v1_delete_is_pending(mm));
	sim_free(&v1_net);
}
END_TEST

TCase *
v1_again_cases(void)
{
	TCase *t = tcase_create("the right one comes again");

	tcase_add_test(t, answer_that_was_not_offered);
	tcase_add_loop_test(t, key_exchange_that_is_none, 0, SIM_HOSTS);
	tcase_add_test(t, key_exchange_of_our_own);
	tcase_add_loop_test(t, key_exchange_without_a_token, 0, SIM_HOSTS);
	tcase_add_test(t, names_of_kerberos);
	tcase_add_loop_test(t, name_of_kerberos_that_is_none, 0, SIM_HOSTS);
	tcase_add_test(t, demand_with_another_payload);
	tcase_add_test(t, confirmation_that_lacks_a_payload);
	return t;
}
