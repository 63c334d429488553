/* What came to the NAT port: ESP, IKE behind a marker, or a keepalive (RFC 3948 2). Pure. */
#ifndef AUTHIPD_DAEMON_NAT_DATAGRAM_H
#define AUTHIPD_DAEMON_NAT_DATAGRAM_H

#include "crypto/span.h"

#define NAT_MARKER_BYTES 4 /* zero: no ESP has SPI 0 */
#define NAT_KEEPALIVE 0xff
#define NAT_ESP_MIN_BYTES 8 /* SPI and sequence number */

enum nat_kind {
	NAT_KIND_NOTHING, /* to be dropped */
	NAT_KIND_KEEPALIVE,
	NAT_KIND_IKE,
	NAT_KIND_ESP,
};

/* body: the IKE message or the ESP packet inside d; empty otherwise. */
enum nat_kind nat_datagram_kind(struct span d, struct span *body);

#endif
