/* The groups of tests that check_crypto runs; each adds its cases to the suite. */
#ifndef AUTHIPD_TESTS_CHECK_CRYPTO_H
#define AUTHIPD_TESTS_CHECK_CRYPTO_H

#include <check.h>

void crypto_hash_tests(Suite *s);
void crypto_cipher_tests(Suite *s);
void crypto_dh_tests(Suite *s);
void crypto_vector_tests(Suite *s);
void crypto_keys_tests(Suite *s);
void crypto_dialect_tests(Suite *s);
void crypto_message_tests(Suite *s);
void crypto_worked_tests(Suite *s);

#endif
