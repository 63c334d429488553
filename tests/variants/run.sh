#!/bin/bash
# What only packagers and strangers do: build from the tarball and without the optional parts,
# by clang and with fuzzers; `make install`; and `make bench`, in short.
# And a second run of bootstrap has nothing to do.
#	run.sh [CASE...]
# $builddir (default: the current directory) is configured, built, without sanitizers.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source=$(cd "$here/../.." && pwd)
builddir=$(cd "${builddir:-.}" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/authipd-variants.XXXXXX") || exit 2
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
cpus=$(nproc)
n_passed=0 n_failed=0 n_skipped=0

# ---- results ----

fail() {
	printf '%s\n' "$*" >"$work/why"
	exit 1
}

skip() {
	printf '%s\n' "$*" >"$work/why"
	exit 77
}

# try CASE: case_CASE in a subshell.
try() {
	local rc=0
	echo "it ended without a word" >"$work/why"
	("case_$1") >"$work/$1.log" 2>&1 || rc=$?
	case $rc in
	0) echo "ok $1" && n_passed=$((n_passed + 1)) ;;
	77) echo "skip $1: $(cat "$work/why")" && n_skipped=$((n_skipped + 1)) ;;
	*)
		echo "FAIL $1: $(cat "$work/why")"
		tail -n 30 "$work/$1.log" | sed 's/^/    /'
		n_failed=$((n_failed + 1))
		;;
	esac
}

# works WHAT COMMAND...: or the case fails.
works() {
	local what=$1
	shift
	"$@" || fail "$what"
}

# lacks FILE PATTERN: the program does not need such a library.
lacks() {
	readelf -d "$1" >"$work/needs" || fail "$1 is no program"
	! grep -E "NEEDED.*$2" "$work/needs" || fail "${1##*/} needs $2"
}

# ---- from the tarball, without the optional parts, in the ordinary way ----

tarball_unpack() {
	local tarball
	works "make dist" make -s -C "$builddir" dist XZ_OPT=-0
	tarball=$(echo "$builddir"/authipd-*.tar.xz)
	mkdir "$work/tarball"
	works "the tarball" tar -xf "$tarball" --strip-components=1 -C "$work/tarball"
	rm "$tarball"
}

case_tarball_without_parts() {
	tarball_unpack
	cd "$work/tarball" || fail "no tarball"
	works "configure" ./configure -q --disable-hardening --without-libcap-ng --without-krb5 \
		--without-check --with-user=nobody --with-rundir=/run/elsewhere \
		--disable-dependency-tracking \
		--enable-werror CFLAGS="-O0 -g0 -Wno-maybe-uninitialized"
	works "make" make -s -j"$cpus"
	lacks authipd 'cap-ng|krb5|gssapi'
	! readelf -d authipd | grep -q BIND_NOW || fail "hardened all the same"
	[ -z "$(find . -name 'check_*' -type f -perm -u+x)" ] || fail "tests were built"
	works "authipd -n" ./authipd -n -c doc/authipd.conf.sample
	works "the default policy" ./authipd --print-default-policy >"$work/policy.conf"
	works "the printed policy" ./authipd -n -c "$work/policy.conf"
	./authipctl status 2>&1 | grep -q /run/elsewhere || fail "--with-rundir is forgotten"
	grep -q /run/elsewhere doc/authipd.service || fail "the service has another run directory"
}

# ---- clang, and the fuzzers ----

# fuzz NAME: a short run over its seeds, in a copy of them.
fuzz() {
	local name=$1 seeds=$work/seeds/$1
	mkdir -p "$seeds"
	cp -r "$source/tests/fuzz/seeds/$name/." "$seeds" || fail "no seeds of $name"
	works "fuzz_$name" "./fuzz_$name" -runs=400 -seed=1 -verbosity=0 "$seeds"
}

case_clang_and_fuzzers() {
	local f names
	command -v clang >/dev/null || skip "no clang here"
	mkdir "$work/clang"
	cd "$work/clang" || fail "no folder"
	works "configure" "$source/configure" -q CC=clang --enable-fuzzers --enable-werror \
		--disable-dependency-tracking CFLAGS="-O0 -g0"
	names=$(for f in "$source"/tests/fuzz/fuzz_*.c; do basename "$f" .c; done)
	# shellcheck disable=SC2086 # a list of names
	works "make" make -s -j"$cpus" $names authipd authipctl winsock/libfwpuclnt.la
	works "authipd by clang" ./authipd -n -c "$source/doc/authipd.conf.sample"
	for f in $names; do
		fuzz "${f#fuzz_}"
	done
}

# ---- make install ----

# installed FILE...: below $root and the prefix of the build.
installed() {
	local f
	for f; do
		[ -e "$root$prefix/$f" ] || fail "not installed: $f"
	done
}

# A program of somebody else: only what was installed, found by pkg-config.
stranger_builds() {
	local flags
	export PKG_CONFIG_SYSROOT_DIR=$root PKG_CONFIG_LIBDIR=$root$prefix/lib/pkgconfig
	flags=$(pkg-config --cflags --libs fwpuclnt) || fail "pkg-config"
	cd "$work" || fail "no folder"
	# shellcheck disable=SC2086 # a list of options
	works "a program by pkg-config" "${CC:-cc}" -o stranger "$source"/doc/examples/{secure_client,protection}.c \
		$flags
	LD_LIBRARY_PATH=$root$prefix/lib AUTHIPD_RUN_DIR=$work/nowhere ./stranger 127.0.0.1 9 \
		>stranger.out 2>&1 && fail "it is secured without a daemon"
	cat stranger.out
	grep -qi authipd stranger.out || fail "it does not say that there is no daemon"
}

