/* H20-H28: fragments. */
#include <string.h>
#include <time.h>

#include "tests/hostile/hostile.h"

static struct recipe r;
static struct raw w, whole;

/* A fragment for host's main mode. */
static const struct raw *
piece(const struct mm_sa *mm, uint16_t id, unsigned number, bool last, struct span data)
{
	uint32_t n = (uint32_t)(ISAKMP_HEADER_BYTES + FRAGMENT_HEAD_BYTES + data.n);
	struct writer out;

	writer_init(&out, w.b, sizeof(w.b));
	writer_bytes(&out, SPAN_ARRAY(mm->icookie));
	writer_bytes(&out, SPAN_ARRAY(mm->rcookie));
	writer_u8(&out, PAYLOAD_FRAGMENT);
	writer_u8(&out, 0x10);
	writer_u8(&out, EXCHANGE_NOTIFY);
	writer_u8(&out, 0);
	writer_u32(&out, 9);
	writer_u32(&out, n);
	writer_u16(&out, 0);
	writer_u16(&out, (uint16_t)(n - ISAKMP_HEADER_BYTES));
	writer_u16(&out, id);
	writer_u8(&out, (uint8_t)number);
	writer_u8(&out, last ? FRAGMENT_FLAG_LAST : 0);
	writer_bytes(&out, data);
	ck_assert(writer_ok(&out));
	w.n = out.n;
	return &w;
}

static void
send(const struct mm_sa *mm, uint16_t id, unsigned number, bool last, struct span data)
{
	piece(mm, id, number, last, data);
	sim_inject(&net, RESPONDER, w.b, w.n);
}

static void
send_bad(const struct mm_sa *mm, uint16_t id, unsigned number, bool last, struct span data,
    enum ike_err err)
{
	piece(mm, id, number, last, data);
	hostile_drop_raw(RESPONDER, &w, err);
}

static struct engine *
responder(void)
{
	return net.host[RESPONDER].engine;
}

/* A reliable notify that the responder acknowledges. */
static void
make_whole(void)
{
	static const uint8_t body[12] = { 0, 0, 0, 1, 1, 1, 0x60, 1, 0, 0, 0, 0 };

	recipe_begin(&r, hostile_mm(INITIATOR), EXCHANGE_NOTIFY, 9);
	recipe_add(&r, PAYLOAD_NOTIFY, SPAN_ARRAY(body));
	recipe_write(&r, hostile_mm(INITIATOR), &whole);
}

static struct span
part(size_t i, size_t n)
{
	size_t step = (whole.n + n - 1) / n, at = i * step;

	return span_of(whole.b + at, whole.n - at < step ? whole.n - at : step);
}

/* The message gets through after whatever the test did, in n fragments. */
static void
expect_accepted(uint16_t id, size_t n)
{
	const struct mm_sa *mm = hostile_mm(RESPONDER);
	size_t sent = net.host[RESPONDER].n_sent;

	make_whole();
	for (size_t i = 0; i < n; i++)
		send(mm, id, (unsigned)i + 1, i + 1 == n, part(i, n));
	ck_assert_uint_eq(net.host[RESPONDER].n_sent, sent + 1);
	ck_assert_uint_eq(responder()->reassembly_bytes, 0);
}

START_TEST(h20_every_id_and_number_zero)
{
	static const uint16_t id[] = { 0, 1, 255, 256, 32767, 32768, 65535 };
	static const uint8_t data[4];

	hostile_begin_established();
	for (size_t i = 0; i < sizeof(id) / sizeof(id[0]); i++) {
		send_bad(hostile_mm(RESPONDER), id[i], 0, false, SPAN_ARRAY(data),
		    IKE_ERR_FRAGMENT_FORM);
		send_bad(hostile_mm(RESPONDER), id[i], 0, true, SPAN_ARRAY(data),
		    IKE_ERR_FRAGMENT_FORM);
		expect_accepted(id[i], 1);
		expect_accepted(id[i], 3);
	}
	hostile_end();
}
END_TEST

