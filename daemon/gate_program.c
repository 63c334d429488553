/* The program of a gate, in eBPF. */
#include "daemon/gate_program.h"

#include <sys/syscall.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#define IFINDEX_LOOPBACK 1
#define ACCEPT_BYTES 0x7fffffff
#define PROTOCOL_IPV4 0x0800
#define PROTOCOL_IPV6 0x86dd
#define TCP_SYN 0x02
#define TCP_SYN_ACK 0x12
#define MAX_INSNS 128

/* Helpers of the kernel. */
enum {
	MAP_LOOKUP = 1,
	MAP_UPDATE = 2,
	LOAD_BYTES = 26, /* of the transport header */
	SOCKET_COOKIE = 46,
	LOAD_BYTES_RELATIVE = 68,
};

/* Places that are jumped to. */
enum label {
	NOWHERE,
	ACCEPT,
	DROP,
	NOT_MOVED,
	READ_KEY,
	READ_IPV6,
	READ_PORTS,
	HAS_KEY,
	HAS_NO_KEY,
	FIND,
	LABELS,
};

/* An instruction; a jump has the label where others have an offset. */
struct line {
	struct bpf_insn insn;
	enum label here, to;
};

#define INSN(op, dst, src, offset, value)                                          \
	{                                                                          \
		.insn = { .code = (op), .dst_reg = (dst), .src_reg = (src),        \
			.off = (int16_t)(offset), .imm = (int32_t)(value) }        \
	}
#define JUMP_INSN(op, dst, src, value, label)                             \
	{                                                                 \
		.insn = { .code = BPF_JMP | (op), .dst_reg = (dst),       \
			.src_reg = (src), .imm = (int32_t)(value) },      \
		.to = (label)                                             \
	}
#define AT(label) { .here = (label) }
#define SET(reg, value) INSN(BPF_ALU64 | BPF_MOV | BPF_K, reg, 0, 0, value)
#define COPY(to, from) INSN(BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0)
#define MASK(reg, value) INSN(BPF_ALU64 | BPF_AND | BPF_K, reg, 0, 0, value)
#define SET_MAP(reg, fd)                                        \
	INSN(BPF_LD | BPF_DW | BPF_IMM, reg, BPF_PSEUDO_MAP_FD, 0, fd), INSN(0, 0, 0, 0, 0)
#define SET_STACK(reg, at) COPY(reg, 10), INSN(BPF_ALU64 | BPF_ADD | BPF_K, reg, 0, 0, at)
#define CALL(helper) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, helper)
#define LOAD(size, to, from, at) INSN(BPF_LDX | BPF_MEM | (size), to, from, at, 0)
#define LOAD_FIELD(reg, field) LOAD(BPF_W, reg, 6, offsetof(struct __sk_buff, field))
#define STORE(size, at, reg) INSN(BPF_STX | BPF_MEM | (size), 10, reg, at, 0)
#define CLEAR(at) INSN(BPF_ST | BPF_MEM | BPF_DW, 10, 0, at, 0)
#define GO(label) JUMP_INSN(BPF_JA, 0, 0, 0, label)
#define GO_IF(reg, op, value, label) JUMP_INSN((op) | BPF_K, reg, 0, value, label)
#define GO_IF_OTHER(a, b, label) JUMP_INSN(BPF_JNE | BPF_X, a, b, 0, label)
#define RETURN(value) SET(0, value), INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
/* n bytes of the IP header to the stack, and of the header behind it */
#define READ_IP(at, to, n)                                                  \
	COPY(1, 6), SET(2, at), SET_STACK(3, to), SET(4, n), SET(5, 1),     \
	    CALL(LOAD_BYTES_RELATIVE), GO_IF(0, BPF_JNE, 0, DROP)
#define READ_TRANSPORT(at, to, n)                                           \
	COPY(1, 6), SET(2, at), SET_STACK(3, to), SET(4, n), CALL(LOAD_BYTES), \
	    GO_IF(0, BPF_JNE, 0, DROP)

/* What is on the stack. */
#define COOKIE (-8)
#define KEY (-8 - (int)sizeof(struct gate_connection))
#define IN_KEY(field) (KEY + (int)offsetof(struct gate_connection, field))
#define VALUE (KEY - 8)
#define FLAGS (KEY - 16)
_Static_assert(sizeof(struct gate_connection) == 40, "five times eight bytes are cleared");

/*
 * The labels become offsets. How many instructions there are.
 */
