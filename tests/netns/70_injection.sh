#!/bin/bash
# Packets that nobody asked for: counted, dropped, survived.
# shellcheck source=lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"

# rises HOST COUNTER BEFORE
rises() {
	(($(counter "$1" "$2") > $3))
}

still_works() {
	on a secure_client -t 5 "$b4" "$p0" || fail "no connection afterwards"
	is_alive "$(daemon_pid b)" || fail "the daemon died"
	not has_log b ' died' || fail "a role died"
}

unknown_spi() {
	local before
	before=$(counter b plane_no_spi)
	serve b secure_server "$p0"
	on a nt_inject esp "$a4" "$b4" 200
	within 3 rises b plane_no_spi $((before + 100)) || fail "plane_no_spi does not move"
	still_works
}

replayed() {
	local before n
	serve b secure_server -i "$p0"
	capture replay
	talk_start a -d "$b4" "$p0"
	for n in 1 2 3 4 5; do
		say "line-$n"
	done
	capture_stop
	before=$(counter b plane_replay)
	n=$(on a nt_inject replay "$capture" "$a4") || fail "nothing to replay"
	within 3 rises b plane_replay $((before + n - 1)) ||
		fail "$n replayed, plane_replay went from $before to $(counter b plane_replay)"
	say last-line
	(($(grep -c line-1 "$work/talk.app") == 1)) || fail "a replayed line was echoed"
}

# From another address than the one that was negotiated.
wrong_peer() {
	local before
	serve b secure_server "$p0"
	capture wrong
	talk_start a -d "$b4" "$p0"
	say line-1
	capture_stop
	before=$(counter a plane_no_spi)
	# What a sent comes back to a: an SPI that is not a's.
	on b nt_inject replay "$capture" "$b4" || fail "nothing to replay"
	say line-2
	within 1 rises a plane_replay 0 || rises a plane_no_spi "$before" ||
		fail "no counter moves"
}

ike_garbage() {
	serve b secure_server "$p0"
	on a nt_inject ike "$b4" 500 || fail "cannot send"
	sleep 0.5
	ctl b status | grep -q 'drop' || fail "no counter of dropped messages moves"
	ctl a delete --all
	still_works
}

topic_begin
hosts_join
both_daemons injection
try esp_unknown_spi unknown_spi
try esp_replayed replayed
try esp_of_another wrong_peer
try ike_garbage ike_garbage
