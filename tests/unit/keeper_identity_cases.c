/* Accounts for peers, where a directory that keeper knows nothing of answers late, or never. */
#include <check.h>
#include <string.h>
#include <time.h>

#include "tests/unit/check_keeper.h"
#include "tests/unit/keeper_rig.h"

#define MANY 40
#define OTHER 1000
#define PATIENCE_S 20

static void
ask_for(uint32_t uid, uint64_t request)
{
	struct proto_identity_ask ask;

	memset(&ask, 0, sizeof(ask));
	ask.uid = uid;
	ask.request = request;
	rig_say(ROLE_NEGOTIATOR, PROTO_IDENTITY_ASK, &ask, sizeof(ask), -1);
	ck_assert(rig_is_trusted(ROLE_NEGOTIATOR));
}

static struct proto_identity_reply
next_answer(void)
{
	struct proto_identity_reply reply;
	time_t until = time(NULL) + PATIENCE_S;
	uint16_t type;

	memset(&reply, 0, sizeof(reply));
	while ((type = rig_hear(ROLE_NEGOTIATOR, &reply, sizeof(reply))) == 0)
		ck_assert(time(NULL) < until);
	ck_assert_uint_eq(type, PROTO_IDENTITY_REPLY);
	return reply;
}

/* The error of the next answer, which is to this question. */
static uint32_t
answer_to(uint64_t request)
{
	struct proto_identity_reply reply = next_answer();

	ck_assert_uint_eq(reply.request, request);
	return reply.winsock_error;
}

static void
begin(void)
{
	rig_begin(false);
	rig.has_directory = true;
}

START_TEST(late_directory_stops_nobody)
{
	begin();
	for (uint64_t i = 0; i < MANY; i++)
		ask_for(RIG_LATE, i);
	ask_for(OTHER, MANY);
	ck_assert_uint_eq(answer_to(MANY), 0);
	ask_for(0, MANY + 1);
	ck_assert_uint_eq(answer_to(MANY + 1), 0);
	rig_end();
}
END_TEST

START_TEST(lookup_that_breaks)
{
	bool has_answer[MANY] = { false };

	begin();
	for (uint64_t i = 0; i < MANY; i++)
		ask_for(RIG_BREAKS, i);
	for (uint64_t i = 0; i < MANY; i++) {
		struct proto_identity_reply reply = next_answer();

		ck_assert_uint_eq(reply.winsock_error, 10013);
		ck_assert(reply.request < MANY && !has_answer[reply.request]);
		has_answer[reply.request] = true;
	}
	rig_end();
}
END_TEST

START_TEST(more_questions_than_programs)
{
	begin();
	for (uint64_t i = 0; i < 512; i++)
		ask_for(RIG_LATE, i);
	ck_assert_uint_eq(rig_hear(ROLE_NEGOTIATOR, NULL, 0), 0);
	ask_for(OTHER, 512);
	ck_assert_uint_eq(answer_to(512), 10013);
	rig_end();
}
END_TEST

/* A new negotiator begins to count at 1: what the one before asked is no answer to it. */
START_TEST(negotiator_that_is_gone)
{
	begin();
	ask_for(RIG_LATE, 1);
	ck_assert_ptr_nonnull(rig.k.identity);
	keeper_role_replace(&rig.k, ROLE_NEGOTIATOR);
	ck_assert_ptr_null(rig.k.identity);
	rig_end();
}
END_TEST

TCase *
keeper_identity_cases(void)
{
	TCase *t = tcase_create("identity");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, late_directory_stops_nobody);
	tcase_add_test(t, lookup_that_breaks);
	tcase_add_test(t, more_questions_than_programs);
	tcase_add_test(t, negotiator_that_is_gone);
	return t;
}
