/* The auth role for IKEv1 in simulations: keyed hashes stand for signatures and tickets. */
#include <string.h>

#include "ike/auth_part.h"
#include "tests/sim/simnet.h"

static void
refuse(struct engine_auth_reply *r, const char *why)
{
	r->status = AUTH_FAILED;
	r->gss_status = 0x8009030c;
	strcpy(r->text, why);
}

static void
done(struct engine_auth_reply *r, const char *name)
{
	r->status = AUTH_DONE;
	strcpy(r->peer_name, name);
}

/* "Signed" by the CA that vouches for the host. */
static size_t
sign(const char *ca, struct span hash, uint8_t *out)
{
	hash_hmac(HASH_SHA256, span_of(ca, strlen(ca)), &hash, 1, out);
	return 32;
}

static void
step_psk(struct sim_host *h, const struct action_auth *a,
    const struct auth_part_list *in, struct writer *w, struct engine_auth_reply *r)
{
	struct span nonces = auth_part_data(in, AUTH_PART_NONCES);

	if (a->step != AUTH_START || nonces.n < 16) {
		refuse(r, "not a step of a pre-shared key");
		return;
	}
	r->secret.n = hash_len_bytes(a->hash);
	hash_hmac(a->hash, span_of(h->psk, strlen(h->psk)), &nonces, 1, r->secret.b);
	if (h->psk_id[0] != '\0') {
		uint8_t id[4 + sizeof(h->psk_id)] = { 2 };

		memcpy(id + 4, h->psk_id, sizeof(h->psk_id));
		auth_part_write(w, AUTH_PART_ID, span_of(id, 4 + strlen(h->psk_id)));
	}
	done(r, "the peer with the key");
}

static void
introduce(struct sim_host *h, const struct auth_part_list *in, struct writer *w)
{
	struct span wanted = auth_part_data(in, AUTH_PART_AUTHORITY);
	uint8_t id[8] = { 9, 0, 0, 0, 'h', 'o', 's', (uint8_t)('0' + h->index) };
	uint8_t cert[SIM_MAX_TOKEN] = { 4 };
	size_t n = h->token_n != 0 ? h->token_n : 40;

	memcpy(cert + 1, h->ca, sizeof(h->ca));
	if (wanted.n > 0 && wanted.n < sizeof(h->wanted)) {
		memset(h->wanted, 0, sizeof(h->wanted));
		memcpy(h->wanted, wanted.p, wanted.n);
	}
	auth_part_write(w, AUTH_PART_ID, SPAN_ARRAY(id));
	auth_part_write(w, AUTH_PART_CERT, span_of(cert, n));
	auth_part_write(w, AUTH_PART_AUTHORITY, span_of(h->trusts, strlen(h->trusts)));
}

static void
verify(struct sim_host *h, const struct action_auth *a, const struct auth_part_list *in,
    struct engine_auth_reply *r)
{
	struct span cert = auth_part_data(in, AUTH_PART_CERT);
	struct span signature = auth_part_data(in, AUTH_PART_SIGNATURE);
	uint8_t want[HASH_MAX_BYTES];
	char ca[16] = "";

	if (a->method != AUTH_V1_KERBEROS && cert.n < 1 + sizeof(ca)) {
		refuse(r, "no certificate");
		return;
	}
	if (a->method == AUTH_V1_KERBEROS)
		strcpy(ca, h->ca);
	else
		memcpy(ca, cert.p + 1, sizeof(ca) - 1);
	if (strcmp(ca, h->trusts) != 0) {
		refuse(r, "certificate signed by an unknown authority");
		return;
	}
	if (signature.n != sign(ca, auth_part_data(in, AUTH_PART_HASH), want) ||
	    memcmp(signature.p, want, signature.n) != 0) {
		refuse(r, "the signature is wrong");
		return;
	}
	if (a->initiator)
		done(r, "CN=sim");
}

static void
step_signed(struct sim_host *h, const struct action_auth *a,
    const struct auth_part_list *in, struct writer *w, struct engine_auth_reply *r)
{
	uint8_t signature[HASH_MAX_BYTES];

	if (auth_part_find(in, AUTH_PART_SIGNATURE, 0) != NULL) {
		verify(h, a, in, r);
	} else if (auth_part_find(in, AUTH_PART_HASH, 0) != NULL) {
		auth_part_write(w, AUTH_PART_SIGNATURE,
		    span_of(signature,
			sign(h->ca, auth_part_data(in, AUTH_PART_HASH), signature)));
		if (!a->initiator)
			done(r, "CN=sim");
	} else if (a->step == AUTH_START ||
		   (a->initiator &&
		       auth_part_find(in, AUTH_PART_AUTHORITY, 0) != NULL)) {
		introduce(h, in, w);
	} else {
		refuse(r, "not a step of signatures");
	}
}

/* A token carries nothing but its mark and, if wanted, many bytes. */
static void
step_kerberos(struct sim_host *h, const struct action_auth *a,
    const struct auth_part_list *in, struct writer *w, struct engine_auth_reply *r)
{
	uint8_t token[SIM_MAX_TOKEN] = { 0 };
	struct span gss = auth_part_data(in, AUTH_PART_GSS);

	if (gss.n > 0 && gss.p[0] != h->krb_mark) {
		refuse(r, "not a token of Kerberos");
		return;
	}
	if (auth_part_find(in, AUTH_PART_HASH, 0) != NULL) {
		step_signed(h, a, in, w, r);
		return;
	}
	token[0] = h->krb_mark;
	if (a->step == AUTH_START)
		auth_part_write(
		    w, AUTH_PART_GSS, span_of(token, h->token_n != 0 ? h->token_n : 3));
}

void
sim_auth_v1(struct sim_host *h, const struct action_auth *a, struct sim_auth *out)
{
	struct engine_auth_reply *r = &out->reply;
	struct auth_part_list in;
	struct writer w;

	writer_init(&w, out->token, sizeof(out->token));
	if (!auth_parts_read(a->token, &in))
		refuse(r, "not a list of parts");
	else if (a->method == AUTH_V1_PSK)
		step_psk(h, a, &in, &w, r);
	else if (a->method == AUTH_V1_KERBEROS)
		step_kerberos(h, a, &in, &w, r);
	else
		step_signed(h, a, &in, &w, r);
	r->token = span_of(out->token, r->status == AUTH_FAILED ? 0 : w.n);
}
