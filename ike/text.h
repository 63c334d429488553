/*
 * Building short texts for people without stdio: log lines of the engine. Always
 * terminated; what does not fit is cut.
 */
#ifndef AUTHIPD_IKE_TEXT_H
#define AUTHIPD_IKE_TEXT_H

#include "config/address.h"
#include "crypto/span.h"

struct text {
	char *p;
	size_t cap;
	size_t n;
};

void text_init(struct text *t, char *buf, size_t cap);
void text_str(struct text *t, const char *s);
void text_u32(struct text *t, uint32_t v);
void text_hex(struct text *t, struct span s);
/* 192.0.2.1, 2001:db8::1 (RFC 5952). */
void text_address(struct text *t, const struct address *a);
/* 192.0.2.1:500, [2001:db8::1]:500; port 0 is printed as "any". */
void text_endpoint(struct text *t, const struct endpoint *e);
/* "tcp 192.0.2.1:any -> 192.0.2.2:80". */
void text_flow(struct text *t, const struct flow *f);

#endif
