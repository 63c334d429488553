/*
 * The auth role: holds the private keys, answers the negotiator's PROTO_AUTH_ASK and
 * sees nothing else. It trusts no length and no number of the negotiator, which talks
 * to the network.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/auth_kdc.h"
#include "daemon/auth_method.h"
#include "daemon/auth_status.h"
#include "daemon/auth_table.h"
#include "daemon/auth_target.h"
#include "daemon/auth_user.h"
#include "daemon/log.h"
#include "daemon/proto.h"
#include "daemon/role.h"

struct auth {
	struct event_base *base;
	struct ipc *keeper;	/* not ours */
	struct ipc *negotiator; /* NULL: not there */
	struct auth_methods methods;
	struct auth_kdc *kdc; /* owns methods.krb; NULL: no keytab */
	struct auth_table dialogues;
	struct auth_users users; /* wait for keeper */
	char user_cache[CONFIG_PATH_MAX];
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
	auth_user_forget_all(&a->users);
	if (a->kdc != NULL)
		auth_kdc_cancel_all(a->kdc);
}

static void
forget(struct auth *a, uint64_t handle)
{
	auth_table_remove(&a->dialogues, handle);
	auth_user_forget(&a->users, handle);
	if (a->kdc != NULL)
		auth_kdc_cancel(a->kdc, handle);
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
	m.wrong_target = r->wrong_target;
	m.secret = r->secret;
	memcpy(m.form, r->form, sizeof(m.form));
	memcpy(m.peer_name, r->peer_name, sizeof(m.peer_name));
	memcpy(m.text, r->text, sizeof(m.text));
	err = ipc_send2(
	    a->negotiator, PROTO_AUTH_REPLY, &m, sizeof(m), r->token.p, r->token.n, -1);
	if (err != 0)
		log_error("auth", "cannot answer the negotiator: %s", strerror(-err));
	secret_wipe_bytes(&m, sizeof(m));
}

static void
fail_full(struct engine_auth_reply *out)
{
	auth_fail(out, SEC_E_INSUFFICIENT_MEMORY,
	    "no memory, or %d authentications are in progress, or %d of this peer: try again "
	    "later", AUTH_TABLE_MAX, AUTH_TABLE_PER_PEER);
}

