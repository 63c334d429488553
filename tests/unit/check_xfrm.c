/* Unit tests of what the kernel says about IPsec: every length, and what is taken from it. */
#include <sys/socket.h>
#include <arpa/inet.h>
#include <linux/xfrm.h>
#include <check.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>

#include "daemon/xfrm_parse.h"
#include "daemon/xfrm_part.h"
#include "tests/unit/run_suite.h"

/* A message in memory of exactly its size, so that a sanitizer sees a byte too many. */
struct sample {
	uint16_t type;
	size_t head_n; /* of the fixed part: less is refused */
	size_t n;      /* behind the header */
	uint8_t b[1024];
};

static bool
parse_n(const struct sample *s, size_t n, struct xfrm_event *e)
{
	struct nlmsghdr *nlh = malloc(sizeof(*nlh) + n);
	bool ok;

	ck_assert_ptr_nonnull(nlh);
	memset(nlh, 0, sizeof(*nlh));
	nlh->nlmsg_type = s->type;
	nlh->nlmsg_len = (uint32_t)(sizeof(*nlh) + n);
	nlh->nlmsg_pid = 77;
	memcpy(nlh + 1, s->b, n);
	ok = xfrm_parse(nlh, e);
	free(nlh);
	return ok;
}

static void
put(struct sample *s, const void *p, size_t n)
{
	memcpy(s->b + s->n, p, n);
	s->n += MNL_ALIGN(n);
}

static void
put_attribute(struct sample *s, uint16_t type, const void *p, size_t n)
{
	struct nlattr a = { (uint16_t)(sizeof(a) + n), type };

	put(s, &a, sizeof(a));
	put(s, p, n);
}

static struct xfrm_selector
selector(void)
{
	return (struct xfrm_selector){
		.saddr.a4 = htonl(0x0a000001),
		.daddr.a4 = htonl(0x0a000002),
		.sport = htons(1000),
		.sport_mask = 0xffff,
		.dport = htons(2000),
		.dport_mask = 0xffff,
		.family = AF_INET,
		.prefixlen_s = 32,
		.prefixlen_d = 24,
		.proto = 6,
	};
}

static struct xfrm_usersa_info
state(void)
{
	return (struct xfrm_usersa_info){
		.id = { .daddr.a4 = htonl(0x0a000002),
		    .spi = htonl(0x1234),
		    .proto = 50 },
		.saddr.a4 = htonl(0x0a000001),
		.family = AF_INET,
		.reqid = 0x41500001,
		.curlft = { .bytes = 99, .packets = 3 },
		.stats = { .replay_window = 4, .replay = 5, .integrity_failed = 6 },
	};
}

static struct xfrm_userpolicy_info
policy(void)
{
	return (struct xfrm_userpolicy_info){
		.sel = selector(),
		.dir = XFRM_POLICY_OUT,
		.action = XFRM_POLICY_ALLOW,
		.priority = 4153,
	};
}

static void
put_mark_and_template(struct sample *s, bool optional)
{
	struct xfrm_user_tmpl t = xfrm_part_template(50, 4, 0x41500001, optional);
	struct xfrm_mark m = { 0x100000, 0x7ff00000 };

	put_attribute(s, XFRMA_TMPL, &t, sizeof(t));
	put_attribute(s, XFRMA_MARK, &m, sizeof(m));
}

static struct sample
acquire(void)
{
	struct sample s = { XFRM_MSG_ACQUIRE, sizeof(struct xfrm_user_acquire), 0,
		{ 0 } };
	struct xfrm_user_acquire a = {
		.id = { .daddr.a4 = htonl(0x0a000002), .proto = 50 },
		.saddr.a4 = htonl(0x0a000001),
		.sel = selector(),
		.seq = 5,
	};

	put(&s, &a, sizeof(a));
	put_mark_and_template(&s, false);
	return s;
}

static struct sample
expire(void)
{
	struct sample s = { XFRM_MSG_EXPIRE, sizeof(struct xfrm_user_expire), 0,
		{ 0 } };
	struct xfrm_user_expire x = { .state = state(), .hard = 1 };

	put(&s, &x, sizeof(x));
	return s;
}

static struct sample
state_told(void)
{
	struct sample s = { XFRM_MSG_NEWSA, sizeof(struct xfrm_usersa_info), 0, { 0 } };
	struct xfrm_usersa_info x = state();

	put(&s, &x, sizeof(x));
	put_mark_and_template(&s, false);
	return s;
}

static struct sample
state_deleted(void)
{
	struct sample s = { XFRM_MSG_DELSA, sizeof(struct xfrm_usersa_id), 0, { 0 } };
	struct xfrm_usersa_info x = state();
	struct xfrm_usersa_id id = {
		.daddr = x.id.daddr, .spi = x.id.spi, .family = AF_INET, .proto = 50
	};

	put(&s, &id, sizeof(id));
	put_attribute(&s, XFRMA_SA, &x, sizeof(x));
	return s;
}

