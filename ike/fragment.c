/* Sending large messages in fragments (MS-IKEE 3.3.6.1; spec authip.md 6.2). */
#include <string.h>

#include "ike/v1.h"

#define UDP_HEADER_BYTES 8
#define NON_ESP_MARKER_BYTES 4
#define PAYLOAD_IN_CRYPTO 28 /* offset of the type of the first payload, E=0 */
#define FRAGMENT_MIN_DATA 64

/* What fits into one datagram to this peer. */
static size_t
datagram_max_bytes(const struct engine *e, const struct mm_sa *mm)
{
	bool ipv4 = mm->remote.addr.family == 4;
	size_t packet = e->p.fragment_size != 0 ? e->p.fragment_size : ipv4 ? 576 : 1280;

	return packet - UDP_HEADER_BYTES - (ipv4 ? 20 : 40) -
	    (mm->floated ? NON_ESP_MARKER_BYTES : 0);
}

/* Never M1 and M2: the rest is encrypted, or a GSS token in clear (A26, A79). */
static bool
message_may_be_cut(const struct mm_sa *mm, struct span data)
{
	if (mm->v1 != NULL) /* certificates, and tokens of Kerberos */
		return mm->state != MM_FIRST_SENT &&
		       (mm->keys.ready || mm->gss.method == AUTH_V1_KERBEROS);
	if ((!mm->keys.ready && !gss_has_tokens(mm)) || data.n <= PAYLOAD_IN_CRYPTO)
		return false;
	return (data.p[19] & ISAKMP_FLAG_ENCRYPTED) != 0 ||
	    data.p[PAYLOAD_IN_CRYPTO] == PAYLOAD_GSS;
}

static void
send_one(struct engine *e, struct mm_sa *mm, uint16_t id, struct span whole,
    struct span part, uint32_t number, bool last)
{
	static const size_t length_at = 24;
	uint8_t b[2048];
	struct writer w;

	writer_init(&w, b, sizeof(b));
	writer_bytes(&w, span_of(whole.p, length_at));
	writer_patch_u8(&w, 16, PAYLOAD_FRAGMENT);
	writer_patch_u8(&w, 19, (uint8_t)(whole.p[19] & ~ISAKMP_FLAG_ENCRYPTED));
	writer_u32(&w, (uint32_t)(ISAKMP_HEADER_BYTES + FRAGMENT_HEAD_BYTES + part.n));
	writer_u8(&w, PAYLOAD_NONE);
	writer_u8(&w, 0);
	writer_u16(&w, (uint16_t)(FRAGMENT_HEAD_BYTES + part.n));
	writer_u16(&w, id);
	writer_u8(&w, (uint8_t)number);
	writer_u8(&w, last ? FRAGMENT_FLAG_LAST : 0);
	writer_bytes(&w, part);
	if (writer_ok(&w))
		action_send_to(e, mm, span_of(b, w.n));
}

/* The same message has the same ID, unless a NAT made its pieces smaller meanwhile. */
static void
cut_begin(struct engine *e, struct fragment_cut *cut, size_t step)
{
	if (cut->id != 0 && cut->step == step)
		return;
	if (++e->fragment_id == 0)
		e->fragment_id = 1;
	*cut = (struct fragment_cut){ e->fragment_id, step };
}

static void
send_all(struct engine *e, struct mm_sa *mm, const struct fragment_cut *cut, struct span data)
{
	uint32_t number = 0;

	for (size_t at = 0; at < data.n; at += cut->step) {
		size_t n = data.n - at < cut->step ? data.n - at : cut->step;

		send_one(e, mm, cut->id, data, span_of(data.p + at, n), ++number,
		    at + n == data.n);
	}
}

/*
 * The whole message with its header is cut (A79). auto: a first transmission goes in one
 * piece, as many paths carry it, until one of either side had to be cut. What went in
 * fragments and was not enough goes twice at once: one that is lost again costs many seconds.
 * Not answers: copies of a request must not cost a responder more than they do.
 */
void
fragment_send(struct engine *e, struct mm_sa *mm, struct span data, struct fragment_cut *cut,
    bool again)
{
	size_t max = datagram_max_bytes(e, mm);
	size_t step = max - ISAKMP_HEADER_BYTES - FRAGMENT_HEAD_BYTES;
	enum dialect_fragment_send mode = mm->dialect->fragment_send;
	bool twice = cut->id != 0 && mm->initiator;

	if (again && mode == FRAGMENT_SEND_AUTO && data.n > max)
		mm->fragments = true;
	if (data.n <= max || step < FRAGMENT_MIN_DATA || mode == FRAGMENT_SEND_NEVER ||
	    (mode == FRAGMENT_SEND_AUTO && !mm->fragments) ||
	    (mm->vendor_seen & 1u << VENDOR_FRAGMENTATION) == 0 ||
	    data.n > step * FRAGMENT_MAX_COUNT || !message_may_be_cut(mm, data)) {
		action_send_to(e, mm, data);
		return;
	}
	cut_begin(e, cut, step);
	send_all(e, mm, cut, data);
	if (twice)
		send_all(e, mm, cut, data);
}
