/* The world of traffic.h: planes that count, and packets that take their time. */
#include "tests/sim/traffic.h"

#include <check.h>
#include <string.h>

#include "tests/sim/check_sim.h"

#define PACKET_BYTES 1000
#define RECENT_MS 60000 /* as in daemon/plane_sa.c */
#define AGAIN_MS 30000
#define MAX_PAIRS 5
#define MAX_MM 8

static const struct dialect dialect = DIALECT_DEFAULT;

struct traffic_world world;

static void arrived(void *ctx, size_t host, const uint8_t *p, size_t n);

void
traffic_prepare(uint64_t seed, uint32_t qm_lifetime_s, uint32_t mm_lifetime_s)
{
	memset(&world, 0, sizeof(world));
	sim_init(&net, seed);
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		struct policy *p = &net.host[i].policy;

		for (uint32_t k = 0; k < p->n_qm_proposal; k++)
			p->qm_proposal[k].lifetime_s = qm_lifetime_s;
		for (uint32_t k = 0; k < p->n_mm_proposal; k++)
			p->mm_proposal[k].lifetime_s = mm_lifetime_s;
		world.flow[i] = (struct flow){ 6, sim_endpoint(i, 1, 4, i == 0 ? 50000 : 80),
			sim_endpoint(1 - i, 1, 4, i == 0 ? 80 : 50000) };
	}
	world.step_s = world.packets = 1;
	net.data = arrived;
}

void
traffic_acquire(void)
{
	if (net.host[0].n_result == world.ticket)
		sim_acquire(&net, 0, ++world.ticket, 4, 80);
}

void
traffic_begin(uint64_t seed, uint32_t qm_lifetime_s, uint32_t mm_lifetime_s)
{
	traffic_prepare(seed, qm_lifetime_s, mm_lifetime_s);
	sim_start(&net, &dialect, &dialect);
	traffic_acquire();
	ck_assert(sim_run_results(&net, 0, 1, 5000));
	sim_run(&net, 1000);
}

/* What travels: the SA that sealed it. */
struct sealed {
	uint64_t sent_ms;
	struct action_sa_add by;
};

static void
count_packet(struct sim_host *h, struct sim_sa *sa)
{
	struct sim_sa *other = sim_other_direction(h, sa);

	sa->bytes += PACKET_BYTES;
	sa->used_ms = net.now_ms;
	if (other != NULL)
		other->used_ms = net.now_ms;
}

/* At its destination: whoever cannot open it now has lost it. */
static void
arrived(void *ctx, size_t host, const uint8_t *p, size_t n)
{
	static struct sim_sa by;
	struct sealed packet;
	struct sim_sa *in;

	(void)ctx;
	SIM_ASSERT(n == sizeof(packet));
	memcpy(&packet, p, sizeof(packet));
	by.add = packet.by;
	if ((in = sim_opens(&net, 1 - host, &by)) == NULL) {
		world.n_lost++;
		return;
	}
	world.n_arrived++;
	world.last_ms[host] = net.now_ms;
	count_packet(&net.host[host], in);
}

static void
send_one(size_t from)
{
	struct sim_host *h = &net.host[from];
	struct sim_sa *sa = sim_newest(h, &world.flow[from]);
	struct sealed packet;

	world.n_sent++;
	if (sa == NULL) {
		world.n_unsent++;
		if (from == 0)
			traffic_acquire();
		return;
	}
	count_packet(h, sa);
	packet.sent_ms = net.now_ms;
	packet.by = sa->add;
	sim_data_send(&net, from, span_of((const uint8_t *)&packet, sizeof(packet)));
}

void
traffic_say(size_t host, uint32_t qm_id, enum engine_expiry why)
{
	engine_qm_expired(net.host[host].engine, net.now_ms, qm_id, why);
	sim_flush(&net);
}

