/* Rules in routing policy and nftables. */
#include "daemon/net_rules.h"

#include <sys/socket.h>
#include <arpa/inet.h>
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>

#include "daemon/log.h"
#include "daemon/net.h"
#include "daemon/net_reply.h"

#define FLOW_IDLE_S 600u /* a flow is forgotten after so long without a packet */
#define MAX_FLOWS 65536u

static const uint8_t families[] = { 4, 6 };
static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_UDP };

static bool
has_family(const struct rule *r, uint8_t family)
{
	return rule_family(r) == 0 || rule_family(r) == family;
}

static bool
has_protocol(const struct rule *r, uint8_t protocol)
{
	return r->protocol == 0 || r->protocol == protocol;
}

/* ---- nftables ---- */

static void
write_prefix(FILE *f, uint8_t family, const char *side, const struct prefix *p)
{
	char text[INET6_ADDRSTRLEN];

	if (p->addr.family == 0 || p->bits == 0)
		return;
	(void)inet_ntop(
	    family == 4 ? AF_INET : AF_INET6, p->addr.b, text, sizeof(text));
	fprintf(f, " %s %s %s/%u", family == 4 ? "ip" : "ip6", side, text, p->bits);
}

static void
write_port(FILE *f, uint8_t protocol, const char *side, uint16_t port)
{
	if (port != 0)
		fprintf(f, " %s %s %u", protocol == IPPROTO_TCP ? "tcp" : "udp", side,
		    port);
}

/* For one family and protocol. out: of packets that leave. */
static void
write_selector(
    FILE *f, const struct rule *r, uint8_t family, uint8_t protocol, bool out)
{
	fprintf(f, " meta nfproto ipv%u meta l4proto %s", family,
	    protocol == IPPROTO_TCP ? "tcp" : "udp");
	write_prefix(f, family, out ? "saddr" : "daddr", &r->local);
	write_prefix(f, family, out ? "daddr" : "saddr", &r->remote);
	write_port(f, protocol, out ? "sport" : "dport", r->local_port);
	write_port(f, protocol, out ? "dport" : "sport", r->remote_port);
}

static void
write_line(FILE *f, const struct rule *r, uint8_t family, uint8_t protocol, bool out,
    const char *verdict)
{
	fprintf(f, "add rule " NET_NFT_TABLE " rules_%s", out ? "out" : "in");
	write_selector(f, r, family, protocol, out);
	fprintf(f, " %s\n", verdict);
}

/* A flow in the sets of nftables, of packets in one direction. */
static const char *
tuple_of(uint8_t family, bool out)
{
	static const char *const in[2] = {
		"ip saddr . th sport . ip daddr . th dport . meta l4proto",
		"ip6 saddr . th sport . ip6 daddr . th dport . meta l4proto",
	};
	static const char *const back[2] = {
		"ip daddr . th dport . ip saddr . th sport . meta l4proto",
		"ip6 daddr . th dport . ip6 saddr . th sport . meta l4proto",
	};

	return (out ? back : in)[family == 4 ? 0 : 1];
}

static void
write_sets(FILE *f)
{
	static const char *const name[] = { "secured", "grace", "clear" };

	for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++)
		for (size_t k = 0; k < sizeof(families); k++)
			fprintf(f,
			    "add set " NET_NFT_TABLE
			    " %s%u { type %s . inet_service . %s . inet_service . "
			    "inet_proto; flags dynamic, timeout; timeout %us; size %u; "
			    "}\n",
			    name[i], families[k],
			    families[k] == 4 ? "ipv4_addr" : "ipv6_addr",
			    families[k] == 4 ? "ipv4_addr" : "ipv6_addr", FLOW_IDLE_S,
			    MAX_FLOWS);
}

/*
 * Clear packets of flows that may be clear, and the memory of those that are secured: each
 * verdict is a line of its own, because a set that is full ends the line that adds to it.
 */
