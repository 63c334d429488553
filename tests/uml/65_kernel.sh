#!/bin/bash
# What only the kernel's IPsec has: state and policies that others may change, and what it
# answers by itself.
# shellcheck source=../netns/lib.sh
. "${BASH_SOURCE[0]%/*}/../netns/lib.sh"

xfrm() {
	ip -n "$ns$1" xfrm "${@:2}"
}

# What another program has, for addresses of nobody. Each looks like ours in one thing: its
# priority, its reqid, the bits of its mark.
foreign_add() {
	xfrm "$1" state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x999 reqid 7 mode tunnel \
		enc 'cbc(aes)' 0x00112233445566778899aabbccddeeff auth-trunc 'hmac(sha1)' \
		0x000102030405060708090a0b0c0d0e0f10111213 96
	xfrm "$1" policy add src 192.0.2.0/24 dst 198.51.100.0/24 dir out priority 4153 \
		tmpl src 192.0.2.1 dst 192.0.2.2 proto esp reqid 7 mode tunnel
	xfrm "$1" policy add src 198.51.100.0/24 dst 192.0.2.0/24 dir in priority 100 \
		tmpl proto esp reqid 1095761921 mode transport
	xfrm "$1" policy add src 192.0.2.0/24 dst 128.0.0.0/1 dir out priority 4156 \
		mark 0x100000 mask 0x1ff00000 action block
}

foreign_remove() {
	xfrm "$1" state delete src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x999
	xfrm "$1" policy delete src 192.0.2.0/24 dst 198.51.100.0/24 dir out
	xfrm "$1" policy delete src 198.51.100.0/24 dst 192.0.2.0/24 dir in
	xfrm "$1" policy delete src 192.0.2.0/24 dst 128.0.0.0/1 dir out mark 0x100000 mask 0x1ff00000
}

# Every state and policy there, of all programs but those of sockets: one line each, in the
# order of the alphabet.
all_objects() {
	{ xfrm "$1" state && xfrm "$1" policy; } |
		awk '/^src/ && line { print line; line = "" } { line = line " " $0 }
			END { if (line) print line }' | tr -s ' \t' ' ' | grep -v ' socket \(in\|out\) ' |
		sort
}

# Those of the addresses that only the other program has.
foreign_objects() {
	all_objects "$1" | grep '192\.0\.2\.'
}

# foreign_as_ever HOST WHEN: none is gone, none is changed.
foreign_as_ever() {
	[[ $(foreign_objects "$1") == "$foreign" ]] ||
		fail "not as before $2: $(diff <(foreign_objects "$1") - <<<"$foreign" | head -n 5)"
}

served() {
	on a secure_client -t "${1:-5}" "$b4" "$p0" attack-at-dawn
}

# A flush by authipctl, a stop, and a restart after kill -9 touch nothing but their own; after
# that the host is as it was.
foreign_untouched() {
	local foreign
	foreign_add a
	foreign=$(foreign_objects a)
	(($(wc -l <<<"$foreign") == 4)) || fail "not added: $foreign"
	serve b secure_server "$p0"
	served || fail "the client failed"
	forget
	foreign_as_ever a "the SAs of authipd were deleted"
	daemon_kill a
	(($(all_objects a | wc -l) > 4)) || fail "a killed daemon leaves nothing that could leak"
	daemon_start a
	foreign_as_ever a "the restart"
	daemon_stop a
	[[ $(all_objects a) == "$foreign" ]] ||
		fail "after the stop: $(diff <(all_objects a) - <<<"$foreign" | head -n 5)"
	(($(on a sysctl -n net.ipv4.fwmark_reflect) == 0)) || fail "fwmark_reflect stayed on"
	foreign_remove a
	[[ -z $(all_objects a) ]] || fail "left over: $(all_objects a | head -n 3)"
	daemon_start a
}

killed_and_restarted() {
	daemon_kill "$1"
	(($(all_objects "$1" | wc -l) > $2)) || fail "the SAs ended with the daemon"
}

