#!/bin/bash
# What goes over the wire, and what does not.
# shellcheck source=lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"

secret=attack-at-dawn-attack-at-dawn

# Is the text readable in the capture?
is_readable() {
	grep -qa "$secret" "$capture"
}

# tcp_case FAMILY OPTION: OPTION "" or -e.
tcp_case() {
	local to
	to=$(ip_of b "$1")
	forget
	capture tcp
	# shellcheck disable=SC2086
	serve b secure_server $2 "-$1" "$p0"
	# shellcheck disable=SC2086
	on a secure_client $2 -t 5 "$to" "$p0" "$secret" || fail "the client failed"
	wire_is_protected "$1" "$2"
}

udp_case() {
	local to
	to=$(ip_of b "$1")
	forget
	capture udp
	# shellcheck disable=SC2086
	serve b secure_udp $2 "-$1" -l "$p1"
	# shellcheck disable=SC2086
	on a secure_udp $2 -t 5 "$to" "$p1" "$secret" || fail "the client failed"
	wire_is_protected "$1" "$2"
}

# wire_is_protected FAMILY OPTION
wire_is_protected() {
	local v=ip
	[[ $1 == 4 ]] || v=ip6
	captured_only "udp port 500 or ($v proto 50)"
	captured_some "udp port 500"
	captured_some "$v proto 50"
	if [[ $2 == -e ]]; then
		not is_readable || leaks "the payload is readable"
	else
		is_readable || fail "the payload is encrypted: the default is integrity only"
	fi
}

connect_is_fast() {
	local ms
	serve b secure_server "$p0"
	for _ in 1 2 3; do
		forget
		ms=$(on a secure_client 10.99.0.2 "$p0" | sed -n 's/^connected in \([0-9]*\).*/\1/p')
		((${ms:-99999} < 900 * patience)) || fail "connect took ${ms:-too many} ms"
	done
}

many_clients() {
	serve b secure_server "$p0"
	serve b secure_server -e "$p2"
	on a nt_stream many "$b4" "$p0" 20 >"$work/many1.app" 2>&1 &
	on a nt_stream -e many "$b4" "$p2" 20 || fail "encrypted: failed"
	wait $! || fail "default: $(tail -n 1 "$work/many1.app")"
	within 5 has_count a "secured sockets" 0 || fail "sockets stay registered"
}

# Clients of two classes at one port: each has a pair of its own with the same selectors.
classes_share_port() {
	local option
	forget
	serve b secure_server "$p0"
	for option in -t5 -e -t5 -e; do
		on a secure_client "$option" -t 5 "$b4" "$p0" || fail "failed with $option"
	done
}

# The same at the same time: each connection goes on by the pair of its class.
classes_talk_to_port() {
	forget
	serve b secure_server "$p0"
	talk_start a -4 "$b4" "$p0"
	say first-of-one
	on a secure_client -e -t 5 "$b4" "$p0" || fail "the other class failed"
	say second-of-one
	on a secure_client -e -t 5 "$b4" "$p0" || fail "the other class failed again"
	say third-of-one
}

# Another class of a has a pair for this port that does not encrypt, and b sends by it. What the
# kernel's IPsec has for receiving alone does not count.
unencrypted_sends() {
	ctl a initiate --to "$b4" --proto tcp --port "$p0" && {
		[[ ${backend:-plane} == plane ]] ||
			grep -q . <(on b ip xfrm state |
				awk -v b="$b4" '/^src/ { sends = $2 == b } sends && /cipher_null/')
	}
}

# A peer's socket insists on encryption. After the SAs are gone its connection waits for one
# that encrypts, while others of that peer have what they negotiate.
guarantee_of_connection() {
	forget
	push_start b -d a -e
	forget
	within 20 unencrypted_sends || fail "what others have negotiated does not send"
	capture guaranteed
	push attack-at-dawn
	captured_only "udp port 500 or ip proto 50"
	not grep -qa attack-at-dawn "$capture" || leaks "the connection goes on unencrypted"
}

as_nobody() {
	serve b setpriv --reuid nobody --regid nogroup --clear-groups \
		"$apps/secure_server" "$p0"
	on a setpriv --reuid nobody --regid nogroup --clear-groups \
		"$apps/secure_client" -t 5 "$b4" "$p0" || fail "the client failed"
	ctl b status | grep -q "user $(id -u nobody)" || fail "the socket is not nobody's"
}

clear_client() {
	serve b secure_server "$p0"
	not on a secure_client -c -t 2 "$b4" "$p0" || leaks "the clear client was served"
	not grep -q client "$work/server-$p0.app" || fail "the server saw a client"
}

clear_udp_client() {
	serve b secure_udp -l "$p1"
	not on a secure_udp -c -t 1 "$b4" "$p1" "$secret" || leaks "the clear client was served"
}

clear_server() {
	local start=$SECONDS
	forget
	serve b secure_server -c "$p0"
	capture clear
	not on a secure_client -t 5 "$b4" "$p0" "$secret" || fail "the client was served"
	((SECONDS - start < 10)) || fail "it took $((SECONDS - start)) s"
	not grep -q client "$work/server-$p0.app" || fail "the server saw a client"
	captured_only "udp port 500 or ip proto 50"
}

