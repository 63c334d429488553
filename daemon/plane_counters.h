/* What the plane counts: one table for counter names and their meaning. */
#ifndef AUTHIPD_DAEMON_PLANE_COUNTERS_H
#define AUTHIPD_DAEMON_PLANE_COUNTERS_H

/* X(id, name, meaning) */
#define PLANE_COUNTERS(X)                                                                  \
	X(PC_OUT_SEALED, "plane_out_sealed", "packets sent protected")                     \
	X(PC_IN_OPENED, "plane_in_opened", "packets received protected and accepted")      \
	X(PC_HELD, "plane_held", "packets that waited for a negotiation")                  \
	X(PC_HELD_DROPPED, "plane_held_dropped", "waiting packets dropped: too many")      \
	X(PC_REFUSED, "plane_refused", "packets dropped because negotiation failed")       \
	X(PC_OUT_CLEAR, "plane_out_clear", "packets sent in clear, as their socket allows") \
	X(PC_IN_CLEAR, "plane_in_clear", "packets received in clear, as allowed")          \
	X(PC_IN_CLEAR_REFUSED, "plane_in_clear_refused", "clear packets of secured flows") \
	X(PC_FLOWS_FULL, "plane_flows_full", "flow table full: the oldest was forgotten")  \
	X(PC_FRAGMENT, "plane_fragment", "fragments that could not be put together")       \
	X(PC_BAD_PACKET, "plane_bad_packet", "malformed packets of local programs")        \
	X(PC_NO_SPI, "plane_no_spi", "protected packets of an unknown SA")                 \
	X(PC_WRONG_PEER, "plane_wrong_peer", "protected packets from a wrong address")     \
	X(PC_EXPIRED, "plane_expired", "protected packets of an SA whose lifetime is over") \
	X(PC_REPLAY, "plane_replay", "protected packets seen before")                      \
	X(PC_ICV, "plane_icv", "protected packets that failed the integrity check")        \
	X(PC_MALFORMED, "plane_malformed", "protected packets that are malformed inside")  \
	X(PC_SELECTOR, "plane_selector", "opened packets outside of their selector")       \
	X(PC_NAT_DATAGRAM, "plane_nat_datagram", "datagrams to the NAT port that are nothing") \
	X(PC_NAT_DROPPED, "plane_nat_dropped", "IKE messages to the NAT port dropped: too many") \
	X(PC_NAT_CONFLICT, "plane_nat_conflict", "two hosts behind a NAT use the same ports") \
	X(PC_NAT_KEEPALIVE, "plane_nat_keepalive", "keepalives sent to hold a NAT mapping")   \
	X(PC_SEQUENCE, "plane_sequence", "SAs that used up their sequence numbers")        \
	X(PC_TOO_BIG, "plane_too_big", "packets larger than the path takes")               \
	X(PC_SEND_FAILED, "plane_send_failed", "packets that the kernel did not take")

enum plane_counter {
#define PLANE_COUNTER_ENUM(id, name, meaning) id,
	PLANE_COUNTERS(PLANE_COUNTER_ENUM) PLANE_COUNTER_COUNT
};

const char *plane_counter_name(enum plane_counter c);

#endif
