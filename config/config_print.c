/* Printing of a policy in the configuration language. */
#include <config.h>

#include "config/config.h"

#include "config/suite.h"
#include "config/words.h"

static const char *
why_not_offered(enum auth_method method)
{
#ifdef HAVE_KRB5
	if (method == AUTH_KERBEROS || method == AUTH_V1_KERBEROS)
		return "no keytab is configured";
#else
	(void)method;
#endif
	return "this build cannot do it";
}

static void
print_auth(
    FILE *out, const struct word *word, const struct auth_entry *auth, uint32_t n)
{
	fputs("\t\tauth = {", out);
	for (uint32_t i = 0; i < n; i++)
		fprintf(out, "%s \"%s\"", i > 0 ? "," : "",
		    word_name(word, (int)auth[i].method));
	fputs(" }\n", out);
	for (uint32_t i = 0; i < n; i++)
		if (!auth[i].offered)
			fprintf(out,
			    "\t\t# %s is not offered: %s\n",
			    word_name(word, (int)auth[i].method),
			    why_not_offered(auth[i].method));
}

static void
print_main_mode(FILE *out, const struct policy *p)
{
	char name[SUITE_NAME_MAX];

	fputs("\tmain_mode {\n", out);
	print_auth(out, words_mm_auth, p->mm_auth, p->n_mm_auth);
	fprintf(out, "\t\tquick_mode_limit = %u # 0: no limit\n", p->mm_qm_limit);
	fputs("\t\t# cipher-hash-group, the preferred one first; lifetime in seconds\n",
	    out);
	for (uint32_t i = 0; i < p->n_mm_proposal; i++) {
		suite_name_mm(&p->mm_proposal[i], name);
		fprintf(out, "\t\tproposal \"%s\" { lifetime = %u }\n", name,
		    p->mm_proposal[i].lifetime_s);
	}
	fputs("\t}\n", out);
}

static void
print_quick_mode(FILE *out, const struct policy *p)
{
	char name[SUITE_NAME_MAX];

	fputs("\tquick_mode {\n", out);
	fprintf(out, "\t\tnegotiation_discovery = \"%s\"\n",
	    word_name(words_discovery, (int)p->nd));
	fprintf(out, "\t\tallow_clear = %u # seconds\n", p->nd_allow_clear_s);
	fprintf(out, "\t\tclear_fallback = %u # milliseconds\n", p->nd_fallback_ms);
	fprintf(out, "\t\tidle = %u # seconds\n", p->idle_s);
	fprintf(out, "\t\tidle_failover = %u # seconds\n", p->idle_failover_s);
	fprintf(out, "\t\t# the preferred one first%s\n",
	    policy_prefers_encryption(p) ? "" : ": protected, but NOT encrypted");
	for (uint32_t i = 0; i < p->n_qm_proposal; i++) {
		const struct qm_proposal *q = &p->qm_proposal[i];

		suite_name_qm(q, name);
		fprintf(out,
		    "\t\tproposal \"%s\" { lifetime = %u  data_kb = %u  pfs = \"%s\" "
		    "}\n",
		    name, q->lifetime_s, q->lifetime_kb,
		    word_name(words_qm_pfs, (int)q->pfs));
	}
	fputs("\t}\n", out);
}

void
config_print_policy(FILE *out, const struct policy *p)
{
	fputs("# The policy of secure sockets, see authipd.conf(5).\n", out);
	if (p->n_em_auth == 0)
		fputs("i_accept_unauthenticated_peers = true\n", out);
	fputs("default_policy {\n", out);
	fprintf(out, "\tkeying = \"%s\"\n", word_name(words_keying, (int)p->keying));
	print_main_mode(out, p);
	print_quick_mode(out, p);
	fputs("\textended_mode {\n", out);
	print_auth(out, words_em_auth, p->em_auth, p->n_em_auth);
	fputs("\t}\n}\n", out);
}
