/* H02, H08: what hostile messages cost in memory. */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "tests/hostile/hostile.h"

#ifdef AIP_SANITIZERS
size_t __sanitizer_get_current_allocated_bytes(void); /* not every gcc has the header */
#endif

static struct raw w;

static size_t
heap_bytes(void)
{
#ifdef AIP_SANITIZERS
	return __sanitizer_get_current_allocated_bytes();
#else
	return mallinfo2().uordblks;
#endif
}

/* The length of the header is compared, never used to allocate. */
START_TEST(h02_huge_length_allocates_nothing)
{
	size_t before;

	hostile_begin();
	w = *hostile_m1_raw();
	hostile_drop(RESPONDER, span_of(w.b, 5), IKE_ERR_TOO_SHORT);
	before = heap_bytes();
	for (unsigned shift = 16; shift < 32; shift++) {
		memset(w.b + 24, 0, 4);
		w.b[24 + (31 - shift) / 8] = (uint8_t)(1 << shift % 8);
		hostile_drop_raw(RESPONDER, &w, IKE_ERR_LENGTH);
	}
	memset(w.b + 24, 0xff, 4);
	hostile_drop_raw(RESPONDER, &w, IKE_ERR_LENGTH);
	/* The test library may take a little. */
	ck_assert_uint_le(heap_bytes(), before + 262144);
	hostile_end();
}
END_TEST

static uint64_t
next_random(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return *s;
}

/* Damaged first messages, ten thousand of them; the heap is afterwards what it was. */
START_TEST(h08_ten_thousand_malformed_messages_leak_nothing)
{
	uint64_t rng = 88172645463325252u;
	size_t before = 0;

	hostile_begin();
	for (int i = 0; i < 11000; i++) {
		if (i == 1000) { /* tables have their size by now */
			engine_delete_mm(net.host[RESPONDER].engine, net.now_ms, 0);
			sim_flush(&net);
			before = heap_bytes();
		}
		w = *hostile_m1_raw();
		for (uint64_t k = next_random(&rng) % 4 + 1; k > 0; k--)
			w.b[next_random(&rng) % w.n] = (uint8_t)next_random(&rng);
		sim_inject(&net, RESPONDER, w.b, w.n);
		while (net.packets != NULL) {
			struct sim_packet *p = net.packets;

			net.packets = p->next;
			free(p);
		}
	}
	engine_delete_mm(net.host[RESPONDER].engine, net.now_ms, 0);
	sim_flush(&net);
	ck_assert_uint_eq(sim_count_mm(&net, RESPONDER), 0);
	ck_assert_uint_le(heap_bytes(), before + 4096);
	hostile_end();
}
END_TEST

TCase *
hostile_leak_cases(void)
{
	TCase *t = tcase_create("leak");

	tcase_set_timeout(t, 300);
	tcase_add_test(t, h02_huge_length_allocates_nothing);
	tcase_add_test(t, h08_ten_thousand_malformed_messages_leak_nothing);
	return t;
}
