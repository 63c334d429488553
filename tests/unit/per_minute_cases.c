/* So many times in a minute, whenever it begins: soon after the host booted, too. */
#include "daemon/per_minute.h"
#include "tests/unit/check_keeper.h"

#define LIMIT 5

/* The sixth within a minute is refused; _i: the uptime of the host at the first. */
START_TEST(sixth_in_a_minute)
{
	struct per_minute m = { 0 };

	for (int64_t n = 0; n < LIMIT; n++)
		ck_assert(per_minute_take(&m, LIMIT, _i + n));
	ck_assert(!per_minute_take(&m, LIMIT, _i + LIMIT));
	ck_assert(!per_minute_take(&m, LIMIT, _i + 59));
	ck_assert(per_minute_take(&m, LIMIT, _i + 60)); /* the first is too long ago */
	ck_assert(!per_minute_take(&m, LIMIT, _i + 60));
}
END_TEST

/* One earlier does not let twice as many through a minute later. */
START_TEST(minute_slides)
{
	struct per_minute m = { 0 };

	ck_assert(per_minute_take(&m, LIMIT, 100));
	for (int64_t n = 0; n < LIMIT - 1; n++)
		ck_assert(per_minute_take(&m, LIMIT, 158));
	ck_assert(per_minute_take(&m, LIMIT, 161));
	ck_assert(!per_minute_take(&m, LIMIT, 162));
}
END_TEST

/* What happens less often is never refused. */
START_TEST(slow_enough)
{
	struct per_minute m = { 0 };

	for (int64_t n = 0; n < 1000; n++)
		ck_assert(per_minute_take(&m, PER_MINUTE_MAX, n));
}
END_TEST

TCase *
keeper_minute_cases(void)
{
	TCase *t = tcase_create("keeper minute");

	tcase_add_loop_test(t, sixth_in_a_minute, 0, 120);
	tcase_add_test(t, minute_slides);
	tcase_add_test(t, slow_enough);
	return t;
}
