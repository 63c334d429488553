/* The GUIDs of winsock/include, for the daemon. */
#include "initguid.h"
#include "fwpmguid.h"
#include "mstcpip.h"
