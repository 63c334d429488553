# shellcheck shell=bash disable=SC2154,SC2034 # of tests/netns/lib.sh, and for it
# The cases, the same against every peer.

# ---- pairs of algorithms: authipd begins, then the peer does -----------------------------

both_ways() {
	begin "$@"
	talk a b "$p0" || fail "the client of authipd failed: $(client_last)"
	both_up "initiated"
	ctl a delete --all >/dev/null
	both_down
	peer_initiate || fail "$peer_name cannot initiate: $(tail -n 2 "$work/initiate.out")"
	both_up "responded"
	talk b a "$p1" || fail "the client of the peer failed: $(client_last)"
	wire_is_protected
}

# Both protocols: AuthIP, of which the peer knows nothing, goes out first, and it is followed.
both_keyings() {
	both_ways keying both "$@"
	captured_some "src host $a4 and udp port 500 and udp[26] == 243"
	captured_some "src host $a4 and udp port 500 and udp[26] == 2"
}

# authipd is behind the NAT; what the peer begins could not come in.
nat_between() {
	begin encap auto "$@"
	talk a b "$p0" || fail "the client failed: $(client_last)"
	both_up "initiated"
	captured_only "udp port 500 or udp port 4500"
	captured_some "udp port 4500 and udp[8:4] == 0"
	captured_some "udp port 4500 and udp[8:4] > 0"
	ctl a delete --all >/dev/null
	both_down
}

# The peer is behind it, and so it has to begin.
peer_behind_nat() {
	begin encap auto "$@"
	peer_initiate || fail "$peer_name cannot initiate: $(tail -n 2 "$work/initiate.out")"
	both_up "responded"
	talk b a "$p0" || fail "the client of the peer failed: $(client_last)"
	captured_only "udp port 500 or udp port 4500"
	captured_some "src host $outside and udp port 4500 and udp[8:4] == 0"
	captured_some "src host $outside and udp port 4500 and udp[8:4] > 0"
	captured_some "dst host $outside and udp port 4500 and udp[8:4] > 0"
	peer_delete
	both_down
}

# ---- what must fail, and say why ----------------------------------------------------------

nothing_happens() {
	! talk a b "$p0" || leaks "traffic went through"
	peer_is_down || fail "$peer_name has SAs"
	has_none || fail "authipd has a quick mode"
	captured_only "udp port 500"
}

# refused PATTERN [OPTION VALUE]...: the log of authipd says PATTERN.
refused() {
	local pattern=$1
	shift
	begin "$@"
	nothing_happens
	has_log a "$pattern" || fail "authipd does not log why: $(grep -v debug "$work/a.log" | tail -n 1)"
}

# The same with the peer as initiator.
peer_is_refused() {
	local pattern=$1
	shift
	begin "$@"
	! peer_initiate || fail "$peer_name got its SAs"
	peer_is_down || fail "$peer_name has SAs"
	has_log a "$pattern" || fail "authipd does not log why: $(grep -v debug "$work/a.log" | tail -n 1)"
}

peer_says() {
	peer_log | tail -c "+$peer_log_before" | grep -q "$1"
}

# The peer begins and refuses authipd: it alone knows why (PATTERN of its log). Its command
# would try on for long.
peer_refuses() {
	local pattern=$1
	shift
	begin "$@"
	peer_log_before=$(peer_log | wc -c)
	peer_initiate &
	within 20 peer_says "$pattern" || fail "$peer_name does not say why: $(peer_last)"
	peer_is_down || fail "$peer_name has SAs"
	has_none || fail "authipd has a quick mode"
	captured_only "udp port 500"
}

# ---- the end of SAs -------------------------------------------------------------------------

# Both sides begin and both end: authipd's Delete is in the middle of both_ways.
both_ways_and_deletes() {
	both_ways "$@"
	peer_delete
	both_down
}

main_mode_stays() {
	peer_has_main || fail "$peer_name has no main mode when authipd has none: $(peer_last)"
	(($(main_modes) == 1)) || fail "authipd has $(main_modes) main modes"
}

main_modes_are() {
	(($(main_modes) == $1))
}

# id_of main|quick: the number of authipd's only one.
id_of() {
	ctl a status --json | tr -d ' \n' |
		sed -n 's/.*"'"$1"'_mode":\[{"id":\([0-9]*\),.*/\1/p'
}

