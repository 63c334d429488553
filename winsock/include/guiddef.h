/* GUID, the key of a policy object, and what declares, defines and compares one. */
#ifndef AUTHIP_GUIDDEF_H
#define AUTHIP_GUIDDEF_H

#include <stdint.h>
#include <string.h>

typedef struct _GUID {
	uint32_t Data1;
	uint16_t Data2;
	uint16_t Data3;
	uint8_t Data4[8];
} GUID;

typedef GUID *LPGUID;
typedef const GUID *LPCGUID;
typedef GUID UUID;
typedef GUID IID;
typedef GUID CLSID;
typedef GUID *LPCLSID;

#ifdef __cplusplus
#define AUTHIP_EXTERN_GUID extern "C" const GUID
typedef const GUID &REFGUID;
typedef const GUID &REFCLSID;
#else
#define AUTHIP_EXTERN_GUID extern const GUID
typedef const GUID *REFGUID;
typedef const GUID *REFCLSID;
#endif

#endif

/*
 * Outside the guard, as on Windows: INITGUID, or initguid.h included later, turns the
 * declarations that follow into definitions.
 */
#undef DEFINE_GUID
#ifdef INITGUID
#define DEFINE_GUID(name, l, w1, w2, b1, b2, b3, b4, b5, b6, b7, b8) \
	AUTHIP_EXTERN_GUID name __attribute__((__weak__));           \
	const GUID name = { l, w1, w2, { b1, b2, b3, b4, b5, b6, b7, b8 } }
#else
#define DEFINE_GUID(name, l, w1, w2, b1, b2, b3, b4, b5, b6, b7, b8) \
	AUTHIP_EXTERN_GUID name
#endif

#ifndef AUTHIP_GUIDDEF_EQUAL
#define AUTHIP_GUIDDEF_EQUAL

DEFINE_GUID(GUID_NULL, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

#ifdef __cplusplus
static inline bool
IsEqualGUID(REFGUID a, REFGUID b)
{
	return memcmp(&a, &b, sizeof(GUID)) == 0;
}

static inline bool
operator==(REFGUID a, REFGUID b)
{
	return IsEqualGUID(a, b);
}

static inline bool
operator!=(REFGUID a, REFGUID b)
{
	return !IsEqualGUID(a, b);
}
#else
#define IsEqualGUID(a, b) (memcmp((a), (b), sizeof(GUID)) == 0)
#endif
#define InlineIsEqualGUID(a, b) IsEqualGUID(a, b)
#define IsEqualIID(a, b) IsEqualGUID(a, b)
#define IsEqualCLSID(a, b) IsEqualGUID(a, b)

#endif
