#!/bin/bash
# Static checks: what a compiler does not see. Run it in a configured build directory, or by
# `make check-static`. $srcdir is the source tree (default: the one that this file is in).
#
#	run.sh              every check
#	run.sh NAME...      these checks only
#
# CHECK_ANALYZE=1 adds clang's analyzer, which takes minutes.
set -u
export LC_ALL=C

build=$PWD
srcdir=$(cd "${srcdir:-$(dirname "$0")/../..}" && pwd) || exit 2
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
n_passed=0 n_failed=0 n_skipped=0
product="config crypto ike daemon winsock"
width=104    # the longest lines now; new ones should end at 88
max_lines=450

# ---- the rules of inclusion ------------------------------------------------------------

pure='(string|stdlib|stdint|stdbool|stddef|limits)\.h|sys/queue\.h'
libc="$pure"'|(assert|ctype|endian|errno|fcntl|getopt|grp|inttypes|netdb|poll|pthread|pwd)\.h'
libc="$libc"'|(signal|stdarg|stdio|sys/[a-z]+|syslog|time|unistd|wchar|strings|features|locale|stdatomic)\.h'
libc="$libc"'|(arpa/inet|net/if|netinet/[a-z0-9]+)\.h'
windows='(authiptoken|conio|fwp[a-z]*|guiddef|handleapi|ike[a-z]*|initguid|ipsec[a-z]*|mstcpip|mswsock|ntdsapi|rpc[a-z]*|sal|specstrings|strsafe|win[a-z0-9]*|ws2tcpip)\.h|c(stdarg|stdio|stdlib|wchar)'

# folder : headers of the project that it may include : headers of the system
layers() {
	cat <<-END
		crypto     : crypto/                               : $pure|openssl/.*
		config     : config/|crypto/|config\.h             : $libc|confuse\.h|config\.h
		ike        : ike/|config/|crypto/                  : $pure
		winsock    : winsock/|config\.h|$windows           : $libc|linux/capability\.h|$windows
		daemon     : daemon/[^/]*$|ike/|config/|crypto/|winsock/(wire|wfp_[a-z]+)\.h|config\.h|$windows : .*
		daemon/ctl : daemon/ctl/|config\.h                 : $libc|jansson\.h
	END
}

# header of a library : files that may include it
libraries() {
	cat <<-'END'
		openssl/    : crypto/|daemon/auth_
		confuse\.h  : config/
		jansson\.h  : daemon/status_json\.|daemon/ctl_|daemon/explain\.|daemon/ctl/
		libmnl/     : daemon/xfrm_|daemon/net\.c|daemon/net_routes\.c|daemon/net_rules\.c|daemon/net_table\.c|daemon/nego_address\.c|daemon/sockdiag\.c
		nftables/   : daemon/net_reply\.c
		cap-ng\.h   : daemon/privdrop\.c
		event2/     : daemon/[^/]*$
		gssapi/     : daemon/auth_krb
		krb5\.h     : daemon/auth_krb
	END
}

# What ike/ may ask of libc: no clock, no file, no socket, no thread, no text output.
pure_symbols='(mem|str)[a-z]+|calloc|malloc|realloc|free|abort|qsort|bsearch'
pure_symbols="$pure_symbols"'|__(mem|str)[a-z]+_chk|__stack_chk_fail|__(a|ub)san_.*'
pure_symbols="$pure_symbols"'|_GLOBAL_OFFSET_TABLE_|__sanitizer_.*|__gcov_.*|__llvm_.*'

# ---- reporting -------------------------------------------------------------------------

ok() { echo "ok $1"; n_passed=$((n_passed + 1)); }
skip() { echo "skip $1: $2"; n_skipped=$((n_skipped + 1)); }
fail() {
	echo "FAIL $1: $2"
	n_failed=$((n_failed + 1))
}

