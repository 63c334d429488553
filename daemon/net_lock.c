/* A file in /run for each network namespace with a daemon, locked as long as that lives. */
#include "daemon/net_lock.h"

#include <sys/file.h>
#include <sys/stat.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/log.h"

static char path[64];
static int lock_fd = -1;

/* The file that has the name: the owner of a former one may have removed it meanwhile. */
static int
open_locked(void)
{
	struct stat st;
	int fd, error;

	for (;;) {
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd < 0)
			return -1;
		if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
			error = errno;
			close(fd);
			errno = error;
			return -1;
		}
		if (fstat(fd, &st) == 0 && st.st_nlink > 0)
			return fd;
		close(fd);
	}
}

bool
net_lock(void)
{
	struct stat st;

	if (lock_fd >= 0 || stat("/proc/self/ns/net", &st) != 0)
		return true;
	snprintf(path, sizeof(path), "/run/authipd-net-%lu.lock", (unsigned long)st.st_ino);
	errno = 0;
	if ((lock_fd = open_locked()) >= 0)
		return true;
	if (errno == EWOULDBLOCK) {
		log_error("keeper", "is another authipd running in this network namespace? "
				    "Stop it: there can be one");
		return false;
	}
	log_debug("keeper", "cannot lock %s: %s", path, strerror(errno));
	return true;
}

void
net_unlock(void)
{
	if (lock_fd < 0)
		return;
	(void)unlink(path);
	close(lock_fd);
	lock_fd = -1;
}
