/* Structures as bytes: what is cut, too long or lies about its lengths is refused. */
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "tests/unit/wfp_rig.h"
#include "winsock/wfp_types.h"

static uint8_t bytes[AIP_API_MAX_BYTES];
static size_t n;

static void
encode_sample(void)
{
	static struct qm_sample s;

	wfp_sample_qm(&s);
	n = wfp_encode(&wfp_context0, &s.context, bytes, sizeof(bytes));
	ck_assert_uint_gt(n, 0);
}

/* From a buffer of exactly that size, for the sanitizer. */
static size_t
size_of(const uint8_t *p, size_t length)
{
	uint8_t *exact = malloc(length + 1);
	size_t size;

	memcpy(exact, p, length);
	size = wfp_decoded_size(&wfp_context1, exact, length);
	free(exact);
	return size;
}

START_TEST(exactly_as_long)
{
	encode_sample();
	ck_assert_uint_gt(size_of(bytes, n), 0);
	for (size_t cut = 0; cut < n; cut++)
		ck_assert_uint_eq(size_of(bytes, cut), 0);
	bytes[n] = 0;
	ck_assert_uint_eq(size_of(bytes, n + 1), 0);
}
END_TEST

START_TEST(no_room_to_encode)
{
	static struct qm_sample s;

	wfp_sample_qm(&s);
	encode_sample();
	for (size_t room = 0; room < n; room++)
		ck_assert_uint_eq(
		    wfp_encode(&wfp_context0, &s.context, bytes, room), 0);
}
END_TEST

/* Any byte may lie: whatever is accepted stays inside its block, and encodes again. */
START_TEST(every_byte_lies)
{
	static const uint8_t lies[] = { 0, 1, 2, 0x7f, 0x80, 0xff };
	static uint8_t again[4 * AIP_API_MAX_BYTES];

	encode_sample();
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < sizeof(lies); k++) {
			uint8_t was = bytes[i];
			void *value;

			bytes[i] = lies[k];
			value = wfp_decode(&wfp_context1, bytes, n);
			if (value != NULL)
				ck_assert_uint_gt(wfp_encode(&wfp_context1, value,
						      again, sizeof(again)),
				    0);
			free(value);
			bytes[i] = was;
		}
}
END_TEST

/* The count of methods of a main mode: more than there are bytes is refused at once. */
START_TEST(counts_that_lie)
{
	static struct mm_sample s;
	size_t good;

	wfp_sample_mm(&s);
	good = wfp_encode(&wfp_context0, &s.context, bytes, sizeof(bytes));
	s.policy.numIkeProposals = 0x10000000;
	s.policy.ikeProposals = NULL;
	n = wfp_encode(&wfp_context0, &s.context, bytes, sizeof(bytes));
	ck_assert_uint_lt(n, good);
	ck_assert_uint_gt(size_of(bytes, n), 0); /* no array: the rules refuse it */
	for (size_t i = 0; i < n; i++)
		if (memcmp(bytes + i, "\0\0\0\x10\0", 5) == 0)
			bytes[i + 4] = 1; /* "there is one" */
	ck_assert_uint_eq(size_of(bytes, n), 0);
}
END_TEST

START_TEST(text_with_a_nul)
{
	FWPM_DISPLAY_DATA0 d = { .name = (wchar_t[]){ L'a', L'b', 0 } };

	n = wfp_encode(&wfp_display, &d, bytes, sizeof(bytes));
	ck_assert_uint_eq(n, 4 + 8 + 4);
	ck_assert_uint_gt(wfp_decoded_size(&wfp_display, bytes, n), 0);
	bytes[4] = 0;
	ck_assert_uint_eq(wfp_decoded_size(&wfp_display, bytes, n), 0);
	/* a length that wraps */
	memset(bytes, 0xff, 4);
	ck_assert_uint_eq(wfp_decoded_size(&wfp_display, bytes, n), 0);
}
END_TEST

/* Every version of a structure has the same bytes. */
START_TEST(versions_have_the_same_bytes)
{
	static uint8_t other[AIP_API_MAX_BYTES];
	static struct qm_sample s;
	void *v1;
	size_t n1;

	wfp_sample_qm(&s);
	encode_sample();
	v1 = wfp_decode(&wfp_context1, bytes, n);
	ck_assert_ptr_nonnull(v1);
	n1 = wfp_encode(&wfp_context1, v1, other, sizeof(other));
	ck_assert_uint_eq(n1, n);
	ck_assert_mem_eq(other, bytes, n);
	free(v1);
}
END_TEST

/* The tables against sizes: no field lies outside of its structure. */
START_TEST(fields_are_inside)
{
	static const struct wfp_type *const all[] = { &wfp_context0, &wfp_context1,
		&wfp_filter, &wfp_filter_template, &wfp_session_type, &wfp_sa_context0,
		&wfp_sa_context1, &wfp_sa_details0, &wfp_sa_details1, &wfp_ikeext_sa0,
		&wfp_ikeext_sa1, &wfp_ipsec_statistics0, &wfp_ipsec_statistics1,
		&wfp_ikeext_statistics0, &wfp_ikeext_statistics1, &wfp_method0,
		&wfp_method1 };
	static const size_t fixed[] = { [WFP_GUID] = 16,
		[WFP_STRING] = 8,
		[WFP_BLOB] = 16,
		[WFP_POINTER] = 8,
		[WFP_ARRAY] = 8,
		[WFP_ABSENT] = 0 };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		for (size_t k = 0; k < all[i]->n; k++) {
			const struct wfp_field *f = &all[i]->field[k];
			size_t size = f->kind == WFP_NUMBER || f->kind == WFP_BYTES ?
					  f->extra :
				      f->kind == WFP_NUMBERS ? 4u * f->extra :
				      f->kind == WFP_LONGS   ? 8u * f->extra :
				      f->kind == WFP_STRUCT  ? f->type->size :
							       fixed[f->kind];

			ck_assert_uint_le(f->at + size, all[i]->size);
			if (f->kind == WFP_ARRAY)
				ck_assert_uint_lt(f->extra, f->at);
		}
}
END_TEST

void
wfp_codec_tests(Suite *s)
{
	TCase *t = tcase_create("bytes");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, exactly_as_long);
	tcase_add_test(t, no_room_to_encode);
	tcase_add_test(t, every_byte_lies);
	tcase_add_test(t, counts_that_lie);
	tcase_add_test(t, text_with_a_nul);
	tcase_add_test(t, versions_have_the_same_bytes);
	tcase_add_test(t, fields_are_inside);
	suite_add_tcase(s, t);
}
