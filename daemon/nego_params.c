/* What the configuration asks of the engine. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/negotiator.h"

/* Without a name of its own a host has that of its Kerberos service. */
static void
set_gss_id(struct engine_params *p, const struct config *c)
{
	char host[200] = "localhost";

	if (c->gss_id[0] != '\0') {
		memcpy(p->gss_id, c->gss_id, sizeof(p->gss_id));
		return;
	}
	(void)gethostname(host, sizeof(host) - 1);
	snprintf(p->gss_id, sizeof(p->gss_id), "host/%s", host);
}

void
nego_params_set(struct engine_params *p, const struct config *c)
{
	p->dialect = c->dialect;
	p->max_mm_per_peer = c->limits.mm_sa_per_peer;
	p->max_negotiations_per_peer = c->limits.negotiations_per_peer;
	p->max_qm_per_peer = c->limits.quick_modes_per_peer;
	p->max_mm_total = c->limits.mm_sa_total;
	p->replay_window = c->replay_window;
	p->nat_port = c->nat_port;
	p->first_messages_per_s = c->limits.first_messages;
	p->half_open_enter = c->limits.half_open_enter;
	p->half_open_leave = c->limits.half_open_leave;
	p->fragment_size = c->fragment_size;
	set_gss_id(p, c);
}
