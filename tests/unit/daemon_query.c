/* SOCK_QUERY and SOCK_IDENTITY: of which SA is the traffic of a socket, and who is its peer? */
#define _GNU_SOURCE /* unshare() */
#include <arpa/inet.h>
#include <endian.h>
#include <grp.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/api_preconnect.h"
#include "daemon/api_socket.h"
#include "daemon/class_table.h"
#include "daemon/socket_table.h"
#include "tests/sim/simnet.h"
#include "tests/unit/api_client.h"

#define WSAEACCES 10013
#define WSAEINVAL 10022
#define WSAENOTSOCK 10038
#define WSAEAFNOSUPPORT 10047
#define WSAENOBUFS 10055
#define WSAENOTCONN 10057
#define PORT 7000

static struct simnet net;
static struct endpoint remote;
static int sock; /* UDP, of class 1 */

/* A pair for UDP to PORT of the other host. */
static void
setup(void)
{
	static const struct dialect d = DIALECT_DEFAULT;
	struct engine_acquire a = { .ticket = 1 };
	int mark;

	api_setup();
	ck_assert(nego_clear_new(&rig.n));
	sim_init_dialect(&net, 1, &d);
	rig.n.engine = net.host[0].engine;
	remote = sim_endpoint(1, 1, 4, PORT);
	a.selector = (struct flow){ 17, sim_endpoint(0, 1, 4, 0), remote };
	a.policy = net.host[0].class;
	engine_acquire(rig.n.engine, net.now_ms, &a);
	ck_assert(sim_run_results(&net, 0, 1, 5000));
	sim_run(&net, 1000);
	rig.now_ms = net.now_ms;
	sock = socket(AF_INET, SOCK_DGRAM, 0);
	mark = (int)a.policy.class_id << __builtin_ctz(rig.config.mark_mask);
	if (is_root())
		ck_assert_int_eq(
		    setsockopt(sock, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)), 0);
}

static void
teardown(void)
{
	close(sock);
	nego_clear_free(&rig.n);
	sim_free(&net);
	api_teardown();
}

static struct aip_api_peer
peer_of(const struct endpoint *e)
{
	struct aip_api_peer p = { htole16(e->addr.family), htons(e->port), { 0 } };

	memcpy(p.address, e->addr.b, sizeof(p.address));
	return p;
}

/* The error; *r on success. */
static uint32_t
query(int fd, const struct aip_api_peer *peer, struct aip_api_query_reply *r)
{
	struct aip_api_query q = { *peer };
	uint32_t error;
	int c = api_hello();

	api_send(c, AIP_API_SOCK_QUERY, 7, &q, sizeof(q), fd, fd >= 0);
	error = api_answer(c, AIP_API_SOCK_QUERY, 7, sizeof(*r), (uint8_t *)r);
	close(c);
	return error;
}

/* A program that asks, goes away and asks again leaves so many negotiations, not more. */
START_TEST(preconnects_of_a_user)
{
	struct waiter w[API_PRECONNECTS_PER_UID];
	struct endpoint other_port = remote;
	uint32_t error;

	if (!is_root()) /* the mark of a class is root's */
		return;
	other_port.port++; /* nothing is negotiated yet */
	for (size_t i = 0; i < API_PRECONNECTS_PER_UID; i++) {
		w[i] = (struct waiter){ .api_ask = 1000 + i, .uid = 1000 };
		TAILQ_INSERT_TAIL(&rig.n.waiters, &w[i], next);
	}
	ck_assert(!api_preconnect(&rig.n, sock, &other_port, 1, 1000, &error));
	ck_assert_uint_eq(error, WSAENOBUFS);
	ck_assert_uint_eq(rig.n_acquire, 0);
	ck_assert(api_preconnect(&rig.n, sock, &other_port, 1, 1001, &error));
	ck_assert_uint_eq(rig.n_acquire, 1);
	TAILQ_REMOVE(&rig.n.waiters, &w[0], next);
	ck_assert(api_preconnect(&rig.n, sock, &other_port, 1, 1000, &error));
	/* where nothing can be negotiated, connect() says so at once */
	rig.has_no_policy = true;
	ck_assert(!api_preconnect(&rig.n, sock, &other_port, 1, 1001, &error));
	ck_assert_uint_eq(error, WSAEACCES);
}
END_TEST

