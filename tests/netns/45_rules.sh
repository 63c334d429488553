#!/bin/bash
# Rules of the configuration: programs that know nothing of authipd, protected all the same.
# shellcheck source=lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"

secret=attack-at-dawn-attack-at-dawn

# A rule "any" would catch what IPv6 needs to find its neighbours, if ICMP were of its kind.
any() {
	rules a "rule \"all\" { remote = fd00:99::/64 action = require-in-out }"
	rules b "rule \"all\" { remote = fd00:99::/64 action = require-in-out }"
	start
	ip -n "${ns}a" -6 neigh flush all
	ip -n "${ns}b" -6 neigh flush all
	capture any
	serve b secure_server -c -6 "$p0"
	on a secure_client -c -t 10 "$b6" "$p0" "$secret" || fail "the client failed"
	captured_only "udp port 500 or ip6 proto 50"
}

# The kernel's IPsec leaves it out by nftables.
needs_exemption() {
	[[ ${backend:-plane} == plane ]] || on a nft list chain inet authipd arrived >/dev/null 2>&1 ||
		skip "no nftables here: rules select what a host says to itself by IPv6"
}

# What the host says to itself, by whatever address, is nobody's business.
itself() {
	local address
	rules a "rule \"all\" { action = require-in-out }"
	daemon_start a
	serve a secure_server -c "$p0"
	serve a secure_server -c -6 "$p1"
	for address in 127.0.0.1 "$a4"; do
		on a secure_client -c -t 10 "$address" "$p0" || fail "not by $address"
	done
	on a secure_client -c -t 10 ::1 "$p1" || fail "not by ::1"
	needs_exemption
	on a secure_client -c -t 10 "$a6" "$p1" || fail "not by $a6"
	not grep -q "negotiation failed" "$work/a.log" || fail "it negotiates with itself"
}

# say_as_a HOST TEXT: in clear to a's address, as if it came from there.
say_as_a() {
	on "$1" python3 -c 'import socket, sys
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IPV6, 75, 1) # IPV6_TRANSPARENT
s.bind((sys.argv[1], 0))
s.sendto(sys.argv[3].encode(), (sys.argv[1], int(sys.argv[2])))' "$a6" "$p1" "$2"
}

has_heard() {
	begins_line "$work/hears.app" "$1" || { say_as_a "$2" "$1" && false; }
}

# Only what it says itself: others can take its address for theirs.
itself_only() {
	# What a killed daemon of another case has left there would hold what b says.
	config b
	daemon_start b
	daemon_stop b
	rules a "rule \"all\" { action = require-in-out }"
	daemon_start a
	needs_exemption
	spawn a hears python3 -c 'import socket, sys
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.bind(("::", int(sys.argv[1])))
while True: print(s.recv(99).decode(), flush=True)' "$p1"
	within 10 has_heard own a || fail "it does not hear itself"
	for _ in 1 2 3; do
		say_as_a b strange
		nap 0.3
	done
	not begins_line "$work/hears.app" strange || leaks "it hears others in clear"
	daemon_stop a
	within 10 has_heard later b || fail "nobody can say that"
}

# The rules of a case follow the configuration of both hosts: rules HOST TEXT.
rules() {
	config "$1"
	cat >>"$work/$1.conf" <<-END
		policy "strong" {
			quick_mode { proposal "esp-aes256-sha256" { } }
		}
		$2
	END
}

start() {
	daemon_start a
	daemon_start b
}

# web ACTION SIDE: the rule for the port of the case, on the side of the client or server.
web() {
	local side=remote
	[[ $2 == client ]] || side=local
	cat <<-END
		rule "web" {
			protocol = "${3:-tcp}"
			${side}_port = $p0
			action = $1
			policy = "strong"
		}
	END
}

# wire_is_protected FAMILY
wire_is_protected() {
	local v=ip
	[[ $1 == 4 ]] || v=ip6
	captured_only "udp port 500 or ($v proto 50)"
	captured_some "$v proto 50"
	not grep -qa "$secret" "$capture" || leaks "the payload is readable"
}

