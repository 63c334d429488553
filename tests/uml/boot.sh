# shellcheck shell=bash
# Boots a user-mode-linux guest with the kernel's own ESP and AH, for one command as root.
# Its root is the host's file system under an overlay that is thrown away; only $1 is shared.

# uml_missing: why there can be no guest here, one reason a line.
uml_missing() {
	[[ -x /usr/bin/linux.uml && -d /usr/lib/uml/modules ]] ||
		echo "there is no user-mode-linux (package user-mode-linux)"
	command -v timeout >/dev/null || echo "there is no program timeout"
}

# uml_preload SHARE: what UML needs on processors with more registers than it knows.
uml_preload() {
	local source=${BASH_SOURCE[0]%/*}/xstate.c
	"${CC:-cc}" -O2 -shared -fPIC -o "$1/xstate.so" "$source" 2>/dev/null &&
		printf '%s' "$1/xstate.so"
}

# uml_boot SHARE SECONDS COMMAND...: its output is in SHARE/out; its status is returned, or
# 124 after that time, or 125 if the guest died.
uml_boot() {
	local share=$1 limit=$2 here preload status
	here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
	preload=$(uml_preload "$share")
	shift 2
	: >"$share/out"
	rm -f "$share/rc"
	printf '%q ' "$@" >"$share/job"
	LD_PRELOAD=$preload HOME=$share TMPDIR=/dev/shm \
		timeout -k 2 "$limit" /usr/bin/linux.uml mem=768M root=/dev/root \
		rootfstype=hostfs rootflags=/ ro quiet random.trust_cpu=on init="$here/init" \
		share="$share" con=null con0=null,fd:1 con1=null umid="aip$BASHPID" \
		</dev/null >"$share/console" 2>&1
	status=$?
	[[ ! -s $share/rc ]] || return "$(cat "$share/rc")"
	((status == 124 || status == 137)) && return 124
	return 125
}
