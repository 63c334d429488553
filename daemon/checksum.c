/* The internet checksum of RFC 1071. */
#include "daemon/checksum.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>

uint16_t
checksum_fold(uint32_t sum)
{
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

uint16_t
checksum_finish(uint32_t sum)
{
	return (uint16_t)~checksum_fold(sum);
}

/* Four bytes at a time as this machine reads them: the sum only has its bytes swapped. */
uint32_t
checksum_add(uint32_t sum, const uint8_t *p, size_t n)
{
	uint64_t wide = 0;
	uint32_t word;

	for (; n >= sizeof(word); p += sizeof(word), n -= sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		wide += word;
	}
	if (n > 0) {
		word = 0;
		memcpy(&word, p, n);
		wide += word;
	}
	while (wide >> 16 != 0)
		wide = (wide & 0xffff) + (wide >> 16);
	return checksum_fold(sum) + ntohs((uint16_t)wide);
}

uint32_t
checksum_pseudo(const uint8_t *raw, uint8_t protocol, size_t upper_n)
{
	bool v4 = raw[0] >> 4 == 4;
	uint32_t sum = checksum_add(0, v4 ? raw + 12 : raw + 8, v4 ? 8 : 32);

	return sum + protocol + (uint32_t)(upper_n >> 16) +
	       (uint32_t)(upper_n & 0xffff);
}
