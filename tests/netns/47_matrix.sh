#!/bin/bash
# What rules of the configuration let in and out, cell by cell: each action, with and without
# encryption, protocol, family, direction. Both data planes have to say the same.
# shellcheck source=lib.sh disable=SC2046,SC2086
. "${BASH_SOURCE[0]%/*}/lib.sh"

n_rules=0
cells=${BASH_SOURCE[0]%/*}/nt_cells.py

# What the six ports of a row are for.
actions=(request-in-out "request-in-out encryption = true"
	require-in-out "require-in-out encryption = true"
	require-in-request-out "require-in-request-out encryption = true")

# row SIDE PORT: a rule for each action, from this port on. SIDE: local or remote.
row() {
	local i
	for i in "${!actions[@]}"; do
		rule "${1}_port = $(($2 + i)) action = ${actions[i]}"
	done
}

# rule TEXT [NAME]
rule() {
	echo "rule \"${2:-$((n_rules++))}\" { policy = \"strong\" $1 }"
}

# configure HOST TEXT
configure() {
	config "$1" 'proposal "esp-aes256-sha256" { }'
	printf '%s\n' 'policy "strong" { quick_mode { allow_clear = 0' \
		'proposal "esp-aes256-sha256" { } } }' "$2" >>"$work/$1.conf"
}

# tcp PORT..., udp PORT..., both PORT...: cells of these ports.
tcp() {
	printf 'tcp:%s ' "$@"
}

udp() {
	printf 'udp:%s ' "$@"
}

both() {
	tcp "$@"
	udp "$@"
}

# listen HOST CELL...
listen() {
	spawn "$1" "took-$1" python3 "$cells" listen "${@:2}"
	within 10 begins_line "$work/took-$1.app" listening ||
		fail "no servers: $(tail -n 1 "$work/took-$1.app")"
}

# call_begin HOST SECONDS N {WORD@ADDRESS CELL...}...: for so long, and until there were N
# answers; what is answered is in call-HOST.app.
call_begin() {
	spawn "$1" "call-$1" python3 "$cells" call "${@:2}"
}

call_end() {
	within 30 grep -q ^done "$work/call-$1.app" ||
		fail "the calls do not end: $(tail -n 1 "$work/call-$1.app")"
}

# is FILE WORD CELL...: in the file, this word was said of these cells, and of no other.
is() {
	local file=$work/$1.app word=$2 wrong
	shift 2
	printf '%s\n' "$@" | sed '/^$/d' | sort -u >"$work/wanted"
	sed -n "s/^$word //p" "$file" | sort -u >"$work/got"
	wrong=$(comm -13 "$work/wanted" "$work/got" | xargs)
	[[ -z $wrong ]] || leaks "$word: $wrong (${file##*/})"
	wrong=$(comm -23 "$work/wanted" "$work/got" | xargs)
	[[ -z $wrong ]] || fail "$word: not $wrong (${file##*/})"
}

in=(7000 7001 7002 7003 7004 7005) out=(7010 7011 7012 7013 7014 7015)

# The same for sockets that allow clear text, which rules do not touch: clients, and servers.
insecure_out=(7060 7061 7062 7063 7064 7065) insecure_in=(7070 7071 7072 7073 7074 7075)

# Which of these servers take clear text. Without nftables the kernel's IPsec cannot tell their
# clear packets from others: all of them are the rule's.
insecure_taken() {
	if [[ ${backend:-plane} == plane ]] || on b nft list table inet authipd >/dev/null 2>&1; then
		echo "${insecure_in[@]}"
	else
		echo "${insecure_in[0]}"
	fi
}

# Rules of one host, whose peer has no IPsec. The first rule that selects counts; more of the
# same port are about that.
rules_alone() {
	row remote 7010
	row local 7000
	row remote 7060
	row local 7070
	rule "protocol = tcp local_port = 7020 remote = $a4 action = request-in-out"
	rule "protocol = tcp local_port = 7020 action = require-in-out"
	rule "local_port = 7021 remote = $a4 action = require-in-out"
	rule "local_port = 7021 remote = 10.99.0.0/24 action = request-in-out"
	rule "protocol = udp local_port = 7022 action = request-in-out"
	rule "local_port = 7022 action = require-in-out"
	rule "local_port = 7023 action = request-in-out"
	rule "local_port = 7023 action = require-in-out"
	rule "local_port = 7024 action = require-in-out"
	rule "local_port = 7024 action = request-in-out"
	rule "local_port = 7025 local = $b4 action = require-in-request-out"
	rule "local_port = 7025 action = request-in-out"
	rule "local_port = 7040 action = request-in-out"
	rule "local_port = 7041 action = request-in-out"
	rule "remote_port = 7030 remote = $a4 action = request-in-out"
	rule "remote_port = 7030 action = require-in-out"
	rule "remote_port = 7031 remote = 10.99.0.0/24 protocol = tcp action = require-in-out"
	rule "remote_port = 7031 action = request-in-out"
	rule "remote_port = 7032 local = $b6 action = require-in-out"
	rule "remote_port = 7032 action = request-in-out"
}

