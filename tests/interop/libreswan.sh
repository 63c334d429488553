# shellcheck shell=bash disable=SC2154,SC2034 # of tests/netns/lib.sh, and for it
# libreswan on a host of a guest: the functions that every peer has. See lib.sh.

peer_name=libreswan
libexec=/usr/libexec/ipsec
# It installs its policy some time after the SA: its answer to the first packet may go out in
# clear (and authipd does not take it).
peer_clear='((src host 10.99.0.2 or src host fd00:99::2) and tcp)'

peer_install() {
	cp -a "$peers/libreswan/usr" "$peers/libreswan/etc" /
	mkdir -p /run/pluto /var/lib/ipsec/nss
}

on_peer() {
	timeout 60 ip netns exec "$ns$peer_host" "$@"
}

# NSS wants certificates in its own base.
nss_fill() {
	rm -rf /var/lib/ipsec/nss
	mkdir -p /var/lib/ipsec/nss
	certutil -N -d sql:/var/lib/ipsec/nss --empty-password
	[[ ${v[auth]} != psk ]] || return 0
	openssl pkcs12 -export -in "$pki/${v[cert]}.pem" -inkey "$pki/${v[cert]}.key" \
		-name peer -passout pass: -out "$work/peer.p12" &&
		pk12util -i "$work/peer.p12" -d sql:/var/lib/ipsec/nss -W '' &&
		certutil -A -n ca -t CT,, -d sql:/var/lib/ipsec/nss -i "$pki/${v[ca]}.pem"
}

peer_start() {
	: >>"$work/peer.log"
	printf 'config setup\n\tlogfile=%s\n\tnssdir=/var/lib/ipsec/nss\n\tikev1-policy=accept\n' \
		"$work/peer.log" >/etc/ipsec.conf
	nss_fill >"$work/nss.out" 2>&1 || fail "NSS: $(tail -n 1 "$work/nss.out")"
	pluto_start
}

pluto_start() {
	rm -f /run/pluto/pluto.ctl /run/pluto/pluto.pid
	setsid ip netns exec "$ns$peer_host" $libexec/pluto --config /etc/ipsec.conf --nofork \
		</dev/null >"$work/peer.out" 2>&1 &
	echo $! >"$work/peer.pid"
	within 20 test -S /run/pluto/pluto.ctl || fail "libreswan does not start: $(tail -n 1 "$work/peer.out")"
	within 20 on_peer $libexec/whack --listen
}

# libreswan's words: aes128-sha1-ecp256 is aes128-sha1;dh19 there ...
main_word() {
	local s=$1
	s=${s/-ecp256/;dh19} s=${s/-ecp384/;dh20}
	s=${s/-modp1024/;dh2} s=${s/-modp2048/;dh14}
	printf '%s' "$s"
}

# ... and esp-aes128-gcm is aes_gcm128-null.
suite_word() {
	local s=${1#*-}
	case $s in
	aes*-gcm) s=${s#aes} s=aes_gcm${s%-gcm}-null ;;
	esac
	printf '%s' "$s"
}

pfs_word() {
	case $1 in
	none) ;;
	modp2048) printf ';modp2048' ;;
	esac
}

left_right() {
	if [[ ${v[auth]} == psk ]]; then
		printf '\\tleftid=%s\\n\\trightid=%s' "${v[local]}" "${v[remote_id]}"
	else
		printf '\\tleftcert=peer\\n\\tleftid=%%fromcert\\n\\tleftsendcert=always\\n'
		printf '\\trightid="CN=%s"\\n\\trightca="CN=%s"' "${v[peer_remote_name]}" "${v[ca]}"
	fi
}

