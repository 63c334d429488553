/*
 * Flows that once were protected, of sockets and rules that allow clear text otherwise: they
 * may never be clear again, also when the plane, or the whole daemon, is another one. The
 * plane tells of them; they are kept here, and in a file for the daemon that comes next.
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

#define WAYS 8 /* places that a flow may have */
#define FILE_MAGIC 0x53504941u /* "AIPS" */

/* Every record of a file that this version has written has it. */
struct file_record {
	uint32_t magic;
	struct proto_flow_secured secured;
};

static size_t
first_place(const struct proto_flow_secured *m)
{
	const struct flow *f = &m->flow;
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < sizeof(f->remote.addr.b); i++)
		h = (h ^ f->remote.addr.b[i] ^ (uint32_t)f->local.addr.b[i] << 8) * 16777619u;
	h = (h ^ f->local.port ^ (uint32_t)f->remote.port << 16) * 16777619u;
	h = (h ^ m->class_id ^ (uint32_t)f->protocol << 16) * 16777619u;
	return (h ^ h >> 15) % (KEEPER_SECURED / WAYS) * WAYS;
}

static bool
is_sane(const struct proto_flow_secured *m)
{
	const struct flow *f = &m->flow;

	return m->class_id != 0 && m->class_id <= CLASS_MAX &&
	       (f->protocol == 6 || f->protocol == 17) &&
	       (f->local.addr.family == 4 || f->local.addr.family == 6) &&
	       f->remote.addr.family == f->local.addr.family;
}

static bool
is_same(const struct proto_flow_secured *a, const struct proto_flow_secured *b)
{
	return a->class_id == b->class_id && flow_equal(&a->flow, &b->flow);
}

static void
put(struct keeper *k, size_t at, const struct proto_flow_secured *m)
{
	struct file_record r;

	memset(&r, 0, sizeof(r));
	r.magic = FILE_MAGIC;
	r.secured = k->secured[at] = *m;
	if (k->secured_fd >= 0 &&
	    pwrite(k->secured_fd, &r, sizeof(r), (off_t)(at * sizeof(r))) != sizeof(r)) {
		log_error("keeper",
		    "cannot write which flows were secured: %s; after a restart of the daemon "
		    "they may be clear again",
		    strerror(errno));
		close(k->secured_fd);
		k->secured_fd = -1;
	}
}

/* The place of this flow; else a free one (or, of too many, another one's). */
static size_t
find(struct keeper *k, const struct proto_flow_secured *m, bool *found)
{
	size_t first = first_place(m), free_at = KEEPER_SECURED;

	for (size_t at = first; at < first + WAYS; at++) {
		if ((*found = is_same(&k->secured[at], m)))
			return at;
		if (k->secured[at].class_id == 0 && free_at == KEEPER_SECURED)
			free_at = at;
	}
	return free_at != KEEPER_SECURED ? free_at : first + k->n_secured_lost++ % WAYS;
}

static bool
table_new(struct keeper *k)
{
	if (k->secured != NULL)
		return true;
	k->secured_fd = -1;
	k->secured = calloc(KEEPER_SECURED, sizeof(*k->secured));
	return k->secured != NULL;
}

void
keeper_secured_told(void *ctx, const struct proto_flow_secured *m, bool secured)
{
	const struct proto_flow_secured none = { 0 };
	struct keeper *k = ctx;
	bool found;
	size_t at;

	/* What ends with this daemon is not forgotten: sockets may be left. */
	if ((k->is_stopping && !secured) || !is_sane(m) || !table_new(k))
		return;
	at = find(k, m, &found);
	if (secured && !found)
		put(k, at, m);
	else if (!secured && found)
		put(k, at, &none);
}

bool
keeper_secured_message(struct keeper *k, uint16_t type, struct span body)
{
	struct proto_flow_secured m;

	if ((type != PROTO_FLOW_SECURED && type != PROTO_FLOW_FORGOTTEN) ||
	    !proto_body(body, &m, sizeof(m)) || !is_sane(&m))
		return false;
	keeper_secured_told(k, &m, type == PROTO_FLOW_SECURED);
	return true;
}

void
keeper_secured_hand_over(const struct keeper *k)
{
	if (k->secured == NULL)
		return;
	for (size_t at = 0; at < KEEPER_SECURED; at++)
		if (k->secured[at].class_id != 0)
			(void)ipc_send(k->role[ROLE_PLANE].ipc, PROTO_FLOW_SECURED,
			    &k->secured[at], sizeof(k->secured[at]), -1);
}

/* ---- the file ---- */

static void
file_name(const struct keeper *k, char *out, size_t cap)
{
	snprintf(out, cap, "%s/secured", k->options->run_dir);
}

/* Places are of the flow alone: what another version wrote says nothing. */
static void
load(struct keeper *k)
{
	struct file_record r;

	for (size_t at = 0; at < KEEPER_SECURED; at++)
		if (pread(k->secured_fd, &r, sizeof(r), (off_t)(at * sizeof(r))) == sizeof(r) &&
		    r.magic == FILE_MAGIC && is_sane(&r.secured) &&
		    at / WAYS == first_place(&r.secured) / WAYS)
			k->secured[at] = r.secured;
}

bool
keeper_secured_open(struct keeper *k)
{
	char name[128];
	struct stat st;

	if (!table_new(k))
		return false;
	file_name(k, name, sizeof(name));
	k->secured_fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (k->secured_fd >= 0 && (fstat(k->secured_fd, &st) != 0 || !S_ISREG(st.st_mode) ||
				      st.st_uid != geteuid() || (st.st_mode & 022) != 0)) {
		close(k->secured_fd);
		k->secured_fd = -1;
		errno = EPERM;
	}
	if (k->secured_fd < 0)
		log_error("keeper", "cannot use %s: %s", name, strerror(errno));
	else
		load(k);
	for (size_t at = 0; k->xfrm != NULL && at < KEEPER_SECURED; at++)
		if (k->secured[at].class_id != 0)
			xfrm_secured_restore(k->xfrm, &k->secured[at]);
	return true;
}

void
keeper_secured_close(struct keeper *k, bool keep)
{
	char name[128];

	if (k->secured == NULL)
		return;
	file_name(k, name, sizeof(name));
	if (!keep && k->secured_fd >= 0)
		(void)unlink(name);
	if (k->secured_fd >= 0)
		close(k->secured_fd);
	free(k->secured);
	k->secured = NULL;
}
