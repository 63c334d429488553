#!/bin/bash
# Two clients behind a router that masquerades, and a server in front of it.
# shellcheck source=lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"

inside=10.98.0.1
outside=10.99.0.3

# Clients a and c, router r, server b. Each new mapping gets a random port.
hosts_join_nat() {
	local host n=2
	host_add a && host_add b && host_add c && host_add r
	ip netns exec "${ns}r" sysctl -qw net.ipv4.ip_forward=1
	ip -n "${ns}r" link add br0 type bridge
	link_up r br0 1500 "$inside/24"
	for host in a c; do
		ip -n "$ns$host" link add eth0 type veth peer name "to$host" netns "${ns}r" ||
			exit 1
		link_up "$host" eth0 1500 "10.98.0.$n/24"
		ip -n "${ns}r" link set "to$host" master br0 up
		ip -n "$ns$host" route add default via "$inside"
		n=$((n + 1))
	done
	ip -n "${ns}b" link add eth0 type veth peer name eth1 netns "${ns}r" || exit 1
	link_up b eth0 1500 "$b4/24"
	link_up r eth1 1500 "$outside/24"
	masquerade
}

# The server knows nothing of the network inside. The kernels of guests have no families of
# nftables.
masquerade() {
	if [[ ${backend:-plane} == kernel ]]; then
		ip netns exec "${ns}r" iptables-legacy -t nat -A POSTROUTING -o eth1 -j MASQUERADE \
			--random
		return
	fi
	ip netns exec "${ns}r" nft -f - <<-END
		table ip nat {
			chain postrouting {
				type nat hook postrouting priority 100;
				oifname "eth1" masquerade random
			}
		}
	END
}

# mapping_lives SECONDS
mapping_lives() {
	ip netns exec "${ns}r" sysctl -qw net.netfilter.nf_conntrack_udp_timeout="$1" \
		net.netfilter.nf_conntrack_udp_timeout_stream="$1"
}

# Only the two IKE ports, and ESP in UDP, go over the wire of the server.
wire_is_udp() {
	captured_only "udp port 500 or udp port 4500"
	captured_some "udp port 4500 and udp[8:4] == 0"
	captured_some "udp port 4500 and udp[8:4] != 0"
}

tcp_case() {
	forget
	capture tcp b
	# shellcheck disable=SC2086
	serve b secure_server $1 "$p0"
	# shellcheck disable=SC2086
	on a secure_client $1 -t 5 "$b4" "$p0" through-the-nat || fail "the client failed"
	wire_is_udp
	ctl a status --json | grep -q '"nat": *true' || fail "status of a: no NAT"
	ctl b status --json | grep -q '"nat": *true' || fail "status of b: no NAT"
}

udp_case() {
	forget
	capture udp b
	serve b secure_udp -l "$p1"
	on a secure_udp -t 5 "$b4" "$p1" through-the-nat || fail "the client failed"
	wire_is_udp
}

# clear_flows HOST KEY
clear_flows() {
	ctl "$1" status --json | sed -n "/clear_flows/,/}/s/.*\"$2\": \([0-9]*\).*/\1/p"
}

counts_peer_nat() {
	(($(clear_flows a peer_nat) > 0))
}

