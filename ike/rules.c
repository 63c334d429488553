/*
 * The payload rules: X(message, payload, least, most). A payload type that a message does
 * not list and that we know is refused there; unknown types are skipped (spec 2.3).
 */
#include "ike/rules.h"

#define RULES(X)                                                                      \
	X(MSG_M1, PAYLOAD_SA, 1, 1)                                                   \
	X(MSG_M1, PAYLOAD_AUTH, 1, 1)                                                 \
	X(MSG_M1, PAYLOAD_NONCE, 1, 1)                                                \
	X(MSG_M1, PAYLOAD_VID, 0, 32)                                                 \
	X(MSG_M1, PAYLOAD_NATD, 0, 8)                                                 \
	X(MSG_M1, PAYLOAD_GSS, 0, 1)                                                  \
	X(MSG_M1, PAYLOAD_GSS_ID, 0, 1) /* ignored, A48 */                            \
	X(MSG_M1, PAYLOAD_KE, 0, 1)                                                   \
	X(MSG_M2, PAYLOAD_SA, 1, 1)                                                   \
	X(MSG_M2, PAYLOAD_AUTH, 1, 1)                                                 \
	X(MSG_M2, PAYLOAD_NONCE, 2, 2)                                                \
	X(MSG_M2, PAYLOAD_VID, 0, 32)                                                 \
	X(MSG_M2, PAYLOAD_NATD, 0, 8)                                                 \
	X(MSG_M2, PAYLOAD_GSS, 0, 1)                                                  \
	X(MSG_M2, PAYLOAD_GSS_ID, 0, 1)                                               \
	X(MSG_M2, PAYLOAD_KE, 0, 1)                                                   \
	X(MSG_GSS, PAYLOAD_GSS, 1, 1)                                                 \
	X(MSG_Q1, PAYLOAD_HASH, 0, 1) /* absence is a matter of qm_later_hash, A22 */ \
	X(MSG_Q1, PAYLOAD_ID, 2, 2)                                                   \
	X(MSG_Q1, PAYLOAD_SA, 1, 1)                                                   \
	X(MSG_Q1, PAYLOAD_NONCE, 1, 1)                                                \
	X(MSG_Q1, PAYLOAD_KE, 0, 1)                                                   \
	X(MSG_Q1, PAYLOAD_NOTIFY, 0, 4)                                               \
	X(MSG_Q1, PAYLOAD_KEY_WEIGHT, 0, 1)                                           \
	X(MSG_Q1, PAYLOAD_NATOA, 0, 2)                                                \
	X(MSG_Q2, PAYLOAD_HASH, 0, 1)                                                 \
	X(MSG_Q2, PAYLOAD_ID, 2, 2)                                                   \
	X(MSG_Q2, PAYLOAD_SA, 1, 1)                                                   \
	X(MSG_Q2, PAYLOAD_NONCE, 0, 1) /* later quick modes, A52 */                   \
	X(MSG_Q2, PAYLOAD_KE, 0, 1)                                                   \
	X(MSG_Q2, PAYLOAD_NOTIFY, 0, 4)                                               \
	X(MSG_Q2, PAYLOAD_KEY_WEIGHT, 0, 1)                                           \
	X(MSG_Q2, PAYLOAD_NATOA, 0, 2)                                                \
	X(MSG_SYNC, PAYLOAD_NOTIFY, 1, 1)                                             \
	X(MSG_E1, PAYLOAD_AUTH, 1, 1)                                                 \
	X(MSG_E2, PAYLOAD_AUTH, 1, 1)                                                 \
	X(MSG_E2, PAYLOAD_GSS_ID, 0, 1)                                               \
	X(MSG_EM_GSS, PAYLOAD_GSS, 1, 1)                                              \
	X(MSG_E3, PAYLOAD_HASH, 1, 1)                                                 \
	X(MSG_E4, PAYLOAD_HASH, 1, 1)                                                 \
	X(MSG_NOTIFY, PAYLOAD_NOTIFY, 1, 1)                                           \
	X(MSG_NOTIFY, PAYLOAD_ID, 0, 2)                                               \
	X(MSG_CLEAR_NOTIFY, PAYLOAD_NOTIFY, 1, 1) \
	X(MSG_V1_M1, PAYLOAD_SA, 1, 1) \
	X(MSG_V1_M1, PAYLOAD_VID, 0, 32) \
	X(MSG_V1_M1, PAYLOAD_CERTREQ, 0, 32) \
	X(MSG_V1_M2, PAYLOAD_SA, 1, 1) \
	X(MSG_V1_M2, PAYLOAD_VID, 0, 32) \
	X(MSG_V1_M2, PAYLOAD_CERTREQ, 0, 32) \
	X(MSG_V1_M3, PAYLOAD_KE, 1, 1) \
	X(MSG_V1_M3, PAYLOAD_NONCE, 1, 1) \
	X(MSG_V1_M3, PAYLOAD_GSS, 0, 1) \
	X(MSG_V1_M3, PAYLOAD_CERTREQ, 0, 32) \
	X(MSG_V1_M3, PAYLOAD_NATD, 0, 8) \
	X(MSG_V1_M3, PAYLOAD_VID, 0, 32) \
	X(MSG_V1_M4, PAYLOAD_KE, 1, 1) \
	X(MSG_V1_M4, PAYLOAD_NONCE, 1, 1) \
	X(MSG_V1_M4, PAYLOAD_GSS, 0, 1) \
	X(MSG_V1_M4, PAYLOAD_CERTREQ, 0, 32) \
	X(MSG_V1_M4, PAYLOAD_NATD, 0, 8) \
	X(MSG_V1_M4, PAYLOAD_VID, 0, 32) \
	X(MSG_V1_M5, PAYLOAD_ID, 1, 1) \
	X(MSG_V1_M5, PAYLOAD_HASH, 0, 1) \
	X(MSG_V1_M5, PAYLOAD_SIG, 0, 1) \
	X(MSG_V1_M5, PAYLOAD_CERT, 0, 16) \
	X(MSG_V1_M5, PAYLOAD_CERTREQ, 0, 32) \
	X(MSG_V1_M5, PAYLOAD_NOTIFY, 0, 4) \
	X(MSG_V1_M5, PAYLOAD_VID, 0, 32) \
	X(MSG_V1_M6, PAYLOAD_ID, 1, 1) \
	X(MSG_V1_M6, PAYLOAD_HASH, 0, 1) \
	X(MSG_V1_M6, PAYLOAD_SIG, 0, 1) \
	X(MSG_V1_M6, PAYLOAD_CERT, 0, 16) \
	X(MSG_V1_M6, PAYLOAD_CERTREQ, 0, 32) \
	X(MSG_V1_M6, PAYLOAD_NOTIFY, 0, 4) \
	X(MSG_V1_M6, PAYLOAD_VID, 0, 32) \
	X(MSG_V1_Q1, PAYLOAD_HASH, 1, 1) \
	X(MSG_V1_Q1, PAYLOAD_SA, 1, 1) \
	X(MSG_V1_Q1, PAYLOAD_NONCE, 1, 1) \
	X(MSG_V1_Q1, PAYLOAD_KE, 0, 1) \
	X(MSG_V1_Q1, PAYLOAD_ID, 0, 2) \
	X(MSG_V1_Q1, PAYLOAD_NOTIFY, 0, 4) \
	X(MSG_V1_Q1, PAYLOAD_NATOA, 0, 2) \
	X(MSG_V1_Q1, PAYLOAD_VID, 0, 8) \
	X(MSG_V1_Q2, PAYLOAD_HASH, 1, 1) \
	X(MSG_V1_Q2, PAYLOAD_SA, 1, 1) \
	X(MSG_V1_Q2, PAYLOAD_NONCE, 1, 1) \
	X(MSG_V1_Q2, PAYLOAD_KE, 0, 1) \
	X(MSG_V1_Q2, PAYLOAD_ID, 0, 2) \
	X(MSG_V1_Q2, PAYLOAD_NOTIFY, 0, 4) \
	X(MSG_V1_Q2, PAYLOAD_NATOA, 0, 2) \
	X(MSG_V1_Q2, PAYLOAD_VID, 0, 8) \
	X(MSG_V1_Q3, PAYLOAD_HASH, 1, 1) \
	X(MSG_V1_Q3, PAYLOAD_NOTIFY, 0, 4) \
	X(MSG_V1_INFO, PAYLOAD_HASH, 1, 1) \
	X(MSG_V1_INFO, PAYLOAD_NOTIFY, 0, 8) \
	X(MSG_V1_INFO, PAYLOAD_DELETE, 0, 8) \
	X(MSG_V1_INFO, PAYLOAD_NONCE, 0, 1) \
	X(MSG_V1_CLEAR_INFO, PAYLOAD_NOTIFY, 1, 4) \
	X(MSG_V1_CLEAR_INFO, PAYLOAD_DELETE, 0, 4)

