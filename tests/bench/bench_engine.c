/*
 * Main mode and quick mode, without and with authentication by certificates, against
 * the cryptography in them; and what 10,000 established pairs cost.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/bench/floor.h"
#include "tests/bench/measure.h"
#include "tests/bench/talk.h"
#include "tests/unit/auth_pki.h"

#define MANY_PAIRS 10000
#define SAMPLE_PAIRS 1000
#define SETTLE_MS (120 * 1000) /* everything but lifetimes is over */

struct bench {
	struct floor *floor;
	struct auth_tls *tls; /* NULL: anonymous */
};

static void
run_ours(void *ctx, size_t n, double *part_s)
{
	struct bench *b = ctx;
	struct talk t;

	talk_begin(&t, b->tls);
	while (n-- > 0)
		talk_negotiate(&t);
	for (size_t i = 0; i < MEASURE_PARTS; i++)
		part_s[i] += t.side[i].cpu_s;
	talk_end(&t);
}

static void
run_floor(void *ctx, size_t n, double *part_s)
{
	struct bench *b = ctx;

	while (n-- > 0) {
		floor_ecdh(b->floor, part_s);
		if (b->tls != NULL)
			floor_tls(b->tls, part_s);
	}
}

static void
print_rate(double s, char *out, size_t cap)
{
	snprintf(out, cap, "%.0f us, %.0f/s", s * 1e6, 1 / s);
}

/* ---- certificates ---- */

/* The files live only as long as auth_tls_new() needs them. */
static struct auth_tls *
make_tls(bool is_ec)
{
	char dir[] = "/tmp/bench_engine.XXXXXX", path[64], err[600] = "";
	struct config *c = calloc(1, sizeof(*c));
	struct pki_cert ca, host;
	struct auth_tls *tls;

	if (c == NULL || mkdtemp(dir) == NULL)
		exit(1);
	ca = pki_make(
	    &(struct pki_wish){ .cn = "ca", .is_ca = true, .is_ec = is_ec }, NULL);
	host = pki_make(&(struct pki_wish){ .cn = "host", .is_ec = is_ec }, &ca);
	pki_write_certs(dir, "ca", &ca, NULL);
	pki_write_certs(dir, "host", &host, NULL);
	pki_write_key(dir, "host", &host, NULL);
	config_set_default(c);
	c->n_cert = 1;
	snprintf(c->trust_file, sizeof(c->trust_file), "%s/ca.pem", dir);
	snprintf(
	    c->cert[0].certificate, sizeof(c->cert[0].certificate), "%s/host.pem", dir);
	snprintf(c->cert[0].key, sizeof(c->cert[0].key), "%s/host.key", dir);
	if ((tls = auth_tls_new(c, err, sizeof(err))) == NULL)
		fprintf(stderr, "bench: %s\n", err);
	for (const char *const *f =
		 (const char *const[]){ "ca.pem", "host.pem", "host.key", NULL };
	     *f != NULL; f++) {
		snprintf(path, sizeof(path), "%s/%s", dir, *f);
		unlink(path);
	}
	rmdir(dir);
	pki_free(&ca);
	pki_free(&host);
	free(c);
	if (tls == NULL)
		exit(1);
	return tls;
}

/* ---- many pairs ---- */

static double
resident_bytes(void)
{
	long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f == NULL || fscanf(f, "%*s %ld", &pages) != 1)
		pages = 0;
	if (f != NULL)
		fclose(f);
	return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static double
negotiate_s(struct talk *t, int n)
{
	double start_s = measure_cpu_s();

	for (int i = 0; i < n; i++)
		talk_negotiate(t);
	return (measure_cpu_s() - start_s) / n / TALK_SIDES;
}

/* In bytes per pair and side: what malloc gave out, and what the process grew by. */
static void
print_memory(double allocated, double grown)
{
	char a[64], b[64];

	snprintf(a, sizeof(a), "%.0f B", allocated / MANY_PAIRS / TALK_SIDES);
	snprintf(b, sizeof(b), "%.0f B", grown / MANY_PAIRS / TALK_SIDES);
	measure_row("memory of a pair of 10,000; peer: growth of RSS", a, b,
	    allocated / grown, -1);
}

/* Does a main mode cost more where there are many? */
static void
print_growth(double last_s, double first_s)
{
	char a[64], b[64];

	print_rate(last_s, a, sizeof(a));
	print_rate(first_s, b, sizeof(b));
	measure_row("anonymous, the last 1000 of 10,000; peer: first", a, b,
	    last_s / first_s, -1);
}

static void
compare_many(void)
{
	double first_s, last_s, rss;
	struct talk t;
	size_t before;

	malloc_trim(0);
	talk_begin(&t, NULL);
	talk_negotiate(&t);
	before = mallinfo2().uordblks;
	rss = resident_bytes();
	first_s = negotiate_s(&t, SAMPLE_PAIRS);
	(void)negotiate_s(&t, MANY_PAIRS - 2 * SAMPLE_PAIRS);
	last_s = negotiate_s(&t, SAMPLE_PAIRS);
	talk_wait(&t, SETTLE_MS);
	print_memory((double)(mallinfo2().uordblks - before), resident_bytes() - rss);
	print_growth(last_s, first_s);
	talk_end(&t);
}

int
main(void)
{
	struct bench b = { .floor = floor_new() };
	struct measure m = {
		.part = { "anonymous main mode + quick mode, initiator",
		    "anonymous main mode + quick mode, responder" },
		.ours = run_ours,
		.floor = run_floor,
		.ctx = &b,
		.print = print_rate,
	};
	double share_s = measure_budget_s() / 4;

	measure_compare(&m, share_s);
	for (int is_ec = 1; is_ec >= 0; is_ec--) {
		b.tls = make_tls(is_ec);
		m.part[0] = is_ec ? "same with TLS, EC P-256, initiator" :
				    "same with TLS, RSA-2048, initiator";
		m.part[1] = is_ec ? "same with TLS, EC P-256, responder" :
				    "same with TLS, RSA-2048, responder";
		measure_compare(&m, share_s);
		auth_tls_free(b.tls);
	}
	compare_many();
	floor_free(b.floor);
	return 0;
}
