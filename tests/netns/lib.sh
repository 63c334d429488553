# shellcheck shell=bash
# Two hosts in network namespaces, "a" and "b", joined by a veth pair; a daemon in each;
# what runs on them; and how a case says its result. A topic (NN_name.sh) begins with
# topic_begin. All that it makes is in $work and in its namespaces: the end removes both.

# backend: plane, or kernel where that has ESP (tests/uml).
# patience: how much longer a slow processor may take (tests/qemu).
# From run.sh: builddir, pki (certificates), apps (programs).
: "${builddir:=.}" "${patience:=1}" "${pki:?run this with run.sh}" "${apps:?run this with run.sh}"

a4=10.99.0.1 b4=10.99.0.2 a6=fd00:99::1 b6=fd00:99::2
readonly a4 b4 a6 b6

# ---- results ----

# fail WHY, skip WHY: end the case.
fail() {
	printf '%s\n' "$*" >"$work/why"
	exit 1
}

skip() {
	printf '%s\n' "$*" >"$work/why"
	exit 77
}

# leaks WHY: ends the case as fail does, but it gets no second try: a packet that must never
# be is wrong even if it comes once in a thousand runs.
leaks() {
	printf '%s\n' "$*" >"$work/why"
	exit 3
}

# try NAME FUNCTION [ARGUMENT...]: one case, in a subshell; what it started ends with it.
# Daemons go on; each_case=daemons_kill in topics whose cases want their own. A busy machine may
# be late once: a case that fails is tried again, and says that it was (strict=1: not).
try() {
	local name=$1 rc=0 first=""
	shift
	[[ -z ${only:-} || $name =~ $only ]] || return 0
	runs_here "$name" || return 0
	attempt "$name" "$@" || rc=$?
	if ((rc != 0 && rc != 3 && rc != 77)) && [[ -z ${strict:-} ]]; then
		first=" (second try; first: $(failure "$name" "$rc"))"
		evidence "$name.first"
		rc=0
		attempt "$name" "$@" || rc=$?
	fi
	case $rc in
	0) printf 'ok %s%s\n' "$name" "$first" ;;
	77) printf 'skip %s: %s\n' "$name" "$(cat "$work/why")" ;;
	*)
		printf 'FAIL %s: %s%s\n' "$name" "$(failure "$name" "$rc")" "$first"
		evidence "$name"
		;;
	esac
}

# runs_here NAME: in which guests a case is left out. same="NAME...": those that have nothing to do
# with the kernel's IPsec, or another one shows the same there. stock="NAME...": those that need
# a kernel with nftables; without everything=1 its guests (tests/qemu) have only these.
runs_here() {
	local is_same="" is_stock=""
	[[ " ${same:-} " != *[[:space:]]"$1"[[:space:]]* ]] || is_same=1
	[[ " ${stock:-} " != *[[:space:]]"$1"[[:space:]]* ]] || is_stock=1
	case ${guest:-} in
	uml) [[ -z $is_stock && (-z $is_same || -n ${everything:-}) ]] ;;
	qemu) [[ -n $is_stock || -n ${everything:-} ]] ;;
	esac
}

