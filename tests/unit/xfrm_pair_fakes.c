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

bool
xfrm_guarantee_note(struct xfrm *xf, struct xfrm_pair *p)
{
	(void)xf;
	(void)p;
	return true;
}

void
xfrm_guarantee_leave(struct xfrm *xf, struct xfrm_pair *p)
{
	(void)xf;
	(void)p;
}

bool
xfrm_guarantee_forbids(const struct xfrm *xf, const struct action_sa_add *a)
{
	(void)xf;
	(void)a;
	return false;
}

bool
xfrm_guarantee_of_connection(
    const struct xfrm *xf, uint32_t class_id, const struct flow *selector)
{
	(void)xf;
	(void)class_id;
	(void)selector;
	return false;
}

void
xfrm_guarantee_serve(struct xfrm *xf, const struct action_sa_add *a)
{
	(void)xf;
	(void)a;
}

void
xfrm_secured_serve(struct xfrm *xf, const struct action_sa_add *a)
{
	(void)xf;
	(void)a;
}
