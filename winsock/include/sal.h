/* Annotations of the Microsoft compiler for its analyzer: nothing here. */
#ifndef AUTHIP_SAL_H
#define AUTHIP_SAL_H

#ifndef IN
#define IN
#endif
#ifndef OUT
#define OUT
#endif
#ifndef OPTIONAL
#define OPTIONAL
#endif

/* Version 2: buffers, pointers and results. */
#define _In_
#define _In_opt_
#define _In_z_
#define _In_opt_z_
#define _Inout_
#define _Inout_opt_
#define _Inout_z_
#define _Inout_opt_z_
#define _Out_
#define _Out_opt_
#define _Outptr_
#define _Outptr_opt_
#define _Outptr_result_maybenull_
#define _Outptr_opt_result_maybenull_
#define _Outptr_result_z_
#define _Out_z_
#define _Ret_z_
#define _Ret_maybenull_
#define _Ret_notnull_
#define _Reserved_
#define _Check_return_
#define _Must_inspect_result_
#define _Printf_format_string_
#define _Notnull_
#define _Maybenull_
#define _Null_terminated_
#define _NullNull_terminated_
#define _Use_decl_annotations_
#define _Pre_
#define _Post_
#define _Points_to_data_
#define _COM_Outptr_
#define _Const_
#define _Null_
#define _Valid_
#define _Deref_out_
#define _Deref_out_opt_
#define _Post_invalid_
#define _Pre_valid_
#define _Post_valid_
#define _Frees_ptr_
#define _Frees_ptr_opt_
#define _Field_z_
#define _Interlocked_operand_
#define _Scanf_format_string_
#define _In_reads_(x)
#define _In_reads_opt_(x)
#define _In_reads_bytes_(x)
#define _In_reads_bytes_opt_(x)
#define _In_reads_z_(x)
#define _In_reads_opt_z_(x)
#define _Out_writes_(x)
#define _Out_writes_opt_(x)
#define _Out_writes_bytes_(x)
#define _Out_writes_bytes_opt_(x)
#define _Out_writes_z_(x)
#define _Out_writes_opt_z_(x)
#define _Out_writes_all_(x)
#define _Out_writes_bytes_all_(x)
#define _Inout_updates_(x)
#define _Inout_updates_opt_(x)
#define _Inout_updates_bytes_(x)
#define _Inout_updates_bytes_opt_(x)
#define _Inout_updates_z_(x)
#define _In_range_(x)
#define _Out_range_(x)
#define _Success_(x)
#define _Return_type_success_(x)
#define _Field_size_(x)
#define _Field_size_opt_(x)
#define _Field_size_bytes_(x)
#define _Field_size_bytes_opt_(x)
#define _Field_range_(x)
#define _Outptr_result_buffer_(x)
#define _Outptr_result_buffer_maybenull_(x)
#define _Outptr_result_bytebuffer_(x)
#define _Outptr_opt_result_buffer_(x)
#define _Outptr_opt_result_bytebuffer_(x)
#define _Ret_range_(x)
#define _Analysis_assume_(x)
#define _Function_class_(x)
#define _Post_satisfies_(x)
#define _Pre_satisfies_(x)
#define _Ret_writes_(x)
#define _Ret_writes_bytes_(x)
#define _In_count_(x)
#define _In_bytecount_(x)
#define _Out_cap_(x)
#define _Out_bytecap_(x)
#define _Out_writes_to_(x, y)
#define _Out_writes_bytes_to_(x, y)
#define _Out_writes_to_opt_(x, y)
#define _Out_writes_bytes_to_opt_(x, y)
#define _Inout_updates_to_(x, y)
#define _Inout_updates_bytes_to_(x, y)
#define _When_(x, y)
#define _At_(x, y)
#define _Outptr_result_buffer_to_(x, y)
#define _Ret_writes_to_(x, y)

/*
 * Version 1. Not in C++: the standard library there has parameters of these names. Include
 * specstrings.h after the standard headers to have them.
 */
#ifndef __cplusplus
#include "specstrings.h"
#endif

#endif
