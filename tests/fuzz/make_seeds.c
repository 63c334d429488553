/*
 * Writes the seeds of the fuzz targets from simulated negotiations:
 *
 *	make_seeds tests/fuzz/seeds
 */
#include <string.h>
#include <sys/stat.h>

#include "crypto/esp.h"
#include "ike/state.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_engine.h"
#include "tests/fuzz/fuzz_v1.h"
#include "tests/sim/simnet.h"


static struct simnet net;
static const char *root;
static unsigned n_message, policy;

void
write_seed(const char *target, const char *name, const uint8_t *p, size_t n)
{
	char path[512];
	FILE *f;

	FUZZ_ASSERT(n <= 2048);
	snprintf(path, sizeof(path), "%s/%s", root, target);
	(void)mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/%s/%s", root, target, name);
	f = fopen(path, "wb");
	FUZZ_ASSERT(f != NULL && fwrite(p, 1, n, f) == n);
	fclose(f);
}

/* ---- messages ---- */

static uint8_t
message_id_byte(const struct isakmp_header *h)
{
	return h->message_id < 2 ? (uint8_t)h->message_id : MID_OF_QUICK_MODE;
}

/* The n-th good message in place of itself: n pass, then this one comes from the fuzzer. */
static void
write_engine_seed(const char *name, unsigned n, const struct message *m, uint8_t flags)
{
	uint8_t b[2048], head[SEALED_HEAD_BYTES] = { m->h.exchange, message_id_byte(&m->h),
		m->n_payload > 0 ? m->payload[0].type : 0 };
	bool sealed = (m->h.flags & ISAKMP_FLAG_ENCRYPTED) != 0;
	struct writer w;

	writer_init(&w, b, sizeof(b));
	writer_u8(&w, (uint8_t)(n + policy * FUZZ_STATES));
	for (int twice = 0; twice < 2; twice++) {
		writer_u8(&w, (uint8_t)(flags | (sealed ? RECORD_SEALED : 0) |
				  (n % 2 != 0 ? RECORD_TO_INITIATOR : 0) |
				  (n > 0 ? RECORD_PATCH_COOKIES : 0) |
				  1 << RECORD_WAIT_SHIFT));
		if (sealed) {
			writer_u16(&w, (uint16_t)(sizeof(head) + m->chain.n));
			writer_bytes(&w, SPAN_ARRAY(head));
			writer_bytes(&w, m->chain);
		} else {
			writer_u16(&w, (uint16_t)m->raw.n);
			writer_bytes(&w, m->raw);
			break;
		}
	}
	FUZZ_ASSERT(writer_ok(&w));
	write_seed("engine", name, b, w.n);
}

/* A fragment with the cookies of the main mode, and a DOS_COOKIE before M2. */
static void
write_bare_seeds(void)
{
	static const uint8_t fragment[] = { 14, RECORD_PATCH_COOKIES, 0, 44, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 0, 0, 0, 0, 0, 0, 0, PAYLOAD_FRAGMENT, 0x10, EXCHANGE_QM, 0, 0, 0, 0, 9, 0, 0,
		0, 44, 0, 0, 0, 16, 0, 1, 1, 0, 1, 2, 3, 4, 5, 6, 7, 8 };
	static const uint8_t cookie[] = { 1, RECORD_PATCH_COOKIES | RECORD_TO_INITIATOR, 0, 48, 0,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, PAYLOAD_NOTIFY, 0x10,
		EXCHANGE_NOTIFY, 0, 0, 0, 0, 9, 0, 0, 0, 48, 0, 0, 0, 20, 0, 0, 0, 1, 1, 0, 0x9c,
		0x55, 1, 2, 3, 4, 5, 6, 7, 8 };

	write_seed("engine", "fragment", fragment, sizeof(fragment));
	write_seed("engine", "dos-cookie", cookie, sizeof(cookie));
}

static void
write_plain_seed(const char *name, const struct message *m)
{
	uint8_t b[2048];

	FUZZ_ASSERT(m->n_payload > 0 && m->chain.n < sizeof(b));
	b[0] = m->payload[0].type;
	memcpy(b + 1, m->chain.p, m->chain.n);
	write_seed("plain", name, b, m->chain.n + 1);
}

/* What no peer here sends: payloads of key dictation behind those of Q1 and Q3. */
static void
write_dictation_seed(unsigned n, struct message *m)
{
	static uint8_t chain[2048];
	uint8_t type = n == 2 ? PAYLOAD_KEY_WEIGHT : PAYLOAD_KEY_DICT;
	size_t last = m->n_payload - 1;
	struct writer w;

	writer_init(&w, chain, sizeof(chain));
	writer_bytes(&w, m->chain);
	writer_patch_u8(&w, (size_t)(m->payload[last].whole.p - m->chain.p), type);
	for (int i = 0; i < 2; i++) {
		writer_u8(&w, i == 0 ? type : PAYLOAD_NONE);
		writer_u8(&w, 0);
		writer_u16(&w, 40);
		for (int k = 0; k < 36; k++)
			writer_u8(&w, (uint8_t)k);
	}
	FUZZ_ASSERT(writer_ok(&w));
	m->chain = span_of(chain, w.n);
	write_engine_seed(n == 2 ? "key-weight" : "key-dictation", n, m, 0);
}

