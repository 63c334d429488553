# shellcheck shell=bash
# What 90_porting.sh needs a compiler for. Guests get it from the host, where it takes seconds.

builddir=${builddir:-.}
porting_top=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)

# porting_make DIRECTORY: whatever can be compiled here; words of what fails in NAME.out there.
porting_make() {
	mkdir -p "$1" && chmod 755 "$1" || return
	porting_samples "$1"
	porting_run_library "$1"
	porting_static "$1"
	return 0
}

# porting_samples DIRECTORY: the programs written for Windows, in its bin.
porting_samples() {
	bash "$porting_top/tests/porting/build.sh" "$builddir" "$1" >"$1/samples.out" 2>&1
}

# porting_run_library DIRECTORY: that of authip-run in one piece, without sanitizers: they do
# not go into any program.
porting_run_library() {
	local sources=("$porting_top"/winsock/*.c)
	cc -shared -fPIC -O1 -w -I"$porting_top" -I"$builddir" -I"$porting_top/winsock/include" \
		-DAUTHIP_NATIVE_SOCKETS -o "$1/run.so" \
		"${sources[@]/*wmain.c/$porting_top/winsock/run/preload.c}" -ldl -lpthread \
		>"$1/library.out" 2>&1
}

# porting_static DIRECTORY: a program without a loader.
porting_static() {
	echo 'int main(void) { return 0; }' >"$1/static.c"
	cc -static -o "$1/static" "$1/static.c" >"$1/static.out" 2>&1
}
