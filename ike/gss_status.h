/* The status of a GSS payload, for people. */
#ifndef AUTHIPD_IKE_GSS_STATUS_H
#define AUTHIPD_IKE_GSS_STATUS_H

#include "ike/text.h"

/* Appends one sentence: the peer refused us, and why. */
void gss_status_text(struct text *t, uint32_t status);

#endif