more_in=(7020 7021 7022 7023 7024 7025) more_out=(7030 7031 7032)

# Clear packets, in and out, to hosts, groups and the host itself.
alone() {
	local word n
	configure b "$(rules_alone)"
	daemon_start b
	n=$(grep -c ^rule "$work/b.conf")
	within 5 has_log b "$n rules of the configuration" || fail "not in force"
	flush_nftables b
	listen a $(both "${out[@]}" "${more_out[@]}" "${insecure_out[@]}")
	listen b $(both "${in[@]}" "${more_in[@]}" 7040+s 7041+i "${insecure_in[@]/%/+i}")
	capture alone
	call_begin a 1.5 $((25 + 4 * $(insecure_taken | wc -w))) v4@$b4 $(both "${in[@]}" "${more_in[@]}" 7040 7041) \
		v6@$b6 $(both "${in[@]}" "${more_in[@]}" 7040 7041) \
		insecure4@$b4 $(both "${insecure_in[@]}") insecure6@$b6 $(both "${insecure_in[@]}") \
		group4@224.0.0.1 $(udp "${in[@]}") group6@ff02::1 $(udp "${in[@]}") \
		subnet@10.99.0.255 $(udp "${in[@]}") everybody@255.255.255.255 $(udp "${in[@]}")
	call_begin b 1.5 77 v4@$a4 $(both "${out[@]}" "${more_out[@]}") \
		v6@$a6 $(both "${out[@]}" "${more_out[@]}") \
		insecure4@$a4 $(both "${insecure_out[@]/%/+i}") \
		insecure6@$a6 $(both "${insecure_out[@]/%/+i}") \
		group4@224.0.0.1 $(udp "${out[@]}") group6@ff02::1 $(udp "${out[@]}") \
		secured@$a4 $(both 7010+s) secured@$a6 $(both 7010+s) \
		lo4@127.0.0.1 $(both "${in[@]}") lo6@::1 $(both "${in[@]}") own4@$b4 $(both "${in[@]}")
	call_end a
	call_end b
	is took-b v4 $(both 7000 7023 7041+i) tcp:7020 udp:7020 udp:7022
	is took-b v6 $(both 7000 7021 7023 7025 7041+i) udp:7020 udp:7022
	is call-a v4 $(both 7000 7023 7041) tcp:7020 udp:7020 udp:7022
	is call-a v6 $(both 7000 7021 7023 7025 7041) udp:7020 udp:7022
	for word in group4 group6 subnet everybody; do
		is took-b $word udp:7000
		is call-a $word udp:7000
	done
	is took-a v4 $(both 7010 7014 7030 7032) udp:7031
	is took-a v6 $(both 7010 7014 7031)
	for word in insecure4 insecure6; do
		is took-a $word $(both "${insecure_out[@]}")
		is call-b $word $(both "${insecure_out[@]/%/+i}")
		is took-b $word $(both $(insecure_taken | sed 's/[0-9]\+/&+i/g'))
		is call-a $word $(both $(insecure_taken))
	done
	is took-a secured
	is call-b v4 $(both 7010 7014 7030 7032) udp:7031
	is call-b v6 $(both 7010 7014 7031)
	for word in group4 group6; do
		is took-a $word $(udp "${out[@]}")
		is call-b $word udp:7010
	done
	for word in lo4 lo6 own4; do
		is call-b $word $(both "${in[@]}")
	done
	alone_now_all_required
	capture_stop
	wire_has_not "(dst host $a4 or dst host $a6) and (tcp dst port 7031 and ip or
		dst portrange 7011-7013 or dst port 7015 or
		dst port 7030 and ip6 or dst port 7032 and ip6)"
	# Nor is there an answer to what was not let in.
	wire_has_not "(src host $b4 or src host $b6) and (src portrange 7001-7005 or src port 7024)"
}