# A datagram there and back. The kernel drops those that come before there is an SA.
udp_client() {
	[[ ${backend:-plane} == plane ]] || on a secure_udp -c -t 2 "$1" "$p0" "$secret" ||
		echo "the first one was dropped"
	on a secure_udp -c -t 10 "$1" "$p0" "$secret"
}

# tcp FAMILY, udp FAMILY: plain programs on both sides.
tcp() {
	rules a "$(web require-in-out client)"
	rules b "$(web require-in-out server)"
	start
	# Neighbours must be found again, rule or not.
	ip -n "${ns}a" neigh flush all
	ip -n "${ns}b" neigh flush all
	capture tcp
	serve b secure_server -c "-$1" "$p0"
	on a secure_client -c -t 10 "$(ip_of b "$1")" "$p0" "$secret" || fail "the client failed"
	wire_is_protected "$1"
	has_count b "secured sockets" 0 || fail "a plain socket is registered"
}

udp() {
	rules a "$(web require-in-out client udp)"
	rules b "$(web require-in-out server udp)"
	start
	capture udp
	serve b secure_udp -c "-$1" -l "$p0"
	udp_client "$(ip_of b "$1")" || fail "the client failed"
	wire_is_protected "$1"
}

# A client with its address in the rule: it has none when its socket is routed first.
local_address() {
	rules a "rule \"from here\" { local = $a4 remote = 10.99.0.0/24 protocol = udp
		remote_port = $p0 action = require-in-out }"
	rules b "rule \"to here\" { local = $b4 protocol = udp local_port = $p0
		action = require-in-out }"
	start
	capture local
	serve b secure_udp -c -4 -l "$p0"
	udp_client "$b4" || fail "the client failed"
	captured_only "udp port 500 or ip proto 50"
}

others_untouched() {
	rules a "$(web require-in-out client)"
	rules b "$(web require-in-out server)"
	start
	capture others
	serve b secure_server -c "$p1"
	serve b secure_udp -c -l "$p0"
	on a secure_client -c -t 5 "$b4" "$p1" "$secret" || fail "another port"
	on a secure_udp -c -t 5 "$b4" "$p0" "$secret" || fail "another protocol"
	on a secure_client -c -t 5 "$b4" "$p2" "$secret" && fail "a closed port"
	on b secure_client -c -t 5 127.0.0.1 "$p1" "$secret" || fail "loopback"
	captured_only "tcp port $p1 or tcp port $p2 or udp port $p0"
}

loopback_to_a_rule() {
	rules b "$(web require-in-out server)"
	daemon_start b
	serve b secure_server -c "$p0"
	on b secure_client -c -t 5 127.0.0.1 "$p0" "$secret" || fail "127.0.0.1"
	on b secure_client -c -t 5 "$b4" "$p0" "$secret" || fail "its own address"
}

clear_peer_refused() {
	rules b "$(web require-in-out server)"
	daemon_start b
	serve b secure_server -c "$p0"
	not on a secure_client -c -t 2 "$b4" "$p0" "$secret" || leaks "a clear client got through"
	end_apps
	serve b secure_server -c -6 "$p0"
	not on a secure_client -c -t 2 "$b6" "$p0" "$secret" || leaks "IPv6 got through"
}

require_never_clear() {
	rules a "$(web require-in-out client)"
	daemon_start a
	capture never
	serve b secure_server -c "$p0"
	not on a secure_client -c -t 3 "$b4" "$p0" "$secret" || fail "connected without IPsec"
	captured_only "udp port 500 or icmp"
}

# One side asks, the other has never heard of it: clear.
request_to_nobody() {
	rules a "$(web request-in-out client)"
	daemon_start a
	serve b secure_server -c "$p0"
	on a secure_client -c -t 5 "$b4" "$p0" "$secret" || fail "the client failed"
}

# The other can: the same connection moves to ESP and never goes back.
request_moves() {
	rules a "$(web request-in-out client)"
	rules b "$(web request-in-out server)"
	start
	serve b secure_server -c "$p0"
	talk_start a -c "$b4" "$p0"
	say one
	moves say_on
	capture moved
	say three
	captured_only "udp port 500 or ip proto 50"
}

