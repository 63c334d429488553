/* Vendor IDs (MS-IKEE 2.2; spec authip.md 6.1) and NAT-D (RFC 3947 3.2). */
#include <string.h>

#include "ike/payload.h"

/* X(id, name, a number follows, 16 bytes) */
#define VENDORS(X)                                                                           \
	X(VENDOR_MS_NT5, "MS NT5 ISAKMPOAKLEY", true,                                        \
	    "\x1e\x2b\x51\x69\x05\x99\x1c\x7d\x7c\x96\xfc\xbf\xb5\x87\xe4\x61")              \
	X(VENDOR_KEY_MODS, "KEY_MODS", true,                                                 \
	    "\x01\x52\x8b\xbb\xc0\x06\x96\x12\x18\x49\xab\x9a\x1c\x5b\x2a\x51")              \
	X(VENDOR_GSSAPI, "GSSAPI", false,                                                    \
	    "\x62\x1b\x04\xbb\x09\x88\x2a\xc1\xe1\x59\x35\xfe\xfa\x24\xae\xee")              \
	X(VENDOR_INITIAL_CONTACT, "Vid-Initial-Contact", false,                              \
	    "\x26\x24\x4d\x38\xed\xdb\x61\xb3\x17\x2a\x36\xe3\xd0\xcf\xb8\x19")              \
	X(VENDOR_NLBS_PRESENT, "NLBS_PRESENT", false,                                        \
	    "\x72\x87\x2b\x95\xfc\xda\x2e\xb7\x08\xef\xe3\x22\x11\x9b\x49\x71")              \
	X(VENDOR_FRAGMENTATION, "FRAGMENTATION", true,                                       \
	    "\x40\x48\xb7\xd5\x6e\xbc\xe8\x85\x25\xe7\xde\x7f\x00\xd6\xc2\xd3")              \
	X(VENDOR_RFC3947, "RFC 3947", false,                                                 \
	    "\x4a\x13\x1c\x81\x07\x03\x58\x45\x5c\x57\x28\xf2\x0e\x95\x45\x2f")              \
	X(VENDOR_NATT_02N, "draft-ietf-ipsec-nat-t-ike-02\\n", false,                        \
	    "\x90\xcb\x80\x91\x3e\xbb\x69\x6e\x08\x63\x81\xb5\xec\x42\x7b\x1f")              \
	X(VENDOR_NATT_02, "draft-ietf-ipsec-nat-t-ike-02", false,                            \
	    "\xcd\x60\x46\x43\x35\xdf\x21\xf8\x7c\xfd\xb2\xfc\x68\xb6\xa4\x48")              \
	X(VENDOR_NATT_03, "draft-ietf-ipsec-nat-t-ike-03", false,                            \
	    "\x7d\x94\x19\xa6\x53\x10\xca\x6f\x2c\x17\x9d\x92\x15\x52\x9d\x56")              \
	X(VENDOR_MAMIE_EXISTS, "MS-MamieExists", false,                                      \
	    "\x21\x4c\xa4\xfa\xff\xa7\xf3\x2d\x67\x48\xe5\x30\x33\x95\xae\x83")              \
	X(VENDOR_CGA, "IKE CGA version 1", false,                                            \
	    "\xe3\xa5\x96\x6a\x76\x37\x9f\xe7\x07\x22\x82\x31\xe5\xce\x86\x52")              \
	X(VENDOR_ND_CAPABLE, "MS-Negotiation Discovery Capable", false,                      \
	    "\xfb\x1d\xe3\xcd\xf3\x41\xb7\xea\x16\xb7\xe5\xbe\x08\x55\xf1\x20")              \
	X(VENDOR_DH_GROUP, "AUTHIP_INIT_KE_DH_GROUP", true,                                  \
	    "\x7b\xb9\x38\x67\xd7\x6c\x8d\x80\xdf\x0f\x40\xfa\xe8\xfc\x3b\x19")              \
	X(VENDOR_DPD, "dead peer detection 1.0 (RFC 3706)", false,                           \
	    "\xaf\xca\xd7\x13\x68\xa1\xf1\xc9\x6b\x86\x96\xfc\x77\x57\x01\x00")

struct vendor_row {
	const char *name;
	bool with_number;
	const char *bytes;
};

static const struct vendor_row vendor_table[VENDOR_COUNT] = {
#define X(id, name, number, bytes) [id] = { name, number, bytes },
	VENDORS(X)
#undef X
};

#define VENDOR_ID_BYTES 16

enum ike_vendor
pld_vendor_decode(struct span body, uint32_t *number)
{
	struct cursor c;

	*number = 0;
	if (body.n < VENDOR_ID_BYTES)
		return VENDOR_UNKNOWN;
	for (int v = 1; v < VENDOR_COUNT; v++) {
		if (memcmp(vendor_table[v].bytes, body.p, VENDOR_ID_BYTES) != 0)
			continue;
		if (body.n > VENDOR_ID_BYTES && !vendor_table[v].with_number)
			continue;
		cursor_init(&c, body);
		cursor_skip(&c, VENDOR_ID_BYTES);
		if (vendor_table[v].with_number && body.n >= VENDOR_ID_BYTES + 4)
			*number = cursor_u32(&c);
		return (enum ike_vendor)v;
	}
	return VENDOR_UNKNOWN;
}

void
pld_vendor_encode(struct writer *w, enum ike_vendor v, uint32_t number)
{
	if (v <= VENDOR_UNKNOWN || v >= VENDOR_COUNT)
		return;
	writer_bytes(w, span_of(vendor_table[v].bytes, VENDOR_ID_BYTES));
	/* Windows' FRAGMENTATION has no capability bytes. */
	if (vendor_table[v].with_number && v != VENDOR_FRAGMENTATION)
		writer_u32(w, number);
}

const char *
pld_vendor_name(enum ike_vendor v)
{
	return v > VENDOR_UNKNOWN && v < VENDOR_COUNT ? vendor_table[v].name : "unknown";
}

bool
pld_natd_compute(enum hash_id hash, const uint8_t *icookie, const uint8_t *rcookie,
    const struct endpoint *e, uint8_t *out)
{
	uint8_t port[2] = { (uint8_t)(e->port >> 8), (uint8_t)e->port };
	struct span part[4] = {
		span_of(icookie, COOKIE_BYTES),
		span_of(rcookie, COOKIE_BYTES),
		span_of(e->addr.b, address_len_bytes(&e->addr)),
		SPAN_ARRAY(port),
	};

	return hash_digest(hash, part, 4, out);
}
