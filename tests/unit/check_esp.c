/* Unit tests of ESP and AH: the runner. */
#include <stdlib.h>

#include "tests/unit/check_esp.h"

int
main(void)
{
	Suite *s = suite_create("esp");
	SRunner *sr;
	int failed;

	esp_seal_tests(s);
	esp_flip_tests(s);
	esp_forge_tests(s);
	esp_packet_tests(s);
	esp_gcm_tests(s);
	esp_replay_tests(s);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
