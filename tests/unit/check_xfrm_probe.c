/* Unit tests of the probe: what a kernel lacks is found, not proposed, and nothing is left. */
#include <check.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/xfrm.h>
#include <string.h>

#include <libmnl/libmnl.h>

#include "config/suite.h"
#include "daemon/secure_socket.h"
#include "daemon/xfrm_fit.h"
#include "daemon/xfrm_state.h"
#include "tests/unit/run_suite.h"

/* ---- a kernel ---- */

static struct {
	const char *algorithm; /* that it does not have; NULL: it has all */
	uint8_t protocol;      /* that it does not have at all */
	uint16_t family;       /* whose IPsec is missing */
	bool no_sockets;
	bool no_netlink;
	size_t n_states, n_added;
} kernel;

static struct xfrm_netlink *const netlink = (struct xfrm_netlink *)&kernel;

static bool
names_algorithm(const struct nlmsghdr *nlh, const char *name)
{
	const struct nlattr *a;

	mnl_attr_for_each (a, nlh, sizeof(struct xfrm_usersa_info)) {
		uint16_t type = mnl_attr_get_type(a);

		if ((type == XFRMA_ALG_AEAD || type == XFRMA_ALG_CRYPT ||
			type == XFRMA_ALG_AUTH_TRUNC) &&
		    strcmp(mnl_attr_get_payload(a), name) == 0)
			return true;
	}
	return false;
}

static int
state_add(const struct nlmsghdr *nlh)
{
	const struct xfrm_usersa_info *x = mnl_nlmsg_get_payload(nlh);

	if (x->id.proto == kernel.protocol || x->family == kernel.family)
		return -EPROTONOSUPPORT;
	if (kernel.algorithm != NULL && names_algorithm(nlh, kernel.algorithm))
		return -ENOSYS;
	kernel.n_added++;
	kernel.n_states++;
	return 0;
}

int
xfrm_netlink_talk(struct xfrm_netlink *nl, struct nlmsghdr *nlh)
{
	ck_assert_ptr_eq(nl, netlink);
	if (nlh->nlmsg_type == XFRM_MSG_NEWSA)
		return state_add(nlh);
	ck_assert_uint_eq(nlh->nlmsg_type, XFRM_MSG_DELSA);
	ck_assert_uint_eq(kernel.n_states, 1);
	kernel.n_states--;
	return 0;
}

struct xfrm_netlink *
xfrm_netlink_open(void)
{
	errno = EPROTONOSUPPORT;
	return kernel.no_netlink ? NULL : netlink;
}

void
xfrm_netlink_close(struct xfrm_netlink *nl)
{
	ck_assert_ptr_eq(nl, netlink);
}

bool
secure_socket_policy(int fd, uint8_t family, const void *policy, size_t n)
{
	(void)fd;
	(void)family;
	ck_assert(policy != NULL && n > 0);
	errno = ENOPROTOOPT;
	return !kernel.no_sockets;
}

bool
xfrm_has_ipv6(void)
{
	return true;
}

uint32_t
xfrm_reqid(uint32_t class_id)
{
	return XFRM_REQID_FIRST + class_id;
}

static void
setup(void)
{
	memset(&kernel, 0, sizeof(kernel));
}

/* ---- the tests' side ---- */

static uint32_t
lacks_of(void)
{
	char why[160];
	uint32_t lacks;

	ck_assert(xfrm_probe(&lacks, why, sizeof(why)));
	ck_assert_uint_eq(kernel.n_states, 0);
	return lacks;
}

/* The bits of kinds whose names in the configuration contain the word. */
static uint32_t
bits_named(const char *word)
{
	const struct qm_proposal *kind;
	char name[SUITE_NAME_MAX];
	uint32_t bits = 0;

	for (size_t i = 0; (kind = xfrm_fit_kind(i)) != NULL; i++) {
		suite_name_qm(kind, name);
		if (strstr(name, word) != NULL)
			bits |= 1u << i;
	}
	ck_assert_uint_ne(bits, 0);
	return bits;
}

START_TEST(a_whole_kernel_lacks_nothing)
{
	size_t n = 0;

	while (xfrm_fit_kind(n) != NULL)
		n++;
	ck_assert_uint_eq(lacks_of(), 0);
	ck_assert_uint_eq(kernel.n_added, 2 * n); /* each with IPv4 and IPv6 */
}
END_TEST

