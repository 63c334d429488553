/*
 * IKEv1: what a peer says that refuses us, in each of the forms in which it may come. How an
 * informational exchange begins before main mode is through, and what Windows puts into its
 * status notify, can be read in more than one way (MS-IKEE 2.2.6; 7, note 12).
 */
#include <string.h>

#include "tests/hostile/check_v1.h"

#define WIN32_POLICY_MATCH 0x362cu

/* ---- which chain it begins with ---- */

static bool
lose_encrypted(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	const size_t *who = ctx;

	(void)n;
	return from != *who || p[18] != EXCHANGE_IDENTITY || (p[19] & 1) == 0;
}

static bool
initiator_waits(void)
{
	return sim_count_mm(&v1_net, INITIATOR) > 0 &&
	       v1_mm(INITIATOR)->v1->step == V1_INIT_ID_SENT;
}

/* Until message 5 is out; that of `loser` and what it sends behind it are lost. */
static void
begin_identities(size_t *loser)
{
	v1_start();
	v1_net.tap = loser != NULL ? lose_encrypted : NULL;
	v1_net.tap_ctx = loser;
	sim_acquire(&v1_net, INITIATOR, 1, 4, 80);
	for (int i = 0; i < 1000 && !initiator_waits(); i++)
		sim_run(&v1_net, 1);
	ck_assert(initiator_waits());
}

/* What was signed is not what was seen: whoever finds out says so, and is understood. */
START_TEST(refusal_of_a_proof_is_understood)
{
	struct blob *sa;

	begin_identities(NULL);
	sa = &v1_mm((size_t)_i)->v1->sa_i;
	sa->p[sa->n - 1] ^= 1;
	sim_run(&v1_net, 1000);
	ck_assert_uint_eq(
	    engine_error_count(v1_net.host[_i].engine, IKE_ERR_AUTH_HASH), 1);
	ck_assert_uint_eq(
	    engine_error_count(v1_net.host[1 - _i].engine, IKE_ERR_PEER_STATUS), 1);
	ck_assert_uint_eq(
	    engine_error_count(v1_net.host[1 - _i].engine, IKE_ERR_DECRYPT), 0);
	for (size_t i = 0; i < SIM_HOSTS; i++)
		ck_assert_uint_eq(sim_count_mm(&v1_net, i), 0);
	sim_free(&v1_net);
}
END_TEST

enum beginning {
	BEHIND_THE_LAST,     /* RFC 2409 appendix B */
	OF_THE_ID_ALONE,     /* libreswan */
	LAST_BLOCK,	     /* Windows since Vista SP1: of what it decrypted */
	BEHIND_THE_ONE_BEFORE, /* Windows until Vista: of what it sent */
	BLOCK_BEFORE,
	CHAINS
};

/* From here on the others have no such chain. */
static void
chain_of(enum beginning c, const struct mm_sa *last, const struct mm_sa *before, uint32_t id,
    struct v1_iv *iv)
{
	const struct mm_sa *mm = c == BEHIND_THE_ONE_BEFORE || c == BLOCK_BEFORE ? before : last;

	*iv = mm->v1->iv;
	if (c == BEHIND_THE_LAST || c == BEHIND_THE_ONE_BEFORE)
		ck_assert(v1_keys_iv(mm, id, iv));
	else if (c == OF_THE_ID_ALONE)
		ck_assert(v1_keys_iv_reading(mm, id, 0, iv));
}

static void
refuse_proof(size_t to, enum beginning c, bool right)
{
	static const uint8_t body[8] = { 0, 0, 0, 1, 1, 0, 0, NOTIFY_AUTHENTICATION_FAILED };
	struct engine *e = v1_net.host[1 - to].engine;
	struct mm_sa *mm = v1_mm(1 - to);
	uint32_t id = 0x12345678 + c;
	struct span wire;
	struct v1_iv iv;

	/* `to` has sent its message; whoever did not get it is one behind. */
	chain_of(c, v1_mm(to), mm, id, &iv);
	iv.b[5] ^= !right; /* in the hash */
	v1_begin(e, mm, EXCHANGE_INFO, id);
	v1_hash_begin(e, mm);
	v1_write(e, PAYLOAD_NOTIFY, SPAN_ARRAY(body));
	ck_assert(v1_hash_finish(e, mm, id, SPAN_NONE, &iv, &wire));
	sim_inject(&v1_net, to, wire.p, wire.n);
}

