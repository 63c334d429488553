#!/bin/sh
# Runs every replay program of the build folder over its seeds and mutations of them.
# FUZZ_RUNS: number of mutations (default 20000; fuzz_engine and fuzz_v1, where each one is
# a whole negotiation, a fifth). The input that broke a promise is left in fuzz-crash.bin.
ASAN_OPTIONS=abort_on_error=1:$ASAN_OPTIONS
UBSAN_OPTIONS=abort_on_error=1:print_stacktrace=1:$UBSAN_OPTIONS
export ASAN_OPTIONS UBSAN_OPTIONS
status=0
for program in ./fuzz_*_replay; do
	name=${program#./fuzz_}
	name=${name%_replay}
	runs=${FUZZ_RUNS:-20000}
	case $name in engine | v1) runs=$((runs / 5)) ;; esac
	echo "fuzz_$name:"
	"$program" "$runs" "${srcdir:-.}/tests/fuzz/seeds/$name" || status=1
done
exit $status
