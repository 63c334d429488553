/*
 * The file of classes: what each mark means, for a daemon that comes after this one and
 * finds sockets that carry it. No keys. Of another version of authipd it is not read: then
 * the traffic of those sockets waits.
 */
#include "config.h"

#include <sys/stat.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/keeper_state.h"
#include "daemon/log.h"

#define CLASS_FILE_MAGIC "AIPCLASS"
#define CLASS_FILE_VERSION 1

struct file_head {
	char magic[8];
	uint32_t version;
	uint32_t record_bytes;
	uint32_t mark_value; /* marks mean something else under another mask */
	uint32_t mark_mask;
};

static struct file_head
head_of(const struct keeper *k)
{
	struct file_head h = {
		.version = CLASS_FILE_VERSION,
		.record_bytes = sizeof(struct proto_class_spec),
		.mark_value = k->config->mark_value,
		.mark_mask = k->config->mark_mask,
	};

	memcpy(h.magic, CLASS_FILE_MAGIC, sizeof(h.magic));
	return h;
}

static void
file_name(const struct keeper *k, const char *end, char *out, size_t cap)
{
	snprintf(out, cap, "%s/classes%s", k->options->run_dir, end);
}

static bool
write_classes(const struct keeper *k, FILE *f, size_t *n)
{
	struct file_head h = head_of(k);
	bool ok = fwrite(&h, sizeof(h), 1, f) == 1;

	*n = 0;
	for (uint32_t id = CLASS_PREDEFINED + 1; ok && id <= CLASS_MAX; id++) {
		struct proto_class_spec r;

		if (k->class[id] == NULL)
			continue;
		memset(&r, 0, sizeof(r));
		r.class_id = id;
		r.spec = *k->class[id];
		ok = fwrite(&r, sizeof(r), 1, f) == 1;
		++*n;
	}
	return fflush(f) == 0 && ok;
}

/* Whole or not at all. */
void
class_file_save(const struct keeper *k)
{
	char name[128], fresh[128];
	size_t n = 0;
	bool ok;
	FILE *f;
	int fd;

	file_name(k, "", name, sizeof(name));
	file_name(k, ".new", fresh, sizeof(fresh));
	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	f = fd >= 0 ? fdopen(fd, "w") : NULL;
	ok = f != NULL && write_classes(k, f, &n);
	if (f != NULL)
		ok = fclose(f) == 0 && ok;
	else if (fd >= 0)
		close(fd);
	if (ok && n > 0)
		ok = rename(fresh, name) == 0;
	else if (ok)
		ok = (unlink(name) == 0 || errno == ENOENT) && unlink(fresh) == 0;
	if (!ok)
		log_error("keeper",
		    "cannot write %s: %s; sockets of special classes will not "
		    "survive a restart of the daemon",
		    name, strerror(errno));
}

static void
load_one(struct keeper *k, const struct proto_class_spec *r)
{
	struct class_spec *spec;

	if (r->class_id <= CLASS_PREDEFINED ||
	    r->class_id > net_class_limit(k->config) || k->class[r->class_id] != NULL ||
	    !class_spec_is_sane(&r->spec))
		return;
	/* Rules protect without sockets of their own; the new negotiator says which remain. */
	if (r->spec.kind != CLASS_OF_RULE && k->sockets_left[r->class_id] == 0)
		return;
	if ((spec = malloc(sizeof(*spec))) == NULL)
		return;
	*spec = r->spec;
	k->class[r->class_id] = spec;
}

void
class_file_load(struct keeper *k)
{
	struct file_head h, want = head_of(k);
	struct proto_class_spec r;
	char name[128];
	struct stat st;
	FILE *f;

	file_name(k, "", name, sizeof(name));
	if ((f = fopen(name, "re")) == NULL)
		return;
	if (fstat(fileno(f), &st) != 0 || !S_ISREG(st.st_mode) || st.st_uid != 0 ||
	    fread(&h, sizeof(h), 1, f) != 1 || memcmp(&h, &want, sizeof(h)) != 0)
		log_warn("keeper", "%s is of another daemon: not used", name);
	else
		while (fread(&r, sizeof(r), 1, f) == 1)
			load_one(k, &r);
	fclose(f);
}
