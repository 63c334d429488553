/*
 * Source addresses. A socket that is not bound takes its address from the route of its
 * first packet, and the route into a TUN device knows none. So the IPv4 routes of the main
 * table are mirrored into the class tables, with the source address that the packet would
 * have had. (IPv6 chooses among all addresses of the host by itself.)
 */
#ifndef AUTHIPD_DAEMON_NET_ROUTES_H
#define AUTHIPD_DAEMON_NET_ROUTES_H

#include <event2/event.h>

#include "daemon/net.h"

struct net_routes; /* owned */

/* tun: by class number, CLASS_MAX + 1 of them. NULL after logging why. */
struct net_routes *net_routes_new(struct event_base *base, const struct config *c,
    const struct net_tun *tun);
/* A class has a device now: it gets the routes that the others have. */
void net_routes_add_class(struct net_routes *r, uint32_t class_id);
/* The mirrored routes go with their devices. */
void net_routes_free(struct net_routes *r);

#endif
