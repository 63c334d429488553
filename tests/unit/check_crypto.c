/* Unit tests of crypto/ and of the key derivation of ike/: the runner. */
#include "tests/unit/check_crypto.h"
#include "tests/unit/run_suite.h"

#include <stdlib.h>

int
main(void)
{
	Suite *s = suite_create("crypto");

	crypto_hash_tests(s);
	crypto_cipher_tests(s);
	crypto_dh_tests(s);
	crypto_vector_tests(s);
	crypto_keys_tests(s);
	crypto_dialect_tests(s);
	crypto_message_tests(s);
	crypto_worked_tests(s);
	return run_suite(s);
}