START_TEST(h21_empty_fragments)
{
	hostile_begin_established();
	for (unsigned number = 0; number < 256; number++)
		for (int last = 0; last < 2; last++)
			send_bad(hostile_mm(RESPONDER), 1, number, last != 0, SPAN_NONE,
			    IKE_ERR_FRAGMENT_FORM);
	ck_assert_uint_eq(responder()->reassembly_bytes, 0);
	/* Cut short anywhere in its head, and the wrong length of the payload. */
	make_whole();
	for (size_t n = ISAKMP_HEADER_BYTES; n < ISAKMP_HEADER_BYTES + 9; n++) {
		piece(hostile_mm(RESPONDER), 1, 1, true, part(0, 1));
		w.n = n;
		w.b[27] = (uint8_t)n;
		w.b[26] = 0;
		hostile_drop_raw(RESPONDER, &w, IKE_ERR_FRAGMENT_FORM);
	}
	for (unsigned n = 0; n < 256; n++) {
		piece(hostile_mm(RESPONDER), 1, 1, true, part(0, 1));
		if (w.b[31] == n)
			continue;
		w.b[31] = (uint8_t)n;
		hostile_drop_raw(RESPONDER, &w, IKE_ERR_FRAGMENT_FORM);
	}
	/* Another payload behind it. */
	piece(hostile_mm(RESPONDER), 1, 1, true, part(0, 1));
	w.b[28] = PAYLOAD_VID;
	hostile_drop_raw(RESPONDER, &w, IKE_ERR_FRAGMENT_FORM);
	hostile_end();
}
END_TEST

static void
send_reverse(size_t n)
{
	make_whole();
	for (size_t i = n; i-- > 0;)
		send(hostile_mm(RESPONDER), 5, (unsigned)i + 1, i + 1 == n, part(i, n));
}

