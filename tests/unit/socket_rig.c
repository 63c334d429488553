/* A table of sockets under test. */
#include "tests/unit/socket_rig.h"

#include <arpa/inet.h>
#include <string.h>
#include <unistd.h>

uint32_t n_changed[CLASS_MAX + 1];

static void
on_changed(void *ctx, uint32_t class_id)
{
	(void)ctx;
	n_changed[class_id]++;
}

struct socket_table *table;

void
socket_rig_begin(void)
{
	rig_setup();
	memset(n_changed, 0, sizeof(n_changed));
	table = socket_table_new(rig.base, on_changed, NULL);
}

void
socket_rig_end(void)
{
	socket_table_free(table);
	rig_teardown();
}

uint64_t
socket_rig_add(int fd, uint32_t class_id, uint8_t family, uint8_t protocol)
{
	struct secured_socket s = { 0, socket_cookie(fd), class_id, 1000, family,
		protocol, 0, false, 0 };
	uint64_t id = socket_table_add(table, &s);

	ck_assert_uint_ne(id, 0);
	return id;
}

struct flow
flow_to(uint8_t protocol, const char *local, uint16_t port)
{
	struct flow f = { .protocol = protocol };
	int family = strchr(local, ':') != NULL ? AF_INET6 : AF_INET;

	f.local.addr.family = f.remote.addr.family = family == AF_INET ? 4 : 6;
	ck_assert_int_eq(inet_pton(family, local, f.local.addr.b), 1);
	ck_assert_int_eq(
	    inet_pton(family, family == AF_INET ? "192.0.2.9" : "2001:db8::9",
		f.remote.addr.b),
	    1);
	f.local.port = port;
	f.remote.port = 5000;
	return f;
}

void
wait_changed(uint32_t class_id, uint32_t n)
{
	for (int i = 0; i < 200 && n_changed[class_id] < n; i++) {
		usleep(10000);
		rig_turn();
	}
}