/*
 * X(message, place, payload): what has to be in this place. IKEv1 leaves the order of all
 * others to the sender (RFC 2409 5, 5.5, 5.7).
 */
#define PLACES(X)                     \
	X(MSG_V1_M1, 0, PAYLOAD_SA)   \
	X(MSG_V1_M2, 0, PAYLOAD_SA)   \
	X(MSG_V1_Q1, 0, PAYLOAD_HASH) \
	X(MSG_V1_Q1, 1, PAYLOAD_SA)   \
	X(MSG_V1_Q2, 0, PAYLOAD_HASH) \
	X(MSG_V1_Q2, 1, PAYLOAD_SA)   \
	X(MSG_V1_Q3, 0, PAYLOAD_HASH) \
	X(MSG_V1_INFO, 0, PAYLOAD_HASH)

struct rule {
	enum ike_message_id message;
	uint8_t type;
	uint8_t least;
	uint8_t most;
};

static const struct rule rule_table[] = {
#define X(message, type, least, most) { message, type, least, most },
	RULES(X)
#undef X
};
#define RULE_COUNT (sizeof(rule_table) / sizeof(rule_table[0]))

static const struct place {
	enum ike_message_id message;
	size_t index;
	uint8_t type;
} place_table[] = {
#define X(message, index, type) { message, index, type },
	PLACES(X)
#undef X
};
#define PLACE_COUNT (sizeof(place_table) / sizeof(place_table[0]))

