#!/bin/bash
# Sockets that allow clear text until their traffic is secured.
# shellcheck source=lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"

secret=attack-at-dawn-attack-at-dawn
policy='allow_clear = 1 proposal "esp-aes128-sha1" { }'

both_start() {
	config a "$policy"
	config b "$policy"
	daemon_start a
	daemon_start b
}

# clear_flows HOST KEY
clear_flows() {
	ctl "$1" status --json | sed -n "/clear_flows/,/}/s/.*\"$2\": \([0-9]*\).*/\1/p"
}

# monitor HOST: events from now on, in monitor.app.
monitor() {
	spawn "$1" monitor "$builddir/authipctl" --run-dir "$work/$1.run" monitor --json
	within 5 monitor_hears || fail "no monitor"
}

# It listens when it tells of a datagram that is none of IKE.
monitor_hears() {
	on b bash -c "echo x >/dev/udp/$a4/500"
	grep -q '"event":"drop"' "$work/monitor.app"
}

no_discovery='negotiation_discovery = off clear_fallback = 700 proposal "esp-aes128-sha1" { }'

# connect_ms PORT: how long a client that allows clear text takes.
connect_ms() {
	on a secure_client -i -t 5 "$b4" "$1" | sed -n 's/^connected in \([0-9]*\).*/\1/p'
}

# Without discovery: the first packet waits, and is sent in clear when nobody answers.
waits_for_nobody() {
	local ms
	config a "$no_discovery"
	daemon_start a
	serve b secure_server -c "$p0"
	serve b secure_server -c "$p2"
	ms=$(connect_ms "$p0")
	((${ms:-0} >= 700)) || fail "connected in ${ms:-no} ms"
	[[ $(clear_flows a no_answer) == 1 ]] || fail "it was not counted: $(ctl a status)"
	ms=$(connect_ms "$p2")
	((${ms:-9999} < 3000)) || fail "to another port: connected in ${ms:-no} ms"
}

# Of one datagram nothing is lost, however the question ends that its program asks before.
waits_udp() {
	config a "${no_discovery/700/30000}" # a negotiation takes as long as it takes
	config b "$no_discovery"
	daemon_start a
	daemon_start b
	serve b secure_udp -l "$p1"
	capture waits
	on a secure_udp -i -t 20 "$b4" "$p1" "$secret" || fail "lost where it is secured"
	captured_only "udp port 500 or ip proto 50"
	serve b secure_udp -c -l "$p2"
	on a secure_udp -i -t 20 "$b4" "$p2" refused || fail "lost where the peer refuses"
	[[ $(clear_flows a failed) == 1 ]] || fail "it was not counted: $(ctl a status)"
	config a "$no_discovery"
	ctl a reload || fail "no reload"
	daemon_stop b
	serve b secure_udp -c -6 -l "$p3" # of that address nothing was heard
	on a secure_udp -i -t 3 "$b6" "$p3" silent || fail "lost where the peer does not answer"
	[[ $(clear_flows a no_answer) == 1 ]] || fail "it was not counted: $(ctl a status)"
}

# A reload makes it wait; a peer that speaks only later is secured then, from the first packet on.
waits_after_reload() {
	local ms
	config a "$policy"
	config b "$no_discovery"
	daemon_start a
	config a "$no_discovery"
	ctl a reload || fail "no reload"
	serve b secure_server -c "$p0"
	ms=$(connect_ms "$p0")
	((${ms:-0} >= 700)) || fail "connected in ${ms:-no} ms"
	daemon_start b
	serve b secure_server -i "$p2"
	talk_start a -i "$b4" "$p2"
	say first-line-of-the-talk
	within 10 has_pair a || fail "not secured"
	capture waits
	on a secure_client -i -t 5 "$b4" "$p2" "$secret" || fail "the client failed"
	captured_only "udp port 500 or ip proto 50"
}

# Not by the selector, as with the kernel's IPsec until it has looked at the sockets.
remembers_connections() {
	! on a ip xfrm policy 2>/dev/null | grep -q "proto tcp dport $p0"
}

# A connection that was secured asks a peer that is silent now, for a minute. What is new to that
# peer is clear meanwhile, as soon as it has waited, also if its program did not ask first.
waits_for_no_other() {
	config a "$no_discovery"
	config b "$no_discovery"
	daemon_start a
	daemon_start b
	serve b secure_server -i "$p0"
	talk_start a -i "$b4" "$p0"
	say first-line-of-the-talk
	within 10 has_pair a || fail "not secured"
	daemon_stop b
	within 5 not has_pair a || fail "the peer did not say that it stops"
	within 5 remembers_connections || fail "what was secured is remembered by its selector"
	daemon_kill a # the next one does not know that the peer has ever spoken
	daemon_start a
	serve b secure_server -c "$p2"
	capture waits
	echo second-line-of-the-talk >&9
	within 10 has_log a "main mode started" || fail "the connection does not ask"
	on a python3 "${BASH_SOURCE[0]%/*}/nt_cells.py" call 0 1 "new@$b4" "tcp:$p2+i" >"$work/new.app"
	grep -q "^new" "$work/new.app" || fail "what is new waits, too"
	capture_stop
	not grep -qa second-line-of-the-talk "$capture" || leaks "the talk goes on in clear"
}

