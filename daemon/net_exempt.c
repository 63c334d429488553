/* Marks for what rules leave out: see daemon/net_exempt.h. */
#include "daemon/net_exempt.h"

#include <stdio.h>

#include "daemon/log.h"
#include "daemon/net.h"
#include "daemon/net_reply.h"

/* After others have changed the destination (-100), before the route; and before anybody looks. */
#define ADD_CHAINS                                                                            \
	"add chain " NET_NFT_TABLE " passing { type filter hook prerouting priority -90; }\n" \
	"add chain " NET_NFT_TABLE " passed { type filter hook forward priority -400; }\n"    \
	"add chain " NET_NFT_TABLE " arrived { type filter hook input priority -400; }\n"     \
	"flush chain " NET_NFT_TABLE " passing\n"                                             \
	"flush chain " NET_NFT_TABLE " passed\n"                                              \
	"flush chain " NET_NFT_TABLE " arrived\n"

static const char *const remove_chains =
    ADD_CHAINS "delete chain " NET_NFT_TABLE " passing\n"
	       "delete chain " NET_NFT_TABLE " passed\n"
	       "delete chain " NET_NFT_TABLE " arrived\n";

static bool
add_chains(const struct config *c)
{
	uint32_t mark = net_bypass_mark(c);
	char has_mark[48], commands[1536];

	snprintf(has_mark, sizeof(has_mark), "meta mark & 0x%08x == 0x%08x", c->mark_mask, mark);
	snprintf(commands, sizeof(commands),
	    ADD_CHAINS
	    "add rule " NET_NFT_TABLE " passed %s meta mark set 0\n"
	    "add rule " NET_NFT_TABLE " arrived %s meta mark set 0\n"
	    "add rule " NET_NFT_TABLE
	    " arrived iifname lo meta nfproto ipv6 meta mark 0 meta mark set 0x%08x\n"
	    "add rule " NET_NFT_TABLE
	    " passing meta mark 0 fib daddr type unicast meta mark set 0x%08x\n",
	    has_mark, has_mark, mark, mark);
	return mark != 0 && net_nft_run(commands);
}

bool
net_exempt(const struct config *c, bool has_rules)
{
	if (!has_rules) {
		(void)net_nft_run(remove_chains);
		return true;
	}
	if (add_chains(c))
		return true;
	log_warn("net",
	    "nftables cannot be used (modules nf_tables, nft_fib_inet), or mark_mask has no "
	    "mark left: rules select also what this host forwards, and what it says to itself by "
	    "IPv6 addresses other than ::1");
	return false;
}
