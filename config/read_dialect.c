/* The sections dialect and peer_dialect. */
#include "config/read.h"

#include <string.h>

#include "config/fault.h"

static int
read_knob(cfg_t *section, const struct dialect_knob *k, struct dialect *d,
    struct config_error *err)
{
	const struct config_value *v = tree_value(section, k->name, 0);
	char choice[128];

	if (v == NULL || dialect_set(d, k, v->text))
		return 0;
	dialect_describe(k, choice, sizeof(choice));
	return config_fail(err, v->line, "%s = '%.40s' is not possible: write %s %s",
	    k->name, v->text, k->word != NULL ? "one of" : "a number from", choice);
}

static int
read_knobs(cfg_t *section, struct dialect *d, struct config_error *err)
{
	size_t n;
	const struct dialect_knob *k = dialect_knobs(&n);

	for (size_t i = 0; i < n; i++)
		if (read_knob(section, &k[i], d, err) < 0)
			return -1;
	return 0;
}

/* What is not written is that of the section dialect. */
static int
read_peer(cfg_t *s, const struct config *c, struct config_peer_dialect *p,
    struct config_error *err)
{
	if (!prefix_read(cfg_title(s), &p->remote, &p->prefix))
		return config_fail(err, tree_line(s),
		    "peer_dialect '%.64s': write the address of the peer, or a prefix such "
		    "as 192.0.2.0/24, with no bits behind it",
		    cfg_title(s));
	p->dialect = c->dialect;
	return read_knobs(s, &p->dialect, err);
}

int
read_dialects(cfg_t *root, struct config *c, struct config_error *err)
{
	cfg_t *s = tree_section(root, "dialect");

	if (s != NULL && read_knobs(s, &c->dialect, err) < 0)
		return -1;
	for (unsigned int i = 0; i < cfg_size(root, "peer_dialect"); i++) {
		s = cfg_getnsec(root, "peer_dialect", i);
		if (i == CONFIG_MAX_PEER_DIALECTS)
			return config_fail(err, tree_line(s),
			    "too many peer_dialect: write at most %d, with shorter prefixes",
			    CONFIG_MAX_PEER_DIALECTS);
		if (read_peer(s, c, &c->peer_dialect[i], err) < 0)
			return -1;
		c->n_peer_dialect = i + 1;
	}
	return 0;
}

static bool
covers(const struct config_peer_dialect *p, const struct address *a)
{
	if (p->remote.family != a->family)
		return false;
	for (uint32_t i = 0; i < p->prefix; i++)
		if (((p->remote.b[i / 8] ^ a->b[i / 8]) & 0x80 >> i % 8) != 0)
			return false;
	return true;
}

const struct dialect *
config_peer_dialect(const struct config *c, const struct address *a)
{
	const struct config_peer_dialect *best = NULL;

	for (uint32_t i = 0; i < c->n_peer_dialect; i++)
		if (covers(&c->peer_dialect[i], a) &&
		    (best == NULL || c->peer_dialect[i].prefix > best->prefix))
			best = &c->peer_dialect[i];
	return best != NULL ? &best->dialect : NULL;
}
