/*
 * The auth role: holds the private keys, answers the negotiator's PROTO_AUTH_ASK and
 * sees nothing else. It trusts no length and no number of the negotiator, which talks
 * to the network.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/auth_status.h"
#include "daemon/auth_table.h"
#include "daemon/log.h"
#include "daemon/proto.h"
#include "daemon/role.h"

struct auth {
	struct event_base *base;
	struct ipc *keeper;	/* not ours */
	struct ipc *negotiator; /* NULL: not there */
	struct auth_tls *tls;
	struct auth_table dialogues;
};

static uint64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* Without a negotiator nobody will ask again. */
static void
drop_negotiator(struct auth *a)
{
	if (a->negotiator == NULL)
		return;
	ipc_free(a->negotiator);
	a->negotiator = NULL;
	auth_table_clear(&a->dialogues);
}

static void
send_reply(struct auth *a, const struct engine_auth_reply *r)
{
	struct proto_auth_reply m;
	int err;

	memset(&m, 0, sizeof(m)); /* padding travels, too */
	m.handle = r->handle;
	m.status = (uint32_t)r->status;
	m.gss_status = r->gss_status;
	m.retry_possible = r->retry_possible;
	m.secret = r->secret;
	memcpy(m.peer_name, r->peer_name, sizeof(m.peer_name));
	memcpy(m.text, r->text, sizeof(m.text));
	err = ipc_send2(
	    a->negotiator, PROTO_AUTH_REPLY, &m, sizeof(m), r->token.p, r->token.n, -1);
	if (err != 0)
		log_error("auth", "cannot answer the negotiator: %s", strerror(-err));
	secret_wipe(&m.secret);
}

/* A new dialogue in the table, or NULL with the failure in *out. */
static struct auth_dialogue *
begin(struct auth *a, const struct proto_auth_ask *ask, struct engine_auth_reply *out)
{
	struct auth_dialogue *d;

	auth_table_remove(&a->dialogues, ask->handle);
	if (ask->method != AUTH_TLS) {
		auth_fail(out, SEC_E_UNSUPPORTED_FUNCTION,
		    "authentication method %u is not built in: use tls", ask->method);
		return NULL;
	}
	d = auth_dialogue_new(a->tls, ask->initiator, ask->credential);
	if (d == NULL || !auth_table_add(&a->dialogues, ask->handle, d, now_ms())) {
		auth_dialogue_free(d);
		auth_fail(out, SEC_E_INSUFFICIENT_MEMORY,
		    "no memory, or %d authentications are in progress: try again later",
		    AUTH_TABLE_MAX);
		return NULL;
	}
	return d;
}

static struct auth_dialogue *
resume(struct auth *a, const struct proto_auth_ask *ask, struct engine_auth_reply *out)
{
	struct auth_dialogue *d = auth_table_find(&a->dialogues, ask->handle, now_ms());

	if (d == NULL)
		auth_fail(out, SEC_E_INVALID_TOKEN,
		    "this authentication is over, or the peer took more than %d s",
		    AUTH_TABLE_AGE_MS / 1000);
	return d;
}

/* START or STEP: always one reply; what is over leaves the table. */
static void
answer(struct auth *a, const struct proto_auth_ask *ask, struct span token)
{
	struct engine_auth_reply r = { .status = AUTH_CONTINUE };
	struct auth_dialogue *d;

	d = ask->step == AUTH_START ? begin(a, ask, &r) : resume(a, ask, &r);
	if (d != NULL)
		auth_dialogue_step(d, token, &r);
	r.handle = ask->handle;
	if (r.status == AUTH_FAILED)
		log_debug("auth", "dialogue %llu failed with 0x%08x: %s",
		    (unsigned long long)r.handle, r.gss_status, r.text);
	else if (r.status == AUTH_DONE)
		log_debug("auth", "dialogue %llu: the peer is %s",
		    (unsigned long long)r.handle, r.peer_name);
	send_reply(a, &r);
	secret_wipe(&r.secret);
	if (r.status != AUTH_CONTINUE)
		auth_table_remove(&a->dialogues, ask->handle);
}

/* The fixed part of an ask; false if it cannot be one. */
static bool
read_ask(struct span body, struct proto_auth_ask *ask)
{
	if (body.n < sizeof(*ask))
		return false;
	/* A byte other than 0 and 1 must not be read as bool. */
	if (body.p[offsetof(struct proto_auth_ask, initiator)] > 1 ||
	    body.p[offsetof(struct proto_auth_ask, extended_mode)] > 1)
		return false;
	return proto_body(span_of(body.p, sizeof(*ask)), ask, sizeof(*ask)) &&
	       ask->step <= AUTH_ABORT;
}