/* A broadcast of a subnet is nobody's to negotiate with, whatever address the socket has. */
START_TEST(no_preconnect_for_broadcasts)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	int mark = (int)net.host[0].class.class_id
		   << __builtin_ctz(rig.config.mark_mask);
	struct endpoint to = { { 4, { 10, 77, 0, 255 } }, PORT };
	uint32_t class_id;
	struct flow f;
	int s;

	if (!is_root() || unshare(CLONE_NEWNET) != 0)
		return;
	if (system("exec 2>/dev/null; ip link set lo up && "
		   "ip address add 10.77.0.1/24 broadcast 10.77.0.255 dev lo") != 0)
		return; /* there is no ip(8) */
	s = socket(AF_INET, SOCK_DGRAM, 0);
	ck_assert_int_eq(setsockopt(s, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)), 0);
	ck_assert_uint_eq(api_socket_plan(&rig.n, s, &to, &class_id, &f), 0);
	ck_assert_uint_eq(class_id, 0);
	a.sin_addr.s_addr = inet_addr("10.77.0.1");
	ck_assert_int_eq(bind(s, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_uint_eq(api_socket_plan(&rig.n, s, &to, &class_id, &f), 0);
	ck_assert_uint_eq(class_id, 0);
	to.addr.b[3] = 9; /* but with a host */
	ck_assert_uint_eq(api_socket_plan(&rig.n, s, &to, &class_id, &f), 0);
	ck_assert_uint_eq(class_id, net.host[0].class.class_id);
	close(s);
}
END_TEST

/* The socket is of the class that may be clear; discovery is off: clear text is its last choice. */
static void
may_be_clear(bool discovery_is_off)
{
	struct policy *p = (struct policy *)&class_by_id(rig.n.classes, CLASS_INSECURE)->policy;
	int mark = CLASS_INSECURE << __builtin_ctz(rig.config.mark_mask);

	ck_assert_int_eq(setsockopt(sock, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)), 0);
	p->nd = discovery_is_off ? ND_OFF : ND_BOUNDARY;
	p->nd_fallback_ms = 500;
}

/* With discovery the first packet goes in clear; without it, it is waited for. */
START_TEST(preconnect_that_may_be_clear)
{
	struct aip_api_preconnect_reply r;
	struct aip_api_preconnect ask;
	struct endpoint port = remote;
	uint32_t error;
	int c = api_hello();

	if (!is_root())
		return;
	port.addr.b[3] += 3; /* of this one no engine has heard */
	port.port++;
	ask.peer = peer_of(&port);
	may_be_clear(false);
	ck_assert(!api_preconnect(&rig.n, sock, &port, 1, 1000, &error));
	ck_assert_uint_eq(error, 0);
	may_be_clear(true);
	api_send(c, AIP_API_SOCK_PRECONNECT, 7, &ask, sizeof(ask), sock, 1);
	ck_assert(api_is_silent(c));
	ck_assert_uint_eq(rig.n_acquire, 2);
	ck_assert(rig.waiter.may_be_clear);
	ck_assert_uint_eq(rig.waiter.fallback_ms, rig.now_ms + 500);
	ck_assert_uint_ne(rig.waiter.flow.local.port, 0); /* that its packets will have */
	TAILQ_INSERT_TAIL(&rig.n.waiters, &rig.waiter, next);
	rig.now_ms += 500;
	nego_clear_arm(&rig.n);
	rig_turn();
	ck_assert_uint_eq(
	    api_answer(c, AIP_API_SOCK_PRECONNECT, 7, sizeof(r), (uint8_t *)&r), 0);
	/* The negotiation goes on. Nobody waits for this peer again, until it has an SA. */
	ck_assert(!TAILQ_EMPTY(&rig.n.waiters));
	TAILQ_REMOVE(&rig.n.waiters, &rig.waiter, next);
	for (int i = 0; i < 2; i++) {
		rig.now_ms += 599999;
		ck_assert(api_preconnect(&rig.n, sock, &port, 1, 1000, &error));
		ck_assert(rig.waiter.api_ask == NEGO_NOBODY && rig.waiter.fallback_ms == 0);
	}
	nego_clear_forget(&rig.n, &port.addr);
	ck_assert(api_preconnect(&rig.n, sock, &port, 1, 1000, &error));
	ck_assert(rig.waiter.api_ask == 1 && rig.waiter.may_be_clear);
	close(c);
}
END_TEST

/* NegotiationWinerr: until a negotiation succeeds, also of what is not connected. */
START_TEST(query_of_a_failure)
{
	struct secured_socket s = { .class_id = CLASS_DEFAULT, .family = 4, .protocol = 6 };
	int tcp = socket(AF_INET, SOCK_STREAM, 0);
	struct aip_api_peer none = { 0 };
	struct aip_api_query_reply r;

	s.cookie = socket_cookie(tcp);
	ck_assert_uint_ne(socket_table_add(rig.n.sockets, &s), 0);
	ck_assert_uint_eq(query(tcp, &none, &r), WSAENOTCONN);
	socket_table_negotiated(rig.n.sockets, s.cookie, 13868);
	socket_table_negotiated(rig.n.sockets, s.cookie + 1, 1);
	ck_assert_uint_eq(query(tcp, &none, &r), 0);
	ck_assert_uint_eq(r.info_flags, 0);
	ck_assert_uint_eq(r.negotiation_winerr, 13868);
	socket_table_negotiated(rig.n.sockets, s.cookie, 0);
	ck_assert_uint_eq(query(tcp, &none, &r), WSAENOTCONN);
	close(tcp);
}
END_TEST

