# shellcheck shell=bash disable=SC2154,SC2034 # of tests/netns/lib.sh, and for it
# authipd on host a against a foreign IKEv1 daemon on host b, in a guest of user-mode-linux:
# what a case of the suite is made of. The peer's functions are in strongswan.sh and
# libreswan.sh; all of them read the options of the case in v.

# From run.sh: peers (the unpacked programs), evidence (a folder of the host).
: "${peers:?run this with run.sh}" "${evidence:?run this with run.sh}"
peer_host=b
interop=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# fill FILE NAME VALUE...: the file with each @NAME@ replaced.
fill() {
	local file=$1 commands=()
	shift
	while (($# > 1)); do
		commands+=(-e "s|@$1@|$2|g")
		shift 2
	done
	sed "${commands[@]}" "$file"
}

# What a case may change; main and quick are words of authipd.conf.
declare -A v
case_options() {
	v=(
		[auth]=psk [main]=aes128-sha1-ecp256 [quick]=esp-aes128-sha1 [pfs]=none
		[family]=4 [secret]=not-a-good-secret-but-long-enough [peer_secret]=""
		[cert]=rb [ca]=ca [peer_remote_name]=ra.test [own_cert]=ra
		[main_s]=3600 [quick_s]=3600 [quick_kb]=0 [dpd]=0 [dpd_timeout]=10 [grace_s]=60
		[peer_main]="" [peer_quick]="" [patience]=20 [main_rekey_s]=0 [quick_rekey_s]=0
		[backend]=${backend:-plane} [keying]=ikev1 [encap]=no [keys]=no
	)
	while (($# > 1)); do
		v[$1]=$2
		shift 2
	done
	# The peer's address and authipd's, each with what the other one sees and says of it.
	v[local]=$(ip_of b "${v[family]}") v[remote]=$(ip_of a "${v[family]}")
	v[seen]=${v[local]} v[remote_id]=${v[remote]}
	case $behind_nat in
	a) v[remote]=$outside v[remote_id]=$inside ;;
	b) v[seen]=$outside v[local]=$inside ;;
	esac
	: "${v[peer_main]:=${v[main]}}" "${v[peer_quick]:=${v[quick]}}"
	: "${v[peer_secret]:=${v[secret]}}"
}

# The configuration of authipd: its own, and beside it what the peer needs.
authipd_config() {
	local methods="\"ikev1-${v[auth]}\""
	[[ ${v[keying]} != both ]] || methods="\"tls\", $methods"
	(umask 077 && printf '%s\n' "${v[secret]}" >"$work/a.psk")
	fill "$interop/conf/authipd.conf" BACKEND "${v[backend]}" PKI "$pki" \
		CERT "${v[own_cert]}" PEER "${v[seen]}" PSK "$work/a.psk" METHODS "$methods" KEYING "${v[keying]}" \
		MAIN "${v[main]}" MAIN_LIFE "${v[main_s]}" QUICK "${v[quick]}" PFS "${v[pfs]}" \
		QUICK_LIFE "${v[quick_s]}" QUICK_KB "${v[quick_kb]}" GRACE "${v[grace_s]}" >"$work/a.conf"
}

# begin [OPTION VALUE]...: both daemons are ready, and nothing is negotiated.
begin() {
	case_options "$@"
	authipd_config
	peer_load
	daemon_start a
	capture "$current"
	[[ ${v[keys]} == no ]] || keylog_start "$evidence/$peer_word-$current.keys"
}

# What tshark needs to read the capture (run.sh).
keylog_start() {
	mkdir -p "$1"
	on a "$builddir/authipctl" --run-dir "$work/a.run" keylog --dir "$1" \
		>"$work/keylog.app" 2>&1 &
	sleep 0.5
	is_alive $! || fail "no key log: $(cat "$work/keylog.app")"
}

# Which host is behind the NAT, with which address, and the one that the other host sees.
behind_nat="" inside=10.98.0.2 outside=10.99.0.3

# hosts_part_by_nat HOST: it goes behind a router that masquerades, the other one stays. Hosts
# of a guest have no nftables for IP, but the older tables: fetch.sh has their program.
hosts_part_by_nat() {
	local other=b other_ip=$b4 router=10.98.0.1
	behind_nat=$1
	[[ $1 == a ]] || other=a other_ip=$a4
	command -v iptables-legacy >/dev/null || cp -a "$peers/iptables/usr" /
	ip -n "${ns}a" link delete eth0
	ip -n "${ns}b" link delete eth0 2>/dev/null # it went with that of a, or leads to a router
	[[ ! -e /run/netns/${ns}r ]] || ip netns delete "${ns}r"
	host_add r
	ip netns exec "${ns}r" sysctl -qw net.ipv4.ip_forward=1
	ip -n "$ns$1" link add eth0 type veth peer name eth0 netns "${ns}r"
	ip -n "$ns$other" link add eth0 type veth peer name eth1 netns "${ns}r"
	link_up "$1" eth0 1500 "$inside/24"
	link_up r eth0 1500 "$router/24"
	link_up r eth1 1500 "$outside/24"
	link_up "$other" eth0 1500 "$other_ip/24"
	ip -n "$ns$1" route add default via "$router"
	# Left alone it maps port 500 to any below 512, and tshark reads what comes from 67 or 68 as
	# DHCP, malformed.
	ip netns exec "${ns}r" iptables-legacy -t nat -A POSTROUTING -o eth1 -p udp \
		-j MASQUERADE --random --to-ports 20000-59999 ||
		echo "FAIL nat_start: iptables: status $?"
	peer_listen
}

# both_up HOW: both ends have both phases, by their own word.
both_up() {
	within 5 peer_is_up || fail "$peer_name has no SAs after authipd $1: $(peer_last)"
	within 5 has_more a || fail "authipd has no quick mode after it $1"
}

# Those that carry traffic: others are still being negotiated.
usable_quick_modes() {
	ctl a status --json | grep -c '"usable": *true'
}

# modes PATTERN: how many main or quick modes of authipd's status match it.
modes() {
	ctl a status --json | tr -d ' \n' | grep -oE "$1" | wc -l
}

# Main modes in which authipd has this role; none: either.
main_modes() {
	modes '"role":"'"${1:-[a-z]*}"'","state":"Established"'
}

has_more() {
	(($(usable_quick_modes) > 0))
}

has_none() {
	(($(usable_quick_modes) == 0))
}

# The same SAs at both ends, by the word of both: SPIs of pairs, cookies of main modes.
both_agree() {
	[[ $(spis) == "$(own_spis)" && $(peer_cookies) == "$(own_cookies)" ]]
}

spis() {
	ip -n "${ns}b" xfrm state | awk '$1 == "proto" { print $4 }' | sort
}

own_spis() {
	ctl a status --json | sed -n 's/.*"spi_\(in\|out\)": *"\([0-9a-f]*\)".*/0x\2/p' | sort
}

own_cookies() {
	ctl a status --json | sed -n 's/.*"initiator_cookie": *"\([0-9a-f]*\)".*/\1/p' | sort
}

both_down() {
	within "${1:-10}" peer_is_down || fail "$peer_name still has its SAs: $(peer_last)"
	within "${1:-10}" has_none || fail "authipd still has its quick mode"
}

peer_last() {
	peer_log | grep -v '^$' | tail -n 1
}

# talk FROM TO PORT: a line there and back, through whatever protects the two hosts.
talk() {
	serve "$2" secure_server -c "-${v[family]}" "$3"
	talk_again "$@"
}

talk_again() {
	local to
	to=$(ip_of "$2" "${v[family]}")
	on "$1" secure_client -c -t "${v[patience]}" "$to" "$3" there-and-back \
		>"$work/client.app" 2>&1
}

client_last() {
	tail -n 1 "$work/client.app"
	grep -E 'warning|error' "$work/a.log" | tail -n 1
}

# Only IKE and the protocol of the case were on the wire.
wire_is_protected() {
	local ip=ip protocol=50
	[[ ${v[quick]} != ah-* ]] || protocol=51
	[[ ${v[family]} == 4 ]] || ip=ip6
	captured_only "udp port 500 or $ip proto $protocol${peer_clear:+ or $peer_clear}"
	captured_some "$ip proto $protocol"
}

# Keeps the capture for tshark, which is too slow in a guest.
keep_capture() {
	capture_stop
	[[ ! -s $work/$current.pcap ]] || cp "$work/$current.pcap" "$evidence/$peer_word-$current.pcap"
}

# In place of that of tests/netns: the peer's daemon serves all cases.
end_apps() {
	local host p
	for host in a b; do
		for p in $(ip netns pids "$ns$host" 2>/dev/null); do
			[[ $p != "$(cat "$work/peer.pid" 2>/dev/null)" ]] || continue
			case $(tr '\0' ' ' 2>/dev/null <"/proc/$p/cmdline") in
			authipd\ * | "$builddir"/authipd\ * | tcpdump\ *) ;;
			*) kill -9 "$p" 2>/dev/null ;;
			esac
		done
	done
}

