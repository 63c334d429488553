/* A part of windows.h. */
#ifndef AUTHIP_MINWINDEF_H
#define AUTHIP_MINWINDEF_H

#include "windef.h"

#endif
