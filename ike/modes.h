/*
 * What the files of main mode, quick mode and extended mode, and those around them, offer to
 * each other. Comes with state.h.
 */
#ifndef AUTHIPD_IKE_MODES_H
#define AUTHIPD_IKE_MODES_H

#include "ike/state.h"

/* ---- mm_common.c, mm_cookie.c, mm_init.c, mm_resp.c ----------------------------------------- */

void mm_write_vendors(
    struct engine *e, struct mm_sa *mm, bool first_message, int level);
void mm_read_vendors(struct mm_sa *mm, const struct message *m);
bool mm_needs_em(const struct mm_sa *mm);
/* Responder: waits for the next request, again for the whole time-out. */
void mm_progress(struct engine *e, struct mm_sa *mm);
void mm_established(struct engine *e, struct mm_sa *mm);
/* By what its first message said; mm_drop_older(): whatever it had before. */
void mm_drop_stale(struct engine *e, struct mm_sa *mm);
void mm_drop_older(struct engine *e, struct mm_sa *mm);
/* Out of use; freed when the last notify is through. */
void mm_retire(struct engine *e, struct mm_sa *mm);
/* Out of use by the peer's wish; kept a while to acknowledge its repeated notifies. */
void mm_linger(struct engine *e, struct mm_sa *mm);
/* Ends it with its quick modes and tells the peer. */
void mm_end(struct engine *e, struct mm_sa *mm, enum ike_err why);
/* Ends one that takes no quick modes and has none left; mm may be NULL. */
void mm_end_if_drained(struct engine *e, struct mm_sa *mm);
/*
 * A negotiation fails. tell: the peer gets a STATUS; teardown: usable quick modes go too.
 * mm may be freed.
 */
void mm_fail(struct engine *e, struct mm_sa *mm, const char *step, enum ike_err err,
    const char *detail, bool tell, bool teardown);
struct mm_sa *mm_init_start(struct engine *e, const struct endpoint *local,
    const struct endpoint *remote, const struct class_policy *policy,
    uint32_t group_attempt);
/*
 * The peer refused the first quick mode, and with it this main mode: the traffic of those that
 * wait for it is another one, and the peer has not been asked for that yet. They get a main mode
 * of their own.
 */
void mm_init_spare_pending(struct engine *e, struct mm_sa *mm);
/* Its first message again, if it has no answer: there is somebody who wants one, or can give it. */
void mm_init_hurry(struct engine *e, struct mm_sa *mm);
void mm_init_m2(struct engine *e, struct mm_sa *mm);
/* Auth has made the token of M1, or could not. */
void mm_init_token(
    struct engine *e, struct mm_sa *mm, const struct engine_auth_reply *r);
/* Authentication is through, or anonymous: keys, and the first quick mode. */
void mm_init_authenticated(struct engine *e, struct mm_sa *mm);
/* A message without Crypto payload while M1 is out: DOS_COOKIE. */
void mm_init_cookie(struct engine *e, struct mm_sa *mm);
/* M1 of either protocol once more, with this cookie. */
void mm_init_resend_cookie(
    struct engine *e, struct mm_sa *mm, const uint8_t *cookie);
/* M1 again: with or without the cookie? */
void mm_init_before_resend(struct mm_sa *mm);
/* May this source have one more main mode? */
enum ike_err mm_check_limits(struct engine *e);
void mm_resp_m1(struct engine *e);
/* Auth has an answer to the token of M1. */
void mm_resp_token(
    struct engine *e, struct mm_sa *mm, const struct engine_auth_reply *r);
/* Keys for the first encrypted message; false: authentication is not through. */
bool mm_resp_keys(struct mm_sa *mm);

/* ---- input.c ---------------------------------------------------------------------------------- */

/* Acts on e->datagram. */
void input_datagram(struct engine *e);
/* A request that was answered: answers again. */
bool input_is_duplicate(struct engine *e, struct mm_sa *mm);
/* first: digest of the first fragment of a request that was answered: answers again. */
void input_fragment_again(struct engine *e, struct mm_sa *mm, const uint8_t *first);

/* ---- dos.c: floods of first messages -------------------------------------------------------- */

/* A responder's main mode is half open until its peer proves something or it ends. */
void dos_opened(struct engine *e, struct mm_sa *mm);
void dos_closed(struct engine *e, struct mm_sa *mm);
/* It speaks IKEv1 and showed no cookie: it may have to make room. */
void dos_opened_v1(struct engine *e, struct mm_sa *mm);
/* Can a first message carry a cookie of ours? */
bool dos_expects_cookies(const struct engine *e);
/*
 * May this first message cost something? False: refused, counted, answered if need be.
 * knows_cookies: its sender shows a cookie when it is asked for one.
 */
