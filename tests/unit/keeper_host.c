/* The host of keeper under test: what the kernel and the files of a real one would do. */
#include "config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/auth_method.h"
#include "daemon/account.h"
#include "daemon/gate.h"
#include "daemon/net_reply.h"
#include "daemon/net_exempt.h"
#include "daemon/net_rules.h"
#include "daemon/net_sockets.h"
#include "daemon/net_table.h"
#include "daemon/secure_socket.h"
#include "tests/unit/keeper_rig.h"

static bool
is_live(uint32_t class_id)
{
	for (size_t i = 0; i < RIG_LIVE; i++)
		if (rig.live_class[i] == class_id)
			return class_id != 0;
	return false;
}

/* ---- the kernel ---- */

uint32_t
net_mark(const struct config *c, uint32_t class_id)
{
	return class_id << __builtin_ctz(c->mark_mask);
}

uint32_t
net_class_limit(const struct config *c)
{
	(void)c;
	return CLASS_MAX - 1; /* one id that a message can name and that has no mark */
}

static bool
up(uint32_t class_id)
{
	rig_promise(
	    class_id > 0 && class_id < CLASS_MAX, "a class without a mark is made");
	rig_promise(!rig.is_up[class_id], "a class that exists is made");
	return rig.is_up[class_id] =
		   !rig.may_not_make && class_id != rig.may_not_make_one;
}

static void
down(uint32_t class_id)
{
	rig_promise(class_id > CLASS_PREDEFINED, "a predefined class ends");
	rig_promise(!is_live(class_id), "the class of a live socket ends");
	rig.is_up[class_id] = false;
}

bool
net_class_up(const struct config *c, uint32_t class_id, struct net_tun *tun)
{
	(void)c;
	if (!up(class_id))
		return false;
	tun->fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	tun->ifindex = 100 + class_id;
	return tun->fd >= 0;
}

void
net_class_down(
    const struct config *c, uint32_t class_id, struct net_tun *tun, bool keep)
{
	(void)c;
	if (tun->fd < 0)
		return;
	if (!keep)
		down(class_id);
	close(tun->fd);
	tun->fd = -1;
}

void
net_class_remove(const struct config *c, uint32_t class_id)
{
	(void)c;
	(void)class_id;
}

bool
xfrm_class_up(struct xfrm *x, uint32_t class_id, const struct class_spec *spec)
{
	(void)x;
	rig_promise(spec == NULL || class_spec_is_sane(spec), "a class of nonsense");
	return up(class_id);
}

bool
xfrm_class_is_up(const struct xfrm *x, uint32_t class_id)
{
	(void)x;
	return rig.is_up[class_id];
}

void
xfrm_class_down(struct xfrm *x, uint32_t class_id, bool keep)
{
	(void)x;
	if (!keep)
		down(class_id);
}

void
xfrm_class_guard(struct xfrm *x, uint32_t class_id)
{
	(void)x;
	rig.has_guard[class_id] = true;
}

size_t
xfrm_socket_policy(
    const struct xfrm *x, uint32_t class_id, uint8_t family, uint8_t *buf, size_t cap)
{
	(void)x;
	(void)family;
	memset(buf, (int)class_id, cap);
	return 168;
}

void
xfrm_connect(struct xfrm *x, int fd)
{
	(void)x;
	close(fd);
}

bool
net_reply_up(const struct config *c, const char *run_dir)
{
	(void)c;
	(void)run_dir;
	return true;
}

void
net_table_note(struct net_table *t)
{
	(void)t;
}

bool
net_reply_add_class(const struct config *c, uint32_t class_id, bool is_rule)
{
	(void)c;
	(void)is_rule;
	rig_promise(rig.is_up[class_id], "replies of a class that is not there");
	return true;
}

bool
net_reply_allow_clear(const struct config *c, uint32_t class_id)
{
	(void)c;
	(void)class_id;
	return true;
}

void
net_reply_remove_class(const struct config *c, uint32_t class_id)
{
	(void)c;
	rig_promise(!is_live(class_id), "replies of a live socket leave in clear");
}

void
net_reply_down(const char *run_dir)
{
	(void)run_dir;
}

bool
net_socket_packet_skip(int fd, const uint32_t *skip, size_t n_skip)
{
	(void)fd;
	for (size_t i = 0; i < n_skip; i++)
		rig_promise(rig.is_up[skip[i] - 100], "a device that is not there");
	return true;
}

void
net_routes_add_class(struct net_routes *r, uint32_t class_id)
{
	(void)r;
	(void)class_id;
}

void
gate_forget(uint32_t ifindex)
{
	(void)ifindex;
}

void
gate_end(uint64_t cookie)
{
	rig.ended = cookie;
}

bool
net_exempt(const struct config *c, bool has_rules)
{
	(void)c;
	(void)has_rules;
	return true;
}

