#!/bin/bash
# Much data over a link of 1500 bytes.
# shellcheck source=bulk.sh
. "${BASH_SOURCE[0]%/*}/bulk.sh"

topic_begin
hosts_join
bytes=52428800
[[ ${backend:-plane} == plane ]] || bytes=8388608 # a guest is slower
bulk link_1500 $bytes
try udp_3000 datagram 4 3000
try udp_3000_6 datagram 6 3000
try udp_20000 datagram 4 20000
