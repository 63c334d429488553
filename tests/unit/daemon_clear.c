/* Flows in clear text: events, counters, and peers that do not speak IKE. */
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "daemon/status_json.h"
#include "tests/sim/sim_tap.h"
#include "tests/unit/check_daemon.h"

static struct simnet net;
static int plane; /* its end of the channel */
static struct action_event last;
static size_t n_events;

static void
take_events(struct negotiator *n)
{
	const struct engine_action *a;

	while ((a = engine_next_action(n->engine)) != NULL)
		if (a->type == ACTION_EVENT && (a->event.type == EVENT_FLOW_CLEAR ||
						   a->event.type == EVENT_CLEAR_FALLBACK)) {
			last = a->event;
			n_events++;
		}
}

static void
setup(void)
{
	static const struct dialect d = DIALECT_DEFAULT;

	rig_setup();
	sim_init_dialect(&net, 1, &d);
	rig.n.engine = net.host[0].engine;
	rig.now_ms = net.now_ms;
	n_events = 0;
	plane = rig_plane_begin();
	ck_assert(nego_clear_new(&rig.n));
}

static void
teardown(void)
{
	nego_clear_free(&rig.n);
	rig_plane_end(plane);
	sim_free(&net);
	rig_teardown();
}

/* Messages of this type that the plane got. */
static size_t
heard(uint16_t type)
{
	uint8_t frame[4096];
	uint16_t got;
	size_t n = 0;

	while (recv(plane, frame, sizeof(frame), MSG_DONTWAIT) > 0) {
		memcpy(&got, frame, sizeof(got));
		n += got == type;
	}
	return n;
}

static struct waiter waiting;

static void
wait_for(const struct endpoint *peer)
{
	waiting = (struct waiter){ .is_plane = true,
		.class_id = CLASS_INSECURE,
		.flow = { .protocol = 6, .local = sim_endpoint(0, 1, 4, 40000),
		    .remote = *peer },
		.fallback_ms = rig.now_ms + nego_clear_patience_ms(&rig.n, CLASS_INSECURE) };
	waiting.flow.remote.port = 80;
	TAILQ_INSERT_TAIL(&rig.n.waiters, &waiting, next);
	nego_clear_arm(&rig.n);
}

static void
later(uint64_t ms)
{
	rig.now_ms += ms;
	nego_clear_arm(&rig.n);
	rig_turn();
	take_events(&rig.n);
}

START_TEST(patience_is_of_the_policy)
{
	ck_assert_uint_eq(nego_clear_patience_ms(&rig.n, CLASS_INSECURE), 500);
	ck_assert_uint_eq(nego_clear_patience_ms(&rig.n, CLASS_DEFAULT), 0);
	ck_assert_uint_eq(nego_clear_patience_ms(&rig.n, CLASS_ENCRYPT), 0);
	ck_assert_uint_eq(nego_clear_patience_ms(&rig.n, CLASS_MAX), 0);
}
END_TEST

/* Nobody answers: after 500 ms, once. */
START_TEST(no_answer_falls_back)
{
	struct endpoint peer = sim_endpoint(1, 1, 4, 500);
	json_t *s, *c;

	sim_acquire(&net, 0, 1, 4, 80);
	take_events(&rig.n);
	wait_for(&peer);
	later(499);
	ck_assert_uint_eq(n_events + heard(PROTO_CLEAR_NOW), 0);
	later(1);
	ck_assert_uint_eq(heard(PROTO_CLEAR_NOW), 1);
	ck_assert_uint_eq(n_events, 1);
	ck_assert_int_eq(last.type, EVENT_CLEAR_FALLBACK);
	ck_assert_ptr_nonnull(strstr(last.text, "does not speak IKE: no answer for 500 ms"));
	ck_assert_uint_eq(last.remote.port, 80);
	later(10000);
	ck_assert_uint_eq(n_events + heard(PROTO_CLEAR_NOW), 1);
	s = status_json(&rig.n);
	c = json_object_get(s, "clear_flows");
	ck_assert_int_eq(json_integer_value(json_object_get(c, "fallbacks")), 1);
	json_decref(s);
}
END_TEST

