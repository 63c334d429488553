# What a header declares, one item a line: sizeof(TYPE), offsetof(TYPE, FIELD), the name of an
# enumerator, the name of a macro that is a number.
function flush_type(name, i) {
	print "sizeof(" name ")"
	for (i = 1; i <= n; i++)
		print "offsetof(" name ", " field[i] ")"
	n = 0
}

/^(typedef )?struct [A-Za-z0-9_]+ \{$/ { in_type = 1; n = 0; tag = $(NF - 1); next }
/^typedef enum ([A-Za-z0-9_]+ )?\{$/ { in_enum = 1; next }

in_type && /^\}/ {
	in_type = 0
	name = $0
	gsub(/^\} ?|[;,].*$/, "", name)
	if (name == "") {
		name = tag
		if (!sub(/_$/, "", name))
			name = "struct " name
	}
	flush_type(name)
	next
}
in_type && /;/ {
	line = $0
	sub(/\/\*.*/, "", line)
	sub(/ __attribute__.*/, "", line)
	sub(/(\[[^]]*\])?;[ \t]*$/, "", line)
	if (line !~ /[{}]/ && match(line, /[A-Za-z0-9_]+$/))
		field[++n] = substr(line, RSTART)
	next
}

in_enum && /^\}/ { in_enum = 0; next }
in_enum && match($1, /^[A-Za-z0-9_]+/) { print substr($1, RSTART, RLENGTH); next }

/^#define [A-Z][A-Za-z0-9_]+ (\(.*\)|[0-9][0-9a-fA-Fxul]*|_WSAI[A-Z]*\(.*\))([ \t]*\/\*.*)?$/ { print $2 }
