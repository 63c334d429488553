/*
 * What is none of the rules' business, with the kernel's IPsec, which looks for policies for all
 * that has no mark. nftables gives a mark (net_bypass_mark()) to:
 *
 * - what is forwarded, from before it is routed until it was. What is delivered here after all
 *   loses it before policies are asked, and so does what leaves, before its source may become
 *   this host's: then it is traffic of this host's address. Packets that have a mark already
 *   keep it, since routing may go by that; rules select them.
 * - what this host says to itself by IPv6, when it comes in. (What leaves: xfrm_exempt.c; IPv4
 *   has a device without IPsec for it.) No policy can tell: for the kernel whatever comes in goes
 *   to the loopback device, and others can send with an address of this host.
 */
#ifndef AUTHIPD_DAEMON_NET_EXEMPT_H
#define AUTHIPD_DAEMON_NET_EXEMPT_H

#include "config/config.h"

/* While there are rules. False after logging why not. */
bool net_exempt(const struct config *c, bool has_rules);

#endif
