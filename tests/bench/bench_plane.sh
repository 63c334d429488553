#!/bin/bash
# The plane between two network namespaces against plain TCP over the same veth:
# throughput, CPU time, time to connect, and the WSASetSocketSecurity() call. Rows for
# bench.sh.
set -u
rounds=5
per_round=40 # connections, each from an address of its own: a main mode for each
seconds=${BENCH_SECONDS:-6}
a=nb$$a b=nb$$b
dir=$(mktemp -d /tmp/bench_plane.XXXXXX)
pids=()	   # what to end
keepers=() # the daemons among them

skip()
{
	echo "bench_plane: skipped: $*"
	exit 0
}

finish()
{
	[ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2> /dev/null
	for n in $a $b; do # what a background job has started does not end with it
		for pid in $(ip netns pids "$n" 2> /dev/null); do
			tr '\0' ' ' < "/proc/$pid/cmdline" | grep -q 'flow .*sink' &&
				kill "$pid"
		done
	done
	wait
	ip netns del $a 2> /dev/null
	ip netns del $b 2> /dev/null
	rm -rf "$dir"
}
trap finish EXIT

# ---- the two hosts ----

make_net()
{
	ip netns add $a && ip netns add $b &&
	    ip -n $a link add v0 type veth peer name v0 netns $b || return 1
	for n in $a $b; do
		ip netns exec "$n" sysctl -qw net.ipv4.conf.all.rp_filter=0 \
			net.ipv4.conf.default.rp_filter=0 net.ipv4.conf.v0.rp_filter=0
		ip -n "$n" link set lo up
		ip -n "$n" link set v0 up
	done
	ip -n $a addr add 10.99.0.1/16 dev v0 && ip -n $b addr add 10.99.0.2/16 dev v0 &&
	for net in $(seq $((2 * rounds))); do
		seq -f "address add 10.99.$net.%g/16 dev v0" "$per_round"
	done | ip -n $a -batch -
}

make_certificates()
{
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-days 2 -subj /CN=bench-ca -keyout "$dir/ca.key" -out "$dir/ca.pem" &&
	for n in $a $b; do
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
			-subj "/CN=$n" -keyout "$dir/$n.key" -out "$dir/$n.csr" &&
		openssl x509 -req -days 2 -in "$dir/$n.csr" -out "$dir/$n.pem" \
			-CA "$dir/ca.pem" -CAkey "$dir/ca.key" -CAcreateserial ||
			return 1
	done
} > "$dir/openssl.log" 2>&1

start_daemon() # namespace
{
	mkdir "$dir/$1"
	cat > "$dir/$1.conf" <<-END
		trust = "$dir/ca.pem"
		credentials {
			certificate = "$dir/$1.pem"
			key = "$dir/$1.key"
		}
	END
	ip netns exec "$1" ./authipd -f -c "$dir/$1.conf" --run-dir "$dir/$1" \
		> "$dir/$1.log" 2>&1 &
	pids+=($!)
	keepers+=($!)
}

# flow OPTIONS in a namespace, with the daemon of that namespace.
flow() # namespace arguments
{
	local n=$1
	shift
	AUTHIPD_RUN_DIR="$dir/$n" ip netns exec "$n" ./tests/bench/flow "$@"
}

start_sink() # port options
{
	local port=$1
	shift
	flow $b "$@" sink "$port" > "$dir/sink.$port" 2>&1 &
	pids+=($!)
	for _ in $(seq 300); do
		[ -s "$dir/sink.$port" ] && break
		sleep 0.1
	done
	grep -q ready "$dir/sink.$port" || skip "$(head -1 "$dir/sink.$port")"
}

wait_for_daemons()
{
	for n in $a $b; do
		for _ in $(seq 300); do
			./authipctl --run-dir "$dir/$n" status > /dev/null 2>&1 && break
			sleep 0.1
		done || skip "no daemon: $(tail -1 "$dir/$n.log")"
	done
}

# ---- measuring ----

# Clock ticks of the roles that match, of these keepers.
role_ticks() # pattern keeper...
{
	local sum=0 pid f parents pattern=$1
	shift
	parents=$(IFS=, && echo "$*")
	for pid in $(pgrep -P "$parents" -f -- "--role $pattern"); do
		read -ra f < "/proc/$pid/stat"
		sum=$((sum + f[13] + f[14]))
	done
	echo $sum
}

plane_ticks()
{
	role_ticks plane "${keepers[@]}"
}

# All at once, from addresses that nobody has used: negotiations a second, CPU of each side.
storm_once() # network
{
	local roles='(negotiator|auth)' ours theirs seconds
	ours=$(role_ticks "$roles" "${keepers[0]}")
	theirs=$(role_ticks "$roles" "${keepers[1]}")
	seconds=$(flow $a storm 10.99.0.2 5002 "10.99.$1.1" "$per_round") || skip "the storm"
	awk -v s="$seconds" -v n="$per_round" 'BEGIN { print n / s }' >> "$dir/rate"
	ours=$(($(role_ticks "$roles" "${keepers[0]}") - ours))
	theirs=$(($(role_ticks "$roles" "${keepers[1]}") - theirs))
	echo "$ours $theirs" >> "$dir/storm_ticks"
}

# percentile P FILE
percentile()
{
	sort -n "$2" | awk -v p="$1" '{ v[NR] = $1 } END { i = int(NR * p / 100 + 0.5); print v[i < 1 ? 1 : i] }'
}

# Appends "bytes seconds ticks" of one run to $dir/$1.
send_once() # name port options
{
	local name=$1 port=$2 before result
	shift 2
	before=$(plane_ticks)
	result=$(flow $a "$@" send 10.99.0.2 "$port" "$slice") ||
		skip "sending to port $port: see the lines above"
	echo "$result $(($(plane_ticks) - before))" >> "$dir/$name"
}

connect_once() # name port count options
{
	local name=$1 port=$2 n=$3
	shift 3
	flow $a "$@" connect 10.99.0.2 "$port" "$n" >> "$dir/$name" || skip "connecting"
}

forget_sas()
{
	./authipctl --run-dir "$dir/$a" delete --all > /dev/null
	sleep 0.3
}

# One row from lines "ours floor": medians, median of the ratios, spread.
row() # what, format of the numbers
{
	awk -v what="$1" -v fmt="$2" '
	function sorted(from, to,    i, j, t) {
		for (i = 1; i <= NR; i++) to[i] = from[i]
		for (i = 2; i <= NR; i++)
			for (j = i; j > 1 && to[j - 1] > to[j]; j--) {
				t = to[j]; to[j] = to[j - 1]; to[j - 1] = t
			}
		return to[int((NR + 1) / 2)]
	}
	{ ours[NR] = $1; floor[NR] = $2; ratio[NR] = $2 > 0 ? $1 / $2 : 0 }
	END {
		m = sorted(ratio, s); q = int(NR / 4)
		printf "%s\t" fmt "\t" fmt "\t%.2f\t", what, sorted(ours, t),
			sorted(floor, u), m
		if (NR > 1 && m > 0) printf "%.0f%%\n", 100 * (s[NR - q] - s[1 + q]) / m
		else print "-"
	}'
}

gbits() # file of send_once
{
	awk '{ print $1 * 8e-9 / $2 }' "$dir/$1"
}

cpu_per_gb() # file of send_once
{
	awk -v hz="$(getconf CLK_TCK)" '{ print $3 / hz / ($1 * 1e-9) }' "$dir/$1"
}

# ---- main ----

[ "$(id -u)" = 0 ] || skip "needs root for network namespaces"
[ -c /dev/net/tun ] || skip "no /dev/net/tun"
id authipd > /dev/null 2>&1 || skip "no user authipd"
make_net 2> /dev/null || skip "cannot make network namespaces"
make_certificates || skip "openssl: $(tail -1 "$dir/openssl.log")"
start_daemon $a
start_daemon $b
wait_for_daemons
start_sink 5001 -c
start_sink 5002
start_sink 5003 -e

slice=$(echo "$seconds $rounds" | awk '{ printf "%.2f", $1 / $2 / 3 }')
for round in $(seq $rounds); do
	flow $a -c cold 10.99.0.2 5001 "10.99.$round.1" "$per_round" >> "$dir/plain_cold" ||
		skip "connecting"
	flow $a cold 10.99.0.2 5002 "10.99.$round.1" "$per_round" >> "$dir/cold" ||
		skip "connecting"
	storm_once $((rounds + round))
	forget_sas
	connect_once plain_again 5001 3 -c
	connect_once warm_connect 5002 3
	send_once plain 5001 -c
	send_once null 5002
	send_once encrypted 5003 -e
	flow $a echo >> "$dir/echo"
	flow $a secure >> "$dir/secure"
done
{ read -r null_floor; read -r aes_floor; } < <(tests/bench/bench_esp -f)

paste <(gbits null) <(gbits plain) |
	row "TCP through the plane, NULL; peer: plain veth" "%.2f Gbit/s"
paste <(gbits encrypted) <(gbits plain) |
	row "TCP through the plane, AES; peer: plain veth" "%.2f Gbit/s"
cpu_per_gb null | sed "s/$/ $null_floor/" |
	row "CPU of both planes, NULL; floor: bare crypto" "%.1f s/GB"
cpu_per_gb encrypted | sed "s/$/ $aes_floor/" |
	row "CPU of both planes, AES; floor: bare crypto" "%.1f s/GB"
for p in 50 99; do
	echo "$(percentile $p "$dir/cold") $(percentile $p "$dir/plain_cold")" |
		row "connect with negotiation, p$p; peer: plain connect" "%.2f ms"
done
printf 'negotiations a second, %d at once, both sides here\t%.0f\t-\t-\t-\n' "$per_round" \
	"$(percentile 50 "$dir/rate")"
# A clock tick is long: all of them together.
awk -v ms="$((1000 / $(getconf CLK_TCK)))" -v n=$((rounds * per_round)) \
	'{ a += $1; b += $2 } END { print a * ms / n, b * ms / n }' "$dir/storm_ticks" |
	row "CPU of one, initiator; peer: responder" "%.2f ms"
paste "$dir/warm_connect" "$dir/plain_again" |
	row "connect when the SA is there; peer: plain connect" "%.2f ms"
paste "$dir/secure" "$dir/echo" |
	row "WSASetSocketSecurity; floor: a round trip" "%.0f us"
