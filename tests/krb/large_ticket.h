/* Tickets as large as those of somebody in many groups of Active Directory. */
#ifndef AUTHIPD_TESTS_LARGE_TICKET_H
#define AUTHIPD_TESTS_LARGE_TICKET_H

#include <krb5.h>
#include <stddef.h>

/*
 * Puts a ticket for server into the cache, which has a ticket-granting ticket: the KDC copies
 * n bytes of authorization data into it, where a domain controller puts the PAC.
 */
krb5_error_code large_ticket(
    krb5_context ctx, krb5_ccache cache, const char *server, size_t n);

#endif
