/* The gate of a secured socket. */
#include "daemon/gate.h"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#define IFINDEX_LOOPBACK 1
#define ACCEPT_BYTES 0x7fffffff
#define MAX_MOVED 65536
#define HELPER_MAP_LOOKUP 1
#define HELPER_SOCKET_COOKIE 46

/* cookie of a socket that was moved -> ifindex; -1: not made yet, -2: the kernel has none */
static int moved = -1;
/* The program of the last device: most sockets are of one class. */
static int program = -1;
static uint32_t program_ifindex;

static int
bpf(int command, union bpf_attr *a)
{
	return (int)syscall(SYS_bpf, command, a, sizeof(*a));
}

static bool
moved_open(void)
{
	union bpf_attr a;

	if (moved != -1)
		return moved >= 0;
	memset(&a, 0, sizeof(a));
	a.map_type = BPF_MAP_TYPE_HASH;
	a.key_size = sizeof(uint64_t);
	a.value_size = sizeof(uint32_t);
	a.max_entries = MAX_MOVED;
	a.map_flags = BPF_F_NO_PREALLOC;
	moved = bpf(BPF_MAP_CREATE, &a);
	if (moved < 0)
		moved = -2;
	return moved >= 0;
}

#define INSN(op, dst, src, offset, value)                                          \
	{                                                                          \
		.code = (op), .dst_reg = (dst), .src_reg = (src), .off = (offset), \
		.imm = (int32_t)(value)                                            \
	}

/*
 * if (the packet came from moved[cookie of the socket], or from ifindex if it is not there,
 * or from this host) accept
 */
static int
program_load(uint32_t ifindex)
{
	const struct bpf_insn code[] = {
		INSN(BPF_ALU64 | BPF_MOV | BPF_X, 6, 1, 0, 0),
		INSN(BPF_JMP | BPF_CALL, 0, 0, 0, HELPER_SOCKET_COOKIE),
		INSN(BPF_STX | BPF_MEM | BPF_DW, 10, 0, -8, 0),
		INSN(BPF_LD | BPF_DW | BPF_IMM, 1, BPF_PSEUDO_MAP_FD, 0, moved),
		INSN(0, 0, 0, 0, 0),
		INSN(BPF_ALU64 | BPF_MOV | BPF_X, 2, 10, 0, 0),
		INSN(BPF_ALU64 | BPF_ADD | BPF_K, 2, 0, 0, -8),
		INSN(BPF_JMP | BPF_CALL, 0, 0, 0, HELPER_MAP_LOOKUP),
		INSN(BPF_ALU | BPF_MOV | BPF_K, 7, 0, 0, ifindex),
		INSN(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1, 0),
		INSN(BPF_LDX | BPF_MEM | BPF_W, 7, 0, 0, 0),
		INSN(BPF_LDX | BPF_MEM | BPF_W, 8, 6,
		    offsetof(struct __sk_buff, ifindex), 0),
		INSN(BPF_JMP | BPF_JEQ | BPF_X, 8, 7, 3, 0),
		INSN(BPF_JMP | BPF_JEQ | BPF_K, 8, 0, 2, IFINDEX_LOOPBACK),
		INSN(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0),
		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
		INSN(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, ACCEPT_BYTES),
		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
	};
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	a.insns = (uint64_t)(uintptr_t)code;
	a.insn_cnt = sizeof(code) / sizeof(code[0]);
	a.license = (uint64_t)(uintptr_t) "ISC";
	return bpf(BPF_PROG_LOAD, &a);
}

static bool
attach_movable(int fd, uint32_t ifindex)
{
	if (program < 0 || program_ifindex != ifindex) {
		if (program >= 0)
			close(program);
		program = moved_open() ? program_load(ifindex) : -1;
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
gate_move(uint64_t cookie, uint32_t ifindex)
{
	union bpf_attr a;

	if (!moved_open())
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
	program = moved = -1;
}
