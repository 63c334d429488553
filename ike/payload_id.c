/*
 * ID and NAT-OA payloads (RFC 2407 4.6.2, RFC 3947 5.2; spec authip.md 2.11, 2.14): data
 * length fits the type exactly.
 */
#include <string.h>

#include "ike/payload.h"

static size_t
id_data_len_bytes(uint8_t type)
{
	switch (type) {
	case ID_IPV4:
		return 4;
	case ID_IPV4_SUBNET:
	case ID_IPV4_RANGE:
		return 8;
	case ID_IPV6:
		return 16;
	case ID_IPV6_SUBNET:
	case ID_IPV6_RANGE:
		return 32;
	default:
		return 0;
	}
}

enum ike_err
pld_id_decode(struct span body, struct pld_id *id)
{
	struct cursor c;

	cursor_init(&c, body);
	id->type = cursor_u8(&c);
	id->protocol = cursor_u8(&c);
	id->port = cursor_u16(&c);
	id->data = cursor_rest(&c);
	if (!cursor_ok(&c) || id->data.n == 0 || id->data.n != id_data_len_bytes(id->type))
		return IKE_ERR_ID;
	return IKE_OK;
}

void
pld_id_encode_endpoint(struct writer *w, uint8_t protocol, const struct endpoint *e)
{
	writer_u8(w, e->addr.family == 4 ? ID_IPV4 : ID_IPV6);
	writer_u8(w, protocol);
	writer_u16(w, e->port);
	writer_bytes(w, span_of(e->addr.b, address_len_bytes(&e->addr)));
}

bool
pld_id_to_endpoint(const struct pld_id *id, struct endpoint *e)
{
	memset(e, 0, sizeof(*e));
	if (id->type != ID_IPV4 && id->type != ID_IPV6)
		return false;
	e->addr.family = id->type == ID_IPV4 ? 4 : 6;
	memcpy(e->addr.b, id->data.p, id->data.n);
	e->port = id->port;
	return true;
}

enum ike_err
pld_natoa_decode(struct span body, struct address *a)
{
	struct pld_id id;
	struct endpoint e;

	/* An ID whose protocol and port are reserved. */
	if (pld_id_decode(body, &id) != IKE_OK || !pld_id_to_endpoint(&id, &e))
		return IKE_ERR_ID;
	*a = e.addr;
	return IKE_OK;
}

void
pld_natoa_encode(struct writer *w, const struct address *a)
{
	struct endpoint e = { *a, 0 };

	pld_id_encode_endpoint(w, 0, &e);
}
