#!/bin/bash
# What the kernel does with marks, policies and SAs: the experiments that the design relies on
# (doc/kernel-experiments.md), with SAs of fixed keys and without a daemon; and what an owner
# of a secured socket can do about it.
# shellcheck source=../netns/lib.sh
. "${BASH_SOURCE[0]%/*}/../netns/lib.sh"

mark=0x7700000 reqid=4711

xfrm() {
	ip -n "$ns$1" xfrm "${@:2}"
}

# sa HOST FROM TO SPI REQID [SELECTOR...]
sa() {
	xfrm "$1" state add src "$2" dst "$3" proto esp spi "$4" reqid "$5" mode transport \
		enc 'cbc(aes)' 0x00112233445566778899aabbccddeeff auth-trunc 'hmac(sha1)' \
		0x000102030405060708090a0b0c0d0e0f10111213 96 "${@:6}" || fail "no SA $4"
}

# pair [REQID-AT-B [SELECTOR-AT-A...]]: both directions, at both hosts.
pair() {
	local b=${1:-$reqid}
	sa b "$b4" "$a4" 0x2002 "$b"
	sa b "$a4" "$b4" 0x1001 "$b"
	sa a "$b4" "$a4" 0x2002 $reqid
	sa a "$a4" "$b4" 0x1001 $reqid "${@:2}"
}

# requires HOST REMOTE [optional]: what has the mark and goes there.
requires() {
	xfrm "$1" policy add dir out src 0.0.0.0/0 dst "$2/32" mark $mark mask 0xffffffff \
		priority 100 tmpl proto esp reqid $reqid mode transport ${3:+level use}
}

clean() {
	local host
	for host in a b; do
		xfrm $host state flush
		xfrm $host policy flush
	done
}

# at_once COMMAND...: an experiment with its own policies and SAs.
at_once() {
	clean
	"$@"
	clean
}

