/*
 * Makes a ticket large.
 *
 *	nt_ticket CACHE SERVER BYTES	into a cache that kinit made
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/krb/large_ticket.h"

int
main(int argc, char **argv)
{
	krb5_context ctx = NULL;
	krb5_ccache cache = NULL;
	krb5_error_code code;

	if (argc != 4)
		return 2;
	code = krb5_init_context(&ctx);
	if (code == 0)
		code = krb5_cc_resolve(ctx, argv[1], &cache);
	if (code == 0)
		code = large_ticket(ctx, cache, argv[2], strtoul(argv[3], NULL, 10));
	if (code != 0)
		fprintf(stderr, "no ticket: error %d\n", (int)code);
	if (cache != NULL)
		krb5_cc_close(ctx, cache);
	krb5_free_context(ctx);
	return code != 0;
}
