#!/bin/bash
# Sources written for Windows compile unchanged, and what they print is what Windows prints.
set -u
top=$(cd "${srcdir:-$(dirname "$0")/../..}" && pwd) || exit 99
here=$top/tests/porting
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
n_failed=0

check() { # NAME COMMAND...
	local name=$1
	shift
	if "$@" > "$scratch/out" 2>&1; then
		echo "ok $name"
	else
		echo "FAIL $name"
		cat "$scratch/out"
		n_failed=$((n_failed + 1))
	fi
}

# prints NAME STATUS COMMAND...: the output is that of samples/NAME.expected.
prints() {
	local name=$1 want=$2 rc=0
	shift 2
	AUTHIPD_RUN_DIR=$scratch/nobody "$@" > "$scratch/$name" 2>&1 || rc=$?
	[ "$rc" = "$want" ] || echo "ended with $rc" >> "$scratch/$name"
	check "$name" diff -u "$here/expected/$name" "$scratch/$name"
}

# $n of a header that is not there is an error of the compiler, not of the driver.
refuses_missing() {
	echo '#include <Nothing.h>' > "$scratch/missing.c"
	! "$authip_cc" -c -o "$scratch/missing.o" "$scratch/missing.c"
}

# Line numbers of messages are those of the source.
keeps_lines() {
	printf 'int a;\n#include <Windows.h>\nint b = ;\n' > "$scratch/Lines.c"
	"$authip_cc" -c -o "$scratch/lines.o" "$scratch/Lines.c" 2>&1 | grep -q 'Lines.c:3:'
}

passes_status() {
	echo 'int main(void) { return undeclared; }' > "$scratch/status.c"
	"$authip_cc" -c -o "$scratch/status.o" "$scratch/status.c"
	[ $? -eq 1 ]
}

compiles_from_elsewhere() {
	mkdir -p "$scratch/a/Inc" "$scratch/b"
	printf '#pragma once\r\n#define N 3\r\n' > "$scratch/a/Inc/Deep.H"
	printf '#include "INC\\deep.h"\r\nint n = N;\r\n' > "$scratch/a/Deep.c"
	(cd "$scratch/b" && "$authip_cc" -c ../a/Deep.c && [ -f Deep.o ])
}

# Headers of one name in two folders, one of them above; nothing outlives the driver.
keeps_headers_apart() {
	local d=$scratch/apart
	mkdir -p "$d/one" "$d/two" "$d/tmp"
	echo 'static const int first = 1;' > "$d/Same.h"
	echo 'static const int second = 2;' > "$d/two/Same.h"
	printf '#include "..\\same.h"\nint a = sizeof(first);\n' > "$d/one/One.c"
	printf '#include "same.h"\nint b = sizeof(second);\n' > "$d/two/Two.c"
	(cd "$d" && TMPDIR=$d/tmp "$authip_cc" -c one/One.c two/Two.c) || return 1
	[ -z "$(ls -A "$d/tmp")" ] || {
		ls -A "$d/tmp"
		return 1
	}
}

# A program on loopback: no daemon is asked for there, so it must fail closed.
fails_closed() {
	AUTHIPD_RUN_DIR=$scratch/nobody "$scratch/bin/SecureServer" 1 > "$scratch/closed"
	grep -qx 'cannot listen: 10050' "$scratch/closed"
}

for tool in cc c++ pkg-config perl; do
	if ! command -v "$tool" > /dev/null; then
		echo "skipped: there is no $tool here"
		exit 77
	fi
done
check builds bash "$here/build.sh" . "$scratch"
[ "$n_failed" = 0 ] || exit 1
prefix=$(sed -n 's/^prefix = //p' Makefile)
export AUTHIP_INCLUDE=$scratch/root$prefix/include/authip AUTHIP_LIBDIR=$scratch/root$prefix/lib
authip_cc=$scratch/root$prefix/bin/authip-cc
check include_orders bash "$here/orders.sh" "$AUTHIP_INCLUDE"
prints constructs 0 "$scratch/bin/Constructs" grün
prints inclusion 0 "$scratch/bin/Inclusion"
prints inclusion 0 "$scratch/bin/Inclusion.pc"
prints no_daemon 1 "$scratch/bin/SecureClient" 127.0.0.1 1 text
prints usage 2 "$scratch/bin/UdpEcho"
prints event 1 "$scratch/bin/EventEcho" 127.0.0.1 1 text
check fails_closed fails_closed
check unload "$scratch/bin/unload" "$AUTHIP_LIBDIR/libfwpuclnt.so.0"
check refuses_missing refuses_missing
check keeps_lines keeps_lines
check passes_status passes_status
check compiles_from_elsewhere compiles_from_elsewhere
check keeps_headers_apart keeps_headers_apart
[ "$n_failed" = 0 ]
