/* A datagram: header, Crypto payload, chain, every decoder. */
#include "tests/fuzz/decode_all.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct message m;

	for (int lenient = 0; lenient < 2; lenient++)
		if (message_parse(span_of(p, n), lenient, &m) == IKE_OK)
			decode_message(&m);
	return 0;
}
