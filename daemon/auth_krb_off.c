/* A build without Kerberos: the configuration refuses keytabs, so nothing is asked. */
#include <stdio.h>

#include "daemon/auth_kdc.h"

struct auth_krb *
auth_krb_new(const struct config *c, char *err, size_t cap)
{
	(void)c;
	snprintf(err, cap, "this build has no Kerberos: remove the section kerberos");
	return NULL;
}

void
auth_krb_free(struct auth_krb *k)
{
	(void)k;
}

const char *
auth_krb_principal(const struct auth_krb *k)
{
	(void)k;
	return "";
}

void
krb_ticket_free(struct krb_ticket *t)
{
	(void)t;
}

struct auth_dialogue *
krb_dialogue_new(struct auth_krb *k, struct krb_ticket *ticket)
{
	(void)k;
	(void)ticket;
	return NULL;
}

struct auth_dialogue *
krb_v1_dialogue_new(struct auth_krb *k, bool initiator, enum hash_id hash)
{
	(void)k;
	(void)initiator;
	(void)hash;
	return NULL;
}

bool
krb_v1_take_ticket(struct auth_dialogue *d, struct krb_ticket *ticket)
{
	(void)d;
	(void)ticket;
	return false;
}

struct auth_kdc *
auth_kdc_new(struct event_base *base, struct auth_krb *krb, uint32_t timeout_s,
    auth_kdc_answer *answer, void *ctx)
{
	(void)base;
	(void)krb;
	(void)timeout_s;
	(void)answer;
	(void)ctx;
	return NULL;
}

void
auth_kdc_free(struct auth_kdc *kdc)
{
	(void)kdc;
}

bool
auth_kdc_ask(
    struct auth_kdc *kdc, uint64_t handle, const char *gss_id, int user_cache)
{
	(void)user_cache;
	(void)kdc;
	(void)handle;
	(void)gss_id;
	return false;
}

void
auth_kdc_cancel(struct auth_kdc *kdc, uint64_t handle)
{
	(void)kdc;
	(void)handle;
}

void
auth_kdc_cancel_all(struct auth_kdc *kdc)
{
	(void)kdc;
}

size_t
auth_kdc_count(const struct auth_kdc *kdc)
{
	(void)kdc;
	return 0;
}
