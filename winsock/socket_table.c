/* What the library remembers of a descriptor: a byte for each, without locks. */
#include "winsock/socket_table.h"

#include <stdatomic.h>

/* Descriptors above are not remembered; the usual limit of a process is 1024. */
#define MOST_DESCRIPTORS 65536

static atomic_uchar facts[MOST_DESCRIPTORS];

static bool
is_known(int fd)
{
	return fd >= 0 && fd < MOST_DESCRIPTORS;
}

void
socket_table_add(int fd, enum socket_fact fact)
{
	if (is_known(fd))
		atomic_fetch_or(&facts[fd], (unsigned char)fact);
}

bool
socket_table_has(int fd, enum socket_fact fact)
{
	return is_known(fd) && (atomic_load(&facts[fd]) & (unsigned char)fact) != 0;
}

void
socket_table_forget(int fd)
{
	if (is_known(fd))
		atomic_store(&facts[fd], 0);
}
