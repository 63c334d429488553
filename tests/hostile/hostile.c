/* Tools for hostile inputs. */
#include "tests/hostile/hostile.h"

#include <sys/mman.h>
#include <stdlib.h>
#include <string.h>

struct simnet net;

static const struct dialect dialect = DIALECT_DEFAULT;
static struct builder builder;

/* ---- networks ---- */

void
hostile_begin(void)
{
	sim_init_dialect(&net, 11, &dialect);
}

void
hostile_begin_established(void)
{
	hostile_begin();
	sim_acquire(&net, INITIATOR, 1, 4, 80);
	ck_assert(sim_run_results(&net, INITIATOR, 1, 20000));
	sim_run(&net, 5000);
	ck_assert_uint_eq(net.host[INITIATOR].result.error, IKE_OK);
	ck_assert_uint_eq(net.host[RESPONDER].n_sa, 2);
}

static bool
tap_stop_at(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	size_t *left = ctx;

	(void)from;
	(void)p;
	(void)n;
	if (*left == 0)
		return false; /* from now on, silence */
	--*left;
	return true;
}

void
hostile_begin_at(size_t n)
{
	size_t left = n;

	hostile_begin();
	net.tap = tap_stop_at;
	net.tap_ctx = &left;
	sim_acquire(&net, INITIATOR, 1, 4, 80);
	sim_run(&net, 1000);
	net.tap = NULL;
}

void
hostile_end(void)
{
	size_t n;

	net.tap = NULL;
	sim_run(&net, 300000); /* whatever waits, ends */
	engine_delete_mm(net.host[INITIATOR].engine, net.now_ms, 0);
	engine_delete_mm(net.host[RESPONDER].engine, net.now_ms, 0);
	sim_run(&net, 300000);
	ck_assert_uint_eq(sim_count_mm(&net, INITIATOR), 0);
	ck_assert_uint_eq(sim_count_mm(&net, RESPONDER), 0);
	ck_assert_uint_eq(net.host[INITIATOR].n_sa + net.host[RESPONDER].n_sa, 0);
	n = net.host[INITIATOR].n_result;
	for (size_t i = 0; i < SIM_HOSTS; i++)
		net.host[i].auth_is_silent = false;
	sim_acquire(&net, INITIATOR, 1000000, 4, 4711);
	ck_assert(sim_run_results(&net, INITIATOR, n + 1, 20000));
	sim_run(&net, 5000);
	ck_assert_uint_eq(net.host[INITIATOR].result.error, IKE_OK);
	ck_assert_uint_eq(net.host[INITIATOR].n_sa, 2);
	ck_assert_uint_eq(net.host[RESPONDER].n_sa, 2);
	ck_assert(sim_sas_agree(&net));
	sim_free(&net);
}

struct mm_sa *
hostile_mm(size_t host)
{
	return LIST_FIRST(&net.host[host].engine->mm_all);
}

uint64_t
hostile_errors(size_t host, enum ike_err err)
{
	return engine_error_count(net.host[host].engine, err);
}

static bool
tap_copy_m1(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	struct raw *r = ctx;

	if (from == INITIATOR && r->n == 0) {
		memcpy(r->b, p, *n);
		r->n = *n;
	}
	return false;
}

const struct raw *
hostile_m1_raw(void)
{
	static struct raw m1;
	struct simnet kept = net;

	if (m1.n > 0)
		return &m1;
	/* From a network of its own: whom the test talks to has never sent it. */
	hostile_begin();
	net.tap = tap_copy_m1;
	net.tap_ctx = &m1;
	sim_acquire(&net, INITIATOR, 1, 4, 80);
	sim_free(&net);
	net = kept;
	ck_assert_uint_gt(m1.n, 0);
	return &m1;
}

/* ---- recipes ---- */

