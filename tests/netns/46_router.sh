#!/bin/bash
# A host with rules that is a router, too: they are for its own traffic, not for what it forwards.
# shellcheck source=lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"

secret=attack-at-dawn-attack-at-dawn
inside=10.98.0.1
outside=10.99.0.3
inside6=fd00:98::1
outside6=fd00:99::3

# Client a, router r, server b.
hosts_join_forwarding() {
	host_add a && host_add b && host_add r
	ip netns exec "${ns}r" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	ip -n "${ns}a" link add eth0 type veth peer name eth0 netns "${ns}r" || exit 1
	ip -n "${ns}b" link add eth0 type veth peer name eth1 netns "${ns}r" || exit 1
	link_up a eth0 1500 10.98.0.2/24 fd00:98::2/64
	link_up r eth0 1500 "$inside/24" "$inside6/64"
	link_up r eth1 1500 "$outside/24" "$outside6/64"
	link_up b eth0 1500 "$b4/24" "$b6/64"
	ip -n "${ns}a" route add default via "$inside"
	ip -n "${ns}a" route add default via "$inside6"
	ip -n "${ns}b" route add 10.98.0.0/24 via "$outside"
	ip -n "${ns}b" route add fd00:98::/64 via "$outside6"
}

# HOST CERTIFICATE
start() {
	config "$1" "" "$2"
	cat >>"$work/$1.conf" <<-END
		rule "all4" { remote = 10.99.0.0/24 action = require-in-out }
		rule "all6" { remote = "fd00:99::/64" action = require-in-out }
	END
	daemon_start "$1"
}

# The kernel's IPsec leaves it out by nftables.
needs_exemption() {
	[[ ${backend:-plane} == plane ]] || on r nft list chain inet authipd passing >/dev/null 2>&1 ||
		skip "no nftables here: rules select what is forwarded, too"
}

# A socket of the router's that allows clear text has the same port: it is not addressed.
forwarded() {
	local v
	start r a
	needs_exemption
	for v in 4 6; do
		serve b secure_server -c "-$v" "$p0"
		serve r secure_server -i "-$v" "$p0"
		on a secure_client -c -t $((5 * patience)) "$(ip_of b $v)" "$p0" ||
			fail "the router has not let it through (IPv$v)"
		end_apps
	done
	not has_log r "main-mode-started" || fail "it negotiates for others"
}

# Nothing that it says itself, or hears.
own() {
	start r a
	serve b secure_server -c "$p0"
	serve r secure_server -c "$p1"
	capture own b
	not on r secure_client -c -t 2 "$b4" "$p0" "$secret" || leaks "the server was reached"
	not on b secure_client -c -t 2 "$outside" "$p1" "$secret" || leaks "the router was reached"
	(($(captured "tcp and src host $outside") == 0)) || leaks "it speaks in clear"
}

masquerade() {
	ip netns exec "${ns}r" nft -f - <<-END
		table ip nat {
			chain postrouting {
				type nat hook postrouting priority 100;
				oifname "eth1" masquerade
			}
		}
	END
}

# What leaves as if it came from the router is its own traffic.
masqueraded() {
	[[ ${backend:-plane} == kernel ]] || skip "not in the plane: it sees what its host begins only"
	start r a
	needs_exemption
	start b b
	serve b secure_server -c "$p0"
	masquerade || fail "nft masquerade"
	capture masqueraded b
	within 10 on a secure_client -c -t 5 "$b4" "$p0" "$secret" || fail "not through the router's SA"
	captured_only "udp port 500 or ip proto 50"
	captured_some "ip proto 50"
	ip netns exec "${ns}r" nft delete table ip nat
}

each_case=daemons_kill
stock="router_forwards router_masquerades"
topic_begin
hosts_join_forwarding
try router_forwards forwarded
try router_own own
try router_masquerades masqueraded