# Clear clients are taken by who requests, and refused by who requires inbound.
request_takes_clear() {
	rules b "$(web request-in-out server)"
	daemon_start b
	serve b secure_server -c "$p0"
	on a secure_client -c -t 5 "$b4" "$p0" "$secret" || fail "request-in-out refused it"
	daemon_stop b
	rules b "$(web require-in-request-out server)"
	daemon_start b
	not on a secure_client -c -t 2 "$b4" "$p0" "$secret" || fail "require-in took it"
}

# The secure ring reaches who knows no IPsec, and is answered; it is not reached by them.
secure_ring() {
	local v
	rules a "rule \"ring\" { remote = 10.99.0.0/24 protocol = tcp
			action = require-in-request-out policy = \"strong\" }
		rule \"ring6\" { remote = fd00:99::/64 protocol = tcp
			action = require-in-request-out policy = \"strong\" }"
	daemon_start a
	for v in 4 6; do
		serve b secure_server -c "-$v" $((p0 + v))
		on a secure_client -c -t 5 "$(ip_of b $v)" $((p0 + v)) "$secret" ||
			fail "the answer in clear was refused (IPv$v)"
		serve a secure_server -c "-$v" $((p0 + v - 3))
		not on b secure_client -c -t 2 "$(ip_of a $v)" $((p0 + v - 3)) "$secret" ||
			leaks "a clear client got in (IPv$v)"
	done
}

# With `encryption` clear text is neither sent nor taken, whatever the action says.
encryption_takes_no_clear() {
	rules b "$(web request-in-out server | sed 's/action/encryption = true action/')"
	rules a ""
	start
	serve b secure_server -c "$p0"
	not on a secure_client -c -t 1 "$b4" "$p0" "$secret" || fail "a clear client got through"
	# What is let in, and only its answer held back, is answered when nobody holds it any more.
	[[ ${backend:-plane} == plane ]] || (($(refused b) > 0)) || leaks "b took a clear packet"
	daemon_stop b
	rules a "$(web request-in-out client | sed 's/action/encryption = true action/')"
	ctl a reload || fail "a does not reload"
	capture never
	not on a secure_client -c -t 1 "$b4" "$p0" "$secret" || fail "connected without IPsec"
	captured_only "udp port 500 or icmp"
}

# refused HOST: clear packets that rules have dropped.
refused() {
	if [[ ${backend:-plane} == kernel ]]; then
		counter "$1" plane_in_clear_refused
		return
	fi
	on "$1" nft list chain inet authipd rules_in |
		sed -n 's/.*counter packets \([0-9]*\) .*/\1/p' | awk '{ n += $1 } END { print n + 0 }'
}

# secured_talk GRACE: a flow that was secured, and whose client has no daemon any more. Killed
# daemons leave the memory of theirs to the next one, which rightly refuses what the closed
# sockets of these flows still send in clear, and counts it: here only this flow counts.
secured_talk() {
	rm -f "$work"/[ab].run/secured
	rules a "$(web request-in-out client)"
	rules b "$(web request-in-out server)"
	sed -i "s/quick_mode {/quick_mode { allow_clear = $1/" "$work/b.conf"
	start
	[[ ${backend:-plane} == kernel ]] || needs_nftables
	serve b secure_server -c "$p0"
	talk_start a -c "$b4" "$p0"
	say one
	moves say_on
	(($(refused b) == 0)) || fail "refused before"
	sleep 1
	daemon_stop a
}

# It takes no clear packet, once the grace is over; others do.
request_never_back() {
	local before
	secured_talk 1
	echo three >&9
	within 5 refused_some b || fail "the flow goes on in clear"
	not grep -q three "$work/talk.app" || leaks "answered"
	on a secure_client -c -t 5 "$b4" "$p0" "$secret" || fail "another flow is refused"
	before=$(refused b)
	echo four >&9
	within 5 refused_more b "$before" || fail "the flow goes on in clear after another one"
	not grep -q "three\|four" "$work/talk.app" || leaks "answered after another one"
}