START_TEST(query_of_a_peer)
{
	struct aip_api_query_reply r;
	struct aip_api_peer p = peer_of(&remote);
	struct endpoint other = remote;

	ck_assert_uint_eq(query(sock, &p, &r), 0);
	ck_assert_uint_eq(r.info_flags, AIP_API_SECURED);
	ck_assert_uint_ne(r.mm_sa_id, 0);
	ck_assert_uint_ne(r.qm_sa_id, 0);
	other.port++;
	p = peer_of(&other);
	ck_assert_uint_eq(query(sock, &p, &r), 0);
	ck_assert_uint_eq(r.info_flags, 0);
	ck_assert_uint_eq(r.qm_sa_id, 0);
}
END_TEST

/* What has no mark of ours has no SA of ours, whatever its traffic. */
START_TEST(query_without_class)
{
	struct aip_api_peer p = peer_of(&remote);
	struct aip_api_query_reply r;
	int plain = socket(AF_INET, SOCK_DGRAM, 0);

	ck_assert_uint_eq(query(plain, &p, &r), 0);
	ck_assert_uint_eq(r.info_flags, 0);
	/* unless a rule says whose it is: SKIP_FILTER_INSTANTIATION */
	rig.rule_class = CLASS_DEFAULT;
	ck_assert_uint_eq(query(plain, &p, &r), 0);
	ck_assert_uint_eq(r.info_flags, AIP_API_SECURED);
	close(plain);
}
END_TEST

START_TEST(query_after_the_sa)
{
	struct aip_api_peer p = peer_of(&remote);
	struct aip_api_query_reply r;

	engine_delete_mm(rig.n.engine, net.now_ms, 0);
	sim_run(&net, 100000);
	ck_assert_uint_eq(query(sock, &p, &r), 0);
	ck_assert_uint_eq(r.info_flags, 0);
}
END_TEST

START_TEST(query_refusals)
{
	int tcp = socket(AF_INET, SOCK_STREAM, 0);
	struct aip_api_peer none = { 0 }, bad = { htole16(5), 0, { 0 } },
			    p = peer_of(&remote);
	struct endpoint six = sim_endpoint(1, 1, 6, PORT), portless = remote;
	struct aip_api_query_reply r;

	ck_assert_uint_eq(query(-1, &none, &r), WSAENOTSOCK);
	ck_assert_uint_eq(query(STDIN_FILENO, &none, &r), WSAENOTSOCK);
	ck_assert_uint_eq(query(tcp, &none, &r), WSAENOTCONN);
	/* TCP has one peer, whoever else is named */
	ck_assert_uint_eq(query(tcp, &p, &r), WSAENOTCONN);
	ck_assert_uint_eq(query(sock, &none, &r), WSAENOTCONN);
	ck_assert_uint_eq(query(sock, &bad, &r), WSAEAFNOSUPPORT);
	p = peer_of(&six);
	ck_assert_uint_eq(query(sock, &p, &r), WSAEAFNOSUPPORT);
	portless.port = 0;
	p = peer_of(&portless);
	ck_assert_uint_eq(query(sock, &p, &r), WSAEINVAL);
	close(tcp);
}
END_TEST

/* ---- identity ---- */

/* What keeper is asked; false: nothing. */
static bool
identity_asked(struct proto_identity_ask *ask)
{
	struct {
		uint16_t type;
		uint16_t zero;
		uint32_t length;
		struct proto_identity_ask ask;
	} f;

	if (recv(api.keeper, &f, sizeof(f), MSG_DONTWAIT) != sizeof(f))
		return false;
	ck_assert_uint_eq(f.type, PROTO_IDENTITY_ASK);
	*ask = f.ask;
	return true;
}

static int
ask_identity(int fd)
{
	struct aip_api_identity q = { peer_of(&remote) };
	int c = api_hello();

	api_send(c, AIP_API_SOCK_IDENTITY, 8, &q, sizeof(q), fd, 1);
	return c;
}