# verdict NAME FILE HINT: the complaints in FILE, if any, are a failure.
verdict() {
	local n

	n=$(wc -l < "$2")
	if [ "$n" -eq 0 ]; then
		ok "$1"
	else
		fail "$1" "$n lines: $3"
		head -n 40 "$2" | sed 's/^/    /'
	fi
}

# ---- the tree --------------------------------------------------------------------------

# Every file of the project, relative to srcdir: git's, or what is there in a tarball.
tree_list() {
	cd "$srcdir" || exit 2
	if git rev-parse --git-dir > /dev/null 2>&1; then
		git ls-files -co --exclude-standard | while read -r f; do
			[ -f "$f" ] && echo "$f"
		done
	else
		find . -type f ! -path './build*' ! -path './autom4te.cache/*' \
			! -path './m4/*' ! -path '*/.deps/*' ! -path '*/.libs/*' \
			! -name '*.o' ! -name '*.lo' ! -name '*.a' ! -name 'configure*' \
			! -name Makefile.in ! -name aclocal.m4 | sed 's,^\./,,'
	fi
}

# tree PATTERN: files whose path matches.
tree() { grep -E "$1" "$scratch/tree"; }
product_c() { tree "^(${product// /|})/.*\.[ch]\$"; }

# A variable of the configured Makefile.
make_var() { sed -n "s/^$1 = //p" "$build/Makefile" 2> /dev/null | head -n 1; }
is_configured() { [ -f "$build/Makefile" ] && [ -f "$build/config.h" ]; }

compile_flags() {
	echo "-I$srcdir -I$build -I$srcdir/winsock/include -DSYSCONFDIR=\\\"/etc\\\"" \
		"-DPKGDATADIR=\\\"/usr/share/authipd\\\" -DTEST_SRCDIR=\\\"$srcdir\\\""
	for v in CRYPTO TLS EVENT CONFUSE JANSSON MNL NFT CAPNG KRB5 CHECK; do
		make_var "${v}_CFLAGS"
	done
	make_var AIP_CFLAGS
}

# ---- layers ----------------------------------------------------------------------------

# The includes of a file: "FILE <header> or "header".
includes() {
	(cd "$srcdir" && grep -HnoE '^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"][^>"]+' \
		"$@" /dev/null) | sed -E 's/:[[:space:]]*#[[:space:]]*include[[:space:]]*/ /'
}

