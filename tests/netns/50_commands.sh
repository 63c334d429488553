#!/bin/bash
# Starting, stopping, asking: what the programs accept, refuse and say.
# shellcheck source=lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"

# exits STATUS COMMAND...
exits() {
	local wanted=$1 got=0
	shift
	"$@" >"$work/exits.app" 2>&1 || got=$?
	((got == wanted)) || fail "exit status $got, not $wanted: ${*:1:6}"
}

wrong_descriptors() {
	local name error all
	all=$(on a nt_refuse) || fail "nt_refuse failed"
	while read -r name error; do
		grep -qx "$name $error" <<<"$all" ||
			fail "$name: wanted $error, got: $(grep "^$name " <<<"$all")"
	done <<-END
		closed 10038
		file 10038
		pipe 10038
		unix 10022
		raw 10022
		raw6 10022
		packet 10022
		bound 10022
		bound-udp 10022
		listening 10022
		connected 10056
		connected-udp 10056
		reuseaddr 10022
		reuseport 10022
		twice 10022
		good 0
	END
}

second_daemon() {
	exits 1 on a "$builddir/authipd" -f -c "$work/a.conf" --run-dir "$work/a.run"
	grep -q 'another authipd uses' "$work/exits.app" ||
		fail "not clear: $(tail -n 1 "$work/exits.app")"
	mkdir "$work/second"
	exits 1 on a "$builddir/authipd" -f -c "$work/a.conf" --run-dir "$work/second"
	grep -q 'port 500 is in use' "$work/exits.app" ||
		fail "not clear: $(tail -n 1 "$work/exits.app")"
	# Another port does not help: the devices are taken.
	(echo "ike_port = 5500" && echo "nat_port = 0" && cat "$work/a.conf") >"$work/second.conf"
	exits 1 on a "$builddir/authipd" -f -c "$work/second.conf" --run-dir "$work/second"
	grep -q 'is another authipd running' "$work/exits.app" ||
		fail "not clear: $(tail -n 1 "$work/exits.app")"
	serve b secure_server "$p0"
	on a secure_client -t 5 "$b4" "$p0" || fail "the first daemon was hurt"
}

ctl_statuses() {
	local run=("$builddir/authipctl" --run-dir "$work/a.run")
	serve b secure_server "$p0"
	exits 0 on a "${run[@]}" status
	exits 0 on a "${run[@]}" status --json
	exits 0 on a "${run[@]}" initiate --to "$b4" --proto tcp --port "$p0"
	exits 0 on a "${run[@]}" initiate --to "$b4" --proto tcp --port "$p0" --encrypt
	exits 1 on a "${run[@]}" initiate --to "$b4" --proto tcp --port 9
	exits 2 on a "${run[@]}" initiate --to "$b4"
	exits 2 on a "${run[@]}" delete
	exits 2 on a "${run[@]}" delete --quick-mode x
	exits 2 on a "${run[@]}" nonsense
	exits 0 on a "${run[@]}" delete --all
	within 2 has_count a "main mode SAs" 0 || fail "delete --all left main modes"
	exits 3 on a "$builddir/authipctl" --run-dir "$work/nowhere" status
}

monitors_see() {
	forget
	on a secure_client -t 5 "$b4" "$p0" || return 1
	within 1 grep -q '^quick-mode-established' "$work/monitor.app" &&
		within 1 grep -q '"event":.*quick-mode-established' "$work/json.app"
}

monitor() {
	serve b secure_server "$p0"
	spawn a monitor "$builddir/authipctl" --run-dir "$work/a.run" monitor
	spawn a json "$builddir/authipctl" --run-dir "$work/a.run" monitor --json
	within 20 monitors_see || fail "no event, or no JSON event"
}

# explain WANTED OPTION...: the first line ends with it; the rest is in explain.app.
explain() {
	ctl a explain --proto tcp --port "$p0" "${@:2}" >"$work/explain.app" ||
		fail "explain ${*:2} failed"
	head -n 1 "$work/explain.app" | grep -q ": $1\$" ||
		fail "not $1: $(cat "$work/explain.app")"
}

