/* The sections rule: traffic that is protected without any call of a program. */
#include "config/read.h"

#include <arpa/inet.h>
#include <string.h>

#include "config/fault.h"
#include "config/field.h"
#include "config/number.h"
#include "config/words.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))
#define ADDRESS_TEXT_MAX 64
#define TARGET_MAX 138 /* of WSASetSocketPeerTargetName() */

static const struct word words_action[] = {
#define X(id, word) { word, id, NULL },
	RULE_ACTIONS(X)
#undef X
	    { NULL, 0, NULL },
};

static const struct word words_protocol[] = {
	{ "any", 0, NULL },
	{ "tcp", 6, NULL },
	{ "udp", 17, NULL },
	{ NULL, 0, NULL },
};

int
read_name(cfg_t *section, char name[RULE_NAME_BYTES], struct config_error *err)
{
	const char *title = cfg_title(section);
	size_t n = strlen(title);

	if (n == 0 || n >= RULE_NAME_BYTES)
		return config_fail(err, tree_line(section),
		    "a name has 1 to %d characters, this one %zu", RULE_NAME_BYTES - 1,
		    n);
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)title[i] < ' ' || title[i] == 0x7f ||
		    title[i] == '"')
			return config_fail(err, tree_line(section),
			    "the name has a quote or control character in it: remove "
			    "it");
	memcpy(name, title, n + 1);
	return 0;
}

/* Are the bits behind the prefix zero? */
static bool
is_network(const struct prefix *p)
{
	for (unsigned i = 0; i < 16; i++) {
		unsigned left = p->bits > i * 8 ? p->bits - i * 8 : 0;

		if ((p->addr.b[i] & (left >= 8 ? 0 : 0xffu >> left)) != 0)
			return false;
	}
	return true;
}

/* ADDRESS or ADDRESS/BITS of either family. */
static bool
prefix_parse(const char *text, struct prefix *p)
{
	char host[ADDRESS_TEXT_MAX];
	const char *slash = strchr(text, '/');
	size_t n = slash != NULL ? (size_t)(slash - text) : strlen(text);
	uint32_t bits;

	memset(p, 0, sizeof(*p));
	if (n >= sizeof(host))
		return false;
	memcpy(host, text, n);
	host[n] = '\0';
	if (inet_pton(AF_INET, host, p->addr.b) == 1)
		p->addr.family = 4;
	else if (inet_pton(AF_INET6, host, p->addr.b) == 1)
		p->addr.family = 6;
	else
		return false;
	bits = 8 * address_len_bytes(&p->addr);
	if (slash != NULL &&
	    (!number_parse(slash + 1, &bits) || bits > 8 * address_len_bytes(&p->addr)))
		return false;
	p->bits = (uint8_t)bits;
	return true;
}

static int
read_prefix(cfg_t *s, const char *name, struct prefix *p, struct config_error *err)
{
	const struct config_value *v = tree_value(s, name, 0);

	memset(p, 0, sizeof(*p));
	if (v == NULL || strcmp(v->text, "any") == 0)
		return 0;
	if (!prefix_parse(v->text, p))
		return config_fail(err, v->line,
		    "%s = '%.60s' is no address: write one such as 10.1.2.3, "
		    "10.1.0.0/16 or fd00::/8, or any",
		    name, v->text);
	if (!is_network(p))
		return config_fail(err, v->line,
		    "%s = '%.60s' has bits behind the first %u: write them as 0", name,
		    v->text, p->bits);
	return 0;
}

/* The policy of that name; *index stays as it is if the option is not written. */
static int
read_policy_name(cfg_t *s, const char *option, const struct config *c, uint32_t *index,
    struct config_error *err)
{
	const struct config_value *v = tree_value(s, option, 0);

	if (v == NULL)
		return 0;
	for (uint32_t i = 0; i < c->n_named_policy; i++)
		if (strcmp(c->named_policy[i].name, v->text) == 0) {
			*index = i + 1;
			return 0;
		}
	return config_fail(err, v->line,
	    "there is no policy \"%.63s\": write one, as in policy \"%.63s\" { ... }",
	    v->text, v->text);
}

static int
read_word(cfg_t *s, const char *option, const struct word *words, int *value,
    struct config_error *err)
{
	const struct config_value *v = tree_value(s, option, 0);
	char why[256];

	if (v == NULL || word_parse(words, "value", v->text, value, why, sizeof(why)))
		return 0;
	return config_fail(err, v->line, "%s: %s", option, why);
}

static int
check_families(cfg_t *s, const struct rule *r, struct config_error *err)
{
	if (r->local.addr.family == 0 || r->remote.addr.family == 0 ||
	    r->local.addr.family == r->remote.addr.family)
		return 0;
	return config_fail(err, tree_line(s),
	    "rule \"%s\": local and remote are of different families: write two rules",
	    r->name);
}

