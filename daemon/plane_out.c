/* From the TUN to the network: sealed, held, or refused; never in clear by accident. */
#include "config.h"

#include <sys/socket.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/plane.h"

#define HOLD_DOWN_MS 1000
#define CLEAR_HOLD_DOWN_MS 30000 /* allow-insecure: spec secure-sockets 6.5 */
#define IPV6_MIN_MTU 1280

int
plane_raw_send(struct plane *p, struct span raw)
{
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in to4 = { .sin_family = AF_INET };
	bool v4 = raw.p[0] >> 4 == 4;
	int fd = p->raw_out_fd[v4 ? 0 : 1];

	memcpy(&to4.sin_addr, raw.p + 16, 4);
	if (!v4)
		memcpy(&to6.sin6_addr, raw.p + 24, 16);
	if (fd < 0)
		return -ENETDOWN;
	return sendto(fd, raw.p, raw.n, MSG_DONTWAIT,
		   v4 ? (struct sockaddr *)&to4 : (struct sockaddr *)&to6,
		   v4 ? sizeof(to4) : sizeof(to6)) >= 0 ?
	    0 :
	    -errno;
}

static void
tell_sender(struct plane *p, uint32_t class_id, struct span raw, uint32_t mtu)
{
	uint8_t icmp[1280];
	size_t n = packet_icmp_error(raw, mtu, icmp);

	if (n > 0)
		plane_to_tun(p, class_id, span_of(icmp, n));
}

/* What the path to the destination of raw takes, as far as the kernel knows. */
static uint32_t
path_mtu(struct span raw)
{
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6, .sin6_port = htons(9) };
	struct sockaddr_in to4 = { .sin_family = AF_INET, .sin_port = htons(9) };
	bool v4 = raw.p[0] >> 4 == 4;
	int mtu = 0, fd = socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t n = sizeof(mtu);

	memcpy(&to4.sin_addr, raw.p + 16, 4);
	if (!v4)
		memcpy(&to6.sin6_addr, raw.p + 24, 16);
	if (fd < 0 ||
	    connect(fd, v4 ? (struct sockaddr *)&to4 : (struct sockaddr *)&to6,
		v4 ? sizeof(to4) : sizeof(to6)) != 0 ||
	    getsockopt(fd, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_MTU : IPV6_MTU, &mtu, &n) !=
		0)
		mtu = IPV6_MIN_MTU;
	if (fd >= 0)
		close(fd);
	return (uint32_t)mtu;
}

/* room: what was added to raw before it was sent. */
static void
send_result(struct plane *p, uint32_t class_id, struct span raw, uint32_t room, int r)
{
	uint32_t mtu;

	if (r == -EMSGSIZE) {
		p->count[PC_TOO_BIG]++;
		mtu = path_mtu(raw);
		mtu = mtu > 2 * room ? mtu - room : mtu;
		if (raw.p[0] >> 4 == 6 && mtu < IPV6_MIN_MTU)
			mtu = IPV6_MIN_MTU;
		tell_sender(p, class_id, raw, mtu);
	} else if (r != 0) {
		p->count[PC_SEND_FAILED]++;
	}
}

/*
 * May it be cut? IPv4 without "don't fragment"; IPv6 what the kernel had cut already, and a
 * packet of the smallest MTU: it has no room for what protects it.
 */
static bool
may_be_cut(struct span raw, uint32_t mtu)
{
	return raw.p[0] >> 4 == 4 ? (raw.p[6] & 0x40) == 0 : raw.n <= IPV6_MIN_MTU || raw.n > mtu;
}

/* Sends wire, which is raw or raw protected, in pieces if it must be and may be. */
static int
send_fitting(struct plane *p, struct span raw, struct span wire)
{
	int r = -EMSGSIZE;

	if (wire.n <= p->outer_mtu)
		r = plane_raw_send(p, wire);
	else if (may_be_cut(raw, p->outer_mtu))
		r = plane_frag_send(p, wire, p->outer_mtu);
	if (r == -EMSGSIZE && may_be_cut(raw, p->outer_mtu))
		r = plane_frag_send(p, wire, path_mtu(raw));
	return r;
}

static void
seal_and_send(struct plane *p, struct pair *s, struct span raw)
{
	size_t n;
	int r;

	if (s->seq_out == UINT32_MAX ||
	    esp_seal(s->out, s->seq_out + 1, raw.p, raw.n, p->out, sizeof(p->out), &n) !=
		ESP_OK) {
		p->count[PC_BAD_PACKET]++;
		return;
	}
	s->seq_out++;
	/* What was sealed has used up bytes and a number of the key, sent or not. */
	plane_sa_used(p, s, raw.n, false);
	r = s->nat.local.port != 0 ? plane_nat_send(p, s, span_of(p->out, n)) :
				     send_fitting(p, raw, span_of(p->out, n));
	if (r == 0)
		p->count[PC_OUT_SEALED]++;
	send_result(p, s->class_id, raw, PACKET_ROOM_BYTES, r);
}

