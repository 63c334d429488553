/*
 * When which IPsec SA is installed (spec authip.md 4.9, A55): keys as soon as all inputs
 * exist, nothing before extended mode where the policy wants it.
 */
#include <string.h>

#include "ike/rekey.h"
#include "ike/nat.h"
#include "ike/state.h"

static bool
sa_may_install(const struct qm_sa *qm)
{
	if (!qm->negotiated || qm->mm == NULL)
		return false;
	return !mm_needs_em(qm->mm) || qm->mm->keys.has_em;
}

static void
sa_nat(struct qm_sa *qm, struct nat_encap *nat)
{
	const struct mm_sa *mm = qm->mm;

	nat_name_peer(qm);
	*nat = (struct nat_encap){ mm->local, mm->remote, mm->nat_local, mm->nat_remote,
		qm->peer_inner, { 0 } };
	memcpy(nat->peer, qm->peer, sizeof(nat->peer));
}

/* Its caller is not done with the quick mode yet: it ends in the next step. */
static void
sa_has_no_keys(struct engine *e, void *owner)
{
	qm_fail(e, owner, "IPsec keys", IKE_ERR_CRYPTO, NULL, true);
}

void
sa_install(struct engine *e, struct qm_sa *qm, bool inbound)
{
	const struct qm_proposal *p = &qm->choice.proposal;
	uint32_t clear_s = qm->policy.policy->nd_allow_clear_s;
	struct secret cipher_key, integrity_key;
	struct engine_action *a = NULL;

	if (!sa_may_install(qm) || (inbound ? qm->in_installed : qm->out_installed))
		return;
	if (!keys_derive_ipsec(
		qm, inbound ? qm->spi_in : qm->spi_out, &cipher_key, &integrity_key))
		timer_arm(&e->timers, &qm->lifetime, e->now_ms, sa_has_no_keys, qm);
	else if ((a = action_push(e, ACTION_SA_ADD, SPAN_NONE)) != NULL) {
		a->sa_add.cipher_key = cipher_key;
		a->sa_add.integrity_key = integrity_key;
	}
	secret_wipe(&cipher_key);
	secret_wipe(&integrity_key);
	if (a == NULL)
		return;
	a->sa_add.qm_id = qm->id;
	a->sa_add.mm_id = qm->mm_id;
	a->sa_add.class_id = qm->policy.class_id;
	a->sa_add.inbound = inbound;
	a->sa_add.guaranteed_encryption = qm->guaranteed_encryption;
	a->sa_add.peer_boundary = qm->peer_boundary;
	a->sa_add.protocol = p->transform == QM_AH ? 51 : 50;
	a->sa_add.spi = inbound ? qm->spi_in : qm->spi_out;
	a->sa_add.selector = qm->selector;
	a->sa_add.cipher = p->cipher;
	a->sa_add.integrity = p->integrity;
	a->sa_add.lifetime_s = p->lifetime_s;
	a->sa_add.lifetime_bytes = (uint64_t)p->lifetime_kb * 1024;
	rekey_set_limits(qm, &a->sa_add);
	a->sa_add.unheard_s = qm->mm->dialect->dpd_interval_s;
	a->sa_add.idle_s = (qm->mm->vendor_seen & 1u << VENDOR_NLBS_PRESENT) != 0 ?
			       qm->policy.policy->idle_failover_s :
			       qm->policy.policy->idle_s;
	a->sa_add.allow_clear_ms = clear_s > UINT32_MAX / 1000 ? UINT32_MAX : clear_s * 1000;
	a->sa_add.replay_window = e->p.replay_window;
	if (qm->udp)
		sa_nat(qm, &a->sa_add.nat);
	if (inbound)
		qm->in_installed = true;
	else
		qm->out_installed = true;
	if (qm_is_usable(qm))
		qm_established(e, qm);
}

void
sa_install_all(struct engine *e, struct mm_sa *mm, bool inbound, bool outbound)
{
	struct qm_sa *qm, *next;

	for (qm = LIST_FIRST(&mm->quick_modes); qm != NULL; qm = next) {
		next = LIST_NEXT(qm, mm_link);
		if (inbound)
			sa_install(e, qm, true);
		if (outbound)
			sa_install(e, qm, false);
	}
}

void
sa_delete(struct engine *e, struct qm_sa *qm, bool replaced, bool renew)
{
	struct engine_action *a;

	if (!qm->in_installed && !qm->out_installed)
		return;
	qm->in_installed = qm->out_installed = false;
	if ((a = action_push(e, ACTION_SA_DELETE, SPAN_NONE)) == NULL)
		return;
	a->sa_delete.qm_id = qm->id;
	a->sa_delete.class_id = qm->policy.class_id;
	a->sa_delete.selector = qm->selector;
	a->sa_delete.replaced = replaced;
	a->sa_delete.renew = renew;
	a->sa_delete.guarantee_encryption =
	    qm->policy.guarantee_encryption || qm->guaranteed_encryption;
	a->sa_delete.lived_ms = e->now_ms - qm->usable_ms;
}
