/* Main modes of IKEv1 between two hosts, without the engine. */
#include "tests/unit/auth_v1_talk.h"

#include <stdlib.h>
#include <string.h>

void
v1_token_begin(struct v1_token *t)
{
	writer_init(&t->w, t->b, sizeof(t->b));
}

void
v1_token_add(struct v1_token *t, enum auth_part_kind kind, struct span data)
{
	auth_part_write(&t->w, kind, data);
	ck_assert(writer_ok(&t->w));
}

void
v1_token_copy(struct v1_token *t, const struct v1_token *from, enum auth_part_kind kind)
{
	const struct auth_part *p;

	for (size_t i = 0; (p = auth_part_find(&from->parts, kind, i)) != NULL; i++)
		v1_token_add(t, kind, p->data);
}

void
v1_token_take(struct v1_token *t, const struct engine_auth_reply *r)
{
	ck_assert_uint_le(r->token.n, sizeof(t->b));
	v1_token_begin(t);
	writer_bytes(&t->w, r->token);
	ck_assert(auth_parts_read(span_of(t->b, t->w.n), &t->parts));
}

struct span
v1_hash(enum hash_id hash, int of)
{
	static const uint8_t made_up[2][HASH_MAX_BYTES] = {
		"HASH_I of a main mode that never was, in 48 byte",
		"HASH_R of a main mode that never was, in 48 byte",
	};

	return span_of(made_up[of], hash_len_bytes(hash));
}

void
v1_begin(struct v1_end *e, const struct side *s, enum auth_method method,
    enum hash_id hash, bool initiator, uint32_t credential)
{
	memset(e, 0, sizeof(*e));
	e->d = v1_dialogue_new(s->tls, method, hash, initiator, credential);
	ck_assert_ptr_nonnull(e->d);
}

/* In memory of exactly its size, so that a sanitizer sees every excess. */
static bool
step(struct v1_end *e, const struct v1_token *t)
{
	uint8_t *copy = malloc(t->w.n > 0 ? t->w.n : 1);

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, t->b, t->w.n);
	auth_dialogue_step(e->d, span_of(copy, t->w.n), &e->r);
	free(copy);
	return e->r.status != AUTH_FAILED;
}

bool
v1_introduce(struct v1_end *e, const struct v1_token *authorities)
{
	static struct v1_token t;

	v1_token_begin(&t);
	if (authorities != NULL)
		v1_token_copy(&t, authorities, AUTH_PART_AUTHORITY);
	if (!step(e, &t))
		return false;
	ck_assert_int_eq(e->r.status, AUTH_CONTINUE);
	v1_token_take(&e->intro, &e->r);
	return true;
}

bool
v1_signs(struct v1_end *e, struct span hash)
{
	static struct v1_token t;

	v1_token_begin(&t);
	v1_token_add(&t, AUTH_PART_HASH, hash);
	if (!step(e, &t))
		return false;
	v1_token_take(&e->sig, &e->r);
	return true;
}

bool
v1_verifies(struct v1_end *e, const struct v1_end *other, struct span hash)
{
	static struct v1_token t;

	v1_token_begin(&t);
	v1_token_add(&t, AUTH_PART_HASH, hash);
	v1_token_copy(&t, &other->sig, AUTH_PART_SIGNATURE);
	v1_token_copy(&t, &other->intro, AUTH_PART_ID);
	v1_token_copy(&t, &other->intro, AUTH_PART_CERT);
	return step(e, &t);
}

void
v1_expect_failure(
    const struct v1_end *e, uint32_t status, const char *text, const char *hint)
{
	const struct engine_auth_reply *r = &e->r;

	ck_assert_int_eq(r->status, AUTH_FAILED);
	ck_assert_msg(r->gss_status == status, "0x%08x: %s", r->gss_status, r->text);
	ck_assert_msg(
	    strstr(r->text, text) != NULL, "\"%s\" not in: %s", text, r->text);
	ck_assert_msg(
	    strstr(r->text, hint) != NULL, "\"%s\" not in: %s", hint, r->text);
	ck_assert_uint_eq(r->token.n, 0);
	ck_assert_uint_eq(r->secret.n, 0);
	ck_assert_str_eq(r->peer_name, "");
}

void
v1_end(struct v1_end *e)
{
	auth_dialogue_free(e->d);
}
