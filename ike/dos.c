/*
 * Floods of first messages. A source that sends too many, and everybody while too many
 * negotiations are half open, is asked for a cookie: an HMAC over its address, so that the
 * question costs no state. Nothing here makes Diffie-Hellman values or allocates.
 */
#include <string.h>

#include "ike/state.h"

#define D1_BYTES 48 /* ISAKMP header, Notify payload with eight bytes */
#define MILLI 1000
#define QUICK_MODES_EACH 10 /* as often as first messages */

/* ---- half-open negotiations ---- */

static void
dos_switch(struct engine *e, bool on)
{
	e->dos.on = on;
	event_engine(e, EVENT_FLOOD, on ? IKE_ERR_DOS_COOKIE : IKE_OK,
	    on ? "too many half-open negotiations: first messages need a cookie now" :
		 "few half-open negotiations: first messages need no cookie any more");
}

void
dos_opened(struct engine *e, struct mm_sa *mm)
{
	mm->half_open = true;
	e->dos.n_half_open++;
	if (!e->dos.on && e->p.half_open_enter != 0 &&
	    e->dos.n_half_open >= e->p.half_open_enter)
		dos_switch(e, true);
}

void
dos_opened_v1(struct engine *e, struct mm_sa *mm)
{
	TAILQ_INSERT_TAIL(&e->dos.v1, mm, half_open_link);
	e->dos.n_v1++;
	mm->makes_room = true;
}

void
dos_closed(struct engine *e, struct mm_sa *mm)
{
	if (!mm->half_open)
		return;
	mm->half_open = false;
	e->dos.n_half_open--;
	if (mm->makes_room) {
		TAILQ_REMOVE(&e->dos.v1, mm, half_open_link);
		e->dos.n_v1--;
		mm->makes_room = false;
	}
	if (e->dos.on && e->dos.n_half_open < e->p.half_open_leave)
		dos_switch(e, false);
}

/* ---- cookies ---- */

static void
dos_refresh_secret(struct engine *e)
{
	struct dos *d = &e->dos;
	uint64_t slice = e->now_ms / DOS_SLICE_MS;

	if (d->has_secret && d->slice == slice)
		return;
	if (d->has_secret && d->slice + 1 == slice)
		memcpy(d->secret[1], d->secret[0], DOS_SECRET_BYTES);
	else
		e->p.host.random(e->p.host.ctx, d->secret[1], DOS_SECRET_BYTES);
	e->p.host.random(e->p.host.ctx, d->secret[0], DOS_SECRET_BYTES);
	d->has_secret = true;
	d->slice = slice;
}

static bool
dos_cookie(const struct engine *e, int which, const uint8_t *icookie, uint8_t *cookie)
{
	const struct endpoint *end[2] = { e->in_remote, e->in_local };
	uint8_t id[2 * 19], mac[HASH_MAX_BYTES];
	struct span part[2] = { SPAN_ARRAY(id), span_of(icookie, COOKIE_BYTES) };

	for (size_t i = 0; i < 2; i++) {
		uint8_t *p = id + 19 * i;

		p[0] = end[i]->addr.family;
		memcpy(p + 1, end[i]->addr.b, sizeof(end[i]->addr.b));
		p[17] = (uint8_t)(end[i]->port >> 8);
		p[18] = (uint8_t)end[i]->port;
	}
	if (!hash_hmac(HASH_SHA256, SPAN_ARRAY(e->dos.secret[which]), part, 2, mac))
		return false;
	memcpy(cookie, mac, COOKIE_BYTES);
	cookie[0] |= 1; /* never eight zero bytes */
	return true;
}

bool
dos_expects_cookies(const struct engine *e)
{
	return e->dos.challenged &&
	       e->now_ms - e->dos.challenged_ms <= 2 * DOS_SLICE_MS;
}

static bool
dos_cookie_is_good(struct engine *e, const struct isakmp_header *h)
{
	uint8_t want[COOKIE_BYTES];

	dos_refresh_secret(e);
	for (int i = 0; i < 2; i++)
		if (dos_cookie(e, i, h->icookie, want) &&
		    secret_equal(want, h->rcookie, COOKIE_BYTES))
			return true;
	return false;
}

/*
 * D1: a notify in clear, without Crypto payload, smaller than any first message. For AuthIP
 * its form is a matter of dialect (A75); for IKEv1 MS-IKEE says it (2.2.6, 3.9.5.1).
 */
static void
dos_form(const struct engine *e, bool v1, uint8_t *exchange, uint16_t *type)
{
	static const uint8_t exchanges[] = {
		[DOS_EXCH_246] = EXCHANGE_NOTIFY,
		[DOS_EXCH_243] = EXCHANGE_MM,
		[DOS_EXCH_5] = EXCHANGE_INFO,
	};
	const struct dialect *d = &e->p.dialect;

	*exchange = v1 ? EXCHANGE_INFO : exchanges[d->dos_exch];
	*type = v1 || d->dos_type == DOS_TYPE_IKEV1 ? NOTIFY_DOS_COOKIE_IKEV1 :
						      NOTIFY_DOS_COOKIE;
}

