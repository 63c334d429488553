/* A part of windows.h. */
#ifndef AUTHIP_WINNT_H
#define AUTHIP_WINNT_H

#include "windef.h"
#include "winerror.h"
#include "winsec.h"

#endif
