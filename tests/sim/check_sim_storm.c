/*
 * Thousands of whole negotiations while the network loses, doubles and reorders, clocks jump
 * and auth roles crash, all at once. A seed is one world; SIM_SEED=n runs that one alone,
 * and SIM_TRACE=1 tells what happens in it.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "tests/sim/storm.h"

#define BLOCKS 40
#define WORLDS 50 /* in a block */
#define ASK_MAX 3
#define MINUTE_MS 60000
#define HOUR_MS (60 * MINUTE_MS)

/* The world that runs, known to the process that waits for the test: it may crash. */
static uint64_t *running;

/* What a block of worlds has seen. */
static struct {
	size_t n_asked;
	size_t n_established;
	size_t n_crashes;
	size_t n_jumps;
} sum;

static void
expect(const struct storm *s)
{
	ck_assert_msg(s->broken[0] == '\0', "SIM_SEED=%llu: %s", (unsigned long long)s->seed,
	    s->broken);
}

/*
 * It is calm: whoever asks gets what the policies allow, and both have the same keys. Each may
 * first have to notice that a main mode of the storm is one that its peer has forgotten.
 */
static void
ask_again(struct storm *s, size_t host)
{
	const struct storm_ticket *t = NULL;

	for (int i = 0; i < ASK_MAX && (t == NULL || t->error != IKE_OK); i++) {
		t = &s->ticket[host][storm_acquire(s, host)];
		for (int k = 0; k < 10 && t->n_results == 0; k++)
			sim_run(&s->net, MINUTE_MS);
	}
	ck_assert_msg(t->n_results == 1 && (t->error == IKE_OK) == !s->is_impossible,
	    "SIM_SEED=%llu: host %zu asks when it is calm: %u, %s",
	    (unsigned long long)s->seed, host, t->n_results, s->net.host[host].result.text);
	sim_run(&s->net, 5000);
}

static void
one_world(uint64_t seed)
{
	static struct storm s;

	*running = seed;
	storm_begin(&s, seed, getenv("SIM_TRACE") != NULL);
	storm_rage(&s);
	sum.n_asked += s.n_ticket[0] + s.n_ticket[1];
	sum.n_established += s.n_established;
	sum.n_crashes += s.n_crashes;
	sum.n_jumps += s.n_jumps;
	storm_calm(&s, 10 * MINUTE_MS);
	storm_look(&s);
	expect(&s);
	ask_again(&s, 0);
	if (s.net.nat[0].first == 0) /* who is outside cannot begin */
		ask_again(&s, 1);
	expect(&s);
	/* Nothing lives longer than its lifetime. */
	sim_run(&s.net, 3 * HOUR_MS);
	storm_look(&s);
	for (size_t i = 0; i < SIM_HOSTS; i++)
		if (s.net.host[i].n_sa + sim_count_mm(&s.net, i) + sim_count_qm(&s.net, i) != 0)
			snprintf(s.broken, sizeof(s.broken), "host %zu: something lives for ever",
			    i);
	expect(&s);
	storm_end(&s);
	*running = 0;
}

START_TEST(every_fault_at_once)
{
	const char *only = getenv("SIM_SEED");
	uint64_t first = (uint64_t)_i * WORLDS + 1;

	if (only != NULL) {
		if (_i == 0)
			one_world(strtoull(only, NULL, 10));
		return;
	}
	for (uint64_t seed = first; seed < first + WORLDS; seed++)
		one_world(seed);
	/* The worlds are what they are meant to be. */
	ck_assert_uint_ge(sum.n_asked, WORLDS * 4);
	ck_assert_uint_ge(sum.n_established, sum.n_asked / 6);
	ck_assert_uint_ge(sum.n_crashes, WORLDS);
	ck_assert_uint_ge(sum.n_jumps, WORLDS);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("storm");
	TCase *t = tcase_create("storm");
	SRunner *r = srunner_create(suite);
	int failed;

	running = mmap(NULL, sizeof(*running), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (running == MAP_FAILED)
		return EXIT_FAILURE;
	tcase_set_timeout(t, 600);
	tcase_add_loop_test(t, every_fault_at_once, 0, BLOCKS);
	suite_add_tcase(suite, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	if (failed != 0 && *running != 0)
		printf("the last world was SIM_SEED=%llu\n", (unsigned long long)*running);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
