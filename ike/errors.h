/*
 * Every reason for which the engine drops a message or fails a negotiation, once: enum,
 * counter name, text for a person, Win32 code for STATUS notifies (spec authip.md 10.1).
 * A drop without a name cannot be written.
 */
#ifndef AUTHIPD_IKE_ERRORS_H
#define AUTHIPD_IKE_ERRORS_H

#include <stdint.h>

/* X(id, counter, text, Win32 code or 0) */
#define IKE_ERRORS(X)                                                                        \
	X(IKE_OK, "ok", "no error", 0)                                                       \
	/* header and framing: always silent (MS-AIPS 3.2.4) */                              \
	X(IKE_ERR_TOO_SHORT, "drop_too_short", "shorter than an ISAKMP header", 0)           \
	X(IKE_ERR_LENGTH, "drop_length", "length field and datagram disagree", 0)            \
	X(IKE_ERR_VERSION, "drop_version", "ISAKMP major version is not 1", 0)               \
	X(IKE_ERR_EXCHANGE, "drop_exchange", "not an AuthIP exchange type", 0)               \
	X(IKE_ERR_IKEV1, "drop_ikev1", "IKEv1 message, and the policy has only AuthIP", 0)    \
	X(IKE_ERR_AGGRESSIVE, "drop_aggressive",                                             \
	    "aggressive mode of IKEv1 does not exist here", 0)                               \
	X(IKE_ERR_COEXIST, "drop_coexist",                                                   \
	    "IKEv1 of a peer that speaks AuthIP, too: left to AuthIP", 0)                    \
	X(IKE_ERR_COOKIE, "drop_cookie", "no main mode with these cookies", 0x3616)          \
	X(IKE_ERR_CRYPTO_PAYLOAD, "drop_crypto_payload", "Crypto payload missing or bad", 0) \
	X(IKE_ERR_NOT_ENCRYPTED, "drop_not_encrypted", "message must be encrypted", 0)       \
	X(IKE_ERR_ENCRYPTED, "drop_encrypted", "message must not be encrypted", 0)           \
	X(IKE_ERR_NO_KEYS, "drop_no_keys", "encrypted before keys exist", 0)                 \
	X(IKE_ERR_ICV, "drop_icv", "integrity check failed", 0)                              \
	X(IKE_ERR_DECRYPT, "drop_decrypt", "padding or trailer wrong after decryption", 0)   \
	X(IKE_ERR_REPLAY, "drop_replay", "sequence number already used", 0)                  \
	X(IKE_ERR_FRAGMENT, "drop_fragment", "fragments are not accepted here", 0)           \
	X(IKE_ERR_FRAGMENT_FORM, "drop_fragment_form", "malformed fragment", 0)              \
	X(IKE_ERR_FRAGMENT_TWICE, "drop_fragment_twice", "fragment seen before", 0)          \
	X(IKE_ERR_FRAGMENT_CONFLICT, "drop_fragment_conflict",                               \
	    "fragments contradict each other", 0)                                            \
	X(IKE_ERR_FRAGMENT_LIMIT, "drop_fragment_limit",                                     \
	    "fragments would take too much memory", 0)                                       \
	X(IKE_ERR_FRAGMENT_TIMEOUT, "drop_fragment_timeout",                                 \
	    "fragments of a message are missing", 0)                                         \
	/* payload chain */                                                                  \
	X(IKE_ERR_PAYLOAD_LENGTH, "drop_payload_length", "payload length wrong", 0x3613)     \
	X(IKE_ERR_PAYLOAD_COUNT, "drop_payload_count", "too many payloads", 0x3613)          \
	X(IKE_ERR_PAYLOAD_MISSING, "drop_payload_missing", "a required payload is missing",  \
	    0x3613)                                                                          \
	X(IKE_ERR_PAYLOAD_UNEXPECTED, "drop_payload_unexpected",                             \
	    "a payload that does not belong here, or too often", 0x3613)                     \
	X(IKE_ERR_SA, "bad_sa", "malformed SA payload", 0x3606)                              \
	X(IKE_ERR_PROPOSAL, "bad_proposal", "malformed proposal", 0x3607)                    \
	X(IKE_ERR_TRANSFORM, "bad_transform", "malformed transform", 0x3608)                 \
	X(IKE_ERR_KE, "bad_ke", "bad key exchange value", 0x3609)                            \
	X(IKE_ERR_ID, "bad_id", "bad identification payload", 0x360a)                        \
	X(IKE_ERR_HASH, "bad_hash", "bad hash payload", 0x360d)                              \
	X(IKE_ERR_NONCE, "bad_nonce", "nonce shorter than 8 or longer than 256 bytes",       \
	    0x360f)                                                                          \
	X(IKE_ERR_NOTIFY, "bad_notify", "malformed notify payload", 0x3610)                  \
	X(IKE_ERR_AUTH_LIST, "bad_auth_list", "malformed authentication list", 0x3613)       \
	X(IKE_ERR_GSS, "bad_gss", "malformed GSS payload", 0x3613)                           \
	X(IKE_ERR_GSS_ID, "bad_gss_id", "malformed GSS_ID payload", 0x3613)                  \
	/* state */                                                                          \
	X(IKE_ERR_STATE, "drop_state", "message does not fit the state", 0x35ec)             \
	X(IKE_ERR_MESSAGE_ID, "drop_message_id", "unexpected message ID", 0x3640)            \
	X(IKE_ERR_DUPLICATE, "duplicate", "retransmission: stored answer sent again", 0)     \
	X(IKE_ERR_PEER_MM_LIMIT, "drop_peer_mm_limit",                                       \
	    "peer has too many main modes", 0x363a)                                          \
	X(IKE_ERR_PEER_NEGOTIATION_LIMIT, "drop_peer_negotiation_limit",                     \
	    "peer has too many negotiations in progress", 0x363c)                            \
	X(IKE_ERR_PEER_QM_LIMIT, "drop_peer_qm_limit",                                       \
	    "peer has too many quick modes (quick_modes_per_peer)", 0x363c)                  \
	X(IKE_ERR_AMPLIFICATION, "drop_amplification",                                       \
	    "the answer would be larger than the request of an unproven peer", 0)            \
	X(IKE_ERR_RATE, "drop_rate",                                                         \
	    "too many first messages from this source", 0)                                   \
	X(IKE_ERR_QM_RATE, "drop_quick_mode_rate",                                           \
	    "too many quick modes of this peer begin at once", 0)                            \
	X(IKE_ERR_DOS_COOKIE, "drop_dos_cookie",                                             \
	    "many negotiations are half open: first message without cookie", 0x3642)         \
	X(IKE_ERR_MADE_ROOM, "half_open_made_room",                                          \
	    "many negotiations are half open: the oldest one of IKEv1 was given up", 0)      \
	X(IKE_ERR_PROBE_RATE, "probe_rate",                                                  \
	    "dialects are tried too often: not tried", 0)                                    \
	X(IKE_ERR_TOTAL_LIMIT, "drop_total_limit", "table of main modes is full", 0)         \
	X(IKE_ERR_NO_MEMORY, "drop_no_memory", "out of memory", 0x35ec)                      \
	/* policy */                                                                         \
	X(IKE_ERR_NO_MM_POLICY, "no_mm_policy", "no policy for this peer", 0x361a)           \
	X(IKE_ERR_NO_PROPOSAL, "no_proposal", "no acceptable proposal", 0x362c)              \
	X(IKE_ERR_GROUP, "bad_group", "KE value and offered group disagree", 0x3629)         \
	X(IKE_ERR_NO_AUTH_METHOD, "no_auth_method", "no common authentication method",       \
	    0x362c)                                                                          \
	X(IKE_ERR_NO_EM_METHOD, "no_em_method",                                              \
	    "no common extended-mode authentication method", 0x3641)                         \
	X(IKE_ERR_NO_QM_POLICY, "no_qm_policy",                                              \
	    "no secured socket or rule for this traffic", 0x3601)                            \
	X(IKE_ERR_ID_MISMATCH, "id_mismatch", "traffic IDs differ from the addresses",       \
	    0x362d)                                                                          \
	X(IKE_ERR_ENCRYPTION_REQUIRED, "encryption_required",                                \
	    "encryption is guaranteed here, and the offer does not encrypt", 0x362c)         \
	X(IKE_ERR_MM_MISMATCH, "mm_mismatch",                                                \
	    "the policy of this traffic wants another main mode", 0x362c)                    \
	X(IKE_ERR_KEY_DICTATION, "declined_key_dictation",                                   \
	    "the peer wants to dictate keys, which is not done here", 0x3613)                \
	X(IKE_ERR_AUTH_FIREWALL, "declined_auth_firewall",                                   \
	    "authenticated firewall mode was offered, which does not exist here", 0x362c)    \
	X(IKE_ERR_NTLM, "declined_ntlm",                                                     \
	    "NTLM was offered, and the policy does not have it", 0x362c)                     \
	/* authentication */                                                                 \
	X(IKE_ERR_TARGET_NAME, "target_name",                                                \
	    "the peer did not prove the name that was set as its target name", 0x35e9)       \
	X(IKE_ERR_PEER_ID, "peer_id",                                                        \
	    "the pre-shared key is not for who the peer says it is", 0x35e9)                 \
	X(IKE_ERR_DH, "dh_failure", "Diffie-Hellman failed", 0x3628)                         \
	X(IKE_ERR_AUTH_HASH, "auth_hash", "Auth hash of the peer is wrong", 0x362e)          \
	X(IKE_ERR_AUTH_FAILED, "auth_failed", "authentication failed", 0x35e9)               \
	X(IKE_ERR_EM_REQUIRED, "em_required", "extended mode is required and missing",       \
	    0x35e9)                                                                          \
	X(IKE_ERR_WEAK_KEY, "weak_key", "derived a weak key", 0x35ec)                        \
	X(IKE_ERR_CRYPTO, "crypto_failure", "the crypto library refused", 0x35ec)            \
	/* ends */                                                                           \
	X(IKE_ERR_TIMED_OUT, "timed_out", "peer did not answer", 0x35ed)                     \
	X(IKE_ERR_PEER_SILENT, "peer_silent", "peer does not answer protected packets",      \
	    0x35ed)                                                                          \
	X(IKE_ERR_STALE, "stale", "the peer has lost its state and begun anew", 0x35ef)      \
	X(IKE_ERR_PEER_STATUS, "peer_status", "peer reported an error", 0)                   \
	X(IKE_ERR_DELETED, "deleted", "deleted on request", 0x35ef)                          \
	X(IKE_ERR_ADDRESS_GONE, "address_gone", "this host has lost the address", 0x35ef)    \
	X(IKE_ERR_POLICY_CHANGED, "policy_changed", "the policy does not allow it any more",  \
	    0x35ef)                                                                          \
	X(IKE_ERR_PEER_DELETED, "peer_deleted", "deleted by the peer", 0)                    \
	X(IKE_ERR_MM_EXPIRED, "mm_expired", "main mode lifetime over", 0x363d)               \
	X(IKE_ERR_QM_EXPIRED, "qm_expired", "quick mode lifetime over", 0x3647)              \
	X(IKE_ERR_QM_REPLACED, "qm_replaced", "a newer quick mode replaces it", 0x3647)       \
	X(IKE_ERR_SHUTDOWN, "shutdown", "daemon stops", 0x3643)                              \
	X(IKE_ERR_AUTH_GONE, "auth_gone", "authentication process died", 0x35e9)             \
	X(IKE_ERR_PLANE_GONE, "plane_gone", "data plane died: keys are not reused", 0x35ef)

enum ike_err {
#define IKE_ERR_ENUM(id, counter, text, code) id,
	IKE_ERRORS(IKE_ERR_ENUM) IKE_ERR_COUNT
};

const char *ike_err_counter(enum ike_err e);
const char *ike_err_text(enum ike_err e);
uint32_t ike_err_win32(enum ike_err e);
/* "ERROR_IPSEC_IKE_AUTH_FAIL", ... for a Win32 code from the wire; NULL if unknown. */
const char *ike_win32_name(uint32_t code);

#endif