attempt() {
	local name=$1 rc=0
	shift
	[[ -z ${daemons_stay:-} ]] || daemons_revive
	: >"$work/why"
	rm -f "$work"/*.app
	ports_next
	(set -u && "$@") >"$work/$name.out" 2>&1 || rc=$?
	end_apps
	capture_stop
	"${each_case:-:}"
	return "$rc"
}

# Ports of a case, p0 to p4: what an earlier one left in the kernel may hold its ports.
# shellcheck disable=SC2034
ports_next() {
	p0=$((${p0:-5000} + 10))
	p1=$((p0 + 1)) p2=$((p0 + 2)) p3=$((p0 + 3)) p4=$((p0 + 4))
}

failure() {
	local why
	why=$(cat "$work/why")
	printf '%s' "${why:-ended with status $2: $(tail -n 1 "$work/$1.out")}"
}

# Output and logs of a failed case; with $keep they stay.
evidence() {
	[[ -n ${keep:-} ]] || return 0
	mkdir -p "$keep/$1"
	cp -r "$work"/*.out "$work"/*.log "$work"/*.pcap "$keep/$1/" 2>/dev/null
	return 0
}

# needs_plane WHY: a case that looks at the plane itself.
needs_plane() {
	[[ ${backend:-plane} == plane ]] || skip "not with the kernel's IPsec: $1"
}

# needs_nftables: the kernel of user-mode-linux does not have the tables that authipd uses.
needs_nftables() {
	on a nft list table inet authipd >/dev/null 2>&1 ||
		skip "no nftables here: nothing keeps opened packets from other sockets"
}

# within SECONDS COMMAND...: repeats it until it succeeds, at first soon: a question may cost
# more than the time between two of them.
within() {
	local end=$((${EPOCHREALTIME/./} + $1 * patience * 1000000)) ms=50 pause
	shift
	until "$@" >/dev/null 2>&1; do
		((${EPOCHREALTIME/./} < end)) || return 1
		printf -v pause '0.%03d' "$ms"
		nap "$pause"
		((ms >= 200)) || ms=$((ms * 3 / 2))
	done
}

# nap SECONDS: sleeps without a process, which costs some 20 ms in a guest.
nap() {
	read -rt "$1" -u "$nothing"
	return 0
}

# begins_line FILE TEXT: grep -q "^TEXT", without a process.
begins_line() {
	local text=""
	IFS= read -rd '' text <"$1"
	[[ $'\n'$text == *$'\n'"$2"* ]]
}

not() {
	! "$@"
}

# ---- processes ----

# A zombie that nobody has waited for is not alive.
is_alive() {
	local stat
	{ IFS= read -r stat <"/proc/$1/stat"; } 2>/dev/null && [[ ${stat##*) } != Z* ]]
}

is_dead() {
	! is_alive "$1"
}

# on HOST COMMAND...: a program of $apps, or any other, on the host. (enter: a quicker
# "ip netns exec", of tests/uml.)
on() {
	local host=$1
	shift
	AUTHIPD_RUN_DIR=$work/$host.run LD_LIBRARY_PATH=$apps PATH=$apps:$PATH \
		${enter:-ip netns exec} "$ns$host" "$@"
}

# spawn HOST NAME COMMAND...: the same in the background, output in $work/NAME.app.
# Sets pid.
# shellcheck disable=SC2034
spawn() {
	local host=$1 name=$2
	shift 2
	: >"$work/$name.app" # whoever waits for output must not see older one
	AUTHIPD_RUN_DIR=$work/$host.run LD_LIBRARY_PATH=$apps PATH=$apps:$PATH \
		${enter:-ip netns exec} "$ns$host" "$@" </dev/null >"$work/$name.app" 2>&1 &
	pid=$!
}

# serve HOST PROGRAM [OPTION...] PORT: spawns a server and waits until it listens.
serve() {
	local host=$1 name=server-${!#}
	shift
	spawn "$host" "$name" "$@"
	within 5 begins_line "$work/$name.app" listening ||
		fail "$1 does not listen: $(tail -n 1 "$work/$name.app")"
}

# talk_start HOST OPTION ADDRESS PORT: a client that stays, for say.
talk_start() {
	rm -f "$work/in"
	mkfifo "$work/in"
	exec 9<>"$work/in"
	: >"$work/talk.app"
	on "$1" nt_stream "$2" talk "$3" "$4" <&9 9<&- >"$work/talk.app" 2>&1 &
	within 10 begins_line "$work/talk.app" connected ||
		fail "cannot connect: $(tail -n 1 "$work/talk.app")"
}

# push_start SERVER OPTION CLIENT [ITS-OPTION]: a connection by which the server tells what is
# written to descriptor 9; what the client gets is $work/got. push_option: of the server.
push_start() {
	rm -f "$work/in"
	mkfifo "$work/in"
	exec 9<>"$work/in"
	: >"$work/source.app"
	on "$1" nt_stream "$2" "${push_option:--4}" source "$p0" <&9 9<&- 2>"$work/source.app" &
	within 5 begins_line "$work/source.app" listening || fail "nt_stream does not listen"
	"${before_push:-:}"
	on "$3" nt_stream "${4:-$2}" get "$(ip_of "$1" 4)" "$p0" >"$work/got" 9<&- &
	push first
}

# push WORD: to the client.
push() {
	echo "$1" >&9
	within 10 grep -q "$1" "$work/got" || fail "\"$1\" does not arrive"
}

# say LINE [SECONDS]: through that client to an echo server, and back.
say() {
	echo "$1" >&9
	within "${2:-10}" grep -q "$1" "$work/talk.app" || fail "no echo of \"$1\""
}

# say_on: a line that only has to come back.
n_said=0
say_on() {
	say "on-$((++n_said))."
}

# pids_of HOST...: sets pids to all processes there.
pids_of() {
	local p host
	pids=()
	for p in /proc/[0-9]*; do
		for host; do
			[[ ! $p/ns/net -ef /run/netns/$ns$host ]] || pids+=("${p#/proc/}")
		done
	done
}

# has_live_sockets HOST: connected ones; those in TIME-WAIT are nobody's.
has_live_sockets() {
	[[ -n $(ip netns exec "$ns$1" ss -Hantu state connected exclude time-wait) ]]
}

# Whatever runs on the hosts, but for daemons and captures: dead, and their sockets closed.
end_apps() {
	local p program pids=() killed=()
	pids_of a b c
	for p in "${pids[@]}"; do
		program=""
		{ IFS= read -rd '' program <"/proc/$p/cmdline"; } 2>/dev/null
		case $program in
		authipd | "$builddir"/authipd | tcpdump) ;;
		*) kill -9 "$p" 2>/dev/null && killed+=("$p") ;;
		esac
	done
	for p in "${killed[@]}"; do
		within 5 is_dead "$p"
	done
}

# both_daemons TOPIC: for all cases of a topic.
both_daemons() {
	daemons_stay=1
	config a
	config b
	(daemon_start a && daemon_start b) || {
		echo "FAIL $1_start: $(cat "$work/why")"
		exit 1
	}
}

# What a case that failed has left of them is not what others fail of.
daemons_revive() {
	local host p
	for host in a b; do
		p=$(daemon_pid "$host" 2>/dev/null) && is_alive "$p" && continue
		config "$host"
		(daemon_start "$host")
	done
}

# ---- hosts ----

ip_of() {
	local name=$1$2
	printf '%s' "${!name}"
}

# host_add HOST: a namespace without any traffic of its own.
host_add() {
	ip netns add "$ns$1" || exit 1
	ip netns exec "$ns$1" sysctl -qw net.ipv4.conf.all.rp_filter=0 \
		net.ipv4.conf.default.rp_filter=0 net.ipv6.conf.default.accept_dad=0 \
		net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.router_solicitations=0
	ip -n "$ns$1" link set lo up
	mkdir -p "$work/$1.run"
}

# link_up HOST DEVICE MTU ADDRESS...
link_up() {
	local host=$1 dev=$2 mtu=$3 address
	shift 3
	for address; do
		ip -n "$ns$host" address add "$address" dev "$dev" || exit 1
	done
	ip -n "$ns$host" link set "$dev" mtu "$mtu" up
}

# Directly joined.
hosts_join() {
	host_add a
	host_add b
	ip -n "${ns}a" link add eth0 type veth peer name eth0 netns "${ns}b" || exit 1
	link_up a eth0 1500 "$a4/24" "$a6/64"
	link_up b eth0 1500 "$b4/24" "$b6/64"
}

# The network of b behind a router and a link that takes SMALL bytes.
hosts_join_router() {
	local small=$1
	host_add a
	host_add b
	host_add r
	ip netns exec "${ns}r" sysctl -qw net.ipv4.ip_forward=1 \
		net.ipv6.conf.all.forwarding=1
	ip -n "${ns}a" link add eth0 type veth peer name eth0 netns "${ns}r" || exit 1
	ip -n "${ns}b" link add eth0 type veth peer name eth1 netns "${ns}r" || exit 1
	link_up a eth0 1500 "$a4/32" "$a6/128"
	link_up b eth0 "$small" "$b4/32" "$b6/128"
	link_up r eth0 1500 10.99.1.1/32 fd00:99:1::1/128
	link_up r eth1 "$small" 10.99.1.2/32 fd00:99:1::2/128
	route a "" eth0
	route b "" eth0
	route r "$a4" eth0 && route r "$a6" eth0
	route r "$b4" eth1 && route r "$b6" eth1
}

# route HOST ADDRESS DEVICE; no address: everything.
route() {
	local via4=10.99.1.1 via6=fd00:99:1::1
	if [[ -n $2 ]]; then
		ip -n "$ns$1" route add "$2" dev "$3"
		return
	fi
	if [[ $1 == b ]]; then
		via4=10.99.1.2 via6=fd00:99:1::2
	fi
	ip -n "$ns$1" route add "$via4" dev "$3"
	ip -n "$ns$1" route add default via "$via4" dev "$3"
	ip -n "$ns$1" -6 route add "$via6" dev "$3"
	ip -n "$ns$1" -6 route add default via "$via6" dev "$3"
}

# ---- daemons ----

# config HOST [QUICK-MODE-LINES [CERTIFICATE]]
config() {
	cat >"$work/$1.conf" <<-END
		backend = "${backend:-plane}"
		trust = "$pki/ca.pem"
		credentials {
			certificate = "$pki/${3:-$1}.pem"
			key = "$pki/${3:-$1}.key"
		}
		default_policy {
			${2:+quick_mode { $2 \}}
			extended_mode { auth = { "tls" } }
		}
	END
}

# What the daemon is started with: nothing, or a command that takes rights away.
rights=()

# Those that the unit of systemd leaves it.
rights_of_the_unit() {
	local unit=${BASH_SOURCE[0]%/*}/../../doc/authipd.service.in
	rights=(setpriv --no-new-privs --bounding-set
		"-all,$(sed -n 's/^CapabilityBoundingSet=//p' "$unit" | xargs |
			tr 'A-Z ' 'a-z,' | sed 's/cap_/+/g')")
}

# daemon_start HOST [OPTION...]: waits until it is ready. Its process group is its own.
daemon_start() {
	local host=$1 log=$work/$1.log
	shift
	[[ ! -e $log ]] || cat "$log" >>"$work/$host.old.log"
	: >"$log"
	# shellcheck disable=SC2086
	setsid ${enter:-ip netns exec} "$ns$host" "${rights[@]}" "$builddir/authipd" \
		-f -c "$work/$host.conf" \
		--run-dir "$work/$host.run" "$@" </dev/null >"$log" 2>&1 &
	echo $! >"$work/$host.pid"
	within 20 daemon_is_ready_or_dead "$host"
	has_ready "$log" || fail "daemon $host does not start: $(tail -n 1 "$log")"
}

daemon_is_ready_or_dead() {
	has_ready "$work/$1.log" || is_dead "$(daemon_pid "$1")"
}

has_ready() {
	local text=""
	IFS= read -rd '' text <"$1"
	[[ $text == *ready:* ]]
}

daemon_pid() {
	local p
	read -r p <"$work/$1.pid" && printf '%s' "$p"
}

# daemon_stop HOST: the clean way.
daemon_stop() {
	local p
	p=$(daemon_pid "$1")
	kill "$p"
	within 15 is_dead "$p" || fail "daemon $1 does not stop"
}

# role_pid HOST ROLE: without a process, which a busy guest takes a second for.
role_pid() {
	local p keeper children="" command
	keeper=$(daemon_pid "$1")
	{ read -r children <"/proc/$keeper/task/$keeper/children"; } 2>/dev/null
	for p in $children; do
		command=()
		{ mapfile -d '' -t command <"/proc/$p/cmdline"; } 2>/dev/null
		[[ ${command[*]:1:2} != "--role $2" ]] || echo "$p"
	done
}

# daemons_kill: what a failed case has left. The number of one that has ended may be that of
# somebody else's program by now.
daemons_kill() {
	local host p
	daemons_stay=""
	for host in a b c r; do
		p=$(daemon_pid "$host" 2>/dev/null) || continue
		rm "$work/$host.pid"
		[[ ! -e /proc/$p || /proc/$p/ns/net -ef /run/netns/$ns$host ]] || continue
		group_kill "$p" 2>/dev/null
	done
	return 0
}

# group_kill PID: of keeper, with its roles. Whoever is still about to die has the UDP port.
group_kill() {
	local p pids=()
	{ read -ra pids <"/proc/$1/task/$1/children"; } 2>/dev/null
	kill -9 -- "-$1" || return
	for p in "$1" "${pids[@]}"; do
		within 10 is_dead "$p" || return
	done
}

# daemon_kill HOST: from one moment to the next. The next daemon can start then.
daemon_kill() {
	group_kill "$(daemon_pid "$1")" || fail "daemon $1 lives on"
}

ctl() {
	local host=$1
	shift
	on "$host" "$builddir/authipctl" --run-dir "$work/$host.run" "$@"
}

# counter HOST NAME: 0 if it is not shown.
counter() {
	local text
	text=$'\n'$(ctl "$1" status)
	[[ $text =~ $'\n'[[:blank:]]*"$2"[[:blank:]]+([0-9]+) ]] &&
		printf '%s' "${BASH_REMATCH[1]}" || printf 0
}

# count HOST "secured sockets": how many of a list of the status.
count() {
	local text
	text=$'\n'$(ctl "$1" status)
	[[ ! $text =~ $'\n'"$2: "([^$'\n']*) ]] || printf '%s' "${BASH_REMATCH[1]}"
}

# has_count HOST LIST NUMBER, for within.
has_count() {
	[[ $(count "$1" "$2") == "$3" ]]
}

# has_pair HOST [PROTOCOL]: of SAs that traffic uses; the list has those that are negotiated, too.
has_pair() {
	ctl "$1" status | grep -q "${2:+ $2 .*} <-> .*, established\$"
}

has_log() {
	grep -q -- "$2" "$work/$1.log"
}

# flush_nftables HOST: as firewalls do that start. The daemon puts its table back.
flush_nftables() {
	on "$1" nft list table inet authipd >/dev/null 2>&1 || return 0
	on "$1" nft flush ruleset
	within 5 has_log "$1" "ALARM: another program took away the table" || fail "a flush is not noticed"
}

# Both forget every SA.
forget() {
	ctl a delete --all >/dev/null
	ctl b delete --all >/dev/null
	within 5 has_count a "quick mode SAs" 0 && within 5 has_count b "quick mode SAs" 0
}

# ---- captures ----

# capture NAME [HOST]: from now on, what is on the wire of the host (a).
capture() {
	: >"$work/$1.dump" # an earlier one of this name was listening, too
	# shellcheck disable=SC2086
	${enter:-ip netns exec} "$ns${2:-a}" tcpdump -i eth0 --immediate-mode -U -s 0 \
		-w "$work/$1.pcap" >"$work/$1.dump" 2>&1 &
	echo $! >"$work/capture"
	capture=$work/$1.pcap
	within 5 grep -q 'listening on' "$work/$1.dump" || fail "tcpdump does not start"
}

# Ends it when the kernel has handed over everything.
capture_stop() {
	local p
	{ read -r p <"$work/capture"; } 2>/dev/null || return 0
	rm "$work/capture"
	nap 0.2
	kill "$p" 2>/dev/null
	within 5 is_dead "$p"
}

# captured FILTER: how many packets of the capture match.
captured() {
	tcpdump -nr "$capture" "$1" 2>/dev/null | wc -l
}

# captured_only FILTER: nothing else but what neighbours need, and what the kernel still says
# for closed sockets of earlier cases, whose daemons and rules are gone.
captured_only() {
	local rest
	capture_stop
	tcpdump -nr "$capture" "not ($1) and not arp and not icmp6 and not (ip6[6] == 0)
		and not tcp portrange 5000-$((p0 - 1))" \
		>"$work/rest" 2>"$work/rest.err" || fail "capture: $(tail -n 1 "$work/rest.err")"
	rest=$(head -n 1 "$work/rest")
	[[ -z $rest ]] || leaks "unexpected packet: $rest"
}

captured_some() {
	capture_stop
	(($(captured "$1") > 0)) || fail "no packet: $1"
}

# moves COMMAND...: again and again, until both hosts send ESP: how long their negotiation takes is
# nobody's matter, and the status may be ahead of those who send.
moves() {
	capture moving
	within 10 moves_both_ways "$@" || fail "no ESP, or only one way"
	capture_stop
}

moves_both_ways() {
	"$@"
	(($(captured "src host $a4 and ip proto 50") > 0 && $(captured "src host $b4 and ip proto 50") > 0))
}

# ---- certificates and programs, once for all topics ----

# provide: fills $pki and $apps.
provide() {
	mkdir "$pki" "$apps" && chmod 755 "$apps" || return
	pki_make "$pki" || { echo "cannot make certificates" >&2; return 1; }
	apps_copy "$apps" || { echo "build the programs first: make check-netns" >&2; return 1; }
}

# pki_make DIRECTORY
pki_make() {
	local d=$1
	pki_authority "$d/ca" && pki_authority "$d/other-ca" || return
	pki_host "$d" ca a && pki_host "$d" ca b && pki_host "$d" other-ca stranger
}

pki_authority() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
		-subj "/CN=${1##*/}" -keyout "$1.key" -out "$1.pem" 2>/dev/null
}

