#!/bin/bash
# Policies, and peers that cannot be trusted or do not answer.
# shellcheck source=lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"

secret=attack-at-dawn-attack-at-dawn

both_start() {
	config a "$1" "${2:-a}"
	config b "$1"
	daemon_start a
	daemon_start b
}

both_stop() {
	local p
	p=$(daemon_pid a)
	kill "$p"
	daemon_stop b
	within 10 is_dead "$p" || fail "daemon a does not stop"
}

# proposal PROPOSAL PROTOCOL
proposal() {
	[[ $1 != ah-gmac* ]] || needs_plane "its AH has no GMAC"
	both_start "proposal \"$1\" { }"
	serve b secure_server "$p0"
	serve b secure_udp -l "$p1"
	capture proposal
	on a secure_client -t 5 "$b4" "$p0" "$secret" || fail "the TCP client failed"
	on a secure_udp -t 5 "$b4" "$p1" "$secret" || fail "the UDP client failed"
	captured_only "udp port 500 or ip proto $2"
	captured_some "ip proto $2"
	end_apps
	both_stop
}

proposal6() {
	[[ $1 != ah-gmac* ]] || needs_plane "its AH has no GMAC"
	both_start "proposal \"$1\" { }"
	serve b secure_server -6 "$p0"
	capture proposal6
	on a secure_client -t 5 "$b6" "$p0" "$secret" || fail "the TCP client failed"
	captured_only "udp port 500 or ip6 proto $2"
	captured_some "ip6 proto $2"
	end_apps
	both_stop
}

# Certificates in main mode, whose keys come from TLS alone.
main_mode_tls() {
	local host
	for host in a b; do
		config "$host"
		sed -i '/^default_policy/,$d' "$work/$host.conf"
		echo 'default_policy {
			main_mode { auth = { tls } proposal "aes128-sha1-none" { } }
			extended_mode { auth = { } }
		}' >>"$work/$host.conf"
		daemon_start "$host"
	done
	serve b secure_server "$p0"
	capture main_mode_tls
	on a secure_client -t 5 "$b4" "$p0" "$secret" || fail "the client failed"
	captured_only "udp port 500 or ip proto 50"
	captured_some "ip proto 50"
	has_log a "CN=b.test" || fail "a does not know b: $(tail -n 1 "$work/a.log")"
	has_log b "CN=a.test" || fail "b does not know a: $(tail -n 1 "$work/b.log")"
}

other_proposal() {
	config a 'proposal "esp-aes256-sha256" { }'
	config b 'proposal "ah-sha1" { }'
	daemon_start a
	daemon_start b
	serve b secure_server "$p0"
	capture other
	not on a secure_client -t 4 "$b4" "$p0" "$secret" || fail "the client was served"
	captured_only "udp port 500"
	has_log b '[Pp]roposal' || fail "b does not log why: $(tail -n 1 "$work/b.log")"
	end_apps
	both_stop
}

encryption_impossible() {
	both_start 'proposal "esp-null-sha1" { }'
	not on a secure_client -e "$b4" "$p0" >"$work/e.app" 2>&1 || leaks "it was accepted"
	grep -q 10022 "$work/e.app" || fail "not WSAEINVAL: $(tail -n 1 "$work/e.app")"
	both_stop
}

# a has a certificate of an authority that b does not know.
other_authority() {
	local start=$SECONDS
	both_start "" stranger
	serve b secure_server "$p0"
	capture stranger
	not on a secure_client -t 5 "$b4" "$p0" "$secret" || fail "the client was served"
	((SECONDS - start < 20)) || fail "it took $((SECONDS - start)) s"
	captured_only "udp port 500"
	not grep -q client "$work/server-$p0.app" || fail "the server saw a client"
	has_log b 'CN=stranger.test' ||
		fail "b does not log whom it does not trust: $(tail -n 1 "$work/b.log")"
	end_apps
	both_stop
}

# revocation_list [CERTIFICATE]: of the authority of all hosts; without one it is empty.
revocation_list() {
	local serial
	printf '[ca]\ndefault_ca = c\n[c]\ndatabase = %s\ndefault_md = sha256\n' \
		"$work/index" >"$work/ca.conf"
	: >"$work/index"
	if (($# > 0)); then
		serial=$(openssl x509 -in "$1" -noout -serial)
		printf 'R\t491231235959Z\t250101000000Z\t%s\tunknown\t/CN=revoked\n' \
			"${serial#*=}" >"$work/index"
	fi
	openssl ca -config "$work/ca.conf" -gencrl -crldays 2 -keyfile "$pki/ca.key" \
		-cert "$pki/ca.pem" -out "$work/crl.pem" 2>/dev/null || fail "no revocation list"
}

# A reload reads the new list: what there is stays, nobody who is revoked gets more.
revoked() {
	revocation_list
	config a
	config b
	echo "tls { crl = { \"$work/crl.pem\" } }" >>"$work/b.conf"
	daemon_start a
	daemon_start b
	serve b secure_server "$p0"
	on a secure_client -t 5 "$b4" "$p0" "$secret" || fail "the client failed"
	revocation_list "$pki/a.pem"
	ctl b reload || fail "b does not reload"
	has_count b "quick mode SAs" 1 || fail "the reload ended what there was"
	forget || fail "something is left"
	not on a secure_client -t 4 "$b4" "$p0" "$secret" || fail "the client was served"
	has_log b "certificate CN=a.test issued by CN=ca: certificate revoked" ||
		fail "b does not log why: $(tail -n 1 "$work/b.log")"
}

no_daemon() {
	config a
	daemon_start a
	serve b secure_server -c "$p0"
	capture nobody
	not on a secure_client -t 3 "$b4" "$p0" "$secret" || fail "the client was served"
	captured_only "udp port 500 or icmp"
	captured_some "udp port 500"
	not grep -q client "$work/server-$p0.app" || fail "the server saw a client"
	daemon_stop a
}

no_own_daemon() {
	not on a secure_client -t 3 "$b4" "$p0" >"$work/own.app" 2>&1 || leaks "it went on"
	grep -q 10050 "$work/own.app" || fail "not WSAENETDOWN: $(tail -n 1 "$work/own.app")"
}

topic_begin
hosts_join
each_case=daemons_kill
try no_own_daemon no_own_daemon
try ah_sha1 proposal ah-sha1 51
try ah_sha256 proposal ah-sha256 51
try ah_sha1_ipv6 proposal6 ah-sha1 51
try esp_3des proposal esp-3des-sha1 50
try esp_null_sha256 proposal esp-null-sha256 50
try esp_aes256_sha256 proposal esp-aes256-sha256 50
try esp_aes128_gcm proposal esp-aes128-gcm 50
try esp_aes256_gcm_ipv6 proposal6 esp-aes256-gcm 50
try esp_gmac128 proposal esp-gmac128 50
try ah_gmac256 proposal ah-gmac256 51
try ah_gmac128_ipv6 proposal6 ah-gmac128 51
try tls_main_mode_without_dh main_mode_tls
try no_common_proposal other_proposal
try no_encrypting_proposal encryption_impossible
try other_authority other_authority
try revoked_certificate revoked
try no_peer_daemon no_daemon
