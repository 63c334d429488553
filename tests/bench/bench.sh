#!/bin/bash
# make bench: one table of ratios. Runs in the build folder; BENCH_SECONDS (6) is the
# time that each of the large parts may take. Never fails because something is slow, but
# where a part does not work.
set -o pipefail
here=$(dirname "$0")

echo "authipd: $(uname -m), $(nproc) CPUs, load $(cut -d' ' -f1 /proc/loadavg)," \
	"$(openssl version | cut -d' ' -f1-2)" \
	"${BENCH_WARNING:+-- WARNING: $BENCH_WARNING}"
{
	printf 'what\tours\tfloor/peer\tratio\tspread\n'
	tests/bench/bench_engine && tests/bench/bench_esp && tests/bench/bench_pairs &&
		"$BASH" "$here/bench_plane.sh"
} | awk -F'\t' '{
	if (NF < 5)
		print
	else
		printf "%-50s %21s %21s %6s %7s\n", $1, $2, $3, $4, $5
	fflush()
}'
