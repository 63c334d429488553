# shellcheck shell=bash disable=SC2154,SC2034 # of tests/netns/lib.sh, and for it
# strongSwan on a host of a guest: the functions that every peer has. See lib.sh.

peer_name=strongSwan
peer_clear=

peer_install() {
	cp -a "$peers/strongswan/usr" "$peers/strongswan/etc" /
	mkdir -p /etc/swanctl/{x509,x509ca,private} /run
	fill "$interop/conf/strongswan.conf" LOG "$work/peer.log" >/etc/strongswan.conf
}

# peer_start: its daemon; what it serves comes with peer_load.
peer_start() {
	: >>"$work/peer.log"
	setsid ip netns exec "$ns$peer_host" /usr/sbin/charon-systemd </dev/null \
		>"$work/peer.out" 2>&1 &
	echo $! >"$work/peer.pid"
	within 20 test -S /run/charon.vici || fail "strongSwan does not start: $(tail -n 1 "$work/peer.out")"
}

swanctl() {
	timeout 30 ip netns exec "$ns$peer_host" /usr/sbin/swanctl "$@"
}

# strongSwan's word for one of authipd.conf: esp-aes128-gcm is aes128gcm16.
suite_word() {
	local s=${1#*-}
	printf '%s' "${s/-gcm/gcm16}"
}

peer_load() {
	local form=psk pfs=
	[[ ${v[auth]} == psk ]] || form=cert
	[[ ${v[pfs]} == none ]] || pfs=-${v[pfs]}
	rm -f /etc/swanctl/{x509,x509ca,private}/*
	if [[ $form == cert ]]; then
		cp "$pki/${v[cert]}.pem" /etc/swanctl/x509/
		cp "$pki/${v[cert]}.key" /etc/swanctl/private/
		cp "$pki/${v[ca]}.pem" /etc/swanctl/x509ca/
	fi
	fill "$interop/conf/swanctl-$form.conf" LOCAL "${v[local]}" REMOTE "${v[remote]}" \
		REMOTE_ID "${v[remote_id]}" \
		IKE "${v[peer_main]}" PROTOCOL "${v[peer_quick]%%-*}" \
		SUITE "$(suite_word "${v[peer_quick]}")$pfs" SECRET "${v[peer_secret]}" \
		DPD "${v[dpd]}s" DPD_TIMEOUT "${v[dpd_timeout]}s" REKEY "${v[quick_rekey_s]}s" IKE_REKEY "${v[main_rekey_s]}s" \
		CERT "${v[cert]}" CA "${v[ca]}" REMOTE_NAME "${v[peer_remote_name]}" \
		>/etc/swanctl/swanctl.conf
	swanctl --load-all >"$work/load.out" 2>&1 ||
		fail "strongSwan does not take its configuration: $(tail -n 1 "$work/load.out")"
}

# Addresses that came later: it sees them itself.
peer_listen() {
	:
}

# peer_initiate: true when the peer has both phases.
peer_initiate() {
	swanctl --initiate --child traffic --timeout 15 >"$work/initiate.out" 2>&1
}

# The peer's own word: state of phase 1 and of phase 2.
peer_status() {
	swanctl --list-sas 2>&1
}

peer_is_up() {
	peer_status >"$work/status.out"
	grep -q 'ESTABLISHED' "$work/status.out" && grep -q 'INSTALLED' "$work/status.out"
}

peer_is_down() {
	! peer_status | grep -q INSTALLED
}

peer_delete() {
	swanctl --terminate --ike authipd --timeout 5 >"$work/terminate.out" 2>&1
}

peer_delete_quick() {
	swanctl --terminate --child traffic --timeout 5 >"$work/terminate.out" 2>&1
}

peer_has_main() {
	peer_status | grep -q ESTABLISHED
}

# A main mode whose initiator is marked as the peer itself.
peer_began_main() {
	peer_status | grep -qE 'ESTABLISHED, IKEv1, [0-9a-f]+_i\*'
}

# Initiators' cookies of its main modes.
peer_cookies() {
	peer_status | sed -n 's/.*ESTABLISHED, IKEv1, \([0-9a-f]*\)_i.*/\1/p' | sort
}

peer_rekey_quick() {
	swanctl --rekey --child traffic >"$work/rekey.out" 2>&1
}

peer_rekey_main() {
	swanctl --rekey --ike authipd >"$work/rekey.out" 2>&1
}

# Ends it without a word to anybody, as if the power failed.
peer_kill() {
	kill -9 "$(cat "$work/peer.pid")" 2>/dev/null
	rm -f /run/charon.vici /run/charon.pid
	ip -n "$ns$peer_host" xfrm state flush
	ip -n "$ns$peer_host" xfrm policy flush
}

peer_log() {
	cat "$work/peer.log" "$work/peer.out"
}
