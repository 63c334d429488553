/* The kernel, and what else the files of the kernel plane lean on. */
#ifndef AUTHIPD_TESTS_UNIT_XFRM_FAKES_H
#define AUTHIPD_TESTS_UNIT_XFRM_FAKES_H

#include "daemon/xfrm_state.h"
#include "tests/unit/xfrm_stubs.h"

struct fake_kernel {
	int refuses; /* errno; 0: it takes everything */
	size_t n_installed, n_removed, n_looked_at, n_said;
	struct xfrm_rule there[4]; /* what a dump shows */
	size_t n_there;
	bool has_pair_of_connection;
};
extern struct fake_kernel kernel;

struct xfrm *fake_setup(void);
void fake_teardown(void);

#endif
