/*
 * Tools for hostile inputs: capture a real message, take it apart, change it, put it
 * together again (sealed with the real keys if need be) and see what the engine does.
 */
#ifndef AUTHIPD_TESTS_HOSTILE_H
#define AUTHIPD_TESTS_HOSTILE_H

#include <check.h>

#include "ike/state.h"
#include "tests/sim/simnet.h"

#define RECIPE_MAX_ITEMS 320
#define RAW_MAX_BYTES MESSAGE_MAX_BYTES
/* M1 M2 Q1 Q2 Q3 Q4 E1 E2 GSS x4 E3 E4 */
#define GOOD_MESSAGES 14

enum { INITIATOR = 0, RESPONDER = 1 };

/* The datagram under construction. */
struct raw {
	size_t n;
	uint8_t b[RAW_MAX_BYTES];
};

struct item {
	uint8_t type;
	size_t n;
	uint8_t b[4096];
};

/* A message as what it is made of. */
struct recipe {
	struct isakmp_header h;
	uint32_t seq;
	size_t n;
	struct item item[RECIPE_MAX_ITEMS];
};

/* The one network of a test. */
extern struct simnet net;

/* Two hosts that do not know each other yet. */
void hostile_begin(void);
/* Two hosts with a pair of SAs that host 0 asked for. */
void hostile_begin_established(void);
/* Stops the simulation when the n-th message (from 0) was sent; it is lost. */
void hostile_begin_at(size_t n);
/* Nothing broke: a fresh negotiation works. Frees the network. */
void hostile_end(void);

/* The only (or newest) main mode of a host; NULL: none. */
struct mm_sa *hostile_mm(size_t host);
uint64_t hostile_errors(size_t host, enum ike_err err);

/* M1 that host 0 would send, as bytes and as a recipe. */
const struct raw *hostile_m1_raw(void);
void hostile_m1(struct recipe *r);

/*
 * Room for many recipes, made before the tests. All variables are searched for leaks at the end
 * of each test; 80 MB of them took longer than most tests.
 */
void *recipes_room(size_t n_bytes);

/* The recipe of a message of this main mode. False: not readable. */
bool recipe_read(struct recipe *r, const struct mm_sa *mm, struct span wire);
/* Builds it in clear, or sealed if the header says so. mm may be NULL in clear. */
void recipe_write(const struct recipe *r, const struct mm_sa *mm, struct raw *out);
/* An empty message of an exchange on mm, encrypted. */
void recipe_begin(struct recipe *r, const struct mm_sa *mm, uint8_t exchange,
    uint32_t message_id);
/* Appends a payload; bytes beyond its room are cut off. */
struct item *recipe_add(struct recipe *r, uint8_t type, struct span body);
struct item *recipe_find(struct recipe *r, uint8_t type, size_t i);
void recipe_remove(struct recipe *r, size_t at);

/*
 * Injects and checks: err was counted, nothing was sent, no state came or went.
 * hostile_refuse(): the same, but an answer that is not larger than the request may come.
 */
void hostile_drop(size_t to, struct span wire, enum ike_err err);
void hostile_refuse(size_t to, struct span wire, enum ike_err err);
void hostile_drop_raw(size_t to, const struct raw *r, enum ike_err err);

/* A notify in clear on mm (NULL: cookies that nobody has). */
void hostile_clear_notify(uint16_t type, const struct mm_sa *mm, struct raw *out);
/* For net.tap: loses everything. */
bool hostile_tap_silence(void *ctx, size_t from, uint8_t *p, size_t *n);

/* Changes the n-th message of a negotiation that otherwise goes its way. */
typedef bool hostile_change(struct recipe *r, int a, int b);
/* False: the change did not apply (nothing was run). Checks what must hold after any. */
bool hostile_negotiate(size_t n, hostile_change *change, int a, int b);

TCase *hostile_shape_cases(void);
TCase *hostile_chain_cases(void);
TCase *hostile_fragment_cases(void);
TCase *hostile_state_cases(void);
TCase *hostile_nostate_cases(void);
TCase *hostile_leak_cases(void);
TCase *hostile_notify_cases(void);
TCase *hostile_quick_cases(void);
TCase *hostile_auth_cases(void);
TCase *hostile_authip_cases(void);
TCase *hostile_ipsec_cases(void);
TCase *hostile_unproven_cases(void);
TCase *hostile_answer_cases(void);
TCase *hostile_token_cases(void);
TCase *hostile_other_cases(void);

#endif