peer_load() {
	local authby=secret rekey=no life=1h ike_life=1h pfs=no dpd=()
	[[ ${v[auth]} == psk ]] || authby=rsasig
	[[ ${v[pfs]} == none ]] || pfs=yes
	[[ ${v[quick_rekey_s]} == 0 ]] || rekey=yes life=$((v[quick_rekey_s] + 3))s
	[[ ${v[main_rekey_s]} == 0 ]] || rekey=yes ike_life=$((v[main_rekey_s] + 3))s
	((v[dpd] > 0)) || dpd=(-e /^[[:space:]]*dpd/d)
	fill "$interop/conf/ipsec.conf" LOG "$work/peer.log" LOCAL "${v[local]}" \
		REMOTE "${v[remote]}" AUTHBY "$authby" LEFT_RIGHT "$(left_right)" \
		IKE "$(main_word "${v[peer_main]}")" PROTOCOL "${v[peer_quick]%%-*}" \
		SUITE "$(suite_word "${v[peer_quick]}")$(pfs_word "${v[pfs]}")" PFS "$pfs" \
		LIFE "$life" IKE_LIFE "$ike_life" REKEY "$rekey" ENCAP "${v[encap]}" PORT "$p0" DPD "${v[dpd]}" \
		DPD_TIMEOUT "${v[dpd_timeout]}" | sed -e '' "${dpd[@]}" >/etc/ipsec.conf
	printf '%s %s %s : PSK "%s"\n' "${v[local]}" "${v[remote]}" "${v[remote_id]}" "${v[peer_secret]}" \
		>/etc/ipsec.secrets
	chmod 600 /etc/ipsec.secrets
	if [[ ${v[auth]} != psk ]]; then
		kill -9 "$(cat "$work/peer.pid")" 2>/dev/null
		nss_fill >"$work/nss.out" 2>&1 || fail "NSS: $(tail -n 1 "$work/nss.out")"
		pluto_start
	fi
	on_peer $libexec/whack --rereadsecrets
	on_peer $libexec/whack --delete --name authipd-tcp
	on_peer $libexec/whack --delete --name authipd
	on_peer $libexec/addconn --config /etc/ipsec.conf authipd authipd-tcp \
		>"$work/load.out" 2>&1
	on_peer $libexec/whack --status | grep -q '"authipd":' ||
		fail "libreswan does not take its configuration: $(tail -n 1 "$work/load.out")"
}

# Addresses that came later.
peer_listen() {
	on_peer $libexec/whack --listen >/dev/null
}

# peer_initiate [CONN]
peer_initiate() {
	timeout 20 ip netns exec "$ns$peer_host" $libexec/whack --initiate --name "${1:-authipd}" \
		>"$work/initiate.out" 2>&1
	grep -q 'IPsec SA established' "$work/initiate.out"
}

peer_status() {
	on_peer $libexec/whack --status 2>&1 | grep -E '^[0-9]* #|000 #|authipd'
}

peer_is_up() {
	peer_status >"$work/status.out"
	grep -qE 'STATE_QUICK_[IR]2|IPsec SA established' "$work/status.out"
}

peer_is_down() {
	! peer_status | grep -qE 'STATE_QUICK_[IR]2|IPsec SA established'
}

peer_delete() {
	on_peer $libexec/whack --terminate --name authipd-tcp >"$work/terminate.out" 2>&1
	on_peer $libexec/whack --terminate --name authipd >>"$work/terminate.out" 2>&1
}

# Its newest quick mode alone: no command names one but by its number.
peer_delete_quick() {
	on_peer $libexec/whack --deletestate "$(peer_quicks | tail -n 1)" >"$work/terminate.out" 2>&1
}

peer_quicks() {
	peer_status | sed -n 's/.*#\([0-9]*\): .*STATE_QUICK_[IR]2.*/\1/p' | sort -n
}

# Numbers of its ISAKMP SAs.
peer_mains() {
	peer_status | sed -n 's/.*#\([0-9]*\): .*STATE_MAIN_[IR][34].*/\1/p' | sort -n
}

peer_has_main() {
	[[ -n $(peer_mains) ]]
}

peer_kill() {
	kill -9 "$(cat "$work/peer.pid")" 2>/dev/null
	ip -n "$ns$peer_host" xfrm state flush
	ip -n "$ns$peer_host" xfrm policy flush
}

peer_log() {
	cat "$work/peer.log" "$work/peer.out"
}
