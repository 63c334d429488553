#!/bin/bash
# Programs written for Windows, compiled unchanged, and stock programs under authip-run.
# shellcheck source=lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"
# shellcheck source=porting.sh
. "${BASH_SOURCE[0]%/*}/porting.sh"

top=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)
text=attack-at-dawn-attack-at-dawn

# is_given: in guests, porting is the directory of what the host compiled.
is_given() {
	[[ ${backend:-plane} == kernel ]]
}

need_compiler() {
	local tool
	for tool in cc c++ pkg-config perl; do
		command -v "$tool" >/dev/null || skip "there is no $tool here"
	done
}

need_stock() {
	command -v curl >/dev/null || skip "there is no curl here"
	busybox --list 2>/dev/null | grep -qx httpd ||
		skip "there is no busybox with httpd here"
	command -v cc >/dev/null || skip "there is no cc here"
}

build_samples() {
	need_compiler
	is_given || porting_samples "$porting"
	[[ -x $porting/bin/Inclusion.pc ]] ||
		fail "the samples do not compile: $(tail -n 1 "$porting/samples.out")"
}

# The client of Windows asks for encryption, and so does what it shows.
win_tcp() {
	[[ -x $porting/bin/SecureClient ]] || skip "the samples were not built"
	forget
	capture wintcp
	serve b "$porting/bin/SecureServer$1" "$p0"
	on a "$porting/bin/SecureClient" "$b4" "$p0" "$text" >"$work/client.app" ||
		fail "the client failed: $(tail -n 1 "$work/client.app")"
	grep -q "^echo of 30 bytes: $text" "$work/client.app" || fail "no echo"
	grep -qx 'secured: yes, encrypted: yes' "$work/client.app" ||
		fail "$(tail -n 1 "$work/client.app")"
	grep -q "^connection from $a4" "$work"/server-*.app || fail "no connection seen"
	captured_only "udp port 500 or ip proto 50"
	captured_some "ip proto 50"
	not grep -qa "$text" "$capture" || leaks "the payload is readable"
}

win_udp() {
	[[ -x $porting/bin/UdpEcho ]] || skip "the samples were not built"
	forget
	capture winudp
	serve b "$porting/bin/UdpEcho" "$b4" "$p0"
	on a "$porting/bin/UdpEcho$1" "$b4" "$p0" "$text" >"$work/client.app" ||
		fail "the client failed: $(tail -n 1 "$work/client.app")"
	grep -qx "echo: $text" "$work/client.app" || fail "no echo"
	captured_only "udp port 500 or ip proto 50"
	captured_some "ip proto 50"
}

# A server and clients whose sockets do not block, and that wait for network events.
win_event() {
	[[ -x $porting/bin/EventEcho ]] || skip "the samples were not built"
	forget
	capture winevent
	serve b "$porting/bin/EventEcho" "$p0"
	for i in 1 2; do
		on a "$porting/bin/EventEcho" "$b4" "$p0" "$text" >"$work/client.app" ||
			fail "client $i failed: $(tail -n 1 "$work/client.app")"
		grep -qx "echo: $text" "$work/client.app" || fail "no echo"
	done
	grep -q "^connection from $a4" "$work"/server-*.app || fail "no connection seen"
	# A negotiation that is refused: with the kernel's IPsec its end takes too long here.
	is_given || ! on a "$porting/bin/EventEcho" "$b4" "$p1" "$text" >"$work/client.app" ||
		fail "nobody listens there"
	is_given || grep -Eqx 'connect: 100(61|65)' "$work/client.app" ||
		fail "$(tail -n 1 "$work/client.app")"
	captured_only "udp port 500 or ip proto 50"
	captured_some "ip proto 50"
	not grep -qa "$text" "$capture" || leaks "the payload is readable"
}

# A policy of the client's own, a name, and a server that wants to know who its client is.
win_policy() {
	[[ -x $porting/bin/OwnPolicy ]] || skip "the samples were not built"
	forget
	capture winpolicy
	serve b "$porting/bin/TokenServer" "$p0"
	on a "$porting/bin/OwnPolicy" "$b4" "$p0" CN=b.test "$text" >"$work/client.app" ||
		fail "the client failed: $(tail -n 1 "$work/client.app")"
	grep -qx 'secured: yes, encrypted: yes' "$work/client.app" || fail "$(head -n 1 "$work/client.app")"
	grep -qx "echo of ${#text} bytes: $text" "$work/client.app" || fail "no echo"
	grep -qx 'peer: a machine, flags 3' "$work"/server-*.app || fail "the server does not know its peer"
	captured_only "udp port 500 or ip proto 50"
	not on a "$porting/bin/OwnPolicy" "$b4" "$p0" CN=c.test "$text" >"$work/client.app" ||
		fail "another name is as good"
	grep -q '^WSAConnect: 10013 WSAEACCES ' "$work/client.app" || fail "$(tail -n 1 "$work/client.app")"
}

