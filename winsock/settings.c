/*
 * Reads and checks SOCKET_SECURITY_SETTINGS and SOCKET_SECURITY_SETTINGS_IPSEC
 * (mstcpip.h). Lengths are checked before contents, as everywhere in this API.
 */
#include "winsock/settings.h"

#include <stddef.h>
#include <string.h>

#include "winsock2.h"

#define SHORT_BYTES sizeof(SOCKET_SECURITY_SETTINGS)
#define LONG_BYTES offsetof(SOCKET_SECURITY_SETTINGS_IPSEC, AllStrings)

#define SECURITY_FLAGS \
	(SOCKET_SETTINGS_GUARANTEE_ENCRYPTION | SOCKET_SETTINGS_ALLOW_INSECURE)
#define IPSEC_FLAGS                                                     \
	(SOCKET_SETTINGS_IPSEC_SKIP_FILTER_INSTANTIATION |              \
	    SOCKET_SETTINGS_IPSEC_OPTIONAL_PEER_NAME_VERIFICATION |     \
	    SOCKET_SETTINGS_IPSEC_ALLOW_FIRST_INBOUND_PKT_UNENCRYPTED | \
	    SOCKET_SETTINGS_IPSEC_PEER_NAME_IS_RAW_FORMAT)

/* The layout is that of 64-bit Windows. */
#define FIELD_AT(field, offset)                                                     \
	_Static_assert(offsetof(SOCKET_SECURITY_SETTINGS_IPSEC, field) == (offset), \
	    "layout of SOCKET_SECURITY_SETTINGS_IPSEC." #field)
FIELD_AT(SecurityProtocol, 0);
FIELD_AT(SecurityFlags, 4);
FIELD_AT(IpsecFlags, 8);
FIELD_AT(AuthipMMPolicyKey, 12);
FIELD_AT(AuthipQMPolicyKey, 28);
FIELD_AT(Reserved, 44);
FIELD_AT(Reserved2, 64);
FIELD_AT(UserNameStringLen, 72);
FIELD_AT(DomainNameStringLen, 76);
FIELD_AT(PasswordStringLen, 80);
FIELD_AT(AllStrings, 84);
_Static_assert(sizeof(SOCKET_SECURITY_SETTINGS) == 8, "SOCKET_SECURITY_SETTINGS");
_Static_assert(sizeof(SOCKET_SECURITY_SETTINGS_IPSEC) == 88, "..._SETTINGS_IPSEC");
_Static_assert(sizeof(SOCKET_SECURITY_PROTOCOL) == 4, "SOCKET_SECURITY_PROTOCOL");

static bool
guid_is_zero(const GUID *g)
{
	static const GUID zero;

	return memcmp(g, &zero, sizeof(zero)) == 0;
}

static bool
is_long_form(const SOCKET_SECURITY_SETTINGS_IPSEC *s)
{
	return s->SecurityProtocol == SOCKET_SECURITY_PROTOCOL_IPSEC ||
	       s->SecurityProtocol == SOCKET_SECURITY_PROTOCOL_IPSEC2;
}

/* In 64 bits: the sum of three lengths that the caller chose may not wrap. */
static uint64_t
strings_bytes(const SOCKET_SECURITY_SETTINGS_IPSEC *s)
{
	return (uint64_t)s->UserNameStringLen + s->DomainNameStringLen +
	       s->PasswordStringLen;
}

/* Copies the fixed part; the fields that the short form lacks become 0. */
static int
read_fixed(SOCKET_SECURITY_SETTINGS_IPSEC *s, const void *buffer, uint32_t n)
{
	memset(s, 0, sizeof(*s));
	if (n < SHORT_BYTES)
		return WSAEMSGSIZE;
	memcpy(s, buffer, SHORT_BYTES);
	if (!is_long_form(s))
		return 0;
	if (n < LONG_BYTES)
		return WSAEMSGSIZE;
	memcpy(s, buffer, LONG_BYTES);
	return strings_bytes(s) > n - LONG_BYTES ? WSAEMSGSIZE : 0;
}

static bool
flags_are_valid(const SOCKET_SECURITY_SETTINGS_IPSEC *s)
{
	if ((uint32_t)s->SecurityProtocol > SOCKET_SECURITY_PROTOCOL_IPSEC2)
		return false;
	if ((s->SecurityFlags & ~SECURITY_FLAGS) != 0 ||
	    (s->IpsecFlags & ~IPSEC_FLAGS) != 0)
		return false;
	/* "All encrypted" and "clear text allowed" contradict each other. */
	return s->SecurityFlags != SECURITY_FLAGS;
}

static bool
strings_are_valid(const SOCKET_SECURITY_SETTINGS_IPSEC *s)
{
	if (s->UserNameStringLen % sizeof(wchar_t) != 0 ||
	    s->DomainNameStringLen % sizeof(wchar_t) != 0 ||
	    s->PasswordStringLen % sizeof(wchar_t) != 0)
		return false;
	return s->UserNameStringLen != 0 || strings_bytes(s) == 0;
}

/*
 * Reads settings from the caller's buffer, which needs no alignment; NULL gives the
 * default settings whatever n is. 0, WSAEMSGSIZE for a buffer that is too short for what
 * it says it holds, WSAEINVAL for a value that means nothing.
 */
int
settings_read(struct settings *out, const void *buffer, uint32_t n)
{
	SOCKET_SECURITY_SETTINGS_IPSEC s;
	int error;

	memset(out, 0, sizeof(*out));
	if (buffer == NULL)
		return 0;
	error = read_fixed(&s, buffer, n);
	if (error != 0)
		return error;
	if (!flags_are_valid(&s) || !strings_are_valid(&s))
		return WSAEINVAL;
	if (!guid_is_zero(&s.Reserved) || s.Reserved2 != 0)
		return WSAEINVAL;
	out->security_flags = s.SecurityFlags;
	out->ipsec_flags = s.IpsecFlags;
	out->mm_policy = s.AuthipMMPolicyKey;
	out->qm_policy = s.AuthipQMPolicyKey;
	out->has_user = s.UserNameStringLen != 0;
	return 0;
}

/*
 * WSAEINVAL if the settings bring a password, as no method that this daemon has can use
 * one. Otherwise 0: the daemon looks for the policies that they name.
 */
int
settings_check_references(const struct settings *s)
{
	return s->has_user ? WSAEINVAL : 0;
}
