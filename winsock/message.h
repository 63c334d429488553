/* Texts of errors. */
#ifndef AUTHIPD_WINSOCK_MESSAGE_H
#define AUTHIPD_WINSOCK_MESSAGE_H

#include <stdint.h>

#define MESSAGE_MAX_CHARS 160 /* with the terminator; the texts are ASCII */

/* of Winsock, Win32 or the filtering platform; otherwise if it has none. */
const char *message_of(uint32_t code, const char *otherwise);

#endif
