/* UUIDs; there is no RPC here. */
#ifndef AUTHIP_RPC_H
#define AUTHIP_RPC_H

#include "rpcdce.h"

#endif
