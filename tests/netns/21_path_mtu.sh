#!/bin/bash
# Much data over a path of 1280 bytes that no link of a knows of.
# shellcheck source=bulk.sh
. "${BASH_SOURCE[0]%/*}/bulk.sh"

# big_certificate HOST: over 12 KB of names.
big_certificate() {
	local names
	names=$(seq -f "DNS:host-%g.with-a-name-of-some-length.$1.test" -s , 300)
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1.test" \
		-addext "subjectAltName=$names" -keyout "$work/big-$1.key" \
		-out "$work/big-$1.csr" 2>/dev/null || fail "no request for a certificate"
	openssl x509 -req -in "$work/big-$1.csr" -CA "$pki/ca.pem" -CAkey "$pki/ca.key" \
		-CAserial "$work/ca.srl" -CAcreateserial -days 2 -copy_extensions copyall \
		-out "$work/big-$1.pem" \
		2>/dev/null || fail "no certificate"
	(($(openssl x509 -in "$work/big-$1.pem" -outform DER | wc -c) > 12288)) ||
		fail "the certificate is not big"
	config "$1"
	sed -i "s#$pki/$1\.\(pem\|key\)#$work/big-$1.\1#" "$work/$1.conf"
}

is_served() {
	local to
	to=$(ip_of b "$1")
	serve b secure_server "-$1" "$2"
	on a secure_client -t $(($3 * patience)) "$to" "$2" text >/dev/null || fail "the client failed"
}

# router_drops WHAT...: all fragments of IP, or one message of IKE in a hundred.
router_drops() {
	local what
	needs_nftables
	on r nft add table inet lossy
	on r nft add chain inet lossy in '{ type filter hook prerouting priority -450; }'
	for what; do
		"${what}_drop" || fail "no rule against $what"
	done
}

fragments_drop() {
	on r nft add rule inet lossy in 'ip frag-off & 0x3fff != 0' drop &&
		on r nft add rule inet lossy in 'exthdr frag exists' drop
}

ike_drop() {
	on r nft add rule inet lossy in 'udp dport 500 numgen random mod 100 == 0' drop
}

both_big() {
	big_certificate a
	big_certificate b
	daemon_start a
	daemon_start b
}

big_certificates() {
	both_big
	is_served 4 "$p0" 10
	is_served 6 "$p1" 10
}

# No fragments of IP get through, so those of IKE must, and small enough for the link.
big_certificates_no_ip_fragments() {
	router_drops fragments
	both_big
	capture big
	is_served 4 "$p0" 40
	is_served 6 "$p1" 40
	(($(captured "udp port 500 and ip[6:2] & 0x3fff == 0") > 40)) ||
		fail "there were too few fragments of IKE"
}

# Nor does one message in a hundred.
big_certificates_lossy() {
	router_drops fragments ike
	both_big
	is_served 4 "$p0" 60
}

big_end() {
	daemons_kill
	on r nft delete table inet lossy 2>/dev/null
	return 0
}

topic_begin
hosts_join_router 1280
bytes=20971520
[[ ${backend:-plane} == plane ]] || bytes=8388608 # a guest is slower
bulk path_1280 $bytes
daemons_kill
each_case=big_end
# shellcheck disable=SC2034
stock="path_1280_big_certificates_no_ip_fragments path_1280_big_certificates_lossy"
try path_1280_big_certificates big_certificates
try path_1280_big_certificates_no_ip_fragments big_certificates_no_ip_fragments
try path_1280_big_certificates_lossy big_certificates_lossy
