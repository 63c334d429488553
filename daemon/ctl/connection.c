/* Talking to the daemon. */
#include "daemon/ctl/connection.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int
try_socket(const char *run_dir, const char *name)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int saved;

	snprintf(a.sun_path, sizeof(a.sun_path), "%s/%s", run_dir, name);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return fd;
	saved = errno;
	if (fd >= 0)
		close(fd);
	errno = saved;
	return -1;
}

FILE *
connection_open(const char *run_dir, bool changes)
{
	int fd = try_socket(run_dir, "ctl.sock");
	FILE *f;

	if (fd < 0 && errno == EACCES && !changes)
		fd = try_socket(run_dir, "status.sock");
	if (fd < 0) {
		fprintf(stderr, "authipctl: no daemon at %s: %s; %s\n", run_dir, strerror(errno),
		    errno == EACCES ? "run this as root" :
				      "start authipd, or name its --run-dir");
		return NULL;
	}
	if ((f = fdopen(fd, "r+")) == NULL)
		close(fd);
	return f;
}

bool
connection_send(FILE *f, json_t *request)
{
	bool ok = request != NULL && json_dumpf(request, f, JSON_COMPACT) == 0 &&
	    fputc('\n', f) != EOF && fflush(f) == 0;

	json_decref(request);
	if (!ok)
		fprintf(stderr, "authipctl: cannot send the request\n");
	return ok;
}

json_t *
connection_receive(FILE *f)
{
	char *line = NULL;
	size_t cap = 0;
	json_error_t err;
	json_t *doc = NULL;

	if (getline(&line, &cap, f) > 0) {
		doc = json_loads(line, 0, &err);
		if (doc == NULL)
			fprintf(stderr, "authipctl: unreadable answer: %s\n", err.text);
	}
	free(line);
	return doc;
}
