#!/bin/bash
# Kerberos: a KDC on host b, reached in clear; keytabs on both; no certificates needed.
# shellcheck source=lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"

secret=attack-at-dawn-attack-at-dawn
realm=${BASH_SOURCE[0]%/*}/../krb/realm.sh

realm_make() {
	chmod 755 "$work"
	clockskew=300 bash "$realm" make "$work/realm" 8888 "$b4" || fail "no realm"
	keytab a host/a.test
	keytab old host/b.test
	keytab b host/b.test # with another key
	keytab user mallory
	# Keytabs are root's: the daemon reads them before it gives up root.
	chmod 600 "$work"/realm/*.keytab
	chmod 755 "$work/realm"
	export KRB5_CONFIG=$work/realm/krb5.conf
}

keytab() {
	bash "$realm" keytab "$work/realm" "$1.keytab" "$2" || fail "no keytab of $2"
}

kdc_start() {
	KRB5_KDC_PROFILE=$work/realm/kdc.conf setsid ip netns exec "${ns}b" \
		env PATH="$PATH:/usr/sbin:/sbin" krb5kdc -n -r TEST \
		</dev/null >"$work/kdc.out" 2>&1 &
	echo $! >"$work/kdc.pid"
	within 10 kdc_listens || fail "the KDC does not start: $(tail -n 1 "$work/kdc.out")"
}

kdc_listens() {
	[[ -n $(on b ss -Hltn sport = :8888) ]]
}

kdc_stop() {
	local p
	p=$(cat "$work/kdc.pid" 2>/dev/null) || return 0
	rm "$work/kdc.pid"
	kill -9 "$p" 2>/dev/null
	within 5 is_dead "$p"
}

# krb_config HOST METHODS [KEYTAB [MORE]]: without certificates, but with what lib.sh trusts.
krb_config() {
	cat >"$work/$1.conf" <<-END
		trust = "$pki/ca.pem"
		backend = "${backend:-plane}"
		gss_id = "host/$1.test"
		kerberos {
			keytab = "$work/realm/${3:-$1}.keytab"
			timeout = $((3 * patience))
			${4:-}
		}
		default_policy {
			extended_mode { auth = { $2 } }
		}
	END
}

both_start() {
	daemon_start a
	daemon_start b
}

client_is_served() {
	serve b secure_server "$p0"
	capture "kerberos$p0" # a name of its own: capture waits for "listening on" in its file
	on a secure_client -t $((10 * patience)) "$b4" "$p0" "$secret" || fail "the client failed"
	captured_only "udp port 500 or ip proto 50 or port 8888"
	captured_some "ip proto 50"
	captured_some "port 8888"
	has_log a "the peer is host/b.test@TEST" || fail "a does not know b"
	has_log b "the peer is host/a.test@TEST" || fail "b does not know a"
}

client_is_refused() {
	serve b secure_server "$p0"
	not on a secure_client -t $((8 * patience)) "$b4" "$p0" "$secret" || fail "the client was served"
}

kerberos_alone() {
	krb_config a kerberos
	krb_config b kerberos
	both_start
	client_is_served
}

# The list of Windows; TLS fails for want of certificates, on one side or on both.
default_list() {
	krb_config a '"tls", "kerberos", "tls"'
	krb_config b '"tls", "kerberos", "tls"'
	both_start
	client_is_served
}

# a accepts no certificate of b: it gives up TLS in the middle.
server_refused() {
	krb_config a '"tls", "kerberos", "tls"'
	krb_config b '"tls", "kerberos", "tls"'
	credentials a a
	credentials b stranger
	both_start
	client_is_served
	has_log a "certificate CN=stranger.test" || fail "a does not log why not TLS"
}

# credentials HOST NAME: a certificate more.
credentials() {
	cat >>"$work/$1.conf" <<-END
		credentials {
			certificate = "$pki/$2.pem"
			key = "$pki/$2.key"
		}
	END
}

# b takes the second certificate of a, while Kerberos cannot help: there is no KDC.
second_certificate() {
	krb_config a '"tls", "kerberos", "tls"'
	krb_config b '"tls", "kerberos", "tls"'
	credentials a a
	credentials a second
	credentials b b
	echo 'tls { peer_names = { "second.test" } }' >>"$work/b.conf"
	openssl x509 -req -in "$pki/a.csr" -CA "$pki/ca.pem" -CAkey "$pki/ca.key" -days 2 \
		-CAserial "$work/ca.srl" -CAcreateserial \
		-extfile <(echo subjectAltName=DNS:second.test) -out "$work/second.pem" 2>/dev/null || fail "openssl"
	sed -i "s,$pki/second.pem,$work/second.pem,; s,$pki/second.key,$pki/a.key," "$work/a.conf"
	both_start
	serve b secure_server "$p0"
	on a secure_client -t $((10 * patience)) "$b4" "$p0" "$secret" || fail "the client failed"
	has_log b "certificate of CN=a.test matches none" || fail "b does not say why"
	has_log b "second.test" || fail "b does not know a"
}

kdc_down() {
	krb_config a kerberos
	krb_config b kerberos
	both_start
	client_is_refused
	has_log a "Cannot contact any KDC" || fail "a does not say what is wrong"
}

# A KDC that a firewall hides: an answer in bounded time.
kdc_silent() {
	krb_config a kerberos
	krb_config b kerberos
	on b nft add table ip hide || skip "no nftables here"
	on b nft add chain ip hide in '{ type filter hook input priority -300; }'
	on b nft add rule ip hide in tcp dport 8888 drop
	on b nft add rule ip hide in udp dport 8888 drop
	sed -i 's/timeout = .*/timeout = 3/' "$work"/[ab].conf
	both_start
	client_is_refused
	on b nft delete table ip hide
	has_log a "did not answer in 3 s" || fail "a does not say what is wrong"
}