# Programs of everybody are hardened, and the library shows what its map says.
is_hardened() {
	local needs
	needs=$(readelf -hd "$1") || fail "$1 is no program"
	grep -q 'Type: *DYN' <<<"$needs" || fail "$1 is at a fixed place"
	grep -qE 'BIND_NOW|NOW' <<<"$needs" || fail "$1 binds late"
	readelf -l "$1" | grep -q GNU_RELRO || fail "$1 has no RELRO"
	nm -D "$1" | grep -q __stack_chk_fail || fail "$1 has no stack protector"
}

# matches SYMBOL PATTERN...
matches() {
	local pattern
	for pattern in "${@:2}"; do
		# shellcheck disable=SC2053 # a pattern
		[[ $1 != $pattern ]] || return 0
	done
	return 1
}

shows_only_its_map() {
	local patterns shown s
	mapfile -t patterns < <(sed -nE '/local:/q; s/^[[:space:]]+([^ ]+);$/\1/p' \
		"$source/winsock/fwpuclnt.map")
	mapfile -t shown < <(nm -D --defined-only "$1" | awk '$2 != "A" { sub("@.*", "", $3); print $3 }')
	[ "${#shown[@]}" -gt 100 ] || fail "the library shows ${#shown[@]} symbols"
	for s in "${shown[@]}"; do
		matches "$s" "${patterns[@]}" || fail "not in the map: $s"
	done
	for s in WSASetSocketSecurity WSAGetLastError WSASetLastError; do
		matches "$s" "${shown[@]}" || fail "the library does not show $s"
	done
}

case_install() {
	local f root=$work/root prefix
	prefix=$(sed -n 's/^prefix = //p' "$builddir/Makefile")
	works "make install" make -s -C "$builddir" install DESTDIR="$root"
	installed sbin/authipd sbin/authipctl bin/authip-run bin/authip-cc \
		lib/libfwpuclnt.so lib/libfwpuclntmain.a lib/authipd/libauthiprun.so \
		lib/pkgconfig/fwpuclnt.pc share/authipd/authipd.service
	for f in "$source"/doc/*.[1-8]; do
		installed "share/man/man${f##*.}/${f##*/}"
	done
	for f in "$source"/winsock/include/*.h; do
		installed "include/authip/${f##*/}"
	done
	for f in sbin/authipd sbin/authipctl bin/authip-run; do
		is_hardened "$root$prefix/$f"
	done
	shows_only_its_map "$root$prefix/lib/libfwpuclnt.so"
	stranger_builds
	works "make uninstall" make -s -C "$builddir" uninstall DESTDIR="$root"
	[ -z "$(find "$root" ! -type d)" ] || fail "left: $(find "$root" ! -type d | head -n 1)"
}

# ---- bootstrap, again ----

case_second_run() {
	[ "$builddir" = "$source/build" ] || skip "it is about bootstrap's own folder"
	works "bootstrap build" "$source/bootstrap" build >"$work/second" 2>&1
	cat "$work/second"
	[ "$(cat "$work/second")" = "== make in build/" ] || fail "a second run is not quick"
}

# ---- make bench ----

# A table of sane rows: nothing is said of how fast anything is.
bench_rows=(
	"anonymous main mode + quick mode, initiator"
	"anonymous main mode + quick mode, responder"
	"same with TLS, EC P-256, initiator"
	"same with TLS, RSA-2048, responder"
	"memory"
	"ESP NULL"
	"ESP AES-128"
	"ESP 3DES"
	"AH SHA1-96"
	"plane: find a pair of 10,000"
	"TCP through the plane, NULL; peer: plain veth"
	"TCP through the plane, AES; peer: plain veth"
	"CPU of both planes, NULL; floor: bare crypto"
	"connect with negotiation, p50"
	"negotiations a second"
	"connect when the SA is there"
	"WSASetSocketSecurity"
)

case_bench() {
	local row
	[ "$(id -u)" -eq 0 ] || skip "it needs root"
	[ -c /dev/net/tun ] || skip "there is no /dev/net/tun"
	export BENCH_SECONDS=0.3
	works "make bench" make -s -C "$builddir" bench >"$work/table"
	cat "$work/table"
	for row in "${bench_rows[@]}"; do
		grep -F "$row" "$work/table" | grep -qE ' [0-9.]*[1-9][0-9.]*( |$)' ||
			fail "no row \"$row\" with a number"
	done
	! grep -E '(^|[ -])(nan|inf)|skipped' "$work/table" || fail "a row without sense"
}

cases=(tarball_without_parts clang_and_fuzzers install second_run bench)
[ $# -eq 0 ] || cases=("$@")
for name in "${cases[@]}"; do
	declare -F "case_$name" >/dev/null || { echo "there is no case $name" >&2 && exit 2; }
	try "$name"
done
echo "$n_passed passed, $n_failed failed, $n_skipped skipped"
[ "$n_failed" -eq 0 ]