static const struct {
	struct proto_identity_reply keeper;
	uint32_t flags;
} identity_table[] = {
	{ { .uid = 5, .gid = 6, .n_groups = 2, .groups = { 6, 7 }, .account = "five" },
	    AIP_API_IDENTITY_MACHINE | AIP_API_IDENTITY_ACCOUNT },
	/* refused: there still is the name */
	{ { .winsock_error = WSAEACCES, .uid = 5, .n_groups = 1 },
	    AIP_API_IDENTITY_MACHINE },
	{ { .uid = 5, .n_groups = AIP_API_MAX_GROUPS + 1 }, AIP_API_IDENTITY_MACHINE },
};

START_TEST(identity)
{
	struct proto_identity_reply r = identity_table[_i].keeper;
	bool has_account = (identity_table[_i].flags & AIP_API_IDENTITY_ACCOUNT) != 0;
	struct aip_api_identity_reply got;
	struct proto_identity_ask ask;
	int c = ask_identity(sock);

	ck_assert(identity_asked(&ask));
	ck_assert_uint_eq(ask.uid, getuid());
	ck_assert_uint_eq(ask.method, AUTH_TLS);
	ck_assert_uint_gt(strlen(ask.peer), 0);
	ck_assert(api_is_silent(c));
	r.request = ask.request;
	api_server_identified(api.server, &r);
	ck_assert_uint_eq(
	    api_answer(c, AIP_API_SOCK_IDENTITY, 8, sizeof(got), (uint8_t *)&got), 0);
	ck_assert_str_eq(got.peer, ask.peer);
	ck_assert_uint_eq(got.flags, identity_table[_i].flags);
	ck_assert_uint_eq(got.uid, has_account ? 5 : 0);
	ck_assert_uint_eq(got.n_groups, has_account ? 2 : 0);
	ck_assert_str_eq(got.account, has_account ? "five" : "");
	close(c);
}
END_TEST

/* Without an SA nobody has proved anything: keeper is not even asked. */
START_TEST(identity_of_nobody)
{
	struct aip_api_identity_reply got;
	struct proto_identity_ask ask;
	int plain = socket(AF_INET, SOCK_DGRAM, 0), c = ask_identity(plain);

	ck_assert_uint_eq(
	    api_answer(c, AIP_API_SOCK_IDENTITY, 8, sizeof(got), (uint8_t *)&got),
	    WSAEACCES);
	ck_assert(!identity_asked(&ask));
	ck_assert_str_eq(got.peer, "");
	close(c);
	close(plain);
}
END_TEST

/* An answer for a client that has gone, or to nothing that was asked. */
START_TEST(identity_too_late)
{
	struct proto_identity_reply r = { 0 };
	struct proto_identity_ask ask;
	int c = ask_identity(sock);

	ck_assert(identity_asked(&ask));
	r.request = ask.request + 1;
	api_server_identified(api.server, &r);
	ck_assert(api_is_silent(c));
	close(c);
	rig_turn();
	r.request = ask.request;
	api_server_identified(api.server, &r);
}
END_TEST

/* However many groups the user of a program has. */
START_TEST(member_of_many_groups)
{
	gid_t many[300];
	int end[2];

	for (gid_t i = 0; i < 300; i++)
		many[i] = 5000 + i;
	ck_assert_int_eq(setgroups(300, many), 0);
	ck_assert_int_eq(setegid(4000), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, end), 0);
	ck_assert(api_socket_is_in_group(end[0], 5000));
	ck_assert(api_socket_is_in_group(end[0], 5299));
	ck_assert(api_socket_is_in_group(end[0], 4000));
	ck_assert(!api_socket_is_in_group(end[0], 5300));
	ck_assert(!api_socket_is_in_group(end[0], CONFIG_NO_GROUP));
	close(end[0]);
	close(end[1]);
	ck_assert_int_eq(setgroups(0, NULL), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, end), 0);
	ck_assert(!api_socket_is_in_group(end[0], 5000));
	close(end[0]);
	close(end[1]);
}
END_TEST

void
daemon_query_tests(Suite *s)
{
	TCase *t = tcase_create("query");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, query_without_class);
	tcase_add_test(t, query_refusals);
	tcase_add_test(t, identity_of_nobody);
	if (is_root()) { /* the mark of a class is root's */
		tcase_add_test(t, member_of_many_groups);
		tcase_add_test(t, preconnects_of_a_user);
		tcase_add_test(t, no_preconnect_for_broadcasts);
		tcase_add_test(t, preconnect_that_may_be_clear);
	tcase_add_test(t, query_of_a_failure);
		tcase_add_test(t, query_of_a_peer);
		tcase_add_test(t, query_after_the_sa);
		tcase_add_loop_test(
		    t, identity, 0, sizeof(identity_table) / sizeof(identity_table[0]));
		tcase_add_test(t, identity_too_late);
	}
	suite_add_tcase(s, t);
}
