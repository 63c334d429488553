#!/bin/bash
# The main job, visibly working: two hosts, one call in each program, ESP on the wire.
# Two network namespaces, a throw-away CA, a daemon on each side. Leaves nothing behind.
set -euo pipefail

builddir=$(cd "${builddir:-.}" && pwd)
examples=$builddir/doc/examples
tag=demo$$
dir=$(mktemp -d "/tmp/authipd-$tag.XXXXXX")
pids=()
clear_port=7000 null_port=7001 secret_port=7002 udp_port=7003 stock_port=7004
null_udp_port=7005

cleanup() {
	local p
	set +e
	for p in "${pids[@]}"; do kill "$p" 2>/dev/null; done
	for p in "${pids[@]}"; do wait "$p" 2>/dev/null; done
	ip netns del "$tag-a" 2>/dev/null
	ip netns del "$tag-b" 2>/dev/null
	rm -rf "$dir"
}
trap cleanup EXIT

title() {
	printf '\n=== %s\n' "$*"
}

fail() {
	printf 'demo: FAILED: %s\n' "$*" >&2
	tail -n 20 "$dir"/*.log >&2
	exit 1
}

# in_ns a|b COMMAND...: runs on that host, its programs talking to its daemon
in_ns() {
	local host=$1
	shift
	AUTHIPD_RUN_DIR=$dir/run-$host ip netns exec "$tag-$host" "$@"
}

# start a|b LOG COMMAND...: the same in the background; its number is then in $started
start() {
	local host=$1 log=$2
	shift 2
	: >"$dir/$log" # who waits for a word in it must not find that of an earlier program
	env AUTHIPD_RUN_DIR="$dir/run-$host" ip netns exec "$tag-$host" "$@" >"$dir/$log" 2>&1 &
	started=$!
	pids+=("$started")
}

# wait_for SECONDS COMMAND...
wait_for() {
	local n=$(($1 * 20))
	shift
	while ! "$@" >/dev/null 2>&1; do
		n=$((n - 1))
		[ "$n" -gt 0 ] || return 1
		sleep 0.05
	done
}

make_hosts() {
	local host
	for host in a b; do
		ip netns add "$tag-$host"
		ip -n "$tag-$host" link set lo up
	done
	ip link add veth0 netns "$tag-a" type veth peer name veth0 netns "$tag-b"
	ip -n "$tag-a" addr add 192.0.2.1/24 dev veth0
	ip -n "$tag-b" addr add 192.0.2.2/24 dev veth0
	ip -n "$tag-a" addr add 2001:db8::1/64 dev veth0 nodad
	ip -n "$tag-b" addr add 2001:db8::2/64 dev veth0 nodad
	for host in a b; do
		ip -n "$tag-$host" link set veth0 up
		# shellcheck disable=SC2016 # expands in the namespace
		in_ns "$host" sh -c \
			'for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >"$f"; done'
	done
	wait_for 5 neighbours || fail "the hosts do not find each other"
}

# A fresh link loses the first question for a neighbour: no matter of IPsec.
neighbours() {
	in_ns a bash -c ': >/dev/udp/192.0.2.2/9 && echo >/dev/udp/2001:db8::2/9'
	sleep 0.1
	ip -n "$tag-a" neigh show 2001:db8::2 | grep -q lladdr
}

# make_cert NAME CA: a host certificate
make_cert() {
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1.example" \
		-keyout "$dir/$1.key" -out "$dir/$1.csr" 2>/dev/null
	openssl x509 -req -in "$dir/$1.csr" -CA "$dir/$2.pem" -CAkey "$dir/$2.key" \
		-CAcreateserial -days 2 -out "$dir/$1.pem" 2>/dev/null
}

make_ca() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
		-subj "/CN=$1" -keyout "$dir/$1.key" -out "$dir/$1.pem" 2>/dev/null
}

# start_daemon HOST CERTIFICATE
start_daemon() {
	local host=$1
	cat >"$dir/$host.conf" <<-CONF
		trust = "$dir/ca.pem"
		credentials { certificate = "$dir/$2.pem"  key = "$dir/$2.key" }
	CONF
	start "$host" "authipd-$host.log" "$builddir/authipd" -f -c "$dir/$host.conf" \
		--run-dir "$dir/run-$host"
	daemon_pid=$started
	wait_for 15 grep -q ' ready: ' "$dir/authipd-$host.log" || fail "authipd on $host"
}

start_servers() {
	start b server-null.log "$examples/secure_server" "$null_port"
	start b server-null6.log "$examples/secure_server" -6 "$null_port"
	start b server-secret.log "$examples/secure_server" -e "$secret_port"
	start b server-secret6.log "$examples/secure_server" -6 -e "$secret_port"
	start b server-clear.log "$examples/secure_server" -c "$clear_port"
	start b server-udp.log "$examples/secure_udp" -e -l "$udp_port"
	start b server-udp6.log "$examples/secure_udp" -6 -e -l "$udp_port"
	start b server-null-udp.log "$examples/secure_udp" -l "$null_udp_port"
	wait_for 5 sh -c "ip netns exec $tag-b ss -lnt | grep -c ':70' | grep -q 5" ||
		fail "servers do not listen"
	wait_for 5 sh -c "ip netns exec $tag-b ss -lnu | grep -c ':70' | grep -q 3" ||
		fail "the UDP servers do not listen"
}

capture_start() {
	rm -f "$dir/wire.pcap"
	start b tcpdump.log tcpdump --immediate-mode -U -Z root -i veth0 -w "$dir/wire.pcap" \
		'not icmp6 and not ip6[6] = 0'
	capture_pid=$started
	wait_for 5 grep -q 'listening on' "$dir/tcpdump.log" || fail "tcpdump"
}

# Ends it when nothing came for a while.
capture_stop() {
	local size=-1
	while [ "$size" != "$(stat -c %s "$dir/wire.pcap")" ]; do
		size=$(stat -c %s "$dir/wire.pcap")
		sleep 0.3
	done
	kill "$capture_pid"
	wait "$capture_pid" 2>/dev/null || true
}

# Lines of the capture that are neither ESP nor IKE (multicast reports of the kernel apart).
wire_in_clear() {
	tcpdump -n -r "$dir/wire.pcap" 'not (ip proto 50 or ip6 proto 50 or udp port 500 or arp)' \
		2>/dev/null
}

wire_has_esp() {
	[ -n "$(tcpdump -n -r "$dir/wire.pcap" 'ip proto 50 or ip6 proto 50' 2>/dev/null)" ] ||
		fail "there is no ESP in the capture"
}

show_wire() {
	tcpdump -n -t -c "$1" -r "$dir/wire.pcap" 2>/dev/null
}

wire_has_text() {
	grep -q "$1" "$dir/wire.pcap"
}

# The state of both ends
show_status() {
	local host
	for host in a b; do
		title "authipctl status on host $host"
		in_ns "$host" "$builddir/authipctl" --run-dir "$dir/run-$host" status |
			tee "$dir/status.log"
		grep -q Established "$dir/status.log" || fail "no main mode on host $host"
		grep -q esp-auth-cipher "$dir/status.log" || fail "no quick mode that encrypts"
	done
}

# only_esp TEXT READABLE: nothing but IKE and ESP was captured, and the words are (not) in it
only_esp() {
	capture_stop
	wire_has_esp
	[ -z "$(wire_in_clear)" ] || fail "something that is neither ESP nor IKE was sent"
	if wire_has_text "$1"; then
		[ "$2" = readable ] || fail "the words are readable on the wire"
	else
		[ "$2" = secret ] || fail "ESP without encryption was expected"
	fi
}

# client PATTERN ARGUMENT...: it says how long connect() took, negotiation included
client() {
	in_ns a "$examples/secure_client" "$@" | tee "$dir/client.log" || return 1
	grep -q 'connected in [0-9.]* ms' "$dir/client.log" ||
		fail "no time from connect() to connected"
}

part_secret() {
	title "1. WSASetSocketSecurity with SOCKET_SETTINGS_GUARANTEE_ENCRYPTION, TCP"
	capture_start
	echo "over IPv4, then IPv6: how long connect() took with its negotiation, and the echo:"
	client -e 192.0.2.2 "$secret_port" plain-words-1 || fail "encrypted TCP over IPv4"
	client -e 2001:db8::2 "$secret_port" plain-words-1 || fail "encrypted TCP over IPv6"
	only_esp plain-words-1 secret
	echo "tcpdump on host b saw:"
	show_wire 20
	echo "only IKE and ESP; the words are nowhere in the capture"
}

part_null() {
	title "2. WSASetSocketSecurity(s, NULL, 0, NULL, NULL): the default policy, TCP"
	capture_start
	echo "the same, and the end of the capture:"
	client 192.0.2.2 "$null_port" plain-words-2 || fail "default TCP over IPv4"
	client 2001:db8::2 "$null_port" plain-words-2 || fail "default TCP over IPv6"
	only_esp plain-words-2 readable
	show_wire 30 | tail -n 8
	echo "only IKE and ESP, authenticated, but READABLE: Windows' default policy prefers ESP"
	echo "without encryption; programs that need secrecy ask for GUARANTEE_ENCRYPTION"
	echo "again, now that the SA exists:"
	client 2001:db8::2 "$null_port" warm || fail "second connection"
}

part_udp() {
	title "3. UDP, guaranteed encryption and NULL settings"
	capture_start
	echo "the echo of an encrypted datagram over IPv4, then IPv6, and of one with NULL settings:"
	in_ns a "$examples/secure_udp" -e 192.0.2.2 "$udp_port" plain-words-3 ||
		fail "UDP over IPv4"
	in_ns a "$examples/secure_udp" -e 2001:db8::2 "$udp_port" plain-words-3 ||
		fail "UDP over IPv6"
	only_esp plain-words-3 secret
	capture_start
	in_ns a "$examples/secure_udp" 192.0.2.2 "$null_udp_port" plain-words-3 ||
		fail "UDP with NULL settings"
	only_esp plain-words-3 readable
	echo "only IKE and ESP"
}

# A program that knows nothing of IPsec: start or in_ns HOST ... "${stock[@]}" COMMAND...
stock=(env "AUTHIP_RUN_LIBRARY=$builddir/winsock/run/.libs/libauthiprun.so"
	"LD_LIBRARY_PATH=$builddir/winsock/.libs"
	"$builddir/winsock/run/authip-run" --require-encryption --)

part_stock() {
	title "4. Stock programs: authip-run --require-encryption -- curl, and busybox httpd"
	mkdir "$dir/www"
	echo plain-words-4 >"$dir/www/page"
	start b httpd.log "${stock[@]}" busybox httpd -f -p "192.0.2.2:$stock_port" -h "$dir/www"
	wait_for 5 sh -c "ip netns exec $tag-b ss -lnt | grep -q ':$stock_port'" ||
		fail "httpd does not listen"
	capture_start
	echo "curl gets the page:"
	in_ns a "${stock[@]}" curl -sS -m 20 "http://192.0.2.2:$stock_port/page" || fail "curl"
	only_esp plain-words-4 secret
	echo "only IKE and ESP, encrypted; curl without authip-run:"
	if in_ns a curl -sS -m 2 "http://192.0.2.2:$stock_port/page"; then
		fail "a clear curl got through"
	fi
}

part_refused() {
	title "5. A client that does not secure its socket is refused"
	if in_ns a "$examples/secure_client" -c -t 2 192.0.2.2 "$null_port" hello; then
		fail "a clear client got through"
	fi
	echo "(the same client and an unsecured server, for comparison:)"
	in_ns a "$examples/secure_client" -c -t 2 192.0.2.2 "$clear_port" hello ||
		fail "the network itself does not work"
}

part_stranger() {
	title "6. A peer with a certificate of another CA is refused"
	kill "$daemon_pid"
	wait "$daemon_pid" 2>/dev/null || true
	start_daemon a stranger
	if in_ns a "$examples/secure_client" -t 10 192.0.2.2 "$null_port" hello; then
		fail "the stranger got through"
	fi
	grep -q 'negotiation-failed.*stranger' "$dir/authipd-b.log" ||
		fail "the log does not name the stranger"
	echo "host b's log says why:"
	grep 'negotiation-failed.*stranger' "$dir/authipd-b.log" | tail -n 1
}

title "0. two hosts (network namespaces), a CA, a daemon on each"
make_hosts
make_ca ca
make_ca other-ca
make_cert host-a ca
make_cert host-b ca
make_cert stranger other-ca
start_daemon b host-b
start_daemon a host-a
start_servers
grep ' ready: ' "$dir/authipd-a.log"
part_secret
part_null
part_udp
part_stock
show_status
part_refused
part_stranger
title "done: everything worked; the namespaces, daemons and keys are gone"
