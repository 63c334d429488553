#!/bin/bash
# IKEv1 of authipd against strongSwan and libreswan, each in a guest of user-mode-linux where
# the peer has its kernel's ESP and AH. Programs are those of $builddir, as in tests/uml.
#   run.sh [TOPIC...]   only files whose name contains one of the words
# Environment: only=REGEX cases, keep=DIR evidence of failed cases, backend=plane|kernel.
set -u

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
builddir=$(cd "${builddir:-.}" && pwd)
limit=1500 # seconds of a guest, three times what it takes beside other work
# shellcheck source=../uml/boot.sh
. "$here/../uml/boot.sh"
topics=(i_strongswan i_libreswan)

missing() {
	uml_missing
	((EUID == 0)) || echo "it needs root"
	[[ -x $builddir/authipd ]] || echo "authipd is not built in $builddir"
	command -v certutil >/dev/null || echo "there is no program certutil (package libnss3-tools)"
	bash "$here/fetch.sh" "$builddir/peers" >"$shared/fetch" 2>&1 ||
		echo "the peers cannot be fetched: $(tail -n 1 "$shared/fetch")"
}

# cases TOPIC...: the names of the cases of these topics.
cases() {
	local topic
	for topic; do
		sed -n "s/^each \([a-z0-9_]*\) .*/${topic#i_}_\1/p" "$here/$topic.sh"
	done
}

# guest TOPIC: boots one for it; prints its results.
guest() {
	local topic=$1 share=$shared/$1 status
	mkdir -p "$share/pcap"
	(cd "$builddir" && uml_boot "$share" "$limit" env backend="${backend:-plane}" \
		keep="${keep:+$share/keep}" only="${only:-}" strict="${strict:-}" builddir="$builddir" jobs=1 \
		extra="$here" peers="$builddir/peers" evidence="$share/pcap" \
		bash "$here/../netns/run.sh" "$topic.sh")
	status=$?
	case $status in
	124) echo "FAIL $topic: no end after $limit s" >>"$share/out" ;;
	125) echo "FAIL $topic: the guest died: $(tail -n 1 "$share/console")" >>"$share/out" ;;
	esac
	grep -qE '^(ok|FAIL|skip) ' "$share/out" ||
		echo "FAIL $topic: no results: $(tail -n 1 "$share/out")" >>"$share/out"
	grep -E '^(ok|FAIL|skip) ' "$share/out" | sed "s/^\([a-zA-Z]*\) /\1 ${topic#i_}_/"
	[[ -z ${keep:-} || ! -d $share/keep ]] || cp -r "$share/keep/." "$keep/"
	tshark_judges "$topic"
	tshark_decrypts "$topic"
}

# Every message that was on the wire, by tshark: not one is malformed.
tshark_judges() {
	local file bad n=0 name=${1#i_}_tshark
	command -v tshark >/dev/null || {
		echo "skip $name: there is no program tshark"
		return
	}
	for file in "$shared/$1/pcap"/*.pcap; do
		[[ -s $file ]] || continue
		n=$((n + 1))
		bad=$(tshark -r "$file" -Y '_ws.malformed || _ws.expert.group == "Malformed"' 2>/dev/null |
			head -n 1)
		if [[ -n $bad ]]; then
			echo "FAIL $name: ${file##*/}: $bad"
			return
		fi
	done
	if ((n > 0)); then
		echo "ok $name"
	else
		echo "FAIL $name: there are no captures"
	fi
}

# finds KEYS FILTER: in the capture beside this directory of keys.
finds() {
	WIRESHARK_CONFIG_DIR=$1 tshark -r "${1%.keys}.pcap" -Y "$2" \
		-o esp.enable_encryption_decode:TRUE -o esp.enable_authentication_check:TRUE \
		2>/dev/null | grep -q .
}

# By authipd's keys, and by nothing else, tshark reads identities in IKEv1 and text in ESP.
tshark_decrypts() {
	local name=${1#i_}_decrypted keys why="" empty=$shared/no.keys
	local id='isakmp.flag_e == 1 && isakmp.typepayload == 5'
	local text='esp && tcp contains "there-and-back"'
	for keys in "$shared/$1/pcap"/*.keys; do
		[[ -d $keys ]] && command -v tshark >/dev/null || return 0
		mkdir -p "$empty" && cp "${keys%.keys}.pcap" "${empty%.keys}.pcap"
		! finds "$empty" "$id" || why="identities without keys"
		! finds "$empty" "$text" || why="text without keys"
		finds "$keys" "$id" || why="no identity with keys"
		finds "$keys" "$text" || why="no text with keys"
	done
	if [[ -n $why ]]; then
		echo "FAIL $name: ${keys##*/}: $why"
	else
		echo "ok $name"
	fi
}

wanted() {
	local word
	(($# > 1)) || return 0
	for word in "${@:2}"; do
		[[ $1 != *"$word"* ]] || return 0
	done
	return 1
}

shared=$(mktemp -d "${TMPDIR:-/tmp}/authipd-interop.XXXXXX") || exit 1
trap 'rm -rf "$shared"' EXIT
# shellcheck disable=SC2046
trap 'kill $(jobs -p) 2>/dev/null; wait; exit 1' INT TERM

why=$(missing | head -n 1)
if [[ -n $why ]]; then
	for name in $(cases "${topics[@]}"); do
		echo "skip $name: $why"
	done | awk '{ print } END { print "0 passed, 0 failed, " NR " skipped" }'
	exit 0
fi

[[ -z ${keep:-} ]] || mkdir -p "$keep"
for topic in "${topics[@]}"; do
	wanted "$topic" "$@" || continue
	guest "$topic" | tee -a "$shared/results" &
done
wait

awk '/^ok /{ p++ } /^FAIL /{ f++ } /^skip /{ s++ }
	/^ok .*\(second try;/ { again = again " " $2 }
	END { if (again) print "at the second try:" again
	printf "%d passed, %d failed, %d skipped\n", p, f, s; exit f > 0 || p == 0 }' \
	"$shared/results"
