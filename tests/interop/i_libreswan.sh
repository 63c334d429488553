#!/bin/bash
# IKEv1 with libreswan.
here=${BASH_SOURCE[0]%/*}
# shellcheck source=../netns/lib.sh
. "$here/../netns/lib.sh"
# shellcheck source=lib.sh
. "$here/lib.sh"
# shellcheck source=libreswan.sh
. "$here/libreswan.sh"
# shellcheck source=cases.sh
. "$here/cases.sh"

peer_word=libreswan
interop_begin
# This libreswan has neither MODP-1024, nor ECDSA in IKEv1, nor PFS with curves. Its rekeys
# come by time: whack --rekey-ipsec and --rekey-ike changed nothing here.
each psk_ecp256 both_ways_and_deletes keys yes
each psk_modp2048_aes256 both_ways main aes256-sha256-modp2048 quick esp-aes256-sha256
each psk_modp2048_3des both_ways main 3des-sha1-modp2048 quick esp-3des-sha1
each psk_ecp384_gcm both_ways main aes256-sha384-ecp384 quick esp-aes256-gcm
each psk_pfs both_ways pfs modp2048
each kernel_gcm both_ways main aes256-sha384-ecp384 quick esp-aes256-gcm backend kernel
each kernel_ah both_ways quick ah-sha1 backend kernel
each psk_null both_ways quick esp-null-sha1
each kernel_ipv6 both_ways family 6 backend kernel
each psk_ah_ipv6 both_ways family 6 quick ah-sha256
each rsa both_ways auth rsa
each both_keyings both_keyings
each i_wrong_psk refused 'pre-shared key' patience 8 peer_secret another-secret-of-the-peer
each r_wrong_psk peer_is_refused 'pre-shared key' patience 8 peer_secret another-secret-of-the-peer
each i_wrong_certificate refused 'CN=rstranger.test' auth rsa cert rstranger
each i_own_certificate refused 'AUTHENTICATION\|INVALID-' patience 8 auth rsa own_cert rstranger
each r_own_certificate peer_refuses 'certificate rejected' auth rsa own_cert rstranger
each r_wrong_certificate peer_is_refused 'CN=rstranger.test' auth rsa cert rstranger
each i_no_common_main refused 'NO-PROPOSAL\|[Pp]roposal' patience 8 peer_main aes256-sha256-modp2048
each r_no_common_main peer_is_refused '[Pp]roposal' peer_main aes256-sha256-modp2048
each i_no_common_quick refused 'NO-PROPOSAL\|[Pp]roposal' peer_quick esp-aes256-sha256
each r_no_common_quick peer_is_refused '[Pp]roposal' peer_quick esp-aes256-sha256
each one_of_two_deletes one_of_two_deletes
each main_mode_deletes main_mode_deletes
each authipd_dies authipd_dies
each peer_dies peer_dies
each peer_rekeys_by_time peer_rekeys_by_time
each peer_rekeys_main_by_time peer_rekeys_main_by_time
each authipd_rekeys_by_volume authipd_rekeys_by_volume
each authipd_rekeys authipd_rekeys
hosts_part_by_nat a
each nat nat_between
each kernel_nat nat_between backend kernel
each nat_rsa nat_between auth rsa
each kernel_nat_rsa nat_between auth rsa backend kernel
hosts_part_by_nat b
each peer_nat peer_behind_nat
each kernel_peer_nat peer_behind_nat backend kernel
each peer_nat_rsa peer_behind_nat auth rsa
each kernel_peer_nat_rsa peer_behind_nat auth rsa backend kernel
