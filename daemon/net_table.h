/*
 * Is our table of nftables still there? Firewalls that start begin with "flush ruleset", which
 * takes it away, and with it what rules of the plane forbid. The table is known by its handle: one
 * of the same name that another program made is not ours.
 */
#ifndef AUTHIPD_DAEMON_NET_TABLE_H
#define AUTHIPD_DAEMON_NET_TABLE_H

#include <event2/event.h>

struct net_table; /* owned */

typedef void net_table_lost(void *ctx);

/*
 * Tells when another program took the table away; whoever hears it makes it anew, and calls
 * net_table_note(). NULL: this kernel has none, or after logging why.
 */
struct net_table *net_table_watch(struct event_base *base, net_table_lost *lost, void *ctx);
/* The table that is there now is ours. */
void net_table_note(struct net_table *t);
void net_table_free(struct net_table *t);

#endif
