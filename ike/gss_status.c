/* What a peer means by the status of a GSS payload (spec authip.md A59; MS-ERREF). */
#include "ike/gss_status.h"

/* X(status, what the peer says about us) */
#define GSS_STATUSES(X)                                                             \
	X(0x80090300, "it is out of memory or busy")                                \
	X(0x80090302, "it does not have this method")                               \
	X(0x80090303, "it does not know the name that we asked for")                \
	X(0x80090308, "it does not understand our token")                           \
	X(0x8009030C, "it does not let us in")                                      \
	X(0x8009030D, "it does not recognize our credentials")                      \
	X(0x8009030E, "it lacks credentials of its own, or ours")                   \
	X(0x8009030F, "our token was changed on the way")                           \
	X(0x80090311, "it finds no authority that it could ask")                    \
	X(0x80090317, "our Kerberos ticket has expired there")                      \
	X(0x80090322, "our name, or the one that we asked for, is not right there") \
	X(0x80090324, "the clocks of the two hosts differ")                         \
	X(0x80090325, "it does not trust the issuer of our certificate")            \
	X(0x80090327, "it cannot accept our certificate")                           \
	X(0x80090328, "our certificate has expired")                                \
	X(0x80090331, "it has no algorithm in common with us")                      \
	X(0x80090348, "it has no key for our Kerberos ticket")                      \
	X(0x80090349, "our certificate is not for this use")                        \
	X(0x80092010, "our certificate is revoked")

static const char *
gss_status_meaning(uint32_t status)
{
	switch (status) {
#define X(number, meaning) \
	case number:       \
		return meaning;
		GSS_STATUSES(X)
#undef X
	default:
		return "see its log";
	}
}

void
gss_status_text(struct text *t, uint32_t status)
{
	uint8_t b[4] = { (uint8_t)(status >> 24), (uint8_t)(status >> 16),
		(uint8_t)(status >> 8), (uint8_t)status };

	text_str(t, "the peer refused our credentials: ");
	text_str(t, gss_status_meaning(status));
	text_str(t, " (status 0x");
	text_hex(t, SPAN_ARRAY(b));
	text_str(t, "); its log says more");
}