build_run() {
	need_stock
	is_given || porting_run_library "$porting"
	[[ -s $porting/run.so ]] ||
		fail "the library does not compile: $(tail -n 1 "$porting/library.out")"
	mkdir "$work/www"
	echo "$text" >"$work/www/page"
}

# run HOST OPTION COMMAND...: under authip-run.
run() {
	local host=$1 option=$2
	shift 2
	AUTHIP_RUN_LIBRARY=$porting/run.so on "$host" "$builddir/winsock/run/authip-run" \
		${option:+"$option"} -- "$@"
}

# http_serve PREFIX...: a stock server, as a command of authip-run or of nothing.
http_serve() {
	AUTHIP_RUN_LIBRARY=$porting/run.so spawn b httpd "$@" busybox httpd -f -p "$b4:$p0" -h "$work/www"
	within 5 sh -c "ip netns exec ${ns}b ss -lnt | grep -q ':$p0 '" ||
		fail "the server does not listen: $(cat "$work/httpd.app")"
}


# stock OPTION: curl and busybox httpd.
stock() {
	need_stock
	[[ -e $porting/run.so ]] || skip "the library was not built"
	forget
	capture stock
	# shellcheck disable=SC2086
	http_serve "$builddir/winsock/run/authip-run" $1
	run a "$1" curl -sS -m 10 "http://$b4:$p0/page" >"$work/page" || fail "curl failed"
	grep -qx "$text" "$work/page" || fail "another page"
	captured_only "udp port 500 or ip proto 50"
	captured_some "ip proto 50"
	if [[ $1 == --require-encryption ]]; then
		not grep -qa "$text" "$capture" || leaks "the payload is readable"
	fi
}

stock_refuses_clear() {
	need_stock
	http_serve "$builddir/winsock/run/authip-run"
	not on a curl -sS -m 2 "http://$b4:$p0/page" || leaks "a clear client got the page"
	run a "" curl -sS -m 10 "http://$b4:$p0/page" >/dev/null || fail "curl failed"
}

stock_insecure() {
	need_stock
	http_serve env
	run a --allow-insecure curl -sS -m 10 "http://$b4:$p0/page" >"$work/page" ||
		fail "curl failed"
	grep -qx "$text" "$work/page" || fail "another page"
	not run a "" curl -sS -m 2 "http://$b4:$p0/page" || leaks "clear text without a word"
}

# The certificate of b has its name, and no other; and the server wants to know who comes.
stock_peer() {
	need_stock
	[[ -e $porting/run.so ]] || skip "the library was not built"
	forget
	http_serve "$builddir/winsock/run/authip-run" --peer=CN=a.test
	run a --peer=host/nobody.example curl -sS -m 5 "http://$b4:$p0/page" >"$work/page" &&
		fail "another peer is as good"
	has_log a "host/nobody.example" || fail "the log does not say whom curl wanted"
	has_log a "CN=b.test" || fail "the log does not say who it was"
	run a --peer=CN=b.test curl -sS -m 10 "http://$b4:$p0/page" >"$work/page" ||
		fail "the right peer is refused"
	grep -qx "$text" "$work/page" || fail "another page"
}

# The same of UDP, and of sockets that children and copies have; others are left alone.
# The kernel's IPsec loses the datagram that asks for keys (authipd(8)).
stock_udp() {
	local echo='import os, socket, sys
a, b = socket.socketpair()
a.send(b"unix"); assert b.recv(9) == b"unix"
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(3)
d = os.dup(s.fileno())
s.close()
s = socket.socket(fileno=d)
s.settimeout(3)
if os.fork():
	sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))
for i in range(int(sys.argv[3])):
	try:
		s.sendto(b"hello", (sys.argv[1], int(sys.argv[2])))
		sys.exit(s.recv(99) != b"hello")
	except TimeoutError:
		pass
sys.exit("timed out")'
	local tries=1
	[[ ${backend:-plane} == plane ]] || tries=3
	command -v python3 >/dev/null || skip "there is no python3 here"
	[[ -e $porting/run.so ]] || skip "the library was not built"
	forget
	capture stockudp
	serve b secure_udp -l "$p0"
	run a --peer=CN=b.test python3 -c "$echo" "$b4" "$p0" "$tries" >"$work/udp.app" 2>&1 ||
		fail "the right peer: $(tail -n 1 "$work/udp.app")"
	captured_only "udp port 500 or ip proto 50"
	captured_some "ip proto 50"
	not run a --peer=CN=c.test python3 -c "$echo" "$b4" "$p0" "$tries" >"$work/udp.app" 2>&1 ||
		fail "another peer is as good"
	has_log a "CN=c.test" || fail "the log does not say whom it wanted"
}