bool dos_admit(struct engine *e, const struct isakmp_header *h, bool knows_cookies);
/* May the peer, which proved this message, begin another quick mode? False: counted. */
bool dos_quick_mode(struct engine *e, const struct mm_sa *mm);
/* In a flood: the half-open main mode of IKEv1 that has waited longest goes. */
void dos_make_room_v1(struct engine *e);

/* ---- fragment.c, reassembly.c ----------------------------------------------------------------- */

/* Sends a message of mm, in fragments if it must be. again: it was sent before, as cut says. */
void fragment_send(struct engine *e, struct mm_sa *mm, struct span data,
    struct fragment_cut *cut, bool again);
/* Takes a fragment of mm; true when *whole is a message now (in e->whole). */
bool reassembly_add(struct engine *e, struct mm_sa *mm, const struct isakmp_header *h,
    struct span *whole);
void reassembly_drop(struct engine *e, struct mm_sa *mm);

/* ---- qm_common.c, qm_init.c, qm_resp.c ------------------------------------------------------ */

uint32_t qm_new_spi(struct engine *e);
/* What the proposals of this quick mode must be: enum qm_want. */
unsigned qm_want(const struct qm_sa *qm);
/* Makes the key pair of PFS, if there is a group. */
bool qm_make_dh(struct engine *e, struct qm_sa *qm, enum dh_group g);
/*
 * Responder: the IDs (initiator, responder) become selectors of the addresses that this host
 * sees. They must be the outer ones unless a NAT is between (A49); the class is the host's.
 */
enum ike_err qm_take_selectors(
    struct engine *e, struct qm_sa *qm, const struct endpoint end[2], uint8_t protocol);
void qm_write_ids(struct engine *e, const struct qm_sa *qm);
/* Flags for a peer that knows negotiation discovery; 0: there is nothing to say (A76). */
uint8_t qm_exchange_info(const struct qm_sa *qm);
void qm_write_exchange_info(struct engine *e, const struct qm_sa *qm);
void qm_read_exchange_info(struct engine *e, struct qm_sa *qm);
/* Sends its first message. */
void qm_send_first(
    struct engine *e, struct qm_sa *qm, struct span wire, request_give_up *give_up);
/* Answers every engine_acquire() that waits for this quick mode. */
void qm_results(struct engine *e, struct qm_sa *qm, enum ike_err err, uint32_t win32,
    const char *text);
/* A replaced pair lives on for what is still on its way. */
void qm_arm_grace(struct engine *e, struct qm_sa *qm);
void qm_established(struct engine *e, struct qm_sa *qm);
/* One quick mode fails (is deleted); qm is freed, its main mode stays. */
void qm_fail(struct engine *e, struct qm_sa *qm, const char *step, enum ike_err err,
    const char *detail, bool tell);
void qm_delete(struct engine *e, struct qm_sa *qm, enum ike_err why, bool tell);
/* Starts what waited for the main mode, as far as its state allows. */
void qm_start_pending(struct engine *e, struct mm_sa *mm);
void qm_init_start(struct engine *e, struct qm_sa *qm);
void qm_init_q2(struct engine *e, struct qm_sa *qm);
void qm_init_q4(struct engine *e, struct qm_sa *qm);
/* May the peer begin another quick mode, beyond the first? False: counted. */
bool qm_may_begin(struct engine *e, const struct mm_sa *mm);
void qm_resp_q1(struct engine *e, struct mm_sa *mm, bool is_first);
void qm_resp_q3(struct engine *e, struct qm_sa *qm);
/* Notes which pair the peer replaces by this one; may it have one more? */
enum ike_err qm_admit(struct engine *e, struct qm_sa *qm);
/* The outbound SA of what may be a fast quick mode waits, from now on. */
void qm_resp_wait_for_sync(struct engine *e, struct qm_sa *qm);

/* ---- gss_common.c, gss_init.c, gss_resp.c ----------------------------------------------------- */

/* "main mode authentication" or "extended mode", for people. */
const char *gss_step(const struct mm_sa *mm);
uint64_t gss_ask_auth(
    struct engine *e, struct mm_sa *mm, enum auth_step step, struct span token);
