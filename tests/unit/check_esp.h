/* What the tests of ESP and AH share. */
#ifndef AUTHIPD_TESTS_CHECK_ESP_H
#define AUTHIPD_TESTS_CHECK_ESP_H

#include <check.h>

#include "crypto/esp.h"
#include "tests/unit/packet.h"

#define PACKET_MAX_BYTES 2048
#define TEST_SPI 0x12345678u
#define TEST_SEQ 0xa1b2c3d4u

/* Like ck_assert_msg(), without its cost when it holds: for loops of many thousand turns. */
#define require(condition, ...)                    \
	do {                                       \
		if (!(condition))                  \
			ck_abort_msg(__VA_ARGS__); \
	} while (0)

struct esp_kind {
	uint8_t protocol;
	enum cipher_id cipher;
	enum hash_id hash;
};

/* Every combination that a policy may name: ESP, AH, and those without a hash. */
#define ESP_KIND_COUNT 27
#define ESP_FIRST_AH 15
#define ESP_FIRST_GCM 18
#define ESP_FIRST_AH_GMAC 24
extern const struct esp_kind esp_kinds[ESP_KIND_COUNT];

#define ESP_MAX_ICV_BYTES 16

/* The keys of a kind: the same for every SA of it. */
void esp_kind_params(const struct esp_kind *kind, uint32_t spi, struct esp_params *p);
struct esp_sa *esp_kind_sa(const struct esp_kind *kind, uint32_t spi);
size_t esp_kind_icv_bytes(const struct esp_kind *kind);
/* "esp aes128 sha1" for messages. */
const char *esp_kind_name(const struct esp_kind *kind);
/* Seals a packet of that form, payload and kind; returns the sealed length. */
size_t esp_kind_seal(
    const struct esp_kind *kind, enum packet_form form, size_t payload_n, uint8_t *out);
/* Opens with buffers of exactly n and cap bytes, so that a sanitizer sees every excess. */
enum esp_error esp_open_exact(struct esp_sa *sa, const uint8_t *in, size_t n,
    size_t cap, uint8_t *out, size_t *out_n);
/* AH cannot know the final form of a routing header. */
bool esp_kind_takes(const struct esp_kind *kind, enum packet_form form);

void esp_seal_tests(Suite *s);
void esp_flip_tests(Suite *s);
void esp_forge_tests(Suite *s);
void esp_packet_tests(Suite *s);
void esp_gcm_tests(Suite *s);
void esp_replay_tests(Suite *s);

#endif
