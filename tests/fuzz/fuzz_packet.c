/*
 * Any bytes as a clear IP packet: both directions agree, nothing lies outside of it, the
 * checksum that is written stays, and an ICMP error about it is a good packet.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
require(bool what)
{
	if (!what)
		abort();
}

static bool
same_endpoint(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && address_equal(&a->addr, &b->addr);
}

static void
check_good(struct span raw, const struct packet *out, const struct packet *in)
{
	require(out->raw.p == raw.p && out->raw.n <= raw.n);
	require(out->upper_at >= 20 && out->upper_at + 8 <= out->raw.n);
	require(out->flow.protocol == 6 || out->flow.protocol == 17);
	require(out->flow.protocol == in->flow.protocol && out->starts == in->starts);
	require(same_endpoint(&out->flow.local, &in->flow.remote));
	require(same_endpoint(&out->flow.remote, &in->flow.local));
}

static void
check_checksum(const struct packet *p)
{
	uint8_t *once = malloc(p->raw.n), *twice = malloc(p->raw.n);

	require(once != NULL && twice != NULL);
	memcpy(once, p->raw.p, p->raw.n);
	packet_fill_checksum(once, p->raw.n, p);
	memcpy(twice, once, p->raw.n);
	packet_fill_checksum(twice, p->raw.n, p);
	require(memcmp(once, twice, p->raw.n) == 0);
	free(once);
	free(twice);
}

static void
check_icmp(struct span raw, uint32_t mtu)
{
	uint8_t *out = malloc(1280);
	struct packet p;
	size_t n;

	require(out != NULL);
	n = packet_icmp_error(raw, mtu, out);
	require(n <= 1280);
	if (n > 0) {
		require(packet_parse(span_of(out, n), false, &p) == PACKET_OTHER);
		require(p.raw.n == n && out[0] >> 4 == raw.p[0] >> 4);
	}
	free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span raw = span_of(data, n);
	struct packet out, in;
	enum packet_verdict v = packet_parse(raw, true, &out);

	require(packet_parse(raw, false, &in) == v);
	if (v == PACKET_GOOD) {
		check_good(raw, &out, &in);
		check_checksum(&out);
	}
	check_icmp(raw, 0);
	check_icmp(raw, 1280);
	return 0;
}
