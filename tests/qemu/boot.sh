# shellcheck shell=bash disable=SC2154 # builddir is of whoever reads this file
# Boots Debian's own kernel in QEMU, for one command as root, as ../uml/boot.sh boots a guest of
# user-mode-linux. The processor is emulated: not every machine lends a guest its own.

kernel=$builddir/kernel # where fetch.sh has unpacked it
# What the first program of the guest needs, to find the files of the host.
qemu_modules=(virtio_pci 9pnet_virtio 9p overlay)

# qemu_missing: why there can be no guest here, one reason a line.
qemu_missing() {
	local tool why
	for tool in qemu-system-x86_64 busybox modprobe depmod timeout; do
		command -v "$tool" >/dev/null || echo "there is no program $tool"
	done
	why=$(bash "${BASH_SOURCE[0]%/*}/fetch.sh" "$kernel" 2>&1) ||
		echo "Debian's kernel cannot be fetched: $(tail -n 1 <<<"$why")"
}

# qemu_initrd SHARE: init, busybox with its libraries, and those modules, as SHARE/initrd.
qemu_initrd() {
	local root=$1/initrd.d file name version=("$kernel"/lib/modules/*)
	mkdir -p "$root"/{bin,dev,host,mnt,modules,new,proc}
	cp "${BASH_SOURCE[0]%/*}/init" "$root/init"
	cp "$(command -v busybox)" "$root/bin/"
	ln -s busybox "$root/bin/sh"
	ldd "$root/bin/busybox" | grep -o '/[^ ]*' | while read -r file; do
		mkdir -p "$root${file%/*}"
		cp -L "$file" "$root$file"
	done
	modprobe -d "$kernel" -S "${version##*/}" -a -D "${qemu_modules[@]}" |
		awk '!known[$2]++ { printf "%s %02d.ko\n", $2, ++n }' | while read -r file name; do
			cp "$file" "$root/modules/$name"
		done
	(cd "$root" && find . | busybox cpio -o -H newc 2>/dev/null) >"$1/initrd"
	rm -r "$root"
}

# qemu_boot SHARE SECONDS COMMAND...: its output is in SHARE/out; its status is returned, or
# 124 after that time, or 125 if the guest died.
qemu_boot() {
	local share=$1 limit=$2 status version=("$kernel"/lib/modules/*) words
	shift 2
	: >"$share/out"
	rm -f "$share/rc"
	printf '%q ' "$@" >"$share/job"
	qemu_initrd "$share"
	# A busy machine may be late for the check of the timer. The last three are variables of init.
	words="console=ttyS0 quiet panic=-1 no_timer_check random.trust_cpu=on mitigations=off"
	words+=" cryptomgr.notests"
	words+=" share=$share modules=$kernel/lib/modules"
	words+=" stage2=$(cd "${BASH_SOURCE[0]%/*}/../uml" && pwd)/guest.sh"
	timeout -k 2 "$limit" qemu-system-x86_64 -accel tcg -cpu max -m 768M -no-reboot \
		-nodefaults -no-user-config -display none -serial stdio \
		-kernel "$kernel/boot/vmlinuz-${version##*/}" -initrd "$share/initrd" \
		-append "$words" \
		-fsdev local,id=root,path=/,security_model=none,readonly=on,multidevs=remap \
		-device virtio-9p-pci,fsdev=root,mount_tag=root \
		-fsdev "local,id=share,path=$share,security_model=none" \
		-device virtio-9p-pci,fsdev=share,mount_tag=share </dev/null >"$share/console" 2>&1
	status=$?
	[[ ! -s $share/rc ]] || return "$(cat "$share/rc")"
	((status == 124 || status == 137)) && return 124
	return 125
}
