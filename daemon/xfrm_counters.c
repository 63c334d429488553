/*
 * The counters of the plane, where the kernel is one. Of our own SAs the kernel counts what
 * it took and what it refused; what belongs to no SA it counts for the whole host, other
 * programs' IPsec included (/proc/net/xfrm_stat): of that, what was there before us is taken
 * off.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/xfrm_state.h"

/* X(its name in xfrm_stat, our counter) */
#define HOST_COUNTERS(X)                            \
	X("XfrmInNoStates", PC_NO_SPI)              \
	X("XfrmInHdrError", PC_MALFORMED)           \
	X("XfrmInBufferError", PC_MALFORMED)        \
	X("XfrmInStateMismatch", PC_SELECTOR)       \
	X("XfrmInTmplMismatch", PC_IN_CLEAR_REFUSED) \
	X("XfrmOutPolBlock", PC_REFUSED)            \
	X("XfrmOutNoStates", PC_HELD_DROPPED)       \
	X("XfrmOutStateSeqError", PC_SEQUENCE)      \
	X("XfrmOutError", PC_SEND_FAILED)

static void
host_add(const char *name, uint64_t n, uint64_t *count)
{
	static const struct {
		const char *name;
		enum plane_counter counter;
	} table[] = {
#define X(name, counter) { name, counter },
		HOST_COUNTERS(X)
#undef X
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(table[i].name, name) == 0)
			count[table[i].counter] += n;
}

/* All zero where the kernel does not count (CONFIG_XFRM_STATISTICS). */
static void
host_read(uint64_t count[PLANE_COUNTER_COUNT])
{
	FILE *f = fopen("/proc/net/xfrm_stat", "re");
	char name[64];
	uint64_t n;

	memset(count, 0, PLANE_COUNTER_COUNT * sizeof(count[0]));
	if (f == NULL)
		return;
	while (fscanf(f, "%63s %" SCNu64, name, &n) == 2)
		host_add(name, n, count);
	(void)fclose(f);
}

void
xfrm_counters_begin(struct xfrm *x)
{
	host_read(x->host_count);
}

void
xfrm_counters_again(struct xfrm *x)
{
	memset(x->count_sent, 0, sizeof(x->count_sent));
}

void
xfrm_counters_tick(struct xfrm *x)
{
	uint64_t now[PLANE_COUNTER_COUNT];

	host_read(now);
	for (size_t i = 0; i < PLANE_COUNTER_COUNT; i++)
		x->count[i] += now[i] - x->host_count[i];
	memcpy(x->host_count, now, sizeof(now));
	if (memcmp(x->count, x->count_sent, sizeof(x->count)) == 0)
		return;
	memcpy(x->count_sent, x->count, sizeof(x->count));
	(void)ipc_send(
	    x->negotiator, PROTO_PLANE_COUNTERS, x->count, sizeof(x->count), -1);
}
