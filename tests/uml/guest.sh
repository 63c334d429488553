#!/bin/sh
# Stage 2 of the guest: modules and devices, then $share/job; always powers off.
share=$1
{
	umount -l /mnt
	mkdir -p /dev/pts /dev/shm /dev/net /var/tmp
	ln -s /proc/self/fd /dev/fd
	mount -t devpts pts /dev/pts
	mount -t tmpfs shm /dev/shm
	# What authipd and its tests need of the kernel:
	modprobe -a veth tun ipv6 xfrm_user esp4 ah4 esp6 ah6 udp_diag cbc ecb des_generic \
		sha1_generic sha256_generic md5 hmac gcm seqiv echainiv authenc ctr ghash-generic \
		sha512_generic jitterentropy_rng drbg \
		bridge nfnetlink sch_netem ip_tables iptable_nat iptable_filter xt_MASQUERADE nf_nat
	# That is all: whatever else is missing would be looked for, a process each time.
	echo >/proc/sys/kernel/modprobe
	ip link set lo up
} >/dev/console 2>&1
mkdir -p "$share"
# shellcheck disable=SC1091
. "$share/job" >"$share/out" 2>&1 </dev/null
echo "$?" >"$share/rc.new"
mv "$share/rc.new" "$share/rc"
sync
echo o >/proc/sysrq-trigger
sleep 5