user_refused() {
	krb_config a kerberos user
	krb_config b kerberos
	both_start
	client_is_refused
	has_log b "the peer is mallory@TEST, which is not one of" ||
		fail "b does not say what is wrong"
	has_log a "is not right there" || fail "a does not say what b said"
}

old_key() {
	krb_config a kerberos
	krb_config b kerberos old
	both_start
	client_is_refused
	has_log b "export the keytab from the KDC again" || fail "b does not say what is wrong"
}

server_not_pinned() {
	krb_config a kerberos "" 'peer_names = { "host/c.test" }'
	krb_config b kerberos
	both_start
	client_is_refused
	has_log a "host/b.test@TEST, which is not one of" || fail "a does not say why"
}

# The policy of a socket says that its user speaks: with the tickets of that user's kinit.
user_connects() {
	on a setpriv --reuid=65534 --regid=65534 --clear-groups \
		timeout $((8 * patience)) nt_user "$b4" "$p0" >"$work/u.app" 2>&1
}

# The user is another account at b: the server acts as this one.
user_configs() {
	krb_config a kerberos "" "user_cache = \"$work/realm/krb5cc_%{uid}\""
	krb_config b kerberos "" 'peer_names = { "mallory", "host/*" }'
	echo 'impersonation { enabled = true map "mallory@TEST" { account = "nobody" } }' \
		>>"$work/b.conf"
	echo secret >"$work/user.txt"
	chown nobody "$work/user.txt"
	chmod 400 "$work/user.txt"
}

serve_user() {
	spawn b peer nt_peer serve "$p0" "$work/user.txt"
	within 5 grep -q '^listening' "$work/peer.app" || fail "nt_peer does not listen"
}

user_is_served() {
	user_connects || fail "the user: $(cat "$work/u.app")"
	has_log b "the peer is mallory@TEST" || fail "b does not know the user"
	ctl b status --json | grep -q '"peer_is_user": *true' || fail "the status hides the user"
	within 5 grep -q 'name mallory@TEST uid 65534 error 0 euid 65534 file yes after 0' \
		"$work/peer.app" || fail "not as the user: $(tail -n 1 "$work/peer.app")"
}