static struct sample
policy_told(void)
{
	struct sample s = { XFRM_MSG_NEWPOLICY, sizeof(struct xfrm_userpolicy_info), 0,
		{ 0 } };
	struct xfrm_userpolicy_info p = policy();

	put(&s, &p, sizeof(p));
	put_mark_and_template(&s, true);
	return s;
}

static struct sample
policy_deleted(void)
{
	struct sample s = { XFRM_MSG_DELPOLICY, sizeof(struct xfrm_userpolicy_id), 0,
		{ 0 } };
	struct xfrm_userpolicy_id id = { .sel = selector(), .dir = XFRM_POLICY_OUT };
	struct xfrm_userpolicy_info p = policy();

	put(&s, &id, sizeof(id));
	put_attribute(&s, XFRMA_POLICY, &p, sizeof(p));
	put_mark_and_template(&s, false);
	return s;
}

static struct sample
mapping(void)
{
	struct sample s = { XFRM_MSG_MAPPING, sizeof(struct xfrm_user_mapping), 0,
		{ 0 } };
	struct xfrm_user_mapping m = {
		.id = { .daddr.a4 = htonl(0x0a000002),
		    .spi = htonl(0x1234),
		    .family = AF_INET,
		    .proto = 50 },
		.reqid = 0x41500001,
		.new_saddr.a4 = htonl(0x0a000009),
		.new_sport = htons(4501),
	};

	put(&s, &m, sizeof(m));
	return s;
}

/* Of a question: what the kernel shows of the acquire to somebody who did not hear it. */
static struct sample
larval(void)
{
	struct sample s = { XFRM_MSG_NEWSA, sizeof(struct xfrm_usersa_info), 0, { 0 } };
	struct xfrm_usersa_info x = state();

	x.id.spi = 0;
	x.sel = selector();
	x.seq = 5;
	put(&s, &x, sizeof(x));
	put_mark_and_template(&s, false);
	return s;
}

static struct sample
flushed(void)
{
	struct sample s = { XFRM_MSG_FLUSHSA, sizeof(struct xfrm_usersa_flush), 0, { 0 } };
	struct xfrm_usersa_flush f = { .proto = 51 };

	put(&s, &f, sizeof(f));
	s.n = sizeof(f);
	return s;
}

static struct sample (*const samples[])(void) = { acquire, expire, state_told,
	state_deleted, policy_told, policy_deleted, mapping, larval, flushed };

/* ---- cases ---- */

START_TEST(cut_anywhere)
{
	struct sample s = samples[_i]();
	struct xfrm_event e;

	ck_assert(parse_n(&s, s.n, &e));
	ck_assert_int_ne(e.type, XFRM_EVENT_OTHER);
	ck_assert_uint_eq(e.port_id, 77);
	for (size_t n = 0; n < s.n; n++) {
		bool ok = parse_n(&s, n, &e);

		if (n < s.head_n)
			ck_assert_msg(
			    !ok, "taken with %zu bytes of its %zu", n, s.head_n);
	}
}
END_TEST

/* Each length an attribute can claim, from nothing to far beyond the end. */
START_TEST(attribute_lies)
{
	struct sample s = samples[_i]();
	size_t at = MNL_ALIGN(s.head_n);
	struct xfrm_event e;

	if (at >= s.n)
		return;
	for (uint32_t len = 0; len <= UINT16_MAX; len += len < 600 ? 1 : 1000) {
		uint16_t lie = (uint16_t)len;

		memcpy(s.b + at + offsetof(struct nlattr, nla_len), &lie, sizeof(lie));
		(void)parse_n(&s, s.n, &e);
	}
}
END_TEST

/* A family that does not exist names no address. */
START_TEST(family_unknown)
{
	struct sample s = state_told();
	struct xfrm_usersa_info x = state();
	struct xfrm_event e;

	x.family = 99;
	memcpy(s.b, &x, sizeof(x));
	ck_assert(!parse_n(&s, s.n, &e));
	s = acquire();
	s.b[offsetof(struct xfrm_user_acquire, sel) +
	    offsetof(struct xfrm_selector, family)] = 99;
	ck_assert(!parse_n(&s, s.n, &e));
}
END_TEST

/* A direction that is none of ours (forwarding) is nobody's policy here. */
START_TEST(direction_forward)
{
	struct sample s = policy_told();
	struct xfrm_event e;

	s.b[offsetof(struct xfrm_userpolicy_info, dir)] = XFRM_POLICY_FWD;
	ck_assert(!parse_n(&s, s.n, &e));
}
END_TEST

