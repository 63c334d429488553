/* Which traffic a connection-security rule selects. */
#include "config/rule.h"

bool
prefix_contains(const struct prefix *p, const struct address *a)
{
	unsigned whole = p->bits / 8, rest = p->bits % 8;

	if (p->addr.family == 0)
		return true;
	if (p->addr.family != a->family || memcmp(p->addr.b, a->b, whole) != 0)
		return false;
	return rest == 0 || (p->addr.b[whole] ^ a->b[whole]) >> (8 - rest) == 0;
}

uint8_t
rule_family(const struct rule *r)
{
	return r->local.addr.family != 0 ? r->local.addr.family : r->remote.addr.family;
}

bool
rule_is_between(
    const struct rule *r, const struct address *local, const struct address *remote)
{
	return prefix_contains(&r->local, local) && prefix_contains(&r->remote, remote);
}

bool
rule_selects(const struct rule *r, const struct flow *flow)
{
	/* Windows proposes all protocols at once (0) where its own rule says so. */
	bool protocol =
	    r->protocol != 0 ?
		r->protocol == flow->protocol :
		flow->protocol == 6 || flow->protocol == 17 || flow->protocol == 0;

	return protocol && rule_is_between(r, &flow->local.addr, &flow->remote.addr) &&
	       (r->local_port == 0 || r->local_port == flow->local.port) &&
	       (r->remote_port == 0 || r->remote_port == flow->remote.port);
}

static bool
prefix_covers(const struct prefix *a, const struct prefix *b)
{
	return a->addr.family == 0 || (b->addr.family == a->addr.family &&
					  a->bits <= b->bits && prefix_contains(a, &b->addr));
}

bool
rule_covers(const struct rule *a, const struct rule *b)
{
	return prefix_covers(&a->local, &b->local) && prefix_covers(&a->remote, &b->remote) &&
	       (a->protocol == 0 || a->protocol == b->protocol) &&
	       (a->local_port == 0 || a->local_port == b->local_port) &&
	       (a->remote_port == 0 || a->remote_port == b->remote_port);
}

static bool
prefix_equal(const struct prefix *a, const struct prefix *b)
{
	return a->bits == b->bits && address_equal(&a->addr, &b->addr);
}

bool
rule_equal(const struct rule *a, const struct rule *b)
{
	return strcmp(a->name, b->name) == 0 && prefix_equal(&a->local, &b->local) &&
	       prefix_equal(&a->remote, &b->remote) && a->protocol == b->protocol &&
	       a->local_port == b->local_port && a->remote_port == b->remote_port &&
	       a->action == b->action;
}

bool
rule_is_exempt(const struct rule *r)
{
	return r->action == RULE_EXEMPT;
}

bool
rule_allows_clear_out(const struct rule *r)
{
	return r->action != RULE_REQUIRE;
}

bool
rule_allows_clear_in(const struct rule *r)
{
	return r->action == RULE_REQUEST || r->action == RULE_EXEMPT;
}