user_speaks() {
	local cache=$work/realm/krb5cc_65534
	user_configs
	both_start
	serve_user
	not user_connects || fail "it connects without tickets"
	has_log a "no tickets of user 65534" || fail "a does not say what is wrong"
	on b kinit -c "$cache" -k -t "$work/realm/user.keytab" mallory || fail "no kinit"
	not user_connects || fail "it connects with tickets that root can write"
	has_log a "only this user can write" || fail "a does not say whose file it is"
	chown 65534 "$cache"
	user_is_served
	serve b secure_server "$p1"
	on a secure_client -t $((10 * patience)) "$b4" "$p1" "$secret" || fail "the host fails"
	has_log b "the peer is host/a.test@TEST" || fail "b does not know a"
}

# As somebody in very many groups, where nothing larger than 1280 bytes gets through.
large_ticket() {
	local cache=$work/realm/krb5cc_65534 host
	user_configs
	for host in a b; do
		ip -n "$ns$host" link set eth0 mtu 1280
		on "$host" nft add table ip small || skip "no nftables here"
		on "$host" nft add chain ip small in '{ type filter hook prerouting priority -450; }'
		on "$host" nft add rule ip small in "ip frag-off & 0x3fff != 0" drop
	done
	on b kinit -c "$cache" -k -t "$work/realm/user.keytab" mallory || fail "no kinit"
	on b nt_ticket "$cache" host/b.test@TEST 12500 || fail "no large ticket"
	chown 65534 "$cache"
	both_start
	serve_user
	capture large
	user_is_served
	captured_some "udp port 500 and ip[6:2] & 0x3fff == 0 and udp[24] == 132"
}

# krb_policy HOST LINES: another policy.
krb_policy() {
	krb_config "$1" kerberos
	sed -i '/^default_policy/,$d' "$work/$1.conf"
	printf 'default_policy {\n%s\n}\n' "$2" >>"$work/$1.conf"
}

# MS-IKEE: GSS-API in main mode of IKEv1.
ikev1() {
	local policy='keying = ikev1
		main_mode { auth = { ikev1-kerberos } proposal "aes128-sha1-modp2048" { } }
		extended_mode { auth = { } }'
	krb_policy a "$policy"
	krb_policy b "$policy"
	both_start
	client_is_served
}

# AuthIP without extended mode: the peer proves who it is in main mode.
main_mode() {
	local policy='main_mode { auth = { kerberos } proposal "aes128-sha1-ecp256" { } }
		extended_mode { auth = { } }'
	krb_policy a "$policy"
	krb_policy b "$policy"
	both_start
	client_is_served
}

topic_begin
missing=$(bash "$realm" missing)
grep -q '^#define HAVE_KRB5' "$builddir/config.h" 2>/dev/null || missing="built without Kerberos"
# with_kdc FUNCTION, without_kdc FUNCTION: as a case.
with_kdc() {
	[[ -z $missing ]] || skip "$missing"
	kdc_start
	"$@"
}
without_kdc() {
	[[ -z $missing ]] || skip "$missing"
	"$@"
}
krb_end() {
	daemons_kill
	kdc_stop
}
each_case=krb_end
hosts_join
[[ -n $missing ]] || (realm_make) || { echo "FAIL kerberos_start: $(cat "$work/why")"; exit 1; }
export KRB5_CONFIG=$work/realm/krb5.conf
try kerberos_alone with_kdc kerberos_alone
try kerberos_main_mode with_kdc main_mode
try kerberos_ikev1 with_kdc ikev1
# The others are about tickets and names: nothing of them differs with the kernel's IPsec.
# shellcheck disable=SC2034
same="kerberos_default_list kerberos_server_refused kerberos_user_refused kerberos_old_key \
	kerberos_not_pinned kerberos_user_speaks kerberos_kdc_down kerberos_second_certificate"
# shellcheck disable=SC2034
stock="kerberos_kdc_silent kerberos_large_ticket"
try kerberos_default_list with_kdc default_list
try kerberos_server_refused with_kdc server_refused
try kerberos_user_refused with_kdc user_refused
try kerberos_old_key with_kdc old_key
try kerberos_not_pinned with_kdc server_not_pinned
try kerberos_user_speaks with_kdc user_speaks
try kerberos_kdc_silent with_kdc kdc_silent
try kerberos_kdc_down without_kdc kdc_down
try kerberos_second_certificate without_kdc second_certificate
# The last: the path stays small.
try kerberos_large_ticket with_kdc large_ticket