static void
on_negotiator(void *ctx, uint16_t type, struct span body, int fd)
{
	struct auth *a = ctx;
	struct proto_auth_ask ask;
	size_t expired;

	if (fd >= 0)
		close(fd);
	if (type != PROTO_AUTH_ASK || !read_ask(body, &ask)) {
		log_warn("auth",
		    "ignored a bad message of the negotiator (type %u, %zu bytes)",
		    type, body.n);
		return;
	}
	expired = auth_table_expire(&a->dialogues, now_ms());
	if (expired > 0)
		log_debug("auth", "forgot %zu abandoned dialogues", expired);
	if (ask.step == AUTH_ABORT)
		auth_table_remove(&a->dialogues, ask.handle);
	else
		answer(a, &ask, span_of(body.p + sizeof(ask), body.n - sizeof(ask)));
}

static void
on_negotiator_closed(void *ctx)
{
	size_t n = ((struct auth *)ctx)->dialogues.n;

	if (n > 0)
		log_warn("auth", "the negotiator is gone: %zu dialogues dropped", n);
	drop_negotiator(ctx);
}

static void
log_ready(const struct auth_tls *tls, const struct config *c)
{
	const char *trust =
	    c->trust_file[0] != '\0' ? c->trust_file : "the system's bundle";

	log_info("auth",
	    "%u certificates of this host, %u trusted ones in %s, %u revocation lists",
	    auth_tls_count_own(tls), auth_tls_count_trusted(tls), trust,
	    auth_tls_count_crls(tls));
	if (auth_tls_count_own(tls) == 0)
		log_warn("auth",
		    "no certificate: TLS authentication will fail; set `certificate` "
		    "and `key`");
	if (auth_tls_count_trusted(tls) == 0)
		log_warn("auth",
		    "no trusted certificates: every peer will be refused; set "
		    "`trust`");
}

/* Reads all keys: has to run before privileges are dropped, while it may open files. */
static void *
auth_start(struct event_base *base, const struct config *c, struct ipc *keeper)
{
	struct auth *a = calloc(1, sizeof(*a));
	char err[3 * CONFIG_PATH_MAX];

	if (a == NULL) {
		log_error("auth", "out of memory");
		return NULL;
	}
	a->base = base;
	a->keeper = keeper;
	auth_table_init(&a->dialogues);
	a->tls = auth_tls_new(c, err, sizeof(err));
	if (a->tls == NULL) {
		log_error("auth", "%s", err);
		free(a);
		return NULL;
	}
	log_ready(a->tls, c);
	return a;
}

static void
auth_fd(void *self, uint32_t kind, uint32_t number, int fd)
{
	(void)self;
	(void)number;
	log_warn(
	    "auth", "closed a descriptor of kind %u that this role does not use", kind);
	close(fd);
}

static void
auth_peer(void *self, enum role_id r, int fd)
{
	struct auth *a = self;

	if (r != ROLE_NEGOTIATOR) {
		log_warn(
		    "auth", "closed a channel to %s: not for this role", role_name(r));
		close(fd);
		return;
	}
	drop_negotiator(a);
	a->negotiator = ipc_new(a->base, fd, on_negotiator, on_negotiator_closed, a);
	if (a->negotiator == NULL)
		log_error("auth", "out of memory for the channel to the negotiator");
}

static void
auth_message(void *self, uint16_t type, struct span body, int fd)
{
	(void)self;
	(void)body;
	if (fd >= 0)
		close(fd);
	log_warn("auth", "ignored a message of keeper (%s)", proto_name(type));
}

static void
auth_stop(void *self)
{
	struct auth *a = self;

	drop_negotiator(a);
	role_stopped(a->keeper);
}

static void
auth_free(void *self)
{
	struct auth *a = self;

	if (a == NULL)
		return;
	drop_negotiator(a);
	auth_tls_free(a->tls);
	free(a);
}

const struct role_ops auth_role = {
	.id = ROLE_AUTH,
	.start = auth_start,
	.fd = auth_fd,
	.peer = auth_peer,
	.message = auth_message,
	.stop = auth_stop,
	.free = auth_free,
};
