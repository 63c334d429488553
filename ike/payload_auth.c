/* Auth, GSS-API and GSS_ID payloads (MS-AIPS 2.2.3.1, 2.2.3.3, 2.2.3.4), nonces. */
#include "ike/payload.h"

enum ike_err
pld_auth_decode(struct span body, struct pld_auth *a)
{
	struct cursor c;

	cursor_init(&c, body);
	a->n = 0;
	if (body.n == 0 || body.n % 4 != 0 || body.n / 4 > PLD_MAX_AUTH)
		return IKE_ERR_AUTH_LIST;
	while (c.left > 0) {
		a->method[a->n++] = cursor_u16(&c);
		cursor_skip(&c, 2); /* flags: 0, ignored on receipt */
	}
	return IKE_OK;
}

void
pld_auth_encode(struct writer *w, const struct pld_auth *a)
{
	for (size_t i = 0; i < a->n; i++) {
		writer_u16(w, a->method[i]);
		writer_u16(w, 0);
	}
}

enum ike_err
pld_gss_decode(struct span body, struct pld_gss *g)
{
	struct cursor c;

	cursor_init(&c, body);
	g->status = cursor_u32(&c);
	g->flags = cursor_u8(&c);
	g->token = cursor_rest(&c);
	if (!cursor_ok(&c) || g->token.n > PLD_MAX_TOKEN_BYTES)
		return IKE_ERR_GSS;
	return IKE_OK;
}

void
pld_gss_encode(struct writer *w, const struct pld_gss *g)
{
	writer_u32(w, g->status);
	writer_u8(w, g->flags);
	writer_bytes(w, g->token);
}

enum ike_err
pld_nonce_check(struct span body)
{
	return body.n >= 8 && body.n <= 256 ? IKE_OK : IKE_ERR_NONCE;
}

/* One code point of UTF-16 as UTF-8; 0 if it cannot be. */
static size_t
utf8_put(uint32_t cp, char *out, size_t cap)
{
	if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || (cp >= 0xd800 && cp < 0xe000))
		return 0; /* no control characters in log lines */
	if (cp < 0x80 && cap >= 1) {
		out[0] = (char)cp;
		return 1;
	}
	if (cp < 0x800 && cap >= 2) {
		out[0] = (char)(0xc0 | cp >> 6);
		out[1] = (char)(0x80 | (cp & 0x3f));
		return 2;
	}
	if (cp < 0x10000 && cap >= 3) {
		out[0] = (char)(0xe0 | cp >> 12);
		out[1] = (char)(0x80 | (cp >> 6 & 0x3f));
		out[2] = (char)(0x80 | (cp & 0x3f));
		return 3;
	}
	return 0;
}

/* Windows sends little endian; take big endian when only that gives ASCII (A44). */
static bool
utf16_is_big_endian(struct span s)
{
	bool be = true;

	for (size_t i = 0; i + 1 < s.n; i += 2)
		be = be && s.p[i] == 0 && s.p[i + 1] < 0x80;
	return be;
}

enum ike_err
pld_gss_id_decode(struct span body, char *utf8, size_t cap)
{
	bool be = utf16_is_big_endian(body);
	size_t n = 0;

	utf8[0] = '\0';
	if (body.n % 2 != 0 || body.n > PLD_MAX_GSS_ID_BYTES)
		return IKE_ERR_GSS_ID;
	for (size_t i = 0; i < body.n; i += 2) {
		uint32_t cp = be ? (uint32_t)body.p[i] << 8 | body.p[i + 1] :
				   (uint32_t)body.p[i + 1] << 8 | body.p[i];
		size_t k = utf8_put(cp, utf8 + n, cap - 1 - n);

		if (k == 0) {
			utf8[0] = '\0';
			return IKE_ERR_GSS_ID;
		}
		n += k;
	}
	utf8[n] = '\0';
	return IKE_OK;
}

void
pld_gss_id_encode(struct writer *w, const char *utf8)
{
	const uint8_t *p = (const uint8_t *)utf8;

	while (*p != '\0') {
		uint32_t cp = *p++;

		if (cp >= 0xe0 && cp < 0xf0 && (p[0] & 0xc0) == 0x80 && (p[1] & 0xc0) == 0x80) {
			cp = (cp & 0x0f) << 12 | (uint32_t)(p[0] & 0x3f) << 6 | (p[1] & 0x3f);
			p += 2;
		} else if (cp >= 0xc0 && cp < 0xe0 && (p[0] & 0xc0) == 0x80) {
			cp = (cp & 0x1f) << 6 | (p[0] & 0x3f);
			p++;
		} else if (cp >= 0x80) {
			cp = '?';
		}
		writer_u8(w, (uint8_t)cp);
		writer_u8(w, (uint8_t)(cp >> 8));
	}
}
