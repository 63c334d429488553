/* The anti-replay window. */
#include <string.h>

#include "crypto/replay.h"
#include "tests/unit/check_esp.h"

static const uint32_t windows[] = { 32, 64, 65, 128, 1000, 1024, 2048, 4095, 4096,
	9999 };
#define WINDOW_COUNT 10

START_TEST(window_is_rounded_up_and_bounded)
{
	static const uint32_t want[] = { 64, 64, 128, 128, 1024, 1024, 2048, 4096, 4096,
		4096 };
	struct replay r;

	replay_init(&r, windows[_i]);
	ck_assert_uint_eq(r.window, want[_i]);
	replay_init(&r, 0);
	ck_assert_uint_eq(r.window, 64);
	replay_init(&r, UINT32_MAX);
	ck_assert_uint_eq(r.window, REPLAY_WINDOW_MAX);
}
END_TEST

START_TEST(zero_is_never_valid)
{
	struct replay r;

	replay_init(&r, windows[_i]);
	ck_assert(!replay_check(&r, 0));
	ck_assert(!replay_update(&r, 0));
	ck_assert(replay_update(&r, 1));
	ck_assert(!replay_check(&r, 0));
}
END_TEST

START_TEST(first_packet_may_have_any_number)
{
	static const uint64_t first[] = { 1, 2, 63, 64, 65, 4096, 70000, UINT32_MAX };
	struct replay r;

	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
		replay_init(&r, windows[_i]);
		ck_assert(replay_check(&r, first[i]));
		ck_assert(replay_update(&r, first[i]));
		ck_assert(!replay_check(&r, first[i]));
		ck_assert(!replay_update(&r, first[i]));
		ck_assert(replay_check(&r, first[i] + 1));
	}
}
END_TEST

START_TEST(check_alone_records_nothing)
{
	struct replay r, before;

	replay_init(&r, windows[_i]);
	ck_assert(replay_update(&r, 100));
	before = r;
	ck_assert(replay_check(&r, 99));
	ck_assert(replay_check(&r, 5000));
	ck_assert_mem_eq(&r, &before, sizeof(r));
}
END_TEST

START_TEST(left_edge)
{
	struct replay r;

	replay_init(&r, windows[_i]);
	ck_assert(replay_update(&r, 10000));
	ck_assert(replay_check(&r, 10000 - r.window + 1));
	ck_assert(!replay_check(&r, 10000 - r.window));
	ck_assert(!replay_update(&r, 10000 - r.window));
	ck_assert(replay_update(&r, 10000 - r.window + 1));
	ck_assert(!replay_update(&r, 10000 - r.window + 1));
	ck_assert(replay_update(&r, 10001));
	ck_assert(!replay_check(&r, 10001 - r.window));
}
END_TEST

START_TEST(whole_window_backwards_then_duplicates)
{
	struct replay r;
	uint64_t top = 20000, left;

	replay_init(&r, windows[_i]);
	left = top - r.window + 1;
	for (uint64_t seq = top; seq >= left; seq--)
		require(replay_update(&r, seq), "%lu refused", (unsigned long)seq);
	for (uint64_t seq = left; seq <= top; seq++)
		require(
		    !replay_update(&r, seq), "%lu accepted again", (unsigned long)seq);
}
END_TEST

/* After a jump, nothing that was marked before may be taken for a mark of now. */
START_TEST(jump_leaves_no_old_marks)
{
	static const uint64_t jumps[] = { 1, 63, 64, 65, 127, 1023, 4032, 4096, 4159,
		4160, 4161, 8320, 100000, UINT64_C(1) << 40 };
	struct replay r;

	for (size_t i = 0; i < sizeof(jumps) / sizeof(jumps[0]); i++) {
		uint64_t top = 5000 + jumps[i];

		replay_init(&r, windows[_i]);
		for (uint64_t seq = 1; seq <= 5000; seq++)
			require(
			    replay_update(&r, seq), "%lu refused", (unsigned long)seq);
		require(replay_update(&r, top), "jump by %lu", (unsigned long)jumps[i]);
		for (uint64_t seq = top - r.window + 1; seq < top; seq++)
			require(replay_check(&r, seq) == (seq > 5000),
			    "jump by %lu: %lu wrong", (unsigned long)jumps[i],
			    (unsigned long)seq);
	}
}
END_TEST

#define MODEL_SPAN 30000

/* Random order against a plain array that remembers everything. */
START_TEST(random_order_against_a_model)
{
	static bool seen[MODEL_SPAN + 9000];
	uint32_t random = 12345u + (uint32_t)_i;
	uint64_t highest = 0;
	struct replay r;

	replay_init(&r, windows[_i]);
	for (uint64_t base = 1; base < MODEL_SPAN; base++) {
		uint64_t seq;
		bool want;

		random = random * 1664525 + 1013904223;
		seq = base + (random >> 16) % (random >> 12 & 1 ? 100 : 8999);
		if ((random >> 13 & 63) != 0 && seq > highest + 50)
			seq = base;
		want = seq > highest || (highest - seq < r.window && !seen[seq]);
		require(
		    replay_check(&r, seq) == want, "check of %lu", (unsigned long)seq);
		require(replay_update(&r, seq) == want, "update of %lu",
		    (unsigned long)seq);
		if (want)
			seen[seq] = true;
		if (seq > highest)
			highest = seq;
	}
}
END_TEST

START_TEST(top_of_the_number_space)
{
	struct replay r;

	replay_init(&r, windows[_i]);
	ck_assert(replay_update(&r, UINT64_MAX - 1));
	ck_assert(replay_update(&r, UINT64_MAX));
	ck_assert(!replay_update(&r, UINT64_MAX));
	ck_assert(replay_update(&r, UINT64_MAX - 63));
	ck_assert(!replay_update(&r, UINT64_MAX - r.window));
	ck_assert(!replay_update(&r, 1));
}
END_TEST

void
esp_replay_tests(Suite *s)
{
	TCase *t = tcase_create("replay");

	tcase_add_loop_test(t, window_is_rounded_up_and_bounded, 0, WINDOW_COUNT);
	tcase_add_loop_test(t, zero_is_never_valid, 0, WINDOW_COUNT);
	tcase_add_loop_test(t, first_packet_may_have_any_number, 0, WINDOW_COUNT);
	tcase_add_loop_test(t, check_alone_records_nothing, 0, WINDOW_COUNT);
	tcase_add_loop_test(t, left_edge, 0, WINDOW_COUNT);
	tcase_add_loop_test(t, whole_window_backwards_then_duplicates, 0, WINDOW_COUNT);
	tcase_add_loop_test(t, jump_leaves_no_old_marks, 0, WINDOW_COUNT);
	tcase_add_loop_test(t, random_order_against_a_model, 0, WINDOW_COUNT);
	tcase_add_loop_test(t, top_of_the_number_space, 0, WINDOW_COUNT);
	suite_add_tcase(s, t);
}
