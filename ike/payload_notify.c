/* Notify payload (MS-AIPS 2.2.3.5): a flags byte stands where ISAKMP has the SPI size. */
#include "ike/payload.h"

enum ike_err
pld_notify_decode(struct span body, struct pld_notify *n)
{
	struct cursor c;
	uint32_t doi;

	cursor_init(&c, body);
	doi = cursor_u32(&c);
	n->protocol = cursor_u8(&c);
	n->flags = cursor_u8(&c);
	n->type = cursor_u16(&c);
	n->data = cursor_rest(&c);
	return cursor_ok(&c) && doi == 1 ? IKE_OK : IKE_ERR_NOTIFY;
}

void
pld_notify_encode(struct writer *w, const struct pld_notify *n)
{
	writer_u32(w, 1);
	writer_u8(w, n->protocol);
	writer_u8(w, n->flags);
	writer_u16(w, n->type);
	writer_bytes(w, n->data);
}

bool
pld_notify_u32(const struct pld_notify *n, uint32_t *v)
{
	struct cursor c;

	*v = 0;
	if (n->data.n < 4)
		return false;
	cursor_init(&c, n->data);
	cursor_skip(&c, n->data.n - 4); /* an IKEv1-style peer prepends a message ID (A76) */
	*v = cursor_u32(&c);
	return true;
}
