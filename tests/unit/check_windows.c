/* The functions that programs written for Windows use. */
#include "check_windows.h"

#include <stdlib.h>

int
main(void)
{
	Suite *s = suite_create("windows");
	SRunner *r;
	int failed;

	suite_add_tcase(s, windows_text_case());
	suite_add_tcase(s, windows_name_case());
	suite_add_tcase(s, windows_socket_case());
	suite_add_tcase(s, windows_error_case());
	suite_add_tcase(s, windows_handle_case());
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
