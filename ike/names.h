/* Wire numbers of AuthIP with their names (MS-AIPS 2.2; spec authip.md 2), as X-macros. */
#ifndef AUTHIPD_IKE_NAMES_H
#define AUTHIPD_IKE_NAMES_H

#include <stdint.h>

#define IKE_PAYLOADS(X)                             \
	X(PAYLOAD_NONE, 0, "none")                  \
	X(PAYLOAD_SA, 1, "SA")                      \
	X(PAYLOAD_PROPOSAL, 2, "Proposal")          \
	X(PAYLOAD_TRANSFORM, 3, "Transform")        \
	X(PAYLOAD_KE, 4, "KE")                      \
	X(PAYLOAD_ID, 5, "ID")                      \
	X(PAYLOAD_CERT, 6, "CERT")                  \
	X(PAYLOAD_CERTREQ, 7, "CERTREQ")            \
	X(PAYLOAD_HASH, 8, "HASH")                  \
	X(PAYLOAD_SIG, 9, "SIG")                    \
	X(PAYLOAD_NONCE, 10, "Nonce")               \
	X(PAYLOAD_NOTIFY, 11, "Notify")             \
	X(PAYLOAD_DELETE, 12, "Delete")             \
	X(PAYLOAD_VID, 13, "VID")                   \
	X(PAYLOAD_NATD, 20, "NAT-D")                \
	X(PAYLOAD_NATOA, 21, "NAT-OA")              \
	X(PAYLOAD_GSS, 129, "GSS")                  \
	X(PAYLOAD_FRAGMENT, 132, "Fragment")        \
	X(PAYLOAD_CRYPTO, 133, "Crypto")            \
	X(PAYLOAD_GSS_ID, 134, "GSS_ID")            \
	X(PAYLOAD_AUTH, 135, "Auth")                \
	X(PAYLOAD_KEY_DICT, 136, "KeyDict")         \
	X(PAYLOAD_KEY_WEIGHT, 137, "KeyWeight")

#define IKE_EXCHANGES(X)                            \
	X(EXCHANGE_IDENTITY, 2, "IKEv1 main mode")  \
	X(EXCHANGE_AGGRESSIVE, 4, "IKEv1 aggressive") \
	X(EXCHANGE_INFO, 5, "IKEv1 informational")  \
	X(EXCHANGE_QUICK, 32, "IKEv1 quick mode")   \
	X(EXCHANGE_MM, 243, "main mode")            \
	X(EXCHANGE_QM, 244, "quick mode")           \
	X(EXCHANGE_EM, 245, "extended mode")        \
	X(EXCHANGE_NOTIFY, 246, "notify")

#define IKE_NOTIFIES(X)                             \
	X(NOTIFY_NO_PROPOSAL_CHOSEN, 14, "NO-PROPOSAL-CHOSEN") \
	X(NOTIFY_PAYLOAD_MALFORMED, 16, "PAYLOAD-MALFORMED") \
	X(NOTIFY_INVALID_ID, 18, "INVALID-ID-INFORMATION") \
	X(NOTIFY_AUTHENTICATION_FAILED, 24, "AUTHENTICATION-FAILED") \
	X(NOTIFY_CONNECTED, 16384, "CONNECTED")     \
	X(NOTIFY_RESPONDER_LIFETIME, 24576, "RESPONDER-LIFETIME") \
	X(NOTIFY_INITIAL_CONTACT, 24578, "INITIAL-CONTACT") \
	X(NOTIFY_R_U_THERE, 36136, "R-U-THERE")     \
	X(NOTIFY_R_U_THERE_ACK, 36137, "R-U-THERE-ACK") \
	X(NOTIFY_STATUS_IKEV1, 0x9c43, "STATUS (IKEv1)") \
	X(NOTIFY_EXCHANGE_INFO, 0x9c45, "EXCHANGE_INFO") \
	X(NOTIFY_STATUS, 0x9c54, "STATUS")          \
	X(NOTIFY_DOS_COOKIE, 0x9c55, "DOS_COOKIE")  \
	X(NOTIFY_DOS_COOKIE_IKEV1, 0x9c44, "DOS_COOKIE (IKEv1)") \
	X(NOTIFY_ACK, 0x9c56, "ACK")                \
	X(NOTIFY_QM_SYNCHRONIZE, 0x9c57, "QM_SYNCHRONIZE") \
	X(NOTIFY_ACQUIRE, 0x9c58, "ACQUIRE")

#define IKE_NAME_ENUM(id, number, name) id = number,
enum ike_payload_type { IKE_PAYLOADS(IKE_NAME_ENUM) };
enum ike_exchange { IKE_EXCHANGES(IKE_NAME_ENUM) };
enum ike_notify_type { IKE_NOTIFIES(IKE_NAME_ENUM) };

#define NOTIFY_FLAG_RELIABLE 0x01
#define EXCHANGE_INFO_ND_BOUNDARY 0x1u
#define EXCHANGE_INFO_GUARANTEE_ENCRYPTION 0x2u
#define ACQUIRE_GUARANTEE_ENCRYPTION 0x2u
#define GSS_FLAG_NEW 0x01
#define GSS_FLAG_IMPERSONATION 0x02
#define GSS_FLAG_RETRY 0x04
#define GSS_FLAG_EXPLICIT 0x08
#define GSS_FLAG_COMPLETE 0x10
#define NOTIFY_PROTO_MM 1
#define NOTIFY_PROTO_QM 2

/* Never NULL: "unknown" for a number without a name. */
const char *ike_payload_name(unsigned type);
const char *ike_exchange_name(unsigned type);
const char *ike_notify_name(unsigned type);

/* Vendor IDs (spec authip.md 6.1); data is the trailing u32 or 0. */
enum ike_vendor {
	VENDOR_UNKNOWN,
	VENDOR_MS_NT5,
	VENDOR_KEY_MODS,
	VENDOR_GSSAPI,
	VENDOR_INITIAL_CONTACT,
	VENDOR_NLBS_PRESENT,
	VENDOR_FRAGMENTATION,
	VENDOR_RFC3947,
	VENDOR_NATT_02N,
	VENDOR_NATT_02,
	VENDOR_NATT_03,
	VENDOR_MAMIE_EXISTS,
	VENDOR_CGA,
	VENDOR_ND_CAPABLE,
	VENDOR_DH_GROUP,
	VENDOR_DPD,
	VENDOR_COUNT,
};

#endif
