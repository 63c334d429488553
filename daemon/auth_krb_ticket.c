/* Tickets from the KDC: the only part of Kerberos that waits for the network. */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/auth_krb_mit.h"

#define TGT_SPARE_S 120 /* an older one is not used any more */
#define TICKET_SPARE_S 5 /* our token has to be made, or GSS would ask the KDC again */

static bool
lasts(const krb5_creds *c, time_t spare_s)
{
	return (time_t)(uint32_t)c->times.endtime > time(NULL) + spare_s;
}

/* A copy of the ticket that all share, or NULL. */
static krb5_creds *
shared_tgt(struct auth_krb *k, krb5_context ctx)
{
	krb5_creds *copy = NULL;

	pthread_mutex_lock(&k->lock);
	if (k->tgt != NULL && lasts(k->tgt, TGT_SPARE_S) &&
	    krb5_copy_creds(ctx, k->tgt, &copy) != 0)
		copy = NULL;
	pthread_mutex_unlock(&k->lock);
	return copy;
}

/* NULL: whatever there is seems to be no good. */
static void
share_tgt(struct auth_krb *k, krb5_creds *tgt)
{
	pthread_mutex_lock(&k->lock);
	if (k->tgt != NULL)
		krb5_free_creds(k->ctx, k->tgt);
	k->tgt = NULL;
	if (tgt != NULL && krb5_copy_creds(k->ctx, tgt, &k->tgt) != 0)
		k->tgt = NULL;
	pthread_mutex_unlock(&k->lock);
}

/* AS exchange with a key of the keytab. */
static krb5_error_code
fetch_tgt(struct auth_krb *k, krb5_context ctx, krb5_principal client, krb5_creds *out)
{
	krb5_get_init_creds_opt *opt = NULL;
	krb5_keytab keytab = NULL;
	krb5_error_code code = krb5_kt_resolve(ctx, k->keytab_name, &keytab);

	if (code == 0)
		code = krb5_get_init_creds_opt_alloc(ctx, &opt);
	if (code == 0) {
		krb5_get_init_creds_opt_set_forwardable(opt, 0);
		krb5_get_init_creds_opt_set_proxiable(opt, 0);
		code = krb5_get_init_creds_keytab(
		    ctx, out, client, keytab, 0, NULL, opt);
	}
	krb5_get_init_creds_opt_free(ctx, opt);
	if (keytab != NULL)
		krb5_kt_close(ctx, keytab);
	return code;
}

/* Puts a ticket-granting ticket into the cache. *is_old: it is not from just now. */
static krb5_error_code
begin_cache(
    struct auth_krb *k, struct krb_ticket *t, krb5_principal client, bool *is_old)
{
	krb5_creds *old = *is_old ? shared_tgt(k, t->ctx) : NULL, fresh;
	krb5_error_code code = krb5_cc_initialize(t->ctx, t->cache, client);

	*is_old = old != NULL;
	if (code == 0 && old != NULL)
		code = krb5_cc_store_cred(t->ctx, t->cache, old);
	if (old != NULL)
		krb5_free_creds(t->ctx, old);
	if (code != 0 || *is_old)
		return code;
	memset(&fresh, 0, sizeof(fresh));
	if ((code = fetch_tgt(k, t->ctx, client, &fresh)) == 0) {
		code = krb5_cc_store_cred(t->ctx, t->cache, &fresh);
		share_tgt(k, &fresh);
	}
	krb5_free_cred_contents(t->ctx, &fresh);
	return code;
}

/* TGS exchange; the ticket stays in the cache under the name that t->server then has. */
static krb5_error_code
fetch_service(struct krb_ticket *t, krb5_principal client, krb5_principal server)
{
	krb5_creds in = { .client = client, .server = server }, *out = NULL;
	krb5_error_code code =
	    krb5_get_credentials(t->ctx, 0, t->cache, &in, &out);
	char *name = NULL;

	if (code == 0 && !lasts(out, TICKET_SPARE_S))
		code = KRB5KRB_AP_ERR_TKT_EXPIRED;
	if (code == 0)
		code = krb5_unparse_name(t->ctx, out->server, &name);
	if (code == 0)
		snprintf(t->server, sizeof(t->server), "%s", name);
	krb5_free_unparsed_name(t->ctx, name);
	if (out != NULL)
		krb5_free_creds(t->ctx, out);
	return code;
}