# The same where the server has no daemon any more: the client says nothing of it in clear.
request_never_back_client() {
	rules a "$(web request-in-out client)"
	rules b "$(web request-in-out server)"
	start
	serve b secure_server -c "$p0"
	on a secure_client -c -t 5 "$b4" "$p0" first || fail "no connection"
	(within 10 has_pair a && within 10 has_pair b) || fail "no negotiation"
	talk_start a -c "$b4" "$p0"
	moves say_on
	capture client
	daemon_stop b
	echo was-secured-once >&9
	on a secure_client -c -t 5 "$b4" "$p0" "$secret" || fail "another flow waits"
	sleep 3 # it is sent again and again
	capture_stop
	grep -qa "$secret" "$capture" || fail "the other one is not in clear"
	not grep -qa was-secured-once "$capture" || leaks "the flow goes on in clear"
}

# bytes_received: what the server has taken of the talk.
bytes_received() {
	on b ss -Htin state established sport = :"$p0" |
		sed -n 's/.*bytes_received:\([0-9]*\).*/\1/p' | head -n 1
}

received_more() {
	(($(bytes_received) > $1))
}

# That it takes the packet says more than that none was refused: the kernel's IPsec counts what it
# refuses for the whole host, the closed sockets of earlier cases included.
request_grace() {
	local before
	secured_talk 60
	before=$(bytes_received)
	echo three >&9
	within 5 received_more "${before:-0}" || fail "refused within the grace"
}

refused_some() {
	(($(refused "$1") > 0))
}

refused_more() {
	(($(refused "$1") > $2))
}

# The first rule that selects counts.
first_match() {
	rules a ""
	rules b "rule \"open\" { remote = $a4 protocol = tcp action = request-in-out }
		rule \"closed\" { protocol = tcp action = require-in-out }"
	start
	serve b secure_server -c "$p0"
	on a secure_client -c -t 5 "$b4" "$p0" "$secret" || fail "the first rule does not count"
	serve b secure_server -c -6 "$p1"
	not on a secure_client -c -t 2 "$b6" "$p1" "$secret" || fail "the second does not"
}

# exempt SIDE [WHOSE]: one port is exempt, all else required. Of UDP only what a sends from this
# address (its local one): a socket that is not connected is routed when it has none yet.
exempt() {
	cat <<-END
		rule "administration" { protocol = tcp ${1}_port = $p1 action = exempt }
		rule "from a" { ${2:-remote} = $a4 protocol = udp ${1}_port = $p1 action = exempt }
		rule "all4" { remote = 10.99.0.0/24 action = require-in-out }
		rule "all6" { remote = fd00:99::/64 action = require-in-out }
	END
}

# What is exempt is as without any rule, in both directions; the rest is not.
exempt_is_clear() {
	local v
	rules a "$(exempt remote local)"
	rules b "$(exempt local)"
	start
	capture exempt
	for v in 4 6; do
		serve b secure_server -c "-$v" "$p1"
		on a secure_client -c -t 5 "$(ip_of b $v)" "$p1" "$secret" || fail "IPv$v"
		end_apps
	done
	spawn b hears python3 -c 'import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", int(sys.argv[1])))
print("listening", flush=True)
print(s.recv(99).decode(), flush=True)' "$p1"
	within 5 begins_line "$work/hears.app" listening || fail "it does not listen"
	on a python3 -c 'import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.sendto(b"datagram", (sys.argv[1], int(sys.argv[2])))' "$b4" "$p1"
	within 5 begins_line "$work/hears.app" datagram || fail "not from its address"
	# What an earlier case left open may negotiate; this one does not.
	captured_only "tcp port $p1 or udp port $p1 or udp port 500 or ip proto 50"
	not has_log a ":$p1" || leaks "$(grep -m 1 ":$p1" "$work/a.log")"
	capture required
	serve b secure_server -c "$p0"
	on a secure_client -c -t 10 "$b4" "$p0" "$secret" || fail "another port"
	captured_only "udp port 500 or ip proto 50"
	ctl a explain --to "$b4" --proto tcp --port "$p1" >"$work/explain.app"
	grep -q 'rule "administration" exempts it' "$work/explain.app" ||
		fail "explained: $(cat "$work/explain.app")"
}