void *
recipes_room(size_t n_bytes)
{
	void *p = mmap(NULL, n_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		abort();
	return p;
}

void
hostile_m1(struct recipe *r)
{
	const struct raw *m1 = hostile_m1_raw();

	ck_assert(recipe_read(r, NULL, span_of(m1->b, m1->n)));
}

static struct message_keys
keys_of(const struct mm_sa *mm)
{
	return (struct message_keys){
		.cipher = mm->chosen.cipher,
		.cipher_key = span_of(mm->keys.cipher_key,
		    cipher_key_len_bytes(mm->chosen.cipher)),
		.hash = mm->chosen.integrity,
		.integrity_key = span_of(mm->keys.a, mm->keys.hash_n),
		.icv_len_bytes = mm->keys.icv_n,
	};
}

bool
recipe_read(struct recipe *r, const struct mm_sa *mm, struct span wire)
{
	static uint8_t plain[MESSAGE_MAX_BYTES + 1];
	struct message_keys k;
	struct message m;

	if (message_parse(wire, false, &m) != IKE_OK)
		return false;
	if ((m.h.flags & ISAKMP_FLAG_ENCRYPTED) != 0) {
		if (mm == NULL || !mm->keys.ready)
			return false;
		k = keys_of(mm);
		if (message_open(&m, &k, false, plain, sizeof(plain)) != IKE_OK)
			return false;
	}
	r->h = m.h;
	r->seq = m.seq;
	r->n = 0;
	for (size_t i = 0; i < m.n_payload; i++)
		recipe_add(r, m.payload[i].type, m.payload[i].body);
	return true;
}

void
recipe_write(const struct recipe *r, const struct mm_sa *mm, struct raw *out)
{
	static const uint8_t iv[CIPHER_MAX_BLOCK_BYTES] = { 7 };
	bool encrypted = (r->h.flags & ISAKMP_FLAG_ENCRYPTED) != 0;
	struct message_keys k = { .cipher = CIPHER_NULL };
	struct span wire;

	build_begin(&builder, &r->h, r->seq);
	for (size_t i = 0; i < r->n; i++) {
		build_payload(&builder, (enum ike_payload_type)r->item[i].type);
		writer_bytes(&builder.w, span_of(r->item[i].b, r->item[i].n));
		build_end(&builder);
	}
	if (encrypted)
		k = keys_of(mm);
	ck_assert_uint_eq(build_finish(&builder, encrypted ? &k : NULL,
			      span_of(iv, encrypted ? cipher_block_len_bytes(k.cipher) : 0),
			      &wire),
	    IKE_OK);
	memcpy(out->b, wire.p, wire.n);
	out->n = wire.n;
	out->b[17] = r->h.version;
}

void
recipe_begin(struct recipe *r, const struct mm_sa *mm, uint8_t exchange, uint32_t message_id)
{
	static uint32_t seq = 1000; /* above what the engines use, never twice */

	memset(&r->h, 0, sizeof(r->h));
	memcpy(r->h.icookie, mm->icookie, COOKIE_BYTES);
	memcpy(r->h.rcookie, mm->rcookie, COOKIE_BYTES);
	r->h.version = 0x10;
	r->h.exchange = exchange;
	r->h.flags = ISAKMP_FLAG_ENCRYPTED;
	r->h.message_id = message_id;
	r->seq = seq++;
	r->n = 0;
}

struct item *
recipe_add(struct recipe *r, uint8_t type, struct span body)
{
	struct item *it;

	ck_assert_uint_lt(r->n, RECIPE_MAX_ITEMS);
	it = &r->item[r->n++];
	it->type = type;
	it->n = body.n < sizeof(it->b) ? body.n : sizeof(it->b);
	if (it->n > 0)
		memcpy(it->b, body.p, it->n);
	return it;
}

struct item *
recipe_find(struct recipe *r, uint8_t type, size_t i)
{
	for (size_t k = 0; k < r->n; k++)
		if (r->item[k].type == type && i-- == 0)
			return &r->item[k];
	return NULL;
}

void
recipe_remove(struct recipe *r, size_t at)
{
	r->n--;
	memmove(&r->item[at], &r->item[at + 1], (r->n - at) * sizeof(r->item[0]));
}
