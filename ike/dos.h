/*
 * Protection against floods of first messages: who must show a cookie before state and
 * Diffie-Hellman are spent on him (MS-AIPS 3.1.7.6; spec authip.md 5.2, 5.3, A74, A75).
 */
#ifndef AUTHIPD_IKE_DOS_H
#define AUTHIPD_IKE_DOS_H

#include <sys/queue.h>

#include "ike/message.h"

#define DOS_SECRET_BYTES 32
#define DOS_SLICE_MS 150000 /* a secret is made; it and the one before are good */
#define DOS_SETS 1024
#define DOS_WAYS 4
#define DOS_EVENT_MS 1000 /* refused messages are told at most this often */

/*
 * What one source (/32, or /64 of IPv6) may begin: first messages of senders that anybody could
 * have made up, those with a cookie, and quick modes of peers that have a main mode.
 */
enum dos_allowance { DOS_UNPROVEN, DOS_PROVEN, DOS_QUICK_MODE, DOS_ALLOWANCES };

struct dos_source {
	uint64_t tag; /* 0 = free */
	uint64_t at_ms;
	uint32_t milli[DOS_ALLOWANCES]; /* in thousandths */
};

struct mm_sa;
TAILQ_HEAD(dos_v1_list, mm_sa);

struct dos {
	bool on;	 /* everybody needs a cookie */
	bool challenged; /* somebody was asked for one, at challenged_ms */
	bool has_secret;
	bool told;
	uint32_t n_half_open;  /* responders whose peer has proved nothing yet */
	struct dos_v1_list v1; /* those of IKEv1, oldest first */
	uint32_t n_v1;
	uint64_t challenged_ms;
	uint64_t told_ms;
	uint64_t slice;
	uint8_t secret[2][DOS_SECRET_BYTES]; /* of this slice, of the one before */
	struct dos_source source[DOS_SETS][DOS_WAYS];
};

#endif
