/* What the library remembers of a descriptor: a number for each, without locks. */
#include "winsock/socket_fact.h"

#include <stdatomic.h>

#include "winsock/socket_state.h"

/* Descriptors above are not remembered; the usual limit of a process is 1024. */
#define MOST_DESCRIPTORS 65536
#define FACTS 0xffu

/*
 * Above the facts is the end of the socket's cookie: a descriptor that was closed by other means
 * (close(), dup2(), close_range()) may be another socket by now.
 */
static atomic_uint table[MOST_DESCRIPTORS];

static bool
is_known(int fd)
{
	return fd >= 0 && fd < MOST_DESCRIPTORS;
}

static unsigned int
tag_of(int fd)
{
	return (unsigned int)socket_state_cookie(fd) << 8;
}

void
socket_fact_add(int fd, enum socket_fact fact)
{
	unsigned int tag, was, now;

	if (!is_known(fd))
		return;
	tag = tag_of(fd);
	was = atomic_load(&table[fd]);
	do
		now = ((was & ~FACTS) == tag ? was : tag) | (unsigned int)fact;
	while (!atomic_compare_exchange_weak(&table[fd], &was, now));
}

bool
socket_fact_has(int fd, enum socket_fact fact)
{
	unsigned int is = is_known(fd) ? atomic_load(&table[fd]) : 0;

	return (is & (unsigned int)fact) != 0 && (is & ~FACTS) == tag_of(fd);
}

void
socket_fact_forget(int fd)
{
	if (is_known(fd))
		atomic_store(&table[fd], 0);
}
