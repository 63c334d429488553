/* What the examples share: the choice of protection, and errors that say what to do. */
#ifndef EXAMPLES_PROTECTION_H
#define EXAMPLES_PROTECTION_H

#include <stdbool.h>

#define PROTECTION_OPTIONS "eic"

/* -e, -i, -c; all zero: the default, never clear text. */
struct protection {
	bool encrypt;  /* -e: integrity without encryption is not enough */
	bool insecure; /* -i: clear text while the peer does not do IPsec */
	bool clear;    /* -c: no protection, for comparison */
};

/* Takes an option of PROTECTION_OPTIONS; false if it is another one. */
bool protection_option(struct protection *p, int option);
/* Secures a new socket, before bind and connect; false after a message. */
bool protection_apply(const struct protection *p, int s);
/* One line on stderr: what failed, the error in errno as a WSA number, what to do. */
void complain(const char *what);

#endif
