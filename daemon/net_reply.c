/* nftables and fwmark_reflect. */
#include "daemon/net_reply.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <nftables/libnftables.h>

#include "daemon/log.h"
#include "daemon/net.h"

static const char *const reflect_path[2] = {
	"/proc/sys/net/ipv4/fwmark_reflect",
	"/proc/sys/net/ipv6/fwmark_reflect",
};
static const char *const accept_path = "/proc/sys/net/ipv4/tcp_fwmark_accept";
static bool reflect_was_off[2];

/* ---- fwmark_reflect ---- */

/*
 * What it was before us, for a daemon that comes after one that was killed: that one finds 1,
 * and would leave it so for ever.
 */
static void
reflect_file(const char *run_dir, char *out, size_t n)
{
	snprintf(out, n, "%s/fwmark_reflect", run_dir);
}

static bool
reflect_recall(const char *run_dir)
{
	char name[128], text[2];
	bool ok;
	int fd;

	reflect_file(run_dir, name, sizeof(name));
	if ((fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)) < 0)
		return false;
	ok = read(fd, text, sizeof(text)) == sizeof(text);
	close(fd);
	for (int i = 0; i < 2 && ok; i++)
		reflect_was_off[i] = text[i] == '0';
	return ok;
}

static void
reflect_remember(const char *run_dir)
{
	const char text[2] = { reflect_was_off[0] ? '0' : '1', reflect_was_off[1] ? '0' : '1' };
	char name[128];
	int fd;

	reflect_file(run_dir, name, sizeof(name));
	fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || write(fd, text, sizeof(text)) != sizeof(text))
		log_warn("net",
		    "cannot write %s: %s; should this daemon be killed, net.ipv4.fwmark_reflect "
		    "stays 1",
		    name, strerror(errno));
	if (fd >= 0)
		close(fd);
}

static bool
reflect_set(int family, char value, bool *was_off)
{
	int fd = open(reflect_path[family], O_RDWR | O_CLOEXEC);
	char old = '0';
	bool ok;

	if (fd < 0)
		return errno == ENOENT && family == 1; /* no IPv6 */
	ok = read(fd, &old, 1) == 1 && (old == value || pwrite(fd, &value, 1, 0) == 1);
	close(fd);
	if (was_off != NULL)
		*was_off = ok && old == '0';
	return ok;
}

static bool
reflect_up(const char *run_dir)
{
	bool is_known = reflect_recall(run_dir), ok = true;

	for (int i = 0; i < 2; i++)
		ok = reflect_set(i, '1', is_known ? NULL : &reflect_was_off[i]) && ok;
	if (!is_known)
		reflect_remember(run_dir);
	return ok;
}

static void
reflect_down(const char *run_dir)
{
	char name[128];

	for (int i = 0; i < 2; i++)
		if (reflect_was_off[i])
			(void)reflect_set(i, '0', NULL);
	reflect_file(run_dir, name, sizeof(name));
	(void)unlink(name);
}

/*
 * What came out of an SA has a mark, which a connection of a listener without one would
 * inherit: as if its program had secured it.
 */
static void
accept_look(void)
{
	int fd = open(accept_path, O_RDONLY | O_CLOEXEC);
	char value = '0';

	if (fd >= 0 && read(fd, &value, 1) == 1 && value != '0')
		log_warn("net",
		    "net.ipv4.tcp_fwmark_accept is %c: connections of programs that secured "
		    "nothing count as secured, and are blocked when the daemon ends; set it to "
		    "0",
		    value);
	if (fd >= 0)
		close(fd);
}

/* ---- nftables ---- */

bool
net_nft_run(const char *commands)
{
	struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);
	bool ok;

	if (nft == NULL)
		return false;
	nft_ctx_buffer_output(nft);
	nft_ctx_buffer_error(nft);
	ok = nft_run_cmd_from_buffer(nft, commands) == 0;
	if (!ok)
		log_debug("net", "nftables: %s", nft_ctx_get_error_buffer(nft));
	nft_ctx_free(nft);
	return ok;
}

