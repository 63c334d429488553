/* Packets and SA pairs for the tests of the plane. */
#include <netinet/in.h>
#include <string.h>

#include "tests/unit/check_plane.h"

struct flow
flow_of(uint8_t family, uint8_t protocol, uint16_t local, uint16_t remote)
{
	struct flow f = { .protocol = protocol };
	size_t last = family == 4 ? 3 : 15;

	f.local.addr.family = f.remote.addr.family = family;
	f.local.addr.b[0] = f.remote.addr.b[0] = family == 4 ? 10 : 0xfd;
	f.local.addr.b[last] = 1;
	f.remote.addr.b[last] = 2;
	f.local.port = local;
	f.remote.port = remote;
	return f;
}

static void
put16(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

uint16_t
slow_sum(const uint8_t *p, size_t n)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += i % 2 == 0 ? (uint64_t)p[i] << 8 : p[i];
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static size_t
write_ip(const struct sample *s, size_t upper_n, uint8_t *b)
{
	const struct endpoint *from = s->outbound ? &s->flow.local : &s->flow.remote;
	const struct endpoint *to = s->outbound ? &s->flow.remote : &s->flow.local;

	if (from->addr.family == 4) {
		b[0] = 0x45;
		put16(b + 2, 20 + upper_n);
		b[8] = 64;
		b[9] = s->flow.protocol;
		memcpy(b + 12, from->addr.b, 4);
		memcpy(b + 16, to->addr.b, 4);
		put16(b + 10, (uint16_t)~slow_sum(b, 20));
		return 20;
	}
	b[0] = 0x60;
	put16(b + 4, upper_n);
	b[6] = s->flow.protocol;
	b[7] = 64;
	memcpy(b + 8, from->addr.b, 16);
	memcpy(b + 24, to->addr.b, 16);
	return 40;
}

size_t
sample_write(const struct sample *s, uint8_t *b)
{
	bool tcp = s->flow.protocol == IPPROTO_TCP;
	size_t upper_n = (tcp ? 20 : 8) + s->payload_n, at;

	memset(b, 0, 60);
	at = write_ip(s, upper_n, b);
	put16(b + at, s->outbound ? s->flow.local.port : s->flow.remote.port);
	put16(b + at + 2, s->outbound ? s->flow.remote.port : s->flow.local.port);
	if (tcp) {
		b[at + 12] = 0x50;
		b[at + 13] = s->tcp_flags;
	} else {
		put16(b + at + 4, upper_n);
	}
	memset(b + at + upper_n - s->payload_n, s->mark, s->payload_n);
	return at + upper_n;
}

void
out_sample(uint32_t class_id, const struct flow *f, uint8_t mark)
{
	struct sample s = { *f, true, 32, mark, 0x10 };
	uint8_t b[RIG_PACKET_BYTES];

	plane_out_packet(rig.p, class_id, span_of(b, sample_write(&s, b)));
}

/* ---- pairs ---- */

struct action_sa_add
pair_action(
    uint32_t qm_id, uint32_t class_id, const struct flow *selector, bool inbound)
{
	struct action_sa_add a = {
		.qm_id = qm_id,
		.class_id = class_id,
		.inbound = inbound,
		.protocol = IPPROTO_ESP,
		.spi = qm_id + (inbound ? 0x10000 : 0x1000),
		.selector = *selector,
		.cipher = CIPHER_AES128,
		.integrity = HASH_SHA1,
		.cipher_key = { .n = 16, .b = "0123456789abcdef" },
		.integrity_key = { .n = 20, .b = "0123456789abcdef0123" },
		.replay_window = 64,
	};

	a.cipher_key.b[0] = inbound ? 'i' : 'o';
	return a;
}

void
pair_add(uint32_t qm_id, uint32_t class_id, const struct flow *selector)
{
	struct action_sa_add in = pair_action(qm_id, class_id, selector, true);
	struct action_sa_add out = pair_action(qm_id, class_id, selector, false);

	ck_assert(plane_sa_add(rig.p, &in));
	ck_assert(plane_sa_add(rig.p, &out));
}

/* The peer's SA: its outbound one is our inbound one. */
static struct esp_sa *
peer_sa(uint32_t qm_id, bool our_inbound)
{
	struct flow none = { 0 };
	struct action_sa_add a = pair_action(qm_id, 1, &none, our_inbound);
	struct esp_params params = {
		.protocol = a.protocol,
		.spi = a.spi,
		.cipher = a.cipher,
		.cipher_key = span_of(a.cipher_key.b, a.cipher_key.n),
		.integrity = a.integrity,
		.integrity_key = span_of(a.integrity_key.b, a.integrity_key.n),
	};
	struct esp_sa *sa = esp_sa_new(&params);

	ck_assert_ptr_nonnull(sa);
	return sa;
}

size_t
peer_seal(uint32_t qm_id, uint32_t seq, const struct sample *s, uint8_t *b)
{
	struct esp_sa *sa = peer_sa(qm_id, true);
	uint8_t clear[RIG_PACKET_BYTES];
	size_t n = sample_write(s, clear);

	ck_assert_int_eq(esp_seal(sa, seq, clear, n, b, RIG_PACKET_BYTES, &n), ESP_OK);
	esp_sa_free(sa);
	return n;
}

int
peer_open(uint32_t qm_id, const struct sent *sent)
{
	struct esp_sa *sa = peer_sa(qm_id, false);
	uint8_t clear[RIG_PACKET_BYTES];
	enum esp_error err;
	size_t n;

	err = esp_open(sa, sent->b, sent->n, clear, sizeof(clear), &n);
	esp_sa_free(sa);
	return err == ESP_OK ? clear[n - 1] : -1;
}
