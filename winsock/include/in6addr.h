/* A part of ws2tcpip.h. */
#ifndef AUTHIP_IN6ADDR_H
#define AUTHIP_IN6ADDR_H

#include "winsock2.h"

#endif
