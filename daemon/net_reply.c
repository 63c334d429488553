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

#define TABLE "inet authipd"

static const char *const reflect_path[2] = {
	"/proc/sys/net/ipv4/fwmark_reflect",
	"/proc/sys/net/ipv6/fwmark_reflect",
};
static bool reflect_was_off[2];

static bool
nft_run(const char *commands)
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

bool
net_reply_up(const struct config *c)
{
	char commands[2048];
	int n;

	/* "add" first, so that "delete" cannot fail: the table is made anew. */
	n = snprintf(commands, sizeof(commands),
	    "add table " TABLE "\ndelete table " TABLE "\nadd table " TABLE "\n"
	    "add chain " TABLE " opened { type filter hook prerouting priority -300; }\n");
	for (uint32_t id = 1; id <= CLASS_MAX; id++)
		n += snprintf(commands + n, sizeof(commands) - (size_t)n,
		    "add rule " TABLE " opened iifname \"aip%u\" meta mark set 0x%x\n"
		    "add rule " TABLE " opened iifname \"aip%u\" socket mark & 0x%x != 0x%x "
		    "drop\n",
		    id, net_mark(c, id), id, c->mark_mask, net_mark(c, id));
	if (nft_run(commands) && reflect_set(0, '1', &reflect_was_off[0]) &&
	    reflect_set(1, '1', &reflect_was_off[1]))
		return true;
	log_error("net",
	    "cannot use nftables (modules nf_tables, nft_socket) and net.ipv4.fwmark_reflect: "
	    "opened packets may reach programs that did not secure their sockets, and the "
	    "kernel answers them in clear");
	return false;
}

void
net_reply_down(void)
{
	(void)nft_run("add table " TABLE "\ndelete table " TABLE "\n");
	for (int i = 0; i < 2; i++)
		if (reflect_was_off[i])
			(void)reflect_set(i, '0', NULL);
}
