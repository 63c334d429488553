#!/bin/bash
# Installs into a folder and compiles the samples there, as a porter would.
#   build.sh BUILD-DIRECTORY FOLDER     then FOLDER/bin has them
set -eu
build=$(cd "$1" && pwd)
out=$2
here=$(cd "$(dirname "$0")" && pwd)

make_var() {
	sed -n "s/^$1 = //p" "$build/Makefile"
}

prefix=$(make_var prefix)
mkdir -p "$out/root" "$out/bin"
make -s -C "$build" install DESTDIR="$out/root" > "$out/install.log" 2>&1 || {
	cat "$out/install.log"
	exit 1
}
export PKG_CONFIG_PATH=$out/root$prefix/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$out/root
export AUTHIP_INCLUDE=$out/root$prefix/include/authip AUTHIP_LIBDIR=$out/root$prefix/lib
export PATH=$out/root$prefix/bin:$PATH
mkdir -p "$out/src"
cp "$here"/samples/* "$out/src/"

# The sanitizers of the library, if it has them. -Wl: what libtool would say.
read -ra extra < <(make_var AIP_CFLAGS | grep -o -- '-fsanitize=[a-z,]*' | xargs) || true
extra+=("-Wl,-rpath,$AUTHIP_LIBDIR")

cd "$out/src"
for f in SecureClient SecureServer UdpEcho Constructs OwnPolicy TokenServer; do
	more=
	case $f in SecureClient | Constructs) more=Common.c ;; esac
	# shellcheck disable=SC2086 # a name or nothing
	authip-cc "${extra[@]}" -o "$out/bin/$f" $f.c $more
done
authip-cc "${extra[@]}" -o "$out/bin/Inclusion" Inclusion.cpp
authip-cc "${extra[@]}" -Wall -o "$out/bin/EventEcho" EventEcho.cpp

# Not for Windows: with the sanitizers of the library.
cc "${extra[@]}" -I"$AUTHIP_INCLUDE" -o "$out/bin/unload" "$here/unload.c" -ldl -lpthread

# Those that need no driver.
read -ra flags < <(pkg-config --cflags --libs fwpuclnt)
cc "${extra[@]}" -o "$out/bin/SecureServer.pc" SecureServer.c "${flags[@]}"
cc "${extra[@]}" -o "$out/bin/UdpEcho.pc" UdpEcho.c "${flags[@]}"
c++ "${extra[@]}" -o "$out/bin/Inclusion.pc" Inclusion.cpp "${flags[@]}"