static bool
tap_write(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	static uint8_t plain[SIM_MAX_PACKET];
	static struct message m;
	const struct mm_sa *mm = LIST_FIRST(&net.host[from].engine->mm_all);
	struct message_keys k = { mm->chosen.cipher,
		span_of(mm->keys.cipher_key, cipher_key_len_bytes(mm->chosen.cipher)),
		mm->chosen.integrity, span_of(mm->keys.a, mm->keys.hash_n), mm->keys.icv_n };
	const char *group = ctx;
	char name[32];

	if (policy >= 4 && n_message >= 8)
		return true; /* from here on it is as without */
	snprintf(name, sizeof(name), "%s%02u", group, n_message);
	write_seed("message", name, p, *n);
	FUZZ_ASSERT(message_parse(span_of(p, *n), false, &m) == IKE_OK);
	if ((m.h.flags & ISAKMP_FLAG_ENCRYPTED) != 0)
		FUZZ_ASSERT(message_open(&m, &k, false, plain, sizeof(plain)) == IKE_OK);
	write_plain_seed(name, &m);
	write_engine_seed(name, n_message < 14 ? n_message : 14, &m, 0);
	if (n_message > 1) {
		snprintf(name, sizeof(name), "%s%02u-cut", group, n_message);
		write_engine_seed(name, n_message < 14 ? n_message : 14, &m, RECORD_FRAGMENTS);
	}
	if (policy == 0 && (n_message == 2 || n_message == 4))
		write_dictation_seed(n_message, &m);
	n_message++;
	return true;
}

/* A first negotiation, a second quick mode, an end. */
static void
write_negotiation(void)
{
	static const struct dialect d = DIALECT_DEFAULT;
	static char group[FUZZ_POLICIES][16] = { "good", "no-em", "pfs", "encrypt",
		"main-tls", "main-krb", "nat" };

	n_message = 0;
	sim_init(&net, 5);
	for (size_t i = 0; i < SIM_HOSTS; i++)
		fuzz_engine_policy(&net.host[i], policy);
	sim_start(&net, &d, &d);
	net.tap = tap_write;
	net.tap_ctx = group[policy];
	sim_acquire(&net, 0, 1, 4, 81);
	sim_run(&net, 5000);
	FUZZ_ASSERT(net.host[0].result.error == IKE_OK);
	sim_acquire(&net, 0, 2, 4, 82);
	sim_run(&net, 5000);
	engine_delete_qm(net.host[1].engine, net.now_ms, 0);
	sim_run(&net, 5000);
	engine_delete_mm(net.host[0].engine, net.now_ms, 0);
	sim_run(&net, 5000);
	sim_free(&net);
}

/* ---- packets ---- */

static size_t
ipv4(uint8_t *p, size_t options_n, uint8_t protocol, size_t payload_n)
{
	size_t n = 20 + options_n + payload_n;

	memset(p, 1, n); /* options of type 1: no operation */
	memset(p, 0, 20);
	p[0] = (uint8_t)(0x45 + options_n / 4);
	p[2] = (uint8_t)(n >> 8);
	p[3] = (uint8_t)n;
	p[8] = 64;
	p[9] = protocol;
	p[12] = p[16] = 10;
	return n;
}

static size_t
ipv6(uint8_t *p, uint8_t extension, uint8_t protocol, size_t payload_n)
{
	size_t n = 40 + (extension != 59 ? 8 : 0) + payload_n;

	memset(p, 0, n);
	p[0] = 0x60;
	p[5] = (uint8_t)(n - 40);
	p[6] = extension != 59 ? extension : protocol;
	p[7] = 64;
	p[8] = p[24] = 0xfd;
	if (extension != 59) {
		p[40] = protocol;
		p[42] = 1; /* PadN */
		p[43] = 4;
	}
	return n;
}

static void
write_packets(void)
{
	uint8_t b[512];
	char name[32];

	for (uint8_t sa = 0; sa < 6; sa++) {
		b[0] = sa;
		snprintf(name, sizeof(name), "ipv4-%u", sa);
		write_seed("esp", name, b, 1 + ipv4(b + 1, sa % 3 * 4, 17, 20u + sa));
		snprintf(name, sizeof(name), "ipv6-%u", sa);
		write_seed("esp", name, b,
		    1 + ipv6(b + 1, sa % 2 == 0 ? 59 : sa % 3 == 0 ? 0 : 60, 6, 20u + sa));
		snprintf(name, sizeof(name), "secured-%u", sa);
		write_seed("esp", name, b, 1 + ipv4(b + 1, 0, sa % 2 == 0 ? 50 : 51, 60));
	}
	b[0] = 4;
	write_seed("esp", "ipv6-routing", b, 1 + ipv6(b + 1, 43, 17, 8));
	write_seed("esp", "ipv6-nothing", b, 1 + ipv6(b + 1, 59, 6, 0));
}

int
main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: %s directory\n", argv[0]);
		return 2;
	}
	root = argv[1];
	(void)mkdir(root, 0755);
	for (policy = 0; policy < FUZZ_POLICIES; policy++)
		write_negotiation();
	write_bare_seeds();
	write_packets();
	write_v1_seeds();
	return 0;
}
