/*
 * The dialect: every place where MS-AIPS is silent or contradicts itself and more than one
 * reading is possible (entries An of the protocol notes), as one table of knobs. The first
 * value of a knob is its default. The configuration reads and prints the same table that
 * the engine obeys.
 */
#ifndef AUTHIPD_CONFIG_DIALECT_H
#define AUTHIPD_CONFIG_DIALECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Values of one knob: V(ENUM_NAME, "configuration word"), default first. */
#define KNOB_VALUES_kdf_nonce(V) V(KDF_NONCE_BODY, "body") V(KDF_NONCE_PAYLOAD, "payload")
#define KNOB_VALUES_kdf_algid(V)                                                     \
	V(KDF_ALGID_U16BE, "u16be") V(KDF_ALGID_U16LE, "u16le")                      \
	V(KDF_ALGID_U32BE, "u32be") V(KDF_ALGID_ATTR, "attr") V(KDF_ALGID_U8, "u8")
#define KNOB_VALUES_kdf_ctr(V) V(KDF_CTR_BEFORE_Z, "before-z") V(KDF_CTR_Z_FIRST, "z-first")
#define KNOB_VALUES_ecdh_form(V) V(ECDH_FORM_X, "x") V(ECDH_FORM_XY, "xy")
#define KNOB_VALUES_dialect_auto(V) V(DIALECT_AUTO_ON, "on") V(DIALECT_AUTO_OFF, "off")
#define KNOB_VALUES_gss_secret_tls(V)                                                \
	V(GSS_SECRET_TLS_MASTER, "master") V(GSS_SECRET_TLS_EAP, "eap")              \
	V(GSS_SECRET_TLS_EXPORTER, "exporter")                                       \
	V(GSS_SECRET_TLS_CLIENT_WRITE, "client-write")                               \
	V(GSS_SECRET_TLS_SERVER_WRITE, "server-write")
#define KNOB_VALUES_gss_secret_krb(V)                                                \
	V(GSS_SECRET_KRB_SSPI, "sspi") V(GSS_SECRET_KRB_INITIATOR_SUBKEY, "initiator-subkey")
#define KNOB_VALUES_auth1_nesting(V)                                                 \
	V(AUTH1_NESTING_NESTED, "nested") V(AUTH1_NESTING_AS_PRINTED, "as-printed")
#define KNOB_VALUES_hash_scope(V)                                                    \
	V(HASH_SCOPE_PAYLOADS, "payloads")                                           \
	V(HASH_SCOPE_CRYPTO_PAYLOADS, "crypto+payloads")                             \
	V(HASH_SCOPE_MESSAGE, "message") V(HASH_SCOPE_BODIES, "bodies")
#define KNOB_VALUES_hash_anon(V) V(HASH_ANON_PLAIN, "plain") V(HASH_ANON_REHASH, "rehash")
#define KNOB_VALUES_icv_len(V)                                                       \
	V(ICV_LEN_AUTO, "auto") V(ICV_LEN_12, "12") V(ICV_LEN_FULL, "full")
#define KNOB_VALUES_em_hash_tail(V)                                                  \
	V(EM_HASH_TAIL_INSIDE_PRF, "inside-prf") V(EM_HASH_TAIL_OUTSIDE, "outside")
#define KNOB_VALUES_qm_later_hash(V)                                                 \
	V(QM_LATER_HASH_MM_AUTH, "mm-auth") V(QM_LATER_HASH_FRESH, "fresh")          \
	V(QM_LATER_HASH_OMIT, "omit")
#define KNOB_VALUES_ipsec_key_order(V)                                               \
	V(IPSEC_KEY_CIPHER_FIRST, "cipher-first")                                    \
	V(IPSEC_KEY_INTEGRITY_FIRST, "integrity-first")
#define KNOB_VALUES_qm1_mid(V) V(QM1_MID_RANDOM, "random") V(QM1_MID_ZERO, "zero")
#define KNOB_VALUES_sync_exchange(V) V(SYNC_EXCHANGE_244, "244") V(SYNC_EXCHANGE_243, "243")
#define KNOB_VALUES_em_gss(V)                                                        \
	V(EM_GSS_245_ENCRYPTED, "245-encrypted") V(EM_GSS_243_CLEAR, "243-clear")
