#!/bin/bash
# fetch.sh DIRECTORY: strongSwan, libreswan and iptables (the NAT between) as Debian has them,
# each unpacked in a folder of its own. They conflict as packages, and neither is to be installed on this host: it
# would start to serve IKE here. What is there already is not fetched again.
set -eu

strongswan=(charon-systemd libstrongswan libstrongswan-standard-plugins strongswan-libcharon
	strongswan-swanctl)
libreswan=(libreswan)
iptables=(iptables libip4tc2 libip6tc2 libxtables12)

# unpack NAME PACKAGE...
unpack() {
	local name=$1 deb
	shift
	[ ! -e "$top/$name/complete" ] || return 0
	rm -rf "${top:?}/$name" "$top/$name.deb"
	mkdir -p "$top/$name" "$top/$name.deb"
	(cd "$top/$name.deb" && apt-get -q download "$@" >../"$name.log" 2>&1) || {
		tail -n 3 "$top/$name.log" >&2
		return 1
	}
	for deb in "$top/$name.deb"/*.deb; do
		dpkg-deb -x "$deb" "$top/$name"
	done
	rm -r "$top/$name.deb"
	touch "$top/$name/complete"
}

mkdir -p "$1"
top=$(cd "$1" && pwd)
unpack strongswan "${strongswan[@]}"
unpack libreswan "${libreswan[@]}"
unpack iptables "${iptables[@]}"