static void
dos_challenge(struct engine *e, const struct isakmp_header *request)
{
	struct isakmp_header h = { .exchange = 0 };
	uint8_t cookie[COOKIE_BYTES];
	struct pld_notify n = { .protocol = NOTIFY_PROTO_MM, .data = SPAN_ARRAY(cookie) };
	struct span out;

	dos_refresh_secret(e);
	if (e->datagram.n < D1_BYTES || !dos_cookie(e, 0, request->icookie, cookie))
		return;
	dos_form(e, request->exchange == EXCHANGE_IDENTITY, &h.exchange, &n.type);
	memcpy(h.icookie, request->icookie, COOKIE_BYTES);
	do
		e->p.host.random(
		    e->p.host.ctx, (uint8_t *)&h.message_id, sizeof(h.message_id));
	while (h.message_id == 0);
	build_begin_bare(e->out, &h);
	build_payload(e->out, PAYLOAD_NOTIFY);
	pld_notify_encode(&e->out->w, &n);
	build_end(e->out);
	if (build_finish(e->out, NULL, SPAN_NONE, &out) != IKE_OK || out.n != D1_BYTES)
		return;
	e->dos.challenged = true;
	e->dos.challenged_ms = e->now_ms;
	action_send_quick(e, e->in_local, e->in_remote, out);
}

/* ---- allowance of one source ---- */

static uint64_t
source_tag(const struct engine *e)
{
	const struct address *a = &e->in_remote->addr;
	uint8_t prefix[16] = { 0 };

	memcpy(prefix, a->b, a->family == 4 ? 4 : 8);
	prefix[15] = a->family;
	return sadb_hash_bytes(e, prefix, sizeof(prefix)) | 1;
}

/* In thousandths, of a second. */
static uint64_t
full_allowance(const struct engine *e, int what)
{
	return (uint64_t)e->p.first_messages_per_s * MILLI *
	       (what == DOS_QUICK_MODE ? QUICK_MODES_EACH : 1);
}

/* Its entry; else a fresh one in the place of the one that was used longest ago. */
static struct dos_source *
source_find(struct engine *e)
{
	uint64_t tag = source_tag(e);
	struct dos_source *set = e->dos.source[(tag >> 1) % DOS_SETS], *oldest = set;

	for (size_t i = 0; i < DOS_WAYS; i++) {
		if (set[i].tag == tag)
			return &set[i];
		if (set[i].at_ms < oldest->at_ms || set[i].tag == 0)
			oldest = &set[i];
		if (oldest->tag == 0)
			break;
	}
	oldest->tag = tag;
	oldest->at_ms = e->now_ms;
	for (int i = 0; i < DOS_ALLOWANCES; i++)
		oldest->milli[i] = (uint32_t)full_allowance(e, i);
	return oldest;
}

/* May this source cost us one more? */
static bool
source_take(struct engine *e, enum dos_allowance what)
{
	struct dos_source *s;
	uint64_t past_ms;

	if (e->p.first_messages_per_s == 0)
		return true;
	s = source_find(e);
	past_ms = e->now_ms - s->at_ms < 1000 ? e->now_ms - s->at_ms : 1000;
	for (int i = 0; i < DOS_ALLOWANCES; i++) {
		uint64_t full = full_allowance(e, i),
			 now = s->milli[i] + past_ms * full / 1000;

		s->milli[i] = (uint32_t)(now < full ? now : full);
	}
	s->at_ms = e->now_ms;
	if (s->milli[what] < MILLI)
		return false;
	s->milli[what] -= MILLI;
	return true;
}

/* All that a peer may have is renewed within ten seconds. */
bool
dos_quick_mode(struct engine *e, const struct mm_sa *mm)
{
	if (source_take(e, DOS_QUICK_MODE))
		return true;
	event_drop(e, mm, IKE_ERR_QM_RATE);
	return false;
}

/* ---- the gate ---- */

/* Counted each time, told now and then: a flood of lines would be a flood too. */
static void
dos_refuse(struct engine *e, enum ike_err err)
{
	if (e->dos.told && e->now_ms - e->dos.told_ms < DOS_EVENT_MS) {
		e->error_count[err]++;
		e->event_count[EVENT_DROP]++;
		return;
	}
	e->dos.told = true;
	e->dos.told_ms = e->now_ms;
	event_drop(e, NULL, err);
}

/*
 * A responder of IKEv1 cannot be without state: HASH_I of message 5 is over the SA payload
 * of message 1, which no later message carries, and only Windows knows a cookie before it.
 * So each newcomer of a flood that shows none is let in, and the one that has waited longest
 * for message 3 goes: no Diffie-Hellman was spent on it, and an honest peer has that message
 * here in one round trip, as long as half_open_enter / 2 others do not come first. Who showed
 * a cookie never makes room: nobody else could have sent its first message.
 */
void
dos_make_room_v1(struct engine *e)
{
	struct mm_sa *mm = TAILQ_FIRST(&e->dos.v1);

	if (!e->dos.on || mm == NULL || e->dos.n_v1 < (e->p.half_open_enter + 1) / 2)
		return;
	dos_refuse(e, IKE_ERR_MADE_ROOM);
	sadb_mm_free(e, mm);
}

/* Not let in: counted, and asked for a cookie if that is of use. */
static bool
dos_turn_away(
    struct engine *e, const struct isakmp_header *h, enum ike_err err, bool asks)
{
	dos_refuse(e, err);
	if (asks)
		dos_challenge(e, h);
	return false;
}

bool
dos_admit(struct engine *e, const struct isakmp_header *h, bool knows_cookies)
{
	static const uint8_t none[COOKIE_BYTES];
	bool shows = memcmp(h->rcookie, none, COOKIE_BYTES) != 0;
	bool proven = shows && dos_cookie_is_good(e, h);

	if (shows && !proven && (!e->dos.on || !knows_cookies))
		return dos_turn_away(e, h, IKE_ERR_COOKIE, false);
	if (e->dos.on && !proven && knows_cookies)
		return dos_turn_away(e, h, IKE_ERR_DOS_COOKIE, true);
	if (!source_take(e, proven ? DOS_PROVEN : DOS_UNPROVEN))
		return dos_turn_away(e, h, IKE_ERR_RATE, !proven && knows_cookies);
	return true;
}
