#!/bin/bash
# New keys for old ones while traffic flows: nothing is lost and nothing waits.
# shellcheck source=lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"

lost=(plane_no_spi plane_replay plane_icv plane_refused plane_held_dropped plane_send_failed
	plane_selector plane_malformed)

# How often the keys of the newest pair of a host were renewed.
rekeys() {
	ctl "$1" status --json | grep -o '"rekeys": *[0-9]*' | grep -o '[0-9]*$' | sort -n |
		tail -n 1
}

# Segments that TCP had to send again.
again() {
	on "$1" nstat -asz TcpRetransSegs | awk '/TcpRetransSegs/ { print $2 }'
}

# lost_none HELD: at most so many packets waited.
lost_none() {
	local host c n
	for host in a b; do
		for c in "${lost[@]}"; do
			n=$(counter "$host" "$c")
			((n == 0)) || fail "$c of $host is $n"
		done
		n=$(counter "$host" plane_held)
		((n <= $1)) || fail "$n packets waited at $host"
	done
}

# start_with QUICK-MODE-LINES
start_with() {
	config a "$1"
	config b "$1"
	daemon_start a
	daemon_start b
}

# config_lifetime OPTION...: of the keys.
config_lifetime() {
	start_with "proposal \"esp-aes128-sha1\" { $* }"
}

# Old keys end after 60 s: 130 s are three pairs.
by_time() {
	local i n before held
	SECONDS=0
	config_lifetime lifetime = 60
	serve b secure_server -e "$p0"
	talk_start a -e "$b4" "$p0"
	say first
	before=$(($(again a) + $(again b))) # the first negotiation may take a while
	held=$(counter a plane_held)
	for ((i = 0; i < 1000 && SECONDS < 130; i++)); do
		say "line $i."
		sleep 0.1
	done
	n=$(rekeys a)
	((${n:-0} >= 2 && $(rekeys b) >= 2)) || fail "only ${n:-0} rekeys"
	lost_none "$held"
	n=$(($(again a) + $(again b) - before))
	((n == 0)) || fail "TCP had to send again: $n"
}

# A megabyte for each pair. What comes faster than a negotiation waits for it.
by_volume() {
	local sink n
	config_lifetime data_kb = 1024
	head -c 20000000 /dev/urandom >"$work/data"
	on b nt_stream -e -4 sink "$p0" >"$work/got" 2>"$work/sink.app" &
	sink=$!
	within 5 grep -q '^listening' "$work/sink.app" || fail "nt_stream does not listen"
	on a nt_stream -e put "$b4" "$p0" <"$work/data" || fail "put failed"
	within 60 is_dead "$sink" || fail "the end of the data did not arrive"
	cmp "$work/data" "$work/got" || fail "the data differ"
	n=$(grep -c 'established.*, for quick mode' "$work/a.log")
	((n >= 10)) || fail "only $n rekeys"
	(($(on a nt_wfp statistics | cut -d ' ' -f 8) >= 10)) ||
		fail "the statistics say $(on a nt_wfp statistics)"
	(($(count a "quick mode SAs") <= n + 5)) || fail "too many SAs"
}

# The same at a pace that leaves time: no packet waits, and none is lost.
by_volume_slowly() {
	local n sink block
	config_lifetime data_kb = 2048
	block=$(head -c 20000 /dev/zero | tr '\0' x)
	on b nt_stream -e -4 sink "$p0" >/dev/null 2>"$work/sink.app" &
	sink=$!
	within 5 begins_line "$work/sink.app" listening || fail "nt_stream does not listen"
	for ((n = 0; n < 230; n++)); do
		printf '%s' "$block"
		nap 0.1
	done | on a nt_stream -e put "$b4" "$p0" || fail "put failed"
	within 60 is_dead "$sink" || fail "the end of the data did not arrive"
	n=$(rekeys a)
	((${n:-0} >= 2)) || fail "only ${n:-0} rekeys"
	lost_none 1
}

# Another class of a than that of the client has a pair for the server's port, again if need be.
other_class() {
	ctl a initiate --to "$b4" --proto tcp --port "$p0" >/dev/null ||
		fail "the other class cannot negotiate"
}

# pairs WHAT N: b says it so often.
pairs() {
	(($(grep -c "quick mode $1" "$work/b.log") >= $2))
}

# The pair of a connection ends, unused, and another class has one for the same port. What the
# server has to say later does not go by that one, where it would be refused.
idle_then_push() {
	start_with 'proposal "esp-aes128-sha1" {} idle = 2'
	before_push=other_class push_start b -e a
	within 10 pairs deleted 2 || fail "the pairs do not end"
	within 10 pairs established 3 || fail "that of the connection does not come again"
	other_class
	push second
	not grep -q "does not answer" "$work/b.log" || fail "it went by the other class's"
}

# The pair of a connection, for all others, too, ends, unused. Another class connects to the same
# port then, and gets a pair for itself: what the server says to the first goes by another one.
idle_then_another() {
	local other
	start_with 'proposal "esp-aes128-sha1" {} idle = 2'
	push_option=-k push_start b -e a
	within 10 pairs deleted 1 || fail "the pair does not end"
	on a nt_stream -d get "$b4" "$p0" >/dev/null 9<&- &
	other=$!
	within 10 pairs established 2 || fail "the other class does not connect"
	push second
	is_dead "$other" && fail "the other class's connection ended"
	not grep -q "does not answer" "$work/b.log" || fail "it went by the other class's"
}

each_case=daemons_kill
topic_begin
hosts_join
try rekey_by_volume by_volume
try rekey_idle_then_push idle_then_push
try rekey_idle_then_another idle_then_another
if [[ ${backend:-plane} == kernel ]]; then
	try rekey_by_volume_slowly by_volume_slowly
fi
try rekey_by_time by_time
