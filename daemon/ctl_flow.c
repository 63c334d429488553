/* The traffic that a request of authipctl names. */
#include "daemon/ctl_flow.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool
parse_address(const char *text, struct address *a)
{
	*a = (struct address){ 0 };
	if (inet_pton(AF_INET, text, a->b) == 1)
		a->family = 4;
	else if (inet_pton(AF_INET6, text, a->b) == 1)
		a->family = 6;
	return a->family != 0;
}

/* The address that packets to `to` are sent from. */
static bool
source_address(const struct address *to, struct address *from)
{
	struct sockaddr_storage ss = { .ss_family = to->family == 4 ? AF_INET : AF_INET6 };
	socklen_t n = to->family == 4 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
	void *at = to->family == 4 ? (void *)&((struct sockaddr_in *)&ss)->sin_addr :
				     (void *)&((struct sockaddr_in6 *)&ss)->sin6_addr;
	int fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool ok;

	memcpy(at, to->b, address_len_bytes(to));
	if (to->family == 4)
		((struct sockaddr_in *)&ss)->sin_port = htons(9);
	else
		((struct sockaddr_in6 *)&ss)->sin6_port = htons(9);
	*from = (struct address){ .family = to->family };
	ok = fd >= 0 && connect(fd, (struct sockaddr *)&ss, n) == 0 &&
	    getsockname(fd, (struct sockaddr *)&ss, &n) == 0;
	if (ok)
		memcpy(from->b, at, address_len_bytes(to));
	if (fd >= 0)
		close(fd);
	return ok;
}

static bool
parse_port(json_t *value, json_int_t least, uint16_t *port)
{
	json_int_t v = json_integer_value(value);

	*port = (uint16_t)v;
	return v >= least && v <= 65535;
}

const char *
ctl_flow_read(json_t *q, struct flow *f)
{
	const char *to = json_string_value(json_object_get(q, "to"));
	const char *from = json_string_value(json_object_get(q, "from"));
	const char *proto = json_string_value(json_object_get(q, "protocol"));

	memset(f, 0, sizeof(*f));
	if (to == NULL || !parse_address(to, &f->remote.addr))
		return "\"to\" must be an IPv4 or IPv6 address";
	if (proto == NULL || (strcmp(proto, "tcp") != 0 && strcmp(proto, "udp") != 0))
		return "\"protocol\" must be tcp or udp";
	if (!parse_port(json_object_get(q, "port"), 1, &f->remote.port))
		return "\"port\" must be between 1 and 65535";
	if (!parse_port(json_object_get(q, "local_port"), 0, &f->local.port))
		return "\"local_port\" must be between 0 and 65535";
	if (from != NULL && (!parse_address(from, &f->local.addr) ||
				f->local.addr.family != f->remote.addr.family))
		return "\"from\" must be an address of the same family as \"to\"";
	if (from == NULL && !source_address(&f->remote.addr, &f->local.addr))
		return "there is no route to that address";
	f->protocol = strcmp(proto, "tcp") == 0 ? IPPROTO_TCP : IPPROTO_UDP;
	return NULL;
}
