/* Inbound: only what is new, authentic, of the right peer and inside its selector. */
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/check_plane.h"

static struct sample
from_peer(uint8_t family, uint8_t mark)
{
	return (struct sample){ flow_of(family, 6, 1000, 80), false, 24, mark, 0x10 };
}

static void
arrive(const uint8_t *b, size_t n)
{
	plane_in_packet(rig.p, span_of(b, n));
}

/* Nothing was delivered, and exactly this counter says why. */
static void
assert_dropped(enum plane_counter why, uint64_t times)
{
	uint8_t b[RIG_PACKET_BYTES];

	ck_assert_uint_eq(rig.p->count[why], times);
	for (uint32_t i = 1; i <= RIG_CLASSES; i++)
		ck_assert_uint_eq(rig_tun_read(i, b), 0);
}

static void
assert_only(enum plane_counter why)
{
	assert_dropped(why, 1);
	for (int i = 0; i < PLANE_COUNTER_COUNT; i++)
		if (i != (int)why)
			ck_assert_msg(rig.p->count[i] == 0, "%s",
			    plane_counter_name((enum plane_counter)i));
}

START_TEST(opened_and_delivered)
{
	struct sample s = from_peer(_i == 0 ? 4 : 6, 9);
	uint8_t b[RIG_PACKET_BYTES], clear[RIG_PACKET_BYTES], got[RIG_PACKET_BYTES];
	size_t n, clear_n = sample_write(&s, clear);

	pair_add(1, 2, &s.flow);
	n = peer_seal(1, 1, &s, b);
	arrive(b, n);
	ck_assert_uint_eq(rig_tun_read(2, got), clear_n);
	if (_i == 1)
		ck_assert_mem_eq(got, clear, clear_n);
	ck_assert_mem_eq(got + (_i == 0 ? 20 : 40), clear + (_i == 0 ? 20 : 40),
	    clear_n - (_i == 0 ? 20 : 40));
	ck_assert_uint_eq(rig.p->count[PC_IN_OPENED], 1);
	assert_dropped(PC_MALFORMED, 0);
}
END_TEST

START_TEST(replayed_packet_is_dropped)
{
	struct sample s = from_peer(4, 9);
	uint8_t b[RIG_PACKET_BYTES], got[RIG_PACKET_BYTES];
	size_t n;

	pair_add(1, 1, &s.flow);
	n = peer_seal(1, 100, &s, b);
	arrive(b, n);
	ck_assert_uint_gt(rig_tun_read(1, got), 0);
	arrive(b, n);
	assert_dropped(PC_REPLAY, 1);
	n = peer_seal(1, 36, &s, b); /* left of the window of 64 */
	arrive(b, n);
	assert_dropped(PC_REPLAY, 2);
	n = peer_seal(1, 40, &s, b);
	arrive(b, n);
	ck_assert_uint_gt(rig_tun_read(1, got), 0);
	assert_dropped(PC_REPLAY, 2);
}
END_TEST

START_TEST(unknown_spi_and_protocol)
{
	struct sample s = from_peer(4, 9);
	uint8_t b[RIG_PACKET_BYTES];
	size_t n = peer_seal(1, 1, &s, b);

	arrive(b, n);
	assert_dropped(PC_NO_SPI, 1);
	pair_add(1, 1, &s.flow);
	b[9] = IPPROTO_AH; /* the number is that of an ESP SA */
	memcpy(b + 24, b + 20, 4);
	arrive(b, n);
	assert_dropped(PC_NO_SPI, 2);
}
END_TEST

/* The peer is faster than the event loop: the SA is told, and not read yet. */
START_TEST(packet_overtakes_its_sa)
{
	struct sample s = from_peer(4, 9);
	uint8_t b[RIG_PACKET_BYTES], got[RIG_PACKET_BYTES];
	struct action_sa_add a = pair_action(1, 1, &s.flow, true);
	size_t n = peer_seal(1, 1, &s, b);

	rig_connect();
	rig_post(PROTO_SA_ADD, &a, sizeof(a));
	arrive(b, n);
	ck_assert_uint_gt(rig_tun_read(1, got), 0);
	ck_assert_uint_eq(rig.p->count[PC_NO_SPI], 0);
	/* a negotiator that goes meanwhile leaves nothing behind */
	close(rig.negotiator);
	rig.negotiator = -1;
	b[20] ^= 1;
	arrive(b, n);
	assert_dropped(PC_NO_SPI, 1);
	ck_assert_ptr_null(rig.p->negotiator);
}
END_TEST

START_TEST(wrong_address_is_dropped)
{
	struct sample s = from_peer(_i < 2 ? 4 : 6, 9);
	uint8_t b[RIG_PACKET_BYTES];
	size_t n;

	pair_add(1, 1, &s.flow);
	n = peer_seal(1, 1, &s, b);
	if (_i < 2)
		b[_i == 0 ? 15 : 19] ^= 1;
	else
		b[_i == 2 ? 23 : 39] ^= 1;
	arrive(b, n);
	assert_only(PC_WRONG_PEER);
}
END_TEST

