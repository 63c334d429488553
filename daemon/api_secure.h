/* What a program asks for its socket, as a class. */
#ifndef AUTHIPD_DAEMON_API_SECURE_H
#define AUTHIPD_DAEMON_API_SECURE_H

#include "daemon/api_frame.h"
#include "daemon/class_table.h"
#include "daemon/negotiator.h"

/*
 * A reference to the class of SOCK_SECURE for this user; 0 with CLASS_OK: the socket is only
 * registered (SOCKET_SETTINGS_IPSEC_SKIP_FILTER_INSTANTIATION).
 */
enum class_error api_secure_class(struct negotiator *n, uint32_t uid,
    const struct api_request *r, uint32_t *class_id);
/* The socket was secured: the policies that it names are in use until it is gone. */
void api_secure_hold(
    struct negotiator *n, uint64_t cookie, uint32_t uid, const struct api_request *r);

#endif
