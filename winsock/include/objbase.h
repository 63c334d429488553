/* GUIDs; there is no COM here. */
#ifndef AUTHIP_OBJBASE_H
#define AUTHIP_OBJBASE_H

#include "rpcdce.h"

#endif
