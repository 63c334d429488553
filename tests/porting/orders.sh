#!/bin/bash
# The headers alone, in both orders, as C99, C11 and C++, with gcc and clang, without a warning.
# orders.sh INCLUDE-DIRECTORY
set -u
inc=$1 failed=0

# compile COMPILER STANDARD LANGUAGE HEADER...
compile() {
	local cc=$1 std=$2 lang=$3
	shift 3
	command -v "$cc" > /dev/null || return 0
	printf '#include <%s>\n' "$@" | "$cc" -x"$lang" -std="$std" -D_GNU_SOURCE -I"$inc" \
		-Wall -Wextra -Werror -fsyntax-only - || {
		echo "failed: $cc -std=$std: $*"
		failed=1
	}
}

all() {
	compile gcc c99 c "$@"
	compile gcc c11 c "$@"
	compile clang c99 c "$@"
	compile clang gnu11 c "$@"
	compile g++ c++11 c++ "$@"
	compile clang++ c++17 c++ "$@"
}

all winsock2.h windows.h
all windows.h winsock2.h
all ws2tcpip.h winsock2.h windows.h
all sys/socket.h netinet/in.h arpa/inet.h netdb.h ws2tcpip.h
all winsock2.h sys/socket.h netinet/in.h arpa/inet.h unistd.h fcntl.h
all fwpmu.h windows.h
all initguid.h fwpmu.h ws2tcpip.h
for h in "$inc"/*.h; do
	[ -L "$h" ] || all "${h##*/}"
done
exit "$failed"
