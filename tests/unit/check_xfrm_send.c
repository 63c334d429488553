/*
 * Unit tests of the kernel plane's pairs: what they may send. All files of it but those that
 * talk to the kernel are the real ones.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include "daemon/net.h"
#include "tests/unit/check_xfrm_send.h"
#include "tests/unit/run_suite.h"

#define GRACE_MS 10000

struct xfrm *x;
bool kernel_refuses;
size_t n_told;
uint32_t expired;

/* ---- a kernel ---- */

static struct xfrm_rule policy[2 * MAX_SOCKETS];
static size_t n_policies;
/* Of an SA: its SPI, and what policies it serves. */
static struct {
	uint32_t spi, reqid;
} state[16];
static size_t n_states;
static struct action_sa_add asked;
static struct xfrm_sa_name asked_name;
static uint32_t asked_reqid;

static bool
is_same(const struct xfrm_rule *a, const struct xfrm_rule *b)
{
	return a->inbound == b->inbound && a->mark.value == b->mark.value &&
	       a->remote_prefix == b->remote_prefix &&
	       flow_equal(&a->selector, &b->selector);
}

int
xfrm_install(struct xfrm *xf, const struct xfrm_rule *r, bool was_there)
{
	size_t i = 0;

	(void)xf;
	(void)was_there;
	if (kernel_refuses)
		return -ENOMEM;
	while (i < n_policies && !is_same(&policy[i], r))
		i++;
	ck_assert_uint_lt(i, 2 * MAX_SOCKETS);
	policy[i] = *r;
	if (i == n_policies)
		n_policies++;
	return 0;
}

void
xfrm_uninstall(struct xfrm *xf, const struct xfrm_rule *r, bool is_there)
{
	(void)xf;
	(void)is_there;
	for (size_t i = 0; i < n_policies; i++)
		if (is_same(&policy[i], r)) {
			policy[i] = policy[--n_policies];
			return;
		}
	ck_abort_msg("such a policy was not there");
}

void
xfrm_install_failed(struct xfrm *xf, const struct xfrm_rule *r, int error)
{
	(void)xf;
	(void)r;
	ck_assert(kernel_refuses);
	ck_assert_int_eq(error, -ENOMEM);
}

struct nlmsghdr *
xfrm_message_sa_add(void *buf, const struct action_sa_add *a, uint32_t reqid,
    struct xfrm_mark_value mark, bool update)
{
	(void)mark;
	ck_assert(!update);
	asked = *a;
	asked_reqid = reqid;
	return buf;
}

struct nlmsghdr *
xfrm_message_sa_delete(void *buf, const struct xfrm_sa_name *s, struct xfrm_mark_value mark)
{
	(void)buf;
	(void)mark;
	asked_name = *s;
	return NULL;
}

void
xfrm_sa_name_of(const struct action_sa_add *a, struct xfrm_sa_name *out)
{
	memset(out, 0, sizeof(*out));
	out->spi = a->spi;
}

int
xfrm_netlink_talk(struct xfrm_netlink *nl, struct nlmsghdr *nlh)
{
	(void)nl;
	if (nlh != NULL) {
		ck_assert_uint_lt(n_states, 16);
		state[n_states].spi = asked.spi;
		state[n_states++].reqid = asked_reqid;
		return 0;
	}
	for (size_t i = 0; i < n_states; i++)
		if (state[i].spi == asked_name.spi) {
			state[i] = state[--n_states];
			return 0;
		}
	ck_abort_msg("such a state was not there");
}

/* ---- other fakes ---- */

bool
xfrm_rules_is_base(const struct xfrm *xf, const struct xfrm_entry *e)
{
	(void)xf;
	(void)e;
	return false;
}

/* No class here is a rule, and none waits. */
struct xfrm_rule
xfrm_rules_out(const struct xfrm *xf, uint32_t class_id, uint8_t family, uint8_t protocol)
{
	(void)protocol;
	return xfrm_rule_new(xf, class_id, family, XFRM_PRIORITY_CLASS, XFRM_LEVEL_REQUIRED);
}

void
xfrm_usage_last(struct xfrm *xf, struct xfrm_pair *p)
{
	(void)xf;
	(void)p;
}