# What a killed daemon had, states, questions and policies, is gone when the next one is ready:
# that has exactly what one has that was never killed. Also if marks have another mask.
leftovers_removed() {
	local fresh
	daemon_stop b
	daemon_start b
	fresh=$(all_objects b)
	serve b secure_server "$p0"
	served || fail "the client failed"
	killed_and_restarted b "$(wc -l <<<"$fresh")"
	daemon_start b
	[[ $(all_objects b) == "$fresh" ]] ||
		fail "left over: $(diff <(all_objects b) - <<<"$fresh" | head -n 5)"
	ctl a delete --all >/dev/null
	served 10 || fail "the client failed after the restart"
	end_apps
	killed_and_restarted b "$(wc -l <<<"$fresh")"
	echo 'plane { mark_mask = 0x0ff00000 }' >>"$work/b.conf"
	daemon_start b
	not grep -q 0x7ff00000 <<<"$(all_objects b)" ||
		fail "left over of another mask: $(all_objects b | grep 0x7ff00000 | head -n 3)"
	(($(all_objects b | wc -l) == $(wc -l <<<"$fresh"))) ||
		fail "left over: $(all_objects b)"
	daemon_stop b
	config b
	daemon_start b
	ctl a delete --all >/dev/null
}

# Another administrator flushes: an alarm, and everything is as it was.
flush_noticed() {
	serve b secure_server "$p0"
	talk_start a -d "$b4" "$p0"
	say before-the-flush
	xfrm a state flush
	within 5 has_log a "another program flushed the SAs" || fail "flushed SAs: no word"
	say after-the-states 20
	xfrm a policy flush
	within 5 has_log a "ALARM: another program flushed the IPsec policies" ||
		fail "flushed policies: no alarm"
	capture flushed
	say after-the-policies 20
	captured_only "udp port 500 or ip proto 50"
	ctl a delete --all >/dev/null
	served 10 || fail "no new connections"
	captured_only "udp port 500 or ip proto 50"
}

has_larval() {
	xfrm "$1" state | grep -q 'spi 0x00000000'
}

# Another program changes so much at once that a question of the kernel is lost to us. If a third
# one heard it the kernel believes that it was asked, for 30 seconds: the question is found.
question_lost() {
	local p
	serve b secure_server "$p0"
	talk_start a -d "$b4" "$p0"
	say before-the-flood
	forget || fail "not forgotten"
	spawn a monitor ip xfrm monitor acquire
	p=$(daemon_pid a)
	kill -STOP "$p"
	seq -f 'policy add src 192.0.2.0/24 dst 198.51.100.0/24 dir fwd mark %.0f' 8000 |
		sed 's/^/xfrm /' | on a ip -batch - || fail "no flood"
	echo after-the-flood >&9
	within 5 has_larval a || fail "the kernel did not ask"
	kill -CONT "$p"
	within 10 has_log a "notifications of the kernel were lost" || fail "nothing was lost"
	within 10 grep -q after-the-flood "$work/talk.app" || fail "the question was not found"
	xfrm a policy deleteall dir fwd
}

policies_are() {
	[ "$(xfrm a policy | grep -c '^src')" -eq "$1" ]
}

