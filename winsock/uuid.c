/* UUIDs and GUIDs: making, comparing, as text. */
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "winsock/utf.h"
#include "rpcdce.h"
#include "winbase.h"

#define TEXT_CHARS 36 /* 8-4-4-4-12 */
#define BRACED_CHARS (TEXT_CHARS + 2)

/* Random, version 4. Windows: UuidCreate (rpcdce.h). */
RPC_STATUS RPC_ENTRY
UuidCreate(UUID *Uuid)
{
	if (Uuid == NULL)
		return RPC_S_INVALID_ARG;
	if (getrandom(Uuid, sizeof(*Uuid), 0) != (ssize_t)sizeof(*Uuid))
		return RPC_S_UUID_NO_ADDRESS;
	Uuid->Data3 = (uint16_t)(0x4000 | (Uuid->Data3 & 0x0FFF));
	Uuid->Data4[0] = (uint8_t)(0x80 | (Uuid->Data4[0] & 0x3F));
	return RPC_S_OK;
}

RPC_STATUS RPC_ENTRY
UuidCreateNil(UUID *NilUuid)
{
	if (NilUuid == NULL)
		return RPC_S_INVALID_ARG;
	memset(NilUuid, 0, sizeof(*NilUuid));
	return RPC_S_OK;
}

/* -1, 0 or 1, by the numbers of the fields. NULL is the nil UUID. */
signed int RPC_ENTRY
UuidCompare(UUID *Uuid1, UUID *Uuid2, RPC_STATUS *Status)
{
	static const UUID nil;
	const UUID *a = Uuid1 == NULL ? &nil : Uuid1, *b = Uuid2 == NULL ? &nil : Uuid2;
	int order;

	if (Status != NULL)
		*Status = RPC_S_OK;
	if (a->Data1 != b->Data1)
		return a->Data1 < b->Data1 ? -1 : 1;
	if (a->Data2 != b->Data2)
		return a->Data2 < b->Data2 ? -1 : 1;
	if (a->Data3 != b->Data3)
		return a->Data3 < b->Data3 ? -1 : 1;
	order = memcmp(a->Data4, b->Data4, sizeof(a->Data4));
	return order < 0 ? -1 : order > 0;
}

int RPC_ENTRY
UuidEqual(UUID *Uuid1, UUID *Uuid2, RPC_STATUS *Status)
{
	return UuidCompare(Uuid1, Uuid2, Status) == 0;
}

int RPC_ENTRY
UuidIsNil(UUID *Uuid, RPC_STATUS *Status)
{
	return UuidCompare(Uuid, NULL, Status) == 0;
}

static void
print_uuid(char out[TEXT_CHARS + 1], const UUID *u, bool is_upper)
{
	(void)snprintf(out, TEXT_CHARS + 1,
	    "%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x", u->Data1, u->Data2,
	    u->Data3, u->Data4[0], u->Data4[1], u->Data4[2], u->Data4[3], u->Data4[4],
	    u->Data4[5], u->Data4[6], u->Data4[7]);
	for (char *p = out; is_upper && *p != '\0'; p++)
		*p = (char)toupper((unsigned char)*p);
}

/* s has n characters, which have to be exactly 8-4-4-4-12 hexadecimal digits. */
static bool
parse_uuid(const char *s, size_t n, UUID *out)
{
	char digits[33], part[9];
	size_t used = 0;

	if (n != TEXT_CHARS)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (i == 8 || i == 13 || i == 18 || i == 23) {
			if (s[i] != '-')
				return false;
		} else if (isxdigit((unsigned char)s[i]) && used < 32) {
			digits[used++] = s[i];
		} else {
			return false;
		}
	}
	digits[used] = '\0';
	(void)snprintf(part, sizeof(part), "%.8s", digits);
	out->Data1 = (uint32_t)strtoul(part, NULL, 16);
	(void)snprintf(part, sizeof(part), "%.4s", digits + 8);
	out->Data2 = (uint16_t)strtoul(part, NULL, 16);
	(void)snprintf(part, sizeof(part), "%.4s", digits + 12);
	out->Data3 = (uint16_t)strtoul(part, NULL, 16);
	for (size_t i = 0; i < sizeof(out->Data4); i++) {
		(void)snprintf(part, sizeof(part), "%.2s", digits + 16 + 2 * i);
		out->Data4[i] = (uint8_t)strtoul(part, NULL, 16);
	}
	return true;
}