void
plane_clear_out(struct plane *p, struct span raw)
{
	int r = send_fitting(p, raw, raw);

	if (r == 0)
		p->count[PC_OUT_CLEAR]++;
	send_result(p, CLASS_INSECURE, raw, 0, r);
}

void
plane_out_acquire(struct plane *p, struct plane_flow *f)
{
	struct proto_acquire a = { f->class_id, f->flow, f->starts };

	f->state = FLOW_WAITING;
	(void)ipc_send(p->negotiator, PROTO_ACQUIRE, &a, sizeof(a), -1);
}

static bool
may_be_clear(const struct plane_flow *f)
{
	return f->class_id == CLASS_INSECURE && !f->was_secured;
}

/* No SA yet. */
static void
out_unsecured(struct plane *p, struct plane_flow *f, struct span raw)
{
	bool failed = f->state == FLOW_FAILED && p->now_ms < f->retry_ms;

	if (f->state != FLOW_WAITING && !failed)
		plane_out_acquire(p, f);
	if (may_be_clear(f)) {
		plane_clear_out(p, raw);
	} else if (failed) {
		p->count[PC_REFUSED]++;
		tell_sender(p, f->class_id, raw, 0);
	} else {
		plane_flow_hold(p, f, raw);
	}
}

static void
flow_use(struct plane *p, struct plane_flow *f, struct pair *s)
{
	plane_flow_set_pair(f, s);
	f->state = FLOW_NEW;
	if (!f->was_secured) {
		f->was_secured = true;
		f->secured_ms = p->now_ms;
		f->allow_clear_ms = s->allow_clear_ms;
	}
}

void
plane_out_use(struct plane *p, struct plane_flow *f, struct pair *s)
{
	struct held *h;

	flow_use(p, f, s);
	STAILQ_FOREACH (h, &f->held, next)
		seal_and_send(p, s, span_of(h->b, h->n));
	plane_flow_drop_held(p, f);
}

void
plane_out_packet(struct plane *p, uint32_t class_id, struct span raw)
{
	struct plane_flow *f;
	struct packet packet;
	struct pair *s;

	switch (packet_parse(raw, true, &packet)) {
	case PACKET_GOOD:
		break;
	case PACKET_FRAGMENT:
		plane_frag_out(p, class_id, packet.raw);
		return;
	case PACKET_OTHER: /* the kernel's own, such as IPv6 multicast listener reports */
		return;
	default:
		p->count[PC_BAD_PACKET]++;
		return;
	}
	if ((f = plane_flow_get(p, class_id, &packet.flow)) == NULL)
		return;
	if (f->state == FLOW_NEW && f->pair == NULL)
		f->starts = packet.starts;
	s = f->pair != NULL ? plane_sa_newest(f->pair) : NULL;
	if (s == NULL || s->is_expired)
		s = plane_sa_for_flow(p, class_id, &packet.flow);
	if (s != NULL && packet.wants_answer && plane_sa_is_silent(p, s, f))
		s = NULL;
	if (s == NULL) {
		plane_flow_set_pair(f, NULL);
		out_unsecured(p, f, packet.raw);
		return;
	}
	if (f->pair != s)
		plane_out_use(p, f, s);
	seal_and_send(p, s, packet.raw);
}

/* ---- the negotiation is over ---- */

static void
flow_failed(struct plane *p, struct plane_flow *f)
{
	struct held *h;

	f->state = FLOW_FAILED;
	f->retry_ms = p->now_ms + (may_be_clear(f) ? CLEAR_HOLD_DOWN_MS : HOLD_DOWN_MS);
	STAILQ_FOREACH (h, &f->held, next) {
		p->count[PC_REFUSED]++;
		tell_sender(p, f->class_id, span_of(h->b, h->n), 0);
	}
	plane_flow_drop_held(p, f);
}

void
plane_out_done(struct plane *p, const struct proto_acquire_done *d)
{
	struct plane_flow *f = plane_flow_find(p, d->class_id, &d->flow);
	struct pair *s;

	if (f == NULL || f->state != FLOW_WAITING)
		return;
	s = d->error == IKE_OK ? plane_sa_for_flow(p, d->class_id, &d->flow) : NULL;
	if (s != NULL)
		plane_out_use(p, f, s);
	else
		flow_failed(p, f);
}

void
plane_out_ask_again(struct plane *p)
{
	struct plane_flow *f;

	TAILQ_FOREACH (f, &p->flow_age, by_age)
		if (f->state == FLOW_WAITING)
			plane_out_acquire(p, f);
}
