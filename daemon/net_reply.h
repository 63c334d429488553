/*
 * Opened packets inside the host. They are for sockets of their class only: a program that
 * took over the port of a secured one does not get them (nftables socket match).
 *
 * What the kernel itself answers to opened packets: resets for closed ports, ICMP errors
 * that quote the packet. Without help they would leave in clear. Packets from a class TUN
 * get the mark of the class (nftables), and replies inherit it (fwmark_reflect), so that
 * they go back into the TUN and are protected like all the rest. In the kernel's own IPsec
 * the SA sets that mark.
 */
#ifndef AUTHIPD_DAEMON_NET_REPLY_H
#define AUTHIPD_DAEMON_NET_REPLY_H

#include "config/config.h"

/* Our table, in which everything of nftables is. */
#define NET_NFT_NAME "authipd"
#define NET_NFT_TABLE "inet " NET_NFT_NAME

/* Runs nft commands as one transaction; false after a line for debugging. */
bool net_nft_run(const char *commands);
/*
 * False after logging why: replies of the kernel then leave in clear. What the settings of
 * the host were is remembered in run_dir, should this daemon be killed.
 */
bool net_reply_up(const struct config *c, const char *run_dir);
/* For packets from the device, or with the mark, of this class. */
bool net_reply_add_class(const struct config *c, uint32_t class_id, bool is_rule);
/* With the kernel's IPsec: rules are not for clear packets of the sockets of this class. */
bool net_reply_allow_clear(const struct config *c, uint32_t class_id);
void net_reply_remove_class(const struct config *c, uint32_t class_id);
/* Removes the table and gives the settings of the host back. */
void net_reply_down(const char *run_dir);

#endif
