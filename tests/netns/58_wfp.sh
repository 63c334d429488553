#!/bin/bash
# Programs with policies of their own, and what they and others see of their SAs.
# shellcheck source=lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"

# as_nobody HOST COMMAND...
as_nobody() {
	local host=$1
	shift
	on "$host" setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}

# has_pair HOST CIPHER INTEGRITY: as its daemon says.
has_pair() {
	"$builddir/authipctl" --run-dir "$work/$1.run" --json status | tr -d ' \n' |
		grep -q "\"quick_mode\":.*\"cipher\":\"$2\",\"integrity\":\"$3\""
}

shows_aes256() {
	grep -q '^pair: cipher 5 integrity 2 pfs 4, 900 s, flags 0x8' "$1" || return
	grep -q '^main mode: cipher 4 integrity 3 group 5, 2 credentials' "$1"
}

# Client and server have the policy; the daemons have only the default one.
own_policy() {
	serve b policy_client -l "$p0"
	capture own
	on a policy_client "$b4" "$p0" >"$work/c.app" 2>&1 || fail "$(tail -n 1 "$work/c.app")"
	shows_aes256 "$work/c.app" || fail "the client sees $(cat "$work/c.app")"
	within 5 shows_aes256 "$work/server-$p0.app" ||
		fail "the server sees $(cat "$work/server-$p0.app")"
	grep -q '^in use: 0x8032000a' "$work/c.app" || fail "the policy was deleted while in use"
	has_pair a aes256 sha256 || fail "the daemon has no such pair"
	captured_only "udp port 500 or ip proto 50"
	not grep -aq hello "$capture" || leaks "it is readable"
}

# The same without privilege, on both sides.
own_policy_of_a_user() {
	spawn b "server-$p0" setpriv --reuid=65534 --regid=65534 --clear-groups \
		policy_client -l "$p0"
	within 5 grep -q '^listening' "$work/server-$p0.app" || fail "the server does not listen"
	as_nobody a policy_client "$b4" "$p0" >"$work/c.app" 2>&1 ||
		fail "$(tail -n 1 "$work/c.app")"
	shows_aes256 "$work/c.app" || fail "the client sees $(cat "$work/c.app")"
}

# A peer that has only the default policy agrees to nothing else.
only_one_side() {
	serve b secure_server "$p0"
	not on a timeout 5 policy_client "$b4" "$p0" >"$work/c.app" 2>&1 ||
		fail "it was served: $(cat "$work/c.app")"
}

# What the default policy has, beside it: other SAs.
default_beside_it() {
	serve b policy_client -l "$p0"
	serve b secure_server "$p1"
	on a policy_client "$b4" "$p0" >"$work/c.app" 2>&1 || fail "$(tail -n 1 "$work/c.app")"
	on a secure_client -t 5 "$b4" "$p1" text >/dev/null || fail "the default client fails"
	has_pair a aes256 sha256 || fail "no pair with aes256"
	has_pair a null sha1 || fail "no pair without encryption"
}

# statistics_are EXPRESSION: of these eight numbers of a.
# shellcheck disable=SC2034 # the expression uses them
statistics_are() {
	local active added modes bytes_in bytes_out unknown ike rekeys
	read -r active added modes bytes_in bytes_out unknown ike rekeys \
		<<<"$(on a nt_wfp statistics)"
	(($1))
}

# policy_talks KIND: client and server of nt_policy; what the client says of its main mode.
policy_talks() {
	serve b nt_policy "$1" -l "$p0"
	spawn a client nt_policy "$1" "$b4" "$p0"
	within 10 grep -q methods "$work/client.app" || fail "$(tail -n 1 "$work/client.app")"
}

# One respect each: the idle time; certificates in main mode (whose TLS makes the keys),
# without extended mode.
policy_of_idle_time() {
	policy_talks idle
	grep -qx '1 4 3 5: methods 3 4, policy own' "$work/client.app" ||
		fail "$(cat "$work/client.app")"
	within 10 has_count a "quick mode SAs" 0 || fail "the pair is still there"
}

policy_of_main_mode() {
	policy_talks main
	grep -qx '1 4 3 0: methods 4, policy own' "$work/client.app" ||
		fail "$(cat "$work/client.app")"
}

