#!/bin/bash
# fetch.sh DIRECTORY: Debian's kernel for this kind of machine, unpacked: it is not installed. What
# is there already is not fetched again.
set -eu

[[ ! -e $1/complete ]] || exit 0
package=$(apt-cache depends linux-image-amd64 | sed -n 's/^ *Depends: //p')
: "${package:?no package linux-image-amd64}"
rm -rf "$1"
mkdir -p "$1"
cd "$1"
apt-get -q download "$package" >fetch.log 2>&1 || {
	tail -n 3 fetch.log >&2
	exit 1
}
dpkg-deb -x ./*.deb .
rm ./*.deb
version=(lib/modules/*)
depmod -b . "${version##*/}"
touch complete
