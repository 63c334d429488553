/*
 * Runs a fuzz target without libFuzzer: over all files of some directories, then over N
 * mutations of them. The same arguments always do the same.
 *
 *	fuzz_X_replay N DIRECTORY...
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

#define MAX_SEEDS 512
#define MAX_BYTES 16384

struct seed {
	size_t n;
	uint8_t *p;
};

static struct seed seeds[MAX_SEEDS];
static size_t n_seed;
static uint8_t input[MAX_BYTES];
static size_t input_n;
static uint64_t rng = 88172645463325252u;

static uint64_t
next(void)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return rng;
}

/* Something to reproduce it with. */
static void
on_abort(int sig)
{
	int fd = open("fuzz-crash.bin", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd >= 0 && write(fd, input, input_n) == (ssize_t)input_n)
		(void)!write(2, "input is in fuzz-crash.bin\n", 27);
	signal(sig, SIG_DFL);
	raise(sig);
}

static void
run(void)
{
	/* A copy of its own size, so that a read past the end is seen. */
	uint8_t *p = malloc(input_n > 0 ? input_n : 1);

	memcpy(p, input, input_n);
	LLVMFuzzerTestOneInput(p, input_n);
	free(p);
}

static void
load_file(const char *dir, const char *name)
{
	char path[1024];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (name[0] == '.' || n_seed == MAX_SEEDS || (f = fopen(path, "rb")) == NULL)
		return;
	input_n = fread(input, 1, sizeof(input), f);
	fclose(f);
	seeds[n_seed].p = malloc(input_n > 0 ? input_n : 1);
	memcpy(seeds[n_seed].p, input, input_n);
	seeds[n_seed++].n = input_n;
}

/* In the order of their names: the same mutations everywhere. */
static void
load_directory(const char *dir)
{
	struct dirent **entry;
	int n = scandir(dir, &entry, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		load_file(dir, entry[i]->d_name);
		free(entry[i]);
	}
	if (n >= 0)
		free(entry);
}

/* Grows or shrinks the hole at `at` to n bytes. */
static void
splice(size_t at, size_t hole_n, const uint8_t *p, size_t n)
{
	if (at + hole_n > input_n)
		hole_n = input_n - at;
	if (input_n - hole_n + n > MAX_BYTES)
		return;
	memmove(input + at + n, input + at + hole_n, input_n - at - hole_n);
	memcpy(input + at, p, n);
	input_n += n - hole_n;
}

static void
mutate_number(size_t at)
{
	static const uint16_t odd[] = { 0, 1, 3, 4, 7, 8, 28, 255, 256, 0x7fff, 0x8000, 0xffff };
	uint16_t v = (uint16_t)(input[at] << 8 | input[at + 1]);

	switch (next() % 3) {
	case 0:
		v = odd[next() % (sizeof(odd) / sizeof(odd[0]))];
		break;
	case 1:
		v = (uint16_t)(v + next() % 9 - 4);
		break;
	default:
		v = (uint16_t)(input_n - at);
		break;
	}
	input[at] = (uint8_t)(v >> 8);
	input[at + 1] = (uint8_t)v;
}

static void
mutate(void)
{
	const struct seed *other = &seeds[next() % n_seed];
	static uint8_t block[256];
	size_t at, n;

	if (input_n < 2)
		return;
	at = next() % (input_n - 1);
	n = next() % 64;
	switch (next() % 8) {
	case 0:
	case 1:
		input[at] ^= (uint8_t)(1 << next() % 8);
		break;
	case 2:
		input[at] = (uint8_t)next();
		break;
	case 3:
	case 4:
		mutate_number(at);
		break;
	case 5:
		if (next() % 4 == 0)
			input_n = at + 1;
		else
			splice(at, n, block, 0);
		break;
	case 6:
		if (n > input_n - at)
			n = input_n - at;
		memcpy(block, input + at, n);
		splice(next() % input_n, 0, block, n);
		break;
	default:
		if (other->n > 0)
			splice(at, n, other->p + next() % other->n / 2, other->n / 2);
		break;
	}
}

int
main(int argc, char **argv)
{
	unsigned long n = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;

	for (int i = 2; i < argc; i++)
		load_directory(argv[i]);
	if (n_seed == 0) {
		fprintf(stderr, "usage: %s mutations directory...\n", argv[0]);
		return 2;
	}
	signal(SIGABRT, on_abort);
	for (unsigned long i = 0; i < n_seed + n; i++) {
		const struct seed *s = &seeds[i < n_seed ? i : next() % n_seed];

		memcpy(input, s->p, s->n);
		input_n = s->n;
		for (uint64_t k = i < n_seed ? 0 : next() % 6 + 1; k > 0; k--)
			mutate();
		run();
	}
	printf("%zu seeds, %lu mutations\n", n_seed, n);
	for (size_t i = 0; i < n_seed; i++)
		free(seeds[i].p);
	return 0;
}
