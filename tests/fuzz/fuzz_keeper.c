/*
 * Any messages of any role to keeper: it never does to the host what an honest keeper does
 * not do (tests/unit/keeper_rig.c), and keeps no descriptor. Input: a byte of settings, then
 * messages: kind, length (two bytes), body.
 */
#include <fcntl.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tests/unit/keeper_rig.h"

#define KIND_WITH_FD 0x40
#define KIND_EXACT 0x80 /* the body is cut or filled to the length of its type */
#define KIND_HOST 15	/* no message: the host changes */

static const struct {
	uint16_t type;
	size_t n;
} kinds[] = {
	{ PROTO_CLASS_ASK, sizeof(struct proto_class_spec) },
	{ PROTO_CLASS_END, sizeof(struct proto_class_id) },
	{ PROTO_SECURE_ASK, sizeof(struct proto_secure_ask) },
	{ PROTO_RULES, sizeof(struct proto_rules) },
	{ PROTO_IDENTITY_ASK, sizeof(struct proto_identity_ask) },
	{ PROTO_RELOAD_ASK, sizeof(struct proto_reload) },
	{ PROTO_SOCKETS_LEFT, sizeof(uint32_t[CLASS_MAX + 1]) },
	{ PROTO_STOPPED, 0 },
	{ PROTO_READY, 0 },
	{ PROTO_START, sizeof(struct config) },
	{ PROTO_SECURE_REPLY, sizeof(struct proto_secure_reply) },
	{ PROTO_FLOW_SECURED, sizeof(struct proto_flow_secured) },
	{ PROTO_FLOW_FORGOTTEN, sizeof(struct proto_flow_secured) },
	{ PROTO_SA_ADD, 64 },
	{ 0, 0 },
	{ 0xffff, 8 },
	{ PROTO_SOCKET_END, sizeof(struct proto_socket_end) },
	{ PROTO_PEER_LOST, sizeof(struct proto_peer) },
};
#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

static uint8_t body[sizeof(struct config) > 65536 ? sizeof(struct config) : 65536];

/* The classes of live sockets, which must exist, and how much room there is. */
static void
change_host(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < RIG_LIVE; i++) {
		uint32_t id = i < n ? p[i] : 0;

		rig.live_class[i] = rig.is_up[id] ? id : 0;
	}
	rig.may_not_make = n > RIG_LIVE && (p[RIG_LIVE] & 1) != 0;
}

/* Four bits name the first ones; a fourth role, which there is not, the others. */
static size_t
index_of(uint8_t kind)
{
	return ((kind & 15u) + ((kind >> 4 & 3) == 3 ? KIND_HOST : 0)) % N_KINDS;
}

static void
say(uint8_t kind, const uint8_t *p, size_t n)
{
	enum role_id from = (enum role_id)(1 + (kind >> 4) % 4 % 3);
	int fd =
	    (kind & KIND_WITH_FD) != 0 ? open("/dev/null", O_RDONLY | O_CLOEXEC) : -1;
	size_t want = kinds[index_of(kind)].n;

	memset(body, 0, sizeof(body));
	memcpy(body, p, n);
	if ((kind & 15) == 0 && (kind & KIND_EXACT) != 0 &&
	    n < want) /* else never sane */
		memcpy(body + offsetof(struct proto_class_spec, spec.policy),
		    &rig.config.policy, sizeof(rig.config.policy));
	rig_say(from, kinds[index_of(kind)].type, body,
	    (kind & KIND_EXACT) != 0 ? want : n, fd);
	FUZZ_ASSERT(fd < 0 || fcntl(fd, F_GETFD) < 0);
	if (rig.n_broken != 0)
		fprintf(stderr, "%s\n", rig.broken);
	FUZZ_ASSERT(rig.n_broken == 0);
}

static bool
all_trusted(void)
{
	return rig_is_trusted(ROLE_NEGOTIATOR) && rig_is_trusted(ROLE_AUTH) &&
	       (rig.k.xfrm != NULL || rig_is_trusted(ROLE_PLANE));
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	if (n == 0)
		return 0;
	rig_begin((p[0] & 1) != 0);
	rig.k.is_stopping = (p[0] & 2) != 0;
	p++;
	n--;
	while (n >= 3 && all_trusted()) {
		size_t len = (size_t)p[1] << 8 | p[2];
		uint8_t kind = p[0];

		p += 3;
		n -= 3;
		if (len > n)
			len = n;
		if ((kind & 15) == KIND_HOST)
			change_host(p, len);
		else
			say(kind, p, len);
		p += len;
		n -= len;
	}
	rig_end();
	return 0;
}