/* The responder refuses message 5 (even rows), the initiator message 6. */
START_TEST(refusal_begins_with_any_chain)
{
	enum beginning c = (enum beginning)(_i / 2);
	size_t to = (size_t)_i % 2;

	begin_identities(&to);
	sim_run(&v1_net, 100);
	refuse_proof(to, c, false);
	ck_assert_uint_eq(sim_count_mm(&v1_net, to), 1);
	refuse_proof(to, c, true);
	ck_assert_uint_eq(
	    engine_error_count(v1_net.host[to].engine, IKE_ERR_PEER_STATUS), 1);
	ck_assert_uint_eq(sim_count_mm(&v1_net, to), 0);
	sim_free(&v1_net);
}
END_TEST

/* ---- what it says ---- */

struct saying {
	uint16_t type;
	const char *spi;  /* m: message ID, s: our SPI, 0: zeros, for each four bytes */
	const char *data; /* the same, and c: the code */
	uint32_t win32;
};

/* The last four rows are other readings of where Windows has the message ID. */
static const struct saying sayings[] = {
	{ NOTIFY_NO_PROPOSAL_CHOSEN, "s", "", WIN32_POLICY_MATCH },
	{ NOTIFY_INVALID_ID, "s", "", 0x362d },
	{ 17, "s", "", 0x35ec },
	{ NOTIFY_NO_PROPOSAL_CHOSEN, "ms", "", WIN32_POLICY_MATCH },
	{ NOTIFY_NO_PROPOSAL_CHOSEN, "sm", "", WIN32_POLICY_MATCH },
	{ NOTIFY_STATUS_IKEV1, "ms", "c", 0x3601 },
	{ NOTIFY_STATUS_IKEV1, "sm", "c", 0x3601 },
	{ NOTIFY_STATUS_IKEV1, "0", "mc", 0x3601 },
	{ NOTIFY_STATUS_IKEV1, "", "mc", 0x3601 },
};
#define SAYINGS (int)(sizeof(sayings) / sizeof(sayings[0]))

static void
write_words(struct writer *w, const char *words, const struct qm_sa *qm, uint32_t code)
{
	for (; *words != '\0'; words++)
		writer_u32(w, *words == 'm' ? qm->message_id :
				*words == 's' ? qm->spi_in :
				*words == 'c' ? code :
						0);
}

static void
say(const struct saying *y, const struct qm_sa *qm)
{
	uint8_t b[64];
	struct span wire;
	struct writer w;

	writer_init(&w, b, sizeof(b));
	writer_u32(&w, 1);
	writer_u8(&w, 3);
	writer_u8(&w, (uint8_t)(4 * strlen(y->spi)));
	writer_u16(&w, y->type);
	write_words(&w, y->spi, qm, y->win32);
	write_words(&w, y->data, qm, y->win32);
	ck_assert(writer_ok(&w));
	wire = v1_info(RESPONDER, RIGHT_HASH, PAYLOAD_NOTIFY, span_of(b, w.n));
	sim_inject(&v1_net, INITIATOR, wire.p, wire.n);
}

static bool
lose_quick_mode(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	(void)ctx;
	(void)n;
	return from != INITIATOR || p[18] != EXCHANGE_QUICK;
}

/* It ends this negotiation and no other, and the program hears why. */
START_TEST(refusal_of_a_quick_mode)
{
	const struct saying *y = &sayings[_i];
	struct qm_sa *qm, *other;

	v1_connect();
	v1_net.tap = lose_quick_mode;
	for (uint16_t i = 0; i < 2; i++)
		sim_acquire(&v1_net, INITIATOR, 2u + i, 4, (uint16_t)(81 + i));
	sim_run(&v1_net, 100);
	qm = LIST_FIRST(&v1_mm(INITIATOR)->quick_modes);
	other = LIST_NEXT(qm, mm_link);
	ck_assert_int_eq(qm->state, QM_INIT_FIRST_SENT);
	ck_assert_int_eq(other->state, QM_INIT_FIRST_SENT);
	say(y, qm);
	ck_assert_uint_eq(v1_net.host[INITIATOR].n_result, 2);
	ck_assert_uint_eq(v1_net.host[INITIATOR].result.error, IKE_ERR_PEER_STATUS);
	ck_assert_uint_eq(v1_net.host[INITIATOR].result.win32, y->win32);
	ck_assert_ptr_eq(LIST_FIRST(&v1_mm(INITIATOR)->quick_modes), other);
	v1_expect_unharmed();
	sim_free(&v1_net);
}
END_TEST

