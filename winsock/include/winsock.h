/* The Winsock of 1.1 is that of winsock2.h. */
#ifndef AUTHIP_WINSOCK_H
#define AUTHIP_WINSOCK_H

#include "winsock2.h"

#endif