static void
write_memory(FILE *f, const struct net_rule *n, uint8_t family, uint8_t protocol,
    const char *opened)
{
	const char *in = tuple_of(family, false);
	char what[256], grace[128] = "";

	if (n->allow_clear_s > 0) {
		snprintf(what, sizeof(what),
		    "%s %s != @secured%u add @grace%u { %s timeout %us }", opened, in,
		    family, family, in, n->allow_clear_s);
		write_line(f, n->rule, family, protocol, false, what);
		snprintf(grace, sizeof(grace), "%s != @grace%u ", in, family);
	}
	snprintf(what, sizeof(what), "%s update @secured%u { %s }", opened, family, in);
	write_line(f, n->rule, family, protocol, false, what);
	snprintf(what, sizeof(what), "%s accept", opened);
	write_line(f, n->rule, family, protocol, false, what);
	snprintf(what, sizeof(what), "%s @secured%u %scounter drop", in, family, grace);
	write_line(f, n->rule, family, protocol, false, what);
	if (!n->clear_in) {
		snprintf(what, sizeof(what), "%s @clear%u accept", in, family);
		write_line(f, n->rule, family, protocol, false, what);
	}
}

/* Clear packets that leave: of the plane they have our own mark. */
static void
write_clear_out(FILE *f, const struct config *c, const struct net_rule *n,
    uint8_t family, uint8_t protocol)
{
	fprintf(f, "add rule " NET_NFT_TABLE " rules_post meta mark & 0x%08x == 0x%08x",
	    c->mark_mask, net_bypass_mark(c));
	write_selector(f, n->rule, family, protocol, true);
	fprintf(f, " update @clear%u { %s }\n", family, tuple_of(family, true));
}

/* Without source and port a socket may have been routed by a rule that comes later. */
static void
write_exempt(FILE *f, const struct config *c, const struct rule *r)
{
	char back[96];

	snprintf(back, sizeof(back),
	    "oifname \"aip*\" meta mark set meta mark & 0x%08x | 0x%08x accept",
	    ~c->mark_mask, net_bypass_mark(c));
	for (size_t i = 0; i < 2; i++)
		for (size_t k = 0; k < 2; k++) {
			if (!has_family(r, families[i]) || !has_protocol(r, protocols[k]))
				continue;
			write_line(f, r, families[i], protocols[k], true, back);
			write_line(f, r, families[i], protocols[k], true, "accept");
			write_line(f, r, families[i], protocols[k], false, "accept");
			/* It is no clear text of a rule that comes later. */
			fputs("add rule " NET_NFT_TABLE " rules_post", f);
			write_selector(f, r, families[i], protocols[k], true);
			fputs(" accept\n", f);
		}
}

static void
write_rule(FILE *f, const struct config *c, const struct net_rule *n)
{
	char routed[48], out[96], opened[64], in[80];

	/* Without source and port a socket may have been routed by a rule that comes later. */
	snprintf(routed, sizeof(routed), "oifname \"aip%u\" accept", n->class_id);
	snprintf(out, sizeof(out), "meta mark set meta mark & 0x%08x | 0x%08x accept",
	    ~c->mark_mask, net_mark(c, n->class_id));
	/* Opened packets have the mark of their class; another rule's SAs are not enough. */
	snprintf(opened, sizeof(opened), "meta mark & 0x%08x == 0x%08x", c->mark_mask,
	    net_mark(c, n->class_id));
	snprintf(in, sizeof(in), "%s accept", opened);
	for (size_t i = 0; i < 2; i++)
		for (size_t k = 0; k < 2; k++) {
			if (!has_family(n->rule, families[i]) ||
			    !has_protocol(n->rule, protocols[k]))
				continue;
			write_line(f, n->rule, families[i], protocols[k], true, routed);
			write_line(f, n->rule, families[i], protocols[k], true, out);
			if (n->clear_out)
				write_memory(f, n, families[i], protocols[k], opened);
			else
				write_line(
				    f, n->rule, families[i], protocols[k], false, in);
			if (n->clear_out && !n->clear_in)
				write_clear_out(f, c, n, families[i], protocols[k]);
			write_line(f, n->rule, families[i], protocols[k], false,
			    n->clear_in ? "accept" : "counter drop");
		}
}

