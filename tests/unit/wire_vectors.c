/* Recorded messages: every payload decoded and encoded again, every truncation refused. */
#include <stdlib.h>
#include <string.h>

#include "ike/payload.h"
#include "tests/unit/check_wire.h"
#include "tests/unit/negotiation.h"

static void
sa_again(struct span body, bool quick, struct writer *w)
{
	static struct pld_sa sa, fields;
	uint8_t other[HEX_MAX_BYTES];
	struct writer from_fields;

	ck_assert_int_eq(pld_sa_decode(body, quick, &sa), IKE_OK);
	pld_sa_encode(w, &sa, quick);
	/* from the fields, not from the peer's bytes */
	fields = sa;
	for (size_t i = 0; i < sa.n_proposal; i++)
		for (size_t k = 0; k < sa.proposal[i].n_transform; k++)
			fields.proposal[i].transform[k].raw = SPAN_NONE;
	writer_init(&from_fields, other, sizeof(other));
	pld_sa_encode(&from_fields, &fields, quick);
	/* The recorded quick modes have their attributes in another order than ours. */
	ck_assert_uint_eq(from_fields.n, body.n);
	if (!quick)
		ck_assert_mem_eq(other, body.p, body.n);
}

static void
id_again(struct span body, struct writer *w)
{
	struct pld_id id;
	struct endpoint e;

	ck_assert_int_eq(pld_id_decode(body, &id), IKE_OK);
	ck_assert(pld_id_to_endpoint(&id, &e));
	pld_id_encode_endpoint(w, id.protocol, &e);
}

static void
name_again(struct span body, struct writer *w)
{
	char name[256];

	ck_assert_int_eq(pld_gss_id_decode(body, name, sizeof(name)), IKE_OK);
	ck_assert_ptr_nonnull(strstr(name, "authip.test"));
	pld_gss_id_encode(w, name);
}

static void
vendor_again(struct span body, struct writer *w)
{
	uint32_t number;
	enum ike_vendor v = pld_vendor_decode(body, &number);

	ck_assert_int_ne(v, VENDOR_UNKNOWN);
	pld_vendor_encode(w, v, number);
}

/* Payloads without structure are left as they are. */
static void
payload_again(const struct payload *p, bool quick, struct writer *w)
{
	struct pld_auth auth;
	struct pld_gss gss;
	struct pld_notify notify;

	switch (p->type) {
	case PAYLOAD_SA:
		sa_again(p->body, quick, w);
		break;
	case PAYLOAD_ID:
		id_again(p->body, w);
		break;
	case PAYLOAD_GSS_ID:
		name_again(p->body, w);
		break;
	case PAYLOAD_VID:
		vendor_again(p->body, w);
		break;
	case PAYLOAD_AUTH:
		ck_assert_int_eq(pld_auth_decode(p->body, &auth), IKE_OK);
		pld_auth_encode(w, &auth);
		break;
	case PAYLOAD_GSS:
		ck_assert_int_eq(pld_gss_decode(p->body, &gss), IKE_OK);
		pld_gss_encode(w, &gss);
		break;
	case PAYLOAD_NOTIFY:
		ck_assert_int_eq(pld_notify_decode(p->body, &notify), IKE_OK);
		pld_notify_encode(w, &notify);
		break;
	case PAYLOAD_NONCE:
		ck_assert_int_eq(pld_nonce_check(p->body), IKE_OK);
		/* fall through */
	default:
		writer_bytes(w, p->body);
	}
}

static void
assert_payloads_again(const struct message *m, const char *label)
{
	/* The only SA outside of #1 and #2 is that of a quick mode. */
	bool quick = label[0] != '#';
	uint8_t body[HEX_MAX_BYTES];
	struct writer w;

	for (size_t i = 0; i < m->n_payload; i++) {
		writer_init(&w, body, sizeof(body));
		payload_again(&m->payload[i], quick, &w);
		ck_assert(writer_ok(&w));
		vectors_same(span_of(body, w.n), m->payload[i].body, label);
	}
}

static enum ike_err
open_exact(struct span datagram, const struct message_keys *k)
{
	struct span copy = wire_exact(datagram);
	uint8_t plain[HEX_MAX_BYTES];
	struct message m;
	enum ike_err e = message_parse(copy, false, &m);

	if (e == IKE_OK && (m.h.flags & ISAKMP_FLAG_ENCRYPTED) != 0)
		e = message_open(&m, k, false, plain, sizeof(plain));
	free((void *)copy.p);
	return e;
}

/* Cut everywhere, first as on the wire, then with the header's length corrected. */
static void
assert_truncations(struct hex *wire, const struct message_keys *k, const char *label)
{
	for (size_t n = 0; n < wire->n; n++)
		require(open_exact(span_of(wire->b, n), k) != IKE_OK, "%s cut to %zu",
		    label, n);
	for (size_t n = ISAKMP_HEADER_BYTES; n < wire->n; n++) {
		wire->b[26] = (uint8_t)(n >> 8);
		wire->b[27] = (uint8_t)n;
		require(open_exact(span_of(wire->b, n), k) != IKE_OK,
		    "%s corrected to %zu", label, n);
	}
}

START_TEST(recorded_payloads_and_truncations)
{
	uint8_t key[CIPHER_MAX_KEY_BYTES], plain[HEX_MAX_BYTES];
	struct negotiation n;
	struct message_keys k;
	struct main_keys mk;
	json_t *v;
	size_t i;

	negotiation_load(&n, (size_t)_i);
	ck_assert(keys_main(&n.d, &n.in, hex_span(&n.secret), &mk));
	negotiation_keys(&n, &mk, key, &k);
	json_array_foreach(vectors_get(n.v, "messages"), i, v) {
		const char *label = vectors_str(v, "label");
		struct message m;
		struct hex wire;

		vectors_hex(v, "wire", &wire);
		ck_assert_int_eq(message_parse(hex_span(&wire), false, &m), IKE_OK);
		if ((m.h.flags & ISAKMP_FLAG_ENCRYPTED) != 0)
			ck_assert_int_eq(
			    message_open(&m, &k, true, plain, wire.n), IKE_OK);
		assert_payloads_again(&m, label);
		assert_truncations(&wire, &k, label);
	}
	negotiation_free(&n);
}
END_TEST

void
wire_vector_tests(Suite *s)
{
	TCase *t = tcase_create("vectors");

	tcase_set_timeout(t, 20);
	tcase_add_loop_test(
	    t, recorded_payloads_and_truncations, 0, vectors_count("negotiations"));
	suite_add_tcase(s, t);
}
