/* Unit tests of crypto/ and of the key derivation of ike/: the runner. */
#include "tests/unit/check_crypto.h"

#include <stdlib.h>

int
main(void)
{
	Suite *s = suite_create("crypto");
	SRunner *sr;
	int failed;

	crypto_hash_tests(s);
	crypto_cipher_tests(s);
	crypto_dh_tests(s);
	crypto_vector_tests(s);
	crypto_keys_tests(s);
	crypto_dialect_tests(s);
	crypto_message_tests(s);
	crypto_worked_tests(s);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