RPC_STATUS RPC_ENTRY
UuidToStringA(const UUID *Uuid, RPC_CSTR *StringUuid)
{
	char *s;

	if (Uuid == NULL || StringUuid == NULL)
		return RPC_S_INVALID_ARG;
	if ((s = malloc(TEXT_CHARS + 1)) == NULL)
		return RPC_S_OUT_OF_MEMORY;
	print_uuid(s, Uuid, false);
	*StringUuid = (RPC_CSTR)s;
	return RPC_S_OK;
}

RPC_STATUS RPC_ENTRY
UuidToStringW(const UUID *Uuid, RPC_WSTR *StringUuid)
{
	char s[TEXT_CHARS + 1];

	if (Uuid == NULL || StringUuid == NULL)
		return RPC_S_INVALID_ARG;
	print_uuid(s, Uuid, false);
	*StringUuid = utf8_to_wide(s, TEXT_CHARS);
	return *StringUuid == NULL ? RPC_S_OUT_OF_MEMORY : RPC_S_OK;
}

RPC_STATUS RPC_ENTRY
UuidFromStringA(RPC_CSTR StringUuid, UUID *Uuid)
{
	const char *s = (const char *)StringUuid;

	if (s == NULL)
		return UuidCreateNil(Uuid);
	if (Uuid == NULL)
		return RPC_S_INVALID_ARG;
	return parse_uuid(s, strlen(s), Uuid) ? RPC_S_OK : RPC_S_INVALID_STRING_UUID;
}

/* The narrow text of a wide one that may be a UUID, with braces or without. */
static bool
narrow(char out[BRACED_CHARS + 1], const WCHAR *s)
{
	size_t n = wcsnlen(s, BRACED_CHARS + 1);

	for (size_t i = 0; i < n && n <= BRACED_CHARS; i++) {
		if (s[i] < 0x20 || s[i] > 0x7E)
			return false;
		out[i] = (char)s[i];
	}
	if (n <= BRACED_CHARS)
		out[n] = '\0';
	return n <= BRACED_CHARS;
}

RPC_STATUS RPC_ENTRY
UuidFromStringW(RPC_WSTR StringUuid, UUID *Uuid)
{
	char s[BRACED_CHARS + 1];

	if (StringUuid == NULL)
		return UuidCreateNil(Uuid);
	if (Uuid == NULL)
		return RPC_S_INVALID_ARG;
	if (!narrow(s, StringUuid) || !parse_uuid(s, strlen(s), Uuid))
		return RPC_S_INVALID_STRING_UUID;
	return RPC_S_OK;
}

RPC_STATUS RPC_ENTRY
RpcStringFreeA(RPC_CSTR *String)
{
	if (String == NULL)
		return RPC_S_INVALID_ARG;
	free(*String);
	*String = NULL;
	return RPC_S_OK;
}

RPC_STATUS RPC_ENTRY
RpcStringFreeW(RPC_WSTR *String)
{
	if (String == NULL)
		return RPC_S_INVALID_ARG;
	free(*String);
	*String = NULL;
	return RPC_S_OK;
}

/* Windows: StringFromGUID2. 39 characters with braces and terminator, or 0. */
int WINAPI
StringFromGUID2(REFGUID rguid, WCHAR *lpsz, int cchMax)
{
	char s[TEXT_CHARS + 1];

	if (rguid == NULL || lpsz == NULL || cchMax < BRACED_CHARS + 1)
		return 0;
	print_uuid(s, rguid, true);
	lpsz[0] = L'{';
	for (int i = 0; i < TEXT_CHARS; i++)
		lpsz[i + 1] = (WCHAR)s[i];
	lpsz[TEXT_CHARS + 1] = L'}';
	lpsz[TEXT_CHARS + 2] = L'\0';
	return BRACED_CHARS + 1;
}

HRESULT WINAPI
CoCreateGuid(GUID *pguid)
{
	return pguid == NULL		     ? E_INVALIDARG :
	       UuidCreate(pguid) == RPC_S_OK ? S_OK :
					       E_FAIL;
}

/* With braces. NULL: the nil UUID. */
HRESULT WINAPI
IIDFromString(const WCHAR *lpsz, IID *lpiid)
{
	char s[BRACED_CHARS + 1];
	size_t n;

	if (lpiid == NULL)
		return E_INVALIDARG;
	memset(lpiid, 0, sizeof(*lpiid));
	if (lpsz == NULL)
		return S_OK;
	if (!narrow(s, lpsz) || (n = strlen(s)) != BRACED_CHARS || s[0] != '{' ||
	    s[n - 1] != '}' || !parse_uuid(s + 1, TEXT_CHARS, lpiid))
		return E_INVALIDARG;
	return S_OK;
}