const char *
rules_message_name(enum ike_message_id id)
{
	static const char *const name[] = {
#define X(id, exchange, encrypted, name) [id] = name,
		IKE_MESSAGES(X)
#undef X
	};

	return (unsigned)id < MSG_COUNT ? name[id] : "unknown";
}

static bool
type_is_known(uint8_t type)
{
	switch (type) {
#define X(id, number, name) case number:
		IKE_PAYLOADS(X)
#undef X
		return true;
	default:
		return false;
	}
}

static bool
rule_lists(enum ike_message_id id, uint8_t type)
{
	for (size_t i = 0; i < RULE_COUNT; i++)
		if (rule_table[i].message == id && rule_table[i].type == type)
			return true;
	return false;
}

/* Everything that it needs is there. */
static bool
is_in_place(const struct message *m, enum ike_message_id id, uint8_t *type)
{
	for (size_t i = 0; i < PLACE_COUNT; i++) {
		const struct place *p = &place_table[i];

		*type = p->type;
		if (p->message == id &&
		    (p->index >= m->n_payload || m->payload[p->index].type != p->type))
			return false;
	}
	return true;
}

enum ike_err
rules_check(const struct message *m, enum ike_message_id id, uint8_t *type)
{
	*type = PAYLOAD_NONE;
	for (size_t i = 0; i < RULE_COUNT; i++) {
		const struct rule *r = &rule_table[i];
		size_t n;

		if (r->message != id)
			continue;
		n = message_count(m, (enum ike_payload_type)r->type);
		*type = r->type;
		if (n < r->least)
			return IKE_ERR_PAYLOAD_MISSING;
		if (n > r->most)
			return IKE_ERR_PAYLOAD_UNEXPECTED;
	}
	for (size_t i = 0; i < m->n_payload; i++) {
		*type = m->payload[i].type;
		if (type_is_known(*type) && !rule_lists(id, *type))
			return *type == PAYLOAD_KEY_DICT ? IKE_ERR_KEY_DICTATION :
							   IKE_ERR_PAYLOAD_UNEXPECTED;
	}
	if (!is_in_place(m, id, type))
		return IKE_ERR_PAYLOAD_UNEXPECTED;
	*type = PAYLOAD_NONE;
	return IKE_OK;
}
