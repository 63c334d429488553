/* Any text as configuration: no crash, and what was accepted survives printing. */
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
check_round_trip(const struct config *c)
{
	struct config_error err;
	struct config again;
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	if (f == NULL)
		return;
	config_print_policy(f, &c->policy);
	fclose(f);
	if (config_load_text(&again, "printed", text, false, &err) < 0 ||
	    !policy_equal(&again.policy, &c->policy)) {
		fprintf(stderr, "line %d: %s\n%s\n", err.line, err.text, text);
		abort();
	}
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct config_error err;
	struct config c;
	char *text = malloc(n + 1);

	if (text == NULL)
		return 0;
	memcpy(text, data, n);
	text[n] = '\0';
	if (config_load_text(&c, "fuzz", text, false, &err) == 0)
		check_round_trip(&c);
	else if (err.text[0] == '\0')
		abort(); /* a refusal must say why */
	free(text);
	return 0;
}
