/*
 * The filtering platform whole: libfwpuclnt in this thread, the daemon's API in another,
 * with a real connection between them.
 */
#ifndef AUTHIPD_TESTS_WFP_RIG_H
#define AUTHIPD_TESTS_WFP_RIG_H

#include "daemon/wfp.h"
#include "fwpmu.h"
#include "tests/unit/check_daemon.h"

#define NOBODY 65534

void wfp_setup(void);
void wfp_teardown(void);
/* An engine; flags of the session. */
HANDLE wfp_open(UINT32 flags);
/* Runs f as another user in another process; its result. Needs root. */
DWORD wfp_as_user(uid_t uid, DWORD (*f)(void));
/* Waits until how many contexts there are, all users. */
void wfp_wait_contexts(size_t n);

/* ---- a policy to begin with: valid, and all of it can be changed ---- */

struct mm_sample {
	FWPM_PROVIDER_CONTEXT0 context;
	IKEEXT_POLICY0 policy;
	IKEEXT_AUTHENTICATION_METHOD0 method[4];
	IKEEXT_PROPOSAL0 proposal[4];
	GUID provider;
};
struct qm_sample {
	FWPM_PROVIDER_CONTEXT0 context;
	IPSEC_TRANSPORT_POLICY0 policy;
	IPSEC_PROPOSAL0 proposal[4];
	IPSEC_SA_TRANSFORM0 transform[4][2];
	IPSEC_AUTH_AND_CIPHER_TRANSFORM0 both[4];
	IKEEXT_EM_POLICY0 em;
	IKEEXT_AUTHENTICATION_METHOD0 method[4];
	IKEEXT_CERT_ROOT_CONFIG0 root[2];
};
void wfp_sample_mm(struct mm_sample *s);
void wfp_sample_qm(struct qm_sample *s);

void wfp_codec_tests(Suite *s);
void wfp_context_tests(Suite *s);
void wfp_user_tests(Suite *s);
void wfp_check_tests(Suite *s);
void wfp_policy_tests(Suite *s);
void wfp_session_tests(Suite *s);
void wfp_filter_tests(Suite *s);
void wfp_hostile_tests(Suite *s);
void wfp_sa_tests(Suite *s);

#endif