/* The bits outside of the mask are those of other programs. */
static const char *
set_mark(const struct config *c, uint32_t mark, char *out, size_t n)
{
	snprintf(out, n, "meta mark set meta mark & 0x%x | 0x%x", ~c->mark_mask, mark);
	return out;
}

/* ---- clear packets, with the kernel's IPsec ---- */

#define CALLS "inet_service; flags dynamic, timeout; timeout 75s; size 65536; }\n"
#define CALL4 "ip saddr . tcp sport . ip daddr . tcp dport"
#define CALL6 "ip6 saddr . tcp sport . ip6 daddr . tcp dport"

/*
 * Clear packets for sockets that allow them get the mark of their socket: the policies of rules
 * are for packets without one. A connection that is being made, and what is left of one that
 * was closed (TIME_WAIT, for a minute), have no mark to look at: they are known by the packets
 * before.
 */
static bool
clear_up(const struct config *c)
{
	uint32_t mask = c->mark_mask;
	char commands[1536], set[64];

	(void)set_mark(c, net_mark(c, CLASS_INSECURE), set, sizeof(set));
	snprintf(commands, sizeof(commands),
	    "add map " NET_NFT_TABLE " insecure { type mark : verdict; }\n"
	    "add set " NET_NFT_TABLE " calls4 { type ipv4_addr . inet_service . ipv4_addr . " CALLS
	    "add set " NET_NFT_TABLE " calls6 { type ipv6_addr . inet_service . ipv6_addr . " CALLS
	    "add rule " NET_NFT_TABLE " from_peer meta mark & 0x%x == 0 fib daddr type local "
	    "socket mark & 0x%x vmap @insecure\n"
	    "add rule " NET_NFT_TABLE " from_peer meta mark & 0x%x == 0 "
	    "tcp flags & (syn | ack) == ack " CALL4 " @calls4 %s\n"
	    "add rule " NET_NFT_TABLE " from_peer meta mark & 0x%x == 0 "
	    "tcp flags & (syn | ack) == ack " CALL6 " @calls6 %s\n",
	    mask, mask, mask, set, mask, set);
	return net_nft_run(commands);
}

bool
net_reply_allow_clear(const struct config *c, uint32_t class_id)
{
	uint32_t mark = net_mark(c, class_id);
	char commands[768], set[64];

	snprintf(commands, sizeof(commands),
	    "add element " NET_NFT_TABLE " lenient { 0x%x : return }\n", mark);
	(void)net_nft_run(commands);
	/* A set that is full ends the line that adds to it. */
	snprintf(commands, sizeof(commands),
	    "add chain " NET_NFT_TABLE " clear%u\n"
	    "flush chain " NET_NFT_TABLE " clear%u\n"
	    "add rule " NET_NFT_TABLE " clear%u %s\n"
	    "add rule " NET_NFT_TABLE " clear%u update @calls4 { " CALL4 " }\n"
	    "add rule " NET_NFT_TABLE " clear%u update @calls6 { " CALL6 " }\n"
	    "add element " NET_NFT_TABLE " insecure { 0x%x : jump clear%u }\n",
	    class_id, class_id, class_id, set_mark(c, mark, set, sizeof(set)), class_id, class_id,
	    mark, class_id);
	return net_nft_run(commands);
}

static void
clear_remove_class(const struct config *c, uint32_t class_id)
{
	uint32_t mark = net_mark(c, class_id);
	char commands[256];

	/* Most classes have none. */
	snprintf(commands, sizeof(commands), "delete element " NET_NFT_TABLE " lenient { 0x%x }\n",
	    mark);
	(void)net_nft_run(commands);
	snprintf(commands, sizeof(commands),
	    "delete element " NET_NFT_TABLE " insecure { 0x%x }\n"
	    "flush chain " NET_NFT_TABLE " clear%u\n"
	    "delete chain " NET_NFT_TABLE " clear%u\n",
	    mark, class_id, class_id);
	(void)net_nft_run(commands);
}

/* ---- up and down ---- */

