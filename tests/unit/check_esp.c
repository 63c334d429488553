/* Unit tests of ESP and AH: the runner. */
#include <stdlib.h>

#include "tests/unit/check_esp.h"
#include "tests/unit/run_suite.h"

int
main(void)
{
	Suite *s = suite_create("esp");

	esp_seal_tests(s);
	esp_flip_tests(s);
	esp_forge_tests(s);
	esp_packet_tests(s);
	esp_gcm_tests(s);
	esp_replay_tests(s);
	return run_suite(s);
}