#define KNOB_VALUES_seq_mode(V)                                                      \
	V(SEQ_MODE_PER_EXCHANGE, "per-exchange") V(SEQ_MODE_PER_MESSAGE, "per-message")
#define KNOB_VALUES_later_nr(V) V(LATER_NR_INCLUDE, "include") V(LATER_NR_REUSE, "reuse")
#define KNOB_VALUES_fast_qm(V)                                                       \
	V(FAST_QM_AUTO, "auto") V(FAST_QM_ON, "on") V(FAST_QM_OFF, "off")
#define KNOB_VALUES_mm_group_mode(V)                                                 \
	V(MM_GROUP_STRICT, "strict") V(MM_GROUP_MIXED, "mixed")
#define KNOB_VALUES_mm_dh_none(V) V(MM_DH_NONE_ZERO, "zero") V(MM_DH_NONE_ABSENT, "absent")
#define KNOB_VALUES_mm_dh_with_gss(V)                                                \
	V(MM_DH_WITH_GSS_AUTO, "auto") V(MM_DH_WITH_GSS_ALWAYS, "always")
#define KNOB_VALUES_optimistic_gss(V)                                                \
	V(OPTIMISTIC_GSS_OFF, "off") V(OPTIMISTIC_GSS_ON, "on")
#define KNOB_VALUES_mm_auth_attr(V)                                                  \
	V(MM_AUTH_ATTR_OMIT, "omit") V(MM_AUTH_ATTR_INCLUDE, "include")
#define KNOB_VALUES_natd_hash(V)                                                     \
	V(NATD_HASH_SHA256, "sha256") V(NATD_HASH_SHA1, "sha1") V(NATD_HASH_OMIT, "omit")
#define KNOB_VALUES_clear_status(V)                                                  \
	V(CLEAR_STATUS_LOG, "log") V(CLEAR_STATUS_FAIL_FAST, "fail-fast")            \
	V(CLEAR_STATUS_IGNORE, "ignore")
#define KNOB_VALUES_send_clear_status(V)                                             \
	V(SEND_CLEAR_STATUS_ON, "on") V(SEND_CLEAR_STATUS_OFF, "off")
#define KNOB_VALUES_em_e2_mid(V) V(EM_E2_MID_1, "1") V(EM_E2_MID_0, "0")
#define KNOB_VALUES_em_dedupe(V) V(EM_DEDUPE_OFF, "off") V(EM_DEDUPE_ON, "on")
#define KNOB_VALUES_id_match(V)                                                      \
	V(ID_MATCH_NAT, "nat") V(ID_MATCH_STRICT, "strict") V(ID_MATCH_LOOSE, "loose")
#define KNOB_VALUES_natoa(V)                                                         \
	V(NATOA_BEHIND_NAT, "when-behind-nat") V(NATOA_ALWAYS, "always")             \
	V(NATOA_NEVER, "never")
#define KNOB_VALUES_selector_port(V)                                                 \
	V(SELECTOR_PORT_AUTO, "auto") V(SELECTOR_PORT_ANY, "any")                    \
	V(SELECTOR_PORT_FLOW, "flow")
#define KNOB_VALUES_dos_exch(V)                                                      \
	V(DOS_EXCH_246, "246") V(DOS_EXCH_243, "243") V(DOS_EXCH_5, "5")
#define KNOB_VALUES_dos_type(V) V(DOS_TYPE_AUTHIP, "authip") V(DOS_TYPE_IKEV1, "ikev1")
#define KNOB_VALUES_qm_notify_mid(V)                                                 \
	V(QM_NOTIFY_MID_QM, "qm") V(QM_NOTIFY_MID_RANDOM, "random")
#define KNOB_VALUES_strict_pad(V) V(STRICT_PAD_OFF, "off") V(STRICT_PAD_ON, "on")
#define KNOB_VALUES_lenient_trailer(V)                                               \
	V(LENIENT_TRAILER_OFF, "off") V(LENIENT_TRAILER_ON, "on")
