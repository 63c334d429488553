/*
 * What AuthIP has, is known here and is declined: key dictation (MS-AIPS 2.2.3.7, A57),
 * authenticated firewall mode (3.10, A83), NTLM. Each is counted and said, and never in the
 * way of what both sides can do.
 */
#include "ike/declined.h"

void
declined_note(struct engine *e, const struct mm_sa *mm, enum ike_err what)
{
	event_mm(e, EVENT_DECLINED, mm, what, ike_err_text(what));
}

void
declined_methods(struct engine *e, const struct mm_sa *mm,
    const struct pld_auth *offered, const struct pld_auth *taken)
{
	bool is_offered = false, is_taken = false;

	for (size_t i = 0; i < offered->n; i++)
		is_offered = is_offered || offered->method[i] == AUTH_NTLM;
	for (size_t i = 0; i < taken->n; i++)
		is_taken = is_taken || taken->method[i] == AUTH_NTLM;
	if (is_offered && !is_taken)
		declined_note(e, mm, IKE_ERR_NTLM);
}

static bool
is_firewall(uint16_t encapsulation)
{
	return encapsulation == ENCAPSULATION_FIREWALL ||
	       encapsulation == ENCAPSULATION_UDP_FIREWALL;
}

void
declined_quick_mode(
    struct engine *e, const struct mm_sa *mm, const struct pld_sa *offered)
{
	bool firewall = false;

	for (size_t i = 0; i < offered->n_proposal; i++)
		for (size_t k = 0; k < offered->proposal[i].n_transform; k++)
			firewall = firewall ||
				   is_firewall(
				       offered->proposal[i].transform[k].encapsulation);
	if (firewall)
		declined_note(e, mm, IKE_ERR_AUTH_FIREWALL);
	/* The peer's weight says that it would dictate, or be dictated to: it is not answered. */
	if (message_count(&e->in, PAYLOAD_KEY_WEIGHT) > 0)
		declined_note(e, mm, IKE_ERR_KEY_DICTATION);
}
