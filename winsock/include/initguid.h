/* From here on DEFINE_GUID defines. A program needs this only for GUIDs of its own. */
#ifndef INITGUID
#define INITGUID
#endif
#include "guiddef.h"