/* The first SA whose plane has something to say about it now. */
static struct sim_sa *
find_expired(struct sim_host *h, enum engine_expiry *why)
{
	for (struct sim_sa *sa = h->sa; sa != NULL; sa = sa->next) {
		const struct action_sa_add *a = &sa->add;

		*why = EXPIRY_BYTES;
		if (a->lifetime_bytes != 0 && sa->bytes >= a->lifetime_bytes)
			return sa;
		*why = EXPIRY_SOFT;
		if (net.now_ms < sa->again_ms || sa->used_ms == 0 || world.is_deaf[h->index])
			continue;
		if (a->soft_bytes != 0 && sa->bytes >= a->soft_bytes)
			return sa;
		if (net.now_ms >= sa->since_ms + a->soft_ms &&
		    net.now_ms < sa->used_ms + RECENT_MS)
			return sa;
	}
	return NULL;
}

static void
play_plane(struct sim_host *h)
{
	enum engine_expiry why;
	struct sim_sa *sa;

	while ((sa = find_expired(h, &why)) != NULL) {
		sa->again_ms = net.now_ms + AGAIN_MS;
		if (why == EXPIRY_BYTES)
			sa->add.lifetime_bytes = 0; /* it is told once */
		traffic_say(h->index, sa->add.qm_id, why);
	}
}

void
traffic_play_planes(void)
{
	play_plane(&net.host[0]);
	play_plane(&net.host[1]);
}

/* How long nothing has come through, in the worse direction. */
static void
look_at_gap(void)
{
	uint64_t last = world.last_ms[0] < world.last_ms[1] ? world.last_ms[0] : world.last_ms[1];

	world.gap_s = (uint32_t)((net.now_ms - last) / 1000);
	if (world.gap_s <= world.step_s)
		world.gap_s = 0;
	if (world.gap_s > world.longest_gap_s)
		world.longest_gap_s = world.gap_s;
}

/* The packets are spread over the step, at any millisecond. */
void
traffic_step(void)
{
	uint64_t end = net.now_ms + world.step_s * 1000;

	for (uint32_t n = 0; n < world.packets; n++) {
		sim_run(&net, sim_random(&net) % (world.step_s * 1000 / world.packets));
		send_one(0);
		send_one(1);
	}
	traffic_play_planes();
	sim_run(&net, end - net.now_ms);
	look_at_gap();
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		SIM_ASSERT(sim_count_qm(&net, i) <= MAX_PAIRS);
		SIM_ASSERT(sim_count_mm(&net, i) <= MAX_MM);
	}
}

void
traffic_run(uint32_t seconds)
{
	for (uint32_t s = 0; s < seconds; s += world.step_s)
		traffic_step();
}

/* Nothing was lost, and nobody had to wait. */
void
traffic_expect_no_gap(void)
{
	ck_assert_uint_eq(world.n_lost, 0);
	ck_assert_uint_eq(world.n_unsent, 0);
	ck_assert_uint_eq(world.ticket, 1);
}

static bool
keep_rekeys(void *ctx, const struct engine_qm_status *s)
{
	uint32_t *n = ctx;

	if (s->n_rekeys > *n)
		*n = s->n_rekeys;
	return true;
}

uint32_t
traffic_rekeys(size_t host)
{
	uint32_t n = 0;

	engine_walk_qm(net.host[host].engine, net.now_ms, keep_rekeys, &n);
	return n;
}

/* After a good while with a good network: one pair, known to both. */
void
traffic_expect_one_pair(void)
{
	net.loss_pct = net.dup_pct = net.jitter_ms = 0;
	net.tap = NULL;
	for (int s = 0; s < 600 && (s < 200 || net.host[0].n_sa + net.host[1].n_sa != 4); s++)
		traffic_step();
	ck_assert_uint_eq(net.host[0].n_sa, 2);
	ck_assert_uint_eq(net.host[1].n_sa, 2);
	ck_assert(sim_sas_agree(&net));
	ck_assert_uint_eq(world.gap_s, 0);
}

