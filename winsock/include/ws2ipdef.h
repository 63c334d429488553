/* A part of ws2tcpip.h. */
#ifndef AUTHIP_WS2IPDEF_H
#define AUTHIP_WS2IPDEF_H

#include "ws2tcpip.h"

#endif