static uint32_t
assemble(const struct line *line, size_t n, struct bpf_insn out[MAX_INSNS])
{
	size_t place[LABELS] = { 0 }, used = 0;

	for (size_t i = 0; i < n; i++) {
		place[line[i].here] = used;
		used += line[i].here == NOWHERE;
	}
	used = 0;
	for (size_t i = 0; i < n; i++) {
		if (line[i].here != NOWHERE)
			continue;
		out[used] = line[i].insn;
		if (line[i].to != NOWHERE)
			out[used].off = (int16_t)(place[line[i].to] - used - 1);
		used++;
	}
	return (uint32_t)used;
}

/*
 * In comes what is from this host, and
 *
 *	to a socket in moved: what is from the ifindex there. If it is a SYN, the socket
 *	listens, and what it will accept is put into accepted
 *	to others: what is from the first ifindex, or from that of this connection in accepted
 *
 * r6: the packet; r7: where it came from; r8: 1 if the socket was moved.
 */
int
gate_program_load(uint32_t ifindex, int moved, int accepted)
{
	const struct line lines[] = {
		COPY(6, 1),
		CALL(SOCKET_COOKIE),
		STORE(BPF_DW, COOKIE, 0),
		LOAD_FIELD(7, ifindex),
		GO_IF(7, BPF_JEQ, IFINDEX_LOOPBACK, ACCEPT),
		SET_MAP(1, moved),
		SET_STACK(2, COOKIE),
		CALL(MAP_LOOKUP),
		GO_IF(0, BPF_JEQ, 0, NOT_MOVED),
		LOAD(BPF_W, 1, 0, 0),
		GO_IF_OTHER(1, 7, DROP),
		SET(8, 1),
		GO(READ_KEY),
		AT(NOT_MOVED),
		GO_IF(7, BPF_JEQ, ifindex, ACCEPT),
		SET(8, 0),

		AT(READ_KEY),
		CLEAR(KEY),
		CLEAR(KEY + 8),
		CLEAR(KEY + 16),
		CLEAR(KEY + 24),
		CLEAR(KEY + 32),
		LOAD_FIELD(1, protocol),
		GO_IF(1, BPF_JEQ, htons(PROTOCOL_IPV6), READ_IPV6),
		GO_IF(1, BPF_JNE, htons(PROTOCOL_IPV4), HAS_NO_KEY),
		READ_IP(12, IN_KEY(addresses), 8),
		READ_IP(9, IN_KEY(protocol), 1),
		GO(READ_PORTS),
		AT(READ_IPV6),
		READ_IP(8, IN_KEY(addresses), 32),
		READ_IP(6, IN_KEY(protocol), 1),
		AT(READ_PORTS),
		LOAD(BPF_B, 1, 10, IN_KEY(protocol)),
		GO_IF(1, BPF_JNE, IPPROTO_TCP, HAS_NO_KEY),
		READ_TRANSPORT(0, IN_KEY(ports), 4),
		GO_IF(8, BPF_JEQ, 0, FIND),

		CLEAR(FLAGS),
		READ_TRANSPORT(13, FLAGS, 1),
		LOAD(BPF_B, 1, 10, FLAGS),
		MASK(1, TCP_SYN_ACK),
		GO_IF(1, BPF_JNE, TCP_SYN, ACCEPT),
		STORE(BPF_W, VALUE, 7),
		SET_MAP(1, accepted),
		SET_STACK(2, KEY),
		SET_STACK(3, VALUE),
		SET(4, BPF_ANY),
		CALL(MAP_UPDATE),
		GO(ACCEPT),

		AT(FIND),
		SET_MAP(1, accepted),
		SET_STACK(2, KEY),
		CALL(MAP_LOOKUP),
		GO_IF(0, BPF_JEQ, 0, DROP),
		LOAD(BPF_W, 1, 0, 0),
		GO_IF_OTHER(1, 7, DROP),
		AT(ACCEPT),
		RETURN(ACCEPT_BYTES),
		AT(HAS_NO_KEY),
		GO_IF(8, BPF_JEQ, 1, ACCEPT),
		AT(DROP),
		RETURN(0),
	};
	struct bpf_insn code[MAX_INSNS];
	union bpf_attr a;

	_Static_assert(sizeof(lines) / sizeof(lines[0]) <= MAX_INSNS, "it fits");
	memset(&a, 0, sizeof(a));
	a.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	a.insns = (uint64_t)(uintptr_t)code;
	a.insn_cnt = assemble(lines, sizeof(lines) / sizeof(lines[0]), code);
	a.license = (uint64_t)(uintptr_t) "ISC";
	return (int)syscall(SYS_bpf, BPF_PROG_LOAD, &a, sizeof(a));
}