# A quick mode ends alone, first by authipd's word, then by the peer's.
quick_mode_deletes() {
	begin
	talk a b "$p0" || fail "the client failed: $(client_last)"
	both_up "initiated"
	ctl a delete --quick-mode "$(id_of quick)" >/dev/null
	both_down
	main_mode_stays
	talk_again a b "$p0" || fail "the second client failed: $(client_last)"
	both_up "initiated again"
	peer_delete_quick
	both_down
	main_mode_stays
}

quick_modes_are() {
	[[ $(usable_quick_modes) == "$1" && $(peer_quicks | wc -l) == "$1" ]]
}

# The same for libreswan, which ends a main mode with its last quick mode: there is another.
# What authipd deletes is what it began itself: what libreswan began it begins anew.
one_of_two_deletes() {
	local first
	begin
	talk a b "$p0" || fail "the client failed: $(client_last)"
	first=$(id_of quick)
	peer_initiate || fail "$peer_name cannot initiate: $(tail -n 2 "$work/initiate.out")"
	within 10 quick_modes_are 2 || fail "there are not two quick modes: $(peer_last)"
	main_mode_stays
	ctl a delete --quick-mode "$first" >/dev/null
	within 10 quick_modes_are 1 || fail "one was deleted, and not one is left: $(peer_last)"
	main_mode_stays
	peer_initiate authipd-tcp || fail "$peer_name cannot initiate: $(tail -n 2 "$work/initiate.out")"
	within 10 quick_modes_are 2 || fail "there are not two again: $(peer_last)"
	peer_delete_quick
	within 10 quick_modes_are 1 || fail "the peer deleted one, and not one is left: $(peer_last)"
	main_mode_stays
	talk_again a b "$p0" || fail "the last client failed: $(client_last)"
}

# A main mode ends. Whose word it is decides what becomes of its pair: authipd deletes both,
# but keeps the pair of a peer that deleted its main mode alone (MS-IKEE 7, note 26).
main_mode_deletes() {
	begin
	talk a b "$p0" || fail "the client failed: $(client_last)"
	both_up "initiated"
	ctl a delete --main-mode "$(id_of main)" >/dev/null
	within 10 not peer_has_main || fail "$peer_name still has its main mode: $(peer_last)"
	within 10 main_modes_are 0 || fail "authipd still has its main mode"
	both_down
	talk_again a b "$p0" || fail "the second client failed: $(client_last)"
	both_up "initiated again"
	peer_delete
	within 10 not peer_has_main || fail "$peer_name still has its main mode: $(peer_last)"
	within 10 main_modes_are 0 || fail "authipd still has its main mode"
}

# authipd is gone from one moment to the next: the peer's own detection finds out.
authipd_dies() {
	begin dpd 2 dpd_timeout 6
	talk a b "$p0" || fail "the client failed: $(client_last)"
	both_up "initiated"
	daemons_kill
	within 40 peer_is_down || fail "$peer_name does not notice: $(peer_last)"
}

# The peer is gone: authipd finds out when there is something to say.
peer_dies() {
	begin
	talk_start_to b
	peer_kill
	echo into-the-void >&9
	within 60 has_none || fail "authipd does not notice"
	peer_start
}

# ---- traffic that goes on -------------------------------------------------------------------

talk_start_to() {
	serve "$1" secure_server -c "$p0"
	talk_start a -c "$(ip_of "$1" 4)" "$p0"
	say first
}

# still_talks SECONDS [COMMAND]: a line each half second, until the command succeeds.
still_talks() {
	local end=$((SECONDS + $1)) n=0
	while ((SECONDS < end)) && ! "${2:-false}"; do
		n=$((n + 1))
		say "line-$n-$RANDOM" 15
		sleep 0.3
	done
}

# Six messages of the identity protection exchange are one main mode.
two_main_modes() {
	(($(captured "udp port 500 and udp[26] == 2") >= 12))
}

peer_rekeys_quick() {
	local before
	begin
	talk_start_to b
	before=$(spis)
	peer_rekey_quick || fail "$peer_name: $(tail -n 1 "$work/rekey.out")"
	still_talks 3
	[[ $(spis) != "$before" ]] || fail "the SPIs are the old ones"
}

# A peer that renews what it began itself, when its time is over.
peer_rekeys_by_time() {
	begin quick_rekey_s 12
	peer_initiate || fail "$peer_name cannot initiate: $(tail -n 2 "$work/initiate.out")"
	both_up "responded"
	talk_start_to b
	spis_before=$(spis)
	still_talks 30 peer_has_rekeyed
	peer_has_rekeyed || fail "$peer_name does not renew: $(peer_last)"
	still_talks 3
}