#define KNOB_VALUES_fragment_send(V)                                                 \
	V(FRAGMENT_SEND_AUTO, "auto") V(FRAGMENT_SEND_ALWAYS, "always")              \
	V(FRAGMENT_SEND_NEVER, "never")
#define KNOB_VALUES_gcm_salt(V) V(GCM_SALT_KEYMAT, "keymat") V(GCM_SALT_ZERO, "zero")
#define KNOB_VALUES_gcm_auth_attr(V)                                                 \
	V(GCM_AUTH_ATTR_OMIT, "omit") V(GCM_AUTH_ATTR_INCLUDE, "include")
#define KNOB_VALUES_tls_client_cert(V)                                               \
	V(TLS_CLIENT_CERT_REQUIRED, "required") V(TLS_CLIENT_CERT_OPTIONAL, "optional")

#define KNOB_VALUES_dpd(V) V(DPD_OFF, "off") V(DPD_ON, "on")
#define KNOB_VALUES_coexist_fallback(V)                                              \
	V(COEXIST_FALLBACK_ON, "on") V(COEXIST_FALLBACK_OFF, "off")

/* K(field, spec entry, one line for the manual) */
#define DIALECT_ENUM_KNOBS(K)                                                                \
	K(dialect_auto, "8.0", "learn the dialect of each peer")                             \
	K(kdf_nonce, "A4", "what a nonce contributes to the keys")                           \
	K(kdf_algid, "A5", "width and byte order of AlgorithmID in the key derivation")      \
	K(kdf_ctr, "A6", "place of the counter in the key derivation")                       \
	K(ecdh_form, "A7", "shared secret of an elliptic curve group")                       \
	K(gss_secret_krb, "A13", "session key that a Kerberos authentication yields")        \
	K(gss_secret_tls, "A14", "session key that a TLS authentication yields")             \
	K(hash_scope, "A18", "which bytes of a message Auth1 to Auth4 cover")                \
	K(auth1_nesting, "A16", "whether Auth1 hashes the fourth message over the third")    \
	K(hash_anon, "A17", "last step of the hash chain without GSS messages")              \
	K(icv_len, "A32", "length of the integrity check value")                             \
	K(em_hash_tail, "A20", "where Auth1/Auth2 enter Auth3/Auth4")                        \
	K(qm_later_hash, "A22", "hash payload of later quick modes")                         \
	K(ipsec_key_order, "A1", "order of cipher and integrity key")                        \
	K(qm1_mid, "A24", "message ID of the first quick mode")                              \
	K(sync_exchange, "A25", "exchange type of the synchronize messages")                 \
	K(em_gss, "A26", "carrier of GSS messages in extended mode")                         \
	K(seq_mode, "A30", "when sequence numbers advance")                                  \
	K(later_nr, "A52", "responder nonce of later quick modes")                           \
	K(fast_qm, "A54", "quick mode without synchronize exchange")                         \
	K(mm_group_mode, "A36", "several DH groups in one main-mode offer")                  \
	K(mm_dh_none, "A37", "group attribute when no DH is wanted")                         \
	K(mm_dh_with_gss, "A35", "DH in main mode of Kerberos and TLS")                      \
	K(optimistic_gss, "A47", "token of Kerberos or TLS in the first message")            \
	K(mm_auth_attr, "A38", "authentication attribute in main-mode transforms")           \
	K(natd_hash, "A50", "hash of NAT-D before one is negotiated")                        \
	K(clear_status, "A62", "what an unauthenticated status notify does")                 \
	K(send_clear_status, "A62", "send status notifies before keys exist")                \
	K(em_e2_mid, "A27", "message ID of the first extended-mode response")                \
	K(em_dedupe, "A41", "send duplicate extended-mode methods once")                     \
	K(id_match, "A49", "how strictly quick-mode IDs must equal the addresses")           \
	K(natoa, "A51", "who tells original addresses to a peer behind a NAT")                \
	K(selector_port, "A49", "source port in the selectors of quick modes that we begin") \
	K(dos_exch, "A75", "exchange type of the demand for a cookie")                       \
	K(dos_type, "A75", "notify type of the demand for a cookie")                         \
	K(qm_notify_mid, "A64", "message ID of a quick-mode status notify")                  \
	K(strict_pad, "A33", "verify the padding bytes of Crypto payloads")                  \
	K(lenient_trailer, "2.1", "tolerate bytes behind the message")                       \
	K(fragment_send, "A79", "send large messages in fragments of IKE")                   \
	K(gcm_salt, "A11", "salt of AES-GCM and GMAC: key material, or zero")                \
	K(gcm_auth_attr, "A11", "authentication attribute beside AES-GCM and GMAC in ESP")   \
	K(dpd, "6.7", "dead peer detection of IKEv1")                                        \
	K(coexist_fallback, "6.8", "answer IKEv1 where AuthIP does not get through")         \
	K(tls_client_cert, "A90", "client certificate in TLS")

