/* Requests of NETLINK_XFRM: states. */
#include "daemon/xfrm_message.h"

#include <sys/socket.h>
#include <arpa/inet.h>
#include <linux/udp.h>
#include <linux/xfrm.h>

#include <libmnl/libmnl.h>

#include "daemon/xfrm_algo.h"
#include "daemon/xfrm_part.h"

#define SPI_FIRST 0x100u
#define SEQUENCE_SOFT 0xe0000000u

void
xfrm_sa_name_of(const struct action_sa_add *a, struct xfrm_sa_name *out)
{
	const struct address *local = &a->selector.local.addr;
	const struct address *remote = &a->selector.remote.addr;

	if (a->nat.local.port != 0) {
		local = &a->nat.local.addr;
		remote = &a->nat.remote.addr;
	}
	out->protocol = a->protocol;
	out->spi = a->spi;
	out->from = a->inbound ? *remote : *local;
	out->to = a->inbound ? *local : *remote;
}

void
xfrm_message_any_keys(struct action_sa_add *a)
{
	struct xfrm_algo_names names;

	if (!xfrm_algo_find(a->protocol, a->cipher, a->integrity, &names))
		return;
	a->cipher_key.n = names.cipher_key_n;
	a->integrity_key.n = names.auth_key_n;
	for (size_t i = 0; i < SECRET_MAX_BYTES; i++)
		a->cipher_key.b[i] = a->integrity_key.b[i] = (uint8_t)(i * 37 + 11);
}

static void
put_key(struct nlmsghdr *nlh, uint16_t type, const char *name, const struct secret *key,
    uint32_t icv_bits)
{
	/* The three structures differ in one number between name and key. */
	uint8_t b[sizeof(struct xfrm_algo_aead) + SECRET_MAX_BYTES] = { 0 };
	struct xfrm_algo_aead *aead =
	    (struct xfrm_algo_aead *)b; /* as xfrm_algo_auth */
	struct xfrm_algo *plain = (struct xfrm_algo *)b;
	size_t head_n = type == XFRMA_ALG_CRYPT ? sizeof(*plain) : sizeof(*aead);

	_Static_assert(sizeof(struct xfrm_algo_auth) == sizeof(struct xfrm_algo_aead) &&
			   offsetof(struct xfrm_algo_auth, alg_trunc_len) ==
			       offsetof(struct xfrm_algo_aead, alg_icv_len),
	    "the kernel's structures for authentication and AEAD are alike");
	memcpy(aead->alg_name, name, strlen(name));
	aead->alg_key_len = (uint32_t)key->n * 8;
	if (type != XFRMA_ALG_CRYPT)
		aead->alg_icv_len = icv_bits;
	memcpy(b + head_n, key->b, key->n);
	mnl_attr_put(nlh, type, head_n + key->n, b);
	secret_wipe_bytes(b, sizeof(b));
}

static void
put_keys(struct nlmsghdr *nlh, const struct action_sa_add *a)
{
	struct xfrm_algo_names names;

	if (!xfrm_algo_find(a->protocol, a->cipher, a->integrity, &names))
		return; /* the kernel refuses a state without algorithms */
	if (names.aead != NULL)
		put_key(
		    nlh, XFRMA_ALG_AEAD, names.aead, &a->cipher_key, names.icv_bits);
	if (names.cipher != NULL)
		put_key(nlh, XFRMA_ALG_CRYPT, names.cipher, &a->cipher_key, 0);
	if (names.auth != NULL)
		put_key(nlh, XFRMA_ALG_AUTH_TRUNC, names.auth, &a->integrity_key,
		    names.icv_bits);
}

/* A window of more than 32 needs this attribute; without the flag ESN stays off. */
static void
put_replay(struct nlmsghdr *nlh, uint32_t window)
{
	uint8_t b[sizeof(struct xfrm_replay_state_esn) + 4096 / 8] = { 0 };
	struct xfrm_replay_state_esn *r = (struct xfrm_replay_state_esn *)b;

	r->bmp_len = (window + 31) / 32;
	r->replay_window = window;
	mnl_attr_put(nlh, XFRMA_REPLAY_ESN_VAL, sizeof(*r) + r->bmp_len * 4, b);
}

static void
put_encap(struct nlmsghdr *nlh, const struct action_sa_add *a)
{
	const struct endpoint *from = a->inbound ? &a->nat.remote : &a->nat.local;
	const struct endpoint *to = a->inbound ? &a->nat.local : &a->nat.remote;
	struct xfrm_encap_tmpl e = {
		.encap_type = UDP_ENCAP_ESPINUDP,
		.encap_sport = htons(from->port),
		.encap_dport = htons(to->port),
	};

	mnl_attr_put(nlh, XFRMA_ENCAP, sizeof(e), &e);
}