/*
 * Whose packets are no rule's business comes first: IKE, loopback, what leaves with a mark.
 * The first rule that selects counts.
 */
static void
write_chains(FILE *f, const struct config *c)
{
	uint32_t ike = c->ike_port, nat = c->nat_port != 0 ? c->nat_port : c->ike_port;

	fprintf(f,
	    "add chain " NET_NFT_TABLE
	    " rules_in { type filter hook input priority -10; }\n"
	    "add chain " NET_NFT_TABLE
	    " rules_out { type route hook output priority -150; }\n"
	    "add chain " NET_NFT_TABLE
	    " rules_post { type filter hook postrouting priority 0; }\n"
	    "flush chain " NET_NFT_TABLE " rules_in\n"
	    "flush chain " NET_NFT_TABLE " rules_out\n"
	    "flush chain " NET_NFT_TABLE " rules_post\n"
	    "add rule " NET_NFT_TABLE " rules_in iifname lo accept\n"
	    "add rule " NET_NFT_TABLE " rules_in udp dport { %u, %u } accept\n"
	    "add rule " NET_NFT_TABLE " rules_out oifname lo accept\n"
	    "add rule " NET_NFT_TABLE " rules_out meta mark & 0x%08x != 0 accept\n",
	    ike, nat, c->mark_mask);
}

/*
 * Opened packets of secured sockets: from_peer has let them through for such a socket only.
 * (A connection that is being made has no mark of its own yet.)
 */
static void
write_sockets(FILE *f, const struct config *c, const struct net_rule *list, size_t n)
{
	fprintf(f, "add rule " NET_NFT_TABLE " rules_in meta mark & 0x%08x != { 0x0",
	    c->mark_mask);
	for (size_t i = 0; i < n; i++)
		fprintf(f, ", 0x%08x", net_mark(c, list[i].class_id));
	fputs(" } accept\n", f);
}

/* All at once, so that at no time less is protected than before or after. */
static bool
nft_set(const struct config *c, const struct net_rule *list, size_t n)
{
	char *text = NULL;
	size_t text_n = 0;
	FILE *f = open_memstream(&text, &text_n);
	bool ok;

	if (f == NULL)
		return false;
	write_sets(f);
	write_chains(f, c);
	write_sockets(f, c, list, n);
	for (size_t i = 0; i < n; i++)
		if (list[i].is_exempt)
			write_exempt(f, c, list[i].rule);
		else
			write_rule(f, c, &list[i]);
	if (n == 0)
		fputs("flush chain " NET_NFT_TABLE " rules_in\n"
		      "flush chain " NET_NFT_TABLE " rules_out\n"
		      "flush chain " NET_NFT_TABLE " rules_post\n"
		      "delete chain " NET_NFT_TABLE " rules_in\n"
		      "delete chain " NET_NFT_TABLE " rules_out\n"
		      "delete chain " NET_NFT_TABLE " rules_post\n",
		    f);
	ok = fclose(f) == 0 && net_nft_run(text);
	free(text);
	return ok;
}

/* ---- routing policy ---- */

static struct nlmsghdr *
begin_rule(char *buf, uint8_t family, uint32_t priority, bool add)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct fib_rule_hdr *r;

	nlh->nlmsg_type = add ? RTM_NEWRULE : RTM_DELRULE;
	nlh->nlmsg_flags = add ? NLM_F_CREATE : 0;
	r = mnl_nlmsg_put_extra_header(nlh, sizeof(*r));
	r->family = family == 4 ? AF_INET : AF_INET6;
	r->action = add ? FR_ACT_TO_TBL : 0;
	mnl_attr_put_u32(nlh, FRA_PRIORITY, priority);
	return nlh;
}

static void
put_port(struct nlmsghdr *nlh, uint16_t attribute, uint16_t port)
{
	struct fib_rule_port_range range = { port, port };

	if (port != 0)
		mnl_attr_put(nlh, attribute, sizeof(range), &range);
}

