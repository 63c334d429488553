# shellcheck shell=bash
# Much data, big packets: what 20_bulk.sh and 21_path_mtu.sh share.
# shellcheck source=lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"

sum() {
	sha256sum <"$1" | cut -d ' ' -f 1
}

# put FAMILY OPTION: from a to b.
put() {
	local to sink
	to=$(ip_of b "$1")
	on b nt_stream "$2" "-$1" sink "$p0" >"$work/got" 2>"$work/sink.app" &
	sink=$!
	within 5 grep -q '^listening' "$work/sink.app" || fail "nt_stream does not listen"
	on a nt_stream "$2" put "$to" "$p0" <"$work/data" || fail "put failed"
	within 60 is_dead "$sink" || fail "the end of the data did not arrive"
	[[ $(sum "$work/got") == "$(sum "$work/data")" ]] || fail "the data differ"
}

# get FAMILY OPTION: from b to a.
get() {
	local to
	to=$(ip_of b "$1")
	on b nt_stream "$2" "-$1" source "$p0" <"$work/data" 2>"$work/source.app" &
	within 5 grep -q '^listening' "$work/source.app" || fail "nt_stream does not listen"
	on a timeout 60 nt_stream "$2" get "$to" "$p0" >"$work/got" || fail "get failed"
	[[ $(sum "$work/got") == "$(sum "$work/data")" ]] || fail "the data differ"
}

datagram() {
	local to text dropped
	to=$(ip_of b "$1")
	text=$(head -c "$2" "$work/data" | base64 -w 0 | head -c "$2")
	serve b secure_udp "-$1" -l "$p1"
	on a secure_udp -t 2 "$to" "$p1" "$text" >/dev/null && return
	dropped=$(counter a plane_fragment)
	((dropped == 0)) || skip "fragments do not work yet (plane_fragment is $dropped)"
	fail "no echo of $2 bytes"
}

# bulk PREFIX BYTES: one kind of link.
bulk() {
	head -c "$2" /dev/urandom >"$work/data"
	both_daemons "$1"
	try "$1_put" put 4 -e
	try "$1_get" get 4 -e
	try "$1_put6" put 6 -e
	try "$1_get6" get 6 -e
}
