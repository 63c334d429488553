/* Of check_xfrm_pair: what pairs do for guarantees and clear text has tests of its own. */
#include "daemon/xfrm_state.h"

void
xfrm_boundary_begin(struct xfrm *xf, struct xfrm_pair *p)
{
	(void)xf;
	(void)p;
}

void
xfrm_boundary_tell(struct xfrm *xf, const struct xfrm_pair *p)
{
	(void)xf;
	(void)p;
}

void
xfrm_boundary_tick(struct xfrm *xf, struct xfrm_pair *p)
{
	(void)xf;
	(void)p;
}

void
xfrm_boundary_end(struct xfrm *xf, struct xfrm_pair *p)
{
	(void)xf;
	(void)p;
}