# The peer has no daemon.
to_clear_host() {
	local ms
	config a "$policy"
	daemon_start a
	serve b secure_server -c "$p0"
	monitor a
	capture clear
	ms=$(on a secure_client -i -t 5 "$b4" "$p0" | sed -n 's/^connected in \([0-9]*\).*/\1/p')
	((${ms:-9999} < 1000)) || fail "connect took ${ms:-too many} ms"
	within 5 has_log a "$b4 does not speak IKE: no answer for 500 ms; tcp" ||
		fail "the log does not say that it goes on in clear"
	# The kernel asks once more when the connection begins to send.
	(($(clear_flows a negotiating) >= 1 && $(clear_flows a fallbacks) >= 1)) ||
		fail "it was not counted: $(ctl a status)"
	grep -q '"event":"flow-clear".*"text":"tcp .*in clear' "$work/monitor.app" ||
		fail "no event of the flow"
	grep -q '"event":"clear-fallback"' "$work/monitor.app" || fail "no event of the fall-back"
	on a secure_client -i -t 5 "$b4" "$p0" "$secret" || fail "the client failed"
	capture_stop
	(($(captured "udp dst port 500") <= 4)) || fail "a negotiation for each packet"
	grep -qa "$secret" "$capture" || fail "the payload is not in clear"
}

to_clear_host_udp() {
	config a "$policy"
	daemon_start a
	serve b secure_udp -c -l "$p1"
	on a secure_udp -i -t 2 "$b4" "$p1" "$secret" || fail "the client failed"
}

# The connection that began in clear goes on in ESP, and never back.
moves_to_esp() {
	both_start
	serve b secure_server -i "$p0"
	capture moves
	talk_start a -i "$b4" "$p0"
	say first-line-of-the-talk
	within 10 moves_both_ways say_on || fail "no ESP, or only one way"
	say second-line-of-the-talk
	capture_stop
	not grep -qa second-line-of-the-talk "$capture" || leaks "the second line is readable"
	capture later
	ctl a delete --all
	ctl b delete --all
	say third-line-of-the-talk
	captured_only "udp port 500 or ip proto 50"
}

to_secured_server() {
	both_start
	serve b secure_server "$p0"
	capture secured
	on a secure_client -i -t 5 "$b4" "$p0" "$secret" || fail "the client failed"
	captured_some "ip proto 50"
	not grep -qa "$secret" "$capture" || leaks "the payload is readable"
}

to_secured_server_udp() {
	both_start
	serve b secure_udp -l "$p1"
	for _ in 1 2 3; do
		! on a secure_udp -i -t 1 "$b4" "$p1" "$secret" || return 0
	done
	fail "the client failed"
}

# A server that allows clear text has clients of all kinds at once.
server_takes_both() {
	local v
	both_start
	serve b secure_server -i "$p0"
	serve b secure_server -i -6 "$p2"
	for v in 4 6; do
		on a secure_client -c -t 3 "$(ip_of b $v)" $((p0 + v - 4)) clear ||
			fail "the clear client failed (IPv$v)"
		on a secure_client -t 3 "$(ip_of b $v)" $((p0 + v - 4)) secured ||
			fail "the secured client failed (IPv$v)"
		on a secure_client -i -t 3 "$(ip_of b $v)" $((p0 + v - 4)) insecure ||
			fail "the client that allows clear text failed (IPv$v)"
		on a secure_client -e -t 3 "$(ip_of b $v)" $((p0 + v - 4)) encrypted ||
			fail "the encrypting client failed (IPv$v)"
	done
}

server_takes_both_udp() {
	# With the kernel's IPsec the secured client closes the port to what its host says in clear
	# once the grace is over, and nobody sends a datagram again (README).
	policy='allow_clear = 60 proposal "esp-aes128-sha1" { }'
	both_start
	serve b secure_udp -i -l "$p1"
	capture both
	on a secure_udp -c -t 3 "$b4" "$p1" clear || fail "the clear client failed"
	on a secure_udp -t 3 "$b4" "$p1" secured || fail "the secured client failed"
	on a secure_udp -i -t 3 "$b4" "$p1" insecure || fail "the insecure client failed"
}

