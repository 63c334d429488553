/* Addresses, endpoints and flows: plain data, shared by policy, engine and daemon. */
#ifndef AUTHIPD_CONFIG_ADDRESS_H
#define AUTHIPD_CONFIG_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* An IP address. family is 4 or 6 (0 = unset); an IPv4 address uses b[0..3], rest zero. */
struct address {
	uint8_t family;
	uint8_t b[16];
};

/* An address with a port in host order; port 0 = any, where a wildcard makes sense. */
struct endpoint {
	struct address addr;
	uint16_t port;
};

/* A flow or a selector, always seen from this host. protocol 0 / port 0 = any. */
struct flow {
	uint8_t protocol; /* 6 TCP, 17 UDP, ... */
	struct endpoint local;
	struct endpoint remote;
};

static inline unsigned
address_len_bytes(const struct address *a)
{
	return a->family == 4 ? 4 : a->family == 6 ? 16 : 0;
}

static inline bool
address_equal(const struct address *a, const struct address *b)
{
	return a->family == b->family && memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

static inline bool
endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && address_equal(&a->addr, &b->addr);
}

/* A socket of both families has IPv4 addresses as ::ffff:a.b.c.d; its packets do not. */
static inline struct endpoint
endpoint_unmapped(const struct endpoint *e)
{
	static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };
	struct endpoint v4 = { { .family = 4 }, e->port };

	if (e->addr.family != 6 || memcmp(e->addr.b, prefix, sizeof(prefix)) != 0)
		return *e;
	memcpy(v4.addr.b, e->addr.b + sizeof(prefix), 4);
	return v4;
}

static inline bool
flow_equal(const struct flow *a, const struct flow *b)
{
	return a->protocol == b->protocol && a->local.port == b->local.port &&
	    a->remote.port == b->remote.port && address_equal(&a->local.addr, &b->local.addr) &&
	    address_equal(&a->remote.addr, &b->remote.addr);
}

/* True when the packet's flow lies inside the selector (wildcards in the selector only). */
static inline bool
flow_matches(const struct flow *selector, const struct flow *packet)
{
	return (selector->protocol == 0 || selector->protocol == packet->protocol) &&
	    address_equal(&selector->local.addr, &packet->local.addr) &&
	    address_equal(&selector->remote.addr, &packet->remote.addr) &&
	    (selector->local.port == 0 || selector->local.port == packet->local.port) &&
	    (selector->remote.port == 0 || selector->remote.port == packet->remote.port);
}

static inline bool
number_overlaps(uint16_t a, uint16_t b)
{
	return a == 0 || b == 0 || a == b;
}

/* May a flow lie inside of both selectors? */
static inline bool
flow_overlaps(const struct flow *a, const struct flow *b)
{
	return number_overlaps(a->protocol, b->protocol) &&
	    number_overlaps(a->local.port, b->local.port) &&
	    number_overlaps(a->remote.port, b->remote.port) &&
	    address_equal(&a->local.addr, &b->local.addr) &&
	    address_equal(&a->remote.addr, &b->remote.addr);
}

#endif
