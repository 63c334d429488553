/* SAs as users see them, where they have many sockets. */
#include <stdlib.h>

#include "daemon/class_table.h"
#include "daemon/wfp_socket.h"
#include "tests/sim/simnet.h"
#include "tests/unit/wfp_rig.h"

#define SOCKETS 50
#define PORT 7000

static struct simnet net;
static struct wfp_session *session;
static struct wfp_socket list[SOCKETS];
static struct wfp_sockets sockets = { list, SOCKETS, SOCKETS, false };

static void
on_reply(void *ctx, const struct wfp_answer *a)
{
	(void)ctx;
	ck_assert_uint_eq(a->error, 0);
}

/* A pair for UDP to PORT of the other host. */
static void
make_pair(void)
{
	static const struct dialect d = DIALECT_DEFAULT;
	struct engine_acquire a = { .ticket = 1 };

	sim_init_dialect(&net, 1, &d);
	rig.n.engine = net.host[0].engine;
	a.selector =
	    (struct flow){ 17, sim_endpoint(0, 1, 4, 0), sim_endpoint(1, 1, 4, PORT) };
	a.policy = net.host[0].class;
	engine_acquire(rig.n.engine, net.now_ms, &a);
	ck_assert(sim_run_results(&net, 0, 1, 5000));
	sim_run(&net, 1000);
	rig.now_ms = net.now_ms;
}

/* Sockets of the class of that pair, without a peer. */
static void
setup(void)
{
	struct aip_api_engine open = { .format = AIP_API_ENGINE_FORMAT };
	struct wfp_caller who = { .uid = 1000 };
	uint8_t body[512];
	FWPM_SESSION0 asked = { 0 };
	size_t n = sizeof(open);

	rig_setup();
	rig.n.wfp = wfp_new(&rig.n);
	make_pair();
	for (uint32_t i = 0; i < SOCKETS; i++)
		list[i] = (struct wfp_socket){ .registration = i + 1,
			.cookie = 100 + i,
			.class_id = net.host[0].class.class_id,
			.family = 4,
			.flow = { .protocol = 17, .local.port = (uint16_t)(8000 + i) } };
	memcpy(body, &open, n);
	n += wfp_encode(&wfp_session_type, &asked, body + n, sizeof(body) - n);
	session = wfp_session_open(rig.n.wfp, &who, span_of(body, n), on_reply, NULL);
	ck_assert_ptr_nonnull(session);
}

static void
teardown(void)
{
	wfp_session_free(session);
	wfp_free(rig.n.wfp);
	sim_free(&net);
	rig_teardown();
}

/* The memory for that is the user's to fill: not with one entry for each socket and pair. */
START_TEST(main_modes_are_seen_once)
{
	struct wfp_seen_list seen;

	wfp_main_modes_seen(session, &sockets, &seen);
	ck_assert_uint_eq(seen.n, 1);
	ck_assert_ptr_nonnull(wfp_main_mode_is_seen(&seen, seen.list[0].mm_id));
	ck_assert_uint_eq(seen.list[0].cookie, 100);
	free(seen.list);
}
END_TEST

void
wfp_sa_tests(Suite *s)
{
	TCase *t = tcase_create("sas");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, main_modes_are_seen_once);
	suite_add_tcase(s, t);
}
