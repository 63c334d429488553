/*
 * AH in transport mode (RFC 4302).
 *
 *	front | next, length, 0 0, SPI, seq, [IV,] ICV, padding | upper part
 *	`------ covered, with mutable fields, IV and ICV zero ------------'
 *
 * GMAC alone has an IV (RFC 4543 4); it enters the ICV by the nonce.
 */
#include <string.h>

#include "crypto/esp_sa.h"

#define AH_FIXED_BYTES 12

size_t
ah_header_bytes(const struct esp_sa *sa, uint8_t version)
{
	size_t n = AH_FIXED_BYTES + sa->iv_n + sa->icv_n, align = version == 6 ? 8 : 4;

	return (n + align - 1) / align * align;
}

/*
 * The ICV of a packet whose AH header is at front_n of p; its ICV field is taken as zero.
 * Padding behind it is the sender's choice and is covered (RFC 4302 3.3.3.2.1).
 */
static enum esp_error
ah_icv(struct esp_sa *sa, const struct ip_packet *ip, const uint8_t *p, uint8_t *icv)
{
	uint8_t front[IP_PACKET_MAX_FRONT_BYTES + 8];
	uint8_t zero[HASH_MAX_BYTES] = { 0 };
	size_t zero_n = sa->iv_n + sa->icv_n;
	size_t rest_at = ip->front_n + AH_FIXED_BYTES + zero_n;
	struct span part[4];

	if (ip->front_n > sizeof(front))
		return ESP_ERR_MALFORMED;
	memcpy(front, p, ip->front_n);
	if (!ip_packet_mute(front, ip))
		return ESP_ERR_MALFORMED;
	part[0] = span_of(front, ip->front_n);
	part[1] = span_of(p + ip->front_n, AH_FIXED_BYTES);
	part[2] = span_of(zero, zero_n);
	part[3] = span_of(p + rest_at, ip->total_n - rest_at);
	return esp_sa_icv(sa, part[1].p + AH_FIXED_BYTES, part, 4, icv) ?
		   ESP_OK :
		   ESP_ERR_CRYPTO;
}

enum esp_error
ah_seal(struct esp_sa *sa, uint32_t seq, const uint8_t *in, size_t n, uint8_t *out,
    size_t cap, size_t *out_n)
{
	struct ip_packet ip;
	enum esp_error e = ip_packet_parse(in, n, false, &ip);
	size_t ah_n, upper_n;
	uint8_t *ah;

	if (e != ESP_OK)
		return e;
	ah_n = ah_header_bytes(sa, ip.version);
	upper_n = ip.total_n - ip.front_n;
	if (ip.total_n + ah_n > cap)
		return ESP_ERR_SPACE;
	memcpy(out, in, ip.front_n);
	ah = out + ip.front_n;
	memset(ah, 0, ah_n);
	ah[0] = ip.protocol;
	ah[1] = (uint8_t)(ah_n / 4 - 2);
	memcpy(ah + 4, sa->spi_be, 4);
	ah[8] = (uint8_t)(seq >> 24);
	ah[9] = (uint8_t)(seq >> 16);
	ah[10] = (uint8_t)(seq >> 8);
	ah[11] = (uint8_t)seq;
	memcpy(ah + ah_n, in + ip.front_n, upper_n);
	ip.total_n += ah_n;
	if (!ip_packet_finish(out, &ip, 51, ip.total_n))
		return ESP_ERR_SPACE;
	if (sa->iv_n > 0 && !esp_sa_next_iv(sa, ah + AH_FIXED_BYTES))
		return ESP_ERR_CRYPTO;
	if ((e = ah_icv(sa, &ip, out, ah + AH_FIXED_BYTES + sa->iv_n)) != ESP_OK)
		return e;
	*out_n = ip.total_n;
	return ESP_OK;
}

enum esp_error
ah_open(struct esp_sa *sa, const struct ip_packet *ip, const uint8_t *in, uint8_t *out,
    size_t cap, size_t *out_n)
{
	size_t ah_n = ah_header_bytes(sa, ip->version), total_n;
	const uint8_t *ah = in + ip->front_n;
	uint8_t icv[HASH_MAX_BYTES];
	enum esp_error e;

	if (ip->total_n - ip->front_n < ah_n)
		return ESP_ERR_SHORT;
	if (((size_t)ah[1] + 2) * 4 != ah_n)
		return ESP_ERR_MALFORMED;
	if (memcmp(ah + 4, sa->spi_be, 4) != 0)
		return ESP_ERR_SPI;
	if ((e = ah_icv(sa, ip, in, icv)) != ESP_OK)
		return e;
	if (!secret_equal(icv, ah + AH_FIXED_BYTES + sa->iv_n, sa->icv_n))
		return ESP_ERR_ICV;
	if (ah[0] == 59)
		return ESP_ERR_DUMMY;
	total_n = ip->total_n - ah_n;
	if (total_n > cap)
		return ESP_ERR_SPACE;
	memcpy(out, in, ip->front_n);
	memcpy(out + ip->front_n, ah + ah_n, total_n - ip->front_n);
	if (!ip_packet_finish(out, ip, ah[0], total_n))
		return ESP_ERR_MALFORMED;
	*out_n = total_n;
	return ESP_OK;
}