/* Without a message ID it is about the main mode, whose pairs stay (MS-IKEE 2.2.6). */
START_TEST(status_of_a_main_mode)
{
	static const struct saying y = { NOTIFY_STATUS_IKEV1, "", "c", 0x35e9 };
	static const struct saying cut = { NOTIFY_STATUS_IKEV1, "", "", 0 };
	size_t loser = INITIATOR;

	if (_i == 0)
		begin_identities(&loser);
	else
		v1_connect();
	say(&cut, NULL);
	ck_assert_uint_eq(sim_count_mm(&v1_net, INITIATOR), 1);
	say(&y, NULL);
	ck_assert_uint_eq(sim_count_mm(&v1_net, INITIATOR), 0);
	ck_assert_uint_eq(v1_net.host[INITIATOR].n_sa, _i == 0 ? 0 : 2);
	ck_assert_uint_eq(v1_net.host[INITIATOR].n_result, 1);
	if (_i == 0)
		ck_assert_uint_eq(v1_net.host[INITIATOR].result.win32, y.win32);
	sim_free(&v1_net);
}
END_TEST

/* It deletes the main mode while we negotiate: programs hear of a failure. */
START_TEST(main_mode_deleted_meanwhile)
{
	uint8_t b[24];
	struct span wire;
	struct writer w;

	v1_connect();
	v1_net.tap = lose_quick_mode;
	sim_acquire(&v1_net, INITIATOR, 2, 4, 81);
	sim_run(&v1_net, 100);
	writer_init(&w, b, sizeof(b));
	writer_u32(&w, 1);
	writer_u32(&w, 0x01100001);
	writer_bytes(&w, SPAN_ARRAY(v1_mm(RESPONDER)->icookie));
	writer_bytes(&w, SPAN_ARRAY(v1_mm(RESPONDER)->rcookie));
	wire = v1_info(RESPONDER, RIGHT_HASH, PAYLOAD_DELETE, SPAN_ARRAY(b));
	sim_inject(&v1_net, INITIATOR, wire.p, wire.n);
	ck_assert_uint_eq(v1_net.host[INITIATOR].n_result, 2);
	ck_assert_uint_eq(v1_net.host[INITIATOR].result.error, IKE_ERR_PEER_DELETED);
	ck_assert_uint_eq(v1_net.host[INITIATOR].result.win32, 0x35ef);
	sim_free(&v1_net);
}
END_TEST

/* In clear it is a hint, told when nobody answers. */
START_TEST(status_in_clear)
{
	static const uint8_t body[12] = { 0, 0, 0, 1, 1, 0, NOTIFY_STATUS_IKEV1 >> 8,
		NOTIFY_STATUS_IKEV1 & 0xff, 0, 0, 0x36, 0x01 };
	size_t loser = INITIATOR;
	struct span wire;

	begin_identities(&loser);
	wire = v1_info(RESPONDER, IN_CLEAR, PAYLOAD_NOTIFY, SPAN_ARRAY(body));
	sim_inject(&v1_net, INITIATOR, wire.p, wire.n);
	ck_assert_uint_eq(sim_count_mm(&v1_net, INITIATOR), 1);
	v1_net.loss_pct = 100;
	ck_assert(sim_run_results(&v1_net, INITIATOR, 1, 100000));
	ck_assert_uint_eq(v1_net.host[INITIATOR].result.error, IKE_ERR_TIMED_OUT);
	ck_assert_ptr_nonnull(
	    strstr(v1_net.host[INITIATOR].result.text, "ERROR_IPSEC_IKE_NO_POLICY"));
	sim_free(&v1_net);
}
END_TEST

TCase *
v1_refusal_cases(void)
{
	TCase *t = tcase_create("refusals");

	tcase_add_loop_test(t, refusal_of_a_proof_is_understood, 0, 2);
	tcase_add_loop_test(t, refusal_begins_with_any_chain, 0, 2 * CHAINS);
	tcase_add_loop_test(t, refusal_of_a_quick_mode, 0, SAYINGS);
	tcase_add_loop_test(t, status_of_a_main_mode, 0, 2);
	tcase_add_test(t, main_mode_deleted_meanwhile);
	tcase_add_test(t, status_in_clear);
	return t;
}
