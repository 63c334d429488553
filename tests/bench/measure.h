/*
 * Measuring by comparison: ours and a floor run alternately, and the table shows their
 * ratio, which survives a busy or slow machine better than any time does.
 */
#ifndef AUTHIPD_TESTS_BENCH_MEASURE_H
#define AUTHIPD_TESTS_BENCH_MEASURE_H

#include <stddef.h>

#define MEASURE_ROUNDS 9
/* What one operation is made of: initiator and responder, or seal and open. */
#define MEASURE_PARTS 2

/* Does n operations; adds the seconds of CPU time that each part took. */
typedef void measure_run(void *ctx, size_t n, double *part_s);

struct measure {
	const char *part[MEASURE_PARTS]; /* what to print, one row each */
	measure_run *ours;
	measure_run *floor;
	void *ctx;
	/* Prints the seconds of one operation in a unit that fits. */
	void (*print)(double s, char *out, size_t cap);
};

/* Takes about `seconds` and prints the rows. */
void measure_compare(const struct measure *m, double seconds);
/* Seconds of CPU time per operation and part, without a comparison. */
void measure_alone(measure_run *run, void *ctx, double seconds, double *part_s);
/* One row: fields with tabs between, for bench.sh. spread < 0: none. */
void measure_row(
    const char *what, const char *ours, const char *floor, double ratio, double spread);

/* Seconds that this program may take: BENCH_SECONDS, or the default. */
double measure_budget_s(void);
/* CPU time of this thread, in seconds. */
double measure_cpu_s(void);
double measure_median(double *v, size_t n);
/* Quartile distance in parts of the median. Sorts v, as measure_median() does. */
double measure_spread(double *v, size_t n);

#endif
