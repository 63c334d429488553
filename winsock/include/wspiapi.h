/* Names and addresses on Windows 2000: a part of ws2tcpip.h. */
#ifndef AUTHIP_WSPIAPI_H
#define AUTHIP_WSPIAPI_H

#include "ws2tcpip.h"

#endif
