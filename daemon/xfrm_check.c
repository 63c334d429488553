/* What keeper wants of an SA before it is given to the kernel. */
#include <string.h>

#include "daemon/xfrm_algo.h"
#include "daemon/xfrm_state.h"

#define SPI_FIRST 256u /* smaller ones are reserved (RFC 4303 2.1) */
#define REPLAY_MAX 4096u

static bool
address_is_unicast(const struct address *a)
{
	static const uint8_t none[16];

	if (a->family == 4)
		return a->b[0] != 0 && a->b[0] != 127 && a->b[0] < 224;
	return a->family == 6 && a->b[0] != 0xff && memcmp(a->b, none, 15) != 0;
}

static const char *
check_encap(const struct action_sa_add *a)
{
	const struct nat_encap *n = &a->nat;

	if (n->local.port == 0)
		return NULL;
	if (a->protocol != 50 || n->local.addr.family != 4 ||
	    n->remote.addr.family != 4)
		return "UDP encapsulation is for ESP over IPv4";
	if (n->remote.port == 0 || !address_is_unicast(&n->local.addr) ||
	    !address_is_unicast(&n->remote.addr))
		return "bad addresses of the UDP encapsulation";
	return NULL;
}

static const char *
check_keys(const struct xfrm *x, const struct action_sa_add *a)
{
	struct xfrm_algo_names names;

	if (!xfrm_algo_find(a->protocol, a->cipher, a->integrity, &names))
		return "the kernel has no such algorithms";
	if (a->cipher_key.n != names.cipher_key_n ||
	    a->integrity_key.n != names.auth_key_n)
		return "wrong length of a key";
	if (x->class[a->class_id].guarantee_encryption && !cipher_encrypts(a->cipher))
		return "it does not encrypt, and its class guarantees that";
	return NULL;
}

const char *
xfrm_check_sa(const struct xfrm *x, const struct action_sa_add *a)
{
	const struct flow *f = &a->selector;

	if (a->class_id == 0 || a->class_id > CLASS_MAX || !x->class[a->class_id].is_up)
		return "unknown class";
	if (a->qm_id == 0 || a->spi < SPI_FIRST)
		return "bad number";
	if (f->local.addr.family != f->remote.addr.family ||
	    !address_is_unicast(&f->local.addr) || !address_is_unicast(&f->remote.addr))
		return "bad addresses";
	if (a->lifetime_s == 0 || a->replay_window == 0 ||
	    a->replay_window > REPLAY_MAX)
		return "bad lifetime or replay window";
	if (xfrm_class_level(x, a->class_id) == XFRM_LEVEL_REQUIRED &&
	    a->protocol != x->class[a->class_id].protocol)
		return "not the protocol of its class";
	if (check_encap(a) != NULL)
		return check_encap(a);
	return check_keys(x, a);
}