/* Reverse order, as many as there may be, again and again: linear work. */
START_TEST(h22_worst_order_costs_little)
{
	struct timespec from, to;
	size_t n;

	hostile_begin_established();
	make_whole();
	for (n = FRAGMENT_MAX_COUNT; (n - 1) * ((whole.n + n - 1) / n) >= whole.n; n--)
		;
	ck_assert_uint_gt(n, 50);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	for (int i = 0; i < 200; i++) {
		size_t sent = net.host[RESPONDER].n_sent;

		send_reverse(n);
		ck_assert_uint_eq(net.host[RESPONDER].n_sent, sent + 1);
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	ck_assert_int_le(to.tv_sec - from.tv_sec, 20);
	hostile_end();
}
END_TEST

START_TEST(h23_tails)
{
	static const uint8_t data[4];
	struct span d = SPAN_ARRAY(data);
	const struct mm_sa *mm;

	hostile_begin_established();
	mm = hostile_mm(RESPONDER);
	/* First and again, then the rest: nothing is lost. */
	make_whole();
	send(mm, 7, 3, true, part(2, 3));
	send_bad(mm, 7, 3, true, part(2, 3), IKE_ERR_FRAGMENT_TWICE);
	send(mm, 7, 1, false, part(0, 3));
	send_bad(mm, 7, 3, true, part(2, 3), IKE_ERR_FRAGMENT_TWICE);
	piece(mm, 7, 2, false, part(1, 3));
	sim_inject(&net, RESPONDER, w.b, w.n);
	ck_assert_uint_eq(responder()->reassembly_bytes, 0);
	/* Two different tails, a number behind the tail, a tail before a number. */
	send(mm, 8, 3, true, d);
	send_bad(mm, 8, 2, true, d, IKE_ERR_FRAGMENT_CONFLICT);
	ck_assert_uint_eq(responder()->reassembly_bytes, 0);
	send(mm, 8, 3, true, d);
	send_bad(mm, 8, 4, false, d, IKE_ERR_FRAGMENT_CONFLICT);
	send(mm, 8, 4, false, d);
	send_bad(mm, 8, 3, true, d, IKE_ERR_FRAGMENT_CONFLICT);
	ck_assert_uint_eq(responder()->reassembly_bytes, 0);
	expect_accepted(8, 3);
	hostile_end();
}
END_TEST

START_TEST(h24_bounds)
{
	static uint8_t data[60000];
	const struct mm_sa *mm;

	hostile_begin_established();
	mm = hostile_mm(RESPONDER);
	for (unsigned number = FRAGMENT_MAX_COUNT + 1; number < 256; number++)
		send_bad(mm, 1, number, true, span_of(data, 8), IKE_ERR_FRAGMENT_FORM);
	/* More bytes than a message has. */
	send(mm, 2, 1, false, span_of(data, 60000));
	send_bad(mm, 2, 2, false, span_of(data, 6000), IKE_ERR_FRAGMENT_LIMIT);
	ck_assert_uint_eq(responder()->reassembly_bytes, 0);
	/* One message at a time: 10,000 IDs take no more than one. */
	for (unsigned id = 0; id < 10000; id++)
		send(mm, (uint16_t)id, 1, false, span_of(data, 1000));
	ck_assert_uint_le(responder()->reassembly_bytes, 8192);
	/* And not for long. */
	sim_run(&net, REASSEMBLY_MAX_MS + 1);
	ck_assert_uint_eq(responder()->reassembly_bytes, 0);
	ck_assert_uint_eq(hostile_errors(RESPONDER, IKE_ERR_FRAGMENT_TIMEOUT), 1);
	expect_accepted(3, 4);
	hostile_end();
}
END_TEST

/* Of all peers together; who has proved nothing gets less. */
START_TEST(h24_bound_of_all_peers)
{
	static uint8_t data[8000];
	static struct raw m1;
	struct mm_sa *mm;
	size_t most = 0;

	hostile_begin();
	responder()->p.max_negotiations_per_peer = 2000;
	for (unsigned i = 0; i < 700; i++) {
		m1 = *hostile_m1_raw();
		m1.b[0] = (uint8_t)(i >> 8 | 0x80);
		m1.b[1] = (uint8_t)i;
		sim_inject(&net, RESPONDER, m1.b, m1.n);
		mm = hostile_mm(RESPONDER);
		send(mm, 1, 1, false, span_of(data, 8000));
		if (responder()->reassembly_bytes > most)
			most = responder()->reassembly_bytes;
		if (i < 5)
			send_bad(mm, 1, 2, false, span_of(data, 500), IKE_ERR_FRAGMENT_LIMIT);
	}
	ck_assert_uint_le(most, REASSEMBLY_TOTAL_BYTES);
	ck_assert_uint_gt(most, REASSEMBLY_TOTAL_BYTES / 2);
	ck_assert_uint_ge(hostile_errors(RESPONDER, IKE_ERR_FRAGMENT_LIMIT), 100);
	hostile_end();
}
END_TEST

/* Nobody may start with fragments: not M1, not before keys exist. */
START_TEST(h25_fragmented_first_message)
{
	static uint8_t data[60000];
	struct mm_sa none = { .icookie = { 1 } };

	hostile_begin();
	for (size_t n = 0; n < sizeof(data); n += 997) {
		piece(&none, 1, 1, true, span_of(data, n));
		w.b[18] = EXCHANGE_MM;
		w.b[23] = 0;
		hostile_drop_raw(RESPONDER, &w, IKE_ERR_FRAGMENT);
	}
	memset(none.rcookie, 3, 8);
	send_bad(&none, 1, 1, true, span_of(data, 100), IKE_ERR_COOKIE);
	hostile_end();
	hostile_begin_at(0); /* M1 is lost: the initiator has no keys */
	piece(hostile_mm(INITIATOR), 1, 1, true, span_of(data, 100));
	w.b[8] = 1;
	hostile_drop_raw(INITIATOR, &w, IKE_ERR_FRAGMENT);
	hostile_end();
	/* Vendor IDs of every length in M1 (the builder's bound). */
	for (size_t n = 0; n < 4096; n += 37) {
		hostile_begin();
		hostile_m1(&r);
		recipe_add(&r, PAYLOAD_VID, span_of(data, n));
		recipe_write(&r, NULL, &whole);
		sim_inject(&net, RESPONDER, whole.b, whole.n);
		ck_assert_uint_eq(sim_count_mm(&net, RESPONDER), 1);
		hostile_end();
	}
}
END_TEST

/* The main mode ends with a message half together. */
START_TEST(h26_ends_with_fragments_in_flight)
{
	static const uint8_t data[400];

	for (size_t n = 2; n <= GOOD_MESSAGES; n++) {
		hostile_begin_at(n);
		send(hostile_mm(RESPONDER), 1, 2, false, SPAN_ARRAY(data));
		ck_assert_uint_gt(responder()->reassembly_bytes, 0);
		engine_delete_mm(responder(), net.now_ms, 0);
		sim_flush(&net);
		hostile_end();
	}
}
END_TEST

/* A whole message of garbage, with and without a header, at every step. */
START_TEST(h26_garbage_in_fragments)
{
	uint8_t data[200];

	for (size_t n = 2; n <= GOOD_MESSAGES; n++) {
		hostile_begin_at(n);
		for (unsigned i = 0; i < 64; i++) {
			struct mm_sa *mm = hostile_mm(RESPONDER);

			memset(data, (int)(i * 37), sizeof(data));
			if (i % 2 != 0) {
				memcpy(data, mm->icookie, 8);
				memcpy(data + 8, mm->rcookie, 8);
			}
			data[16] = i % 4 == 3 ? PAYLOAD_CRYPTO : PAYLOAD_FRAGMENT;
			data[17] = 0x10;
			data[18] = (uint8_t)(EXCHANGE_MM + i / 8 % 4);
			data[19] = i & 1;
			memset(data + 24, 0, 4);
			data[27] = sizeof(data);
			send(mm, (uint16_t)i, 1, false, span_of(data, 100));
			send(mm, (uint16_t)i, 2, true, span_of(data + 100, 100));
			ck_assert_uint_eq(responder()->reassembly_bytes, 0);
		}
		hostile_end();
	}
}
END_TEST

START_TEST(h28_nested_and_mixed)
{
	static struct raw inner;
	const struct mm_sa *mm;
	size_t n_sent;

	hostile_begin_established();
	mm = hostile_mm(RESPONDER);
	/* A fragment made of fragments. */
	make_whole();
	inner = *piece(mm, 1, 1, true, part(0, 1));
	send_bad(mm, 2, 1, true, span_of(inner.b, inner.n), IKE_ERR_FRAGMENT_FORM);
	/* A Fragment payload inside of a sealed message. */
	recipe_begin(&r, hostile_mm(INITIATOR), EXCHANGE_NOTIFY, 4);
	recipe_add(&r, PAYLOAD_FRAGMENT, span_of("\0\1\1\1", 4));
	recipe_write(&r, hostile_mm(INITIATOR), &w);
	hostile_drop_raw(RESPONDER, &w, IKE_ERR_PAYLOAD_MISSING);
	/* The message of another main mode: its cookies are not those of the fragments. */
	make_whole();
	whole.b[3] ^= 1;
	send_bad(mm, 3, 1, true, part(0, 1), IKE_ERR_CRYPTO_PAYLOAD);
	/* Half with another ID, exchange or message ID: the newest wins. */
	make_whole();
	send(mm, 4, 1, false, part(0, 2));
	send(mm, 5, 2, true, part(1, 2));
	ck_assert_uint_gt(responder()->reassembly_bytes, 0);
	piece(mm, 5, 1, false, part(0, 2));
	w.b[18] = EXCHANGE_QM;
	sim_inject(&net, RESPONDER, w.b, w.n);
	piece(mm, 5, 2, true, part(1, 2));
	w.b[23] = 1;
	sim_inject(&net, RESPONDER, w.b, w.n);
	ck_assert_uint_gt(responder()->reassembly_bytes, 0);
	/* A forged fragment costs one message, and the next one comes through. */
	make_whole();
	send(mm, 6, 1, false, part(0, 2));
	whole.b[whole.n - 1] ^= 1;
	send_bad(mm, 6, 2, true, part(1, 2), IKE_ERR_ICV);
	expect_accepted(6, 2);
	/* The header left out, as the text of MS-IKEE has it. */
	make_whole();
	memmove(whole.b, whole.b + ISAKMP_HEADER_BYTES, whole.n -= ISAKMP_HEADER_BYTES);
	n_sent = net.host[RESPONDER].n_sent;
	send(mm, 7, 1, true, part(0, 1));
	ck_assert_uint_eq(net.host[RESPONDER].n_sent, n_sent + 1);
	hostile_end();
}
END_TEST

TCase *
hostile_fragment_cases(void)
{
	TCase *t = tcase_create("fragment");

	tcase_set_timeout(t, 300);
	tcase_add_test(t, h20_every_id_and_number_zero);
	tcase_add_test(t, h21_empty_fragments);
	tcase_add_test(t, h22_worst_order_costs_little);
	tcase_add_test(t, h23_tails);
	tcase_add_test(t, h24_bounds);
	tcase_add_test(t, h24_bound_of_all_peers);
	tcase_add_test(t, h25_fragmented_first_message);
	tcase_add_test(t, h26_ends_with_fragments_in_flight);
	tcase_add_test(t, h26_garbage_in_fragments);
	tcase_add_test(t, h28_nested_and_mixed);
	return t;
}