# A peer that wants it protected all the same is told no.
exempt_refuses_peer() {
	rules a "$(web require-in-out client)"
	rules b "rule \"administration\" { protocol = tcp local_port = $p0 action = exempt }
		$(web require-in-out server | sed 's/"web"/"the same"/')"
	start
	serve b secure_server -c "$p0"
	not on a secure_client -c -t 2 "$b4" "$p0" "$secret" || fail "it connected"
	has_count b "quick mode SAs" 0 || fail "b has an SA for it"
}

# A reload exempts what was protected: the SA ends, and the connection goes on in clear.
exempt_later() {
	rules a "$(web require-in-out client)"
	rules b "$(web require-in-out server)"
	start
	serve b secure_server -c "$p0"
	talk_start a -c "$b4" "$p0"
	say before
	rules b "$(web exempt server | sed /policy/d)"
	rules a "$(web exempt client | sed /policy/d)"
	(ctl b reload && ctl a reload) || fail "no reload"
	say after
	within 5 has_count a "quick mode SAs" 0 || fail "a has an SA for it"
}

has_ended() {
	[[ -z $(on a ss -Htn state last-ack state fin-wait-1 "dport = :$p0") ]]
}

# Bits of marks that other programs use are theirs: these need them, of ports that are tested.
foreign_marks() {
	on b nft -f - <<-END
		table inet other {
			chain early {
				type filter hook prerouting priority -400
				meta mark set meta mark | 0x5
			}
			chain late {
				type filter hook input priority 0
				tcp dport $p0 meta mark & 0xff != 0x5 drop
				udp dport $p1 meta mark & 0xff != 0x5 drop
			}
		}
	END
}

# Servers that allow clear text take it whatever rules say, to the end of a connection; others
# do not.
insecure_server() {
	local v
	rules b "rule \"all4\" { remote = 10.99.0.0/24 action = require-in-out }
		rule \"all6\" { remote = fd00:99::/64 action = require-in-out }"
	daemon_start b
	on b nft list table inet authipd >/dev/null 2>&1 || skip "no nftables here"
	flush_nftables b
	foreign_marks || fail "nft"
	for v in 4 6; do
		serve b secure_server -i "-$v" "$p0"
		on a secure_client -c -t $((5 * patience)) "$(ip_of b $v)" "$p0" "$secret" ||
			fail "TCP is refused (IPv$v)"
		within 10 has_ended || fail "its end is refused (IPv$v)"
		serve b secure_udp -i "-$v" -l "$p1"
		on a secure_udp -c -t $((5 * patience)) "$(ip_of b $v)" "$p1" "$secret" ||
			fail "UDP is refused (IPv$v)"
		serve b secure_server -c "-$v" "$p2"
		not on a secure_client -c -t 2 "$(ip_of b $v)" "$p2" "$secret" ||
			leaks "a server of the rule takes clear text (IPv$v)"
		end_apps
		serve b secure_server -c "-$v" "$p0"
		not on a secure_client -c -t 2 "$(ip_of b $v)" "$p0" "$secret" ||
			leaks "the port is open for another server (IPv$v)"
		end_apps
	done
	on b nft delete table inet other
}

# A secured socket keeps its own class where a rule would select its traffic, too.
sockets_and_rules() {
	rules a "$(web require-in-out client)"
	rules b "$(web require-in-out server)"
	start
	serve b secure_server "$p0"
	on a secure_client -t 10 "$b4" "$p0" "$secret" || fail "secured sockets failed"
}

# What a rule demands of main mode it demands of its own traffic: not of sockets to the same
# peer, nor of that of another rule.
beside_a_rule() {
	local h
	for h in a b; do
		config "$h"
		cat >>"$work/$h.conf" <<-END
			policy "stronger" {
				main_mode { proposal "aes256-sha384-ecp384" { } }
			}
			policy "strongest" {
				main_mode {
					auth = { "tls" }
					proposal "aes256-sha256-modp2048" { }
				}
				extended_mode { auth = { } }
			}
			rule "one" { protocol = tcp local_port = $p0
				action = require-in-out policy = "strongest" }
			rule "one, from here" { protocol = tcp remote_port = $p0
				action = require-in-out policy = "strongest" }
			rule "other" { protocol = tcp local_port = $p1
				action = require-in-out policy = "stronger" }
			rule "other, from here" { protocol = tcp remote_port = $p1
				action = require-in-out policy = "stronger" }
		END
	done
	start
	serve b secure_server "$p2"
	on a secure_client -t 10 "$b4" "$p2" "$secret" || fail "the socket failed"
	serve b secure_server -c "$p1"
	on a secure_client -c -t 10 "$b4" "$p1" "$secret" || fail "the second rule failed"
	serve b secure_server -c "$p0"
	on a secure_client -c -t 10 "$b4" "$p0" "$secret" || fail "the first rule failed"
}