# A reload puts a rule before them: at once it counts for what was clear, too.
alone_now_all_required() {
	local n
	talk_start b -c "$a4" 7010
	say connected-before
	configure b "$(rule "remote = 10.99.0.0/24 action = require-in-out" first4
		rule "remote = fd00:99::/64 action = require-in-out" first6
		rules_alone)"
	ctl b reload || fail "no reload"
	n=$(grep -c ^rule "$work/b.conf")
	within 5 has_log b "$n rules of the configuration" || fail "not in force"
	echo connected-after >&9
	call_begin a 1.2 0 after@$b4 $(both "${in[@]}") after@$b6 $(both "${in[@]}")
	call_begin b 1.2 0 after@$a4 $(both "${out[@]}") after@$a6 $(both "${out[@]}")
	call_end a
	call_end b
	is took-a after
	is took-a connected-after
	is took-b after
	is call-a after
}

# flows: the cells of UDP with a port of the client for each: another call is the same flow.
flows() {
	local port
	for port in "${in[@]}"; do
		echo "udp:$port<$((port + 2000))"
	done
}

# is_protected ADDRESS PORT: what b says by one of those flows.
is_protected() {
	ctl b explain --to "$1" --proto udp --port $(($2 + 2000)) --local-port "$2" |
		head -n 1 | grep -q ': protected$'
}

# Both hosts have the same rules: all is secured, and what was once is clear no more. What the
# kernel says of a closed port quotes nothing of what came in protected: by a rule, or for a
# socket that allowed clear text.
secured() {
	local word port closed=7009 insecure=7008 insecure_pid
	configure a "$(row remote 7000
		rule "protocol = udp remote_port = $closed action = require-in-out")"
	configure b "$(row local 7000
		rule "protocol = udp local_port = $closed action = require-in-out")"
	daemon_start a
	daemon_start b
	spawn b insecure python3 "$cells" listen udp:$insecure+i
	insecure_pid=$pid
	within 10 begins_line "$work/insecure.app" listening || fail "no server"
	listen b $(both "${in[@]}")
	capture secured
	call_begin a 0 26 insecure@$b4 udp:$insecure+s insecure@$b6 udp:$insecure+s tcp4@$b4 $(tcp "${in[@]}") tcp6@$b6 $(tcp "${in[@]}") \
		udp4@$b4 $(flows) udp6@$b6 $(flows)
	call_end a
	for word in tcp4 tcp6; do
		is call-a $word $(tcp "${in[@]}")
	done
	is call-a insecure udp:$insecure+s
	kill -9 "$insecure_pid"
	within 5 is_dead "$insecure_pid" || fail "the server lives"
	call_begin a 2 12 again4@$b4 $(flows) again6@$b6 $(flows) \
		closed-port@$b4 udp:$closed udp:$insecure+s closed-port@$b6 udp:$closed udp:$insecure+s
	call_end a
	capture_stop
	not grep -qa closed-port "$capture" || leaks "an ICMP error quotes what was protected"
	wire_has_not "portrange 7001-7003 or port 7005"
	for port in "${in[@]}"; do
		within 20 is_protected "$a4" "$port" || fail "UDP port $port is not secured"
		within 20 is_protected "$a6" "$port" || fail "UDP port $port is not secured (IPv6)"
	done
	daemon_stop a
	call_begin a 1 0 later4@$b4 $(flows) later6@$b6 $(flows)
	call_end a
	for word in udp4 udp6 again4 again6; do
		is took-b $word $(udp "${in[@]}")
	done
	is took-b later4
	is took-b later6
}

call_from_another_port() {
	call_begin a 0 1 moved@$b4 "udp:7050<7051"
	call_end a
}

# Both use the same port, and b speaks first: in clear, because a has no such rule. When a has it
# and secures the flow, b answers protected at once.
one_port() {
	configure a ""
	configure b "$(rule "protocol = udp action = request-in-out")"
	daemon_start a
	daemon_start b
	listen a udp:7050
	call_begin b 0 1 clear@$a4 "udp:7050<7050"
	call_end b
	is call-b clear "udp:7050<7050"
	within 10 has_log b "failed" || fail "the negotiation does not fail"
	configure a "$(rule "protocol = udp action = request-in-out")"
	ctl a reload || fail "no reload"
	listen b udp:7050
	call_begin a 0 1 first@$b4 "udp:7050<7051"
	call_end a
	moves call_from_another_port
	capture one_port
	call_begin a 0 1 second@$b4 "udp:7050<7050"
	call_end a
	captured_only "udp port 500 or ip proto 50"
}

# wire_has_not FILTER
wire_has_not() {
	local first
	first=$(tcpdump -nr "$capture" "$1" 2>/dev/null | head -n 1)
	[[ -z $first ]] || leaks "on the wire: $first"
}

topic_begin
hosts_join
each_case=daemons_kill
try matrix_alone alone
try matrix_secured secured
try matrix_one_port one_port
