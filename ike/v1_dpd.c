/* Is the peer still there? (RFC 3706) Asked only where the peer says that it answers. */
#include "ike/v1.h"

static void dpd_arm(struct engine *e, struct mm_sa *mm);

static void
dpd_dead(struct engine *e, void *owner)
{
	mm_fail(
	    e, owner, "dead peer detection", IKE_ERR_PEER_SILENT, NULL, false, true);
}

static void
dpd_ask(struct engine *e, void *owner)
{
	struct mm_sa *mm = owner;
	struct v1_mm *v = mm->v1;
	struct span wire;

	dpd_arm(e, mm);
	if (mm->state != MM_ESTABLISHED || LIST_EMPTY(&mm->quick_modes) ||
	    v->dpd.bytes.n > 0)
		return;
	v->dpd_seq++;
	if (v1_dpd_build(e, mm, v->dpd_seq, &wire))
		request_send(
		    e, &v->dpd, mm, wire, mm->dialect->retransmit_max, dpd_dead, mm);
}

static void
dpd_arm(struct engine *e, struct mm_sa *mm)
{
	timer_arm(&e->timers, &mm->v1->dpd_timer,
	    e->now_ms + mm->dialect->dpd_interval_s * 1000u, dpd_ask, mm);
}

void
v1_dpd_start(struct engine *e, struct mm_sa *mm)
{
	struct v1_mm *v = mm->v1;

	if (mm->dialect->dpd != DPD_ON || !v->peer_knows_dpd)
		return;
	e->p.host.random(e->p.host.ctx, (uint8_t *)&v->dpd_seq, sizeof(v->dpd_seq));
	v->dpd_seq &= 0x7fffffff; /* it only grows */
	dpd_arm(e, mm);
}

void
v1_dpd_alive(struct engine *e, struct mm_sa *mm)
{
	mm->heard_ms = e->now_ms;
	request_done(e, &mm->v1->dpd);
	if (mm->v1->dpd_timer.place != 0)
		dpd_arm(e, mm);
}
