#!/bin/bash
# First messages from everywhere, and an address that goes.
# shellcheck source=lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"

# The sanitizers keep what was freed; memory is what this is about.
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}quarantine_size_mb=1

rss_kb() {
	awk '/^VmRSS/ { print $2 }' "/proc/$(role_pid "$1" negotiator)/status"
}

# So many a second, most of which the kernel or a cookie answers for. What was there works on,
# a host that nobody knows yet comes through, and the negotiator does not grow.
flood() {
	local rate=50000
	[[ ${backend:-plane} == plane ]] || rate=5000 # what a guest's processor can send and answer
	local before after sent flooder
	forget # the capture begins with a first message
	ip -n "${ns}b" route add 172.16.0.0/12 via "$a4"
	serve b secure_server "$p0"
	capture first
	talk_start a -d "$b4" "$p0"
	say before-it
	capture_stop
	# Warm: whatever the tables take, they have.
	on a nt_inject flood "$capture" "$rate" 1 >"$work/warm" || fail "cannot send"
	before=$(rss_kb b)
	on a nt_inject flood "$capture" "$rate" 5 >"$work/sent" &
	flooder=$!
	sleep 1
	say in-it 5
	ip -n "${ns}a" address add 10.99.0.9/24 dev eth0
	ip -n "${ns}a" route replace "$b4" dev eth0 src 10.99.0.9
	on a secure_client -t 20 "$b4" "$p0" || fail "a new host does not come through"
	within 20 is_dead "$flooder" || fail "the flood does not end"
	say after-it
	sent=$(cat "$work/sent")
	((sent > 10000)) || fail "only $sent were sent: what they cost would not be seen"
	after=$(rss_kb b)
	((after - before < 8192)) || fail "the negotiator grew from $before to $after kB"
	(($(counter b drop_dos_cookie) > 1000)) || fail "no cookies: $(counter b drop_dos_cookie)"
	(($(counter b event_flood) == 1)) || fail "the flood is not an event"
	is_alive "$(daemon_pid b)" || fail "the daemon died"
	not has_log b ' died' || fail "a role died"
}

# Its SAs end, here and at the peer; counted, and written down.
address_removed() {
	serve b secure_server "$p0"
	on a secure_client -t 5 "$b4" "$p0" || fail "no connection"
	ip -n "${ns}a" address add 10.99.0.8/24 dev eth0
	ip -n "${ns}a" route replace "$b4" dev eth0 src 10.99.0.8
	on a secure_client -t 5 "$b4" "$p0" || fail "no connection from the second address"
	within 5 has_count a "quick mode SAs" 2 || fail "not two pairs"
	ip -n "${ns}a" address del 10.99.0.8/24 dev eth0
	within 5 has_count a "quick mode SAs" 1 || fail "the pair is still there"
	within 5 has_count a "main mode SAs" 1 || fail "the main mode is still there"
	(($(counter a address_gone) > 0)) || fail "not counted"
	has_log a "lost the address" || fail "not in the log"
	on a secure_client -t 20 "$b4" "$p0" || fail "the other address does not work"
}

# A peer that negotiates on and on fills no log, here or there.
lines_of_a_peer() {
	/usr/bin/python3 - "$work/a.run/ctl.sock" "$b4" <<-'END' || fail "the daemon does not answer"
		import json, socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.settimeout(20)
		s.connect(sys.argv[1])
		f = s.makefile("rw")
		for port in range(2000, 2250):
		    q = {"cmd": "initiate", "to": sys.argv[2], "protocol": "udp", "port": port}
		    f.write(json.dumps(q) + "\n")
		    f.flush()
		    f.readline()
	END
	within 5 has_log b "more about 10.99.0.[0-9]* within this minute" || fail "all of it is in the log"
	(($(grep -c " ike: " "$work/b.log") < 250)) || fail "too much of it is in the log"
}

topic_begin
hosts_join
both_daemons flood
try address_removed address_removed
try flood_of_first_messages flood
try lines_of_a_peer lines_of_a_peer