stock_no_daemon() {
	need_stock
	AUTHIP_RUN_LIBRARY=$porting/run.so AUTHIPD_RUN_DIR=$work/nobody \
		"$builddir/winsock/run/authip-run" curl -sS -m 2 http://127.0.0.1:1/ \
		>"$work/nobody.app" 2>&1 && leaks "curl got a socket"
	not grep -q refused "$work/nobody.app" || fail "it tried to connect"
}

# MPTCP is TCP on the wire, and UDP-Lite nearly UDP.
stock_other_transports() {
	local try='import errno, socket
socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
for kind, protocol in (socket.SOCK_STREAM, 262), (socket.SOCK_DGRAM, 136):
	try:
		socket.socket(socket.AF_INET, kind, protocol)
		raise SystemExit("protocol %d is not refused" % protocol)
	except OSError as e:
		assert e.errno == errno.EPROTONOSUPPORT, e'
	command -v python3 >/dev/null || skip "there is no python3 here"
	[[ -e $porting/run.so ]] || skip "the library was not built"
	run a "" python3 -c "$try" >"$work/other.app" 2>&1 || fail "$(tail -n 1 "$work/other.app")"
}

# The example in Python, with a library without sanitizers.
python_client() {
	command -v python3 >/dev/null || skip "there is no python3 here"
	[[ -e $porting/run.so ]] || skip "the library was not built"
	mkdir -p "$work/py" && cp "$porting/run.so" "$work/py/libfwpuclnt.so.0"
	serve b secure_server "$p0"
	on a env LD_LIBRARY_PATH="$work/py" python3 "$top/doc/examples/secure_client.py" \
		"$b4" "$p0" "$text" >"$work/python.app" 2>&1 ||
		fail "the client failed: $(tail -n 1 "$work/python.app")"
	[[ $(cat "$work/python.app") == "encrypted"$'\n'"$text" ]] ||
		fail "$(tail -n 1 "$work/python.app")"
}

# Programs into which nothing can be loaded would run in clear text.
run_refuses() {
	local rc
	cp /bin/true "$work/setuid" && chown 12345 "$work/setuid" && chmod u+s "$work/setuid"
	is_given || porting_static "$porting"
	[[ -x $porting/static ]] || skip "no static libc"
	cp "$porting"/static{,.c} "$work/"
	printf '#!%s\n' "$work/static" >"$work/script" && chmod +x "$work/script"
	for p in setuid static script nosuch; do
		rc=0
		run a "" "$work/$p" 2>"$work/refused.app" || rc=$?
		((rc == 125)) || fail "$p: status $rc"
		grep -q "^authip-run: $work/$p " "$work/refused.app" || fail "$p: no reason"
	done
	(cd "$work" && PATH=:$PATH run a "" static) 2>/dev/null && fail "an empty part of PATH is /"
	rc=0
	run a -x true 2>/dev/null || rc=$?
	((rc == 2)) || fail "a wrong option: status $rc"
	rc=0
	AUTHIP_RUN_LIBRARY=$porting/run.so "$builddir/winsock/run/authip-run" -e -i true 2>/dev/null ||
		rc=$?
	((rc == 2)) || fail "encryption and clear text: status $rc"
	mkdir "$work/a b" && cp "$porting/run.so" "$work/a b/"
	for p in static.c "a b/run.so" nosuch.so; do
		rc=0
		AUTHIP_RUN_LIBRARY=$work/$p "$builddir/winsock/run/authip-run" true 2>/dev/null || rc=$?
		((rc == 125)) || fail "a library that the loader does not load ($p): status $rc"
	done
	run a "" sh -c 'exit 7' || rc=$?
	((rc == 7)) || fail "the status of the program is lost: $rc"
}

topic_begin
: "${porting:=$work/porting}"
mkdir -p "$porting"
hosts_join
both_daemons porting
try porting_build build_samples
try porting_tcp win_tcp ""
try porting_tcp_pkg_config win_tcp .pc
try porting_udp win_udp ""
try porting_udp_pkg_config win_udp .pc
try porting_event win_event
try porting_policy win_policy
try run_build build_run
try run_stock stock ""
try run_stock_encrypted stock --require-encryption
try run_refuses_clear stock_refuses_clear
try run_insecure stock_insecure
try run_wrong_peer stock_peer
try run_udp_peer stock_udp
try run_no_daemon stock_no_daemon
try run_other_transports stock_other_transports
try run_refuses run_refuses
try python_client python_client