/* What an xfrm interface has is not ours, though it has the same selector and mark. */
START_TEST(table_of_others)
{
	struct sample s = policy_told();
	struct xfrm_userpolicy_type type = { .type = XFRM_POLICY_TYPE_MAIN };
	uint32_t if_id = 0;
	struct xfrm_event e;

	put_attribute(&s, XFRMA_IF_ID, &if_id, sizeof(if_id));
	put_attribute(&s, XFRMA_POLICY_TYPE, &type, sizeof(type));
	ck_assert(parse_n(&s, s.n, &e));
	s = policy_told();
	if_id = 1;
	put_attribute(&s, XFRMA_IF_ID, &if_id, sizeof(if_id));
	ck_assert(!parse_n(&s, s.n, &e));
	s = policy_told();
	type.type = XFRM_POLICY_TYPE_SUB;
	put_attribute(&s, XFRMA_POLICY_TYPE, &type, sizeof(type));
	ck_assert(!parse_n(&s, s.n, &e));
}
END_TEST

START_TEST(type_unknown)
{
	struct sample s = { 0x7777, 0, 8, { 0 } };
	struct xfrm_event e;

	ck_assert(parse_n(&s, s.n, &e));
	ck_assert_int_eq(e.type, XFRM_EVENT_OTHER);
}
END_TEST

START_TEST(values)
{
	struct sample s = acquire();
	struct xfrm_event e;

	ck_assert(parse_n(&s, s.n, &e));
	ck_assert_uint_eq(e.reqid, 0x41500001);
	ck_assert_uint_eq(e.seq, 5);
	ck_assert_uint_eq(e.mark.value, 0x100000);
	ck_assert_uint_eq(e.flow.local.port, 1000);
	ck_assert_uint_eq(e.flow.remote.port, 2000);
	ck_assert_uint_eq(e.flow.remote.addr.b[3], 2);
	s = expire();
	ck_assert(parse_n(&s, s.n, &e));
	ck_assert(e.is_hard);
	ck_assert_uint_eq(e.sa.spi, 0x1234);
	ck_assert_uint_eq(e.packets, 3);
	ck_assert_uint_eq(e.replayed, 9);
	ck_assert_uint_eq(e.integrity_failed, 6);
	s = policy_told();
	ck_assert(parse_n(&s, s.n, &e));
	ck_assert_int_eq(e.rule.level, XFRM_LEVEL_OPTIONAL);
	ck_assert_uint_eq(e.rule.remote_prefix, 24);
	ck_assert_uint_eq(e.rule.priority, 4153);
	s = mapping();
	ck_assert(parse_n(&s, s.n, &e));
	ck_assert_uint_eq(e.remote.port, 4501);
	ck_assert_uint_eq(e.remote.addr.b[3], 9);
}
END_TEST

START_TEST(flush_of_what)
{
	struct sample s = flushed();
	struct xfrm_event e;

	ck_assert(parse_n(&s, s.n, &e));
	ck_assert_uint_eq(e.sa.protocol, 51);
	s.b[0] = 255; /* any of IPsec */
	ck_assert(parse_n(&s, s.n, &e));
	ck_assert_uint_eq(e.sa.protocol, 0);
}
END_TEST

/* The state of a question says what the question was. */
START_TEST(question_by_state)
{
	struct sample s = acquire();
	struct xfrm_event asked, e;

	ck_assert(parse_n(&s, s.n, &asked));
	s = larval();
	ck_assert(parse_n(&s, s.n, &e));
	ck_assert(flow_equal(&e.flow, &asked.flow));
	ck_assert_uint_eq(e.seq, asked.seq);
	ck_assert_uint_eq(e.reqid, asked.reqid);
	ck_assert(address_equal(&e.sa.to, &asked.sa.to));
	/* One that has no selector is no question that could be answered. */
	s.b[offsetof(struct xfrm_usersa_info, sel) + offsetof(struct xfrm_selector, family)] = 0;
	ck_assert(parse_n(&s, s.n, &e));
	ck_assert_uint_eq(e.flow.remote.addr.family, 0);
}
END_TEST

/* A deletion without the whole state still says which one it was. */
START_TEST(deleted_by_name)
{
	struct sample s = state_deleted();
	struct xfrm_event e;

	ck_assert(parse_n(&s, s.head_n, &e));
	ck_assert_uint_eq(e.sa.spi, 0x1234);
	ck_assert_uint_eq(e.reqid, 0);
	s = policy_deleted();
	ck_assert(!parse_n(&s, s.head_n, &e));
}
END_TEST

int
main(void)
{
	const int n = (int)(sizeof(samples) / sizeof(samples[0]));
	Suite *s = suite_create("xfrm");
	TCase *t = tcase_create("parse");

	tcase_add_loop_test(t, cut_anywhere, 0, n);
	tcase_add_loop_test(t, attribute_lies, 0, n);
	tcase_add_test(t, family_unknown);
	tcase_add_test(t, direction_forward);
	tcase_add_test(t, table_of_others);
	tcase_add_test(t, type_unknown);
	tcase_add_test(t, values);
	tcase_add_test(t, flush_of_what);
	tcase_add_test(t, question_by_state);
	tcase_add_test(t, deleted_by_name);
	suite_add_tcase(s, t);
	return run_suite(s);
}
