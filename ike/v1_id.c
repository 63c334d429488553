/*
 * Identities of IKEv1 main mode (RFC 2407 4.6.2): their form, and what a pre-shared key says
 * about them. What a certificate says about them is the business of auth.
 */
#include <string.h>

#include "ike/v1.h"

#define ID_HEADER_BYTES 4

enum {
	ID_FQDN = 2,
	ID_USER_FQDN = 3,
};

/* X(type, length of its data; 0: any but none) (RFC 2407 4.6.2) */
#define V1_ID_TYPES(X) \
	X(1, 4)        \
	X(2, 0)        \
	X(3, 0)        \
	X(4, 8)        \
	X(5, 16)       \
	X(6, 32)       \
	X(7, 8)        \
	X(8, 32)       \
	X(9, 0)        \
	X(10, 0)       \
	X(11, 0)

enum ike_err
v1_id_check(struct span body)
{
	struct cursor c;
	uint8_t type, protocol;
	uint16_t port;

	cursor_init(&c, body);
	type = cursor_u8(&c);
	protocol = cursor_u8(&c);
	port = cursor_u16(&c);
	if (!cursor_ok(&c) || c.left == 0 || (protocol != 0 && protocol != 17) ||
	    (port != 0 && port != 500 && port != 4500))
		return IKE_ERR_ID;
	switch (type) {
#define X(id, len) \
	case id:   \
		return len == 0 || c.left == len ? IKE_OK : IKE_ERR_ID;
		V1_ID_TYPES(X)
#undef X
	default:
		return IKE_ERR_ID;
	}
}

/*
 * Whoever has the key may say what it likes, so the key alone makes no identity: it is the
 * one that the key was given for, else, if it is an address, that of the peer.
 */
bool
v1_id_has_key(const struct mm_sa *mm, struct span id)
{
	struct auth_part_list list;
	struct span want = SPAN_NONE;
	size_t n = id.n - ID_HEADER_BYTES;

	if (auth_parts_read(blob_span(&mm->v1->parts), &list))
		want = auth_part_data(&list, AUTH_PART_ID);
	if (want.n > ID_HEADER_BYTES)
		return id.n == want.n && id.p[0] == want.p[0] &&
		       memcmp(id.p + ID_HEADER_BYTES, want.p + ID_HEADER_BYTES, n) == 0;
	if (id.p[0] != ID_IPV4 && id.p[0] != ID_IPV6)
		return true;
	return mm->nat_remote ||
	       (n == address_len_bytes(&mm->remote.addr) &&
		   memcmp(id.p + ID_HEADER_BYTES, mm->remote.addr.b, n) == 0);
}

void
v1_id_text(struct text *t, struct span id)
{
	struct address a = { .family = id.p[0] == ID_IPV4 ? 4 : 6 };
	size_t n = id.n - ID_HEADER_BYTES;

	if (id.p[0] == ID_IPV4 || id.p[0] == ID_IPV6) {
		memcpy(a.b, id.p + ID_HEADER_BYTES, address_len_bytes(&a));
		text_address(t, &a);
		return;
	}
	if (id.p[0] != ID_FQDN && id.p[0] != ID_USER_FQDN) {
		text_str(t, "something of type ");
		text_u32(t, id.p[0]);
		return;
	}
	for (size_t i = 0; i < n && i < 64; i++) {
		char c[2] = { (char)id.p[ID_HEADER_BYTES + i], '\0' };

		text_str(t, c[0] > ' ' && c[0] < 0x7f ? c : "?");
	}
}
