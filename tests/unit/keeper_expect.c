/* What holds at the end of a case of keeper. */
#include <string.h>

#include "tests/unit/check_keeper.h"

void
keeper_expect_kept(void)
{
	ck_assert_msg(rig.n_broken == 0, "%zu: %s", rig.n_broken, rig.broken);
}

void
keeper_case_end(void)
{
	keeper_expect_kept();
	rig_end();
}

void
keeper_expect_distrust(enum role_id r)
{
	ck_assert(!rig_is_trusted(r));
	ck_assert_ptr_nonnull(strstr(rig.log, role_name(r)));
	ck_assert_ptr_nonnull(strstr(rig.log, "taken over"));
	keeper_case_end();
}