# A peer with boundary behind a NAT: there is an SA, and what was not secured stays in clear, as
# MS-IKEE 3.7.4.1 has it. Who takes no clear text is protected all the same. What counts is why a
# flow was clear at first: a datagram that comes after its pair is clear for the NAT alone.
boundary_case() {
	local port
	forget
	capture boundary b
	serve b secure_server -i "$p0"
	talk_start a -i "$b4" "$p0"
	say first-line-of-the-talk
	within 10 has_pair a tcp || fail "no SA"
	within 10 has_pair b tcp || fail "no SA at the peer"
	say second-line-of-the-talk
	on a secure_client -i -t 5 "$b4" "$p0" another-connection || fail "another one failed"
	port=$(on a ss -Htn state established dport = :"$p0" | sed -n 's/.*:\([0-9]*\) .*/\1/p' |
		head -n 1)
	ctl a explain --to "$b4" --proto tcp --port "$p0" --local-port "${port:-1}" --json |
		grep -q '"flow": "clear"' || fail "explain does not say why"
	serve b secure_udp -i -l "$p1"
	talk_start a -ui "$b4" "$p1"
	within 10 has_pair a udp || fail "no SA for UDP"
	say a-datagram-after-its-pair
	within 5 counts_peer_nat || fail "not counted: $(ctl a status)"
	captured_only "udp port 500 or udp port 4500 or tcp port $p0 or udp port $p1 or icmp"
	(($(captured "udp port 4500 and udp[8:4] != 0") == 0)) || fail "it went in ESP"
	capture protected b
	on a secure_client -e -t 5 "$b4" "$p0" never-in-clear || fail "the secured client failed"
	captured_some "udp port 4500 and udp[8:4] != 0"
	not grep -qa never-in-clear "$capture" || fail "it was readable"
}

# More than one packet's worth, both ways.
bulk_case() {
	serve b secure_server -e "$p0"
	talk_start a -e "$b4" "$p0"
	for _ in 1 2 3 4 5 6 7 8; do
		say "$(head -c 900 /dev/zero | tr '\0' x)"
	done
}

two_clients() {
	forget
	serve b secure_server "$p0"
	on a nt_stream many "$b4" "$p0" 10 >"$work/many1.app" 2>&1 &
	on c nt_stream many "$b4" "$p0" 10 || fail "client c failed"
	wait $! || fail "client a: $(tail -n 1 "$work/many1.app")"
	(($(count b "main mode SAs") >= 2)) || fail "there are not two main modes"
}

rebinding() {
	forget
	mapping_lives 1
	capture rebind b
	serve b secure_server -e "$p0"
	talk_start a -e "$b4" "$p0"
	say before
	sleep 4
	say after
	sleep 4
	say again
	mapping_lives 120
	capture_stop
	(($(tcpdump -nr "$capture" "src host $outside and udp dst port 4500" 2>/dev/null |
		awk '{ print $3 }' | sort -u | wc -l) > 1)) || fail "the NAT did not rebind"
}

# The mapping would be gone after 25 s without a packet.
keepalive() {
	forget
	mapping_lives 25
	serve b secure_server -e "$p0"
	capture keep b
	talk_start a -e "$b4" "$p0"
	say before
	sleep 32
	say after
	mapping_lives 120
	captured_some "src host $outside and udp dst port 4500 and udp[4:2] == 9 and udp[8] == 255"
	(($(counter a plane_nat_keepalive) > 0)) || fail "no keepalive was counted"
}

# Datagrams to the port that are nothing: the daemon lives on.
garbage() {
	local n
	for n in 0 1 2 3 4 5 6 7 8 9; do
		on a bash -c "head -c $n /dev/zero >/dev/udp/$b4/4500"
		on a bash -c "head -c $n /dev/urandom >/dev/udp/$b4/4500"
	done
	tcp_case ""
}

# The pair of a client's connection ends, unused. The server could negotiate no other one.
push_case() {
	daemon_stop a
	config a 'proposal "esp-aes128-sha1" {} idle = 2'
	daemon_start a
	push_start b -d a
	within 10 grep -q "quick mode deleted" "$work/b.log" || fail "the pair does not end"
	push second
}

topic_begin
command -v nft >/dev/null || {
	sed -n 's/^try \([a-z0-9_]*\) .*/skip \1: there is no program nft/p' "${BASH_SOURCE[0]}"
	exit 0
}
hosts_join_nat
config a
config b
config c "" a
(daemon_start a && daemon_start b && daemon_start c) ||
	{ echo "FAIL nat_start: $(cat "$work/why")"; exit 1; }
try nat_tcp tcp_case ""
try nat_tcp_encrypted tcp_case -e
try nat_udp udp_case
try nat_boundary boundary_case
try nat_bulk bulk_case
try nat_two_clients two_clients
try nat_rebinding rebinding
try nat_keepalive keepalive
try nat_garbage garbage
try nat_idle_then_push push_case