/* Exempt is what goes on behind our rules, where there is one that does nothing. */
static int
add_rule(const struct config *c, const struct net_rule *n, uint32_t priority,
    uint32_t behind, uint8_t family, uint8_t protocol)
{
	const struct rule *r = n->rule;
	char buf[512];
	struct nlmsghdr *nlh = begin_rule(buf, family, priority, true);
	struct fib_rule_hdr *h = mnl_nlmsg_get_payload(nlh);

	mnl_attr_put_strz(nlh, FRA_IIFNAME, "lo"); /* packets of this host only */
	if (r->local.addr.family != 0 && r->local.bits != 0) {
		h->src_len = r->local.bits;
		mnl_attr_put(
		    nlh, FRA_SRC, address_len_bytes(&r->local.addr), r->local.addr.b);
	}
	if (r->remote.addr.family != 0 && r->remote.bits != 0) {
		h->dst_len = r->remote.bits;
		mnl_attr_put(
		    nlh, FRA_DST, address_len_bytes(&r->remote.addr), r->remote.addr.b);
	}
	mnl_attr_put_u8(nlh, FRA_IP_PROTO, protocol);
	put_port(nlh, FRA_SPORT_RANGE, r->local_port);
	put_port(nlh, FRA_DPORT_RANGE, r->remote_port);
	if (n->is_exempt) {
		h->action = FR_ACT_GOTO;
		mnl_attr_put_u32(nlh, FRA_GOTO, behind);
	} else {
		mnl_attr_put_u32(nlh, FRA_TABLE, c->route_table + n->class_id);
	}
	return net_talk(nlh);
}

static int
add_end(uint8_t family, uint32_t priority)
{
	char buf[512];
	struct nlmsghdr *nlh = begin_rule(buf, family, priority, true);
	struct fib_rule_hdr *h = mnl_nlmsg_get_payload(nlh);

	h->action = FR_ACT_NOP;
	return net_talk(nlh);
}

/* Our own packets go where they always went. */
static int
add_bypass(const struct config *c, uint8_t family)
{
	char buf[512];
	struct nlmsghdr *nlh = begin_rule(buf, family, c->rule_priority + 1, true);

	mnl_attr_put_u32(nlh, FRA_FWMARK, net_bypass_mark(c));
	mnl_attr_put_u32(nlh, FRA_FWMASK, c->mark_mask);
	mnl_attr_put_u32(nlh, FRA_TABLE, RT_TABLE_MAIN);
	return net_talk(nlh);
}

/* Priorities behind that of the marks are ours, as many as there can be rules. */
static void
remove_all(const struct config *c, uint8_t family)
{
	for (uint32_t i = 1; i <= CONFIG_MAX_RULES + 2; i++) {
		char buf[512];

		while (
		    net_talk(begin_rule(buf, family, c->rule_priority + i, false)) == 0)
			;
	}
}

static bool
routes_set(
    const struct config *c, uint8_t family, const struct net_rule *list, size_t n)
{
	uint32_t first = c->rule_priority + 2, behind = first + (uint32_t)n;
	int r;

	remove_all(c, family);
	r = n > 0 ? add_bypass(c, family) : 0;
	if (n > 0 && r == 0)
		r = add_end(family, behind);
	for (size_t i = 0; i < n && r == 0; i++)
		for (size_t k = 0; k < 2 && r == 0; k++)
			if (has_family(list[i].rule, family) &&
			    has_protocol(list[i].rule, protocols[k]))
				r = add_rule(c, &list[i], first + (uint32_t)i, behind,
				    family, protocols[k]);
	if (r != 0)
		log_error("net", "cannot route what rules select (IPv%u): %s", family,
		    strerror(-r));
	return r == 0;
}

bool
net_rules_set(const struct config *c, const struct net_rule *list, size_t n)
{
	bool ok = nft_set(c, list, n);

	if (!ok && n > 0)
		log_error("net", "nftables refuses the rules of the configuration: "
				 "what they forbid may "
				 "come in");
	for (size_t i = 0; i < 2; i++)
		ok = (routes_set(c, families[i], list, n) || families[i] == 6) && ok;
	return ok;
}
