/* A part of windows.h. */
#ifndef AUTHIP_BASETSD_H
#define AUTHIP_BASETSD_H

#include "windef.h"

#endif
