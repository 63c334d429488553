/* The SAs that the simulated hosts were given, and whether both ends have the same. */
#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "tests/sim/simnet_parts.h"

void
sim_sa_add(struct sim_host *h, const struct action_sa_add *a)
{
	struct sim_sa *sa = calloc(1, sizeof(*sa));

	sa->add = *a;
	sa->since_ms = h->net->now_ms;
	sa->next = h->sa;
	h->sa = sa;
	h->n_sa++;
}

void
sim_sa_remove(struct sim_host *h, uint32_t qm_id)
{
	struct sim_sa **at = &h->sa, *sa;

	while ((sa = *at) != NULL) {
		if (sa->add.qm_id != qm_id) {
			at = &sa->next;
			continue;
		}
		*at = sa->next;
		h->n_sa--;
		free(sa);
	}
}

void
sim_sa_move(struct sim_host *h, const struct action_sa_move *m)
{
	for (struct sim_sa *sa = h->sa; sa != NULL; sa = sa->next)
		if (sa->add.qm_id == m->qm_id)
			sa->add.nat.remote = m->remote;
	h->n_moves++;
}

void
sim_sa_free(struct sim_host *h)
{
	struct sim_sa *sa;

	while ((sa = h->sa) != NULL) {
		h->sa = sa->next;
		free(sa);
	}
	h->n_sa = 0;
}

struct sim_sa *
sim_other_direction(const struct sim_host *h, const struct sim_sa *sa)
{
	struct sim_sa *other = h->sa;

	while (other != NULL && (other->add.qm_id != sa->add.qm_id ||
				    other->add.inbound == sa->add.inbound))
		other = other->next;
	return other;
}

struct sim_sa *
sim_newest(const struct sim_host *h, const struct flow *f)
{
	struct sim_sa *sa;

	for (sa = h->sa; sa != NULL; sa = sa->next)
		if (!sa->add.inbound && flow_matches(&sa->add.selector, f) &&
		    sim_other_direction(h, sa) != NULL)
			return sa;
	return NULL;
}

static struct sim_sa *
sa_find(const struct sim_host *h, uint32_t spi, bool inbound)
{
	struct sim_sa *sa = h->sa;

	while (sa != NULL && (sa->add.spi != spi || sa->add.inbound != inbound))
		sa = sa->next;
	return sa;
}

static bool
sa_same(const struct action_sa_add *a, const struct action_sa_add *b)
{
	return a->protocol == b->protocol && a->cipher == b->cipher &&
	       a->integrity == b->integrity && a->cipher_key.n == b->cipher_key.n &&
	       memcmp(a->cipher_key.b, b->cipher_key.b, a->cipher_key.n) == 0 &&
	       a->integrity_key.n == b->integrity_key.n &&
	       a->integrity_key.n == hash_len_bytes(a->integrity) &&
	       (a->integrity != HASH_NONE || cipher_has_integrity(a->cipher)) &&
	       memcmp(a->integrity_key.b, b->integrity_key.b, a->integrity_key.n) ==
		   0 &&
	       a->selector.protocol == b->selector.protocol &&
	       a->selector.local.port == b->selector.remote.port &&
	       a->selector.remote.port == b->selector.local.port &&
	       (a->nat.local.port != 0) == (b->nat.local.port != 0) &&
	       (a->nat.local.port != 0 ||
		   address_equal(&a->selector.local.addr, &b->selector.remote.addr));
}

struct sim_sa *
sim_opens(const struct simnet *net, size_t from_host, const struct sim_sa *sa)
{
	struct sim_sa *other = sa_find(&net->host[1 - from_host], sa->add.spi, true);

	return other != NULL && sa_same(&sa->add, &other->add) ? other : NULL;
}

const struct action_sa_add *
sim_sa_of(const struct simnet *net, size_t host, bool inbound)
{
	const struct sim_sa *sa = net->host[host].sa;

	while (sa != NULL && sa->add.inbound != inbound)
		sa = sa->next;
	if (sa == NULL)
		abort();
	return &sa->add;
}

bool
sim_sas_agree(const struct simnet *net)
{
	for (size_t i = 0; i < SIM_HOSTS; i++)
		for (const struct sim_sa *sa = net->host[i].sa; sa != NULL;
		     sa = sa->next) {
			const struct sim_sa *other =
			    sa_find(&net->host[1 - i], sa->add.spi, !sa->add.inbound);

			if (other == NULL || !sa_same(&sa->add, &other->add))
				return false;
		}
	return true;
}
