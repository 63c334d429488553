/* The GUIDs that programs name. */
#include "initguid.h"
#include "fwpmguid.h"
#include "mstcpip.h"
