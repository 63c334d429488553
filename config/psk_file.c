/* Reading a pre-shared key. */
#include "config/psk_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *
read_key(int fd, struct secret *key)
{
	uint8_t buf[SECRET_MAX_BYTES + 2]; /* an end of line, and one byte too many */
	ssize_t n = read(fd, buf, sizeof(buf));
	const char *why = NULL;

	if (n < 0)
		return strerror(errno);
	if (n > 0 && buf[n - 1] == '\n')
		n--;
	if (n > 0 && buf[n - 1] == '\r')
		n--;
	if (n == 0)
		why = "the file is empty";
	else if (!secret_set(key, span_of(buf, (size_t)n)))
		why = "the key is longer than 256 bytes";
	secret_wipe_bytes(buf, sizeof(buf));
	return why;
}

const char *
psk_file_read(const char *file, struct secret *key)
{
	int fd = open(file, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	const char *why;
	struct stat st;

	secret_wipe(key);
	if (fd < 0)
		return strerror(errno);
	if (fstat(fd, &st) < 0)
		why = strerror(errno);
	else if (!S_ISREG(st.st_mode))
		why = "not a regular file";
	else if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		why = "others may read or write it: chmod 600";
	else
		why = read_key(fd, key);
	close(fd);
	return why;
}