static const struct {
	const char *algorithm, *word;
} missing[] = {
	{ "cbc(des3_ede)", "3des" },
	{ "hmac(sha256)", "sha256" },
	{ "ecb(cipher_null)", "esp-null" },
	{ "rfc4106(gcm(aes))", "-gcm" },
	{ "rfc4543(gcm(aes))", "esp-gmac" },
	{ "hmac(sha1)", "sha1" }, /* also of AH; what is first in the table is not needed */
};
#define MISSING (sizeof(missing) / sizeof(missing[0]))

START_TEST(what_a_kernel_lacks_is_found)
{
	kernel.algorithm = missing[_i].algorithm;
	ck_assert_uint_eq(lacks_of(), bits_named(missing[_i].word));
}
END_TEST

START_TEST(a_kernel_may_lack_ah)
{
	kernel.protocol = 51;
	ck_assert_uint_eq(lacks_of(), bits_named("ah-"));
}
END_TEST

START_TEST(a_kernel_without_esp_cannot)
{
	char why[160];
	uint32_t lacks;

	kernel.protocol = 50;
	ck_assert(!xfrm_probe(&lacks, why, sizeof(why)));
	ck_assert_ptr_nonnull(strstr(why, "no ESP over IPv4 (module esp4)"));
	kernel.protocol = 0;
	kernel.family = AF_INET6;
	ck_assert(!xfrm_probe(&lacks, why, sizeof(why)));
	ck_assert_ptr_nonnull(strstr(why, "no ESP over IPv6 (module esp6)"));
	kernel.family = 0;
	kernel.no_sockets = true;
	ck_assert(!xfrm_probe(&lacks, why, sizeof(why)));
	ck_assert_ptr_nonnull(strstr(why, "no IPsec policies on sockets"));
	kernel.no_netlink = true;
	ck_assert(!xfrm_probe(&lacks, why, sizeof(why)));
	ck_assert_ptr_nonnull(strstr(why, "no XFRM netlink"));
}
END_TEST

/* ---- policies ---- */

static struct policy
policy_of(const char *const *name)
{
	struct policy p = { .n_qm_proposal = 0 };
	char why[SUITE_WHY_MAX];

	for (; *name != NULL; name++)
		ck_assert(suite_parse_qm(*name, &p.qm_proposal[p.n_qm_proposal++], why));
	return p;
}

START_TEST(what_is_lacking_is_not_proposed)
{
	const char *const names[] = { "esp-3des-sha1", "esp-aes128-sha1", "ah-sha1", NULL };
	struct policy p = policy_of(names);

	ck_assert_uint_eq(xfrm_fit_policy(&p, bits_named("3des")), 2);
	ck_assert_uint_eq(p.n_qm_proposal, 1);
	ck_assert_int_eq(p.qm_proposal[0].cipher, CIPHER_AES128);
}
END_TEST

/* AH is left out only beside ESP that is there. */
START_TEST(ah_is_proposed_where_esp_is_lacking)
{
	const char *const names[] = { "esp-3des-sha1", "ah-sha1", "ah-gmac128", NULL };
	struct policy p = policy_of(names);

	ck_assert_uint_eq(xfrm_fit_policy(&p, bits_named("3des")), 2);
	ck_assert_uint_eq(p.n_qm_proposal, 1);
	ck_assert_int_eq(p.qm_proposal[0].transform, QM_AH);
}
END_TEST

START_TEST(a_kernel_serves_with_some_proposal_and_with_encryption)
{
	const char *const both[] = { "esp-null-sha1", "esp-3des-sha1", NULL };
	const char *const readable[] = { "esp-null-sha1", NULL };
	struct policy p = policy_of(both), q = policy_of(readable);

	ck_assert(xfrm_fit_serves(&p, 0));
	ck_assert(xfrm_fit_serves(&p, bits_named("esp-null")));
	ck_assert(!xfrm_fit_serves(&p, bits_named("3des")));
	ck_assert(xfrm_fit_serves(&q, bits_named("3des")));
	ck_assert(!xfrm_fit_serves(&q, bits_named("esp-null")));
	ck_assert_uint_eq(p.n_qm_proposal, 2);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("xfrm_probe");
	TCase *t = tcase_create("probe");

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, a_whole_kernel_lacks_nothing);
	tcase_add_loop_test(t, what_a_kernel_lacks_is_found, 0, MISSING);
	tcase_add_test(t, a_kernel_may_lack_ah);
	tcase_add_test(t, a_kernel_without_esp_cannot);
	tcase_add_test(t, what_is_lacking_is_not_proposed);
	tcase_add_test(t, ah_is_proposed_where_esp_is_lacking);
	tcase_add_test(t, a_kernel_serves_with_some_proposal_and_with_encryption);
	return run_suite(s);
}
