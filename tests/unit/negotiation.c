/* Reading a recorded negotiation. */
#include "tests/unit/negotiation.h"

#include <string.h>

#include <check.h>

const json_t *
negotiation_message(const struct negotiation *n, const char *label, size_t i)
{
	json_t *m;
	size_t k;

	json_array_foreach(vectors_get(n->v, "messages"), k, m)
		if (strncmp(vectors_str(m, "label"), label, strlen(label)) == 0 &&
		    i-- == 0)
			return m;
	return NULL;
}

/* The i-th Nonce payload of a message, header included. */
static void
nonce_of(const struct negotiation *n, const char *label, size_t i, struct hex *out)
{
	const json_t *m = negotiation_message(n, label, 0), *types;
	struct hex inner;
	struct span s;

	ck_assert_ptr_nonnull(m);
	types = vectors_get(m, "payload_types");
	vectors_hex(m, "inner", &inner);
	s = chain_find(hex_span(&inner),
	    (uint8_t)json_integer_value(json_array_get(types, 0)), PAYLOAD_NONCE, i);
	ck_assert_uint_gt(s.n, 4);
	memcpy(out->b, s.p, s.n);
	out->n = s.n;
}

void
negotiation_agree(struct negotiation *n)
{
	const json_t *v = json_object_get(n->v, "dh");
	struct hex x, y;
	struct dh *dh;

	secret_wipe(&n->z);
	if (v != NULL) {
		vectors_hex(v, "private_i", &x);
		vectors_hex(v, "public_r", &y);
		dh = dh_new((enum dh_group)vectors_u32(n->v, "group"), hex_span(&x));
		ck_assert_ptr_nonnull(dh);
		ck_assert(
		    dh_shared(dh, hex_span(&y), n->d.ecdh_form == ECDH_FORM_XY, &n->z));
		dh_free(dh);
	}
	n->in.z = secret_span(&n->z);
}

void
negotiation_load(struct negotiation *n, size_t index)
{
	static const struct dialect dialect = DIALECT_DEFAULT;

	memset(n, 0, sizeof(*n));
	n->all = vectors_load();
	n->v = json_array_get(vectors_get(n->all, "negotiations"), index);
	ck_assert_ptr_nonnull(n->v);
	n->d = dialect;
	vectors_hex(n->v, "icookie", &n->icookie);
	vectors_hex(n->v, "rcookie", &n->rcookie);
	vectors_hex(n->v, "gss_secret", &n->secret);
	nonce_of(n, "#1", 0, &n->ni);
	nonce_of(n, "#2", 0, &n->nr);
	nonce_of(n, "#2", 1, &n->nr_qm);
	nonce_of(n, "QM request", 0, &n->ni_qm);
	n->in.cipher = vectors_cipher(vectors_str(n->v, "cipher"));
	n->in.hash = vectors_hash(vectors_str(n->v, "hash"));
	n->in.icookie = n->icookie.b;
	n->in.rcookie = n->rcookie.b;
	n->in.ni = hex_span(&n->ni);
	n->in.nr = hex_span(&n->nr);
	negotiation_agree(n);
}

void
negotiation_free(struct negotiation *n)
{
	json_decref(n->all);
}

void
negotiation_keys(const struct negotiation *n, const struct main_keys *mk,
    uint8_t *cipher_key, struct message_keys *k)
{
	ck_assert(keys_cipher_key(n->in.cipher, &mk->e, cipher_key));
	k->cipher = n->in.cipher;
	k->cipher_key = span_of(cipher_key, cipher_key_len_bytes(n->in.cipher));
	k->hash = n->in.hash;
	k->integrity_key = key_span(&mk->a);
	k->icv_len_bytes = keys_icv_len_bytes(&n->d, n->in.hash, n->d.vendor_version,
	    vectors_u32(n->v, "peer_vid_version"));
}

void
negotiation_chain(
    const struct negotiation *n, const char *label, bool main, struct chain *c)
{
	const json_t *m;

	memset(c, 0, sizeof(*c));
	for (size_t i = 0; (m = negotiation_message(n, label, i)) != NULL; i++) {
		struct hex wire, inner;
		struct chain_unit u;

		vectors_hex(m, "wire", &wire);
		vectors_hex(m, "inner", &inner);
		u = chain_unit_of(hex_span(&wire), hex_span(&inner));
		ck_assert(chain_step(c, &n->d, n->in.hash, main, &u));
	}
}
