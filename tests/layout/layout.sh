#!/bin/bash
# Every structure, enumerator and number of our Windows headers against those of mingw-w64.
# A table in doc/layouts.md has what may differ, and must have nothing else.
set -u
export LC_ALL=C

top=$(cd "${srcdir:-$(dirname "$0")/../..}" && pwd) || exit 99
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
mingw=/usr/x86_64-w64-mingw32/include
headers="guiddef windef winbase winsec winerror winsockerror rpcdce nldef winsock2 mstcpip ws2tcpip mswsock fwptypes iketypes ikestate
	ipsectypes ipsecstate fwpmtypes"
scalars="BYTE CHAR UCHAR WCHAR BOOL BOOLEAN SHORT USHORT WORD INT UINT LONG ULONG DWORD LONGLONG
	ULONGLONG DWORD64 INT8 UINT8 INT16 UINT16 INT32 UINT32 INT64 UINT64 SIZE_T ULONG_PTR
	DWORD_PTR HANDLE LPWSTR HRESULT SOCKET SOCKADDR SOCKADDR_IN
	SOCKADDR_IN6 SOCKADDR_STORAGE IN_ADDR IN6_ADDR WSAEVENT"
includes='#include <stddef.h>
#include <winsock2.h>
#include <windows.h>
#include <ws2tcpip.h>
#include <mswsock.h>
#include <nldef.h>
#include <mstcpip.h>
#include <rpcdce.h>
#include <fwpmu.h>'

# No numbers, or only for the compiler.
not_compared="^(NULL|INVALID_HANDLE_VALUE|WSA_INVALID_EVENT|AUTHIP_.*|offsetof\\(CRITICAL_SECTION, .*|.*_H)$"

skip() {
	echo "skipped: $*"
	exit 77
}

# A compiler for 64-bit Windows.
windows_cc() {
	if command -v x86_64-w64-mingw32-gcc > /dev/null; then
		x86_64-w64-mingw32-gcc -fmax-errors=0 "$@"
	else
		clang --target=x86_64-w64-mingw32 -I"$mingw" -ferror-limit=0 "$@"
	fi
}

items() {
	local h s

	for h in $headers; do
		awk -f "$top/tests/layout/extract.awk" "$top/winsock/include/$h.h"
	done
	for s in $scalars; do
		echo "sizeof($s)"
	done
}

# ITEM<tab>VALUE, by our headers.
ours() {
	{
		echo "#include <stdio.h>"
		echo "$includes"
		echo "int main(void) {"
		while read -r item; do
			printf 'printf("%%s\\t%%u\\n", "%s", (unsigned int)(%s));\n' "$item" "$item"
		done < "$scratch/items"
		echo "return 0; }"
	} > "$scratch/ours.c"
	gcc -w -DAUTHIP_NATIVE_SOCKETS -DAUTHIP_NATIVE_STDIO -I"$top/winsock/include" \
		-o "$scratch/ours" "$scratch/ours.c" && "$scratch/ours"
}

# PATTERN<tab>HERE<tab>WINDOWS, from the manual.
documented() {
	# shellcheck disable=SC2016 # the quotes of Markdown
	sed -nE 's/^\| `([^`]+)` \| ([0-9-]+) \| ([0-9]+|absent) \|.*/\1\t\2\t\3/p' \
		"$top/doc/layouts.md"
}

# NAME VALUE of every GUID of our headers, as the documentation writes them.
our_guids() {
	local names

	names=$(sed -nE 's/^DEFINE_GUID\(([A-Z0-9_]+),.*/\1/p' "$top/winsock/include/fwpmguid.h" \
		"$top/winsock/include/mstcpip.h")
	{
		echo '#define INITGUID'
		echo "$includes"
		echo "#include <stdio.h>"
		echo "#include <rpc.h>"
		echo "int main(void) {"
		for name in $names; do
			printf 'printf("%%s %%08x-%%04x-%%04x-", "%s", %s.Data1, %s.Data2, %s.Data3);\n' \
				"$name" "$name" "$name" "$name"
			echo "for (int i = 0; i < 8; i++)"
			printf 'printf("%%s%%02x", i == 2 ? "-" : "", %s.Data4[i]); puts("");\n' "$name"
		done
		echo "return 0; }"
	} > "$scratch/guids.c"
	gcc -w -DAUTHIP_NATIVE_SOCKETS -DAUTHIP_NATIVE_STDIO -I"$top/winsock/include" \
		-o "$scratch/guids" "$scratch/guids.c" && "$scratch/guids" | sort
}

