#!/bin/bash
# A private Kerberos realm for tests: everything is in DIR, nothing needs root.
#   realm.sh missing                    why it cannot work here; silent if it can
#   realm.sh make DIR PORT [ADDRESS]    realm TEST and its KDC, ready to be started
#   realm.sh kdc DIR                    becomes the KDC (in the foreground)
#   realm.sh admin DIR COMMAND          kadmin.local
#   realm.sh keytab DIR FILE NAME...    new keys of NAMEs (made if need be) into DIR/FILE
set -eu
PATH=$PATH:/usr/sbin:/sbin

dir=${2:-.}
export KRB5_CONFIG=$dir/krb5.conf KRB5_KDC_PROFILE=$dir/kdc.conf

missing() {
	local tool
	for tool in krb5kdc kdb5_util kadmin.local; do
		command -v "$tool" >/dev/null || echo "there is no program $tool"
	done
}

# A clock skew of seconds lets tests wait for it.
make_realm() {
	local port=$1 address=${2:-127.0.0.1}
	mkdir -p "$dir"
	cat >"$dir/krb5.conf" <<-END
		[libdefaults]
		default_realm = TEST
		dns_lookup_kdc = false
		dns_lookup_realm = false
		dns_canonicalize_hostname = false
		rdns = false
		clockskew = ${clockskew:-300}
		[realms]
		TEST = {
			kdc = $address:$port
		}
	END
	cat >"$dir/kdc.conf" <<-END
		[kdcdefaults]
		kdc_listen = $address:$port
		kdc_tcp_listen = $address:$port
		[realms]
		TEST = {
			database_name = $dir/db
			key_stash_file = $dir/stash
			acl_file = $dir/acl
			max_life = 1h
		}
		[logging]
		kdc = FILE:$dir/kdc.log
	END
	: >"$dir/acl"
	kdb5_util create -s -r TEST -P "not-a-secret" >/dev/null
}

keytab() {
	local file=$dir/$1 name
	shift
	for name; do
		kadmin.local -q "addprinc -randkey $name"
		kadmin.local -q "ktadd -k $file $name"
	done >>"$dir/admin.log" 2>&1
	[ -s "$file" ] || { tail -n 3 "$dir/admin.log" >&2; exit 1; }
}

case ${1:-} in
missing) missing | head -n 1 ;;
make) make_realm "${@:3}" ;;
kdc) exec krb5kdc -n -r TEST ;;
admin) kadmin.local -q "$3" >>"$dir/admin.log" 2>&1 ;;
keytab) keytab "${@:3}" ;;
*)
	sed -n '2,7s/^# \{0,1\}//p' "$0"
	exit 2
	;;
esac