# After kill -9 the next daemon goes on, and meanwhile nothing leaves in clear.
killed() {
	rules a "$(web require-in-out client)"
	rules b "$(web require-in-out server)"
	start
	serve b secure_server -c "$p0"
	on a secure_client -c -t 10 "$b4" "$p0" "$secret" || fail "the client failed"
	daemon_kill a
	capture killed
	# The kernel's SAs live on.
	not on a secure_client -c -t 2 "$b4" "$p0" "$secret" || [[ ${backend:-plane} == kernel ]] ||
		fail "served without a daemon"
	daemon_start a
	on a secure_client -c -t 20 "$b4" "$p0" "$secret" || fail "not after the restart"
	captured_only "udp port 500 or ip proto 50"
}

# The clean end takes the rules away, to the last trace.
stopped() {
	rules a "$(web require-in-out client)"
	daemon_start a
	within 5 has_log a "1 rules of the configuration"
	daemon_stop a
	[[ $(on a ip rule | wc -l) == 3 && $(on a ip -6 rule | wc -l) == 2 ]] ||
		fail "routing rules are left: $(on a ip rule)"
	not grep -q aip <(on a ip link) || fail "devices are left"
	[[ ! -e $work/a.run/classes ]] || fail "the file of classes is left"
	serve b secure_server -c "$p0"
	on a secure_client -c -t 5 "$b4" "$p0" "$secret" || fail "the rule is still there"
}

# A reload adds a rule, then takes it away; what has nothing to do with it goes on.
reload() {
	rules a ""
	rules b ""
	start
	serve b secure_server "$p1"
	talk_start a -d "$b4" "$p1"
	say before
	rules a "$(web require-in-out client)"
	rules b "$(web require-in-out server)"
	ctl a reload || fail "a does not reload"
	kill -HUP "$(daemon_pid b)"
	within 5 has_log b "1 rules of the configuration" || fail "no rule on b"
	capture reload
	serve b secure_server -c "$p0"
	on a secure_client -c -t 10 "$b4" "$p0" "$secret" || fail "the client failed"
	say between
	captured_only "udp port 500 or ip proto 50"
	has_log a "policy_changed\|does not allow" && fail "an SA was deleted without need"
	rules a ""
	rules b ""
	(ctl a reload && ctl b reload) || fail "no second reload"
	on a secure_client -c -t 5 "$b4" "$p0" "$secret" || fail "the rule is still there"
	say after
}

# What the new policy does not allow ends on both sides, and the talk goes on as it does.
reload_changes_policy() {
	rules a ""
	rules b ""
	start
	serve b secure_server "$p0"
	talk_start a -d "$b4" "$p0"
	say before
	has_log a "quick mode established: esp-null-sha1" || fail "not the default policy"
	config a 'proposal "esp-aes256-sha256" { }'
	config b 'proposal "esp-aes256-sha256" { }'
	ctl b reload || fail "b does not reload"
	ctl a reload || fail "a does not reload"
	has_log a "the policy does not allow it any more" || has_log b "does not allow it" ||
		fail "no SA was deleted"
	say after 20
	has_count a "quick mode SAs" 1 || fail "the old SA is still there"
	has_log a "quick mode established: esp-aes256-sha256" || fail "there is no new SA"
}

rules_in_force() {
	(($(grep -c "rules of the configuration are in force" "$work/$1.log") >= $2))
}