static void
fill_lifetimes(struct xfrm_lifetime_cfg *l, const struct action_sa_add *a)
{
	*l = xfrm_part_lifetime_none();
	l->soft_packet_limit = SEQUENCE_SOFT;
	l->hard_packet_limit = UINT32_MAX;
	if (a->lifetime_bytes != 0)
		l->hard_byte_limit = a->lifetime_bytes;
	if (a->soft_bytes != 0)
		l->soft_byte_limit = a->soft_bytes;
	l->hard_add_expires_seconds = a->lifetime_s;
	if (a->soft_ms != 0 && a->soft_ms / 1000 < a->lifetime_s)
		l->soft_add_expires_seconds = a->soft_ms / 1000 + 1;
}

struct nlmsghdr *
xfrm_message_sa_add(void *buf, const struct action_sa_add *a, uint32_t reqid,
    struct xfrm_mark_value mark, bool update)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct xfrm_usersa_info *x = mnl_nlmsg_put_extra_header(nlh, sizeof(*x));
	struct xfrm_sa_name name;

	nlh->nlmsg_type = update ? XFRM_MSG_UPDSA : XFRM_MSG_NEWSA;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	xfrm_sa_name_of(a, &name);
	xfrm_part_selector(&x->sel, &a->selector, a->inbound, 255, 255);
	xfrm_part_address(&x->id.daddr, &name.to);
	xfrm_part_address(&x->saddr, &name.from);
	x->id.spi = htonl(a->spi);
	x->id.proto = a->protocol;
	x->family = name.to.family == 4 ? AF_INET : AF_INET6;
	x->mode = XFRM_MODE_TRANSPORT;
	x->reqid = reqid;
	fill_lifetimes(&x->lft, a);
	put_keys(nlh, a);
	put_replay(nlh, a->replay_window);
	if (a->nat.local.port != 0)
		put_encap(nlh, a);
	if (a->inbound && mark.mask != 0) { /* so that answers without a socket find the class again */
		mnl_attr_put_u32(nlh, XFRMA_SET_MARK, mark.value);
		mnl_attr_put_u32(nlh, XFRMA_SET_MARK_MASK, mark.mask);
	}
	return nlh;
}

static void
put_sa_id(struct nlmsghdr *nlh, const struct xfrm_sa_name *s)
{
	struct xfrm_usersa_id *id = mnl_nlmsg_put_extra_header(nlh, sizeof(*id));

	xfrm_part_address(&id->daddr, &s->to);
	id->spi = htonl(s->spi);
	id->proto = s->protocol;
	id->family = s->to.family == 4 ? AF_INET : AF_INET6;
}

struct nlmsghdr *
xfrm_message_sa_delete(
    void *buf, const struct xfrm_sa_name *s, struct xfrm_mark_value mark)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = XFRM_MSG_DELSA;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	put_sa_id(nlh, s);
	xfrm_part_mark(nlh, mark);
	return nlh;
}

struct nlmsghdr *
xfrm_message_sa_get(void *buf, const struct xfrm_sa_name *s)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = XFRM_MSG_GETSA;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	put_sa_id(nlh, s);
	return nlh;
}

struct nlmsghdr *
xfrm_message_spi_alloc(void *buf, const struct xfrm_sa_name *s, uint32_t reqid,
    uint32_t seq, struct xfrm_mark_value mark)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct xfrm_userspi_info *p = mnl_nlmsg_put_extra_header(nlh, sizeof(*p));

	nlh->nlmsg_type = XFRM_MSG_ALLOCSPI;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	xfrm_part_address(&p->info.id.daddr, &s->to);
	xfrm_part_address(&p->info.saddr, &s->from);
	p->info.id.proto = s->protocol;
	p->info.family = s->to.family == 4 ? AF_INET : AF_INET6;
	p->info.mode = XFRM_MODE_TRANSPORT;
	p->info.reqid = reqid;
	p->info.seq = seq;
	p->min = SPI_FIRST;
	p->max = UINT32_MAX;
	xfrm_part_mark(nlh, mark);
	return nlh;
}

struct nlmsghdr *
xfrm_message_dump(void *buf, uint16_t type)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	if (type == XFRM_MSG_GETPOLICY)
		(void)mnl_nlmsg_put_extra_header(
		    nlh, sizeof(struct xfrm_userpolicy_id));
	else
		(void)mnl_nlmsg_put_extra_header(nlh, sizeof(struct xfrm_usersa_id));
	return nlh;
}