# What carries a connection, and why another one is clear or waits.
explains() {
	local port
	forget
	explain clear --to "$b4"
	grep -q "authipd does not touch it" "$work/explain.app" || fail "it touches it"
	serve b secure_server "$p0"
	talk_start a -d "$b4" "$p0"
	port=$(on a ss -Htn state established dport = :"$p0" | sed -n 's/.*:\([0-9]*\) .*/\1/p' |
		head -n 1)
	explain protected --to "$b4" --local-port "${port:-1}"
	grep -q "the peer is CN=b.test" "$work/explain.app" || fail "who is it?"
	grep -q "quick mode #" "$work/explain.app" || fail "what carries it?"
	explain protected --socket "$(ctl a status | sed -n 's/^  #\([0-9]*\) ipv4 tcp.*/\1/p')"
	exits 1 on a "$builddir/authipctl" --run-dir "$work/a.run" explain --socket 99999
	exits 2 on a "$builddir/authipctl" --run-dir "$work/a.run" explain --to "$b4"
}

check_only() {
	printf 'trust = "/dev/null"\nnonsense = 1\n' >"$work/bad.conf"
	exits 1 on a "$builddir/authipd" -n -c "$work/bad.conf"
	grep -q "bad.conf:2:" "$work/exits.app" ||
		fail "no line: $(tail -n 1 "$work/exits.app")"
	exits 0 on a "$builddir/authipd" -n -c "$work/a.conf"
	exits 2 on a "$builddir/authipd" --nonsense
}

background() {
	local p
	daemon_stop a
	exits 0 on a "$builddir/authipd" -c "$work/a.conf" --run-dir "$work/a.run"
	p=$(cat "$work/a.run/authipd.pid")
	echo "$p" >"$work/a.pid"
	serve b secure_server "$p0"
	on a secure_client -t 5 "$b4" "$p0" || fail "not ready after it returned"
	exits 1 on a "$builddir/authipd" -c "$work/a.conf" --run-dir "$work/a.run"
	daemon_stop a
	sed 's/a.key/nothing.key/' "$work/a.conf" >"$work/nokey.conf"
	exits 1 on a "$builddir/authipd" -c "$work/nokey.conf" --run-dir "$work/a.run"
	leaves_nothing a
	daemon_start a
}

# leaves_nothing HOST: rules, routes, devices, files.
leaves_nothing() {
	local rest
	rest=$(
		ip -n "$ns$1" rule | grep -v 'lookup \(local\|main\|default\)'
		ip -n "$ns$1" -6 rule | grep -v 'lookup \(local\|main\|default\)'
		ip -n "$ns$1" route show table all | grep -E '5271[0-9]|aip'
		ip -n "$ns$1" -6 route show table all | grep -E '5271[0-9]|aip'
		ip -n "$ns$1" link | grep aip
		ip -n "$ns$1" xfrm policy 2>/dev/null | grep priority
		ip -n "$ns$1" xfrm state 2>/dev/null
		ls -A "$work/$1.run"
	)
	[[ -z $rest ]] || fail "left over: $(head -n 3 <<<"$rest" | tr '\n' ' ')"
}

peer_has_main_mode() {
	ctl b status | grep -q 'responder, Established$'
}

clean_stop() {
	local start=$SECONDS
	serve b secure_server "$p0"
	on a secure_client -t 5 "$b4" "$p0" || fail "the client failed"
	peer_has_main_mode || fail "no main mode to delete: $(ctl b status | sed -n 2p)"
	daemon_stop a
	((SECONDS - start < 8)) || fail "it took $((SECONDS - start)) s"
	leaves_nothing a
	within 3 has_count b "quick mode SAs" 0 || fail "the peer keeps our quick modes"
	# One that was deleted is kept for a while, for what may still arrive.
	within 3 not peer_has_main_mode || fail "the peer keeps our main modes"
	daemon_start a
}

single_process() {
	daemon_stop a
	daemon_start a --single
	[[ -z $(role_pid a plane) ]] || fail "there are role processes"
	serve b secure_server "$p0"
	serve a secure_server "$p0"
	on a secure_client -t 5 "$b4" "$p0" || fail "the client failed"
	on b secure_client -t 5 "$a4" "$p0" || fail "the server failed"
	end_apps
	within 5 not has_live_sockets a || fail "sockets of nobody are left"
	daemon_stop a
	leaves_nothing a
	daemon_start a
}

