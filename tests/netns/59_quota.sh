#!/bin/bash
# One user who asks for too much, or for nothing sensible: no leak, and no effect on another.
# shellcheck source=lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"

storm=${BASH_SOURCE[0]%/*}/nt_storm.py
python=/usr/bin/python3 # one that every user can run

# as UID COMMAND...: on a.
as() {
	local uid=$1
	shift
	on a setpriv --reuid="$uid" --regid="$uid" --clear-groups "$python" - "$work/a.run" "$@" \
		<"$storm"
}

# All descriptors of the daemon of a.
descriptors() {
	local pid n=0
	for pid in $(pgrep -s "$(cat "$work/a.pid")"); do
		n=$((n + $(find "/proc/$pid/fd" -mindepth 1 | wc -l)))
	done
	echo "$n"
}

no_more_descriptors() {
	(($(descriptors) <= before))
}

other_user_is_served() {
	[[ $(as 1 one) == "0 10022" ]]
}

# 10,000 sockets of one user: 1,024 of them are secured, the others are not.
too_many_sockets() {
	[[ -x $python ]] || skip "there is no $python here"
	other_user_is_served || fail "nobody is served"
	before=$(descriptors)
	mkfifo "$work/hold"
	cp "$storm" "$work/storm.py" && chmod 644 "$work/storm.py" && chmod 755 "$work"
	exec 8<>"$work/hold"
	(ulimit -n 20000 && on a setpriv --reuid=65534 --regid=65534 --clear-groups \
		"$python" "$work/storm.py" "$work/a.run" quota 10000) <&8 8<&- >"$work/q.app" 2>&1 &
	within 60 grep -q : "$work/q.app" || fail "it does not end"
	[[ $(cat "$work/q.app") == "0:1024 10055:8976" ]] || fail "$(tail -n 1 "$work/q.app")"
	other_user_is_served || fail "another user is not served"
	(($(descriptors) < before + 10)) || fail "descriptors: $before, now $(descriptors)"
	echo >&8
	within 10 forgotten || fail "the daemon remembers sockets that are gone"
	within 5 no_more_descriptors || fail "descriptors: $before, now $(descriptors)"
}

forgotten() {
	ctl a status --json | tr -d ' \n' | grep -q '"sockets":\[\]'
}

# Processes that end in the middle of what they say.
fork_storm() {
	[[ -x $python ]] || skip "there is no $python here"
	other_user_is_served || fail "nobody is served"
	before=$(descriptors)
	as 65534 fork 300 >"$work/f.app" 2>&1 || fail "$(tail -n 1 "$work/f.app")"
	other_user_is_served || fail "another user is not served"
	within 5 no_more_descriptors || fail "descriptors: $before, now $(descriptors)"
	within 10 forgotten || fail "the daemon remembers sockets that are gone"
}

# A user who sends to thousands of hosts takes no negotiation from others, here or there.
shout_storm() {
	[[ -x $python ]] || skip "there is no $python here"
	ip -n "${ns}a" route add 10.77.0.0/16 via "$b4"
	as 65534 shout 3000 >"$work/s.app" 2>&1 || fail "$(tail -n 1 "$work/s.app")"
	serve b secure_server "$p0"
	on a secure_client -t 30 "$b4" "$p0" hello || fail "another user is not served"
	serve a secure_server "$p1"
	on b secure_client -t 30 "$a4" "$p1" hello || fail "a peer is not served"
	# Where its socket had gone by the time, it is nobody's.
	grep -q "packets of \(user [0-9]*\|sockets that are closed\) wait for too many" "$work/a.log" ||
		fail "the log does not say so"
}

topic_begin
hosts_join
config a
echo 'limits { main_modes_total = 1000 negotiations_per_user = 100 }' >>"$work/a.conf"
(daemon_start a) || {
	echo "FAIL quota_start: $(cat "$work/why")"
	exit 1
}
try too_many_sockets too_many_sockets
try fork_storm fork_storm
config b
daemon_start b
try shout_storm shout_storm