bool
net_reply_up(const struct config *c, const char *run_dir)
{
	char commands[768], choice[64];
	bool has_rules, reflects, is_kernel = c->backend == BACKEND_KERNEL;

	/*
	 * Packets of the plane come from a device, those of the kernel's IPsec with a mark: so do
	 * those within the host, which have that of their sender.
	 */
	if (is_kernel)
		snprintf(choice, sizeof(choice), "iifname != lo meta mark & 0x%x", c->mark_mask);
	else
		snprintf(choice, sizeof(choice), "iifname");
	/* "add" first, so that "delete" cannot fail: the table is made anew. */
	snprintf(commands, sizeof(commands),
	    "add table " NET_NFT_TABLE "\ndelete table " NET_NFT_TABLE "\nadd table " NET_NFT_TABLE
	    "\n"
	    "add map " NET_NFT_TABLE " opened { type %s : verdict; }\n"
	    "add map " NET_NFT_TABLE " lenient { type mark : verdict; }\n"
	    "add chain " NET_NFT_TABLE " from_peer { type filter hook prerouting priority -300; }\n"
	    "add rule " NET_NFT_TABLE " from_peer %s vmap @opened\n",
	    is_kernel ? "mark" : "ifname", choice);
	has_rules = net_nft_run(commands);
	if (has_rules && is_kernel && !clear_up(c))
		log_warn("net", "nftables cannot be used (module nft_fib_inet): servers that allow "
				"clear text take none where a rule requires IPsec");
	reflects = reflect_up(run_dir);
	accept_look();
	if (!has_rules)
		log_error("net",
		    "cannot use nftables (modules nf_tables, nft_socket): opened packets may "
		    "reach programs that did not secure their sockets, and be answered in clear");
	if (!reflects)
		log_error("net",
		    "cannot set net.ipv4.fwmark_reflect: the kernel answers opened packets in "
		    "clear");
	return has_rules && reflects;
}

/* What tells the opened packets of a class in the map. */
static const char *
element_of(const struct config *c, uint32_t class_id, char *out, size_t n)
{
	if (c->backend == BACKEND_KERNEL)
		snprintf(out, n, "0x%x", net_mark(c, class_id));
	else
		snprintf(out, n, "\"aip%u\"", class_id);
	return out;
}

bool
net_reply_add_class(const struct config *c, uint32_t class_id, bool is_rule)
{
	uint32_t mark = net_mark(c, class_id);
	char commands[640], element[32], set[64];

	/*
	 * A rule protects sockets without any mark. The peer may answer a socket that allows clear
	 * text by the SA of another class: it takes that (the plane has an own rule, plane_in.c).
	 */
	snprintf(commands, sizeof(commands),
	    "add chain " NET_NFT_TABLE " class%u\n"
	    "flush chain " NET_NFT_TABLE " class%u\n"
	    "add rule " NET_NFT_TABLE " class%u %s\n"
	    "add rule " NET_NFT_TABLE " class%u socket mark & 0x%x vmap @lenient\n"
	    "add rule " NET_NFT_TABLE " class%u socket mark & 0x%x != 0x%x drop\n"
	    "add element " NET_NFT_TABLE " opened { %s : jump class%u }\n",
	    class_id, class_id, class_id, set_mark(c, mark, set, sizeof(set)), class_id,
	    c->mark_mask, class_id, c->mark_mask,
	    is_rule ? 0 : mark,
	    element_of(c, class_id, element, sizeof(element)), class_id);
	return net_nft_run(commands);
}

void
net_reply_remove_class(const struct config *c, uint32_t class_id)
{
	char commands[256], element[32];

	snprintf(commands, sizeof(commands),
	    "delete element " NET_NFT_TABLE " opened { %s }\n"
	    "flush chain " NET_NFT_TABLE " class%u\n"
	    "delete chain " NET_NFT_TABLE " class%u\n",
	    element_of(c, class_id, element, sizeof(element)), class_id, class_id);
	(void)net_nft_run(commands);
	if (c->backend == BACKEND_KERNEL)
		clear_remove_class(c, class_id);
}

void
net_reply_down(const char *run_dir)
{
	(void)net_nft_run("add table " NET_NFT_TABLE "\ndelete table " NET_NFT_TABLE "\n");
	reflect_down(run_dir);
}
