/* Names, texts and codes of errors. */
#include "ike/errors.h"

#include <stddef.h>

struct ike_err_row {
	const char *counter;
	const char *text;
	uint32_t win32;
};

static const struct ike_err_row ike_err_table[] = {
#define X(id, counter, text, code) [id] = { counter, text, code },
	IKE_ERRORS(X)
#undef X
};

static const struct ike_err_row *
ike_err_row_of(enum ike_err e)
{
	static const struct ike_err_row unknown = { "unknown", "unknown error", 0x35ec };

	return (unsigned)e < IKE_ERR_COUNT ? &ike_err_table[e] : &unknown;
}

const char *
ike_err_counter(enum ike_err e)
{
	return ike_err_row_of(e)->counter;
}

const char *
ike_err_text(enum ike_err e)
{
	return ike_err_row_of(e)->text;
}

uint32_t
ike_err_win32(enum ike_err e)
{
	return ike_err_row_of(e)->win32;
}

/* The codes a Windows peer sends in STATUS (MS-ERREF 2.2; spec 10.1). */
#define WIN32_CODES(X)                                \
	X(0x35e9, "ERROR_IPSEC_IKE_AUTH_FAIL")        \
	X(0x35ea, "ERROR_IPSEC_IKE_ATTRIB_FAIL")      \
	X(0x35ec, "ERROR_IPSEC_IKE_GENERAL_PROCESSING_ERROR") \
	X(0x35ed, "ERROR_IPSEC_IKE_TIMED_OUT")        \
	X(0x35ef, "ERROR_IPSEC_IKE_SA_DELETED")       \
	X(0x3600, "ERROR_IPSEC_IKE_INVALID_HEADER")   \
	X(0x3601, "ERROR_IPSEC_IKE_NO_POLICY")        \
	X(0x3603, "ERROR_IPSEC_IKE_KERBEROS_ERROR")   \
	X(0x3606, "ERROR_IPSEC_IKE_PROCESS_ERR_SA")   \
	X(0x3607, "ERROR_IPSEC_IKE_PROCESS_ERR_PROP") \
	X(0x3608, "ERROR_IPSEC_IKE_PROCESS_ERR_TRANS") \
	X(0x3609, "ERROR_IPSEC_IKE_PROCESS_ERR_KE")   \
	X(0x360a, "ERROR_IPSEC_IKE_PROCESS_ERR_ID")   \
	X(0x360d, "ERROR_IPSEC_IKE_PROCESS_ERR_HASH") \
	X(0x360f, "ERROR_IPSEC_IKE_PROCESS_ERR_NONCE") \
	X(0x3610, "ERROR_IPSEC_IKE_PROCESS_ERR_NOTIFY") \
	X(0x3613, "ERROR_IPSEC_IKE_INVALID_PAYLOAD")  \
	X(0x3616, "ERROR_IPSEC_IKE_INVALID_COOKIE")   \
	X(0x3619, "ERROR_IPSEC_IKE_POLICY_CHANGE")    \
	X(0x361a, "ERROR_IPSEC_IKE_NO_MM_POLICY")     \
	X(0x3628, "ERROR_IPSEC_IKE_DH_FAILURE")       \
	X(0x3629, "ERROR_IPSEC_IKE_INVALID_GROUP")    \
	X(0x362b, "ERROR_IPSEC_IKE_DECRYPT")          \
	X(0x362c, "ERROR_IPSEC_IKE_POLICY_MATCH")     \
	X(0x362d, "ERROR_IPSEC_IKE_UNSUPPORTED_ID")   \
	X(0x362e, "ERROR_IPSEC_IKE_INVALID_HASH")     \
	X(0x363a, "ERROR_IPSEC_IKE_MM_LIMIT")         \
	X(0x363c, "ERROR_IPSEC_IKE_QM_LIMIT")         \
	X(0x363d, "ERROR_IPSEC_IKE_MM_EXPIRED")       \
	X(0x363e, "ERROR_IPSEC_IKE_PEER_MM_ASSUMED_INVALID") \
	X(0x3640, "ERROR_IPSEC_IKE_UNEXPECTED_MESSAGE_ID") \
	X(0x3641, "ERROR_IPSEC_IKE_INVALID_UMATTS")   \
	X(0x3642, "ERROR_IPSEC_IKE_DOS_COOKIE_SENT")  \
	X(0x3643, "ERROR_IPSEC_IKE_SHUTTING_DOWN")    \
	X(0x3646, "ERROR_IPSEC_IKE_INVALID_MM_FOR_QM") \
	X(0x3647, "ERROR_IPSEC_IKE_QM_EXPIRED")

const char *
ike_win32_name(uint32_t code)
{
	switch (code) {
#define X(number, name) \
	case number:    \
		return name;
		WIN32_CODES(X)
#undef X
	default:
		return NULL;
	}
}
