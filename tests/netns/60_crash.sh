#!/bin/bash
# Processes that die, and what goes on.
# shellcheck source=lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"

killed_applications() {
	serve b secure_server "$p0"
	serve b secure_udp -l "$p1"
	talk_start a -d "$b4" "$p0"
	(($(count b "secured sockets") == 2)) || fail "b has $(count b "secured sockets")"
	end_apps
	within 5 has_count a "secured sockets" 0 || fail "a keeps registrations"
	within 5 has_count b "secured sockets" 0 || fail "b keeps registrations"
}

# A listener that was there before the daemon.
restart_with_listener() {
	local device
	serve b secure_server "$p0"
	on a secure_client -t 5 "$b4" "$p0" || fail "the client failed"
	daemon_stop b
	[[ ${backend:-plane} == kernel ]] || device=$(ip -n "${ns}b" link show aip1) ||
		fail "the device of a live socket is gone"
	not on a secure_client -t 2 "$b4" "$p0" || fail "served without a daemon"
	daemon_start b
	[[ ${backend:-plane} == kernel || $(ip -n "${ns}b" link show aip1) == "${device%%:*}:"* ]] ||
		fail "another device"
	within 5 has_count b "secured sockets" 1 || fail "the listener was not adopted"
	on a secure_client -t 20 "$b4" "$p0" || fail "the client failed after the restart"
}

killed_daemon() {
	serve b secure_server "$p0"
	on a secure_client -t 5 "$b4" "$p0" || fail "the client failed"
	daemon_kill b
	capture killed
	# The kernel's SAs live on.
	not on a secure_client -t 2 "$b4" "$p0" || [[ ${backend:-plane} == kernel ]] ||
		fail "served without a daemon"
	captured_only "udp port 500 or icmp or ip proto 50"
	daemon_start b
	ctl a delete --all
	on a secure_client -t 10 "$b4" "$p0" || fail "the client failed after the restart"
	end_apps
	within 5 has_count b "secured sockets" 0 || fail "a dead socket was adopted"
	daemon_stop b
	not ip -n "${ns}b" link show aip1 || fail "the device is left over"
	not grep -q 'lookup 527' <<<"$(ip -n "${ns}b" rule)" || fail "rules are left over"
	daemon_start b
}

# What only datagrams are for: nothing has to answer them, so that they alone do not show that the
# peer has lost its keys. It is asked after a while.
killed_daemon_udp() {
	config a
	echo 'dialect { dpd_interval_s = 5 retransmit_first_ms = 100 }' >>"$work/a.conf"
	daemon_stop a
	daemon_start a
	serve b secure_udp -l "$p1"
	on a secure_udp -t 5 "$b4" "$p1" hello || fail "the client failed"
	daemon_kill b
	daemon_start b
	within 5 has_count b "secured sockets" 1 || fail "the server was not adopted"
	within 30 on a secure_udp -t 1 "$b4" "$p1" hello || fail "b is not asked"
	config a
	daemon_stop a
	daemon_start a
}

# mirrors ADDRESS: a class of host a would send from it.
mirrors() {
	ip -n "${ns}a" route show table all proto 195 | grep -q "src $1 "
}

# The network changes while nobody follows it.
killed_and_moved() {
	local gone=10.98.7.1
	needs_plane "its classes have routes"
	ip -n "${ns}a" address add "$gone/24" dev eth0
	within 5 mirrors "$gone" || fail "a new address has no route"
	daemon_kill a
	ip -n "${ns}a" address delete "$gone/24" dev eth0
	mirrors "$gone" || fail "its routes went with the daemon"
	daemon_start a
	within 5 not mirrors "$gone" || fail "it would send from an address that is gone"
	mirrors "$a4" || fail "no routes at all"
}

# The peer of a daemon that was killed finds out by itself.
peer_notices() {
	serve b secure_server "$p0"
	on a secure_client -t 5 "$b4" "$p0" || fail "the client failed"
	daemon_kill b
	daemon_start b
	# The kernel may lose the SYN after 15 s as a question: the next one follows 16 s later.
	on a secure_client -t 40 "$b4" "$p0" ||
		fail "40 s later the peer still uses SAs that the killed daemon had"
}

# classes HOST: those that name a peer, with their name.
classes() {
	ctl "$1" status --json |
		awk '$1 == "\"id\":" { id = $2 } $1 == "\"target_name\":" && $2 ~ /^"[^"]/ { print id $2 }'
}

# A connection whose class was made for it: the next daemon knows what it was.
killed_with_own_class() {
	local class
	serve b secure_server "$p0"
	talk_start a -tCN=b.test "$b4" "$p0"
	say before-the-death
	class=$(classes a)
	[[ $class == *b.test* ]] || fail "no class of its own: $class"
	capture killed
	daemon_kill a
	echo meanwhile >&9
	daemon_start a
	[[ $(classes a) == "$class" ]] || fail "it was $class, and is $(classes a)"
	within 5 has_count a "secured sockets" 1 || fail "the connection was not adopted"
	say after-the-death 40
	captured_only "udp port 500 or icmp or ip proto 50"
	end_apps
}

# killed_role HOST ROLE: a connection goes on, and new ones work.
killed_role() {
	local p
	[[ $2 != plane ]] || needs_plane "there is no such role"
	serve b secure_server "$p0"
	talk_start a -d "$b4" "$p0"
	say before-the-death
	p=$(role_pid "$1" "$2")
	[[ -n $p ]] || fail "there is no role $2"
	kill -9 "$p"
	within 5 has_log "$1" "role $2 died: starting it again" || fail "not in the log"
	within 5 role_is_new "$1" "$2" "$p" || fail "not started again"
	within 10 ctl "$1" status || fail "no status"
	# How a peer finds out by itself: see peer_notices.
	[[ $1 == a ]] || ctl a delete --all
	within 30 on a secure_client -t 10 "$b4" "$p0" || fail "no new connections"
	say after-the-death 30
}

role_is_new() {
	local p
	p=$(role_pid "$1" "$2")
	[[ -n $p && $p != "$3" ]]
}

# Five times in a minute; then the daemon ends, and says so. It need not be ready to die again.
role_dies_too_often() {
	local n p
	daemon_stop a
	daemon_start a # earlier deaths do not count
	for n in 1 2 3 4 5 6; do
		p=$(role_pid a auth)
		[[ -n $p ]] || fail "no role auth after $((n - 1)) deaths"
		kill -9 "$p"
		((n == 6)) || within 10 role_is_new a auth "$p" || fail "not started again: $n"
	done
	within 20 is_dead "$(daemon_pid a)" || fail "it goes on and on"
	has_log a "role auth died 6 times in a minute: giving up" || fail "not in the log"
	daemon_start a
}

topic_begin
hosts_join
both_daemons crash
try killed_applications killed_applications
try killed_daemon_udp killed_daemon_udp
try restart_with_listener restart_with_listener
try killed_daemon killed_daemon
try killed_plane killed_role a plane
try killed_auth killed_role a auth
try killed_negotiator killed_role a negotiator
try killed_server_plane killed_role b plane
try killed_server_negotiator killed_role b negotiator
try killed_and_moved killed_and_moved
try killed_daemon_noticed peer_notices
try killed_with_own_class killed_with_own_class
try role_dies_too_often role_dies_too_often
