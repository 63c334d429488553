/*
 * The certificates of this host as peers will see them: what is wrong with them is said at start,
 * and not only by the first peer that refuses them.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "daemon/auth_tls_ssl.h"

#define SOON_S (14 * 24 * 3600) /* at most; a quarter of its life */

static void warn(config_tell *tell, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
warn(config_tell *tell, const char *fmt, ...)
{
	char line[CONFIG_PATH_MAX + 768];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	tell(line);
}

static const char *
date_text(const ASN1_TIME *t, char text[32])
{
	struct tm tm;

	if (ASN1_TIME_to_tm(t, &tm) != 1 || strftime(text, 32, "%Y-%m-%d %H:%M UTC", &tm) == 0)
		snprintf(text, 32, "an unknown date");
	return text;
}

/* Does it end so soon that somebody should know? */
static bool
ends_soon(const ASN1_TIME *from, const ASN1_TIME *to)
{
	int days = 0, seconds = 0;
	time_t soon = time(NULL) + SOON_S, life;

	if (ASN1_TIME_diff(&days, &seconds, from, to) == 1) {
		life = (time_t)days * 24 * 3600 + seconds;
		soon = life / 4 < SOON_S ? time(NULL) + life / 4 : soon;
	}
	return X509_cmp_time(to, &soon) < 0;
}

/* Is the clock within its dates? Says so if it is not, or will not be soon. */
static bool
check_dates(config_tell *tell, const char *file, const X509 *cert)
{
	const ASN1_TIME *from = X509_get0_notBefore(cert), *to = X509_get0_notAfter(cert);
	char text[32];

	if (X509_cmp_current_time(from) > 0)
		warn(tell,
		    "certificate %s is not valid before %s, and peers refuse it: correct the "
		    "clock of this host, or wait",
		    file, date_text(from, text));
	else if (X509_cmp_current_time(to) < 0)
		warn(tell,
		    "certificate %s has expired, on %s, and peers refuse it: renew it, or "
		    "correct the clock of this host",
		    file, date_text(to, text));
	else if (ends_soon(from, to))
		warn(tell, "certificate %s expires on %s: renew it", file, date_text(to, text));
	return X509_cmp_current_time(from) <= 0 && X509_cmp_current_time(to) >= 0;
}

/* Peers mostly trust what this host does. A certificate that is its own authority is for others. */
static void
check_chain(
    config_tell *tell, const char *file, const struct auth_tls *tls, X509 *cert, SSL_CTX *ctx)
{
	struct auth_tls plain = *tls; /* its rules are for peers */
	STACK_OF(X509) *others = NULL;
	struct auth_bad_cert bad;

	memset(&plain.rules, 0, sizeof(plain.rules));
	(void)SSL_CTX_get0_chain_certs(ctx, &others);
	if (X509_self_signed(cert, 0) == 1 || auth_verify_chain(&plain, "", cert, others, &bad))
		return;
	if (bad.error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
	    bad.error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT)
		warn(tell,
		    "certificate %s: %s is issued by %s, which is neither in that file nor in "
		    "`trust`: write the intermediate authorities behind it, or peers that trust "
		    "only the root refuse it",
		    file, bad.subject, bad.issuer);
	else
		warn(tell, "certificate %s: a peer that trusts what this host does refuses %s: %s",
		    file, bad.subject, X509_verify_cert_error_string(bad.error));
}

void
auth_own_check(const struct auth_tls *tls, const struct config *c, config_tell *tell)
{
	for (uint32_t i = 0; i < tls->n_cert; i++) {
		X509 *cert = SSL_CTX_get0_certificate(tls->ctx[i]);
		const char *file = c->cert[i].certificate;

		if (cert != NULL && check_dates(tell, file, cert) &&
		    auth_tls_count_trusted(tls) > 0)
			check_chain(tell, file, tls, cert, tls->ctx[i]);
	}
}