bool
net_rules_set(const struct config *c, const struct net_rule *list, size_t n)
{
	(void)c;
	rig_promise(n <= CONFIG_MAX_RULES, "too many rules");
	for (size_t i = 0; i < n; i++) {
		rig_promise(rig.is_up[list[i].class_id], "a rule of no class");
		rig_promise(memchr(list[i].rule->name, '\0', RULE_NAME_BYTES) != NULL &&
				(unsigned)list[i].rule->action < RULE_ACTION_COUNT,
		    "a rule of nonsense");
	}
	rig.n_rules = n;
	return true;
}

void
xfrm_secured_restore(struct xfrm *x, const struct proto_flow_secured *m)
{
	(void)x;
	(void)m;
}

bool
xfrm_rules_set(struct xfrm *x, const uint32_t *class_id, size_t n)
{
	(void)x;
	rig_promise(n <= CONFIG_MAX_RULES, "too many rules");
	for (size_t i = 0; i < n; i++)
		rig_promise(rig.is_up[class_id[i]], "a rule of no class");
	rig.n_rules = n;
	return true;
}

/* ---- application sockets ---- */

/* A socket is marked for a class that is up, with the gate of that; or with nothing. */
static void
check_gate(int fd, const struct secure_gate *g)
{
	uint32_t class_id = g->mark >> __builtin_ctz(g->mask);
	bool is_its_own =
	    rig.k.xfrm != NULL ?
		g->policy_n == 168 && *(const uint8_t *)g->policy == (uint8_t)class_id :
		g->ifindex == 100 + class_id;

	if (class_id == 0)
		is_its_own = g->policy_n == 0 && g->ifindex == 0;
	rig_promise(fcntl(fd, F_GETFD) >= 0, "a descriptor that is none");
	rig_promise(class_id == 0 || (class_id <= CLASS_MAX && rig.is_up[class_id]),
	    "a mark of no class");
	rig_promise(is_its_own, "a gate of another class");
}

uint32_t
secure_socket(int fd, const struct secure_gate *gate, struct secure_socket_result *out)
{
	check_gate(fd, gate);
	rig.n_secured++;
	*out =
	    (struct secure_socket_result){ .cookie = 77, .family = 4, .protocol = 6 };
	return 0;
}

uint32_t
secure_socket_move(int fd, const struct secure_gate *from, const struct secure_gate *to,
    struct secure_socket_result *out)
{
	check_gate(fd, from);
	rig.n_moved++;
	return secure_socket(fd, to, out);
}

uint32_t
account_group(const char *name)
{
	(void)name;
	return CONFIG_NO_GROUP;
}

bool
account_may_wait(const struct config_identity *c, const struct proto_identity_ask *ask)
{
	(void)c;
	rig_promise(
	    memchr(ask->peer, '\0', sizeof(ask->peer)) != NULL, "a name without end");
	rig.n_looked_up++;
	return rig.has_directory;
}

/* Keys are nothing that keeper asks for here. */
bool
auth_methods_check(const struct config *c, config_tell *tell, char *err, size_t cap)
{
	(void)c;
	(void)tell;
	(void)err;
	(void)cap;
	return true;
}

/* That of a directory is always late for one user, and breaks with another one. */
void
account_look(const struct config_identity *c, const struct proto_identity_ask *ask,
    struct account_found *out)
{
	(void)c;
	while (rig.has_directory && ask->uid == RIG_LATE)
		pause();
	if (rig.has_directory && ask->uid == RIG_BREAKS)
		_exit(1);
	memset(out, 0, sizeof(*out));
}

void
account_refuse(struct account_found *out, const char *why)
{
	memset(out, 0, sizeof(*out));
	out->reply.winsock_error = why != NULL ? 10013 : 0;
}

void
account_tell(const struct proto_identity_ask *ask, const struct account_found *found)
{
	(void)ask;
	(void)found;
}

bool
keeper_class_has_sockets(const struct keeper *k, uint32_t class_id)
{
	(void)k;
	return is_live(class_id);
}

void
keeper_adopt_class(struct keeper *k, uint32_t class_id)
{
	struct proto_adopt a = { 77, class_id, 1000, 4, 6 };

	(void)ipc_send(k->role[ROLE_NEGOTIATOR].ipc, PROTO_ADOPT, &a, sizeof(a), -1);
}

void
keeper_adopt(struct keeper *k)
{
	keeper_classes_tell(k);
}

void
keeper_count_sockets(struct keeper *k)
{
	(void)k;
}

void
class_file_save(const struct keeper *k)
{
	for (uint32_t id = 1; id <= CLASS_MAX; id++)
		rig_promise(k->class[id] == NULL || class_spec_is_sane(k->class[id]),
		    "nonsense is written down");
}

void
class_file_load(struct keeper *k)
{
	struct class_spec *spec = rig.left != NULL ? malloc(sizeof(*spec)) : NULL;

	if (spec == NULL)
		return;
	*spec = rig.left->spec;
	k->class[rig.left->class_id] = spec;
}
