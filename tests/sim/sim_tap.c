/* One packet of a run is lost, damaged or copied. */
#include "tests/sim/sim_tap.h"

#include <string.h>

bool
lose_all(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	(void)ctx;
	(void)from;
	(void)p;
	(void)n;
	return false;
}

bool
lose_nth(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	struct nth *t = ctx;

	(void)from;
	(void)p;
	(void)n;
	return t->seen++ != t->n;
}

bool
flip_nth(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	struct nth *t = ctx;

	(void)from;
	if (t->seen++ == t->n)
		p[(size_t)t->bit / 8 % *n] ^= (uint8_t)(1 << t->bit % 8);
	return true;
}

bool
copy_nth(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	struct nth *t = ctx;

	if (t->seen++ == t->n) {
		t->copy_from = from;
		t->copy_n = *n;
		memcpy(t->copy, p, *n);
	}
	return true;
}
