/* What happens to flows that may be clear, and what the plane says of them. */
#include "tests/unit/plane_talk.h"

#include <string.h>

void
flow_done(const struct flow *f, enum ike_err error)
{
	struct proto_acquire_done d = { CLEAR, *f, error };

	plane_out_done(rig.p, &d);
}

void
flow_pair(uint32_t qm_id, const struct flow *f, bool guarantees, bool boundary_behind_nat)
{
	for (int inbound = 0; inbound < 2; inbound++) {
		struct action_sa_add a = pair_action(qm_id, CLEAR, f, inbound);

		a.guaranteed_encryption = guarantees;
		if (boundary_behind_nat) {
			a.peer_boundary = true;
			a.nat.local = f->local;
			a.nat.remote = f->remote;
			a.nat.local.port = a.nat.remote.port = 4500;
		}
		ck_assert(plane_sa_add(rig.p, &a));
	}
}

bool
last_is_clear(uint8_t mark)
{
	const struct sent *s = &rig.sent[rig.n_sent - 1];

	return rig.n_sent > 0 && s->b[9] == 6 && s->b[s->n - 1] == mark;
}

void
clear_arrives(const struct flow *f, uint8_t mark)
{
	struct sample s = { *f, false, 32, mark, 0x10 };
	uint8_t b[RIG_PACKET_BYTES];

	plane_clear_in(rig.p, b, sample_write(&s, b), false);
}

void
sealed_arrives(uint32_t qm_id, const struct flow *f, uint8_t mark)
{
	struct sample s = { *f, false, 32, mark, 0x10 };
	uint8_t b[RIG_PACKET_BYTES];

	plane_in_packet(rig.p, span_of(b, peer_seal(qm_id, 1, &s, b)));
}

void
flow_owner(const struct flow *f, uint32_t class_id)
{
	struct proto_owner reply = { *f, class_id };

	plane_clear_owner(rig.p, &reply);
}

int
delivered(void)
{
	uint8_t b[RIG_PACKET_BYTES];
	size_t n = rig_tun_read(CLEAR, b);

	return n == 0 ? -1 : b[n - 1];
}

size_t
heard(uint16_t type)
{
	uint8_t frame[4096];
	size_t n = 0;

	while (recv(rig.negotiator, frame, sizeof(frame), MSG_DONTWAIT) > 0) {
		uint16_t got;

		memcpy(&got, frame, sizeof(got));
		n += got == type;
		if (got != PROTO_FLOW_CLEAR)
			continue;
		memcpy(&rig.told, frame + 8, sizeof(rig.told));
		rig.n_told++;
	}
	return n;
}

void
class_waits(void)
{
	plane_clear_class(rig.p,
	    &(struct proto_class){ .class_id = CLEAR, .in_use = true, .allow_insecure = true,
		.clear_waits = true });
}
