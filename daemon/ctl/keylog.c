/* Session keys for Wireshark: on standard output, or in a directory that it reads. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/ctl/command.h"
#include "daemon/ctl/connection.h"

#define PATH_BYTES 1024

/* The tables are Wireshark's own files: no other name of the daemon's becomes a path. */
static bool
is_table(const char *name)
{
	return name != NULL && (strcmp(name, "esp_sa") == 0 ||
				   strcmp(name, "ikev1_decryption_table") == 0);
}

/* A file that nobody but its owner may read, and no link to somewhere else. */
static FILE *
table_open(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	FILE *f = fd >= 0 && fchmod(fd, 0600) == 0 ? fdopen(fd, "a") : NULL;

	if (f == NULL && fd >= 0)
		close(fd);
	return f;
}

/* Appends line to the table in dir. */
static bool
table_append(const char *dir, const char *table, const char *line)
{
	char path[PATH_BYTES];
	bool ok;
	FILE *f;

	if (snprintf(path, sizeof(path), "%s/%s", dir, table) >= (int)sizeof(path)) {
		fprintf(stderr, "authipctl: the name of the directory is too long\n");
		return false;
	}
	f = table_open(path);
	ok = f != NULL && fprintf(f, "%s\n", line) > 0;
	if (f != NULL && fclose(f) != 0)
		ok = false;
	if (!ok)
		fprintf(
		    stderr, "authipctl: cannot write %s: %s\n", path, strerror(errno));
	return ok;
}

/* False: it cannot be kept. */
static bool
keep(const struct options *o, const json_t *entry)
{
	const char *table = json_string_value(json_object_get(entry, "table"));
	const char *line = json_string_value(json_object_get(entry, "line"));

	if (!is_table(table) || line == NULL)
		return true;
	if (o->dir != NULL)
		return table_append(o->dir, table, line);
	return printf("%s %s\n", table, line) > 0 && fflush(stdout) == 0;
}

int
command_keylog(const struct options *o)
{
	FILE *f = connection_open(o->run_dir, true);
	json_t *entry;
	bool ok = true;

	if (f == NULL)
		return EXIT_NO_DAEMON;
	if (connection_send(f, json_pack("{s:s}", "cmd", "keylog"))) {
		while (ok && (entry = connection_receive(f)) != NULL) {
			const char *error =
			    json_string_value(json_object_get(entry, "error"));

			if (error != NULL)
				fprintf(stderr, "authipctl: %s\n", error);
			ok = error == NULL && keep(o, entry);
			json_decref(entry);
		}
	}
	fclose(f);
	return ok ? EXIT_NO_DAEMON : EXIT_FAILED;
}