server() {
	spawn b "sock-${!#}" nt_sock "$@"
	within 5 begins_line "$work/sock-${!#}.app" listening ||
		fail "nt_sock: $(tail -n 1 "$work/sock-${!#}.app")"
}

# What must not come about is given a second; what must, as long as a slow machine needs.
client() {
	on a nt_sock -t 1 "$@"
}

reaches() {
	on a nt_sock -t 15 "$@"
}

# Questions that the kernel has asked: each has a state without an SPI.
larvals() {
	grep -c 'spi 0x00000000' <<<"$(xfrm "$1" state)"
}

has_larval() {
	(($(larvals "$1") > 0))
}

# Somebody has to listen to the questions of a: without that the kernel does not ask.
listener() {
	spawn a monitor ip xfrm monitor acquire
	nap 0.5
}

# E4: one question for two ports of a host; another reqid asks for itself. E8c: who gets no
# answer fails, and nothing is on the wire, also if nobody listens to the question.
one_question() {
	local n
	requires a "$b4"
	xfrm a policy add dir out src 0.0.0.0/0 dst "$b4/32" mark 0x7800000 mask 0xffffffff \
		priority 100 tmpl proto esp reqid 4712 mode transport
	capture question
	not client -m $mark connect "$b4" "$p0" || fail "connected without SAs"
	(($(larvals a) == 0)) || fail "it asks nobody"
	listener
	client -m $mark connect "$b4" "$p0" >/dev/null &
	not client -m $mark connect "$b4" "$p1" || fail "connected without SAs"
	wait $! && fail "connected without SAs"
	n=$(larvals a)
	((n == 1)) || fail "$n questions for one pair of addresses"
	not client -m 0x7800000 connect "$b4" "$p0" || fail "connected without SAs"
	n=$(larvals a)
	((n == 2)) || fail "another reqid did not ask: $n questions"
	captured_only "udp port 1" # nothing
}

# E4b: an SA for the client's port does not serve a socket that has none yet.
port_in_selector() {
	server -m $mark -i $reqid listen "$p0"
	requires a "$b4"
	requires b "$a4"
	pair $reqid sel src "$a4" dst "$b4" proto tcp sport "$p4"
	not client -m $mark connect "$b4" "$p0" || fail "unbound: it connected"
	reaches -m $mark -b "$p4" connect "$b4" "$p0" || fail "bound: it did not connect"
}

# E5c: ESP is not enough for the socket: it must be of its reqid. E8a: that is whole.
other_reqid() {
	server -m $mark -i $reqid listen "$p0"
	requires a "$b4"
	requires b "$a4"
	pair 4712
	not client -m $mark connect "$b4" "$p0" || leaks "SAs of another reqid will do"
	xfrm a state flush
	xfrm b state flush
	pair
	capture whole
	reaches -m $mark connect "$b4" "$p0" || fail "SAs of its own reqid do not"
	captured_only "ip proto 50"
}

# E8b: a connect waits in the kernel for its SAs, until its SYN goes again.
late_sa() {
	local ms
	server -m $mark -i $reqid listen "$p0"
	requires a "$b4"
	requires b "$a4"
	listener
	spawn a late nt_sock -m $mark -t 15 connect "$b4" "$p0"
	within 5 has_larval a || fail "the kernel did not ask"
	pair
	within 15 begins_line "$work/late.app" connected || fail "$(cat "$work/late.app")"
	ms=$(sed -n 's/^connected //p' "$work/late.app")
	((ms >= 500)) || fail "after $ms ms: it was not held"
}

# E29b, E29c: sockets without a policy of their own take clear and protected packets, until a
# global one requires ESP; E29a: and one of their own would hide that.
global_policy() {
	local port
	server -m $mark listen "$p0"
	server -m $mark -I $reqid listen "$p1"
	reaches connect "$b4" "$p0" || fail "no policy: clear is refused"
	for port in "$p0" "$p1"; do
		xfrm b policy add dir in src "$a4/32" dst "$b4/32" proto tcp dport "$port" \
			priority 100 tmpl proto esp reqid $reqid mode transport
	done
	not client connect "$b4" "$p0" || leaks "the global policy does not count"
	reaches connect "$b4" "$p1" || fail "the policy of the socket does not hide it"
}

# E16, E30: a narrower policy that requires moves a connection that began in clear; when its
# SAs are gone nothing leaves.
upgrade() {
	server -m $mark listen "$p0"
	requires a "$b4" optional
	reaches -m $mark connect "$b4" "$p0" || fail "optional: not clear"
	xfrm a policy update dir out src 0.0.0.0/0 dst "$b4/32" mark $mark mask 0xffffffff \
		priority 100 tmpl proto esp reqid $reqid mode transport
	capture upgrade
	not client -m $mark connect "$b4" "$p0" || leaks "required: clear"
	captured_only "udp port 1" # nothing
}

# E33: who asks for the sockets that live is told of one that is half open, with the mark of its
# listener, and of what is left of one that is closed.
live_sockets() {
	server -m $mark listen "$p0"
	server listen "$p1"
	requires b "$a4"
	not client connect "$b4" "$p0" || leaks "the answer left in clear"
	on b ss -Htne state syn-recv "sport = :$p0" | grep -q "fwmark:$mark" ||
		fail "a half open connection is not shown: $(on b ss -tane)"
	reaches connect "$b4" "$p1" || fail "no connection without the mark"
	on a ss -Htn state time-wait "dport = :$p1" | grep -q . ||
		fail "what is left of a connection is not shown: $(on a ss -tan)"
}

# E34: what comes in is looked up by the mark of the packet, whatever its socket has. Clear packets
# have none: no policy is for those of the sockets of one class.
mark_of_packet() {
	server -m $mark listen "$p0"
	xfrm b policy add dir in src "$a4/32" dst "$b4/32" priority 100 \
		tmpl proto esp reqid $reqid mode transport
	xfrm b policy add dir in src "$a4/32" dst "$b4/32" mark $mark mask 0xffffffff priority 50
	not client connect "$b4" "$p0" || fail "the mark of the socket counts"
	xfrm b policy add dir in src "$a4/32" dst "$b4/32" proto tcp dport "$p0" priority 50
	reaches connect "$b4" "$p0" || fail "the port does not count"
}

# E35: a clear SYN is answered by the SA of its port: that is sent before anybody hears of it.
answer_by_sa() {
	server -m $mark listen "$p0"
	requires b "$a4"
	pair
	capture answer
	reaches connect "$b4" "$p0" || fail "no connection"
	captured_only "(src host $a4 and tcp) or (src host $b4 and ip proto 50)"
	captured_some "src host $a4 and tcp"
	captured_some "src host $b4 and ip proto 50"
}

# E36: what a connection is let be clear for takes protected packets, too, and answers them in
# clear: nobody is told which connection an SA carries.
clear_for_one() {
	server -m $mark listen "$p0"
	requires a "$b4"
	requires b "$a4"
	pair
	xfrm b policy add dir out src "$b4/32" dst "$a4/32" proto tcp sport "$p0" dport "$p4" \
		mark $mark mask 0xffffffff priority 50
	xfrm b policy add dir in src "$a4/32" dst "$b4/32" proto tcp sport "$p4" dport "$p0" \
		priority 50
	capture clear
	reaches -m $mark -b "$p4" connect "$b4" "$p0" || fail "no connection"
	captured_only "(src host $b4 and tcp) or (src host $a4 and ip proto 50)"
	captured_some "src host $b4 and tcp"
	captured_some "src host $a4 and ip proto 50"
}

# E14: what is required of a marked socket's packets and of its socket; and loopback.
loopback() {
	requires a "$a4"
	spawn a sock-lo nt_sock listen "$p0"
	spawn a sock-in nt_sock -m $mark -i $reqid listen "$p1"
	within 5 begins_line "$work/sock-lo.app" listening || fail "no server"
	within 5 begins_line "$work/sock-in.app" listening || fail "no server"
	reaches -m $mark connect "$a4" "$p0" || fail "the mark blocks loopback"
	not client connect "$a4" "$p1" || leaks "the socket takes loopback in clear"
}

# E32: a flush of policies leaves those of sockets. E5b: to them a clear SYN is nothing.
flush_and_sockets() {
	server -m $mark -i $reqid listen "$p0"
	xfrm b policy flush
	not client connect "$b4" "$p0" || leaks "the socket's policy is gone"
}

# E1, E8d: the owner changes nothing; root's mark is another matter (E23).
owner() {
	on a setpriv --reuid nobody --regid nogroup --clear-groups "$apps/nt_sock" -s owner \
		>"$work/owner.app" || fail "$(tail -n 1 "$work/owner.app")"
	[[ $(tr '\n' ' ' <"$work/owner.app") == \
		"policy-in 1 policy-out 1 no-policy 1 mark 1 " ]] ||
		leaks "$(tr '\n' ' ' <"$work/owner.app")"
}

# E13: an IPv6 socket reaches no IPv4 host, in clear or otherwise.
mapped() {
	serve b secure_server "$p0"
	capture mapped
	not on a nt_sock -s -6 -t 2 connect "::ffff:$b4" "$p0" || fail "it connected"
	captured_only "udp port 500"
}

# E13, the other way: a secured IPv6 socket whose program wants IPv4, too, takes it in clear
# no more than IPv6. What a clear socket hears was sent.
mapped_in() {
	spawn b sock-secured nt_sock -s -6 hear "$p0"
	spawn b sock-clear nt_sock -6 hear "$p1"
	within 5 begins_line "$work/sock-secured.app" listening ||
		fail "$(tail -n 1 "$work/sock-secured.app")"
	within 5 begins_line "$work/sock-clear.app" listening || fail "no clear socket"
	on a bash -c "echo first >/dev/udp/$b4/$p0; echo second >/dev/udp/$b4/$p1"
	within 5 begins_line "$work/sock-clear.app" "heard second" || fail "nothing was sent"
	not grep -q heard "$work/sock-secured.app" || leaks "it took IPv4 in clear"
}

# E19: mark and policies go to the child, over exec and setuid.
heirs() {
	server -s listen "$p0"
	capture heirs
	on a nt_sock -s heirs "$b4" "$p0" || fail "the child did not connect"
	captured_only "udp port 500 or ip proto 50"
}

# E22: two classes and a clear socket side by side.
side_by_side() {
	serve b secure_server "$p0"
	serve b secure_server -e "$p1"
	serve b secure_server -c "$p2"
	capture beside
	on a secure_client -t 5 "$b4" "$p0" || fail "the default class failed"
	on a secure_client -e -t 5 "$b4" "$p1" || fail "the encrypting class failed"
	on a secure_client -c -t 5 "$b4" "$p2" || fail "the clear socket failed"
	captured_only "udp port 500 or ip proto 50 or tcp port $p2"
	(($(xfrm a state | grep -o 'reqid [0-9]*' | sort -u | wc -l) == 2)) ||
		fail "not two classes: $(xfrm a state | grep reqid)"
}

topic_begin
hosts_join
try experiment_one_question at_once one_question
try experiment_port_in_selector at_once port_in_selector
try experiment_other_reqid at_once other_reqid
try experiment_late_sa at_once late_sa
try experiment_global_policy at_once global_policy
try experiment_upgrade at_once upgrade
try experiment_live_sockets at_once live_sockets
try experiment_mark_of_packet at_once mark_of_packet
try experiment_answer_by_sa at_once answer_by_sa
try experiment_clear_for_one at_once clear_for_one
try experiment_loopback at_once loopback
try experiment_flush_and_sockets at_once flush_and_sockets
both_daemons experiments
try experiment_owner owner
try experiment_mapped mapped
try experiment_mapped_in mapped_in
try experiment_heirs heirs
try experiment_side_by_side side_by_side
