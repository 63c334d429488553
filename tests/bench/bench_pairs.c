/* The tables of the plane: does a pair among 10,000 cost more than one among 10? */
#include <stdio.h>
#include <stdlib.h>

#include "daemon/plane.h"
#include "tests/bench/measure.h"

#define MANY 10000
#define FEW 10
#define SPI_FIRST 0x1000

/* Nobody listens. */
int
ipc_send(struct ipc *c, uint16_t type, const void *body, size_t n, int fd)
{
	(void)c;
	(void)type;
	(void)body;
	(void)n;
	(void)fd;
	return 0;
}

/* Nobody is behind a NAT here. */
void
plane_nat_keepalive(struct plane *p, struct pair *s)
{
	(void)p;
	(void)s;
}

struct bench {
	struct plane *many;
	struct plane *few;
	struct config config;
};

static void
need(bool ok)
{
	if (ok)
		return;
	fprintf(stderr, "bench: no memory\n");
	exit(1);
}

static struct flow
flow_of(uint32_t i)
{
	return (struct flow){
		.protocol = 6,
		.local = { { 4, { 10, 0, 0, 1 } }, 40000 },
		.remote = { { 4, { 10, (uint8_t)(i >> 16), (uint8_t)(i >> 8),
				     (uint8_t)i } },
		    443 },
	};
}

static void
add_pair(struct plane *p, uint32_t i)
{
	struct action_sa_add a = {
		.qm_id = i + 1,
		.class_id = 1,
		.protocol = 50,
		.spi = SPI_FIRST + i,
		.selector = flow_of(i),
		.integrity = HASH_SHA1,
		.integrity_key = { .n = hash_len_bytes(HASH_SHA1) },
		.replay_window = REPLAY_WINDOW_DEFAULT,
	};
	struct flow f = flow_of(i);
	struct plane_flow *flow;

	need(plane_sa_add(p, &a));
	a.inbound = true;
	need(plane_sa_add(p, &a));
	need((flow = plane_flow_get(p, 1, &f)) != NULL);
	plane_flow_set_pair(flow, plane_sa_for_flow(p, 1, &f));
}

static struct plane *
plane_begin(const struct config *c, uint32_t n)
{
	struct plane *p = calloc(1, sizeof(*p));

	need(p != NULL);
	p->config = c;
	p->seed = 1;
	TAILQ_INIT(&p->flow_age[false]);
	TAILQ_INIT(&p->flow_age[true]);
	for (uint32_t i = 0; i < n; i++)
		add_pair(p, i);
	return p;
}

static void
plane_end(struct plane *p)
{
	plane_sa_flush(p);
	plane_flow_free_all(p);
	free(p);
}

/* Part 0: finding, as for a packet in each direction; part 1: deleting. */
static void
run_plane(struct plane *p, uint32_t n_pairs, size_t n, double *part_s)
{
	while (n-- > 0) {
		uint32_t i = (uint32_t)n % n_pairs;
		struct flow f = flow_of(i);

		part_s[0] -= measure_cpu_s();
		need(plane_sa_by_spi(p, 50, SPI_FIRST + i) != NULL);
		need(plane_flow_find(p, 1, &f) != NULL);
		need(plane_sa_for_flow(p, 1, &f) != NULL);
		part_s[0] += measure_cpu_s();
		part_s[1] -= measure_cpu_s();
		plane_sa_delete(p, i + 1);
		part_s[1] += measure_cpu_s();
		add_pair(p, i);
	}
}

static void
run_many(void *ctx, size_t n, double *part_s)
{
	run_plane(((struct bench *)ctx)->many, MANY, n, part_s);
}

static void
run_few(void *ctx, size_t n, double *part_s)
{
	run_plane(((struct bench *)ctx)->few, FEW, n, part_s);
}

static void
print_us(double s, char *out, size_t cap)
{
	snprintf(out, cap, "%.2f us", s * 1e6);
}

int
main(void)
{
	static struct bench b;
	const struct measure m = {
		.part = { "plane: find a pair of 10,000; peer: of 10",
		    "plane: delete a pair of 10,000; peer: of 10" },
		.ours = run_many,
		.floor = run_few,
		.ctx = &b,
		.print = print_us,
	};

	b.many = plane_begin(&b.config, MANY);
	b.few = plane_begin(&b.config, FEW);
	measure_compare(&m, measure_budget_s() / 8);
	plane_end(b.many);
	plane_end(b.few);
	return 0;
}
