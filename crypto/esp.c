/* ESP in transport mode (RFC 4303): seal and open whole packets. */
#include "crypto/esp_sa.h"

#include <string.h>

#define ESP_HEADER_BYTES 8
#define ESP_TRAILER_BYTES 2
#define ESP_NEXT_HEADER_NONE 59

static void
put_be32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

static uint32_t
get_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Encrypts what stands behind header and IV, and writes the ICV behind it. */
static bool
esp_protect(struct esp_sa *sa, uint8_t *esp, size_t clear_n)
{
	uint8_t *iv = esp + ESP_HEADER_BYTES, *body = iv + sa->iv_n,
		*icv = body + clear_n;
	struct span covered = span_of(esp, (size_t)(icv - esp));

	if (sa->iv_n > 0 && !esp_sa_next_iv(sa, iv))
		return false;
	if (cipher_encrypts(sa->cipher) && cipher_has_integrity(sa->cipher))
		return esp_gcm_seal(
		    sa, span_of(esp, ESP_HEADER_BYTES), iv, body, clear_n, icv);
	return (!cipher_encrypts(sa->cipher) ||
		   esp_sa_crypt(sa, true, iv, body, clear_n, body)) &&
	       esp_sa_icv(sa, iv, &covered, 1, icv);
}

/* The reverse of esp_protect(), to clear[0..clear_n). */
static enum esp_error
esp_unprotect(struct esp_sa *sa, const uint8_t *esp, size_t clear_n, uint8_t *clear)
{
	const uint8_t *iv = esp + ESP_HEADER_BYTES, *body = iv + sa->iv_n;
	struct span covered = span_of(esp, (size_t)(body - esp) + clear_n);
	uint8_t icv[HASH_MAX_BYTES];

	if (cipher_encrypts(sa->cipher) && cipher_has_integrity(sa->cipher))
		return esp_gcm_open(sa, span_of(esp, ESP_HEADER_BYTES), iv,
		    span_of(body, clear_n), body + clear_n, clear);
	if (!esp_sa_icv(sa, iv, &covered, 1, icv))
		return ESP_ERR_CRYPTO;
	if (!secret_equal(icv, body + clear_n, sa->icv_n))
		return ESP_ERR_ICV;
	if (clear_n % sa->align_n != 0)
		return ESP_ERR_MALFORMED;
	if (!cipher_encrypts(sa->cipher))
		memcpy(clear, body, clear_n);
	else if (!esp_sa_crypt(sa, false, iv, body, clear_n, clear))
		return ESP_ERR_CRYPTO;
	return ESP_OK;
}

/*
 *	front | SPI seq | IV | upper part, pad 1 2 3.., pad length, next header | ICV
 *	        `---------------- covered by the ICV (GCM: not the IV) -----'
 *	                       `--------------- encrypted ------------------'
 */
static enum esp_error
esp_seal_packet(struct esp_sa *sa, uint32_t seq, const uint8_t *in, size_t n,
    uint8_t *out, size_t cap, size_t *out_n)
{
	struct ip_packet ip;
	enum esp_error e = ip_packet_parse(in, n, false, &ip);
	size_t upper_n, pad_n, clear_n, total_n;
	uint8_t *esp, *body;

	if (e != ESP_OK)
		return e;
	upper_n = ip.total_n - ip.front_n;
	pad_n =
	    (sa->align_n - (upper_n + ESP_TRAILER_BYTES) % sa->align_n) % sa->align_n;
	clear_n = upper_n + pad_n + ESP_TRAILER_BYTES;
	total_n = ip.front_n + ESP_HEADER_BYTES + sa->iv_n + clear_n + sa->icv_n;
	if (total_n > cap)
		return ESP_ERR_SPACE;
	memcpy(out, in, ip.front_n);
	esp = out + ip.front_n;
	memcpy(esp, sa->spi_be, 4);
	put_be32(esp + 4, seq);
	body = esp + ESP_HEADER_BYTES + sa->iv_n;
	memcpy(body, in + ip.front_n, upper_n);
	for (size_t i = 0; i < pad_n; i++)
		body[upper_n + i] = (uint8_t)(i + 1);
	body[upper_n + pad_n] = (uint8_t)pad_n;
	body[upper_n + pad_n + 1] = ip.protocol;
	if (!esp_protect(sa, esp, clear_n))
		return ESP_ERR_CRYPTO;
	if (!ip_packet_finish(out, &ip, 50, total_n))
		return ESP_ERR_SPACE;
	*out_n = total_n;
	return ESP_OK;
}