peer_has_rekeyed() {
	[[ $(spis) != "$spis_before" ]] && peer_log | grep -q 'initiating Quick Mode.*to replace #'
}

# By the word of both: what the peer began is another one than what authipd did.
peer_has_renewed_main() {
	(($(main_modes responder) > 0)) && peer_began_main
}

peer_rekeys_main() {
	begin
	talk_start_to b
	peer_rekey_main || fail "$peer_name: $(tail -n 1 "$work/rekey.out")"
	still_talks 20 peer_has_renewed_main
	peer_has_renewed_main || fail "there was no second main mode: $(tail -n 1 "$work/rekey.out");" \
		"$(peer_last)"
	still_talks 2
}

# The same by time, of a peer that renews only what it began itself.
peer_rekeys_main_by_time() {
	begin main_rekey_s 8
	peer_initiate || fail "$peer_name cannot initiate: $(tail -n 2 "$work/initiate.out")"
	first_main=$(sed -n 's/.*#\([0-9]*\): initiating IKEv1 Main Mode.*/\1/p' "$work/initiate.out")
	both_up "responded"
	talk_start_to b
	still_talks 30 peer_has_another_main
	peer_has_another_main || fail "$peer_name does not renew: $(peer_last)"
	still_talks 3
}

# A later one than that which it began with, by the word of both.
peer_has_another_main() {
	(($(counter a event_main_mode_established) > 1)) && [[ $(peer_mains | tail -n 1) -gt $first_main ]]
}

# Both phases live for a minute: authipd renews them, and no line is lost.
authipd_rekeys() {
	local before
	begin main_s 60 quick_s 60
	talk_start_to b
	before=$(spis)
	still_talks 48
	still_talks 25 two_main_modes
	two_main_modes || fail "there was no second main mode"
	still_talks 2
	[[ $(spis) != "$before" ]] || fail "the SPIs are the old ones"
	peer_is_up || fail "$peer_name has no SAs: $(peer_last)"
}

# Exchanges of this type that authipd has sent messages of: 2 is main mode, 32 quick mode.
begun() {
	captured "src host $a4 and udp port 500 and udp[26] == $1"
}

has_begun_more() {
	(($(begun "$1") > $2))
}

# when_begun TYPE COMMAND: in the background, as soon as authipd begins such an exchange.
when_begun() {
	local n
	n=$(begun "$1")
	peer_renewed=$work/renewed-$1.out
	(within 70 has_begun_more "$1" "$n" && "$2" && : >"$peer_renewed") &
}

peer_has_answered() {
	[[ -e $peer_renewed ]]
}

# Both sides renew at once, each phase: messages take so long here that the exchange of the
# peer begins inside that of authipd. No line is lost, and both ends end up with the same.
both_renew() {
	local phase host
	begin main_s 60 quick_s 90 grace_s 2
	talk_start_to b
	for host in a b; do
		tc -n "$ns$host" qdisc add dev eth0 root netem delay 300ms || fail "no netem"
	done
	for phase in "2 peer_rekey_main" "32 peer_rekey_quick"; do
		# shellcheck disable=SC2086
		when_begun $phase
		still_talks 60 peer_has_answered
		peer_has_answered || fail "$phase: they did not renew: $(tail -n 1 "$work/rekey.out")"
		still_talks 2
	done
	within 30 both_agree || fail "$peer_name has $(spis | xargs), $(peer_cookies | xargs);" \
		"authipd $(own_spis | xargs), $(own_cookies | xargs)"
	say the-last-line
}

sink_has() {
	[ "$(stat -c %s "$work/sink.app")" -ge "$1" ]
}

# listens HOST PORT: for what prints nothing but what it receives.
listens() {
	[[ -n $(on "$1" ss -Hltn "sport = :$2") ]]
}

# More than the volume of an SA, in one go.
authipd_rekeys_by_volume() {
	local before
	begin quick_kb 1024
	talk a b "$p0" || fail "the client failed: $(client_last)"
	before=$(spis)
	end_apps
	spawn b sink nt_stream -c sink "$p0"
	within 10 listens b "$p0" || fail "the sink does not listen: $(tail -n 1 "$work/sink.app")"
	head -c 3000000 /dev/zero | on a nt_stream -c put "$b4" "$p0" ||
		fail "the transfer ended early"
	within 10 sink_has 3000000 ||
		fail "$(stat -c %s "$work/sink.app") bytes of 3000000 came"
	[[ $(spis) != "$before" ]] || fail "the SPIs are the old ones"
}
