/* Measuring by comparison. */
#include "tests/bench/measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define DEFAULT_SECONDS 6

double
measure_budget_s(void)
{
	const char *s = getenv("BENCH_SECONDS");
	double v = s != NULL ? strtod(s, NULL) : 0;

	return v > 0 ? v : DEFAULT_SECONDS;
}

double
measure_cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int
compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double
measure_median(double *v, size_t n)
{
	qsort(v, n, sizeof(*v), compare_doubles);
	return n % 2 != 0 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

double
measure_spread(double *v, size_t n)
{
	double median = measure_median(v, n);

	return (v[n - 1 - n / 4] - v[n / 4]) / median;
}

void
measure_row(
    const char *what, const char *ours, const char *floor, double ratio, double spread)
{
	printf("%s\t%s\t%s\t", what, ours, floor);
	if (ratio > 0)
		printf("%.2f\t", ratio);
	else
		printf("-\t");
	if (spread >= 0)
		printf("%.0f%%\n", spread * 100);
	else
		printf("-\n");
	fflush(stdout);
}

/* Runs n times and returns the sum of the parts; part_s is per operation. */
static double
run_once(measure_run *run, void *ctx, size_t n, double *part_s)
{
	double sum = 0;

	for (size_t i = 0; i < MEASURE_PARTS; i++)
		part_s[i] = 0;
	run(ctx, n, part_s);
	for (size_t i = 0; i < MEASURE_PARTS; i++) {
		sum += part_s[i];
		part_s[i] /= (double)n;
	}
	return sum;
}

/* How many operations fill a slice of time; also warms caches and tables up. */
static size_t
calibrate(measure_run *run, void *ctx, double slice_s)
{
	double part_s[MEASURE_PARTS], s = 0;
	size_t n = 1;

	while ((s = run_once(run, ctx, n, part_s)) < slice_s / 4)
		n *= 2;
	n = (size_t)((double)n * slice_s / s);
	return n > 0 ? n : 1;
}

void
measure_alone(measure_run *run, void *ctx, double seconds, double *part_s)
{
	double v[MEASURE_PARTS][MEASURE_ROUNDS], one[MEASURE_PARTS];
	size_t n = calibrate(run, ctx, seconds / (MEASURE_ROUNDS + 1));

	for (size_t r = 0; r < MEASURE_ROUNDS; r++) {
		run_once(run, ctx, n, one);
		for (size_t i = 0; i < MEASURE_PARTS; i++)
			v[i][r] = one[i];
	}
	for (size_t i = 0; i < MEASURE_PARTS; i++)
		part_s[i] = measure_median(v[i], MEASURE_ROUNDS);
}

static void
print_part(const struct measure *m, const char *what, double *ours, double *floor,
    double *ratio)
{
	char a[64], b[64];

	m->print(measure_median(ours, MEASURE_ROUNDS), a, sizeof(a));
	m->print(measure_median(floor, MEASURE_ROUNDS), b, sizeof(b));
	measure_row(what, a, b, measure_median(ratio, MEASURE_ROUNDS),
	    measure_spread(ratio, MEASURE_ROUNDS));
}

void
measure_compare(const struct measure *m, double seconds)
{
	double ours[MEASURE_PARTS][MEASURE_ROUNDS],
	    floor[MEASURE_PARTS][MEASURE_ROUNDS];
	double ratio[MEASURE_PARTS][MEASURE_ROUNDS];
	double a[MEASURE_PARTS], b[MEASURE_PARTS];
	double slice_s = seconds / (2 * (MEASURE_ROUNDS + 1));
	size_t n_ours = calibrate(m->ours, m->ctx, slice_s);
	size_t n_floor = calibrate(m->floor, m->ctx, slice_s);

	for (size_t r = 0; r < MEASURE_ROUNDS; r++) {
		run_once(m->ours, m->ctx, n_ours, a);
		run_once(m->floor, m->ctx, n_floor, b);
		for (size_t i = 0; i < MEASURE_PARTS; i++) {
			ours[i][r] = a[i];
			floor[i][r] = b[i];
			ratio[i][r] = a[i] / b[i];
		}
	}
	for (size_t i = 0; i < MEASURE_PARTS; i++)
		print_part(m, m->part[i], ours[i], floor[i], ratio[i]);
}
