/* What an application asks for its socket. */
#ifndef AUTHIPD_WINSOCK_SETTINGS_H
#define AUTHIPD_WINSOCK_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "mstcpip.h"

struct settings {
	uint32_t security_flags; /* SOCKET_SETTINGS_* */
	uint32_t ipsec_flags;	 /* SOCKET_SETTINGS_IPSEC_* */
	GUID mm_policy;		 /* zero: the default */
	GUID qm_policy;
	bool has_user;		 /* brings explicit credentials */
};

int settings_read(struct settings *out, const void *buffer, uint32_t n);
int settings_check_references(const struct settings *s);

#endif