/* A new dialogue in the table, or NULL with the failure in *out. */
static struct auth_dialogue *
begin(struct auth *a, const struct proto_auth_ask *ask, struct engine_auth_reply *out)
{
	struct auth_dialogue *d;

	forget(a, ask->handle);
	if (!auth_method_fits(&a->methods, ask, out))
		return NULL;
	d = auth_method_dialogue(&a->methods, ask);
	if (d != NULL)
		memcpy(d->target_name, ask->target_name, sizeof(d->target_name));
	if (d == NULL || !auth_table_add(&a->dialogues, ask->handle, d,
			     ask->initiator ? NULL : &ask->remote.addr, now_ms())) {
		auth_dialogue_free(d);
		fail_full(out);
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

/* Logs and sends it; what is over leaves the table. */
static void
conclude(struct auth *a, uint64_t handle, struct engine_auth_reply *r)
{
	r->handle = handle;
	if (r->status == AUTH_FAILED)
		log_debug("auth", "dialogue %llu failed with 0x%08x: %s",
		    (unsigned long long)handle, r->gss_status, r->text);
	else if (r->status == AUTH_DONE)
		log_debug("auth", "dialogue %llu: the peer is %s",
		    (unsigned long long)handle, r->peer_name);
	send_reply(a, r);
	secret_wipe(&r->secret);
	secret_wipe_bytes(r->form, sizeof(r->form));
	if (r->status != AUTH_CONTINUE)
		auth_table_remove(&a->dialogues, handle);
}

/* user_cache (taken): whose ticket, see krb_ticket_fetch(). */
static bool
ask_ticket(struct auth *a, const struct proto_auth_ask *ask, int user_cache,
    struct engine_auth_reply *out)
{
	if (auth_kdc_ask(a->kdc, ask->handle,
		auth_target_for_ticket(ask->target_name, ask->peer_gss_id), user_cache))
		return true;
	fail_full(out);
	return false;
}

/*
 * A ticket for who the peer says that it is, or for whom the program wants: nobody else can
 * read it. Our Kerberos begins with the KDC, or for a user with keeper, and the answer with
 * on_ticket(). True: it does.
 */
static bool
ask_kdc(struct auth *a, const struct proto_auth_ask *ask, struct engine_auth_reply *out)
{
	if (ask->step != AUTH_START || !auth_method_is_kerberos(ask->method) ||
	    !ask->initiator)
		return false;
	if (ask->method == AUTH_V1_KERBEROS) {
		if (begin(a, ask, out) == NULL) /* waits in the table for its ticket */
			return false;
	} else {
		forget(a, ask->handle);
		if (!auth_method_fits(&a->methods, ask, out))
			return false;
	}
	if (a->dialogues.n + auth_kdc_count(a->kdc) < AUTH_TABLE_MAX) {
		if (ask->uid == 0)
			return ask_ticket(a, ask, -1, out);
		if (auth_user_begin(&a->users, a->keeper, ask))
			return true;
	}
	fail_full(out);
	return false;
}

/* The dialogue that a ticket is for: of IKEv1 it waits already. NULL: no room. */
static struct auth_dialogue *
ticket_dialogue(struct auth *a, uint64_t handle, struct krb_ticket *ticket)
{
	struct auth_dialogue *d = auth_table_find(&a->dialogues, handle, now_ms());

	if (d != NULL)
		return krb_v1_take_ticket(d, ticket) ? d : NULL;
	d = krb_dialogue_new(a->methods.krb, ticket);
	if (d != NULL && auth_table_add(&a->dialogues, handle, d, NULL, now_ms()))
		return d;
	auth_dialogue_free(d);
	return NULL;
}

static void
on_ticket(void *ctx, uint64_t handle, struct krb_ticket *ticket,
    const struct engine_auth_reply *failure)
{
	struct engine_auth_reply r = { .status = AUTH_CONTINUE };
	struct auth *a = ctx;
	struct auth_dialogue *d;

	if (ticket == NULL) {
		r = *failure;
		conclude(a, handle, &r);
		return;
	}
	if ((d = ticket_dialogue(a, handle, ticket)) == NULL)
		fail_full(&r);
	else
		auth_dialogue_step(d, SPAN_NONE, &r);
	conclude(a, handle, &r);
}

/* START or STEP: always one reply, at once or (Kerberos) when there is a ticket. */
static void
answer(struct auth *a, const struct proto_auth_ask *ask, struct span token)
{
	struct engine_auth_reply r = { .status = AUTH_CONTINUE };
	struct auth_dialogue *d = NULL;

	if (ask->method == AUTH_V1_PSK) {
		auth_psk_answer(a->methods.psk, ask, token, &r);
		conclude(a, ask->handle, &r);
		return;
	}
	if (ask_kdc(a, ask, &r))
		return;
	if (r.status != AUTH_FAILED)
		d = ask->step == AUTH_START ? begin(a, ask, &r) : resume(a, ask, &r);
	if (d != NULL)
		auth_dialogue_step(d, token, &r);
	conclude(a, ask->handle, &r);
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
	       ask->step <= AUTH_ABORT &&
	       memchr(ask->peer_gss_id, '\0', sizeof(ask->peer_gss_id)) != NULL &&
	       memchr(ask->target_name, '\0', sizeof(ask->target_name)) != NULL;
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
		forget(a, ask.handle);
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

static bool
start_kerberos(struct auth *a, const struct config *c, char *err, size_t cap)
{
	if (c->kerberos.keytab[0] == '\0')
		return true;
	if ((a->methods.krb = auth_krb_new(c, err, cap)) == NULL)
		return false;
	a->kdc =
	    auth_kdc_new(a->base, a->methods.krb, c->kerberos.timeout_s, on_ticket, a);
	if (a->kdc == NULL)
		snprintf(err, cap, "out of memory for Kerberos");
	return a->kdc != NULL;
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
	LIST_INIT(&a->users);
	snprintf(a->user_cache, sizeof(a->user_cache), "%s", c->kerberos.user_cache);
	if (!auth_methods_start(&a->methods, c, err, sizeof(err)) ||
	    !start_kerberos(a, c, err, sizeof(err))) {
		log_error("auth", "%s", err);
		auth_methods_end(&a->methods);
		free(a);
		return NULL;
	}
	auth_methods_log(&a->methods, c);
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

/* Keeper has looked for the tickets of a user. */
static void
on_user_cache(struct auth *a, const struct proto_cache *m, int fd)
{
	struct engine_auth_reply r = { .status = AUTH_CONTINUE };
	struct proto_auth_ask ask;

	if (!auth_user_take(&a->users, m->handle, &ask)) {
		if (fd >= 0)
			close(fd);
		return;
	}
	if (fd >= 0) {
		if (ask_ticket(a, &ask, fd, &r))
			return;
	} else {
		auth_user_fail(&r, a->user_cache, ask.uid, m->error);
	}
	conclude(a, ask.handle, &r);
}

static void
auth_message(void *self, uint16_t type, struct span body, int fd)
{
	struct proto_cache m;

	if (type == PROTO_CACHE_REPLY && proto_body(body, &m, sizeof(m))) {
		on_user_cache(self, &m, fd);
		return;
	}
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
	auth_kdc_free(a->kdc);
	auth_methods_end(&a->methods);
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
