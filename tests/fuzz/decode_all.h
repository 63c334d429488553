/* Every payload decoder on every payload of a message. */
#ifndef AUTHIPD_TESTS_DECODE_ALL_H
#define AUTHIPD_TESTS_DECODE_ALL_H

#include "ike/message.h"

/* One body through all decoders, whatever its type says. */
void decode_body(struct span body);
/* All payloads and the payload rules of all messages. */
void decode_message(const struct message *m);

#endif