# layer_of_folder FOLDER PROJECT SYSTEM: what must not be included there.
layer_of_folder() {
	local files

	files=$(tree "^$1/([^/]*|include/[^/]*)\.[ch]\$")
	# shellcheck disable=SC2086 # a list of files
	includes $files | while read -r at what; do
		case $what in
		'"'*) [[ ${what#?} =~ ^($2) ]] || echo "$at includes \"${what#?}\"" ;;
		*) [[ ${what#?} =~ ^($3)$ ]] || echo "$at includes <${what#?}>" ;;
		esac
	done
}

layer_of_library() {
	# shellcheck disable=SC2046 # a list of files
	includes $(product_c) | while read -r at what; do
		[[ ${what#?} =~ ^$1 ]] && ! [[ ${at%%:*} =~ ^($2) ]] &&
			echo "$at must not include <${what#?}>"
	done
}

check_layers() {
	local out=$scratch/layers folder project system

	while IFS=: read -r folder project system; do
		layer_of_folder "${folder// /}" "${project// /}" "${system// /}"
	done < <(layers) > "$out"
	while IFS=: read -r project folder; do
		layer_of_library "${project// /}" "${folder// /}"
	done < <(libraries) >> "$out"
	verdict layers "$out" "see the tables in tests/checks/run.sh"
}

check_pure() {
	local lib out=$scratch/pure

	for lib in ike/libike.a config/libaipconfig.a crypto/libaipcrypto.a; do
		if [ ! -f "$build/$lib" ]; then
			skip pure "$lib is not built"
			return
		fi
	done
	nm -g --defined-only "$build"/{ike,config,crypto}/lib*.a 2> /dev/null |
		awk 'NF == 3 { print $3 }' | sort -u > "$scratch/defined"
	nm -g --undefined-only "$build/ike/libike.a" 2> /dev/null |
		awk 'NF == 2 { print $2 }' | sort -u | comm -23 - "$scratch/defined" |
		grep -vxE "$pure_symbols" > "$out"
	verdict pure "$out" "ike/ is pure: it must not need these symbols"
}

# ---- headers ---------------------------------------------------------------------------

compile_alone() {
	local cc flags

	read -ra cc < <(make_var CC)
	mapfile -t flags < <(compile_flags | xargs -n 1)
	echo "#include \"$1\"" | "${cc[@]}" -fsyntax-only -xc "${flags[@]}" - 2>&1 |
		grep -m 1 error
}

check_headers() {
	local out=$scratch/headers f without='^$'

	if ! is_configured; then
		skip headers "not in a configured build directory"
		return
	fi
	[ -z "$(make_var WITH_CHECK_TRUE)" ] || without='^tests/'
	for f in $(tree '\.h$' | grep -vE "cppcheck-shim|porting/samples|$without"); do
		compile_alone "$f" | sed "s,^,$f: ,"
	done > "$out"
	verdict headers "$out" "a header must compile alone"
}

# ---- format ----------------------------------------------------------------------------

# Columns, with tabs of 8.
format_lines() {
	(cd "$srcdir" && awk -v width="$width" '
	{
		col = 0
		n = split($0, part, "\t")
		for (i = 1; i <= n; i++)
			col += length(part[i]) + (i < n ? 8 - (col + length(part[i])) % 8 : 0)
	}
	col > width { print FILENAME ":" FNR ": " col " columns" }
	/[ \t]$/ { print FILENAME ":" FNR ": blank at the end" }
	/^        / && !/^ +\\$/ { print FILENAME ":" FNR ": indented with spaces" }
	/^ +\t/ { print FILENAME ":" FNR ": spaces before a tab" }
	/\r/ { print FILENAME ":" FNR ": carriage return" }
	' "$@")
}

check_format() {
	local out=$scratch/format f

	{
		# shellcheck disable=SC2046 # a list of files
		format_lines $(tree '\.[ch]$')
		for f in $(tree '\.([ch]|am|sh|md)$|^configure\.ac$'); do
			[ -z "$(tail -c 1 "$srcdir/$f")" ] || echo "$f: no newline at the end"
		done
	} > "$out"
	verdict format "$out" "see HACKING.md"
}

check_files() {
	local out=$scratch/files f

	for f in $(product_c); do
		awk -v f="$f" -v max="$max_lines" '
		NR == 1 && !/^\/\*/ { print f ": no comment that says what it is for" }
		END { if (NR > max) print f ": " NR " lines, more than " max }
		' "$srcdir/$f"
	done > "$out"
	verdict files "$out" "short files that begin with a comment"
}

# ---- other tools -----------------------------------------------------------------------

have() { # NAME TOOL
	command -v "$2" > /dev/null && return
	skip "$1" "no $2 here"
	return 1
}

check_shellcheck() {
	local out=$scratch/shellcheck

	have shellcheck shellcheck || return 0
	tree '\.sh$|(^|/)bootstrap$' | (cd "$srcdir" && xargs -r shellcheck -f gcc) > "$out" 2>&1
	verdict shellcheck "$out" "shellcheck complains"
}

check_mandoc() {
	local out=$scratch/mandoc

	have mandoc mandoc || return 0
	tree '\.[1-9]$' | (cd "$srcdir" && xargs -r mandoc -T lint -W warning) > "$out" 2>&1
	verdict mandoc "$out" "mandoc -T lint complains"
}

check_cppcheck() {
	local out=$scratch/cppcheck

	have cppcheck cppcheck || return 0
	# shellcheck disable=SC2086 # a list of folders
	(cd "$srcdir" && timeout 300 cppcheck --error-exitcode=1 -q --std=c11 -j 4 \
		--enable=warning,portability --inline-suppr \
		--include=tests/checks/cppcheck-shim.h \
		-I. -I"$build" -Iwinsock/include $product) > "$out" 2>&1 ||
		echo "cppcheck ended with status $?" >> "$out"
	verdict cppcheck "$out" "cppcheck complains"
}

# unix.Malloc: takes every loop that empties a list for a use after free.
analyze() {
	local flags

	mapfile -t flags < <(compile_flags | grep -v -- -fcf-protection | xargs -n 1 |
		grep -v -- '-fsanitize\|-Werror')
	product_c | grep '\.c$' | (cd "$srcdir" && xargs -P 4 -I '{}' clang --analyze \
		-Xclang -analyzer-output=text -Xclang -analyzer-disable-checker=unix.Malloc \
		"${flags[@]}" -o /dev/null '{}' 2>&1) | grep -E 'warning:|error:'
}

check_analyzer() {
	if [ -z "${CHECK_ANALYZE:-}" ]; then
		skip analyzer "slow: set CHECK_ANALYZE=1"
		return
	fi
	have analyzer clang || return 0
	if ! is_configured; then
		skip analyzer "not in a configured build directory"
		return
	fi
	analyze > "$scratch/analyzer"
	verdict analyzer "$scratch/analyzer" "clang --analyze complains"
}

# ---- documents -------------------------------------------------------------------------

# differ NAME WANT HAVE HINT: two lists that must be equal.
differ() {
	sort -u "$2" -o "$2"
	sort -u "$3" -o "$3"
	{
		comm -23 "$2" "$3" | sed 's/^/not in the manual: /'
		comm -13 "$2" "$3" | sed 's/^/only in the manual: /'
	} > "$scratch/differ"
	if [ ! -s "$2" ]; then
		fail "$1" "found nothing to compare"
	else
		verdict "$1" "$scratch/differ" "$4"
	fi
}

# section FILE MACRO TITLE: the lines of a section (Sh) or subsection (Ss) of a manual.
section() {
	awk -v m="^.$2 " -v t="^.$2 $3\$" '$0 ~ m || /^\.Sh / { on = $0 ~ t } on' \
		"$srcdir/doc/$1"
}
items() { sed -nE "s/^\.It $1 ([^ ]+).*/\1/p"; }

check_knobs() {
	sed -nE 's/^\tK\(([a-z0-9_]+),.*/\1/p' "$srcdir/config/dialect.h" > "$scratch/want"
	section authipd.conf.5 Ss "Section dialect" | items Ic > "$scratch/have"
	differ knobs "$scratch/want" "$scratch/have" "config/dialect.h and doc/authipd.conf.5"
}

counters() {
	sed -nE 's/^\tX\(IKE_[A-Z0-9_]+, "([a-z0-9_]+)".*/\1/p' "$srcdir/ike/errors.h" |
		grep -vx ok
	sed -nE 's/^\tX\(EVENT_[A-Z0-9_]+, "([a-z0-9-]+)".*/event_\1/p' "$srcdir/ike/engine.h" |
		tr - _
	sed -nE 's/^\tX\(PC_[A-Z0-9_]+, "([a-z0-9_]+)".*/\1/p' "$srcdir/daemon/plane_counters.h"
}

check_counters() {
	counters > "$scratch/want"
	section authipctl.8 Sh COUNTERS | items Va > "$scratch/have"
	differ counters "$scratch/want" "$scratch/have" "the tables and doc/authipctl.8"
}

# Every word that status_json.c and explain.c can write, keys and values.
check_json() {
	local out=$scratch/json w

	(cd "$srcdir/daemon" && grep -hoE '"[a-z][a-z0-9_-]*[a-z0-9]"' status_json.c explain.c) |
		tr -d '"' | sort -u |
		while read -r w; do
			grep -qE "(^|[^a-z_-])$w([^a-z_-]|\$)" "$srcdir/doc/authipctl.8" ||
				echo "$w"
		done > "$out"
	verdict json "$out" "words of daemon/status_json.c or explain.c that doc/authipctl.8 does not explain"
}

# The tests that a checklist names: "PROGRAM/CASE" of Check, "KIND/FILE/CASE" of a shell test
# (netns, uml, interop, porting), "KIND/FILE.sh" for all of a script, or "fuzz/TARGET".
checklist_kinds='netns|uml|interop|porting|layout'
checklist_name="check_[a-z0-9_]+/[a-z0-9_]+|($checklist_kinds)/[a-z0-9_]+(/[a-z0-9_]+|\.sh)"
checklist_name="$checklist_name|fuzz/[a-z0-9]+"
checklist_tests() {
	grep -oE "(^|[^a-z/])($checklist_name)" "$srcdir/doc/$1" | sed 's/^[^a-z]//' | sort -u
}
# It exists.
checklist_case() {
	local topic=${1#*/}

	case $1 in
	check_*)
		(cd "$srcdir" && grep -hoE "check_[a-z0-9_]+_SOURCES" tests/*/*.am |
			grep -qx "${1%%/*}_SOURCES" &&
			grep -rqF "START_TEST(${1#*/})" tests)
		;;
	fuzz/*)
		[ -n "$(ls "$srcdir/tests/fuzz/seeds/$topic" 2> /dev/null)" ] &&
			grep -q "^fuzz_${topic}_replay_SOURCES" "$srcdir"/tests/fuzz/*.am
		;;
	*.sh)
		grep -qE "^TESTS .*tests/$1( |\$)" "$srcdir"/tests/*/*.am
		;;
	*)
		grep -qE "^[[:blank:]]*(try|each|check|prints) ${topic#*/} " \
			"$srcdir/tests/${1%/*}.sh" 2> /dev/null
		;;
	esac
}
# The lines of a state, and what the summary says of it.
checklist_count() {
	local rows summary

	rows=$(grep -cE "^\| [STV][0-9]+ \|.*\| $2: [^|]+ \|\$" "$srcdir/doc/$1")
	summary=$(sed -nE "s/^\| $2 \| ([0-9]+) \|\$/\1/p" "$srcdir/doc/$1")
	[ "$rows" = "$summary" ] || echo "$1: $2: $rows lines, the summary says $summary"
}

# Each experiment of the kernel's IPsec has a test or a reason.
checklist_experiments() {
	local n test list=kernel-experiments.md

	for test in $(checklist_tests $list); do
		checklist_case "$test" || echo "$list: no such test: $test"
	done
	for n in {1..32}; do
		grep -qE "^\\| (E[0-9]+[a-f]?, )*E${n}[a-f]?(,| \\|)" "$srcdir/doc/$list" ||
			echo "$list: E$n is missing"
	done
	grep -E '^\| E[0-9]+' "$srcdir/doc/$list" |
		grep -vE "\\| ([^|]*($checklist_name)|not relied on: |not a test: |of the other data plane: )[^|]* \\|\$"
}

# Each case against strongSwan and libreswan is in the matrix, and the other way round.
interop_matrix() {
	local peer

	for peer in strongswan libreswan; do
		sed -n "s/^each \([a-z0-9_]*\) .*/\1/p" "$srcdir/tests/interop/i_$peer.sh" |
			sort > "$scratch/have"
		grep -oE "interop/i_$peer/[a-z0-9_]+" "$srcdir/doc/ikev1-checklist.md" |
			sed 's/.*\///' | sort > "$scratch/want"
		diff "$scratch/want" "$scratch/have" | sed -n "s/^< /no such case of $peer: /p
			s/^> /not in the matrix: $peer: /p"
	done
}

check_checklist() {
	local out=$scratch/checklist list test

	for list in authip-checklist.md secure-sockets-checklist.md ikev1-checklist.md; do
		for test in $(checklist_tests "$list"); do
			checklist_case "$test" || echo "$list: no such test: $test"
		done
		checklist_count "$list" tested
		checklist_count "$list" "built, no test"
		checklist_count "$list" "not built"
		grep -E '^\| [STV][0-9]+ ' "$srcdir/doc/$list" |
			grep -vE "\\| (tested: ($checklist_name)|built, no test: |not built: )[^|]* \\|\$"
	done > "$out"
	checklist_experiments >> "$out"
	interop_matrix >> "$out"
	verdict checklist "$out" "a checklist of doc/ and the tests"
}

# Every line has tests that exist, or a reason; every hostile test is named.
check_hostile() {
	local out=$scratch/hostile test

	{
		for test in $(checklist_tests hostile-inputs.md); do
			checklist_case "$test" || echo "no such test: $test"
		done
		(cd "$srcdir" && grep -hoE 'START_TEST\(h[0-9]+_[a-z0-9_]+\)' tests/hostile/*.c) |
			sed 's/START_TEST(//; s/)//' | while read -r test; do
			grep -qw "check_hostile/$test" "$srcdir/doc/hostile-inputs.md" ||
				echo "not named: $test"
		done
		grep -E '^\| H[0-9]+ ' "$srcdir/doc/hostile-inputs.md" |
			grep -vE '\| (check_[a-z0-9_]+/|reason: )[^|]+ \|$'
	} > "$out"
	verdict hostile "$out" "doc/hostile-inputs.md and the tests"
}

# Every function that the library exports is in the NAME of one manual page (3).
check_functions() {
	local lib=$build/winsock/.libs/libfwpuclnt.so

	if [ ! -e "$lib" ]; then
		skip functions "$lib is not built"
		return
	fi
	nm -D --defined-only "$lib" | awk '$2 == "T" || $2 == "W" { print $3 }' |
		sed 's/@.*//' | grep -vE '^(winsock_|msvc_)' > "$scratch/want"
	sed -nE 's/^\.Nm ([A-Za-z0-9_]+)( ,)?$/\1/p' "$srcdir"/doc/*.3 |
		grep -vx winsock > "$scratch/have"
	sort "$scratch/have" | uniq -d | sed 's/^/has two pages: /' > "$scratch/functions"
	differ functions "$scratch/want" "$scratch/have" "the library and the names of doc/*.3"
	[ ! -s "$scratch/functions" ] || verdict functions "$scratch/functions" "one page each"
}

# Each configuration of authipd in the page about Windows, behind the first one: authipd likes it.
check_windows_doc() {
	local out=$scratch/windows_doc w=$scratch/windows n

	if [ ! -x "$build/authipd" ]; then
		skip windows_doc "authipd is not built"
		return
	fi
	mkdir -p "$w"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
		-subj /CN=host -keyout "$w/host.key" -out "$w/host.pem" 2> /dev/null
	cp "$w/host.pem" "$w/lab-ca.pem"
	(umask 077 && echo a-key-that-is-long-and-random > "$w/windows.psk")
	awk -v dir="$w" '/^```conf$/ { n++; on = 1; next } /^```/ { on = 0 }
		on { print > dir "/block" n }' "$srcdir/doc/windows-interop.md"
	# The keytab of one key: length, h@A, AES-128.
	(umask 077 && printf '%b' '\005\002\0\0\0\045\0\001\0\001A\0\001h\0\0\0\001' \
		'\0\0\0\0\001\0\021\0\020sixteen-byte-key' > "$w/krb5.keytab")
	sed -i "s|/etc/authipd/|$w/|g; s|/etc/krb5|$w/krb5|" "$w"/block*
	for n in 1 2 3 4; do
		cat "$w/block1" > "$w/$n.conf"
		[ "$n" = 1 ] || cat "$w/block$n" >> "$w/$n.conf"
		"$build/authipd" -n -c "$w/$n.conf" > "$w/$n.out" 2>&1 ||
			echo "configuration $n: $(head -n 1 "$w/$n.out")"
	done > "$out" 2>&1
	verdict windows_doc "$out" "the configurations in doc/windows-interop.md"
}

# options_of NAME PROGRAM MANUAL
options_of() {
	if [ ! -x "$build/$2" ]; then
		skip "$1" "$2 is not built"
		return
	fi
	"$build/$2" --help 2>&1 | grep -oE -- '--[a-z][a-z-]+' > "$scratch/want"
	grep -E '^\.It.* Fl ' "$srcdir/doc/$3" | grep -oE 'Fl -[a-z][a-z-]+' |
		sed 's/Fl -/--/' > "$scratch/have"
	sed -i '/^--help$/d' "$scratch/want" "$scratch/have"
	differ "$1" "$scratch/want" "$scratch/have" "$2 --help and doc/$3"
}

check_options() { options_of options authipd authipd.8; }
check_options_ctl() { options_of options_ctl authipctl authipctl.8; }
check_options_run() { options_of options_run winsock/run/authip-run authip-run.1; }

# ---- hygiene ---------------------------------------------------------------------------

check_hygiene() {
	local out=$scratch/hygiene

	{
		tree '.' | grep -v '^tests/checks/run\.sh$' | tr '\n' '\0' |
			(cd "$srcdir" && xargs -0 grep -nIE '/(home|Users|work)/[a-z]' /dev/null)
		product_c | tr '\n' '\0' |
			(cd "$srcdir" && xargs -0 grep -nwE 'TODO|FIXME|XXX' /dev/null)
	} > "$out"
	verdict hygiene "$out" "paths of one machine, or notes of work to do"
}

# "within 5 test $(...)" asks once, before it waits: a command that is asked again is needed.
check_polls() {
	local out=$scratch/polls

	tree '^tests/.*\.sh$' | grep -v '^tests/checks/run\.sh$' | tr '\n' '\0' |
		(cd "$srcdir" && xargs -0 grep -nE 'within [0-9]+ [^|;&]*\$\([a-z]' /dev/null) |
		grep -v "(daemon_pid [a-z])" > "$out"
	verdict polls "$out" "the shell asks once, before \"within\" waits"
}

# ---- tarball ---------------------------------------------------------------------------

# Whatever git knows is in the tarball, too.
check_dist() {
	local out=$scratch/dist.missing

	if ! is_configured || ! git -C "$srcdir" rev-parse --git-dir > /dev/null 2>&1; then
		skip dist "not a configured git tree"
		return
	fi
	make -s -C "$build" distdir distdir="$scratch/dist" > "$scratch/dist.log" 2>&1 ||
		tail -n 3 "$scratch/dist.log" > "$out"
	(cd "$scratch/dist" && find . -type f) 2> /dev/null | sed 's,^\./,,' | sort > "$scratch/have"
	git -C "$srcdir" ls-files | grep -v '\.gitignore$' | sort |
		comm -23 - "$scratch/have" >> "$out"
	verdict dist "$out" "not in the tarball: name them in EXTRA_DIST of a .am file"
}

# ---- all of them -----------------------------------------------------------------------

checks="layers pure headers format files shellcheck mandoc cppcheck analyzer"
checks="$checks checklist hostile windows_doc knobs counters json functions"
checks="$checks options options_ctl options_run hygiene polls dist"

main() {
	local name

	tree_list | sort > "$scratch/tree"
	for name in "$@"; do
		if ! declare -F "check_$name" > /dev/null; then
			echo "run.sh: there is no check \"$name\"; there are: $checks" >&2
			exit 2
		fi
		"check_$name"
	done
	echo "$n_passed passed, $n_failed failed, $n_skipped skipped"
	[ "$n_failed" -eq 0 ]
}

if [ $# -eq 0 ]; then
	# shellcheck disable=SC2086 # a list of names
	main $checks
else
	main "$@"
fi