/* The tickets of a user. Expired ones are not used, and not renewed by us. */
static krb5_error_code
copy_cache(struct krb_ticket *t, int user_cache, krb5_principal *client)
{
	krb5_ccache from = NULL;
	krb5_error_code code;
	char name[40];

	snprintf(name, sizeof(name), "FILE:/proc/self/fd/%d", user_cache);
	if ((code = krb5_cc_resolve(t->ctx, name, &from)) == 0)
		code = krb5_cc_get_principal(t->ctx, from, client);
	if (code == 0)
		code = krb5_cc_initialize(t->ctx, t->cache, *client);
	if (code == 0)
		code = krb5_cc_copy_creds(t->ctx, from, t->cache);
	if (from != NULL)
		krb5_cc_close(t->ctx, from);
	return code;
}

/* As the user: the KDC decides, and a bad ticket of theirs is not for us to replace. */
static bool
fetch_as_user(struct auth_krb *k, struct krb_ticket *t, const char *peer, int user_cache,
    struct engine_auth_reply *failure)
{
	krb5_principal client = NULL, server = NULL;
	krb5_error_code code = krb5_parse_name(t->ctx, peer, &server), code_user = 0;

	if (code == 0)
		code_user = copy_cache(t, user_cache, &client);
	if (code == 0 && code_user == 0)
		code = fetch_service(t, client, server);
	if (code_user != 0)
		krb_fail(failure, t->ctx, code_user, "no ticket in the cache of the user", "");
	else if (code != 0)
		krb_fail(failure, t->ctx, code, "no ticket of the user for", peer);
	krb5_free_principal(t->ctx, client);
	krb5_free_principal(t->ctx, server);
	return code == 0 && code_user == 0 && krb_name_check(k, t->server, failure);
}

/* Would another ticket-granting ticket help? */
static bool
is_about_tgt(krb5_error_code code)
{
	return code != KRB5_KDC_UNREACH && code != KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN;
}

static bool
fetch(struct auth_krb *k, struct krb_ticket *t, const char *peer,
    struct engine_auth_reply *failure)
{
	krb5_principal client = NULL, server = NULL;
	krb5_error_code code, code_server = 0;
	bool is_old = true;

	code = krb5_parse_name(t->ctx, k->principal, &client);
	if (code == 0)
		code = krb5_parse_name(t->ctx, peer, &server);
	if (code == 0)
		code = begin_cache(k, t, client, &is_old);
	if (code == 0)
		code_server = fetch_service(t, client, server);
	if (code_server != 0 && is_old && is_about_tgt(code_server)) {
		is_old = false;
		code_server = 0;
		if ((code = begin_cache(k, t, client, &is_old)) == 0)
			code_server = fetch_service(t, client, server);
	}
	if (code != 0)
		krb_fail(failure, t->ctx, code, "no ticket for ourselves,", k->principal);
	else if (code_server != 0)
		krb_fail(failure, t->ctx, code_server, "no ticket for the peer,", peer);
	krb5_free_principal(t->ctx, client);
	krb5_free_principal(t->ctx, server);
	return code == 0 && code_server == 0 && krb_name_check(k, t->server, failure);
}

struct krb_ticket *
krb_ticket_fetch(struct auth_krb *k, const char *gss_id, int user_cache,
    struct engine_auth_reply *failure)
{
	static atomic_ulong number;
	char peer[2 * CONFIG_NAME_MAX];
	struct krb_ticket *t;
	krb5_error_code code = ENOMEM;

	if (!krb_name_of_gss_id(k, gss_id, peer, sizeof(peer), failure))
		return NULL;
	if ((t = calloc(1, sizeof(*t))) != NULL && krb5_init_context(&t->ctx) == 0) {
		snprintf(t->cache_name, sizeof(t->cache_name), "MEMORY:authipd-%lu",
		    atomic_fetch_add(&number, 1));
		code = krb5_cc_resolve(t->ctx, t->cache_name, &t->cache);
	}
	if (code != 0)
		krb_fail(failure, t != NULL ? t->ctx : NULL, code, "no ticket for the peer,", peer);
	else if (user_cache >= 0 ? fetch_as_user(k, t, peer, user_cache, failure) :
				   fetch(k, t, peer, failure))
		return t;
	krb_ticket_free(t);
	return NULL;
}

void
krb_ticket_free(struct krb_ticket *t)
{
	if (t == NULL)
		return;
	if (t->cache != NULL)
		krb5_cc_destroy(t->ctx, t->cache);
	if (t->ctx != NULL)
		krb5_free_context(t->ctx);
	free(t);
}