/* Ends the dialogue that runs, if one does. */
void gss_forget(struct engine *e, struct mm_sa *mm);
void gss_free(struct gss *g);
/* The peer has proved who it is: the secrets are used up. */
void gss_finish(struct mm_sa *mm);
/* Of extended mode, else of main mode; "" for an anonymous peer. */
const char *gss_peer_name(const struct mm_sa *mm);
/* What is offered and ours, too, in the order of the offer; a method may be there twice. */
void gss_methods_cut(const struct pld_auth *offered, const struct auth_entry *mine,
    uint32_t n_mine, struct pld_auth *out);
/* May tokens of main mode come and go, M1 and M2 being through? */
bool gss_has_tokens(const struct mm_sa *mm);
/* Begins a request that carries a token; is it encrypted? */
bool gss_begin_message(struct engine *e, struct mm_sa *mm);

/* Initiator: flags of a token that begins a dialogue; is our principal a user (2.2.3.1)? */
uint8_t gss_first_flags(struct mm_sa *mm);
/* Initiator: finishes, hashes (but E3) and sends a request. */
bool gss_init_send(struct engine *e, struct mm_sa *mm, bool hashed);
/* Begins with the method that is next. */
void gss_init_try(struct engine *e, struct mm_sa *mm);
void gss_init_auth(
    struct engine *e, struct mm_sa *mm, const struct engine_auth_reply *r);
void gss_init_token(struct engine *e, struct mm_sa *mm, const struct pld_gss *in);
/* A GSS payload of extended mode, authentic. */
void gss_init_input(struct engine *e, struct mm_sa *mm);
void mm_init_gss(struct engine *e, struct mm_sa *mm);

/* Responder: sends an answer; hashed: it enters the chain of the round. */
void gss_resp_answer(struct engine *e, struct mm_sa *mm, bool hashed);
/*
 * Which method a NEW token belongs to (spec 4.4): its position. Every NEW but the first
 * follows a failure: ours, or one that the initiator had with us and does not mention.
 * False: none is left.
 */
bool gss_resp_pick(struct gss *g, const struct pld_gss *in);
void gss_resp_token(struct engine *e, struct mm_sa *mm, const struct pld_gss *in);
void gss_resp_auth(
    struct engine *e, struct mm_sa *mm, const struct engine_auth_reply *r);
/* Tells why auth refused the peer. */
void gss_resp_log(
    struct engine *e, struct mm_sa *mm, const struct engine_auth_reply *r);
void mm_resp_gss(struct engine *e, struct mm_sa *mm);

/* ---- em_init.c, em_resp.c --------------------------------------------------------------------- */

/* Why authentication failed, as far as one reason is more than another. */
static inline enum ike_err
gss_failure(const struct gss *g)
{
	return g->wrong_target ? IKE_ERR_TARGET_NAME : IKE_ERR_AUTH_FAILED;
}
void em_init_start(struct engine *e, struct mm_sa *mm);
void em_init_input(struct engine *e, struct mm_sa *mm);
/* SKEYID_em, inbound SA, E3 (MS-AIPS 3.6.7.2). */
void em_send_e3(struct engine *e, struct mm_sa *mm);
void em_resp_input(struct engine *e, struct mm_sa *mm);

/* ---- notify.c ------------------------------------------------------------------------------- */

/* Queues a reliable notify. message_id 0: a random one. */
void notify_reliable(struct engine *e, struct mm_sa *mm, uint16_t type,
    uint8_t protocol, uint32_t message_id, uint32_t code);
/* Asks the peer to negotiate a quick mode for this traffic. */
void notify_acquire(struct engine *e, struct mm_sa *mm, const struct qm_sa *qm);
void notify_drop_all(struct engine *e, struct mm_sa *mm);
/* STATUS in clear, never larger than the request that it answers. */
void notify_clear_status(struct engine *e, const struct endpoint *local,
    const struct endpoint *remote, const struct isakmp_header *request,
    size_t request_n, uint32_t code);
void notify_input(struct engine *e, struct mm_sa *mm);
void notify_clear_input(struct engine *e, struct mm_sa *mm);

/* ---- sa_install.c --------------------------------------------------------------------------- */

void sa_install(struct engine *e, struct qm_sa *qm, bool inbound);
void sa_install_all(struct engine *e, struct mm_sa *mm, bool inbound, bool outbound);
void sa_delete(struct engine *e, struct qm_sa *qm, bool replaced, bool renew);

#endif