pki_host() {
	local d=$1 ca=$2 host=$3
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$host.test" \
		-keyout "$d/$host.key" -out "$d/$host.csr" 2>/dev/null &&
		openssl x509 -req -in "$d/$host.csr" -CA "$d/$ca.pem" -CAkey "$d/$ca.key" \
			-CAcreateserial -days 2 -out "$d/$host.pem" 2>/dev/null
}

# apps_copy DIRECTORY: the programs, not libtool's wrappers, where any user may run them.
apps_copy() {
	local p
	for p in doc/examples/{secure_{client,server,udp},policy_client} \
		tests/netns/nt_{sock,stream,refuse,inject,peer,policy,user,wfp}; do
		[[ $p != */nt_sock || -x $builddir/$p ]] || continue # of tests/uml
		if [[ -x $builddir/${p%/*}/.libs/${p##*/} ]]; then
			p=${p%/*}/.libs/${p##*/}
		fi
		cp "$builddir/$p" "$1/" || return
	done
	if [[ -x $builddir/tests/netns/nt_ticket ]]; then # built with Kerberos
		cp "$builddir/tests/netns/nt_ticket" "$1/" || return
	fi
	cp -P "$builddir"/winsock/.libs/libfwpuclnt.so* "$1/"
}

# ---- begin and end ----

topic_begin() {
	ns=nt$$
	work=$(mktemp -d "${TMPDIR:-/tmp}/authipd-nt.XXXXXX") || exit 1
	chmod 755 "$work"
	mkfifo "$work/nothing" && exec {nothing}<>"$work/nothing" || exit 1
	trap topic_end EXIT
	trap 'exit 1' INT TERM
	trap : PIPE # whoever read the results may be gone: the end comes all the same
}

topic_end() {
	local host p pids=()
	capture_stop
	# The namespaces are ours, and so is every process in them.
	pids_of a b c r
	for p in "${pids[@]}"; do
		kill -9 "$p" 2>/dev/null
	done
	for host in a b c r; do
		[[ ! -e /run/netns/$ns$host ]] || ip netns delete "$ns$host"
	done
	rm -rf "$work"
}
