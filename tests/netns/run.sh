#!/bin/bash
# Runs the topics against the programs in $builddir (default: the current directory).
#   run.sh [TOPIC...]   only files whose name contains one of the words
# Environment: only=REGEX cases, keep=DIR evidence of failed cases, jobs=N topics at a time,
# extra=DIR more topics (tests/uml), strict=1 no second try of a case that failed.
set -u

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
builddir=$(cd "${builddir:-.}" && pwd)
export builddir

missing() {
	local tool
	((EUID == 0)) || echo "it needs root"
	for tool in ip tcpdump openssl setpriv setsid; do
		command -v "$tool" >/dev/null || echo "there is no program $tool"
	done
	[[ -c /dev/net/tun ]] || echo "there is no /dev/net/tun"
	[[ -x $builddir/authipd ]] || echo "authipd is not built in $builddir"
	ip netns add "nt$$" 2>/dev/null && ip netns delete "nt$$" ||
		echo "network namespaces do not work here"
}

wanted() {
	local word
	(($# > 1)) || return 0
	for word in "${@:2}"; do
		[[ $1 != *"$word"* ]] || return 0
	done
	return 1
}

# Keys that end by themselves take two minutes, nothing else so long: they begin first.
longest=80_rekey.sh
topics=()
for f in "$here"/$longest "$here"/[0-9][0-9]_*.sh ${extra:+"$extra"/[0-9a-z]*_*.sh}; do
	if wanted "${f##*/}" "$@" && [[ ${#topics[@]} -eq 0 || ${f##*/} != "$longest" ]]; then
		topics+=("$f")
	fi
done

why=$(missing | head -n 1)
if [[ -n $why ]]; then
	for f in "${topics[@]}"; do
		sed -n "s/^[[:space:]]*try \([a-z0-9_]*\) .*/skip \1: $why/p" "$f"
	done | tee /dev/stderr | awk 'END { print "0 passed, 0 failed, " NR " skipped" }'
	exit 0
fi

shared=$(mktemp -d "${TMPDIR:-/tmp}/authipd-nt.XXXXXX") || exit 1
trap 'rm -rf "$shared"' EXIT
# shellcheck disable=SC2046
trap 'kill $(jobs -p) 2>/dev/null; wait; exit 1' INT TERM
chmod 755 "$shared" || exit 1
if [[ -z ${pki:-} || -z ${apps:-} ]]; then
	export pki=$shared/pki apps=$shared/apps
	# shellcheck source=lib.sh
	. "$here/lib.sh"
	provide || exit 1
fi

# Most of the time is waiting: more topics at a time than processors.
for f in "${topics[@]}"; do
	while (($(jobs -rp | wc -l) >= ${jobs:-4})); do
		wait -n
	done
	bash "$f" 2>&1 | tee -a "$shared/results" &
done
wait

awk '/^ok /{ p++ } /^FAIL /{ f++ } /^skip /{ s++ }
	/^ok .*\(second try;/ { again = again " " $2 }
	END { if (again) print "at the second try:" again
	printf "%d passed, %d failed, %d skipped\n", p, f, s; exit f > 0 || p == 0 }' \
	"$shared/results"
