#!/bin/bash
# What the manuals of functions say in C: it compiles, and is what the headers say.
set -u
top=$(cd "${srcdir:-$(dirname "$0")/../..}" && pwd) || exit 99
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
n_failed=0

command -v cc > /dev/null || {
	echo "skipped: there is no cc here"
	exit 77
}

# section NAME < PAGE
section() {
	awk -v want=".Sh $1" '/^\.Sh /{ on = $0 == want; next } on'
}

# The prototypes of a synopsis, beside which the headers have theirs.
prototypes() {
	awk -v q='"' '
	function words(s,   n, i, p, out) {
		n = split(s, p, q)
		for (i = 1; i <= n; i++) {
			gsub(/^ +| +$/, "", p[i])
			if (p[i] != "")
				out = out (out == "" ? "" : ", ") p[i]
		}
		return out
	}
	/^\.In / { print "#include <" $2 ">" }
	/^\.Ft / { type = substr($0, 5); gsub(q, "", type) }
	/^\.Fo / { name = $2; args = "" }
	/^\.Fa / { args = args (args == "" ? "" : ", ") words(substr($0, 5)) }
	/^\.Fc/ { print type " WINAPI " name "(" args ");"; type = "" }
	/^\.Fn / && type != "" { # without a type it is a word of the text
		name = $2
		sub(/^\.Fn [^ ]+ */, "")
		print type " WINAPI " name "(" words($0) ");"
		type = ""
	}'
}

# Structures under another name, with what has to be the same.
structures() {
	awk '
	/^\.Bd -literal/ { getline; on = /^typedef struct _/ }
	/^\.Ed/ { on = 0 }
	!on { next }
	/^typedef struct / { real = substr($3, 2); print "typedef struct man_" real " {"; next }
	/^}/ {
		print "} man_" real ";"
		print "_Static_assert(sizeof(man_" real ") == sizeof(" real "), \"" real "\");"
		for (i = 0; i < n; i++)
			print "_Static_assert(offsetof(man_" real ", " m[i] ") == offsetof(" real ", " m[i] "), \"" m[i] "\");"
		n = 0
		next
	}
	{ print; name = $NF; gsub(/[];[]|[0-9]+\]/, "", name); m[n++] = name }'
}

# All examples of a page together, as they follow each other, with what they leave to the reader.
examples() {
	local body=$scratch/body
	awk '/^\.Bd -literal/{ on = 1; next } /^\.Ed/{ on = 0 } on' | sed 's/\\e/\\/g; s/\\&//g' > "$body"
	[ -s "$body" ] || return 0
	echo '#include <err.h>'
	echo 'void examples(const struct sockaddr *address, int length);'
	echo 'void examples(const struct sockaddr *address, int length) {'
	cat "$body"
	echo '}'
}

# page FILE
page() {
	local c=$scratch/${1##*/}.c
	{
		section SYNOPSIS < "$1" | prototypes
		echo '#include <stddef.h>'
		echo '#include <ws2tcpip.h>'
		structures < "$1"
		section EXAMPLES < "$1" | examples
	} > "$c"
	[ "$(grep -c '^#include' "$c")" -gt 2 ] && # a synopsis was found
		cc -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -fsyntax-only \
			-I"$top/winsock/include" "$c"
}

for p in "$top"/doc/*.3; do
	if page "$p"; then
		echo "ok ${p##*/}"
	else
		echo "FAIL ${p##*/}"
		n_failed=$((n_failed + 1))
	fi
done
[ "$n_failed" = 0 ]
