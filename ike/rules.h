/*
 * Which payloads each message may and must carry: one table, message by message
 * (spec authip.md 1.2). Checked after parsing and before anything is acted on.
 */
#ifndef AUTHIPD_IKE_RULES_H
#define AUTHIPD_IKE_RULES_H

#include "ike/message.h"

/* X(id, exchange, encrypted, name) */
#define IKE_MESSAGES(X)                                       \
	X(MSG_M1, EXCHANGE_MM, 0, "M1")                       \
	X(MSG_M2, EXCHANGE_MM, 0, "M2")                       \
	X(MSG_GSS, EXCHANGE_MM, 0, "GSS")                     \
	X(MSG_Q1, EXCHANGE_QM, 1, "Q1")                       \
	X(MSG_Q2, EXCHANGE_QM, 1, "Q2")                       \
	X(MSG_SYNC, EXCHANGE_QM, 1, "Q3/Q4")                  \
	X(MSG_E1, EXCHANGE_EM, 1, "E1")                       \
	X(MSG_E2, EXCHANGE_EM, 1, "E2")                       \
	X(MSG_EM_GSS, EXCHANGE_EM, 1, "EM GSS")               \
	X(MSG_E3, EXCHANGE_EM, 1, "E3")                       \
	X(MSG_E4, EXCHANGE_EM, 1, "E4")                       \
	X(MSG_NOTIFY, EXCHANGE_NOTIFY, 1, "notify")           \
	X(MSG_CLEAR_NOTIFY, EXCHANGE_NOTIFY, 0, "clear notify") \
	X(MSG_V1_M1, EXCHANGE_IDENTITY, 0, "IKEv1 M1")        \
	X(MSG_V1_M2, EXCHANGE_IDENTITY, 0, "IKEv1 M2")        \
	X(MSG_V1_M3, EXCHANGE_IDENTITY, 0, "IKEv1 M3")        \
	X(MSG_V1_M4, EXCHANGE_IDENTITY, 0, "IKEv1 M4")        \
	X(MSG_V1_M5, EXCHANGE_IDENTITY, 1, "IKEv1 M5")        \
	X(MSG_V1_M6, EXCHANGE_IDENTITY, 1, "IKEv1 M6")        \
	X(MSG_V1_Q1, EXCHANGE_QUICK, 1, "IKEv1 Q1")           \
	X(MSG_V1_Q2, EXCHANGE_QUICK, 1, "IKEv1 Q2")           \
	X(MSG_V1_Q3, EXCHANGE_QUICK, 1, "IKEv1 Q3")           \
	X(MSG_V1_INFO, EXCHANGE_INFO, 1, "IKEv1 informational") \
	X(MSG_V1_CLEAR_INFO, EXCHANGE_INFO, 0, "IKEv1 clear informational")

enum ike_message_id {
#define IKE_MESSAGE_ENUM(id, exchange, encrypted, name) id,
	IKE_MESSAGES(IKE_MESSAGE_ENUM) MSG_COUNT
};

const char *rules_message_name(enum ike_message_id id);
/*
 * IKE_OK, or the first broken rule: a required payload missing, one too often, one that
 * may not be there. Unknown payload types are skipped (spec 2.3). *type receives the
 * payload type that broke it.
 */
enum ike_err rules_check(const struct message *m, enum ike_message_id id, uint8_t *type);

#endif
