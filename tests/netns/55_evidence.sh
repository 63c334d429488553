#!/bin/bash
# Evidence for a report: the key log decrypts ESP in Wireshark; a capture in one archive.
# shellcheck source=lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"

secret_line="what was said in secret"

# with_key_log HOST: its configuration allows the key log.
with_key_log() {
	sed -i '1i key_log = true' "$work/$1.conf"
}

# keylog_start HOST DIRECTORY
keylog_start() {
	mkdir -p "$2"
	on "$1" "$builddir/authipctl" --run-dir "$work/$1.run" keylog --dir "$2" \
		>"$work/keylog.app" 2>&1 &
	sleep 0.3
	is_alive $! || fail "no key log: $(cat "$work/keylog.app")"
}

# esp_is_readable DIRECTORY: tshark finds the text in the capture with these keys only.
esp_is_readable() {
	local keys=$1
	mkdir -p "$work/empty"
	if decrypted "$work/empty"; then
		fail "the text is in the capture without keys"
	fi
	decrypted "$keys" || fail "tshark does not decrypt with $(cat "$keys/esp_sa")"
}

decrypted() {
	WIRESHARK_CONFIG_DIR=$1 tshark -r "$capture" -o esp.enable_encryption_decode:TRUE \
		-o esp.enable_authentication_check:TRUE -Y "tcp contains \"$secret_line\"" \
		2>"$work/tshark.err" | grep -q .
}

keylog_decrypts_esp() {
	command -v tshark >/dev/null || skip "there is no program tshark"
	keylog_start a "$work/keys"
	serve b secure_server "$1" "-$2" "$p0"
	capture evidence
	talk_start a "$1" "$(ip_of b "$2")" "$p0"
	say "$secret_line"
	capture_stop
	(($(wc -l <"$work/keys/esp_sa") >= 2)) || fail "not both directions in the key log"
	[[ $(stat -c %a "$work/keys/esp_sa") == 600 ]] || leaks "others may read the keys"
	esp_is_readable "$work/keys"
}

keylog_is_opt_in() {
	local rc=0
	on b "$builddir/authipctl" --run-dir "$work/b.run" keylog >"$work/keylog.app" 2>&1 || rc=$?
	((rc == 1)) || fail "exit status $rc"
	grep -q 'key_log = true' "$work/keylog.app" || fail "not clear: $(cat "$work/keylog.app")"
}

# Only what root may: the socket that shows refuses.
keylog_is_for_root() {
	local rc=0
	on a setpriv --reuid=65534 --regid=65534 --clear-groups "$builddir/authipctl" \
		--run-dir "$work/a.run" keylog >"$work/keylog.app" 2>&1 || rc=$?
	((rc == 3)) || fail "exit status $rc: $(cat "$work/keylog.app")"
}

# Somebody else's link in a directory where anybody may write leads nowhere.
evidence_follows_no_link() {
	local rc=0
	serve b secure_server -e "$p0"
	mkdir -p "$work/links" && ln -sf "$work/stolen" "$work/links/report.tar.gz"
	ln -sf "$work/stolen" "$work/links/esp_sa"
	ctl a capture --out "$work/links/report.tar.gz" --seconds 1 >"$work/report.app" 2>&1 || rc=$?
	((rc != 0)) || fail "a capture through a link"
	grep -q "cannot write $work/links/report.tar.gz" "$work/report.app" ||
		fail "not clear: $(cat "$work/report.app")"
	keylog_start a "$work/links"
	forget || fail "SAs stay"
	ctl a initiate --to "$b4" --proto tcp --port "$p0" --encrypt >/dev/null ||
		fail "cannot negotiate"
	within 5 grep -q esp_sa "$work/keylog.app" || fail "no word: $(cat "$work/keylog.app")"
	[[ ! -e $work/stolen ]] || leaks "keys went where the link leads"
}

# A run directory where others can put sockets and links of their own is refused.
run_dir_of_others() {
	local rc=0
	mkdir -p "$work/open.run" && chmod 777 "$work/open.run"
	on a timeout 10 "$builddir/authipd" -f -c "$work/a.conf" --run-dir "$work/open.run" \
		>"$work/open.log" 2>&1 || rc=$?
	((rc != 0 && rc != 124)) || fail "exit status $rc: $(cat "$work/open.log")"
	grep -q 'others can write there' "$work/open.log" || fail "$(cat "$work/open.log")"
}

# capture_to OPTION...: an archive of an SA being made; its list in $work/list.
capture_to() {
	forget || fail "SAs stay"
	rm -rf "$work/unpacked" "$work/tmp"
	mkdir "$work/tmp" && : >"$work/began"
	(umask 022 && : >"$work/report.tar.gz") # of an earlier user who had nothing to hide
	TMPDIR=$work/tmp ctl a capture --out "$work/report.tar.gz" --seconds 4 "$@" \
		>"$work/report.app" 2>&1 &
	within 5 grep -q capturing "$work/report.app" || fail "$(cat "$work/report.app")"
	ctl a initiate --to "$b4" --proto tcp --port "$p0" --encrypt >/dev/null ||
		fail "cannot negotiate"
	wait $!
	tar -tzf "$work/report.tar.gz" | sort >"$work/list"
	mkdir "$work/unpacked"
	tar -xzf "$work/report.tar.gz" -C "$work/unpacked" || fail "$(cat "$work/report.app")"
}

capture_holds() {
	local file
	for file; do
		[[ -s $work/unpacked/$file ]] || fail "no $file in $(tr '\n' ' ' <"$work/list")"
	done
}

capture_archive() {
	serve b secure_server -e "$p0"
	capture_to
	capture_holds status-before.json status-after.json events.jsonl packets.pcap
	grep -q quick-mode-established "$work/unpacked/events.jsonl" || fail "no event"
	tcpdump -nr "$work/unpacked/packets.pcap" udp port 500 2>/dev/null | grep -q . ||
		fail "no packet"
	not grep -q -e esp_sa -e ikev1 "$work/list" || fail "keys that nobody asked for"
	[[ $(stat -c %a "$work/report.tar.gz") == 600 ]] || leaks "others may read it"
	[[ $work/tmp -nt $work/began ]] || fail "its files were elsewhere"
	[[ -z $(ls -A "$work/tmp") ]] || fail "files stay behind"
}

capture_with_keys() {
	serve b secure_server -e "$p0"
	capture_to --keys
	capture_holds esp_sa packets.pcap
}

topic_begin
hosts_join
config a && with_key_log a
config b
(daemon_start a && daemon_start b) || {
	echo "FAIL evidence_start: $(cat "$work/why")"
	exit 1
}
try keylog_decrypts_esp keylog_decrypts_esp -e 4
try keylog_decrypts_esp6 keylog_decrypts_esp -e 6
try keylog_is_opt_in keylog_is_opt_in
try keylog_is_for_root keylog_is_for_root
try capture_archive capture_archive
try capture_with_keys capture_with_keys
try evidence_follows_no_link evidence_follows_no_link
try run_dir_of_others run_dir_of_others