# each NAME FUNCTION [OPTION VALUE]...: one case, from daemons to no daemons.
each() {
	current=$1
	try "$1" "${@:2}"
}

# What every case ends with, whatever its result.
case_end() {
	keep_capture
	daemons_kill
	peer_delete
	tc -n "${ns}a" qdisc delete dev eth0 root
	tc -n "${ns}b" qdisc delete dev eth0 root
	ip -n "${ns}b" xfrm state flush
	ip -n "${ns}b" xfrm policy flush
	ip -n "${ns}a" xfrm state flush
	ip -n "${ns}a" xfrm policy flush
} >/dev/null 2>&1

# rsa_host AUTHORITY NAME: a certificate for RSA signatures; pki_host makes EC ones.
rsa_host() {
	openssl req -newkey rsa:2048 -nodes -subj "/CN=$2.test" \
		-keyout "$pki/$2.key" -out "$pki/$2.csr" 2>/dev/null &&
		openssl x509 -req -in "$pki/$2.csr" -CA "$pki/$1.pem" -CAkey "$pki/$1.key" \
			-CAcreateserial -days 2 -out "$pki/$2.pem" 2>/dev/null
}

interop_begin() {
	topic_begin
	hosts_join
	rsa_host ca ra && rsa_host ca rb && rsa_host other-ca rstranger || exit 1
	case_options
	peer_install
	(peer_start) || {
		echo "FAIL ${peer_word}_start: $(cat "$work/why")"
		exit 1
	}
	each_case=case_end
}
