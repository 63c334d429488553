/* Suites of check_windows: the functions that programs written for Windows use. */
#ifndef AUTHIPD_TESTS_UNIT_CHECK_WINDOWS_H
#define AUTHIPD_TESTS_UNIT_CHECK_WINDOWS_H

#include <check.h>

TCase *windows_text_case(void);
TCase *windows_name_case(void);
TCase *windows_socket_case(void);
TCase *windows_wire_case(void);
TCase *windows_error_case(void);
TCase *windows_handle_case(void);
TCase *windows_message_case(void);
TCase *windows_event_case(void);
TCase *windows_sleeper_case(void);
TCase *windows_cancel_case(void);

#endif