# A rule that wants other algorithms asks for them. Who connects while the old rule goes is told
# that the host is unreachable.
reload_changes_rule() {
	rules a "$(web require-in-out client)"
	rules b "$(web require-in-out server)"
	start
	serve b secure_server -c "$p0"
	on a secure_client -c -t 10 "$b4" "$p0" "$secret" || fail "the client failed"
	sed -i s/esp-aes256-sha256/esp-aes128-sha1/ "$work/a.conf" "$work/b.conf"
	(ctl b reload && ctl a reload) || fail "no reload"
	within 5 rules_in_force a 2 || fail "not in force"
	on a secure_client -c -t 10 "$b4" "$p0" "$secret" || fail "the client failed then"
	has_log a "quick mode established: esp-aes128-sha1" || fail "not as the rule wants it"
}

# Wrong from one end to the other: nothing changes.
reload_refused() {
	rules a "$(web require-in-out client)"
	daemon_start a
	rules a "$(web require-in-out client)
		rule \"bad\" { action = deny }"
	ctl a reload >"$work/n" 2>&1 && fail "accepted"
	grep -q "a.conf:[0-9]*: action: unknown value 'deny'" "$work/n" || fail "$(cat "$work/n")"
	config a
	echo "ike_port = 501" >>"$work/a.conf"
	ctl a reload >"$work/n" 2>&1 && fail "another port was accepted"
	grep -q "ike_port cannot change" "$work/n" || fail "$(cat "$work/n")"
	config a "" stranger
	sed -i 's/stranger.key/a.key/' "$work/a.conf"
	ctl a reload >"$work/n" 2>&1 && fail "a key that does not fit was accepted"
	grep -q "a.key, which must be the private key of .*/stranger.pem" "$work/n" ||
		fail "$(cat "$work/n")"
	kill -HUP "$(daemon_pid a)"
	within 5 has_log a "stays as it was" || fail "SIGHUP says nothing"
	capture refused
	serve b secure_server -c "$p0"
	not on a secure_client -c -t 2 "$b4" "$p0" "$secret" || fail "the rule is gone"
	captured_only "udp port 500 or icmp"
}

# New certificates are shown, and trusted, from now on.
reload_credentials() {
	rules a ""
	rules b ""
	config b "" stranger
	start
	serve b secure_server "$p0"
	not on a secure_client -t 4 "$b4" "$p0" "$secret" || leaks "a stranger was accepted"
	config b
	ctl b reload || fail "b does not reload"
	on a secure_client -t 10 "$b4" "$p0" "$secret" || fail "the new certificate is not used"
}

wrong_configuration() {
	rules a 'rule "x" { local = 10.0.0.1/8 action = require-in-out }'
	on a "$builddir/authipd" -n -c "$work/a.conf" 2>"$work/n" && fail "accepted"
	grep -q "a.conf:[0-9]*: local = '10.0.0.1/8' has bits" "$work/n" || fail "$(cat "$work/n")"
}

topic_begin
hosts_join
each_case=daemons_kill
stock="rule_insecure_server rule_itself rule_itself_only"
try rule_tcp4 tcp 4
try rule_tcp6 tcp 6
try rule_udp4 udp 4
try rule_udp6 udp 6
try rule_any any
try rule_itself itself
try rule_itself_only itself_only
try rule_local_address local_address
try rule_others_untouched others_untouched
try rule_loopback loopback_to_a_rule
try rule_clear_peer_refused clear_peer_refused
try rule_require_never_clear require_never_clear
try rule_request_to_nobody request_to_nobody
try rule_request_moves request_moves
try rule_request_takes_clear request_takes_clear
try rule_encryption_takes_no_clear encryption_takes_no_clear
try rule_secure_ring secure_ring
try rule_request_never_back request_never_back
try rule_request_never_back_client request_never_back_client
try rule_request_grace request_grace
try rule_first_match first_match
try rule_exempt exempt_is_clear
try rule_exempt_refuses_peer exempt_refuses_peer
try rule_exempt_later exempt_later
try rule_insecure_server insecure_server
try rule_and_sockets sockets_and_rules
try rule_killed killed
try rule_stopped stopped
try rule_wrong_configuration wrong_configuration
try rule_beside beside_a_rule
try reload reload
try reload_changes_policy reload_changes_policy
try reload_changes_rule reload_changes_rule
try reload_refused reload_refused
try reload_credentials reload_credentials
