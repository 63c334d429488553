/* Kerberos credential caches of users, for the auth role, which may not read them. */
#ifndef AUTHIPD_DAEMON_USER_CACHE_H
#define AUTHIPD_DAEMON_USER_CACHE_H

#include <stddef.h>
#include <stdint.h>

#define USER_CACHE_MAX_BYTES (1024 * 1024)

/*
 * A read-only copy in memory of the file that pattern names for uid ("%{uid}" in its last
 * part, or before), or -errno: -EPERM, it is not a file that only this user can write.
 */
int user_cache_open(const char *pattern, uint32_t uid);

#endif
