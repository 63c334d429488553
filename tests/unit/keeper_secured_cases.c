/* What keeper remembers of flows that may never be clear again. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/check_keeper.h"
#include "tests/unit/keeper_rig.h"

static struct proto_flow_secured
flow(uint16_t port)
{
	struct proto_flow_secured m;

	memset(&m, 0, sizeof(m));
	m.class_id = CLASS_INSECURE;
	m.flow.protocol = 6;
	m.flow.local.addr = (struct address){ 4, { 10, 0, 0, 1 } };
	m.flow.remote.addr = (struct address){ 4, { 10, 0, 0, 2 } };
	m.flow.local.port = port;
	m.flow.remote.port = 80;
	return m;
}

static void
tell(uint16_t type, const struct proto_flow_secured *m)
{
	rig_say(ROLE_PLANE, type, m, sizeof(*m), -1);
	ck_assert(rig_is_trusted(ROLE_PLANE));
}

/* What a new plane would hear: how many flows, and whether one of them has this port. */
static size_t
handed_over(uint16_t port, bool *has_it)
{
	struct proto_flow_secured m;
	size_t n = 0;

	*has_it = false;
	keeper_secured_hand_over(&rig.k);
	while (rig_hear(ROLE_PLANE, &m, sizeof(m)) == PROTO_FLOW_SECURED) {
		n++;
		*has_it = *has_it || m.flow.local.port == port;
	}
	return n;
}

static void
end(void)
{
	keeper_secured_close(&rig.k, false);
	ck_assert_uint_eq(rig.n_broken, 0);
	rig_end();
}

START_TEST(secured_flows_are_told_to_the_next_plane)
{
	struct proto_flow_secured a = flow(1), b = flow(2);
	bool has_it;

	rig_begin(false);
	ck_assert_uint_eq(handed_over(1, &has_it), 0);
	tell(PROTO_FLOW_SECURED, &a);
	tell(PROTO_FLOW_SECURED, &a);
	tell(PROTO_FLOW_SECURED, &b);
	ck_assert_uint_eq(handed_over(1, &has_it), 2);
	ck_assert(has_it);
	tell(PROTO_FLOW_FORGOTTEN, &a);
	tell(PROTO_FLOW_FORGOTTEN, &a);
	ck_assert_uint_eq(handed_over(1, &has_it), 1);
	ck_assert(!has_it);
	end();
}
END_TEST

/* The room is bounded, and the newest flow always has a place. */
START_TEST(secured_flows_are_bounded)
{
	bool has_it;

	rig_begin(false);
	for (uint32_t i = 1; i <= 60000; i += 6) {
		struct proto_flow_secured m = flow((uint16_t)i);

		tell(PROTO_FLOW_SECURED, &m);
	}
	ck_assert_uint_le(handed_over(59995, &has_it), KEEPER_SECURED);
	ck_assert(has_it);
	end();
}
END_TEST

/* X: what is wrong with it */
static void
break_it(struct proto_flow_secured *m, int how)
{
	switch (how) {
	case 0:
		m->class_id = 0;
		break;
	case 1:
		m->class_id = CLASS_MAX + 1;
		break;
	case 2:
		m->flow.protocol = 1;
		break;
	case 3:
		m->flow.local.addr.family = 5;
		m->flow.remote.addr.family = 5;
		break;
	default:
		m->flow.remote.addr.family = 6;
	}
}

START_TEST(secured_flows_of_nonsense)
{
	struct proto_flow_secured m = flow(1);

	rig_begin(false);
	break_it(&m, _i);
	rig_say(ROLE_PLANE, PROTO_FLOW_SECURED, &m, sizeof(m), -1);
	ck_assert(!rig_is_trusted(ROLE_PLANE));
	end();
}
END_TEST

/* Nobody but the plane may say so. */
START_TEST(secured_flows_of_others)
{
	struct proto_flow_secured m = flow(1);

	rig_begin(false);
	rig_say(ROLE_NEGOTIATOR, PROTO_FLOW_FORGOTTEN, &m, sizeof(m), -1);
	ck_assert(!rig_is_trusted(ROLE_NEGOTIATOR));
	end();
}
END_TEST

/* 0: killed. 1: sockets are left. 2: nothing is left. 3: others may write it. 4: garbage. */
START_TEST(secured_flows_outlive_the_daemon)
{
	struct proto_flow_secured m = flow(1);
	char dir[] = "/tmp/authipd-secured.XXXXXX", name[64];
	bool has_it;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(name, sizeof(name), "%s/secured", dir);
	rig_begin(false);
	rig.options.run_dir = dir;
	ck_assert(keeper_secured_open(&rig.k));
	tell(PROTO_FLOW_SECURED, &m);
	if (_i == 0) { /* as if the process had ended here */
		close(rig.k.secured_fd);
		free(rig.k.secured);
		rig.k.secured = NULL;
	} else {
		keeper_secured_close(&rig.k, _i != 2);
		ck_assert_int_eq(access(name, F_OK), _i != 2 ? 0 : -1);
	}
	if (_i == 3)
		ck_assert_int_eq(chmod(name, 0666), 0);
	if (_i == 4)
		ck_assert_int_eq(truncate(name, 17), 0);
	ck_assert(keeper_secured_open(&rig.k));
	ck_assert_uint_eq(handed_over(1, &has_it), _i < 2);
	end();
	(void)unlink(name);
	ck_assert_int_eq(rmdir(dir), 0);
}
END_TEST

TCase *
keeper_secured_cases(void)
{
	TCase *t = tcase_create("secured");

	tcase_add_test(t, secured_flows_are_told_to_the_next_plane);
	tcase_add_test(t, secured_flows_are_bounded);
	tcase_add_loop_test(t, secured_flows_of_nonsense, 0, 5);
	tcase_add_test(t, secured_flows_of_others);
	tcase_add_loop_test(t, secured_flows_outlive_the_daemon, 0, 5);
	return t;
}
