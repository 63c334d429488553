/* Policies that the kernel can serve. */
#include "daemon/xfrm_fit.h"

/* X(transform, integrity, cipher): all that policies may name and kernels may have */
#define KINDS(X)                                             \
	X(QM_ESP_AUTH_CIPHER, HASH_SHA1, CIPHER_AES128)      \
	X(QM_ESP_AUTH_CIPHER, HASH_SHA1, CIPHER_AES192)      \
	X(QM_ESP_AUTH_CIPHER, HASH_SHA1, CIPHER_AES256)      \
	X(QM_ESP_AUTH_CIPHER, HASH_SHA1, CIPHER_3DES)        \
	X(QM_ESP_AUTH_CIPHER, HASH_SHA256, CIPHER_AES128)    \
	X(QM_ESP_AUTH_CIPHER, HASH_SHA256, CIPHER_AES192)    \
	X(QM_ESP_AUTH_CIPHER, HASH_SHA256, CIPHER_AES256)    \
	X(QM_ESP_AUTH_CIPHER, HASH_SHA256, CIPHER_3DES)      \
	X(QM_ESP_AUTH_CIPHER, HASH_NONE, CIPHER_AES128_GCM)  \
	X(QM_ESP_AUTH_CIPHER, HASH_NONE, CIPHER_AES192_GCM)  \
	X(QM_ESP_AUTH_CIPHER, HASH_NONE, CIPHER_AES256_GCM)  \
	X(QM_ESP_AUTH, HASH_SHA1, CIPHER_NULL)               \
	X(QM_ESP_AUTH, HASH_SHA256, CIPHER_NULL)             \
	X(QM_ESP_AUTH, HASH_NONE, CIPHER_AES128_GMAC)        \
	X(QM_ESP_AUTH, HASH_NONE, CIPHER_AES192_GMAC)        \
	X(QM_ESP_AUTH, HASH_NONE, CIPHER_AES256_GMAC)        \
	X(QM_AH, HASH_SHA1, CIPHER_NULL)                     \
	X(QM_AH, HASH_SHA256, CIPHER_NULL)

static const struct qm_proposal kinds[] = {
#define X(t, i, c) { .transform = t, .integrity = i, .cipher = c },
	KINDS(X)
#undef X
};

#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))
_Static_assert(N_KINDS <= 32, "each kind has a bit of config.kernel_lacks");

const struct qm_proposal *
xfrm_fit_kind(size_t i)
{
	return i < N_KINDS ? &kinds[i] : NULL;
}

static bool
is_there(const struct qm_proposal *q, uint32_t lacks)
{
	for (size_t i = 0; i < N_KINDS; i++)
		if ((kinds[i].transform == QM_AH) == (q->transform == QM_AH) &&
		    kinds[i].integrity == q->integrity && kinds[i].cipher == q->cipher)
			return (lacks >> i & 1) == 0;
	return false;
}

bool
xfrm_policy_has_esp(const struct policy *p)
{
	for (uint32_t i = 0; i < p->n_qm_proposal; i++)
		if (p->qm_proposal[i].transform != QM_AH)
			return true;
	return false;
}

static void
keep_what_is_there(struct policy *p, uint32_t lacks)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < p->n_qm_proposal; i++)
		if (is_there(&p->qm_proposal[i], lacks))
			p->qm_proposal[n++] = p->qm_proposal[i];
	p->n_qm_proposal = n;
}

uint32_t
xfrm_fit_policy(struct policy *p, uint32_t lacks)
{
	uint32_t n = 0, before = p->n_qm_proposal;
	bool esp;

	keep_what_is_there(p, lacks);
	esp = xfrm_policy_has_esp(p);
	for (uint32_t i = 0; i < p->n_qm_proposal; i++)
		if ((p->qm_proposal[i].transform == QM_AH) != esp)
			p->qm_proposal[n++] = p->qm_proposal[i];
	p->n_qm_proposal = n;
	return before - n;
}

bool
xfrm_fit_serves(const struct policy *p, uint32_t lacks)
{
	struct policy whole = *p, fit = *p;

	(void)xfrm_fit_policy(&fit, lacks);
	return fit.n_qm_proposal > 0 &&
	       (!policy_keep_encrypting(&whole) || policy_keep_encrypting(&fit));
}
