/*
 * The file belongs to somebody who may want keeper to read another one, or to wait for ever:
 * no links, no mounts of users at its place, no devices, and a copy of bounded size. What is
 * in it only the auth role looks at.
 */
#define _GNU_SOURCE
#include "daemon/user_cache.h"

#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PATH_BYTES 512
#define UID_PLACE "%{uid}"

/* Cuts path into the folder and the name in it; NULL: it has no folder. */
static const char *
split_path(const char *pattern, uint32_t uid, char path[PATH_BYTES])
{
	const char *at = strstr(pattern, UID_PLACE);
	char *slash;
	int n;

	if (at == NULL)
		return NULL;
	n = snprintf(path, PATH_BYTES, "%.*s%u%s", (int)(at - pattern), pattern, uid,
	    at + strlen(UID_PLACE));
	if (n < 0 || n >= PATH_BYTES || (slash = strrchr(path, '/')) == NULL)
		return NULL;
	*slash = '\0';
	return slash + 1;
}

static int
open_file(const char *pattern, uint32_t uid)
{
	const struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};
	char path[PATH_BYTES];
	const char *name = split_path(pattern, uid, path);
	int folder, fd;

	if (name == NULL)
		return -EINVAL;
	folder = open(path[0] != '\0' ? path : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return -errno;
	fd = (int)syscall(SYS_openat2, folder, name, &how, sizeof(how));
	if (fd < 0)
		fd = errno == ELOOP || errno == EXDEV ? -EPERM : -errno;
	close(folder);
	return fd;
}

static int
check_file(int fd, uint32_t uid)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_uid != uid ||
	    (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return -EPERM;
	return st.st_size <= USER_CACHE_MAX_BYTES ? 0 : -EFBIG;
}

static int
copy_file(int from)
{
	int to = memfd_create("authipd-cache", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	size_t left = USER_CACHE_MAX_BYTES;
	ssize_t n = 1;

	if (to < 0)
		return -errno;
	while (left > 0 && (n = sendfile(to, from, NULL, left)) > 0)
		left -= (size_t)n;
	if (n < 0 ||
	    fcntl(to, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK) != 0) {
		n = -errno;
		close(to);
		return (int)n;
	}
	return to;
}

int
user_cache_open(const char *pattern, uint32_t uid)
{
	int fd = open_file(pattern, uid), rc;

	if (fd < 0)
		return fd;
	if ((rc = check_file(fd, uid)) == 0)
		rc = copy_file(fd);
	close(fd);
	return rc;
}
