/* A part of winsock2.h. */
#ifndef AUTHIP_WS2DEF_H
#define AUTHIP_WS2DEF_H

#include "winsock2.h"

#endif
