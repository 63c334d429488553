/* The functions that programs written for Windows use. */
#include "check_windows.h"
#include "tests/unit/run_suite.h"

#include <stdlib.h>

int
main(void)
{
	Suite *s = suite_create("windows");

	suite_add_tcase(s, windows_text_case());
	suite_add_tcase(s, windows_name_case());
	suite_add_tcase(s, windows_socket_case());
	suite_add_tcase(s, windows_wire_case());
	suite_add_tcase(s, windows_error_case());
	suite_add_tcase(s, windows_handle_case());
	suite_add_tcase(s, windows_message_case());
	suite_add_tcase(s, windows_event_case());
	suite_add_tcase(s, windows_sleeper_case());
	suite_add_tcase(s, windows_cancel_case());
	return run_suite(s);
}