# One policy deleted is put back.
deletion_noticed() {
	local before mark
	before=$(xfrm a policy | grep -c '^src')
	# The guard of the upper half of all addresses.
	mark=$(xfrm a policy | awk '/^src/ { f = $4 == "128.0.0.0/1" }
		f && $1 == "mark" { print $2; exit }')
	[[ -n $mark ]] || fail "there is no guard: $(xfrm a policy | head -n 5)"
	xfrm a policy delete src 0.0.0.0/0 dst 128.0.0.0/1 dir out mark "${mark%/*}" \
		mask "${mark#*/}" || fail "cannot delete the guard"
	within 5 has_log a "ALARM: another program changed" || fail "no alarm"
	within 5 policies_are "$before" || fail "not put back"
}

# The kernel's reset for a closed port is protected: the client knows at once (E31).
closed_port() {
	local start=$SECONDS
	serve b secure_server "$p0"
	served || fail "the client failed"
	end_apps
	capture closed
	# The SA of the former server is there; nobody listens any more.
	not on a secure_client -t 15 "$b4" "$p0" >"$work/closed.app" 2>&1 ||
		fail "connected to nobody"
	grep -q 10061 "$work/closed.app" ||
		fail "not WSAECONNREFUSED: $(tail -n 1 "$work/closed.app")"
	((SECONDS - start < 10)) || fail "it took $((SECONDS - start)) s"
	captured_only "udp port 500 or ip proto 50"
}

# While one peer never answers, connections to another come about (E27).
dead_peer() {
	local ms
	serve b secure_server "$p0"
	ip -n "${ns}a" neigh replace 10.99.0.9 lladdr 02:00:00:00:00:09 dev eth0
	on a secure_client -t 20 10.99.0.9 "$p0" >"$work/dead.app" 2>&1 &
	on a secure_client -t 20 10.99.0.9 "$p1" >"$work/dead1.app" 2>&1 &
	sleep 0.5
	forget
	ms=$(on a secure_client -t 5 "$b4" "$p0" | sed -n 's/^connected in \([0-9]*\).*/\1/p')
	((${ms:-99999} < 900 * patience)) || fail "connect to a living peer took ${ms:-too many} ms"
}

# The choice: auto takes the kernel here, and the log and the status say so.
backend_choice() {
	local host=a
	daemon_stop $host
	sed -i 's/^backend = .*/backend = "auto"/' "$work/$host.conf"
	on $host sysctl -qw net.ipv4.tcp_fwmark_accept=1
	daemon_start $host
	on $host sysctl -qw net.ipv4.tcp_fwmark_accept=0
	has_log $host "net.ipv4.tcp_fwmark_accept is 1" || fail "no word of tcp_fwmark_accept"
	has_log $host "backend kernel: the kernel has ESP" || fail "auto: not the kernel"
	ctl $host status --json | grep -q '"backend": *"kernel"' || fail "the status is silent"
	daemon_stop $host
	sed -i 's/^backend = .*/backend = "plane"/' "$work/$host.conf"
	daemon_start $host
	has_log $host "backend plane: as configured" || fail "plane: not the plane"
	daemon_stop $host
	config $host
	daemon_start $host
}

# What the kernel does not have is not proposed; auto takes the plane if nothing would be left.
lacks_algorithm() {
	daemon_stop a
	trap 'modprobe des_generic' EXIT
	rmmod des_generic || fail "the kernel keeps DES"
	daemon_start a
	has_log a "the kernel has no esp-3des-sha1: it is not proposed" || fail "not in the log"
	(($(grep -c "the kernel has no " "$work/a.log") == 2)) ||
		fail "not 3DES alone: $(grep "the kernel has no " "$work/a.log")"
	serve b secure_server -e "$p0"
	on a secure_client -e -t 5 "$b4" "$p0" || fail "the client failed"
	daemon_stop a
	config a 'proposal "esp-null-sha1" { } proposal "esp-3des-sha1" { }'
	sed -i 's/^backend = .*/backend = "auto"/' "$work/a.conf"
	daemon_start a
	has_log a "backend plane: the kernel can do none" || fail "auto took the kernel"
	daemon_stop a
	modprobe des_generic
	daemon_start a
	has_log a "backend kernel: the kernel has ESP" || fail "auto did not take the kernel"
	daemon_stop a
	config a
	daemon_start a
}

# Clear packets that the policies of a have refused.
refused() {
	on a sed -n 's/^XfrmInTmplMismatch[[:blank:]]*//p' /proc/net/xfrm_stat
}

has_refused() {
	(($(refused) >= $1))
}

# Who is called in clear answers that call, and no more: not even from the same port.
ring_answers() {
	local port before
	daemon_stop a
	daemon_stop b
	echo "rule \"ring\" { remote = $b4 action = require-in-request-out }" >>"$work/a.conf"
	daemon_start a
	serve b secure_server -c "$p0"
	serve a secure_server -c "$p1"
	# The second one is a connection that the kernel does not ask about.
	on a secure_client -c -t 5 "$b4" "$p0" attack-at-dawn || fail "the answer was refused"
	within 10 has_log a "does not speak IKE" || fail "nobody asked"
	talk_start a -c "$b4" "$p0"
	say before-the-packet
	port=$(on a ss -Htn state established dport = :"$p0" | sed -n 's/.*:\([0-9]*\) .*/\1/p' |
		head -n 1)
	before=$(refused)
	on b nt_inject tcp "$b4" "$p0" "$a4" "$port" 1 # not of its window: nothing happens
	on b nt_inject tcp "$b4" "$p0" "$a4" "$p1" 1
	on b nt_inject tcp "$b4" "$p0" "$a4" $((port ^ 1)) 1
	within 5 has_refused $((before + 2)) || leaks "another port took a clear packet"
	(($(refused) == before + 2)) || fail "its own port was refused"
	not on b secure_client -c -t 2 "$a4" "$p1" attack-at-dawn || leaks "a clear client got in"
	say after-the-packet
	daemon_stop a
	config a
	daemon_start a
	daemon_start b
}

# Both ends' states say what they do: window 1024 without ESN, transport mode.
state_as_specified() {
	serve b secure_server -e "$p0"
	on a secure_client -e -t 5 "$b4" "$p0" || fail "the client failed"
	xfrm a state >"$work/states.app"
	grep -q 'replay_window 1024' "$work/states.app" || fail "not a window of 1024: $(tr '\n' ' ' <"$work/states.app")"
	not grep -q 'flag.*esn' "$work/states.app" || fail "extended sequence numbers"
	not grep -q 'mode tunnel' "$work/states.app" || fail "tunnel mode"
	grep -q 'output-mark' "$work/states.app" || fail "the inbound state sets no mark"
}

# spis HOST
spis() {
	xfrm "$1" state | awk '$3 == "spi" { print $4 }' | sort
}

has_gone() {
	not grep -qF -- "$2" <<<"$(spis "$1")"
}

# limit HOST SPI KIND SECONDS: another lifetime for a state of the default policy. The kernel
# takes that alone: keys are given for form's sake. (A hard end has to come after a soft one.)
limit() {
	local src dst reqid
	read -r src dst reqid < <(xfrm "$1" state | awk -v spi="$2" '/^src/ { s = $2; d = $4 }
		$3 == "spi" && $4 == spi { print s, d, $6 }')
	xfrm "$1" state update src "$src" dst "$dst" proto esp spi "$2" reqid "$reqid" \
		mode transport enc 'ecb(cipher_null)' "" auth-trunc 'hmac(sha1)' \
		0x000102030405060708090a0b0c0d0e0f10111213 96 limit "$3" "$4" ||
		fail "cannot change the lifetime of $2"
}

# renewals HOST: how many pairs replaced others.
renewals() {
	grep -c 'established.*, for quick mode' "$work/$1.log"
}

has_renewed() {
	(($(renewals a) > $1))
}

# The kernel's clock ends states: in time there is a new pair, and nothing waits for it.
ends_by_time() {
	local spi old before
	forget
	serve b secure_server "$p0"
	talk_start a -d "$b4" "$p0"
	say first-line
	old=$(spis a)
	(($(wc -w <<<"$old") == 2)) || fail "not one pair: $old"
	(($(ip -s -n "${ns}a" xfrm state | grep -c 'hard 3600(sec)') == 2)) ||
		fail "not the lifetime of the policy"
	before=$(renewals a)
	for spi in $old; do
		limit a "$spi" time-soft 1
	done
	within 20 has_renewed "$before" || fail "the soft limit of the kernel renews nothing"
	say after-the-soft-limit
	limit a "${old%%$'\n'*}" time-hard 1 # the other one goes with it
	for spi in $old; do
		within 20 has_gone a "$spi" || fail "the kernel keeps $spi beyond its time"
		within 20 has_gone b "$spi" || fail "the peer keeps $spi"
	done
	say after-the-hard-limit
	(($(count a "quick mode SAs") == 1)) || fail "the new pair went, too"
}

# A broadcast of the subnet leaves in clear, as with the plane; what goes to hosts does not.
subnet_broadcast() {
	spawn b sock-hear nt_sock hear "$p0"
	within 5 begins_line "$work/sock-hear.app" listening || fail "nobody listens"
	capture broadcast
	spawn a sock-shout nt_sock -s shout "${b4%.*}.255" "$p0"
	within 10 begins_line "$work/sock-hear.app" "heard shout" || fail "no broadcast came"
	captured_only "udp port 500 or ip proto 50 or dst host ${b4%.*}.255"
}

# Without a daemon, programs that never asked for protection go on as ever.
plain_after_death() {
	daemon_kill a
	serve b secure_server -c "$p1"
	on a secure_client -c -t 5 "$b4" "$p1" || fail "a plain socket suffers"
	daemon_start a
}

topic_begin
hosts_join
both_daemons kernel
try kernel_state_as_specified state_as_specified
try kernel_foreign_untouched foreign_untouched
try kernel_leftovers_removed leftovers_removed
try kernel_flush_noticed flush_noticed
try kernel_deletion_noticed deletion_noticed
try kernel_question_lost question_lost
try kernel_closed_port closed_port
try kernel_dead_peer dead_peer
try kernel_ring_answers ring_answers
try kernel_ends_by_time ends_by_time
try kernel_subnet_broadcast subnet_broadcast
try kernel_plain_after_death plain_after_death
try kernel_backend_choice backend_choice
try kernel_lacks_algorithm lacks_algorithm
