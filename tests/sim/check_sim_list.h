/* For the tests of doc/authip-checklist.md: everything that was sent, taken apart. */
#ifndef AUTHIPD_TESTS_CHECK_SIM_LIST_H
#define AUTHIPD_TESTS_CHECK_SIM_LIST_H

#include "tests/hostile/hostile.h"

#define MAX_SEEN 60

/* The messages of a good negotiation, in order. */
enum { M1, M2, Q1, Q2, Q3, Q4, E1, E2, GSS1, GSS2, GSS3, GSS4, E3, E4 };

struct seen {
	size_t n;
	struct recipe m[MAX_SEEN];
	struct raw wire[MAX_SEEN];
	size_t from[MAX_SEEN];
	size_t n_sa[MAX_SEEN]; /* how many SAs the sender had when it sent */
};
extern struct seen *seen;

/* For net.tap. */
bool list_tap(void *ctx, size_t from, uint8_t *p, size_t *n);
/* Starts the network (after sim_init()) and records a negotiation that succeeds. */
void list_record(int family);
/* Same, of the default policy: GOOD_MESSAGES. */
void list_record_good(void);
/* Same, without extended mode: six messages. */
void list_record_anonymous(void);
/* The payloads of a message are of these types, in this order. */
void list_expect(size_t which, const uint8_t *type, size_t n);
#define EXPECT_PAYLOADS(which, ...)                              \
	list_expect(which, (const uint8_t[]){ __VA_ARGS__ },     \
	    sizeof((const uint8_t[]){ __VA_ARGS__ }))

TCase *sim_list_cases(void);
TCase *sim_list_quick_cases(void);
TCase *sim_list_install_cases(void);
TCase *sim_list_notify_cases(void);
TCase *sim_list_auth_cases(void);
TCase *sim_list_limit_cases(void);

#endif