# The one that mingw-w64 has.
mingw_guid() {
	local digits

	digits=$(sed -nE 's/^DEFINE_GUID\(FWPM_PROVIDER_IKEEXT,(.*)\);/\1/p' "$mingw/fwpmu.h" |
		tr -d ' ,' | sed 's/0x//g' | tr 'A-F' 'a-f')
	echo "FWPM_PROVIDER_IKEEXT ${digits:0:8}-${digits:8:4}-${digits:12:4}-${digits:16:4}-${digits:20}"
}

# Reads ours, writes one assertion a line, and what the manual says that is not so.
assertions() {
	local item here pattern want windows

	while IFS=$'\t' read -r item here; do
		windows=$here
		while IFS=$'\t' read -r pattern want value; do
			# shellcheck disable=SC2053 # a pattern
			[[ $item == $pattern ]] || continue
			windows=$value
			[ "$want" = - ] || [ "$want" = "$here" ] ||
				echo "$item: is $here, the manual says $want" >&3
			[ "$value" != "$here" ] ||
				echo "$item: the same on Windows, the manual says not" >&3
			break
		done < "$scratch/documented"
		if [ "$windows" = absent ]; then
			echo "$item" >> "$scratch/absent"
			echo "_Static_assert(sizeof($item) > 0, \"absent\");"
		else
			echo "_Static_assert((unsigned int)($item) == ${windows}u, \"differs\");"
		fi
	done
}

# Reads the errors of the compiler, says which item is meant.
explain() {
	sed -nE 's/^.*asserts\.c:([0-9]+):.*error: (.*)$/\1\t\2/p' | sort -n -u -k1,1 |
		while IFS=$'\t' read -r line message; do
			item=$(sed -n "$((line - n_before))p" "$scratch/values" | cut -f1)
			if grep -qxF "$item" "$scratch/absent"; then
				echo "$item" >> "$scratch/really-absent"
			else
				echo "$item: $message"
			fi
		done
}

main() {
	[ -f "$mingw/fwpmu.h" ] || skip "no headers of mingw-w64 here (mingw-w64-x86-64-dev)"
	command -v clang > /dev/null || command -v x86_64-w64-mingw32-gcc > /dev/null ||
		skip "no compiler for Windows here (clang)"
	touch "$scratch/absent" "$scratch/really-absent"
	items | grep -vE "$not_compared" | sort -u > "$scratch/items"
	ours > "$scratch/values" || exit 1
	documented > "$scratch/documented"
	n_before=$(wc -l <<< "$includes")
	{
		echo "$includes"
		assertions < "$scratch/values" 3> "$scratch/wrong"
	} > "$scratch/asserts.c"
	windows_cc -D_WIN32_WINNT=0x0602 -DNTDDI_VERSION=0x06020000 -DUNICODE -fsyntax-only \
		"$scratch/asserts.c" > "$scratch/errors" 2>&1
	explain < "$scratch/errors" >> "$scratch/wrong"
	sort -u "$scratch/absent" | comm -23 - <(sort -u "$scratch/really-absent") |
		sed 's/$/: mingw-w64 has it, the manual says not/' >> "$scratch/wrong"
	our_guids > "$scratch/our-guids"
	diff "$scratch/our-guids" "$top/tests/data/guids.txt" | sed 's/^/GUIDs: /' \
		>> "$scratch/wrong"
	mingw_guid | comm -23 - "$scratch/our-guids" | sed 's/$/: not ours/' >> "$scratch/wrong"
	if ! grep -q . "$scratch/values" || grep -q "fatal error" "$scratch/errors"; then
		cat "$scratch/errors"
		exit 1
	fi
	if [ -s "$scratch/wrong" ]; then
		cat "$scratch/wrong"
		echo "see the table in doc/layouts.md"
		exit 1
	fi
	echo "$(wc -l < "$scratch/values") sizes, offsets and numbers compared," \
		"$(wc -l < "$scratch/absent") of them not in mingw-w64"
}

main
