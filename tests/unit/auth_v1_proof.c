/* A main mode of IKEv1 whose initiator has signed, for what malice makes of that. */
#include "tests/unit/auth_v1_proof.h"

#include <string.h>

#include <openssl/pem.h>

struct v1_proof proof;

X509 *
pki_read_cert(const char *name)
{
	FILE *f = fopen(pki_path(name, "pem"), "r");
	X509 *x;

	ck_assert_ptr_nonnull(f);
	x = PEM_read_X509(f, NULL, NULL, NULL);
	fclose(f);
	ck_assert_ptr_nonnull(x);
	return x;
}

EVP_PKEY *
pki_read_key(const char *name)
{
	FILE *f = fopen(pki_path(name, "key"), "r");
	EVP_PKEY *k;

	ck_assert_ptr_nonnull(f);
	k = PEM_read_PrivateKey(f, NULL, NULL, NULL);
	fclose(f);
	ck_assert_ptr_nonnull(k);
	return k;
}

void
proof_begin(const char *cert, enum auth_method method, enum hash_id id)
{
	side_init(&proof.a, "both", cert);
	side_init(&proof.b, "both", method == AUTH_V1_RSA ? "rsa1" : "ec1");
	side_open(&proof.a);
	side_open(&proof.b);
	proof.hash = v1_hash(id, 0);
	v1_begin(&proof.i, &proof.a, method, id, true, 0);
	v1_begin(&proof.r, &proof.b, method, id, false, 0);
	ck_assert_msg(v1_introduce(&proof.r, NULL), "%s", proof.r.r.text);
	ck_assert_msg(v1_introduce(&proof.i, NULL), "%s", proof.i.r.text);
	ck_assert_msg(v1_signs(&proof.i, proof.hash), "%s", proof.i.r.text);
}

void
proof_end(void)
{
	v1_end(&proof.i);
	v1_end(&proof.r);
	side_close(&proof.a);
	side_close(&proof.b);
}

void
proof_replace(struct v1_token *t, enum auth_part_kind kind, struct span data)
{
	static struct v1_token old;

	memcpy(&old, t, sizeof(old));
	ck_assert(auth_parts_read(span_of(old.b, old.w.n), &old.parts));
	v1_token_begin(t);
	for (size_t k = 0; k < old.parts.n; k++)
		if (old.parts.part[k].kind != kind)
			v1_token_add(t, (enum auth_part_kind)old.parts.part[k].kind,
			    old.parts.part[k].data);
	if (data.p != NULL)
		v1_token_add(t, kind, data);
	ck_assert(auth_parts_read(span_of(t->b, t->w.n), &t->parts));
}

void
proof_refused(uint32_t status, const char *text)
{
	ck_assert_msg(!v1_verifies(&proof.r, &proof.i, proof.hash), "accepted: %s", text);
	v1_expect_failure(&proof.r, status, text, "");
}