# A socket outlives the daemon: its rules stay and the log says so. The next one cleans.
stop_with_live_socket() {
	daemon_stop a
	daemon_start a "$@"
	serve a secure_server "$p0"
	daemon_stop a
	has_log a "secured sockets of class 1 are still open" || fail "not in the log"
	if [[ ${backend:-plane} == kernel ]]; then
		grep -q 'action block' <<<"$(ip -n "${ns}a" xfrm policy)" || leaks "clear now"
	else
		grep -q fwmark <<<"$(ip -n "${ns}a" rule show)" || leaks "clear now"
	fi
	end_apps
	daemon_start a "$@"
	daemon_stop a
	leaves_nothing a
	daemon_start a
}

# process_has PID FIELD VALUE: of its status.
process_has() {
	local value
	value=$(sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status" | tr -s '[:space:]' ' ')
	[[ ${value% } == "$3" ]] || fail "process $1 has $2 \"$value\", not \"$3\""
}

# Another user, no capability, none to be had; no descriptor that belongs to others.
# sockets_of PID KIND...: how many sockets of these kinds (udp, raw6, ...) it holds.
sockets_of() {
	local p=$1 kind inodes
	shift
	inodes=$(readlink "/proc/$p/fd/"* | sed -n 's/^socket:\[\(.*\)\]$/\1/p')
	for kind; do
		awk 'NR > 1 { print $10 }' "/proc/$p/net/$kind"
	done | grep -cxF "$inodes"
}

# has_only ROLE PID: the descriptors that architecture and keeper_resources.c give it.
has_only() {
	local role=$1 p=$2 files
	files=$(readlink "/proc/$p/fd/"* | grep -vE '^(socket|pipe|anon_inode):|^/dev/null$' |
		grep -vxF "$work/a.log")
	case $role in
	plane)
		not grep -qvx /dev/net/tun <<<"$files" || fail "the plane has $files"
		(($(sockets_of "$p" raw raw6) > 0)) || fail "nothing was counted"
		;;
	negotiator)
		[[ -z $files ]] || fail "the negotiator has $files"
		(($(sockets_of "$p" udp udp6) > 0)) || fail "nothing was counted"
		(($(sockets_of "$p" raw raw6) == 0)) || fail "the negotiator has a raw socket"
		;;
	auth)
		[[ -z $files ]] || fail "auth has $files"
		(($(sockets_of "$p" udp udp6 raw raw6 tcp tcp6) == 0)) ||
			fail "auth has a socket of the network"
		;;
	esac
}

roles_have_no_privilege() {
	local role p u g set plane=""
	u=$(id -u authipd) g=$(id -g authipd)
	[[ ${backend:-plane} == kernel ]] || plane=plane
	for role in negotiator auth $plane; do
		p=$(role_pid a "$role")
		[[ -n $p ]] || fail "there is no role $role"
		process_has "$p" Uid "$u $u $u $u"
		process_has "$p" Gid "$g $g $g $g"
		process_has "$p" Groups ""
		process_has "$p" NoNewPrivs 1
		for set in Inh Prm Eff Bnd Amb; do
			process_has "$p" "Cap$set" 0000000000000000
		done
		has_only "$role" "$p"
	done
}

# Once, that the default policy does not encrypt.
start_says_readable() {
	daemon_stop a
	daemon_start a
	(($(grep -c 'the first quick-mode proposal does not encrypt' "$work/a.log") == 1)) ||
		fail "it is not said once"
}

# shellcheck disable=SC2034
same="wrong_descriptors ctl_statuses ctl_monitor check_only start_says_readable background"
topic_begin
hosts_join
both_daemons commands
try wrong_descriptors wrong_descriptors
try second_daemon second_daemon
try ctl_statuses ctl_statuses
try ctl_monitor monitor
try ctl_explains explains
try check_only check_only
try roles_have_no_privilege roles_have_no_privilege
try start_says_readable start_says_readable
try clean_stop clean_stop
try background background
try single_process single_process
try stop_with_live_socket stop_with_live_socket
try stop_with_live_socket_single stop_with_live_socket --single
