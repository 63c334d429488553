/* Annotations of the Microsoft compiler, version 1: nothing here. See sal.h. */
#ifndef AUTHIP_SPECSTRINGS_H
#define AUTHIP_SPECSTRINGS_H

#include "sal.h"

#define __in
#define __inout
#define __out
#define __in_opt
#define __out_opt
#define __inout_opt
#define __in_z
#define __in_z_opt
#define __inout_z
#define __out_z
#define __in_nz
#define __deref_out
#define __deref_out_opt
#define __deref_opt_out
#define __deref_inout
#define __deref_inout_opt
#define __deref_opt_out_opt
#define __reserved
#define __checkReturn
#define __callback
#define __nullterminated
#define __notnull
#define __maybenull
#define __override
#define __format_string
#define __valid
#define __readonly
#define __notvalid
#define __fallthrough
#define __deref_out_z
#define __deref_in
#define __deref_in_opt
#define __deref_opt_inout
#define __in_bcount(x)
#define __in_ecount(x)
#define __in_bcount_opt(x)
#define __in_ecount_opt(x)
#define __out_bcount(x)
#define __out_ecount(x)
#define __out_bcount_opt(x)
#define __out_ecount_opt(x)
#define __inout_bcount(x)
#define __inout_ecount(x)
#define __inout_bcount_opt(x)
#define __inout_ecount_opt(x)
#define __in_ecount_z(x)
#define __in_bcount_z(x)
#define __out_ecount_z(x)
#define __out_bcount_z(x)
#define __deref_out_bcount(x)
#define __deref_out_ecount(x)
#define __deref_out_bcount_opt(x)
#define __deref_out_ecount_opt(x)
#define __in_range(x)
#define __out_range(x)
#define __success(x)
#define __typefix(x)
#define __in_xcount(x)
#define __out_xcount(x)
#define __deref_out_range(x)
#define __in_data_source(x)
#define __drv_at(x)
#define __control_entrypoint(x)
#define __analysis_assume(x)
#define __out_bcount_part(x, y)
#define __out_ecount_part(x, y)
#define __inout_bcount_part(x, y)
#define __inout_ecount_part(x, y)
#define __out_bcount_part_opt(x, y)
#define __out_ecount_part_opt(x, y)
#define __inout_bcount_part_opt(x, y)
#define __inout_ecount_part_opt(x, y)
#define __out_bcount_full(x, y)
#define __deref_out_ecount_part(x, y)
#define __deref_out_bcount_part(x, y)

#endif
