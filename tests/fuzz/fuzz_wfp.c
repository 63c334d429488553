/*
 * Any bytes as a structure of the filtering platform: what is accepted lies in its block, has
 * the same bytes again, and can be held against the rules. The first byte says which one.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/wfp_socket.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define BYTES_MAX (1u << 20)

static const struct wfp_type *const types[] = { &wfp_context0, &wfp_context1,
	&wfp_filter_template, &wfp_filter, &wfp_session_type, &wfp_sa_context1,
	&wfp_sa_context0, &wfp_ikeext_sa1, &wfp_ikeext_sa0, &wfp_sa_context_template,
	&wfp_ikeext_template, &wfp_context_template, &wfp_ipsec_statistics0,
	&wfp_ikeext_statistics1 };
#define N_TYPES (sizeof(types) / sizeof(types[0]))

static void
require(bool what)
{
	if (!what)
		abort();
}

/* What one version reads, the same version writes; twice it is the same. */
static void
check_again(const struct wfp_type *t, const void *value)
{
	static uint8_t first[BYTES_MAX], second[BYTES_MAX];
	size_t n = wfp_encode(t, value, first, sizeof(first));
	void *again;

	require(n > 0);
	again = wfp_decode(t, first, n);
	require(again != NULL);
	require(wfp_encode(t, again, second, sizeof(second)) == n);
	require(memcmp(first, second, n) == 0);
	free(again);
}

static void
check_rules(const struct wfp_type *t, const void *value)
{
	const IPSEC_SA_CONTEXT_ENUM_TEMPLATE0 *subnets = value;
	struct address a = { 4, { 127, 0, 0, 1 } };

	if (t == &wfp_context1)
		(void)wfp_check_context(value);
	if (t == &wfp_filter_template)
		(void)wfp_match_check(value);
	if (t == &wfp_sa_context_template &&
	    wfp_match_subnet_check(&subnets->localSubNet) == 0)
		(void)wfp_match_address(&subnets->localSubNet, &a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const struct wfp_type *t;
	uint8_t *exact;
	void *value;

	if (n == 0)
		return 0;
	t = types[data[0] % N_TYPES];
	exact = malloc(n); /* of the exact size, for the sanitizer */
	require(exact != NULL);
	memcpy(exact, data + 1, n - 1);
	value = wfp_decode(t, exact, n - 1);
	free(exact);
	if (value == NULL)
		return 0;
	check_again(t, value);
	check_rules(t, value);
	free(value);
	return 0;
}