/* K(field, default, lowest, highest, spec entry, one line for the manual) */
#define DIALECT_INT_KNOBS(K)                                                                 \
	K(retransmit_max, 4, 0, 7, "A72", "retransmissions of a request")                    \
	K(retransmit_max_first, 3, 0, 7, "A72", "retransmissions of the first message")      \
	K(retransmit_first_ms, 2000, 100, 60000, "5.1", "first retransmission, doubling")    \
	K(responder_timeout_s, 60, 1, 600, "5.2", "responder waits for the next request")    \
	K(vendor_version, 9, 0, 9, "A32", "Windows version announced; 0 = none")             \
	K(nonce_len, 32, 8, 256, "2.9", "bytes in a nonce")                                  \
	K(dpd_interval_s, 30, 5, 3600, "6.7", "silence before the peer is asked")            \
	K(coexist_ikev1_delay_ms, 0, 0, 10000, "A78", "head start of AuthIP before IKEv1")   \
	K(dialect_tries, 6, 0, 30, "8.0", "dialects that an initiator tries with a peer")    \
	K(rekey_grace_s, 60, 1, 600, "A81", "old quick mode lives on after a rekey")

#define DIALECT_VALUE_ENUM(name, word) name,
#define DIALECT_DECLARE_ENUM(field, entry, help)                                             \
	enum dialect_##field { KNOB_VALUES_##field(DIALECT_VALUE_ENUM) };
DIALECT_ENUM_KNOBS(DIALECT_DECLARE_ENUM)

#define DIALECT_ENUM_FIELD(field, entry, help) enum dialect_##field field;
#define DIALECT_INT_FIELD(field, def, lo, hi, entry, help) uint32_t field;
struct dialect {
	DIALECT_ENUM_KNOBS(DIALECT_ENUM_FIELD)
	DIALECT_INT_KNOBS(DIALECT_INT_FIELD)
};

#define DIALECT_INT_DEFAULT(field, def, lo, hi, entry, help) .field = (def),
/* The document's defaults; every enum's first value is 0. */
#define DIALECT_DEFAULT { DIALECT_INT_KNOBS(DIALECT_INT_DEFAULT) }

/* One knob as data: what configuration, status and manual know about it. */
struct dialect_knob {
	const char *name;
	const char *entry;	   /* spec entry */
	const char *help;	   /* one line */
	const char *const *word;   /* words by value, NULL for a number */
	uint32_t def, low, high;   /* of words: 0, 0, number of words - 1 */
	size_t offset;		   /* of the field in struct dialect */
};

/* All knobs in the order of the tables above. */
const struct dialect_knob *dialect_knobs(size_t *n);
/* Sets a knob from a word or a number. False and d untouched: not a value of this knob. */
bool dialect_set(struct dialect *d, const struct dialect_knob *k, const char *text);
uint32_t dialect_value(const struct dialect *d, const struct dialect_knob *k);
/* What may be written, for messages: "body, payload" or "0 to 7". */
void dialect_describe(const struct dialect_knob *k, char *out, size_t n);

#endif