/* The same SPI in a packet of the other family. */
START_TEST(wrong_family_is_dropped)
{
	struct sample four = from_peer(4, 9), six = from_peer(6, 9);
	uint8_t b[RIG_PACKET_BYTES];

	pair_add(1, 1, _i == 0 ? &four.flow : &six.flow);
	arrive(b, peer_seal(1, 1, _i == 0 ? &six : &four, b));
	assert_only(PC_WRONG_PEER);
}
END_TEST

START_TEST(every_flipped_bit_is_refused)
{
	struct sample s = from_peer(4, 9);
	uint8_t b[RIG_PACKET_BYTES], got[RIG_PACKET_BYTES];
	size_t n;

	pair_add(1, 1, &s.flow);
	n = peer_seal(1, 1, &s, b);
	for (size_t bit = 8 * 20; bit < 8 * n; bit++) {
		b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		arrive(b, n);
		ck_assert_msg(rig_tun_read(1, got) == 0, "bit %zu", bit);
		b[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	/* none of them moved the window */
	arrive(b, n);
	ck_assert_uint_gt(rig_tun_read(1, got), 0);
	ck_assert_uint_eq(rig.p->count[PC_IN_OPENED], 1);
	ck_assert_uint_ge(rig.p->count[PC_ICV], 8 * (n - 36));
}
END_TEST

START_TEST(truncated_packet_is_refused)
{
	struct sample s = from_peer(4, 9);
	uint8_t b[RIG_PACKET_BYTES];
	size_t n;

	pair_add(1, 1, &s.flow);
	n = peer_seal(1, 1, &s, b);
	for (size_t cut = 0; cut < n; cut++)
		arrive(b, cut);
	assert_dropped(PC_MALFORMED, n);
	ck_assert_uint_eq(rig.p->count[PC_IN_OPENED], 0);
}
END_TEST

START_TEST(outside_of_the_selector)
{
	struct sample s = from_peer(4, 9);
	uint8_t b[RIG_PACKET_BYTES];

	pair_add(1, 1, &s.flow);
	if (_i == 0)
		s.flow.local.port = 1001;
	else if (_i == 1)
		s.flow.remote.port = 81;
	else
		s.flow.protocol = 17;
	arrive(b, peer_seal(1, 1, &s, b));
	assert_only(PC_SELECTOR);
	ck_assert_uint_eq(rig.p->n_flows, 0);
}
END_TEST

START_TEST(another_protocol_inside)
{
	struct sample s = from_peer(4, 9);
	uint8_t b[RIG_PACKET_BYTES];

	s.flow.protocol = 0;
	pair_add(1, 1, &s.flow);
	s.flow.protocol = 1; /* ICMP has nothing to say here */
	arrive(b, peer_seal(1, 1, &s, b));
	assert_only(PC_MALFORMED);
}
END_TEST

START_TEST(dummy_packet_is_dropped_in_silence)
{
	struct sample s = from_peer(4, 9);
	uint8_t b[RIG_PACKET_BYTES], got[RIG_PACKET_BYTES];
	size_t n;

	pair_add(1, 1, &s.flow);
	s.flow.protocol = 59;
	n = peer_seal(1, 1, &s, b);
	arrive(b, n);
	ck_assert_uint_eq(rig_tun_read(1, got), 0);
	ck_assert_uint_eq(rig.p->count[PC_MALFORMED], 0);
	arrive(b, n); /* but it used up its number */
	assert_dropped(PC_REPLAY, 1);
}
END_TEST

START_TEST(not_protected_at_all)
{
	struct sample s = from_peer(4, 9);
	uint8_t b[RIG_PACKET_BYTES];

	pair_add(1, 1, &s.flow);
	arrive(b, sample_write(&s, b));
	assert_only(PC_MALFORMED);
}
END_TEST

void
plane_in_tests(Suite *s)
{
	TCase *t = tcase_create("in");

	tcase_add_checked_fixture(t, rig_setup, rig_teardown);
	tcase_add_loop_test(t, opened_and_delivered, 0, 2);
	tcase_add_test(t, replayed_packet_is_dropped);
	tcase_add_test(t, unknown_spi_and_protocol);
	tcase_add_test(t, packet_overtakes_its_sa);
	tcase_add_loop_test(t, wrong_address_is_dropped, 0, 4);
	tcase_add_loop_test(t, wrong_family_is_dropped, 0, 2);
	tcase_add_test(t, every_flipped_bit_is_refused);
	tcase_add_test(t, truncated_packet_is_refused);
	tcase_add_loop_test(t, outside_of_the_selector, 0, 3);
	tcase_add_test(t, another_protocol_inside);
	tcase_add_test(t, dummy_packet_is_dropped_in_silence);
	tcase_add_test(t, not_protected_at_all);
	suite_add_tcase(s, t);
}
