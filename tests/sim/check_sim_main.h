/* Main modes that authenticate. */
#ifndef AUTHIPD_TESTS_CHECK_SIM_MAIN_H
#define AUTHIPD_TESTS_CHECK_SIM_MAIN_H

#include "tests/sim/check_sim.h"
#include "tests/sim/check_sim_list.h"
#include "tests/sim/sim_tap.h"

#define BIT(method) (1u << (method))
#define UNKNOWN_MARK 2 /* a token that does not show its method */
#define LIST(...) (const enum auth_method[]){ __VA_ARGS__ }, \
	sizeof((const enum auth_method[]){ __VA_ARGS__ }) / sizeof(enum auth_method)

extern struct dialect dialect;		   /* of both */
extern const enum auth_method methods[2];  /* Kerberos, TLS */

/* Main mode by these methods, nothing behind it. */
void main_begin(const enum auth_method *method, size_t n);
/* Until host 0 has its result. */
void main_run(void);
void main_expect_success(enum auth_method method);
void main_expect_failure(enum ike_err err);
/* What goes over the wire: list_record() of a negotiation that succeeds. */
void main_record(void);

#endif
