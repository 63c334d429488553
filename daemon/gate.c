/* The gate of a secured socket. */
#include "daemon/gate.h"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "daemon/gate_program.h"

#define IFINDEX_LOOPBACK 1
#define ACCEPT_BYTES 0x7fffffff
#define MAX_MOVED 65536
#define MAX_ACCEPTED 32768
#define NO_MAP (-1)
#define NEVER (-2) /* the kernel has none */

/* cookie of a socket that was moved -> ifindex */
static int moved = NO_MAP;
/*
 * What a moved listener accepts has its gate, but a cookie of its own: connection -> ifindex.
 * Those that were silent longest make room for others.
 */
static int accepted = NO_MAP;
/* The program of the last device: most sockets are of one class. */
static int program = -1;
static uint32_t program_ifindex;

static int
bpf(int command, union bpf_attr *a)
{
	return (int)syscall(SYS_bpf, command, a, sizeof(*a));
}

static bool
map_open(int *map, uint32_t type, uint32_t key_n, uint32_t entries, uint32_t flags)
{
	union bpf_attr a;

	if (*map != NO_MAP)
		return *map >= 0;
	memset(&a, 0, sizeof(a));
	a.map_type = type;
	a.key_size = key_n;
	a.value_size = sizeof(uint32_t);
	a.max_entries = entries;
	a.map_flags = flags;
	*map = bpf(BPF_MAP_CREATE, &a);
	if (*map < 0)
		*map = NEVER;
	return *map >= 0;
}

static bool
maps_open(void)
{
	return map_open(&moved, BPF_MAP_TYPE_HASH, sizeof(uint64_t), MAX_MOVED,
		   BPF_F_NO_PREALLOC) &&
	       map_open(&accepted, BPF_MAP_TYPE_LRU_HASH,
		   sizeof(struct gate_connection), MAX_ACCEPTED, 0);
}

static bool
attach_movable(int fd, uint32_t ifindex)
{
	if (program < 0 || program_ifindex != ifindex) {
		if (program >= 0)
			close(program);
		program =
		    maps_open() ? gate_program_load(ifindex, moved, accepted) : -1;
		program_ifindex = ifindex;
	}
	return program >= 0 && setsockopt(fd, SOL_SOCKET, SO_ATTACH_BPF, &program,
				   sizeof(program)) == 0;
}

static bool
attach_classic(int fd, uint32_t ifindex)
{
	struct sock_filter code[] = {
		{ BPF_LD | BPF_W | BPF_ABS, 0, 0,
		    (uint32_t)(SKF_AD_OFF + SKF_AD_IFINDEX) },
		{ BPF_JMP | BPF_JEQ | BPF_K, 1, 0, ifindex },
		{ BPF_JMP | BPF_JEQ | BPF_K, 0, 1, IFINDEX_LOOPBACK },
		{ BPF_RET | BPF_K, 0, 0, ACCEPT_BYTES },
		{ BPF_RET | BPF_K, 0, 0, 0 },
	};
	struct sock_fprog prog = { sizeof(code) / sizeof(code[0]), code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) == 0;
}

bool
gate_attach(int fd, uint32_t ifindex)
{
	return attach_movable(fd, ifindex) || attach_classic(fd, ifindex);
}

bool
gate_attach_ipv6(int fd)
{
	struct sock_filter code[] = {
		{ BPF_LD | BPF_W | BPF_ABS, 0, 0,
		    (uint32_t)(SKF_AD_OFF + SKF_AD_PROTOCOL) },
		{ BPF_JMP | BPF_JEQ | BPF_K, 0, 1, ETH_P_IPV6 },
		{ BPF_RET | BPF_K, 0, 0, ACCEPT_BYTES },
		{ BPF_RET | BPF_K, 0, 0, 0 },
	};
	struct sock_fprog prog = { sizeof(code) / sizeof(code[0]), code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) == 0;
}

bool
gate_move(uint64_t cookie, uint32_t ifindex)
{
	union bpf_attr a;

	if (!maps_open())
		return false;
	memset(&a, 0, sizeof(a));
	a.map_fd = (uint32_t)moved;
	a.key = (uint64_t)(uintptr_t)&cookie;
	a.value = (uint64_t)(uintptr_t)&ifindex;
	a.flags = BPF_ANY;
	return bpf(BPF_MAP_UPDATE_ELEM, &a) == 0;
}

/* The entry behind *cookie, or with NULL the first; false: there is none. */
static bool
moved_next(const uint64_t *cookie, uint64_t *next)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_fd = (uint32_t)moved;
	a.key = (uint64_t)(uintptr_t)cookie;
	a.next_key = (uint64_t)(uintptr_t)next;
	return bpf(BPF_MAP_GET_NEXT_KEY, &a) == 0;
}

void
gate_end(uint64_t cookie)
{
	union bpf_attr a;

	if (moved < 0)
		return;
	memset(&a, 0, sizeof(a));
	a.map_fd = (uint32_t)moved;
	a.key = (uint64_t)(uintptr_t)&cookie;
	(void)bpf(BPF_MAP_DELETE_ELEM, &a);
}

static void
moved_drop(uint64_t cookie, uint32_t ifindex)
{
	uint32_t now = 0;
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_fd = (uint32_t)moved;
	a.key = (uint64_t)(uintptr_t)&cookie;
	a.value = (uint64_t)(uintptr_t)&now;
	if (bpf(BPF_MAP_LOOKUP_ELEM, &a) == 0 && now == ifindex)
		gate_end(cookie);
}

void
gate_forget(uint32_t ifindex)
{
	uint64_t cookie, next;
	bool more;

	if (moved < 0)
		return;
	for (more = moved_next(NULL, &cookie); more; cookie = next) {
		more = moved_next(&cookie, &next);
		moved_drop(cookie, ifindex);
	}
}

void
gate_close(void)
{
	if (program >= 0)
		close(program);
	if (moved >= 0)
		close(moved);
	if (accepted >= 0)
		close(accepted);
	program = -1;
	moved = accepted = NO_MAP;
}
