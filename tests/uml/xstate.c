/*
 * Preloaded into user-mode-linux (boot.sh): where the processor has more registers than that
 * knows of (AMX), the host refuses the floating-point registers of a guest's process, which
 * UML 6.1 hands over in 2,696 bytes: the guest dies before its first program runs. Here they
 * get the size that the host wants. What is new in them is in its first state, as their
 * header says: no program uses AMX without having asked for it.
 *
 * Registers that the process has already are not given again: that spares every second of
 * these calls, and a guest makes two each time that it enters its kernel.
 */
#define _GNU_SOURCE
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#define STATE_MAX 16384
#define HEADER 512	     /* XSTATE_BV, of the standard format (Intel SDM 1, 13.4.2) */
#define FEATURES_KNOWN 0x3ffu /* x87 to PKRU: what 2,696 bytes have room for */

static uint8_t state[STATE_MAX]; /* of the process it belongs to, while that is stopped */
static size_t state_n;		 /* what the host wants */
static pid_t state_of;		 /* 0: of none */

static long
call(long request, pid_t pid, void *addr, void *data)
{
	return syscall(SYS_ptrace, request, pid, addr, data);
}

static long
get(pid_t pid, void *addr, struct iovec *out)
{
	struct iovec all = { state, sizeof(state) };
	long r = call(PTRACE_GETREGSET, pid, addr, &all);

	state_of = 0;
	if (r != 0)
		return r;
	state_n = all.iov_len;
	if (out->iov_len > state_n)
		out->iov_len = state_n;
	memcpy(out->iov_base, state, out->iov_len);
	state_of = pid;
	return 0;
}

static long
set(pid_t pid, void *addr, struct iovec *in)
{
	struct iovec all = { state, state_n };
	uint64_t features;
	long r;

	if (state_of == pid && in->iov_len <= state_n &&
	    memcmp(state, in->iov_base, in->iov_len) == 0)
		return 0;
	state_of = 0;
	if (in->iov_len >= state_n || in->iov_len < HEADER + sizeof(features))
		return call(PTRACE_SETREGSET, pid, addr, in);
	memset(state, 0, sizeof(state));
	memcpy(state, in->iov_base, in->iov_len);
	memcpy(&features, state + HEADER, sizeof(features));
	features &= FEATURES_KNOWN;
	memcpy(state + HEADER, &features, sizeof(features));
	if ((r = call(PTRACE_SETREGSET, pid, addr, &all)) == 0)
		state_of = pid;
	return r;
}

static bool
leaves_it_stopped(long request)
{
	return request == PTRACE_GETREGS || request == PTRACE_SETREGS ||
	       request == PTRACE_GETSIGINFO || request == PTRACE_SETOPTIONS ||
	       (request >= PTRACE_PEEKTEXT && request <= PTRACE_POKEUSER);
}

/* As the C library's: what is peeked is returned. */
long
ptrace(enum __ptrace_request request, ...)
{
	bool peeks = request >= PTRACE_PEEKTEXT && request <= PTRACE_PEEKUSER;
	long value = 0, r;
	void *addr, *data;
	va_list ap;
	pid_t pid;

	va_start(ap, request);
	pid = va_arg(ap, pid_t);
	addr = va_arg(ap, void *);
	data = va_arg(ap, void *);
	va_end(ap);
	if ((uintptr_t)addr == NT_X86_XSTATE && request == PTRACE_GETREGSET)
		return get(pid, addr, data);
	if ((uintptr_t)addr == NT_X86_XSTATE && request == PTRACE_SETREGSET)
		return set(pid, addr, data);
	if (!leaves_it_stopped(request))
		state_of = 0;
	r = call(request, pid, addr, peeks ? &value : data);
	if (r < 0 || !peeks)
		return r;
	errno = 0;
	return value;
}