# A host that speaks IKEv1 alone; its own proposal would be aes128-sha256-modp2048.
config_ike() {
	config "$1"
	sed -i 's/extended_mode.*/keying = "ikev1"\
main_mode { auth = { "ikev1-ecdsa256" } proposal "aes128-sha256-modp2048" { } }/' "$work/$1.conf"
}

policy_of_ike() {
	policy_talks ike
	grep -qx '0 4 2 5: methods 7, policy own' "$work/client.app" ||
		fail "$(cat "$work/client.app")"
	statistics_are "modes == 0 && ike >= 1" || fail "$(on a nt_wfp statistics)"
}

# ---- who sees what ----

# The server of another user is there; nobody's programs see nothing of it.
others_see_nothing() {
	serve b policy_client -l "$p0"
	on a policy_client "$b4" "$p0" >"$work/c.app" 2>&1 || fail "$(tail -n 1 "$work/c.app")"
	as_nobody b nt_wfp list >"$work/l.app" 2>&1 || fail "$(cat "$work/l.app")"
	[[ $(cat "$work/l.app") == "3 contexts 0 filters 0 pairs 0 sas 0 main modes" ]] ||
		fail "nobody sees $(cat "$work/l.app")"
	as_nobody b nt_wfp delete >"$work/d.app" 2>&1
	grep -qx '5 5' "$work/d.app" || fail "nobody's deletes say $(cat "$work/d.app")"
	on b nt_wfp list >"$work/l.app" 2>&1 || fail "$(cat "$work/l.app")"
	grep -Eq '^5 contexts [1-9][0-9]* filters [1-9][0-9]* pairs' "$work/l.app" ||
		fail "root sees $(cat "$work/l.app")"
}

unsecured_has_nothing() {
	serve b secure_server -c "$p0"
	talk_start a -c "$b4" "$p0"
	on a nt_wfp list >"$work/l.app" 2>&1 || fail "$(cat "$work/l.app")"
	grep -q ' 0 filters' "$work/l.app" || fail "there are $(cat "$work/l.app")"
}

# Both directions, here and at the peer.
root_deletes() {
	serve b secure_server "$p0"
	talk_start a -d "$b4" "$p0"
	say before
	on a nt_wfp delete >"$work/d.app" 2>&1 || fail "$(cat "$work/d.app")"
	grep -qx '0 0' "$work/d.app" || fail "root's deletes say $(cat "$work/d.app")"
	say after 20
}

no_keys() {
	serve b secure_server "$p0"
	on a secure_client -t 5 "$b4" "$p0" text >/dev/null || fail "the client fails"
	on a secure_client -e -t 5 "$b4" "$p0" text >/dev/null || :
	on a nt_wfp keys >"$work/k.app" || fail "$(cat "$work/k.app")"
	grep -Eqx '[1-9][0-9]* pairs 0 bytes' "$work/k.app" || fail "$(cat "$work/k.app")"
}

statistics_move() {
	statistics_are "active + added + modes + bytes_in + bytes_out + unknown + ike == 0" ||
		fail "not zero: $(on a nt_wfp statistics)"
	serve b secure_server "$p0"
	on a secure_client -t 5 "$b4" "$p0" text >/dev/null || fail "the client fails"
	on b nt_inject esp "$b4" "$a4" 5
	within 10 statistics_are \
		"active >= 1 && added >= 1 && modes >= 1 && bytes_in > 0 && bytes_out > 0 &&
			unknown >= 5 && ike == 0" || fail "they are $(on a nt_wfp statistics)"
}

# What is still being closed would negotiate with the next daemons, and be shown as theirs.
closed_and_killed() {
	within 5 not has_live_sockets a
	within 5 not has_live_sockets b
	daemons_kill
}

topic_begin
hosts_join
each_case=closed_and_killed
config=config
start() {
	"$config" a
	"$config" b
	daemon_start a
	daemon_start b
	"$@"
}
try unsecured_has_nothing start unsecured_has_nothing
try statistics_move start statistics_move
try own_policy start own_policy
try own_policy_of_a_user start own_policy_of_a_user
try only_one_side start only_one_side
try default_beside_it start default_beside_it
# How these are negotiated does not differ with the kernel's IPsec.
same="policy_of_idle_time policy_of_main_mode policy_of_ike"
try policy_of_idle_time start policy_of_idle_time
try policy_of_main_mode start policy_of_main_mode
config=config_ike
try policy_of_ike start policy_of_ike
config=config
try others_see_nothing start others_see_nothing
try root_deletes start root_deletes
try no_keys start no_keys
