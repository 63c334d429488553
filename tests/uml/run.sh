#!/bin/bash
# The kernel's IPsec as data plane: topics of tests/netns and of this folder, in guests whose
# kernel has ESP and AH: user-mode-linux, or guest=qemu (../qemu) for what that one cannot do.
# Programs are those of $builddir (default: the current directory), built without sanitizers: they
# would be too slow in there.
#   run.sh [TOPIC...]   only files whose name contains one of the words
# Environment: only=REGEX cases, keep=DIR evidence of failed cases, guests=N at a time,
# everything=1 also the cases that topics leave out in guests (runs_here() of ../netns/lib.sh).
set -u

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
builddir=$(cd "${builddir:-.}" && pwd)
guest=${guest:-uml}
limit=600 # seconds of a guest; 120 are usual
# shellcheck source=boot.sh
. "$here/../$guest/boot.sh"

# One guest each, of about the same length: a guest boots in 3 seconds. The first one waits for
# keys to end, most of the time: two others run beside it.
topics=(
	"80_rekey"
	"10_traffic 30_policy"
	"40_insecure 60_crash 70_injection"
	"45_rules 46_router 80_kerberos"
	"56_peer 58_wfp"
	"65_kernel 60_nat"
	"20_bulk 50_commands 66_experiments"
	"55_evidence 57_tshark 59_quota 65_flood"
	"21_path_mtu 47_matrix 90_porting"
)
if [[ $guest == qemu ]]; then
	patience=8 limit=3600
fi
if [[ $guest == qemu && -z ${everything:-} ]]; then
	topics=("10_traffic 21_path_mtu 40_insecure 45_rules 46_router 80_kerberos") # those with a list for it, `stock`
	limit=1200
fi

missing() {
	"${guest}_missing"
	((EUID == 0)) || echo "it needs root"
	[[ -x $builddir/authipd ]] || echo "authipd is not built in $builddir"
	command -v modprobe >/dev/null || echo "there is no program modprobe (package kmod)"
}

# cases TOPIC...: the names of the cases that these topics have in such a guest.
cases() {
	local topic file name same stock
	for topic; do
		for file in "$here/../netns/$topic.sh" "$here/$topic.sh"; do
			[[ -e $file ]] || continue
			same="" stock=""
			eval "$(awk '/^(same|stock)="/ { on = 1 } on; /"$/ { on = 0 }' "$file")"
			sed -n 's/^[[:space:]]*try \([a-z0-9_]*\) .*/\1/p' "$file" |
				while read -r name; do
					! runs_here "$name" || echo "$name"
				done
		done
	done
}

# boot N TOPIC...: a guest for them; what it says is in $shared/N/out.
boot() {
	local share=$shared/$1 status
	shift
	mkdir -p "$share"
	(cd "$builddir" && "${guest}_boot" "$share" "$limit" env guest="$guest" backend=kernel \
		patience="${patience:-1}" \
		keep="${keep:+$share/keep}" only="${only:-}" strict="${strict:-}" everything="${everything:-}" \
		builddir="$builddir" jobs=2 extra="$here" pki="$pki" apps="$apps" porting="$porting" enter="$enter" \
		bash "$here/../netns/run.sh" "$@")
	status=$?
	case $status in
	124) echo "FAIL guest: no end after $limit s: $*" >>"$share/out" ;;
	125) echo "FAIL guest: it died: $(why_dead "$share/console")" >>"$share/out" ;;
	esac
	grep -E '^(ok|FAIL|skip) ' "$share/out" || echo "FAIL guest: no results: $*"
	[[ -z ${keep:-} || ! -d $share/keep ]] || cp -r "$share/keep/." "$keep/"
}

why_dead() {
	grep -am 1 "Kernel panic" "$1" || tail -n 1 "$1"
}

# wanted LIST WORD...: the topics of the list that contain one of the words.
wanted() {
	local topic word
	for topic in $1; do
		(($# > 1)) || echo "$topic"
		for word in "${@:2}"; do
			[[ $topic != *"$word"* ]] || echo "$topic"
		done
	done
}

shared=$(mktemp -d "${TMPDIR:-/tmp}/authipd-uml.XXXXXX") || exit 1
trap 'rm -rf "$shared"' EXIT
# shellcheck disable=SC2046
trap 'kill $(jobs -p) 2>/dev/null; wait; exit 1' INT TERM
export pki=$shared/pki apps=$shared/apps
# shellcheck source=../netns/lib.sh
. "$here/../netns/lib.sh"

why=$(missing | head -n 1)
if [[ -n $why ]]; then
	# shellcheck disable=SC2046,SC2048,SC2086
	for name in $(cases ${topics[*]}); do
		echo "skip $name: $why"
	done | awk '{ print } END { print "0 passed, 0 failed, " NR " skipped" }'
	exit 0
fi

# What all guests need is made here: in there it would take ten times as long.
chmod 755 "$shared"
provide || exit 1
# shellcheck source=../netns/porting.sh
. "$here/../netns/porting.sh"
export porting=$shared/porting
[[ -z $(wanted "90_porting" "$@") ]] || porting_make "$porting"
enter=$shared/enter
"${CC:-cc}" -O2 -static -o "$enter" "$here/enter.c" 2>/dev/null || enter=

[[ -z ${keep:-} ]] || mkdir -p "$keep"
for i in "${!topics[@]}"; do
	list=$(wanted "${topics[i]}" "$@")
	[[ -n $list ]] || continue
	while (($(jobs -rp | grep -cvx "${waits:-0}") >= ${guests:-2})); do
		wait -n
	done
	# shellcheck disable=SC2086
	boot "$i" $list | tee -a "$shared/results" &
	((i > 0)) || waits=$(jobs -rp)
done
wait

awk '/^ok /{ p++ } /^FAIL /{ f++ } /^skip /{ s++ }
	/^ok .*\(second try;/ { again = again " " $2 }
	END { if (again) print "at the second try:" again
	printf "%d passed, %d failed, %d skipped\n", p, f, s; exit f > 0 || p == 0 }' \
	"$shared/results"
