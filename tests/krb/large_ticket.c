/* A ticket is as large as its client asks for. */
#include "tests/krb/large_ticket.h"

#include <errno.h>
#include <stdlib.h>

#define AUTHDATA_OF_NOBODY (-4711) /* types below zero are for local use */

krb5_error_code
large_ticket(krb5_context ctx, krb5_ccache cache, const char *server, size_t n)
{
	krb5_authdata data = {
		.magic = KV5M_AUTHDATA,
		.ad_type = AUTHDATA_OF_NOBODY,
		.length = (unsigned)n,
		.contents = calloc(1, n),
	};
	krb5_authdata *list[] = { &data, NULL };
	krb5_creds in = { .authdata = list }, *out = NULL;
	krb5_error_code code = data.contents == NULL ? ENOMEM : 0;

	if (code == 0)
		code = krb5_cc_get_principal(ctx, cache, &in.client);
	if (code == 0)
		code = krb5_parse_name(ctx, server, &in.server);
	if (code == 0)
		code = krb5_get_credentials(ctx, 0, cache, &in, &out);
	if (code == 0 && out->ticket.length < n)
		code = KRB5_CC_NOTFOUND;
	if (code == 0) { /* as one that nobody asked to be large */
		krb5_free_authdata(ctx, out->authdata);
		out->authdata = NULL;
		code = krb5_cc_store_cred(ctx, cache, out);
	}
	if (out != NULL)
		krb5_free_creds(ctx, out);
	krb5_free_principal(ctx, in.client);
	krb5_free_principal(ctx, in.server);
	free(data.contents);
	return code;
}
