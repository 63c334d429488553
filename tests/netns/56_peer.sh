#!/bin/bash
# Who the peer is: queries on live sockets, and a server that acts as its client.
# shellcheck source=lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"

# identity LINES: b's daemon with this section impersonation.
identity() {
	config b
	printf 'impersonation {\n%s\n}\n' "$1" >>"$work/b.conf"
	[[ ! -e $work/b.pid ]] || daemon_stop b
	daemon_start b
}

# field NAME LINE: what follows it there.
field() {
	sed -n "s/.*\b$1 \([^ ]*\).*/\1/p" <<<"$2"
}

# expect LINE NAME VALUE...
expect() {
	local line=$1
	shift
	while (($# > 0)); do
		[[ $(field "$1" "$line") == "$2" ]] || fail "$1 is not $2: $line"
		shift 2
	done
}

# A file that only nobody can read.
peer_file() {
	echo secret >"$work/peer.txt"
	chown nobody "$work/peer.txt"
	chmod 400 "$work/peer.txt"
}

# start_server [OPTION] serve PORT FILE
start_server() {
	spawn b peer nt_peer "$@"
	within 5 grep -q '^listening' "$work/peer.app" ||
		fail "nt_peer does not listen: $(tail -n 1 "$work/peer.app")"
}

# talk [OPTION]
talk() {
	asked=$(on a nt_peer "$@" ask "$b4" "$p0" 2>&1) || fail "client: $asked"
	within 5 grep -q ' flags ' "$work/peer.app" || fail "the server says nothing"
	served=$(grep ' flags ' "$work/peer.app" | tail -n 1)
}

query_default() {
	identity 'enabled = false'
	start_server serve "$p0" "$work/peer.txt"
	talk
	expect "$asked" flags 1 name "CN=b.test" uid -
	expect "$served" flags 1 name "CN=a.test" uid - error 10013 euid 0 after 0
	[[ $(field qm "$asked") != 0 && $(field mm "$asked") != 0 ]] || fail "no ids: $asked"
}

query_encrypted() {
	start_server -e serve "$p0" "$work/peer.txt"
	talk -e
	expect "$asked" flags 3
	expect "$served" flags 3
}

# 30: a connection that was never secured.
query_clear() {
	start_server -c serve "$p0" "$work/peer.txt"
	talk -c
	expect "$asked" flags 0 mm 0 qm 0 name -
	expect "$served" flags 0 error 10013 euid 0
}

# 93: the client's account reads its file, and root's file it does not.
acts_as_client() {
	identity 'enabled = true
		map "CN=a.test" { account = "nobody" }'
	start_server serve "$p0" "$work/peer.txt"
	talk
	expect "$served" uid 65534 error 0 euid 65534 file yes after 0
	end_apps
	p0=$p1
	start_server serve "$p0" "$work/root.txt"
	talk
	[[ $served == *"euid 65534 file no after 0 file yes"* ]] || fail "$served"
}

# 95
denied() {
	identity "enabled = true $1"
	start_server serve "$p0" "$work/peer.txt"
	talk
	expect "$served" uid - error 10013 euid 0 after 0
	has_log b "$2" || fail "the log does not say: $2"
}

# 96: a server without privilege can name its peer, and not act for it.
unprivileged_server() {
	identity 'enabled = true services = { "daemon" }
		map "CN=a.test" { account = "nobody" }'
	spawn b peer setpriv --reuid=1 --regid=1 --clear-groups nt_peer serve "$p0" \
		"$work/peer.txt"
	within 5 grep -q '^listening' "$work/peer.app" || fail "it does not listen"
	talk
	expect "$served" name "CN=a.test" uid 65534 error 10013 euid 1
}

# A user that is not listed does not even learn the account.
unlisted_server() {
	identity 'enabled = true map "CN=a.test" { account = "nobody" }'
	spawn b peer setpriv --reuid=1 --regid=1 --clear-groups nt_peer serve "$p0" \
		"$work/peer.txt"
	within 5 grep -q '^listening' "$work/peer.app" || fail "it does not listen"
	talk
	expect "$served" name "CN=a.test" uid - error 10013 euid 1
}

# A certificate with the DNS name b.test for b.
named_certificate() {
	openssl x509 -req -in "$pki/b.csr" -CA "$pki/ca.pem" -CAkey "$pki/ca.key" \
		-CAserial "$work/ca.srl" -CAcreateserial -days 2 \
		-extfile <(echo subjectAltName=DNS:b.test) -out "$work/b.pem" 2>/dev/null || fail "openssl"
	config b
	sed -i "s,certificate = .*,certificate = \"$work/b.pem\"," "$work/b.conf"
	[[ ! -e $work/b.pid ]] || daemon_stop b
	daemon_start b
}

# 67: the name that the peer has to prove.
target_right() {
	named_certificate
	start_server serve "$p0" "$work/peer.txt"
	talk -t host/b.test
	expect "$asked" flags 1
	talk -t HTTP/B.TEST:80
	talk -t CN=b.test
	talk -b host/b.test
	talk
	# each name has SAs of its own, and so has no name
	(($(ctl a status --json | grep -c '"state": *"established"') >= 4)) ||
		fail "names share SAs"
}

# Nothing is sent to the wrong one, and the log says who it was.
target_wrong() {
	named_certificate
	start_server serve "$p0" "$work/peer.txt"
	capture target
	asked=$(on a timeout 10 nt_peer -t host/c.test ask "$b4" "$p0" 2>&1) &&
		leaks "it connected: $asked"
	on a timeout 10 nt_peer -b host/c.test ask "$b4" "$p0" >"$work/early.app" 2>&1 &&
		leaks "it connected: $(cat "$work/early.app")"
	not grep -q flags "$work/peer.app" || fail "the server got a connection"
	captured_only "udp port 500"
	has_log a "host/c.test" || fail "the log does not name it"
	[[ $asked == *"error 10013"*"winerr 138"??" flags 0 "* ]] || fail "no reason: $asked"
	# the same program without the name
	talk
	expect "$asked" flags 1
}

# Flags of the IPsec settings, by both protocols that have them.
optional_name() {
	named_certificate
	start_server serve "$p0" "$work/peer.txt"
	for protocol in 1 2; do
		talk -p "$protocol" -f 2 -t "host/c$protocol.test"
		expect "$asked" flags 1
		has_log a "host/c$protocol.test" || fail "the log does not name it"
	done
	talk -p 1 -f 2 -t host/b.test
	expect "$asked" flags 1
}

raw_name() {
	named_certificate
	start_server serve "$p0" "$work/peer.txt"
	talk -p 2 -f 8 -t b.test
	expect "$asked" flags 1
	asked=$(on a timeout 10 nt_peer -p 2 -f 8 -t host/b.test ask "$b4" "$p0" 2>&1) &&
		fail "the name was taken apart: $asked"
	talk -p 1 -f 4
	expect "$asked" flags 1
}

# Without filters of its own a socket has what the configuration has for it: nothing, or a rule.
skip_filters() {
	config b
	printf 'rule "r" { local = "%s" protocol = "tcp" local_port = %s action = require-in-out }\n' \
		"$b4" "$p1" >>"$work/b.conf"
	[[ ! -e $work/b.pid ]] || daemon_stop b
	daemon_start b
	spawn b clear nt_peer -p 1 -f 1 serve "$p0" "$work/peer.txt"
	within 5 grep -q '^listening' "$work/clear.app" || fail "$(cat "$work/clear.app")"
	asked=$(on a nt_peer -c ask "$b4" "$p0" 2>&1) || fail "clear: $asked"
	expect "$asked" flags 0
	expect "$(grep ' flags ' "$work/clear.app")" flags 0
	start_server -p 1 -f 1 serve "$p1" "$work/peer.txt"
	p0=$p1
	not on a timeout 3 nt_peer -c ask "$b4" "$p0" || fail "the rule does not count"
	talk
	expect "$asked" flags 1 name "CN=b.test"
	expect "$served" flags 1 name "CN=a.test"
	not on b nt_peer -p 1 -f 17 serve "$p2" "$work/peer.txt" || fail "an unknown flag"
}

# One UDP socket, three peers with a name each: only the wrong one is not spoken to.
names_of_peers() {
	named_certificate
	for port in "$p0" "$p1" "$p2"; do
		serve b secure_udp -l "$port"
	done
	on a nt_peer names "$b4" "$p0" host/b.test "$p1" host/c.test "$p2" CN=b.test \
		>"$work/names.app" 2>&1 || fail "$(tail -n 1 "$work/names.app")"
	[[ $(tr '\n' ' ' <"$work/names.app") == "$p0 yes $p1 no $p2 yes $p0 yes $p1 yes $p2 yes " ]] ||
		fail "$(tr '\n' ' ' <"$work/names.app")"
}

# NegotiationWinerr and the error of connect: no common proposal, no daemon there.
why_not() {
	config b 'proposal "esp-aes256-gcm" { }'
	[[ ! -e $work/b.pid ]] || daemon_stop b
	daemon_start b
	start_server serve "$p0" "$work/peer.txt"
	asked=$(on a nt_peer ask "$b4" "$p0" 2>&1) && leaks "it connected: $asked"
	[[ $asked == *"error 10013"*"winerr 13868 flags 0 "* ]] || fail "$asked"
	identity 'enabled = false'
}

not_blocking() {
	identity 'enabled = false'
	start_server serve "$p0" "$work/peer.txt"
	talk -n
	expect "$asked" flags 1
	talk -n -e
	expect "$asked" flags 3
}

# The host answers under protection that nobody listens, once there is an SA.
port_without_listener() {
	local begin
	identity 'enabled = false'
	start_server serve "$p0" "$work/peer.txt"
	talk
	end_apps
	begin=${EPOCHREALTIME/./}
	asked=$(on a timeout 10 nt_peer ask "$b4" "$p0" 2>&1) && leaks "it connected: $asked"
	[[ $asked == *"error 10061"* ]] || fail "$asked"
	((${EPOCHREALTIME/./} - begin < 5000000)) || fail "after too long a time"
}

# Sockets of one class wait for their own peer only.
dead_peer() {
	local begin
	identity 'enabled = false'
	start_server serve "$p0" "$work/peer.txt"
	spawn a dead nt_peer ask 10.99.0.77 "$p0"
	sleep 0.2
	begin=${EPOCHREALTIME/./}
	talk
	((${EPOCHREALTIME/./} - begin < 5000000)) || fail "after too long a time"
	is_alive "$pid" || fail "nobody waited: $(cat "$work/dead.app")"
}

# shellcheck disable=SC2034
same="rule_denies no_rule_denies min_uid_denies unprivileged_server unlisted_server \
	target_right target_wrong optional_name raw_name"
topic_begin
hosts_join
config a
rights_of_the_unit
peer_file
echo secret >"$work/root.txt" && chmod 400 "$work/root.txt"
(daemon_start a) || {
	echo "FAIL peer_start: $(cat "$work/why")"
	exit 1
}
try query_default query_default
try query_encrypted query_encrypted
try query_clear query_clear
try acts_as_client acts_as_client
try rule_denies denied 'map "CN=*" { account = "deny" }' 'denies this peer'
try no_rule_denies denied 'map "CN=x" { account = "nobody" }' 'no rule is about this peer'
try min_uid_denies denied 'map "CN=*" { account = "daemon" }' 'below min_uid'
try unprivileged_server unprivileged_server
try unlisted_server unlisted_server
try target_right target_right
try target_wrong target_wrong
try optional_name optional_name
try raw_name raw_name
try skip_filters skip_filters
try names_of_peers names_of_peers
try why_not why_not
try not_blocking not_blocking
try port_without_listener port_without_listener
try dead_peer dead_peer