int
ipc_send(struct ipc *ipc, uint16_t type, const void *body, size_t n, int fd)
{
	const struct proto_flow_clear *c = body;
	const struct proto_qm_expired *e = body;

	(void)ipc;
	(void)n;
	(void)fd;
	if (type == PROTO_QM_EXPIRED) {
		ck_assert_uint_eq(e->why, EXPIRY_PLANE_GONE);
		expired |= 1u << e->qm_id;
		return 0;
	}
	ck_assert_uint_eq(type, PROTO_FLOW_CLEAR);
	ck_assert_uint_eq(c->why, CLEAR_PEER_NAT);
	n_told++;
	return 0;
}

/* ---- rig ---- */

static void
setup(void)
{
	x = xfrm_empty();
	for (uint32_t id = CLASS_DEFAULT; id <= CLASS_INSECURE; id++)
		x->class[id].protocol = 50;
	x->class[CLASS_ENCRYPT].guarantee_encryption = true;
	x->class[CLASS_INSECURE].allow_insecure = x->class[CLASS_INSECURE].in_use = true;
	x->class[CLASS_INSECURE].is_up = true;
	x->class[CLASS_RULE] = (struct xfrm_class){
		.protocol = 50, .is_up = true, .is_rule = true, .allow_insecure = true
	};
	kernel_refuses = false;
	n_policies = n_states = n_told = 0;
	expired = 0;
}

static void
teardown(void)
{
	xfrm_pair_flush(x, 0);
	for (uint32_t id = CLASS_DEFAULT; id <= CLASS_RULE; id++) {
		xfrm_clear_forget(x, id);
		xfrm_guarantee_forget(x, id);
	}
	x->now_ms += 3600000; /* the gates */
	xfrm_policy_tick(x);
	ck_assert_uint_eq(n_policies, 0);
	ck_assert_uint_eq(n_states, 0);
	xfrm_policy_forget(x);
	free(x);
}

struct flow
flow_of(uint8_t protocol, uint16_t local_port, uint16_t remote_port)
{
	return (struct flow){ protocol, { { 4, { 10, 0, 0, 2 } }, local_port },
		{ { 4, { 10, 0, 0, 1 } }, remote_port } };
}

struct action_sa_add
pair_of(uint32_t id, const struct flow *selector, bool guaranteed)
{
	return (struct action_sa_add){ .qm_id = id,
		.class_id = CLASS_DEFAULT,
		.protocol = 50,
		.selector = *selector,
		.guaranteed_encryption = guaranteed,
		.allow_clear_ms = GRACE_MS };
}

void
pair_install(struct action_sa_add a)
{
	for (int inbound = 1; inbound >= 0; inbound--) {
		a.inbound = inbound;
		a.spi = 2 * a.qm_id + (uint32_t)inbound; /* see sends(), receives() */
		xfrm_pair_add(x, &a);
	}
}

void
pair_add(uint32_t id, const struct flow *selector, bool guaranteed)
{
	pair_install(pair_of(id, selector, guaranteed));
}

static bool
is_there(uint32_t spi)
{
	for (size_t i = 0; i < n_states; i++)
		if (state[i].spi == spi)
			return true;
	return false;
}

bool
sends(uint32_t id)
{
	return is_there(2 * id);
}

bool
receives(uint32_t id)
{
	return is_there(2 * id + 1);
}

static const struct xfrm_rule *
policy_of(const struct flow *selector, bool inbound)
{
	for (size_t i = 0; i < n_policies; i++)
		if (policy[i].inbound == inbound && flow_equal(&policy[i].selector, selector))
			return &policy[i];
	return NULL;
}

const struct xfrm_rule *
policy_for(const struct flow *selector)
{
	return policy_of(selector, false);
}

const struct xfrm_rule *
gate_for(const struct flow *selector)
{
	return policy_of(selector, true);
}

struct sockdiag_entry *
connection(const struct flow *f, uint32_t class_id)
{
	ck_assert_uint_lt(n_sockets, MAX_SOCKETS);
	sockets[n_sockets] = (struct sockdiag_entry){ .family = 4,
		.protocol = f->protocol,
		.state = TCP_ESTABLISHED,
		.mark = class_id,
		.local = f->local,
		.remote = f->remote };
	return &sockets[n_sockets++];
}

void
ticks(uint64_t ms)
{
	for (; ms >= 1000; ms -= 1000) {
		x->now_ms += 1000;
		xfrm_clear_tick(x);
		xfrm_guarantee_tick(x);
		xfrm_policy_tick(x);
	}
}

int
main(void)
{
	Suite *s = suite_create("xfrm_send");
	TCase *t = tcase_create("pair");

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, setup, teardown);
	xfrm_guarantee_cases(t);
	xfrm_boundary_cases(t);
	xfrm_narrow_cases(t);
	return run_suite(s);
}