/* Whoever has answered anything speaks IKE: the negotiation decides. */
START_TEST(an_answer_is_waited_for)
{
	struct endpoint peer = sim_endpoint(1, 1, 4, 500);

	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(!engine_peer_speaks(net.host[0].engine, &peer.addr));
	sim_run(&net, 15); /* there and back */
	ck_assert(engine_peer_speaks(net.host[0].engine, &peer.addr));
	ck_assert(engine_peer_speaks(net.host[1].engine, &(struct address){ 0 }) == false);
	wait_for(&peer);
	later(500);
	ck_assert_uint_eq(n_events + heard(PROTO_CLEAR_NOW), 0);
}
END_TEST

/* A peer that stopped, as it said, is known no more: it is waited for as one that never spoke. */
START_TEST(who_has_stopped_falls_back)
{
	struct endpoint peer = sim_endpoint(1, 1, 4, 500);

	sim_acquire(&net, (size_t)_i, 1, 4, 80);
	ck_assert(sim_run_results(&net, (size_t)_i, 1, 5000));
	sim_run(&net, 1000);
	engine_shutdown(net.host[1].engine, net.now_ms);
	sim_run(&net, 500);
	net.tap = lose_all;
	sim_acquire(&net, 0, 2, 4, 81);
	wait_for(&peer);
	later(499);
	ck_assert_uint_eq(n_events + heard(PROTO_CLEAR_NOW), 0);
	later(1);
	ck_assert_uint_eq(n_events, 1);
	ck_assert_uint_eq(heard(PROTO_CLEAR_NOW), 1);
}
END_TEST

/* It just stopped, and a main mode that it began is there: until it does not answer any more. */
START_TEST(who_stops_to_answer_falls_back)
{
	struct endpoint peer = sim_endpoint(1, 1, 4, 500);

	sim_acquire(&net, 1, 1, 4, 80);
	ck_assert(sim_run_results(&net, 1, 1, 5000));
	sim_run(&net, 1000);
	net.tap = lose_all;
	sim_acquire(&net, 0, 2, 4, 81);
	wait_for(&peer);
	later(500);
	sim_run(&net, 500);
	ck_assert_uint_eq(n_events + heard(PROTO_CLEAR_NOW), 0);
	sim_run(&net, 2000); /* it was asked again */
	later(1000);
	ck_assert_uint_eq(n_events, 1);
	ck_assert_uint_eq(heard(PROTO_CLEAR_NOW), 1);
	later(10000);
	ck_assert_uint_eq(n_events + heard(PROTO_CLEAR_NOW), 1);
}
END_TEST

/* With the kernel's IPsec, too, it is said once that nothing waits any more. */
START_TEST(the_kernel_is_told)
{
	struct endpoint peer = sim_endpoint(1, 1, 4, 500);

	rig.config.backend = BACKEND_KERNEL;
	sim_acquire(&net, 0, 1, 4, 80);
	wait_for(&peer);
	later(500);
	ck_assert_uint_eq(n_events, 1);
	ck_assert_uint_eq(heard(PROTO_CLEAR_NOW), 1);
}
END_TEST

START_TEST(each_flow_is_an_event)
{
	struct proto_flow_clear c = { .class_id = CLASS_INSECURE, .why = (uint32_t)_i,
		.untold = 7,
		.flow = { .protocol = 17, .local = sim_endpoint(0, 1, 4, 5000),
		    .remote = sim_endpoint(1, 1, 4, 53) } };

	rig.pump = take_events;
	nego_clear_flow(&rig.n, &c);
	ck_assert_uint_eq(n_events, 1);
	ck_assert_int_eq(last.type, EVENT_FLOW_CLEAR);
	ck_assert_ptr_eq(strstr(last.text, "udp 10.0.0.1:5000 -> "), last.text);
	ck_assert_ptr_nonnull(strstr(last.text, "in clear"));
	ck_assert_uint_eq(rig.n.clear_flows[_i], 8);
	c.why = CLEAR_REASON_COUNT; /* no such */
	nego_clear_flow(&rig.n, &c);
	ck_assert_uint_eq(n_events, 1);
}
END_TEST

void
daemon_clear_tests(Suite *s)
{
	TCase *t = tcase_create("clear");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, patience_is_of_the_policy);
	tcase_add_test(t, no_answer_falls_back);
	tcase_add_test(t, an_answer_is_waited_for);
	tcase_add_loop_test(t, who_has_stopped_falls_back, 0, 2);
	tcase_add_test(t, who_stops_to_answer_falls_back);
	tcase_add_test(t, the_kernel_is_told);
	tcase_add_loop_test(t, each_flow_is_an_event, 0, CLEAR_REASON_COUNT);
	suite_add_tcase(s, t);
}
