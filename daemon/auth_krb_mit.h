/* MIT krb5 objects behind auth_krb.h, for the files of Kerberos only. */
#ifndef AUTHIPD_DAEMON_AUTH_KRB_MIT_H
#define AUTHIPD_DAEMON_AUTH_KRB_MIT_H

#include <pthread.h>

#include <gssapi/gssapi.h>
#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>
#include <krb5.h>

#include "daemon/auth_krb.h"

struct auth_krb {
	struct config_kerberos config;
	enum dialect_gss_secret_krb secret_form;
	krb5_context ctx;   /* not for two threads: locked with tgt */
	krb5_keytab keytab; /* keeps the copy in memory */
	char keytab_name[64];
	char principal[2 * CONFIG_NAME_MAX];
	char realm[CONFIG_NAME_MAX]; /* of principal */
	pthread_mutex_t lock;	     /* of tgt */
	krb5_creds *tgt;	     /* by own key and libkrb5; NULL: none yet */
};

/* In a cache of its own, so that nobody waits for the KDC once more. */
struct krb_ticket {
	krb5_context ctx;
	krb5_ccache cache;
	char cache_name[64];
	char server[2 * CONFIG_NAME_MAX]; /* NAME@REALM */
};

/* Of a dialogue of krb_dialogue_new() that is AUTH_DONE. */
/* The context outlives the dialogue: before its first step. */
void krb_dialogue_keep_context(struct auth_dialogue *d);
gss_ctx_id_t krb_dialogue_context(const struct auth_dialogue *d);

/*
 * Who the peer says that it is, as NAME@REALM to ask the KDC for; false: *failure says
 * what does not fit.
 */
bool krb_name_of_gss_id(const struct auth_krb *k, const char *gss_id, char *out,
    size_t cap, struct engine_auth_reply *failure);
/* May a peer have this name (NAME@REALM)? false: *failure says what to change. */
bool krb_name_check(const struct auth_krb *k, const char *name,
    struct engine_auth_reply *failure);

/* What went wrong, and what to change: an error of libkrb5 ... */
void krb_fail(struct engine_auth_reply *out, krb5_context ctx, krb5_error_code code,
    const char *what, const char *name);
/* ... and of its GSS-API. */
void krb_fail_gss(struct engine_auth_reply *out, OM_uint32 major, OM_uint32 minor,
    const char *what, const char *name);

#endif
