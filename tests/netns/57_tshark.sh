#!/bin/bash
# tshark decodes every message of each exchange without calling it malformed.
# shellcheck source=lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"

# decodes EXCHANGE...: each of these is in the capture, and no message is malformed. One run of
# tshark: it takes seconds in a guest.
decodes() {
	local exchange bad
	capture_stop
	tshark -r "$capture" -T fields -e isakmp.exchangetype -e frame.number -e _ws.expert.group \
		-e _ws.expert.message >"$work/tshark.app" 2>"$work/tshark.err" ||
		fail "tshark: $(tail -n 1 "$work/tshark.err")"
	# 0x07000000: the group "Malformed".
	bad=$(awk -F '\t' '$3 ~ /117440512/ { print "packet " $2 ": " $4; exit }' "$work/tshark.app")
	[[ -z $bad ]] || fail "malformed: $bad"
	for exchange; do
		grep -q "^$exchange	" "$work/tshark.app" ||
			fail "no message of exchange $exchange in $(wc -l <"$work/tshark.app") packets"
	done
}

negotiation() {
	command -v tshark >/dev/null || skip "there is no program tshark"
	serve b secure_server "$p0"
	capture negotiation
	on a secure_client "$b4" "$p0" hello || fail "the client failed"
	# A FIN that comes after the delete would negotiate anew.
	within 5 not has_live_sockets b || fail "the server did not close"
	within 5 not has_live_sockets a || fail "the client did not close"
	ctl a delete --all >/dev/null
	within 5 has_count b "quick mode SAs" 0 || fail "the peer was not told: $(ctl b status | tail -n 20)"
	decodes 243 244 245 246
}

topic_begin
hosts_join
both_daemons tshark
try every_authip_message negotiation
