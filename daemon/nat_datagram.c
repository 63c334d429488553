#include "daemon/nat_datagram.h"

#include <string.h>

enum nat_kind
nat_datagram_kind(struct span d, struct span *body)
{
	static const uint8_t marker[NAT_MARKER_BYTES];

	*body = SPAN_NONE;
	if (d.n == 1 && d.p[0] == NAT_KEEPALIVE)
		return NAT_KIND_KEEPALIVE;
	if (d.n <= NAT_MARKER_BYTES)
		return NAT_KIND_NOTHING;
	if (memcmp(d.p, marker, NAT_MARKER_BYTES) == 0) {
		*body = span_of(d.p + NAT_MARKER_BYTES, d.n - NAT_MARKER_BYTES);
		return NAT_KIND_IKE;
	}
	if (d.n < NAT_ESP_MIN_BYTES)
		return NAT_KIND_NOTHING;
	*body = d;
	return NAT_KIND_ESP;
}
