/* GUID, the key of a policy object. */
#ifndef AUTHIP_GUIDDEF_H
#define AUTHIP_GUIDDEF_H

#include <stdint.h>

typedef struct _GUID {
	uint32_t Data1;
	uint16_t Data2;
	uint16_t Data3;
	uint8_t Data4[8];
} GUID;

#endif
