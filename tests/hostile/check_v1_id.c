/* Identities of IKEv1: other types, lengths and ports, and those of pre-shared keys. */
#include <string.h>

#include "tests/hostile/check_v1.h"

struct identity {
	uint8_t type, protocol;
	uint16_t port;
	const char *data;
	size_t n;
};

static void
change_id(const struct identity *id)
{
	uint8_t body[64] = { id->type, id->protocol, (uint8_t)(id->port >> 8),
		(uint8_t)id->port };
	struct mm_sa *mm = v1_mm(INITIATOR);

	ck_assert_int_eq(mm->v1->step, V1_INIT_AUTHENTICATES);
	if (id->data != NULL)
		memcpy(body + 4, id->data, id->n);
	ck_assert(blob_set(&mm->v1->own_id, span_of(body, 4 + id->n)));
}

/* psk_id: whose the key is, at the responder. */
static enum ike_err
connect_with_id(const struct identity *id, const char *psk_id)
{
	v1_start();
	strcpy(v1_net.host[RESPONDER].psk_id, psk_id);
	v1_net.host[INITIATOR].auth_delay_ms = 100; /* time to change our ID */
	sim_acquire(&v1_net, INITIATOR, 1, 4, 80);
	sim_run(&v1_net, 60);
	change_id(id);
	sim_run(&v1_net, 300000);
	ck_assert_uint_eq(v1_net.host[INITIATOR].n_result, 1);
	return v1_net.host[INITIATOR].result.error;
}

static const char *
own_address(void)
{
	static struct endpoint end;

	end = sim_endpoint(INITIATOR, 1, 4, 0);
	return (const char *)end.addr.b;
}

/* Every type (H60); addresses must be the peer's own. */
START_TEST(id_types)
{
	for (unsigned type = 0; type < 256; type++) {
		bool known = type >= 1 && type <= 11, address = type == 1 || type == 5;
		struct identity id = { .type = (uint8_t)type,
			.n = type == 1		    ? 4 :
			     type == 5		    ? 16 :
			     type == 6 || type == 8 ? 32 :
						      8 };

		ck_assert_uint_eq(
		    connect_with_id(&id, "") == IKE_OK, known && !address);
		if (!known || address)
			ck_assert_uint_ge(
			    engine_error_count(v1_net.host[RESPONDER].engine,
				known ? IKE_ERR_PEER_ID : IKE_ERR_ID),
			    1);
		sim_free(&v1_net);
	}
}
END_TEST

/* An address has one length, and a port is that of IKE or none. */
START_TEST(id_lengths_and_ports)
{
	const struct {
		struct identity id;
		bool good;
	} rows[] = {
		{ { 1, 0, 0, own_address(), 3 }, false },
		{ { 1, 0, 0, own_address(), 5 }, false },
		{ { 5, 0, 0, own_address(), 4 }, false },
		{ { 2, 0, 0, NULL, 0 }, false },
		{ { 2, 0, 0, "x", 1 }, true },
		{ { 1, 0, 0, own_address(), 4 }, true },
		{ { 1, 17, 500, own_address(), 4 }, true },
		{ { 1, 17, 4500, own_address(), 4 }, true },
		{ { 1, 6, 500, own_address(), 4 }, false },
		{ { 1, 17, 501, own_address(), 4 }, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum ike_err err = connect_with_id(&rows[i].id, "");

		ck_assert_uint_eq(err == IKE_OK, rows[i].good);
		sim_free(&v1_net);
	}
}
END_TEST

/* A pre-shared key that was given for one name is good for nobody else. */
START_TEST(id_of_a_pre_shared_key)
{
	const struct {
		struct identity id;
		const char *psk_id;
		bool good;
	} rows[] = {
		{ { 2, 0, 0, "peer.example", 12 }, "peer.example", true },
		{ { 2, 17, 500, "peer.example", 12 }, "peer.example", true },
		{ { 3, 0, 0, "peer.example", 12 }, "peer.example", false },
		{ { 2, 0, 0, "peer.exampl", 11 }, "peer.example", false },
		{ { 2, 0, 0, "peer.example.", 13 }, "peer.example", false },
		{ { 2, 0, 0, "Xeer.example", 12 }, "peer.example", false },
		{ { 1, 0, 0, own_address(), 4 }, "peer.example", false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum ike_err err = connect_with_id(&rows[i].id, rows[i].psk_id);

		ck_assert_uint_eq(err == IKE_OK, rows[i].good);
		ck_assert_uint_eq(
		    engine_error_count(v1_net.host[RESPONDER].engine, IKE_ERR_PEER_ID),
		    !rows[i].good);
		sim_free(&v1_net);
	}
}
END_TEST

TCase *
v1_id_cases(void)
{
	TCase *t = tcase_create("v1_id");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, id_types);
	tcase_add_test(t, id_lengths_and_ports);
	tcase_add_test(t, id_of_a_pre_shared_key);
	return t;
}