static int
read_selector(cfg_t *s, struct rule *r, struct config_error *err)
{
	static const struct field port[] = {
		{ "local_port", FIELD_UINT16, offsetof(struct rule, local_port), 0,
		    UINT16_MAX },
		{ "remote_port", FIELD_UINT16, offsetof(struct rule, remote_port), 0,
		    UINT16_MAX },
	};
	int protocol = 0, action = -1;

	if (read_prefix(s, "local", &r->local, err) < 0 ||
	    read_prefix(s, "remote", &r->remote, err) < 0 ||
	    read_word(s, "protocol", words_protocol, &protocol, err) < 0 ||
	    read_word(s, "action", words_action, &action, err) < 0 ||
	    fields_read(s, port, COUNT_OF(port), r, err) < 0)
		return -1;
	if (action < 0)
		return config_fail(err, tree_line(s),
		    "rule \"%s\" says no action: write action = require-in-out, "
		    "request-in-out, require-in-request-out or exempt",
		    r->name);
	r->protocol = (uint8_t)protocol;
	r->action = (enum rule_action)action;
	return check_families(s, r, err);
}

/* It has nothing to negotiate. */
static int
check_exempt(cfg_t *s, const struct rule *r, struct config_error *err)
{
	static const char *const option[] = { "policy", "authentication", "target_name",
		"encryption" };

	for (size_t i = 0; rule_is_exempt(r) && i < COUNT_OF(option); i++) {
		const struct config_value *v = tree_value(s, option[i], 0);

		if (v != NULL)
			return config_fail(err, v->line,
			    "rule \"%s\" is exempt, so that nothing is negotiated: "
			    "remove %s, or write another action",
			    r->name, option[i]);
	}
	return 0;
}

static int
read_rule(
    cfg_t *s, const struct config *c, struct config_rule *r, struct config_error *err)
{
	static const struct field field[] = {
		{ "target_name", FIELD_TEXT, offsetof(struct config_rule, target_name),
		    1, TARGET_MAX },
		{ "encryption", FIELD_BOOL, offsetof(struct config_rule, encryption), 0,
		    1 },
	};
	struct policy p;

	if (read_name(s, r->rule.name, err) < 0 ||
	    read_selector(s, &r->rule, err) < 0 || check_exempt(s, &r->rule, err) < 0 ||
	    read_policy_name(s, "policy", c, &r->policy, err) < 0)
		return -1;
	r->authentication = r->policy;
	if (read_policy_name(s, "authentication", c, &r->authentication, err) < 0 ||
	    fields_read(s, field, COUNT_OF(field), r, err) < 0)
		return -1;
	config_rule_policy(c, r, &p);
	if (r->encryption != 0 && !policy_keep_encrypting(&p))
		return config_fail(err, tree_line(s),
		    "rule \"%s\" wants encryption, and no quick-mode proposal of its "
		    "policy "
		    "encrypts: add one such as esp-aes128-sha1",
		    r->rule.name);
	return 0;
}

/* Every rule has a mark, and our own packets have one that no rule catches. */
static int
check_marks(cfg_t *root, const struct config *c, struct config_error *err)
{
	uint32_t most = c->mark_mask / (c->mark_mask & -c->mark_mask);
	uint32_t room = most - c->mark_value + 1;

	if (c->n_rule == 0)
		return 0;
	if (c->rule_priority + c->n_rule + 2 >= 32766)
		return config_fail(err, tree_line(cfg_getnsec(root, "rule", 0)),
		    "rule_priority = %u leaves no room for %u rules below that of the "
		    "system: "
		    "write a smaller number, such as 5270",
		    c->rule_priority, c->n_rule);
	if (room >= 3 + c->n_rule + 1)
		return 0;
	return config_fail(err, tree_line(cfg_getnsec(root, "rule", 0)),
	    "mark_mask 0x%08x has no room for %u rules: write a mask with more bits, "
	    "such as "
	    "0x7ff00000",
	    c->mark_mask, c->n_rule);
}

int
read_rules(cfg_t *root, struct config *c, struct config_error *err)
{
	for (unsigned int i = 0; i < cfg_size(root, "rule"); i++) {
		cfg_t *s = cfg_getnsec(root, "rule", i);

		if (i == CONFIG_MAX_RULES)
			return config_fail(err, tree_line(s),
			    "too many rules: write at most %d", CONFIG_MAX_RULES);
		if (read_rule(s, c, &c->rule[i], err) < 0)
			return -1;
		c->n_rule = i + 1;
	}
	return check_marks(root, c, err);
}

static const struct policy *
policy_number(const struct config *c, uint32_t i)
{
	return i == 0 ? &c->policy : &c->named_policy[i - 1].policy;
}

void
config_rule_policy(
    const struct config *c, const struct config_rule *r, struct policy *out)
{
	const struct policy *auth = policy_number(c, r->authentication);

	*out = *policy_number(c, r->policy);
	memcpy(out->mm_auth, auth->mm_auth, sizeof(out->mm_auth));
	memcpy(out->em_auth, auth->em_auth, sizeof(out->em_auth));
	out->keying = auth->keying;
	out->n_mm_auth = auth->n_mm_auth;
	out->n_em_auth = auth->n_em_auth;
	/* What peers are told: who guarantees encryption takes nothing in clear. */
	out->nd = r->encryption != 0		  ? ND_OFF :
		  rule_allows_clear_in(&r->rule)  ? ND_BOUNDARY :
		  rule_allows_clear_out(&r->rule) ? ND_OUTBOUND :
						    ND_OFF;
}