# The server answers a clear datagram by the SA that another class of its host has: it is taken.
answered_by_another() {
	policy='allow_clear = 60 proposal "esp-aes128-sha1" { }'
	both_start
	serve b secure_udp -i -l "$p1"
	on a secure_udp -t 3 "$b4" "$p1" secured || fail "the secured client failed"
	# So that the other has no SA of its own.
	on b nft -f - <<-END || fail "nft"
		table ip silence {
			chain in {
				type filter hook input priority 0;
				udp dport 500 drop
			}
		}
	END
	on a secure_udp -i -t 3 "$b4" "$p1" insecure || fail "it got no answer"
	on b nft delete table ip silence
}

# A plane, or a daemon, that dies does not make a secured flow forget that it was.
restarts() {
	both_start
	serve b secure_server -i "$p0"
	talk_start a -i "$b4" "$p0"
	say first-line-of-the-talk
	moves say_on
	capture restarts
	if [[ ${backend:-plane} == plane ]]; then
		kill -9 "$(role_pid a plane)"
		say third-line-of-the-talk 20
	fi
	daemon_kill a
	daemon_start a
	say fourth-line-of-the-talk 20
	captured_only "udp port 500 or ip proto 50"
}

clear_refused_more() {
	(($(counter "$1" plane_in_clear_refused) > $2))
}

# A flow that was secured longer than allow_clear ago. Sets port: that of its client.
talk_secured() {
	both_start
	serve b secure_server -i "$p0"
	talk_start a -i "$b4" "$p0"
	say first-line-of-the-talk
	moves say_on
	port=$(on b ss -Htn state established sport = :"$p0" |
		sed -n 's/.*:\([0-9]*\) *$/\1/p' | head -n 1)
	sleep 1.5
}

# A reset in clear, allow_clear after the flow was secured: dropped.
clear_is_refused_later() {
	local port before
	talk_secured
	before=$(counter b plane_in_clear_refused)
	on a nt_inject tcp "$a4" "${port:-1}" "$b4" "$p0" 1
	within 5 clear_refused_more b "$before" || fail "it was not refused"
	say third-line-of-the-talk
}

# established PORT: by the client of this port.
established() {
	on b ss -Htn state established sport = :"$p0" dport = :"$1" | grep -q .
}

# Without an SA a secured flow still takes nothing in clear; others are as they were before.
others_clear_again() {
	local port before
	talk_secured
	daemon_stop a
	on a secure_client -c -t 5 "$b4" "$p0" clear || fail "a clear client is refused"
	before=$(counter b plane_in_clear_refused)
	on a nt_inject tcp "$a4" "${port:-1}" "$b4" "$p0" 1
	within 5 clear_refused_more b "$before" || fail "the secured flow takes clear text"
	established "$port" || leaks "the reset was taken"
}

# reach_itself OPTION ADDRESS FAMILY SERVER-OPTION
reach_itself() {
	serve a secure_server "$4" "-$3" "$p0"
	serve a secure_udp "$4" "-$3" -l "$p1"
	on a secure_client "$1" -t $((5 * patience)) "$2" "$p0" hello || fail "$1 not to $4 by $2"
	on a secure_udp "$1" -t $((5 * patience)) "$2" "$p1" hello || fail "$1 not to $4 by $2, UDP"
	end_apps
}

# Within the host there is no IPsec: what allows clear text has it.
itself() {
	config a
	daemon_start a
	capture itself
	for options in "-i -i" "-i -c" "-c -i"; do
		for address in 127.0.0.1 "$a4"; do
			reach_itself "${options% *}" "$address" 4 "${options#* }"
		done
		for address in ::1 "$a6"; do
			reach_itself "${options% *}" "$address" 6 "${options#* }"
		done
	done
	not has_log a main-mode-started || fail "it negotiates with itself"
}

topic_begin
hosts_join
each_case=daemons_kill
stock="insecure_answered_by_another insecure_itself"
# The first: connections that others leave open would negotiate.
try insecure_itself itself
try insecure_to_clear_host to_clear_host
try insecure_waits_for_nobody waits_for_nobody
try insecure_waits_udp waits_udp
try insecure_waits_after_reload waits_after_reload
try insecure_waits_for_no_other waits_for_no_other
try insecure_to_clear_host_udp to_clear_host_udp
try insecure_moves_to_esp moves_to_esp
try insecure_to_secured_server to_secured_server
try insecure_to_secured_server_udp to_secured_server_udp
try insecure_server_takes_both server_takes_both
try insecure_server_takes_both_udp server_takes_both_udp
try insecure_answered_by_another answered_by_another
try insecure_restarts restarts
try insecure_refuses_clear_later clear_is_refused_later
try insecure_others_clear_again others_clear_again
