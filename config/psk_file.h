/*
 * Files with pre-shared keys of IKEv1: the key is the content, without the end of line
 * behind it. Keys are read by who uses them, and are not part of struct config.
 */
#ifndef AUTHIPD_CONFIG_PSK_FILE_H
#define AUTHIPD_CONFIG_PSK_FILE_H

#include "crypto/secret.h"

/*
 * Whoever records one negotiation with a fake peer can try keys at leisure: shorter ones
 * deserve a warning.
 */
#define PSK_FEW_CHARACTERS 20

/* NULL, or what is wrong with the file. The caller wipes *key. */
const char *psk_file_read(const char *file, struct secret *key);

#endif
