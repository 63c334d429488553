/* A part of ntdsapi.h. */
#ifndef AUTHIP_DSPARSE_H
#define AUTHIP_DSPARSE_H

#include "ntdsapi.h"

#endif
