#!/bin/bash
# The functions for programs of Windows in many threads, under ThreadSanitizer.
set -u
top=$(cd "${srcdir:-$(dirname "$0")/../..}" && pwd) || exit 99
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT

echo 'int main(void) { return 0; }' > "$scratch/probe.c"
if ! cc -fsanitize=thread -o "$scratch/probe" "$scratch/probe.c" 2> /dev/null || ! "$scratch/probe"; then
	echo "skipped: ThreadSanitizer does not work here"
	exit 77
fi
sources=("$top"/winsock/*.c)
read -ra check < <(pkg-config --cflags --libs check)
cc -O1 -g -w -fsanitize=thread -DAUTHIP_NATIVE_SOCKETS -D_GNU_SOURCE -I"$top" -I. \
	-I"$top/winsock/include" -o "$scratch/check" \
	"${sources[@]/*wmain.c/$top/tests/unit/check_windows.c}" "$top"/tests/unit/windows_*.c \
	"${check[@]}" -lpthread || exit 1
for suite in handle sleeper; do
	CK_FORK=no CK_RUN_CASE=$suite "$scratch/check" || exit 1
done
cc -O1 -g -w -fsanitize=thread -DAUTHIP_NATIVE_SOCKETS -D_GNU_SOURCE -I"$top" -I. \
	-I"$top/winsock/include" -o "$scratch/stress" \
	"${sources[@]/*wmain.c/$top/tests/porting/stress.c}" "$top/tests/unit/fake_daemon.c" \
	"${check[@]}" -lpthread || exit 1
"$scratch/stress"