# SAs of a secured server that ended, and a clear one that took its port.
port_taken_over() {
	local to v=ip
	[[ $1 == 4 ]] || v=ip6
	to=$(ip_of b "$1")
	needs_nftables
	forget
	serve b secure_server "-$1" "$p4"
	on a secure_client -t $((5 * patience)) "$to" "$p4" "$secret" || fail "the client failed"
	end_apps
	serve b secure_server -c "-$1" "$p4"
	capture taken
	not on a secure_client -t 3 "$to" "$p4" "$secret" || fail "the client was served"
	captured_only "udp port 500 or $v proto 50"
	captured_some "$v proto 50"
	not grep -q client "$work/server-$p4.app" || leaks "the clear server saw a client"
}

# A secured host keeps its other traffic as it was.
others_stay_clear() {
	serve b secure_server "$p0"
	serve b secure_server -c "$p3"
	capture others
	on a secure_client -t 5 "$b4" "$p0" || fail "the secured client failed"
	on a secure_client -c -t 5 "$b4" "$p3" || fail "the clear client failed"
	captured_some "tcp port $p3"
	(($(captured "tcp port $p0") == 0)) || leaks "port $p0 is in clear"
}

# Nothing in clear from socket() until long after the process was killed.
killed_client() {
	serve b secure_server "$p0"
	capture killed
	spawn a talk nt_stream talk "$b4" "$p0"
	within 5 grep -q connected "$work/talk.app" || fail "the client failed"
	kill -9 "$pid"
	sleep 1
	captured_only "udp port 500 or ip proto 50"
	within 5 has_count a "secured sockets" 0 || fail "the socket stays registered"
}

clear_reset() {
	local port seq
	serve b secure_server -e "$p0"
	talk_start a -e "$b4" "$p0"
	port=$(on b ss -Htn state established sport = :"$p0" |
		sed -n 's/.*:\([0-9]*\) *$/\1/p' | head -n 1)
	# Any sequence number inside the window would do for a socket without protection.
	for seq in 0 1073741824 2147483648 3221225472; do
		on b nt_inject tcp "$b4" "$p0" "$a4" "${port:-1}" "$seq"
		on a nt_inject tcp "$a4" "${port:-1}" "$b4" "$p0" "$seq"
	done
	say still-there
}

# is_mirrored NETWORK: has a class of host a a route to it?
is_mirrored() {
	[[ $'\n'$(ip -n "${ns}a" route show table all proto 195) == *$'\n'"$1 "* ]]
}

# IPsec is between two: a group gets what is sent to it in clear, a host does not. Nor does a
# connection take what the kernel remembers of the group, for each processor.
multicast() {
	ip -n "${ns}a" route replace 239.0.0.0/8 dev eth0
	if [[ ${backend:-plane} == plane ]]; then
		ip -n "${ns}a" route replace 203.0.113.0/24 dev eth0
		within 5 is_mirrored 203.0.113.0/24 || fail "routes are not followed"
		not is_mirrored 239.0.0.0/8 || fail "a class has a route of groups"
	fi
	capture multicast
	not on a taskset -c 0 secure_udp -t 1 239.1.2.3 "$p1" "$secret" || fail "somebody answered"
	serve b secure_udp -l "$p1"
	serve b secure_server "$p0"
	on a secure_udp -t 5 "$b4" "$p1" "$secret" || fail "the UDP client failed"
	on a taskset -c 0 secure_client -t 5 "$b4" "$p0" || fail "the TCP client failed"
	captured_some "udp and dst host 239.1.2.3"
	(($(captured "udp port $p1 and host $b4") == 0)) || leaks "the host is sent clear text"
}

# mirrored_from ADDRESS: what a class of host a would send to the network of better_route from.
mirrored_from() {
	ip -n "${ns}a" route show table all proto 195 | grep -q "^198.51.100.0/24 .*src $1 "
}

# Of two ways to a network, a class takes the one that other sockets take.
better_route() {
	local worse=10.99.0.77
	needs_plane "its classes have no routes"
	ip -n "${ns}a" address add "$worse/32" dev eth0
	ip -n "${ns}a" route add 198.51.100.0/24 via "$b4" src "$a4" metric 100
	ip -n "${ns}a" route add 198.51.100.0/24 via "$b4" src "$worse" metric 600
	ip -n "${ns}a" route get 198.51.100.1 | grep -q "src $a4 " || fail "the test is wrong"
	within 5 mirrored_from "$a4" || fail "it would send from the worse one"
	ip -n "${ns}a" route del 198.51.100.0/24 metric 100
	within 5 mirrored_from "$worse" || fail "it does not follow"
	ip -n "${ns}a" address del "$worse/32" dev eth0
}

topic_begin
hosts_join
both_daemons traffic
# shellcheck disable=SC2034
stock="port_taken_over port_taken_over6"
try tcp4 tcp_case 4 ""
try tcp6 tcp_case 6 ""
try udp4 udp_case 4 ""
try udp6 udp_case 6 ""
try multicast_is_clear multicast
try tcp4_encrypted tcp_case 4 -e
try tcp6_encrypted tcp_case 6 -e
try udp4_encrypted udp_case 4 -e
try udp6_encrypted udp_case 6 -e
try connect_is_fast connect_is_fast
try many_clients many_clients
try classes_share_port classes_share_port
try classes_talk_to_port classes_talk_to_port
try guarantee_of_connection guarantee_of_connection
try as_nobody as_nobody
try clear_client_refused clear_client
try clear_udp_refused clear_udp_client
try clear_server_refused clear_server
try port_taken_over port_taken_over 4
try port_taken_over6 port_taken_over 6
try others_stay_clear others_stay_clear
try killed_client killed_client
try better_route better_route
try clear_reset_ignored clear_reset