/* Pad length, padding 1, 2, 3... and the upper part inside clear[0..n). */
static enum esp_error
esp_unpad(const uint8_t *clear, size_t n, size_t *upper_n, uint8_t *next)
{
	size_t pad_n = clear[n - 2];

	if (pad_n > n - ESP_TRAILER_BYTES)
		return ESP_ERR_MALFORMED;
	*upper_n = n - ESP_TRAILER_BYTES - pad_n;
	for (size_t i = 0; i < pad_n; i++)
		if (clear[*upper_n + i] != i + 1)
			return ESP_ERR_MALFORMED;
	*next = clear[n - 1];
	return ESP_OK;
}

static enum esp_error
esp_open_packet(struct esp_sa *sa, const struct ip_packet *ip, const uint8_t *in,
    uint8_t *out, size_t cap, size_t *out_n)
{
	const uint8_t *esp = in + ip->front_n;
	size_t esp_n = ip->total_n - ip->front_n, clear_n, upper_n;
	size_t least = ESP_HEADER_BYTES + sa->iv_n + sa->icv_n + ESP_TRAILER_BYTES;
	enum esp_error e;
	uint8_t next;

	if (esp_n < least)
		return ESP_ERR_SHORT;
	if (memcmp(esp, sa->spi_be, 4) != 0)
		return ESP_ERR_SPI;
	clear_n = esp_n - ESP_HEADER_BYTES - sa->iv_n - sa->icv_n;
	if (ip->front_n + clear_n > cap)
		return ESP_ERR_SPACE;
	if ((e = esp_unprotect(sa, esp, clear_n, out + ip->front_n)) != ESP_OK)
		return e;
	if (clear_n % sa->align_n != 0)
		return ESP_ERR_MALFORMED;
	if ((e = esp_unpad(out + ip->front_n, clear_n, &upper_n, &next)) != ESP_OK)
		return e;
	if (next == ESP_NEXT_HEADER_NONE)
		return ESP_ERR_DUMMY;
	memcpy(out, in, ip->front_n);
	if (!ip_packet_finish(out, ip, next, ip->front_n + upper_n))
		return ESP_ERR_MALFORMED;
	*out_n = ip->front_n + upper_n;
	return ESP_OK;
}

enum esp_error
esp_seal(struct esp_sa *sa, uint32_t seq, const uint8_t *in, size_t n, uint8_t *out,
    size_t cap, size_t *out_n)
{
	if (seq == 0)
		return ESP_ERR_SEQUENCE;
	if (sa->protocol == 51)
		return ah_seal(sa, seq, in, n, out, cap, out_n);
	return esp_seal_packet(sa, seq, in, n, out, cap, out_n);
}

enum esp_error
esp_peek(const uint8_t *in, size_t n, uint8_t *protocol, uint32_t *spi, uint32_t *seq)
{
	struct ip_packet ip;
	enum esp_error e = ip_packet_parse(in, n, true, &ip);
	size_t spi_at;

	if (e != ESP_OK)
		return e;
	spi_at = ip.front_n + (ip.protocol == 51 ? 4 : 0);
	if (ip.total_n < spi_at + 8)
		return ESP_ERR_SHORT;
	*protocol = ip.protocol;
	*spi = get_be32(in + spi_at);
	*seq = get_be32(in + spi_at + 4);
	return ESP_OK;
}

enum esp_error
esp_open(struct esp_sa *sa, const uint8_t *in, size_t n, uint8_t *out, size_t cap,
    size_t *out_n)
{
	struct ip_packet ip;
	enum esp_error e = ip_packet_parse(in, n, true, &ip);

	if (e != ESP_OK)
		return e;
	if (ip.protocol != sa->protocol)
		return ESP_ERR_SPI;
	if (sa->protocol == 51)
		return ah_open(sa, &ip, in, out, cap, out_n);
	return esp_open_packet(sa, &ip, in, out, cap, out_n);
}
